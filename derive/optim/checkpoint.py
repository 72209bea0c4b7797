"""What a checkpoint holds of schedules: numbers as they are, functions of t by one value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from derive.errors import DeriveError
from derive.reference.schedules import as_schedule

#: The key under which a function's value stands, with the t at which it has it.
_VALUE, _AT = "value", "t"


def without_functions(state_dict: dict[str, Any], options: Iterable[str]) -> dict[str, Any]:
    """A state_dict of torch's with every schedule that is no number replaced by its value at the last step."""
    for group in state_dict["param_groups"]:
        last = max(group["t"] - 1, 0)
        for option in options:
            if not isinstance(group[option], int | float):
                group[option] = {_AT: last, _VALUE: float(as_schedule(option, group[option])(last))}
    return state_dict


def restored(
    state_dict: Mapping[str, Any], own: Sequence[Mapping[str, Any]], names: set[str], optimizer: str
) -> dict[str, Any]:
    """The same for torch's ``load_state_dict``: None stands for a schedule that stays ``own``.

    Raises DeriveError where the checkpoint is of another optimizer than one whose states have these ``names``, or of
    one with other schedules.
    """
    groups = [dict(group) for group in state_dict["param_groups"]]
    others = [set(state) - names or names - set(state) for state in state_dict["state"].values()]
    if any(others) or any("t" not in group for group in groups):
        raise DeriveError(f"a checkpoint of another optimizer\n  expected one of {optimizer}")
    for number, (group, options) in enumerate(zip(groups, own, strict=False)):
        for option, schedule in options.items():
            group[option] = _chosen(f"{option} of group {number}", group.get(option), schedule)
    return {**state_dict, "param_groups": groups}


def _chosen(what: str, saved: Any, own: Any) -> Any:
    hint = "to go on with another, set it after loading"
    if isinstance(saved, Mapping):
        t, value = saved[_AT], saved[_VALUE]
        got = float(as_schedule(what, own)(t))
        if got != value:
            raise DeriveError(
                f"{what} is {got} at t = {t}, and {value} in the checkpoint\n  expected one schedule; {hint}"
            )
        return None
    if not isinstance(own, int | float):
        raise DeriveError(f"{what} is a function of t, and {saved} in the checkpoint\n  expected a number; {hint}")
    return saved
