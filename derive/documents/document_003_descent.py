"""Document 003, first half: the function, Newton's method, the regression, plain gradient descent.

The function is f(x) = sin x + x²/10, its least value at -1.30644. A *step* is an evaluation of the gradient, counted
from 1; a run has *converged* at the first evaluation at a point within 10⁻⁶ of -1.30644.
"""

from __future__ import annotations

from derive.proof.claim import Behaviour, Claim, Equivalent, Printed, Property
from derive.rules.descent import GRADIENT_DESCENT
from derive.rules.momentum import HEAVY_BALL_OUTSIDE


def exact(id: str, kind: str, statement: str, meaning: str, *, question: bool = False, procedure: str = "") -> Claim:
    """A claim that a procedure of its own decides exactly."""
    return Claim(id, kind, statement, meaning, Property(procedure or id), question)  # type: ignore[arg-type]


def printed(id: str, kind: str, statement: str, meaning: str, *, question: bool = False) -> Claim:
    """A claim about numbers that a re-run decides."""
    return Claim(id, kind, statement, meaning, Printed(id), question)  # type: ignore[arg-type]


CLAIMS: tuple[Claim, ...] = (
    exact(
        "003.deriv",
        "I",
        "The derivatives of f are f' = cos x + x/5 and f'' = -sin x + 1/5.",
        "f(x) = sin x + x²/10, every real x.",
    ),
    exact(
        "003.strictly-increasing",
        "P",
        "A strictly increasing function has a global minimum.",
        "Every strictly increasing real function on the whole line takes a least value.",
    ),
    exact(
        "003.critical-points.a",
        "P",
        "f has one global minimum, near -1.3.",
        "There is exactly one point at which f takes its least value on the whole line, within 1/100 of -1.3.",
    ),
    exact(
        "003.critical-points.b",
        "P",
        "What are all the critical points of f?",
        "All real roots of f', each enclosed and proved to be the only one there, with its kind; and that none is "
        "missing.",
        question=True,
    ),
    printed(
        "003.minimiser",
        "N",
        "The minimum lies at -1.30644, where f = -0.79458.",
        "Both numbers are the enclosed minimum and its value, rounded to five decimals.",
    ),
    printed(
        "003.newton.table",
        "N",
        "The 12 printed rows of Newton's method from -5.",
        "The listing in float64, every printed digit of x, f, f' and f''; and the digits of x in exact arithmetic.",
    ),
    printed(
        "003.newton.rows",
        "N",
        "Each row prints x with its own f, f' and f''.",
        "In every printed row f, f' and f'' at the printed x round to the printed values.",
    ),
    exact(
        "003.newton.finds-global.a",
        "P",
        "Newton's method on f' finds the global minimum.",
        "x' = x - f'(x)/f''(x) converges to the global minimum from every start from which it converges at all.",
    ),
    exact(
        "003.newton.finds-global.b",
        "P",
        "From which starts does Newton's method find the global minimum?",
        "The 201 starts -10, -9.9, …, 10 in exact arithmetic, for at most 50 steps: to which root of f' each "
        "converges. Near is within 1/10, from where every step halves the distance.",
        question=True,
    ),
    exact(
        "003.newton.optimizer",
        "P",
        "Newton's method on f' is an optimizer.",
        "Each of its steps from -5 descends: f(x') <= f(x).",
    ),
    exact(
        "003.loss.differentiable",
        "P",
        "A loss must be differentiable on its whole domain.",
        "Each of the losses that the document names (squared error, absolute error, Huber's) is differentiable "
        "everywhere.",
    ),
    exact(
        "003.grad.formula",
        "I",
        "The gradients of the mean squared error are -(2/n) Σ r x in p₁ and -(2/n) Σ r in p₂.",
        "MSE = (1/n) Σ r², r = y - (p₁ x + p₂), any n and any data.",
    ),
    printed(
        "003.mse0",
        "N",
        "The initial mean squared error is 20.0717103178283.",
        "numpy's legacy generator, seed 0, the draws of the listing in its order; all 15 digits, in float64 and "
        "exactly.",
    ),
    printed(
        "003.grad0",
        "N",
        "The initial gradients are -2.2857 and 2.6574.",
        "The same data and start; all four decimals, in float64 and exactly.",
    ),
    printed(
        "003.gd.table",
        "N",
        "The 20 printed losses, every 50 steps, at rate 0.05.",
        "The listing in float64, every printed digit; and the closed form of the run in exact arithmetic.",
    ),
    printed(
        "003.gd.500.a",
        "P",
        "The model has converged after about 500 steps: its loss does not change any more.",
        "In exact arithmetic the loss to four decimals is its least value from a step of at most 500 on.",
    ),
    printed(
        "003.gd.500.b",
        "P",
        "The model has converged after about 500 steps: its parameters are at the minimum.",
        "In exact arithmetic both parameters are within 10⁻⁶ of the least-squares solution (the tolerance of the "
        "document's later listings) from a step of at most 500 on.",
    ),
    printed(
        "003.gd.grads1000.a",
        "N",
        "After 1,000 steps the gradients are -2.12208660…e-07 and 2.39154233…e-07.",
        "The gradients of the 1,000th step in exact arithmetic agree with the printed ones to the digits that float64 "
        "determines (8).",
    ),
    printed(
        "003.gd.grads1000.b",
        "N",
        "After 1,000 steps they are -2.1220866065416611e-07 and 2.3915423344789135e-07, to every digit.",
        "All 17 digits of both, in exact arithmetic or in float64 with sums that every machine rounds alike (from "
        "the first to the last number, or exactly and then rounded).",
        question=True,
    ),
    printed(
        "003.gd.50000.a",
        "P",
        "After 50,000 steps it has finally converged.",
        "In float64 no step after the 50,000th changes a parameter: the run halted before.",
    ),
    printed(
        "003.gd.50000.b",
        "P",
        "When has it really converged?",
        "The step from which, in exact arithmetic, both errors are below half the distance between neighbouring "
        "float64 numbers, so that no later step can matter; reproduced if that is before step 3,000.",
        question=True,
    ),
    printed(
        "003.lstsq.a",
        "N",
        "Least squares gives 2.968467510701021 and 4.222151077447227.",
        "The exact least-squares solution of the data, to 15 of the 16 printed digits.",
    ),
    printed(
        "003.lstsq.b",
        "N",
        "Gradient descent differs from it by 1.998e-14 and 2.398e-14.",
        "To the four digits given here, with sums that every machine rounds alike, against the exact solution.",
    ),
    exact(
        "003.lstsq.within",
        "N",
        "These differences are within 1e-14.",
        "Both printed numbers, 1.9984014443252818e-14 and 2.398081733190338e-14, are at most 10⁻¹⁴.",
    ),
    exact(
        "003.gradnorm.distance",
        "P",
        "The further the gradient norm is from 0, the further we are from an optimum.",
        "For a convex quadratic with a single minimum, as in the regression: of any two points the one with the larger "
        "gradient norm is at least as far from the minimum.",
    ),
    Claim(
        "003.sgd.rule.a",
        "E",
        "The class for stochastic gradient descent is plain gradient descent.",
        "PyTorch's momentum rule with μ_t = 0, any rates γ_t, asks where θ_{t+1} = θ_t - γ_t g asks.",
        Equivalent(HEAVY_BALL_OUTSIDE, GRADIENT_DESCENT, "theta[t] = theta[t]", given="mu[t] == 0"),
    ),
    Claim(
        "003.sgd.rule.b",
        "E",
        "It computes what torch.optim.SGD without momentum computes.",
        "Number by number in float64 without a rounding, on schedules of rates that change.",
        Behaviour("003.sgd.rule.b"),
    ),
    exact(
        "003.sgd.average",
        "I",
        "Averaging the losses of a batch and then differentiating is averaging the gradients.",
        "Any batch size and any losses, at every point at which each of them is differentiable.",
    ),
    printed(
        "003.sgd.table.left",
        "N",
        "The rows printed from -8 with rate 1.",
        "The listing in float32, every printed digit (the sign of a zero apart).",
    ),
    printed(
        "003.sgd.table.right",
        "N",
        "The rows printed from 8 with rate 1; the run ends at 3.83747, where f = 0.83156.",
        "The listing in float32, every printed digit (the sign of a zero apart).",
    ),
    printed(
        "003.sgd.16.a",
        "N",
        "From -8 it has converged after 16 steps.",
        "16 updates are done when the listing stops, in float32.",
    ),
    printed(
        "003.sgd.16.b",
        "N",
        "Are these 16 steps counted as in the later listings?",
        "The later listings print the number of evaluations of the gradient; is it 16?",
        question=True,
    ),
    exact(
        "003.sgd.trapped",
        "P",
        "Gradient descent is easily trapped in the local minimum.",
        "There is a half-line of starts from which it converges to the local minimum at every constant rate below "
        "5/6; and of the integer starts from -10 to 10 those right of the maximum of f end there at each of the "
        "rates 1/100, 1/10, 3/10, 1/2 and 1.",
    ),
    exact(
        "003.sgd.slow",
        "P",
        "Gradient descent is slow because its steps are discrete.",
        "Near the global minimum the continuous motion x' = -f'(x) reduces the distance more in a time γ than a "
        "discrete step with rate γ does, for the document's rate γ = 1.",
    ),
    exact(
        "003.sgd.memory",
        "O",
        "Gradient descent needs no memory besides the parameters and their gradients.",
        "Numbers a parameter that the rule carries from step to step, the parameter apart: none.",
    ),
)
