"""Functions of one number that stand in for operators in a counterexample.

Such a function is a text in x. Whether it satisfies the operator's axioms is judged by the values that the run takes
from it: where no two of them contradict the axioms, some operator of numbers has just these values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import combinations
from typing import Any

from derive.errors import CertificateError
from derive.proof.check.data import Axioms, texts
from derive.proof.check.evaluate import Disagreement, Scope, evaluate, no_oracle
from derive.proof.check.reader import Index, read_expression
from derive.proof.check.sample import FractionWorld


class StandIns:
    """The functions of a certificate's field ``stand_ins``, and the values that they have had."""

    def __init__(self, certificate: Mapping[str, Any], operators: Mapping[str, Axioms]) -> None:
        self._axioms = operators
        given = texts(certificate, "stand_ins") if operators else {}
        if set(given) != set(operators):
            raise CertificateError(f"stand_ins gives {sorted(given)}, the operators are {sorted(operators)}")
        self._values: dict[str, dict[Fraction, Fraction]] = {name: {} for name in given}
        self.functions = {name: self._function(name, source) for name, source in given.items()}

    def _function(self, name: str, source: str) -> Callable[[Fraction], Fraction]:
        node, values, world = read_expression(source), self._values[name], FractionWorld({}, None)

        def at(x: Fraction) -> Fraction:
            def look(variable: str, when: Index | None) -> Fraction:
                if variable != "x" or when is not None:
                    raise CertificateError(f"the stand-in for {name} reads {variable}")
                return x

            values[x] = evaluate(node, Scope(world, look, no_oracle, {}))
            return values[x]

        return at

    def judge(self) -> None:
        """Raise Disagreement where the values that were taken contradict an operator's axioms."""
        for name, values in self._values.items():
            axioms = self._axioms[name]
            if (axioms.odd or axioms.degree) and values.get(Fraction(0)):
                raise Disagreement(f"the stand-in for {name} is not 0 at 0")
            for (x, one), (y, other) in combinations(values.items(), 2):
                ratio = y / x if x else Fraction(0)
                scale = ratio**axioms.degree if axioms.degree is not None else Fraction(1)
                known = axioms.degree is not None or abs(ratio) == 1
                if ratio > 0 and known and other != scale * one:
                    raise Disagreement(f"the stand-in for {name} has values at {x} and {y} against its axioms")
                if ratio < 0 and known and axioms.odd and other != -abs(scale) * one:
                    raise Disagreement(f"the stand-in for {name} has values at {x} and {y} against its axioms")
