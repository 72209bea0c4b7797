"""Does a polynomial vanish wherever the hypotheses hold? Decided by ideal membership."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flint import fmpz_mpoly, fmpz_mpoly_vec

from derive.errors import Undecided
from derive.proof.normal import Field

#: Polynomials in a basis, terms in one, and bits of a coefficient, beyond which a basis is given up.
LIMITS = (256, 1024, 512)
#: To which power the product of what is not zero is tried as a factor.
MAX_SATURATION = 3
#: Polynomials of more terms, or of a higher degree, are not reduced: C code that does it cannot be interrupted.
MAX_TERMS, MAX_DEGREE = 2_000, 30


class Ideal:
    """The hypotheses' relations over a field, up to factors (the units) that are known not to be zero."""

    def __init__(self, field: Field, relations: Sequence[fmpz_mpoly], units: Iterable[fmpz_mpoly]) -> None:
        self.field = field
        generators = [r for r in map(field.lift, relations) if not r.is_zero()]
        basis = _basis(generators)
        if basis is None:
            raise Undecided("hypotheses whose Gröbner basis grows beyond the limits")
        self._basis = basis
        self._unit = field.polynomial(1)
        for unit in units:
            self._unit = self._unit * field.lift(unit)

    @property
    def contradictory(self) -> bool:
        """Whether nothing satisfies the hypotheses, so that everything would follow from them."""
        return bool(self._basis) and self._saturated(self.field.polynomial(1))

    def contains(self, polynomial: fmpz_mpoly) -> bool:
        """Whether the polynomial is shown to vanish wherever the hypotheses hold.

        It is shown where the polynomial, times some product of units, lies in the ideal. False means only that
        it was not shown.
        """
        return bool(polynomial.is_zero()) or (bool(self._basis) and self._saturated(polynomial))

    def remainder(self, polynomial: fmpz_mpoly) -> fmpz_mpoly:
        """A multiple of the polynomial, less what lies in the ideal: zero where both are, often with fewer factors."""
        product = self.field.lift(polynomial)
        if not self._basis or len(product) > MAX_TERMS or product.total_degree() > MAX_DEGREE:
            return product
        basis = fmpz_mpoly_vec([self.field.lift(g) for g in self._basis], product.context())
        return product.reduction_primitive_part(basis)

    def _saturated(self, polynomial: fmpz_mpoly) -> bool:
        """Whether the polynomial times some power of the units lies in the ideal."""
        field = self.field
        product = field.lift(polynomial)
        basis = fmpz_mpoly_vec([field.lift(g) for g in self._basis], product.context())
        for _ in range(MAX_SATURATION + 1):
            if len(product) > MAX_TERMS or product.total_degree() > MAX_DEGREE:
                return False
            product = product.reduction_primitive_part(basis)
            if product.is_zero():
                return True
            product = product * field.lift(self._unit)
        return False


def _basis(generators: Sequence[fmpz_mpoly]) -> list[fmpz_mpoly] | None:
    """A Gröbner basis, None where it grows beyond the limits."""
    if not generators:
        return []
    vector = fmpz_mpoly_vec(list(generators), generators[0].context())
    basis, complete = vector.buchberger_naive(limits=LIMITS)
    return list(basis.autoreduction()) if complete else None
