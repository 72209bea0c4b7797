"""The rules and formulas that both claims and procedures speak of; nothing here needs the engine.

A change of the rate goes from a to b: the gradient is a constant G, and before time 0 the rate was a for so long that
the velocity is steady. Inside: the rate multiplies the gradient on its way into the velocity.
"""

from __future__ import annotations

from derive.rules.rule import make_rule

#: The document's N is 1/(1 − μ) with 0 <= μ < 1.
WINDOW = {"N": "1 <= N"}

#: The document's running average of an arbitrary sequence x_1, x_2, …
AVERAGING = make_rule(
    "averaging",
    "a[t+1] = (1 - 1/N)*a[t] + (1/N)*x[t+1]",
    start="a[0] = 0",
    schedules={"x": "real"},
    parameters=WINDOW,
    title="Running average of a sequence",
)
#: Two running averages of the same sequence, but for one value, and the sums of both.
AVERAGES = make_rule(
    "averages_of_two_sequences",
    """
    a[t+1] = (1 - 1/N)*a[t] + (1/N)*x[t]
    b[t+1] = (1 - 1/N)*b[t] + (1/N)*x[t]
    s[t+1] = s[t] + a[t+1]
    r[t+1] = r[t] + b[t+1]
    """,
    start="b[0] = a[0] + (1/N)*d; r[0] = s[0] + (1/N)*d",
    schedules={"x": "real"},
    parameters={**WINDOW, "d": "real"},
)
#: The effect of d on the sum of the averages, t steps later.
SUM_EFFECT = "(1 - (1 - 1/N)**(t+1))*d"

#: Rates before and after the change, momentum, gradient.
RATES = {"mu": "0 <= mu < 1", "a": "positive", "b": "positive", "G": "real"}

#: Sutskever's form, (1, 2) of document 000, with a constant gradient and the velocity along the motion.
INSIDE = make_rule(
    "constant_gradient_inside",
    """
    v[t+1]     = mu*v[t] - b*G
    theta[t+1] = theta[t] + v[t+1]
    """,
    start="v[0] = -a*G/(1 - mu)",
    parameters=RATES,
)
#: The note form, (3, 4) of document 000, and PyTorch's momentum in document 002.
OUTSIDE = make_rule(
    "constant_gradient_outside",
    """
    v[t+1]     = mu*v[t] + G
    theta[t+1] = theta[t] - b*v[t+1]
    """,
    start="v[0] = G/(1 - mu)",
    parameters=RATES,
)
#: PyTorch's lookahead form, (8, 9) of document 000.
IMPLEMENTED = make_rule(
    "constant_gradient_implemented",
    """
    v[t+1]   = mu*v[t] + G
    phi[t+1] = phi[t] - b*(G + mu*v[t+1])
    """,
    start="v[0] = G/(1 - mu)",
    parameters=RATES,
)
#: (8, 9) beside the parameters that (4) would make of the same gradients; constant rate and momentum.
BOTH = make_rule(
    "returned_and_actual",
    """
    v[t+1]     = mu*v[t] + grad(phi[t])
    phi[t+1]   = phi[t] - gamma*(grad(phi[t]) + mu*v[t+1])
    theta[t+1] = theta[t] - gamma*v[t+1]
    """,
    start="v[0] = 0; theta[0] = phi[0]",
    parameters={"gamma": "nonzero", "mu": "real"},
)
#: The step t steps after the change, with the rate inside.
STEP = "G*(a*mu**(t+1) + b*(1 - mu**(t+1)))/(1 - mu)"
