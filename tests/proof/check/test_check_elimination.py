"""Ideals up to factors that are not zero."""

from __future__ import annotations

from typing import Any

import pytest

from derive.proof.check.elimination import Saturated
from derive.proof.check.ring import Field

FIELD = Field(16)
X, Y, Z, ZZ = (FIELD.atom(("parameter", name)).num for name in ("x", "y", "z", "zz"))


def saturated(*groups: Any, units: tuple[str, ...] = ()) -> Saturated:
    return Saturated(FIELD, groups, lambda atom: atom[1] in units, str, [X, Y, Z, ZZ])


def test_membership_without_units_is_that_of_the_ideal() -> None:
    ideal = saturated([X * Y - Z, Y**2])
    assert ideal.contains(X * Y**2 - Y * Z)
    assert ideal.contains(Z**2)
    assert not ideal.contains(X * Y)
    assert not ideal.contains(Z)
    assert not ideal.is_everything


@pytest.mark.parametrize(("units", "inside"), [((), False), (("x",), True), (("z",), False), (("x", "z"), True)])
def test_units_are_split_off(units: tuple[str, ...], inside: bool) -> None:
    assert saturated([X**2 * Y - X**2 * Z], units=units).contains(Y - Z) == inside


def test_units_are_split_off_in_any_power() -> None:
    assert saturated([X**9 * (Y - Z)], units=("x",)).contains(Y - Z)


def test_units_are_split_off_what_follows_too() -> None:
    """X*(Y - Z) follows from both together and from neither alone."""
    together = [X * Y + Z**2 - Z], [X * Z + Z**2 - Z]
    assert saturated(*together, units=("x",)).contains(Y - Z)
    assert saturated([*together[0], *together[1]], units=("x",)).contains(Y - Z)
    assert not saturated(*together).contains(Y - Z)
    assert not saturated(together[0], units=("x",)).contains(Y - Z)


def test_a_product_with_units_may_be_all_that_lies_inside() -> None:
    """The basis x*y + zz, x*z - zz, zz*(y + z) has no multiple of x, and y + z only times x."""
    ideal = saturated([X * Y + ZZ, X * Z - ZZ], units=("x",))
    assert ideal.contains(Y + Z)
    assert not ideal.contains(Y)


@pytest.mark.parametrize(("units", "everything"), [((), False), (("x",), False), (("x", "y"), True)])
def test_contradictions_are_seen(units: tuple[str, ...], everything: bool) -> None:
    ideal = saturated([X * Y], [Z - 1], units=units)
    assert ideal.is_everything == everything
    assert ideal.contains(X) == everything
    assert ideal.contains(Y) == bool(units)


def test_nothing_follows_from_nothing() -> None:
    assert not saturated([]).contains(X)
    assert saturated([]).contains(X - X)
    assert not saturated([X - X], units=("x",)).is_everything
