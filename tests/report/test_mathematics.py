from __future__ import annotations

import pytest

from derive.report.mathematics import display, formula, prose


def kinds(text: str) -> list[tuple[str, str]]:
    return [(p.kind, p.text) for p in prose(text)]


def test_formulas_stand_between_backticks() -> None:
    assert kinds("so `mu[t+1] == mu[t]` holds") == [
        ("words", "so "),
        ("formula", "mu[t+1] == mu[t]"),
        ("words", " holds"),
    ]
    assert kinds("`a[t] = 1; b[t] = 2`") == [("formula", "a[t] = 1"), ("words", "; "), ("formula", "b[t] = 2")]


@pytest.mark.parametrize(
    "text", ["torch.optim.SGD", "nesterov=True", "momentum", "float32", "x[", "__class__", "", "a; b.c"]
)
def test_what_is_not_notation_is_code(text: str) -> None:
    assert kinds(f"`{text}`") == [("code", text)]


@pytest.mark.parametrize("text", ["v", "mu", "rho2", "theta[t]", "-3/2", "t+1"])
def test_quantities_are_formulas(text: str) -> None:
    assert kinds(f"`{text}`") == [("formula", text)]


def test_an_open_backtick_is_a_backtick() -> None:
    assert kinds("a ` b") == [("words", "a "), ("words", "` b")]


def test_one_equals_sign_reads_as_two() -> None:
    one, two = formula("mu[t] = 0"), formula("mu[t] == 0")
    assert one
    assert two
    assert (one.parts, one.latex) == (two.parts, two.latex)


def test_a_chain_of_relations_and_a_continued_line() -> None:
    chain, rest = formula("0 < x <= 1"), formula("= v[t+1]")
    assert chain
    assert rest
    assert [p.sign for p in chain.parts] == ["", "<", "≤"]
    assert chain.latex == r"0 < x \leq 1"
    assert [p.box is not None for p in rest.parts] == [False, True]
    assert rest.latex == "= v_{t+1}"


def test_lines_of_a_field() -> None:
    found = display("v[t] = 0; u[t] = 1\ntheta[t+1]: gamma[t]*v[t]\nnothing; to see", "a")
    assert [bool(line.formula) for line in found.lines] == [True, True, True, False]
    assert found.lines[2].words[0].kind == "formula"
    assert found.lines[3].words[0].text == "nothing; to see"
    assert found.latex == ("a",)


def test_prose_in_a_field_sets_its_own_formulas() -> None:
    found = display("the rate `gamma[t]`", r"\gamma_t")
    assert found.latex == ()
    assert [p.kind for p in found.lines[0].words] == ["words", "formula"]


@pytest.mark.parametrize(
    ("text", "number"), [("3", "3"), ("-3/2", "−3/2"), ("1/2", "1/2"), ("-(3/2)", "−3/2"), ("x", ""), ("x == 1", "")]
)
def test_numbers_as_running_text_writes_them(text: str, number: str) -> None:
    found = formula(text)
    assert found
    assert found.number == number


def test_a_letter_alone() -> None:
    assert [(f := formula(text)) is not None and f.letter for text in ("mu", "mu[t]", "= mu")] == [True, False, False]


def test_words_about_a_quantity() -> None:
    (line,) = display("gamma[t] is nonzero").lines
    assert [(p.kind, p.text) for p in line.words] == [("formula", "gamma[t]"), ("words", " is nonzero")]


def test_latex_that_is_text_alone_is_not_said_twice() -> None:
    assert display("under one convention: as written", r"\text{under one convention: as written}").latex == ()


def test_names_of_several_words_are_code_in_prose() -> None:
    assert kinds("heavy_ball_inside is, v0 too") == [("code", "heavy_ball_inside"), ("words", " is, v0 too")]
    assert kinds("a _b_ x/y_z.py") == [("words", "a _b_ x/y_z.py")]


def test_indexed_letters_in_running_text_are_formulas() -> None:
    assert kinds("if γ_{t+1} μ_{t−1} > v_0") == [
        ("words", "if "),
        ("formula", "γ_{t+1}"),
        ("words", " "),
        ("formula", "μ_{t−1}"),
        ("words", " > "),
        ("formula", "v_0"),
    ]
    found = prose("φ_t")[0].formula
    assert found
    assert found.latex == r"\phi_t"
    for text in ("my_0", "v_00", "v_{x}", "v_", "_0", "a_b"):
        assert [kind for kind, _ in kinds(text)] == ["words"]
