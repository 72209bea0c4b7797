"""Newton-Schulz, torch.optim.Muon's orthogonaliser, on singular values: where they end, and how precisely.

An iteration makes `a*X + (b*A + c*A*A)*X` of a matrix X, with `A = X*transpose(X)`. It leaves the singular vectors as
they are and takes every singular value s to `a*s + b*s**3 + c*s**5`. The coefficients are the decimals that
torch.optim.Muon has as defaults, as exact fractions; a test compares them with the installed one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cache

from flint import arb, ctx

from derive.proof.properties.argument import (
    Step,
    conditional,
    equal,
    exactly,
    instance,
    lemma,
    refuted,
    stated,
    together,
)
from derive.proof.properties.landscape import BITS, ball
from derive.proof.properties.matrices import Program, same
from derive.proof.result import Line, Result

F = Fraction
#: Lines that compute an iteration, and what it does to a singular value.
ITERATION = (("A", "X*transpose(X)"), ("B", "b*A + c*A*A"), ("Y", "a*X + B*X"))
SCALAR = "a*s + b*s**3 + c*s**5"
COEFFICIENTS = {"a": "real", "b": "real", "c": "positive"}
METHOD = "words in X and its transpose; enclosures of the iterated polynomial, rounded outwards"
#: More parts than this are not tried.
MAX_CELLS = 2_000


@dataclass(frozen=True, slots=True)
class Orthogonaliser:
    """The coefficients of an iteration, and how many of them a step makes."""

    a: Fraction
    b: Fraction
    c: Fraction
    steps: int = 5

    @property
    def at_one(self) -> Fraction:
        """What an iteration makes of the singular value 1."""
        return self.a + self.b + self.c


#: As torch.optim.Muon has it by default.
MUON = Orthogonaliser(F("3.4445"), F("-4.775"), F("2.0315"))
#: From here on a singular value ends between these two; none of (0, 1] ends above the second.
SMALLEST, LOWEST, HIGHEST = F(1, 650), F(17, 25), F(1203, 1000)
#: No relative change is multiplied by more: four bits.
GROWTH = F(16)


@cache
def singular_values() -> Step:
    """An iteration on U S transpose(V) is U p(S) transpose(V)."""
    program = Program(
        {"U": ("m", "k"), "S": ("k", "k"), "V": ("n", "k")},
        (("X", "U*S*transpose(V)"), *ITERATION),
        orthogonal=("U", "V"),
        symmetric=("S",),
    )
    return same(
        program,
        "Y",
        "U*(a*S + b*S*S*S + c*S*S*S*S*S)*transpose(V)",
        "as words, with `transpose(U)*U` and `transpose(V)*V` the identity: with S diagonal, each singular value s "
        f"becomes `{SCALAR}`, and the singular vectors stay",
    )


def written(number: Fraction) -> str:
    """As a decimal, where at most four places are exact; else as a fraction."""
    return str(number if 10**4 % number.denominator else Decimal(number.numerator) / number.denominator)


def enclosed(
    of: Orthogonaliser, low: Fraction, high: Fraction, least: Fraction, most: Fraction, *, condition: bool = False
) -> Step:
    """After all iterations from anywhere in [low, high] the value lies in [least, most].

    ``condition``: not the value does, but how many times a small relative change of the start is found in it.
    """
    cells = _cells(of, low, high, least, most, condition=condition)
    what = "a relative change has been multiplied by a number" if condition else "the value lies"
    start = f"`{written(low)}`" if low == high else f"`{written(low)} <= s <= {written(high)}`"
    text = f"after {_iterations(of)} from {start} {what} between `{written(least)}` and `{written(most)}`"
    why = f"enclosed on {cells} parts, by the mean value theorem" if cells > 1 else "enclosed, rounded outwards"
    certificate = {
        "kind": "iteration-range",
        "coefficients": [str(x) for x in (of.a, of.b, of.c)],
        "steps": of.steps,
        "of": "condition" if condition else "value",
        "low": str(low),
        "high": str(high),
        "least": str(least),
        "most": str(most),
    }
    return Step(cells > 0, (Line(text, "", why),), (certificate,))


def _iterations(of: Orthogonaliser) -> str:
    return "one iteration" if of.steps == 1 else f"{of.steps} iterations"


def _cells(
    of: Orthogonaliser, low: Fraction, high: Fraction, least: Fraction, most: Fraction, *, condition: bool
) -> int:
    """The number of parts on each of which the enclosure is good enough; 0 where it is not reached."""
    with ctx.workprec(BITS):
        image = _condition if condition else _value
        above, below = ball(most), ball(least)
        todo = [(low, high)]
        cells = 0
        while todo:
            a, b = todo.pop()
            found = image(of, ball(a, b))
            if found >= below and found <= above:
                cells += 1
                continue
            if found < below or found > above or a == b or cells + len(todo) > MAX_CELLS:
                return 0
            todo += [(a, (a + b) / 2), ((a + b) / 2, b)]
    return cells


def _passes(of: Orthogonaliser, x: arb) -> list[tuple[arb, arb, arb]]:
    """For every iteration: the value after it, p(s)/s and p'(s); values also by the mean value theorem."""
    a, b, c = ball(of.a), ball(of.b), ball(of.c)
    passed = []
    for _ in range(of.steps):
        square, middle = x * x, arb(x.mid())
        factor, slope = a + square * (b + square * c), a + square * (3 * b + 5 * square * c)
        near = middle * (a + middle**2 * (b + middle**2 * c)) + slope * (x - middle)
        x = (x * factor).intersection(near)
        passed.append((x, factor, slope))
    return passed


def _value(of: Orthogonaliser, x: arb) -> arb:
    return _passes(of, x)[-1][0]


def _condition(of: Orthogonaliser, x: arb) -> arb:
    """The derivative of the outcome's logarithm by that of the start: the product of all s p'(s)/p(s)."""
    total = arb(1)
    for _, factor, slope in _passes(of, x):
        total *= slope / factor
    return total


def _positive(of: Orthogonaliser) -> Step:
    """An iteration keeps a positive value positive."""
    rest = of.a - of.b**2 / (4 * of.c)
    return together(
        equal(
            f"{SCALAR} == s*(c*(s**2 + b/(2*c))**2 + (a - b**2/(4*c)))",
            {**COEFFICIENTS, "s": "real"},
            "positive where s, c and the last bracket are: a square is never negative",
        ),
        Step(of.c > 0 and rest > 0, lemma(f"c is {of.c}, and the last bracket {rest}", "the coefficients").lines),
    )


def _ends(of: Orthogonaliser) -> Step:
    """Where singular values end: those that are not too small, and the others."""
    turn = -of.b - of.c * HIGHEST**2
    return together(
        lemma("singular values start in `0 <= s <= 1`", "the largest is at most the Frobenius norm, here 1"),
        _positive(of),
        enclosed(replace(of, steps=1), F(0), HIGHEST, F(-1), HIGHEST),
        equal(
            f"a*s - ({SCALAR}) == s**3*(-b - c*s**2)",
            {**COEFFICIENTS, "s": "real"},
            "an iteration multiplies by at most a while the bracket is positive",
        ),
        Step(turn > 0, lemma(f"it is at least {turn} up to `s == {written(HIGHEST)}`", "the coefficients").lines),
        enclosed(of, SMALLEST, F(1), LOWEST, HIGHEST),
    )


def _command(of: Orthogonaliser, *starts: Fraction) -> str:
    """One line for a shell: where the singular values end, in float64."""
    polynomial = f"{float(of.a)}*x - {-float(of.b)}*x**3 + {float(of.c)}*x**5"
    ends = ", ".join(f"f({s})" for s in starts)
    return f'python -c "f = lambda x, n={of.steps}: f({polynomial}, n - 1) if n else x; print({ends})"'


def orthogonal(of: Orthogonaliser = MUON) -> Result:
    """What Newton-Schulz gives is not the orthogonal factor: five iterations take 1 to less than 7/10."""
    between = F(696, 1000), F(697, 1000)
    low, high = (F(5, 9), F(6822, 10000)), (F(1, 240), F(1202, 1000))
    short = F(1, 667)
    gain = math.ceil(of.a**of.steps)
    least, most, one, there = (written(x) for x in (LOWEST, HIGHEST, of.at_one, 1 - low[1]))
    table = tuple(
        {"singular value at the start": start, f"after {_iterations(of)}": end}
        for start, end in (
            ("1", f"{written(between[0])} to {written(between[1])}"),
            (f"{SMALLEST} to 1", f"{least} to {most}"),
            (str(low[0]), f"less than {written(low[1])}"),
            (str(high[0]), f"more than {written(high[1])}"),
            (str(short), f"less than {least}"),
            (f"s, less than {SMALLEST}", f"at most {gain} s"),
        )
    )
    return refuted(
        METHOD,
        f"An iteration takes the 1 × 1 matrix 1, which is its own orthogonal factor, to {one}; after all {of.steps} it "
        f"is between {written(between[0])} and {written(between[1])}. More iterations do not tend to it either: an "
        "iteration keeps a limit of its iterates, and does not keep 1. Singular vectors are kept; singular values of "
        f"[{SMALLEST}, 1] (of a matrix of Frobenius norm 1) end in [{least}, {most}], so that there the result differs "
        f"from the orthogonal factor by at most {written(max(1 - LOWEST, HIGHEST - 1))} in the spectral norm, and by "
        f"more than {there} where one is {low[0]}. Smaller ones grow at most {gain} times. (In exact arithmetic; "
        "rounding to bfloat16 comes on top.)",
        instance(
            f"of the 1 × 1 matrix 1: a number that {of.steps} iterations do not reach, and its orthogonal factor",
            between[1],
            F(1),
            {"X": "1"},
        ),
        singular_values(),
        Step(
            of.at_one != 1,
            lemma(f"one iteration takes 1 to `{of.at_one}`, not to 1", "the sum of the coefficients, by pencil").lines,
        ),
        lemma("so no sequence of iterates tends to 1", "the limit of iterates of a polynomial is kept by it"),
        enclosed(of, F(1), F(1), *between),
        _ends(of),
        enclosed(of, low[0], low[0], F(0), low[1]),
        enclosed(of, high[0], high[0], high[1], HIGHEST),
        enclosed(of, short, short, F(0), LOWEST - F(1, 10**4)),
        command=_command(of, F(1)),
        repair=stated("Y == U*(a*S + b*S*S*S + c*S*S*S*S*S)*transpose(V)"),
        table=table,
    )


def rounding(of: Orthogonaliser = MUON) -> Result:
    """An update that is recomputed from a rounded input is less precise than the input: by up to 4 bits."""
    near, far, above, below = F(111, 128), F(223, 256), F(876, 1000), F(838, 1000)
    apart = (above - below) / above
    given = (far - near) / near
    return refuted(
        METHOD,
        f"The singular values {near} and {far} are neighbours in bfloat16, {given} apart relative to the first. After "
        f"{of.steps} iterations the first is above {written(above)} and the second below {written(below)}: more than "
        f"{apart} apart, over {apart / given // 1} times as much, which is more than 3 of bfloat16's 8 bits. A "
        "stored update, 8 bits as it was made, loses none. (This speaks of the iteration without rounding, of an input "
        "that is rounded; a change of the singular vectors is not in it.)",
        instance(
            "a relative distance below that of the outcomes, and the relative distance of the inputs",
            apart,
            given,
            {"first": str(near), "second": str(far)},
        ),
        singular_values(),
        enclosed(of, near, near, above, F(1)),
        enclosed(of, far, far, F(0), below),
        Step(
            apart > given, lemma(f"`{apart}` is more than `{apart / given // 1}` times `{given}`", "arithmetic").lines
        ),
        equal(
            f"s*(a + 3*b*s**2 + 5*c*s**4)/({SCALAR}) == (a + 3*b*s**2 + 5*c*s**4)/(a + b*s**2 + c*s**4)",
            {**COEFFICIENTS, "s": "positive"},
            "the derivative of `log(p(s))` by `log(s)`, what one iteration multiplies a relative change by, to first "
            "order; over all iterations these multiply",
        ),
        enclosed(of, F(0), F(1), -GROWTH, GROWTH, condition=True),
        _positive(of),
        lemma(
            f"so the logarithm of a ratio grows at most {GROWTH} times", "the mean value theorem, for the logarithms"
        ),
        truth=f"For any two singular values of (0, 1] the ratio of the outcomes is at most the {GROWTH}th power of "
        f"that of the inputs: at most {GROWTH} times a small relative distance, 4 bits.",
        command=_command(of, near, far),
    )


def _of(start: str) -> Program:
    """An iteration on X, and one on what ``start`` makes of X."""
    again = (("M", start), ("C", "M*transpose(M)"), ("D", "b*C + c*C*C"), ("Z", "a*M + D*M"))
    return Program({"X": ("m", "n")}, (*ITERATION, *again))


def odd() -> Step:
    """An iteration on −X is the opposite of one on X."""
    return same(_of("-X"), "Z", "-Y", "odd: every word has an odd number of letters")


def transposed() -> Step:
    """An iteration on the transpose is the transpose of one on X."""
    return same(
        _of("transpose(X)"),
        "Z",
        "transpose(Y)",
        "the same words: a matrix may be transposed first, and the outcome after",
    )


def scale(of: Orthogonaliser = MUON) -> Result:
    """The orthogonaliser is the same for every positive multiple of a matrix exactly where its eps is 0."""
    names = {"k": "positive", "N": "positive", "eps": "positive", "x": "real"}
    small, double = F(1, 2000), F(1, 1000)
    upper, lower = F(241, 1000), F(47, 100)
    return conditional(
        METHOD,
        "A matrix is first divided by the larger of its Frobenius norm N and eps. Where the norm of the matrix and of "
        "its multiple are both at least eps, both begin at the same point, so the update is the same. Below eps the "
        "iteration begins at N/eps in place of 1: for eps/2000 and twice that the updates are below "
        f"{written(upper)} and above {written(lower)} (1 × 1 matrices), whatever eps > 0 is. So for all matrices but 0 "
        "and all positive factors it is the same exactly where eps is 0. (If eps were added to the norm, every matrix "
        "would begin at N/(N + eps), which depends on N for every eps > 0.) A negative factor changes the sign.",
        exactly("eps == 0"),
        instance(
            "a number above the update for the 1 × 1 matrix eps/2000, and one below that for twice the matrix",
            upper,
            lower,
            {"eps": "1", "X": str(small), "k": "2"},
        ),
        equal("(k*x)/(k*N) == x/N", names, "an entry x, divided by the norm: nothing is left of the factor"),
        equal("x/eps == (N/eps)*(x/N)", names, "below eps: the point that has norm 1, times `N/eps`"),
        equal("(eps/2000)/eps == 1/2000", names, "for any eps, so this begins at 1/2000, and its double at 1/1000"),
        enclosed(of, small, small, F(0), upper),
        enclosed(of, double, double, lower, F(1)),
        equal("x/(N + eps) == (N/(N + eps))*(x/N)", names, "if eps were added"),
        equal(
            "k*N/(k*N + eps) - N/(N + eps) == eps*N*(k - 1)/((k*N + eps)*(N + eps))",
            names,
            "then no factor but 1 leaves the norm of the beginning as it is",
        ),
        odd(),
        command=_command(of, small, double),
    )


def procedures() -> Mapping[str, Callable[[], Result]]:
    """The procedures of this module."""
    return {
        "newton-schulz.orthogonal": orthogonal,
        "newton-schulz.rounding": rounding,
        "newton-schulz.scale": scale,
    }
