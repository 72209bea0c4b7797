"""What Muon's last update costs to recompute and to store: matrix products, multiplications, bytes.

Newton-Schulz for an m × n matrix with m <= n, as torch.optim.Muon arranges it (a taller matrix is transposed first).
A matrix product of a p × q by a q × r matrix is p·q·r multiplications, each with an addition: 2·p·q·r floating-point
operations. Scalar multiples and sums of matrices, of order m·n, are not counted, nor is the norm.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction

from derive.proof.properties.argument import Step, conditional, equal, exactly, instance, lemma, proved, refuted, stated
from derive.proof.properties.inequality import nonnegative
from derive.proof.properties.matrices import Program, Run, counted, multiplications, same
from derive.proof.properties.memory import own, states_counted
from derive.proof.properties.newton_schulz import ITERATION, MUON, transposed
from derive.proof.properties.rational import at, simplest
from derive.proof.result import Result
from derive.rules.adaptive import ADAM, MUON_FOLDED, MUON_OWN
from derive.rules.momentum import HEAVY_BALL_OUTSIDE
from derive.rules.rule import Rule

F = Fraction
METHOD = "expansion in words; counting the matrix products of each line"
WIDE = {"X": ("m", "n")}
PLAIN = Program(WIDE, ITERATION)
#: The products of a linear layer's training step: its outputs, the gradient of its weights, that of its inputs.
LAYER = Program(
    {"W": ("m", "n"), "X": ("n", "tokens"), "D": ("m", "tokens")},
    (("Y", "W*X"), ("G", "D*transpose(X)"), ("E", "transpose(W)*D")),
)
#: Multiplications of an iteration, of the same on the transpose, and of a layer's training step.
ITERATION_COST, TALL_COST, LAYER_COST = "2*m**2*n + m**3", "2*n**2*m + n**3", "3*m*n*tokens"
#: Sizes with m <= n, for the tables: rows, columns.
SHAPES = ((768, 768), (768, 3072), (4096, 4096), (4096, 16384))
TOKENS = 2**19
AN_ITERATION = "counted over the lines of an iteration"
#: Bytes of an update in bfloat16, and of the numbers that a state may be kept in.
UPDATE = F(2)
WIDTHS = (("float32", F(4)), ("bfloat16", F(2)))


def products() -> Result:
    """An iteration takes three matrix products, a step fifteen; to recompute the last update is fifteen more."""
    run = Run(PLAIN)
    each, steps = len(run.products), MUON.steps
    whole = simplest(f"{steps}*({ITERATION_COST})")
    halved = multiplications(run.products, halved=True)
    third = same(PLAIN, "Y", "a*X + b*(A*X) + c*(A*(A*X))", "another arrangement, with A X and A (A X): the same words")
    narrow = Program(WIDE, (("A", "X*transpose(X)"), ("C", "A*X"), ("D", "A*C")))
    table = tuple(
        {
            "convention": convention,
            "an iteration": f"`{simplest(cost)}`",
            f"a step ({steps} iterations)": f"`{simplest(f'{steps}*({cost})')}`",
            "with the last update recomputed": f"`{simplest(f'{2 * steps}*({cost})')}`",
        }
        for convention, cost in (
            ("matrix products", str(each)),
            ("multiplications", ITERATION_COST),
            ("multiplications and additions, 2 each", f"2*({ITERATION_COST})"),
            ("multiplications, symmetric products by half", halved),
        )
    )
    return proved(
        METHOD,
        f"An iteration takes {each} matrix products, a step of {steps} iterations {each * steps}, and as many again "
        f"recompute the last update: {2 * each * steps}. In multiplications of numbers a step takes `{whole}` for "
        "m <= n, and that again. The two runs begin at different matrices, so they have no product in common.",
        counted(PLAIN, ITERATION_COST, AN_ITERATION),
        counted(PLAIN, halved, "counted so that of a symmetric product one half is computed", halved=True),
        third,
        counted(narrow, "3*m**2*n", "counted over the products of that arrangement"),
        nonnegative(f"3*m**2*n - ({ITERATION_COST})", {"m": "positive", "d": "nonnegative"}, {"n": "m + d"}),
        transposed(),
        counted(
            replace(PLAIN, matrices={"X": ("n", "m")}),
            TALL_COST,
            "counted with the sizes exchanged: a taller matrix that is not transposed",
        ),
        equal(
            f"{TALL_COST} - ({ITERATION_COST}) == (n - m)*(m**2 + 3*m*n + n**2)",
            {"m": "positive", "n": "positive"},
            "what the transposition saves, where m <= n: never negative",
        ),
        equal(f"{steps}*({ITERATION_COST}) == {whole}", {"m": "positive", "n": "positive"}, "over all iterations"),
        table=table,
    )


def gradient() -> Result:
    """To recompute the update takes as many multiplications as the gradient exactly for small batches."""
    steps = MUON.steps
    names = {"m": "positive", "n": "positive", "tokens": "positive"}
    again, ratio = f"{steps}*({ITERATION_COST})", f"{steps}*m*(2*n + m)/(3*n*tokens)"
    table = tuple(
        {
            "m × n": f"{m} × {n}",
            "as much as the gradient up to": f"{math.floor(at(f'{steps}*m*(2*n + m)/(3*n)', m=m, n=n))} tokens",
            f"of the gradient's, with {TOKENS} tokens": str(at(ratio, m=m, n=n, tokens=TOKENS)),
        }
        for m, n in SHAPES
    )
    return conditional(
        METHOD,
        f"A layer of m × n weights takes `{LAYER_COST}` multiplications for its outputs and both gradients of a batch "
        f"(the usual 6·m·n floating-point operations a token); recomputing the update takes `{ratio}` times as much "
        f"(m <= n): between 10/3 and 5 times m/tokens. With {TOKENS} tokens and a 1024 × 1024 matrix that is "
        f"{at(ratio, m=1024, n=1024, tokens=TOKENS)}, under one per cent. A batch that is split over devices which "
        "each repeat the update counts by the tokens of one device.",
        exactly(f"3*n*tokens <= {steps}*m*(2*n + m)"),
        instance(
            "multiplications of the recomputation, and of the layer's own products",
            at(again, m=1, n=1),
            at(LAYER_COST, m=1, n=1, tokens=6),
            {"m": "1", "n": "1", "tokens": "6"},
        ),
        counted(PLAIN, ITERATION_COST, AN_ITERATION),
        counted(LAYER, LAYER_COST, "counted over these: outputs, the gradient of the weights, that of the inputs"),
        equal(
            f"{again} - {LAYER_COST} == m*({steps}*m*(2*n + m) - 3*n*tokens)",
            names,
            "this difference is not negative exactly under the condition",
        ),
        equal(f"{again} == ({ratio})*({LAYER_COST})", names, "this is the ratio"),
        equal(
            f"{steps}*m/tokens - {ratio} == {steps}*m*(n - m)/(3*n*tokens)",
            names,
            "not negative, as m <= n, and 0 for square matrices: at most `5*m/tokens`",
        ),
        equal(
            f"{ratio} - {2 * steps}*m/(3*tokens) == {steps}*m**2/(3*n*tokens)",
            names,
            "positive: more than `10*m/(3*tokens)`",
        ),
        side_conditions=("m <= n: a taller matrix is transposed first",),
        table=table,
    )


def fewest_products() -> Result:
    """No way to compute an iteration takes fewer than three matrix products."""
    run = Run(PLAIN)
    degree, taken = run.values["Y"].degree, len(run.products)
    whole, least = degree**MUON.steps, 12
    return proved(
        METHOD,
        "Whatever is computed with two matrix products (and any number of sums, transposes and multiples by scalars "
        f"that do not depend on X) has at most degree 4 in the entries of X, and an iteration has degree {degree} "
        f"where c is not 0: {taken} are needed, and enough. All {MUON.steps} iterations together have degree {whole}, "
        f"which needs at least {least}; whether fewer than {taken * MUON.steps} are enough for all of them is not "
        "decided here.",
        counted(PLAIN, ITERATION_COST, AN_ITERATION),
        same(
            PLAIN,
            "Y",
            "a*X + b*X*transpose(X)*X + c*X*transpose(X)*X*transpose(X)*X",
            f"the same words: the longest has {degree} letters",
        ),
        lemma(
            "a matrix product at most doubles the largest degree of the entries; sums, scalar multiples and transposes "
            "do not raise it; so `k` products give at most the degree `2**k`",
            "the degree of a product of polynomials is the sum of their degrees",
        ),
        Step(
            2 ** (taken - 1) < degree,
            lemma(f"`2**{taken - 1}` is less than the degree `{degree}`", "so two products are not enough").lines,
        ),
        Step(
            2 ** (least - 1) < whole,
            lemma(
                f"`2**{least - 1}` is less than `{degree}**{MUON.steps} == {whole}`",
                "on 1 × 1 matrices, where the leading coefficients multiply to a power of c",
            ).lines,
        ),
        side_conditions=("c is nonzero",),
    )


#: The same iterations on the m × m matrix `A = X*transpose(X)`: the product Q of all factors so far, and the next A.
GRAM = {"A": ("m", "m"), "P": ("m", "m")}
FACTOR = ("B", "b*A + c*A*A")
NEXT = (("C", "a*A + A*B"), ("E", "a*C + C*B"))
COLLECT = ("R", "a*P + B*P")
FIRST = Program(WIDE, (("A", "X*transpose(X)"), FACTOR, *NEXT))
BETWEEN = Program(GRAM, (FACTOR, COLLECT, *NEXT))
LAST = Program({**GRAM, **WIDE}, (FACTOR, COLLECT, ("Y", "R*X")))


def fewest_multiplications() -> Result:
    """For wide matrices another arrangement has more products and takes fewer multiplications."""
    steps = MUON.steps
    direct, gram = simplest(f"{steps}*({ITERATION_COST})"), f"2*m**2*n + {4 * steps - 3}*m**3"
    sizes = {"m": "positive", "n": "positive"}
    following = Program({**WIDE, "P": ("m", "m")}, (("Z", "P*X"), ("A", "Z*transpose(Z)"), FACTOR, ("Y", "a*Z + B*Z")))
    table = tuple(
        {
            "m × n": f"{m} × {n}",
            "as in torch.optim.Muon": str(at(direct, m=m, n=n)),
            "through the m × m matrix": str(at(gram, m=m, n=n)),
            "of that": str(at(f"({gram})/({direct})", m=m, n=n)),
        }
        for m, n in SHAPES
    )
    return refuted(
        METHOD,
        f"The factors by which the iterations multiply X can be collected on `A = X*transpose(X)`, and X multiplied "
        f"once, at the end: {4 * steps - 1} products in place of {3 * steps}, and `{gram}` multiplications in place of "
        f"`{direct}`: fewer exactly where 2n > 3m. (In exact arithmetic: what bfloat16 makes of that order is not "
        "said here.)",
        instance(
            "multiplications of all iterations as torch.optim.Muon has them, and through the m × m matrix",
            at(direct, m=1, n=2),
            at(gram, m=1, n=2),
            {"m": "1", "n": "2"},
        ),
        same(PLAIN, "Y*transpose(Y)", "(a*(a*A + A*B) + (a*A + A*B)*B)", "the next A from this one: the same words"),
        same(
            following, "Y", "(a*P + B*P)*X", "with the factors collected so far, P: the same words, so X may come last"
        ),
        counted(FIRST, "m**2*n + 3*m**3", "counted over the first iteration: A, its factor, the next A"),
        lemma("after it P is a times the identity, plus B", "X is multiplied by nothing before; no product"),
        counted(BETWEEN, "4*m**3", f"counted over each of the {steps - 2} iterations between"),
        counted(LAST, "2*m**3 + m**2*n", "counted over the last one"),
        equal(
            f"(m**2*n + 3*m**3) + {steps - 2}*(4*m**3) + (2*m**3 + m**2*n) == {gram}",
            sizes,
            f"{steps} iterations together",
        ),
        equal(
            f"{direct} - ({gram}) == {steps - 1}*m**2*(2*n - 3*m)",
            sizes,
            "the difference, positive exactly where `2*n > 3*m`",
        ),
        repair=stated(f"{direct} - ({gram}) == {steps - 1}*m**2*(2*n - 3*m)"),
        table=table,
    )


def stored() -> Result:
    """With the last update stored, in bfloat16, Muon keeps as much as Adam only where its state is half precision."""
    keeps: tuple[tuple[str, Rule, int], ...] = (
        ("SGD with momentum", HEAVY_BALL_OUTSIDE, 0),
        ("Muon", MUON_OWN, 0),
        ("Muon with its last update", MUON_FOLDED, 1),
        ("Adam", ADAM, 0),
    )

    def size(rule: Rule, updates: int, width: Fraction) -> Fraction:
        return (own(rule) - updates) * width + updates * UPDATE

    table = tuple(
        {
            "optimizer": name,
            "its own numbers a parameter": str(own(rule)),
            **{f"bytes a parameter, state in {kind}": str(size(rule, updates, width)) for kind, width in WIDTHS},
        }
        for name, rule, updates in keeps
    )
    muon, adam = (size(rule, updates, F(4)) for _, rule, updates in keeps[2:])
    buffers = own(MUON_FOLDED) - 1, own(ADAM)
    return conditional(
        "counting states and bytes",
        f"With a state in float32 Muon keeps {size(MUON_OWN, 0, F(4))} bytes a parameter of its own, and {muon} with "
        f"its last update, which is made in bfloat16 and stored without loss in {UPDATE}; Adam keeps {adam}. In "
        f"general these are w, w + {UPDATE} and 2 w bytes for a state of w bytes a number, so Muon keeps as much as "
        f"Adam exactly where w is at most {UPDATE}. Storing adds half of Muon's own state in float32 and doubles one "
        "in bfloat16.",
        exactly(f"w <= {UPDATE}"),
        instance("bytes a parameter: of Muon with its last update, and of Adam", muon, adam, {"w": "4"}),
        states_counted(tuple(rule for _, rule, _ in keeps)),
        Step(
            buffers == (1, 2),
            lemma(f"Muon keeps {buffers[0]} number besides the update, Adam {buffers[1]}", "counting states").lines,
        ),
        equal(
            f"(w + {UPDATE}) - 2*w == {UPDATE} - w",
            {"w": "positive"},
            "not negative exactly under the condition",
        ),
        table=table,
    )


def procedures() -> Mapping[str, Callable[[], Result]]:
    """The procedures of this module."""
    return {
        "muon.products": products,
        "muon.gradient": gradient,
        "muon.fewest-products": fewest_products,
        "muon.fewest-multiplications": fewest_multiplications,
        "muon.stored": stored,
    }
