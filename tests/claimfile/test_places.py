"""The places of keys and values are where Python's own TOML reader finds them, whatever the style of writing."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derive.claimfile.places import MAX_NESTING, Path, Place, TooDeep, character_places, locate

DOCUMENT = (
    r'''# a comment with "quotes" and [brackets]
top = 1
"quoted key" = "a \"quoted\" \u00e9 \\ value"   # another = one
[a.b]   # a header
text = """
first
  second \
     continued
"" two quotes, and three \""" of them
"""
raw = '''
    + "'''\nx\\y '' z'''"
    + r'''
'single' = 'C:\path'
list = [ "one", 'two',  # with a comment, and [ a bracket
  "three", [4, {five = "5"}], ]
inline = { x = "1", y.z = 2 , empty = {} }
"" = "an empty key"
date = 1979-05-27 07:32:00
[ c . "d.e" ]
f = """""a""b""""" # five quotes at the end
g.h = -1.5e+3
'''
)


def leaves(value: Any, path: Path = ()) -> dict[Path, Any]:
    """Every value that is neither a table nor an array, by its path."""
    if isinstance(value, dict):
        return {p: v for key, within in value.items() for p, v in leaves(within, (*path, key)).items()}
    if isinstance(value, list):
        return {p: v for number, within in enumerate(value) for p, v in leaves(within, (*path, number)).items()}
    return {path: value}


def agrees(text: str) -> None:
    """Assert that every value stands where it is said to stand, each character of a string at its own place."""
    found = locate(text)
    expected = leaves(tomllib.loads(text))
    for path, value in expected.items():
        place = found.values[path]
        assert tomllib.loads(f"x = {text[place.start : place.end]}") == {"x": value}
        if isinstance(value, str):
            places = character_places(text, place)
            assert len(places) == len(value) + 1
            assert all(text[p] in (c, "\\") for p, c in zip(places, value, strict=False))
    for path in expected:
        keys = path[: next((n for n, part in enumerate(path) if isinstance(part, int)), len(path))]
        place = found.keys[keys]
        assert list(tomllib.loads(f"{text[place.start : place.end]} = 1")) == [keys[-1]]


def test_a_document_in_every_style() -> None:
    agrees(DOCUMENT)
    found = locate(DOCUMENT)
    assert DOCUMENT[found.keys[("a", "b")].start] == "b"
    place = found.values[("a", "b", "list", 3, 1, "five")]
    assert DOCUMENT[place.start : place.end] == '"5"'


def test_characters_of_a_string_behind_escapes() -> None:
    text = r'x = "a\tb\u00e9c\\d"'
    assert [text[p] for p in character_places(text, Place(4, len(text)))] == list('a\\b\\c\\d"')
    text = 'x = """\na\\\n   b"""'
    assert [text[p] for p in character_places(text, Place(4, len(text)))] == ["a", "b", '"']


words = st.text(st.characters(codec="utf-8", exclude_characters="\r", exclude_categories=("Cc", "Cs")), max_size=12)
lines = st.text(st.sampled_from("ab \n\t\"'\\=[]{}#,."), max_size=20)


def basic(text: str) -> str:
    """A string in double quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t") + '"'


def many(text: str) -> str:
    """A string in three double quotes."""
    return '"""\n' + text.replace("\\", "\\\\").replace('"', '\\"') + '"""'


def literal(text: str) -> str:
    """A string in single quotes, where it can be written so."""
    return f"'{text}'" if not set(text) & set("'\n\t") else basic(text)


strings = st.builds(lambda write, text: write(text), st.sampled_from([basic, many, literal]), words | lines)
scalars = strings | st.sampled_from(["1", "-2.5", "true", "1979-05-27", "07:32:00", "inf", "0xff"])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3).map(lambda items: "[ " + ",\n # c ]\n".join(items) + " ]"),
    max_leaves=6,
)
keys = st.builds(lambda write, text: write(text), st.sampled_from([basic, literal]), words) | st.sampled_from(
    ["a", "b-1", "3"]
)


@given(st.lists(st.tuples(keys, values), max_size=6), st.lists(st.tuples(keys, keys, values), max_size=4))
def test_random_documents(top: list[tuple[str, str]], tables: list[tuple[str, str, str]]) -> None:
    pieces = [f"{key} = {value} # x = 'y'" for key, value in top]
    pieces += [f"[{name}]\n\n {key}.k = {value}" for name, key, value in tables]
    text = "\n".join(pieces)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # the same key twice
    agrees(text)


@pytest.mark.parametrize(
    "nested",
    [
        lambda levels: ".".join("a" * levels) + " = 1",
        lambda levels: "[" + ".".join("a" * (levels - 1)) + "]\nb = 1",
        lambda levels: "x = " + "[" * (levels - 1) + "1" + "]" * (levels - 1),
        lambda levels: "x = " + "{x = " * (levels - 1) + "1" + "}" * (levels - 1),
    ],
    ids=["dots", "header", "arrays", "tables"],
)
def test_what_is_too_deep(nested: Callable[[int], str]) -> None:
    agrees(nested(MAX_NESTING))
    with pytest.raises(TooDeep):
        locate(nested(MAX_NESTING + 1))


@pytest.mark.parametrize(
    "text", ["x", "x =", "x = [", "x = [1", "x = {", "x = {a", 'x = "', "[x", "= 1", "x = 1 2 = 3", '"']
)
def test_what_is_no_toml_is_left_to_the_reader(text: str) -> None:
    locate(text)
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(text)
