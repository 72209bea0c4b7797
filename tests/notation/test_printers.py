"""Formulas as they are printed in text, LaTeX and MathML."""

from __future__ import annotations

from fractions import Fraction
from xml.etree import ElementTree

import pytest

from derive.notation.display import layout
from derive.notation.latex import affine_to_latex, to_latex
from derive.notation.mathml import mathml, mathml_terms
from derive.notation.parser import parse_equations, parse_expression, parse_relation
from derive.notation.spec import Affine, Binary, Equation, Expr, Neg, Number, Relation, Symbol
from derive.notation.text import affine_to_text, to_text
from derive.rules.catalogue import CATALOGUE


def number(*value: int) -> Number:
    """A number as the engine builds it, without a span."""
    return Number(Fraction(*value))


X, T = Symbol("x"), Symbol("t")

TEXTS = [
    ("a-(b-c)", "a - (b - c)"),
    ("(a-b)-c", "a - b - c"),
    ("a+(b+c)", "a + (b + c)"),
    ("a*(b*c)", "a*(b*c)"),
    ("((a*b))*c", "a*b*c"),
    ("a/(b*c)", "a/(b*c)"),
    ("(a/b)*c", "a/b*c"),
    ("(-a)**2", "(-a)**2"),
    ("-(a**2)", "-a**2"),
    ("-(a*b)", "-(a*b)"),
    ("(-a)*b", "-a*b"),
    ("a*(-b)", "a*-b"),
    ("a-(-b)", "a - -b"),
    ("-(-a)", "--a"),
    ("a**(-2)", "a**-2"),
    ("(a**2)**3", "(a**2)**3"),
    ("beta ** ( t + 1 )", "beta**(t+1)"),
    ("grad( (x+1) ,y)", "grad(x + 1, y)"),
    ("Sum( (x[i]), i, 0+0, t - 1)", "Sum(x[i], i, 0, t-1)"),
    ("x[1+t]", "x[t+1]"),
    ("x[-t+3]", "x[3-t]"),
    ("x[t+t-1]", "x[t+t-1]"),
    ("x[0-t-1]", "x[-t-1]"),
    ("0.50", "0.5"),
    ("1e-8", "1e-8"),
    ("0.00015", "0.00015"),
    ("100000", "100000"),
    ("15E-9", "1.5e-8"),
    ("1/2", "1/2"),
]


@pytest.mark.parametrize(("text", "printed"), TEXTS)
def test_text_has_the_fewest_brackets(text: str, printed: str) -> None:
    assert to_text(parse_expression(text)) == printed
    assert parse_expression(printed) == parse_expression(text)


@pytest.mark.parametrize(
    ("tree", "printed"),
    [
        (number(-2), "-2"),
        (number(3, 2), "3/2"),
        (number(-1, 2), "-1/2"),
        (Binary("*", number(3, 2), X), "3/2*x"),
        (Binary("/", X, number(1, 2)), "x/(1/2)"),
        (Binary("**", number(-1, 2), number(2)), "(-1/2)**2"),
        (Binary("**", X, number(-2)), "x**-2"),
        (Binary("+", T, number(-1)), "t - 1"),
        (Binary("-", X, number(-1, 2)), "x + 1/2"),
        (Neg(number(-2)), "--2"),
        (Binary("*", X, number(-2)), "x*-2"),
    ],
)
def test_the_engines_numbers_can_be_read_again(tree: Expr, printed: str) -> None:
    assert to_text(tree) == printed
    assert to_text(parse_expression(printed)) == printed


@pytest.mark.parametrize(
    ("index", "text", "latex"),
    [
        (Affine(), "0", "0"),
        (Affine.time(), "t", "t"),
        (Affine.time(-2), "t-2", "t-2"),
        (Affine.of({"t": 1, "i": -1}, -1), "t-i-1", "t-i-1"),
        (Affine.of({"i": -1}, 3), "3-i", "3-i"),
        (Affine.of({"i": -1}), "-i", "-i"),
        (Affine.of({"t": 2}, 1), "t+t+1", "2t+1"),
    ],
)
def test_indices(index: Affine, text: str, latex: str) -> None:
    assert affine_to_text(index) == text
    assert affine_to_latex(index) == latex


def test_equations_and_relations_in_text() -> None:
    (equation,) = parse_equations("v[t+1]=mu[t] * v[t]")
    assert to_text(equation) == "v[t+1] = mu[t]*v[t]"
    assert to_text(parse_relation("x<=  1")) == "x <= 1"


LATEX = [
    ("gamma[t+1]", r"\gamma_{t+1}"),
    ("mu[t]*v[t+1]", r"\mu_t v_{t+1}"),
    ("grad(x)", r"\nabla f(x)"),
    ("grad2(x)", r"\nabla f_2(x)"),
    ("orthogonalize(G)", r"\operatorname{orthogonalize}(G)"),
    ("X*transpose(X)", r"X X^{\mathsf{T}}"),
    ("transpose(A*B + C)*V", r"(A B + C)^{\mathsf{T}} V"),
    ("A(x, y)", "A(x, y)"),
    ("phi(x)", r"\phi(x)"),
    ("theta + phi + beta + epsilon + tau", r"\theta + \phi + \beta + \epsilon + \tau"),
    ("eps + lam + Gamma", r"\epsilon + \lambda + \Gamma"),
    ("previous[t]", r"\mathrm{previous}_t"),
    ("rate*lookahead[t]", r"\mathrm{rate}\,\mathrm{lookahead}_t"),
    ("beta2", r"\beta_2"),
    ("beta2[t]", r"\beta_{2,t}"),
    ("v_hat[t+1]", r"v_{\mathrm{hat},t+1}"),
    ("v_hat[t]**2", r"v_{\mathrm{hat},t}^2"),
    ("beta_max2", r"\beta_{\mathrm{max},2}"),
    ("beta2**(t+1)", r"\beta_2^{t+1}"),
    ("beta[t]**2", r"\beta_t^2"),
    ("x**-2", "x^{-2}"),
    ("x**(4/2)", "x^{4/2}"),
    ("x**10", "x^{10}"),
    ("(x**2)**3", "(x^2)^3"),
    ("grad(x)**2", r"(\nabla f(x))^2"),
    ("sqrt(x)**2", r"\sqrt{x}^2"),
    ("(a/b)**2", r"\left(\frac{a}{b}\right)^2"),
    ("a/b/c", r"\frac{\frac{a}{b}}{c}"),
    ("x/(sqrt(v[t]) + eps)", r"\frac{x}{\sqrt{v_t} + \epsilon}"),
    ("1/2*x", r"\tfrac{1}{2} x"),
    ("0.25*x", r"\tfrac{1}{4} x"),
    ("1e-8", "10^{-8}"),
    ("x + 5e-4", r"x + 5 \cdot 10^{-4}"),
    ("(1 - 1/N)*a[t]", r"\left(1 - \frac{1}{N}\right) a_t"),
    ("(1 - 1/2)*a[t]", r"(1 - \tfrac{1}{2}) a_t"),
    ("2*x", "2 x"),
    ("2*3", r"2 \cdot 3"),
    ("x*2", r"x \cdot 2"),
    ("2*3**2", r"2 \cdot 3^2"),
    ("2*(1/N)", r"2 \cdot \frac{1}{N}"),
    ("x*(a/b)", r"x \frac{a}{b}"),
    ("a*(b*c)", "a (b c)"),
    ("a*(b + c)", "a (b + c)"),
    ("-a*b", "-a b"),
    ("-(a*b)", "-a b"),
    ("-(a + b)", "-(a + b)"),
    ("-(-x)", "-(-x)"),
    ("a*(-b)", "a (-b)"),
    ("a + (-b)*c", "a + (-b c)"),
    ("a - -b", "a - (-b)"),
    ("-a + b", "-a + b"),
    ("(-a)**2", "(-a)^2"),
    ("-a**2", "-a^2"),
    ("a - (b - c)", "a - (b - c)"),
    ("abs(x)", r"\lvert x\rvert"),
    ("abs(x - 1/y)", r"\left\lvert x - \frac{1}{y}\right\rvert"),
    ("x*sign(y)", r"x \operatorname{sign}(y)"),
    ("max(a, -b)", r"\max(a, -b)"),
    ("min(a, 1/b)", r"\min\left(a, \frac{1}{b}\right)"),
    ("Sum(g[i], i, 0, t-1)", r"\sum_{i=0}^{t-1} g_i"),
    ("Product(mu[j], j, 1, t)", r"\prod_{j=1}^t \mu_j"),
    (
        "Sum(Product(mu[j], j, i+1, t-1)*g[i], i, 0, t-1)",
        r"\sum_{i=0}^{t-1} \left(\prod_{j=i+1}^{t-1} \mu_j\right) g_i",
    ),
    ("a*Sum(x[i], i, 0, t)", r"a \sum_{i=0}^t x_i"),
    ("a*Sum(x[i], i, 0, t)*b", r"\left(a \sum_{i=0}^t x_i\right) b"),
    ("Sum(x[i] + 1, i, 0, t) + b", r"\sum_{i=0}^t (x_i + 1) + b"),
]


@pytest.mark.parametrize(("text", "latex"), LATEX)
def test_latex(text: str, latex: str) -> None:
    assert to_latex(parse_expression(text)) == latex


@pytest.mark.parametrize(
    ("tree", "latex"),
    [
        (number(-2), "-2"),
        (number(-1, 2), r"-\tfrac{1}{2}"),
        (Binary("+", X, number(-2)), "x - 2"),
        (Binary("*", X, number(-2)), "x (-2)"),
        (Binary("*", number(-2), X), "-2 x"),
        (Binary("**", number(1, 2), T), r"(\tfrac{1}{2})^t"),
    ],
)
def test_latex_of_the_engines_numbers(tree: Expr, latex: str) -> None:
    assert to_latex(tree) == latex


@pytest.mark.parametrize(
    ("op", "latex"), [("==", "="), ("!=", r"\ne"), ("<", "<"), ("<=", r"\le"), (">", ">"), (">=", r"\ge")]
)
def test_relations_in_latex(op: str, latex: str) -> None:
    assert to_latex(parse_relation(f"gamma[t] {op} 0")) == rf"\gamma_t {latex} 0"


RULES = {
    "sutskever_outside": [
        r"v_{t+1} = \mu_t v_t + \nabla f(\theta_t - \gamma_t \mu_t v_t)",
        r"\theta_{t+1} = \theta_t - \gamma_t v_{t+1}",
        "v_0 = 0",
    ],
    "nesterov_two_sequence": [
        r"\theta_{t+1} = y_t - \gamma_t \nabla f(y_t)",
        r"y_{t+1} = \theta_{t+1} + \mu_{t+1} (\theta_{t+1} - \theta_t)",
        r"y_0 = \theta_0",
    ],
    "folded_inside": [
        r"v_{t+1} = \mu_t v_t - \gamma_t \nabla f(\phi_t)",
        r"\phi_{t+1} = \phi_t + \mu_{t+1} \mu_t v_t - (1 + \mu_{t+1}) \gamma_t \nabla f(\phi_t)",
        "v_0 = 0",
    ],
    "pytorch_nesterov_dampened": [
        r"v_{t+1} = \mu_t v_t + (1 - \tau) \nabla f(\phi_t)",
        r"\phi_{t+1} = \phi_t - \gamma_t (\nabla f(\phi_t) + \mu_t v_{t+1})",
        r"v_1 = \nabla f(\phi_0)",
    ],
    "running_average": [
        r"a_{t+1} = \left(1 - \frac{1}{N}\right) a_t + \frac{1}{N} \nabla f(\theta_t)",
        r"\theta_{t+1} = \theta_t - N \gamma_t a_{t+1}",
        "a_0 = 0",
    ],
    "polyak": [
        r"\theta_{t+1} = \theta_t - \gamma_t \nabla f(\theta_t) + \mu_t (\theta_t - \mathrm{previous}_t)",
        r"\mathrm{previous}_{t+1} = \theta_t",
        r"\mathrm{previous}_0 = \theta_0",
    ],
}


@pytest.mark.parametrize("name", RULES)
def test_rules_print_as_the_documents_write_them(name: str) -> None:
    rule = CATALOGUE[name]
    assert [to_latex(e) for e in (*rule.update, *rule.start, *rule.first)] == RULES[name]


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_rule_of_the_catalogue_prints(name: str) -> None:
    rule = CATALOGUE[name]
    for equation in (*rule.update, *rule.start, *rule.first):
        assert parse_equations(to_text(equation)) == (equation,)
        assert "".join(xml(equation).itertext())


MATHML = [
    ("gamma[t+1]", "<msub><mi>γ</mi><mrow><mi>t</mi><mo>+</mo><mn>1</mn></mrow></msub>"),
    ("2*x", "<mn>2</mn><mi>x</mi>"),
    ("x*y[t]/2", "<mfrac><mrow><mi>x</mi><msub><mi>y</mi><mi>t</mi></msub></mrow><mn>2</mn></mfrac>"),
    (
        "x*(y + 1)",
        '<mi>x</mi><mo>\u2062</mo><mrow><mo stretchy="false">(</mo><mi>y</mi><mo>+</mo><mn>1</mn>'
        '<mo stretchy="false">)</mo></mrow>',
    ),
    ("2*3", "<mn>2</mn><mo>⋅</mo><mn>3</mn>"),
    ("-x", '<mo form="prefix">−</mo><mi>x</mi>'),
    ("x - y", "<mi>x</mi><mo>−</mo><mi>y</mi>"),
    (
        "grad(x)",
        '<mi mathvariant="normal">∇</mi><mi>f</mi><mo>\u2061</mo>'
        '<mrow><mo stretchy="false">(</mo><mi>x</mi><mo stretchy="false">)</mo></mrow>',
    ),
    ("x/(a + b)", "<mfrac><mi>x</mi><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow></mfrac>"),
    ("1/2", '<mfrac displaystyle="false"><mn>1</mn><mn>2</mn></mfrac>'),
    ("sqrt(a + b)", "<msqrt><mi>a</mi><mo>+</mo><mi>b</mi></msqrt>"),
    ("beta2**(t+1)", "<msubsup><mi>β</mi><mn>2</mn><mrow><mi>t</mi><mo>+</mo><mn>1</mn></mrow></msubsup>"),
    (
        "Sum(x[i], i, 0, t)",
        "<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>0</mn></mrow>"
        "<mi>t</mi></munderover><msub><mi>x</mi><mi>i</mi></msub>",
    ),
    (
        "abs(1/x)",
        "<mrow><mo>|</mo><mfrac><mn>1</mn><mi>x</mi></mfrac><mo>|</mo></mrow>",
    ),
    (
        "rate*Gamma",
        '<mi>rate</mi><mo>\u2062</mo><mspace width="0.1667em"/><mi mathvariant="normal">Γ</mi>',
    ),
]


def xml(node: Expr | Equation | Relation) -> ElementTree.Element:
    """What is printed, read as XML."""
    return ElementTree.fromstring(f"<math>{mathml(layout(node))}</math>")


@pytest.mark.parametrize(("text", "inner"), MATHML)
def test_mathml(text: str, inner: str) -> None:
    assert mathml(layout(parse_expression(text))) == inner


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("x", ("<mi>x</mi>",)),
        (
            "-x - 2*y",
            ('<mo form="prefix">−</mo><mi>x</mi>', '<mo form="infix">−</mo><mn>2</mn><mi>y</mi>'),
        ),
        ("x*(a + b)", (mathml(layout(parse_expression("x*(a + b)"))),)),
    ],
)
def test_a_sum_can_be_parted_before_its_signs(text: str, terms: tuple[str, ...]) -> None:
    assert mathml_terms(layout(parse_expression(text))) == terms


def test_mathml_escapes_what_xml_would_misread() -> None:
    assert "".join(xml(parse_relation("x < y")).itertext()) == "x<y"
    assert "".join(xml(Symbol("a<&>b")).itertext()) == "a<&>b"


def test_the_longest_chains_can_be_printed() -> None:
    for text in (
        "x" + " + x" * 198,
        "-" * 199 + "x",
        "x" + "/x" * 198,
        "*-".join("x" * 132),
        "f(" * 40 + "x" + ")" * 40,
    ):
        spec = parse_expression(text)
        assert parse_expression(to_text(spec)) == spec
        assert to_latex(spec)
        assert "".join(xml(spec).itertext())


def test_a_prime_marks_the_other_side() -> None:
    assert to_latex(parse_expression("mu_prime[t+1]*v_prime[t]")) == r"\mu_{t+1}^\prime v_t^\prime"
    assert to_latex(parse_expression("v_prime[t]**2")) == r"{v_t^\prime}^2"
    assert "".join(xml(parse_expression("mu_prime[t]")).itertext()) == "μt′"
