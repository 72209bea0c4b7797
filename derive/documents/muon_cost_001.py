"""Document 001 on Muon's last update: what it costs to recompute and to store, and how precise it is."""

from __future__ import annotations

from derive.proof.claim import Behaviour, Claim, Property

EXTRA: tuple[Claim, ...] = (
    Claim(
        "001.muon.expensive.a",
        "O",
        "Recomputing Muon's last update is too expensive: it takes as many matrix products again as the step.",
        "The matrix products of torch.optim.Muon, counted as it runs: three an iteration, fifteen a step by default.",
        Behaviour("muon.cost"),
    ),
    Claim(
        "001.muon.expensive.b",
        "O",
        "It doubles the matrix products of a step, and their multiplications.",
        "Newton-Schulz as a polynomial in the m × n matrix X and its transpose, with torch.optim.Muon's number of "
        "iterations: the matrix products and multiplications of its arrangement, by convention, for all m and n.",
        Property("muon.products"),
    ),
    Claim(
        "001.muon.expensive.c",
        "O",
        "It is too expensive: it takes at least as many multiplications as the gradient.",
        "Against the three matrix products of a layer with m × n weights, m <= n, in a training step with a batch of "
        "so many tokens (its outputs, and the gradients of its weights and inputs), for all m, n and batches.",
        Property("muon.gradient"),
    ),
    Claim(
        "001.muon.expensive.d",
        "O",
        "An iteration cannot be had for fewer than three matrix products.",
        "The polynomial `a*X + (b*A + c*A*A)*X` with `A = X*transpose(X)` and any c but 0, from sums, transposes, "
        "multiples by scalars that do not depend on X, and as few matrix products as possible.",
        Property("muon.fewest-products"),
        question=True,
    ),
    Claim(
        "001.muon.expensive.e",
        "O",
        "A step cannot be had for fewer multiplications than torch.optim.Muon's arrangement takes.",
        "All iterations together, for an m × n matrix, m <= n, in exact arithmetic, against other arrangements.",
        Property("muon.fewest-multiplications"),
        question=True,
    ),
    Claim(
        "001.muon.expensive.f",
        "P",
        "The last update can be recomputed from a buffer that is known up to a positive factor.",
        "Newton-Schulz after the division by the larger of the Frobenius norm and eps >= 0, as torch.optim.Muon has "
        "it: k X gives the same as X for every matrix X but 0 and every k > 0.",
        Property("newton-schulz.scale"),
        question=True,
    ),
    Claim(
        "001.muon.expensive.g",
        "B",
        "torch.optim.Muon adds eps to the norm by which it divides, as its documentation says.",
        "Steps without an iteration on 1 × 1 gradients whose norm is below, at and above eps.",
        Behaviour("muon.division"),
        question=True,
    ),
    Claim(
        "001.muon.memory.a",
        "O",
        "Storing it is memory intensive: it takes bytes a parameter.",
        "For an update that is stored without loss, the precision in which torch.optim.Muon makes it decides how many.",
        Behaviour("muon.memory"),
    ),
    Claim(
        "001.muon.memory.b",
        "O",
        "It is memory intensive: Muon's state becomes at least as large as Adam's.",
        "Bytes a parameter besides the parameter: a state of w bytes a number, and the last update in bfloat16, which "
        "is how it is made.",
        Property("muon.stored"),
    ),
    Claim(
        "001.muon.memory.c",
        "P",
        "What is stored or recomputed is the orthogonal factor.",
        "Newton-Schulz with torch.optim.Muon's coefficients and number of iterations, in exact arithmetic, on a matrix "
        "U S transpose(V) of Frobenius norm 1, against U transpose(V).",
        Property("newton-schulz.orthogonal"),
        question=True,
    ),
    Claim(
        "001.muon.memory.d",
        "P",
        "An update that is recomputed from an input in bfloat16 is as precise as that input.",
        "For singular values of (0, 1], the same iterations in exact arithmetic: two outcomes are at most as far "
        "apart, in proportion, as their inputs.",
        Property("newton-schulz.rounding"),
        question=True,
    ),
)
