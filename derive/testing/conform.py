"""Does a real optimizer follow a rule? For tests of optimizers, and what it follows where it does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from derive.errors import DeriveError
from derive.rules.catalogue import get_rule
from derive.rules.rule import Rule
from derive.testing.diagnose import diagnose
from derive.testing.drive import KEYS, Keys, Read, Recording, drive
from derive.testing.judge import Gap, gaps
from derive.testing.numbers import Precision
from derive.testing.probes import PROBES, Probe
from derive.testing.reference import opened

#: How many steps are driven: every probe's first step, its huge gradient, and what follows from it.
STEPS = 8


class ConformanceError(AssertionError, DeriveError):
    """An optimizer does not follow a rule.

    ``gap`` is the first place where it is beyond its bound, ``hyperparameters`` what it was given in that step, and
    ``follows`` says what it follows instead, in words (empty: nothing that derive knows).
    """

    def __init__(self, rule: Rule, gap: Gap, hyperparameters: Mapping[str, float], follows: tuple[str, ...]) -> None:
        self.rule, self.gap, self.hyperparameters, self.follows = rule, gap, hyperparameters, follows
        given = ", ".join(f"{name} = {value:.6g}" for name, value in hyperparameters.items())
        instead = "".join(f"\n    {words}" for words in follows)
        super().__init__(
            f"the optimizer does not follow {rule.name}\n"
            f"  step {gap.step} (from 0), parameter {gap.parameter!r}, element {gap.element}, {gap.precision}\n"
            f"  {gap.what}: got {gap.got!r}, expected {gap.expected!r}\n"
            f"  they differ by {gap.error:.3g}, {gap.units:.3g} times the bound on rounding, {gap.bound:.3g}\n"
            f"  in this step {given}\n"
            f"  it follows {'in every step that was tried:' if follows else 'nothing that derive knows'}{instead}"
        )


def record(
    make_optimizer: Callable[..., Any],
    rule: Rule,
    *,
    dtypes: Sequence[Precision] = ("float64", "float32"),
    keys: Keys = KEYS,
    steps: int = STEPS,
    seed: int = 0,
    **options: Any,
) -> tuple[Recording, ...]:
    """What the optimizer does with the hyperparameters of ``rule`` changing, in each precision.

    See :func:`assert_conforms` for the arguments and the errors.
    """
    schedules = frozenset(rule.schedule_names)
    return tuple(
        drive(make_optimizer, d, seed=seed, steps=steps, keys=keys, schedules=schedules, **options) for d in dtypes
    )


def assert_conforms(
    make_optimizer: Callable[..., Any],
    rule: Rule | str,
    *,
    dtypes: Sequence[Precision] = ("float64", "float32"),
    keys: Keys = KEYS,
    state: Mapping[str, str] | None = None,
    asked_at: Read | None = None,
    random_access: bool = False,
    steps: int = STEPS,
    seed: int = 0,
    device: str = "cpu",
    probes: Sequence[Probe] = PROBES,
    identity: Sequence[str] = (),
) -> Gap:
    """Raise ConformanceError unless the optimizer takes its gradients where ``rule`` does, within rounding.

    ``make_optimizer`` makes a torch.optim.Optimizer of a list of parameters. Before each step the schedules of the
    rule are set in its groups; then gradients are set, which depend on nothing, and ``step()`` is called. Parameters
    of several shapes and layouts are driven, one with zero gradients at first, one with a huge one, and one whose
    first gradient comes late: its time starts there, and until then it may not move. After every step the point of
    the next gradient is compared with the rule's, within a bound that holds for any order of the rule's operations
    (:mod:`derive.testing.numbers` says what it assumes). A momentum of exactly 0 is not tried.

    ``rule``: a rule, or the name of one of the catalogue.
    ``keys``: what stands in the optimizer's groups, in derive's notation: ``{"lr": "gamma[t]", "next_lr":
    "gamma[t+1]", "betas": ("beta1", "beta2")}``. What does not change is read from the groups as it was made.
    ``random_access``: ``make_optimizer`` gets a second argument, the schedules as functions of t by name, and reads
    from them itself whatever it needs; its groups are left alone.
    ``asked_at``: for an optimizer that keeps a lookahead apart from its parameters: given the optimizer, the tensors
    at which the next gradient is to be taken. By default these are the parameters.
    ``state``: where the optimizer keeps the rule's states, such as ``{"v": "momentum_buffer"}``; then every step is
    also compared from the optimizer's own state before it, which is a sharper test.
    ``dtypes``: any of float64, float32, bfloat16 (whose bound is coarse).
    ``seed`` chooses schedules, starts and gradients; ``device`` is torch's name of one; ``probes`` are the parameters
    that are driven.
    ``identity``: operators of the rule, such as an orthogonaliser, in whose place the optimizer was given the identity,
    so that what they are applied to is what is compared.

    Returns the gap that comes nearest to its bound. Raises DeriveError where the rule cannot be run (an orthogonaliser,
    arbitrary start values) or a hyperparameter does not reach the optimizer.
    """
    rule = opened(get_rule(rule) if isinstance(rule, str) else rule, identity)
    recordings = record(
        make_optimizer,
        rule,
        dtypes=dtypes,
        keys=keys,
        steps=steps,
        seed=seed,
        state=state,
        asked_at=asked_at,
        random_access=random_access,
        device=device,
        probes=probes,
    )
    nearest: Gap | None = None
    for recording in recordings:
        for gap in gaps(recording, rule, state=state):
            if not gap.error <= gap.bound:
                given = {n: recording.value(n, max(gap.step, 0)) for n in (*rule.schedule_names, *rule.parameter_names)}
                raise ConformanceError(rule, gap, given, diagnose(recordings, rule, identity))
            nearest = gap if nearest is None or gap.units > nearest.units else nearest
    if nearest is None:
        raise DeriveError("nothing was compared\n  expected at least one precision and one step")
    return nearest
