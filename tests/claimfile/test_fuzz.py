"""Whatever stands in a claim file, it is read or refused with a place in it: no other exception, and no hang."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from derive.claimfile import read
from derive.errors import ClaimFileError

VALID = b'''
[schedules]
gamma = "nonzero"
mu = "real"

[parameters]
beta = "0 < beta < 1"

[oracles]
grad = 1
noise = 2

[operators]
ortho = "scale invariant, odd"

[rules.sutskever]
update = """
v[t+1]     = mu[t]*v[t] + grad(theta[t] - gamma[t]*mu[t]*v[t])
theta[t+1] = theta[t] - gamma[t]*v[t+1]
"""
start = "v[0] = 0"            # what is not given is arbitrary

[rules.folded]
title = 'Folded'
update = """
q[t] = ortho(noise(phi[t], u[t]))
u[t+1]   = mu[t]*u[t] + grad(phi[t])
phi[t+1] = phi[t] - sqrt(beta)*grad(phi[t]) - gamma[t+1]*mu[t+1]*u[t+1] + q[t]*beta**(t+1)
"""
first = "u[1] = 0.5e-3"

[claims.folding]
kind  = "equivalent"
left  = "sutskever"
right = "folded"
map   = "phi[t] = theta[t] - gamma[t]*mu[t]*v[t]; u[t] = v[t]"
given = """
mu[t+1] == mu[t]
beta != 1/3"""
shift = 1
replace = "mu[t] = gamma[t]*mu[t]"
verdict = "unknown"

[claims.line]
kind = "identity"
rule = "sutskever"
where = "phi[t] = theta[t] - gamma[t]*mu[t]*v[t]"
equation = "phi[t+1] == phi[t]"

[claims.sum]
kind = "closed_form"
rule = "sutskever"
equation = "v[t] == Sum(Product(mu[j], j, i+1, t-1)*g[i], i, 0, t-1)"

[claims.needs]
kind = "reads"
rule = "heavy_ball_outside"
expect = ["gamma[t]", "mu[t]"]

[claims.count]
kind = "operations"
rule = "heavy_ball_outside"
expect = 4
convention = "as written"
'''

PIECES = [line + b"\n" for line in VALID.split(b"\n")]
SIGNS = [bytes([n]) for n in range(256)] + [
    b'"""',
    b"'''",
    b"[[",
    b"]]",
    b"\\u0041",
    b"\\U0001f600",
    b"\xc3\xa9",
    b"\r\n",
]
WORDS = [word for line in PIECES for word in line.split()] + [
    b"t",
    b"t+1",
    b"lambda",
    b"1e999999999",
    b"9" * 5000,
    b"**",
]


def refusal(data: bytes) -> ClaimFileError | None:
    """The error with which the bytes are refused; any other exception fails the test."""
    try:
        read(data, "f.toml")
    except ClaimFileError as error:
        return error
    return None


def survives(data: bytes) -> None:
    """Assert that the bytes are read, or refused at a place that there is."""
    error = refusal(data)
    if error is not None:
        lines = data.replace(b"\r\n", b"\n").decode("utf-8-sig", "replace").split("\n")
        assert 1 <= error.line <= len(lines)
        assert 0 <= error.column <= len(lines[error.line - 1])
        assert str(error).startswith(f"f.toml, line {error.line}: {error.problem}")


def test_the_file_that_is_changed_is_valid() -> None:
    assert len(read(VALID, "f.toml").claims) == 5


@settings(max_examples=300)
@given(st.randoms(use_true_random=False), st.integers(1, 6))
def test_valid_files_with_small_changes(chance: random.Random, changes: int) -> None:
    data = bytearray(VALID)
    for _ in range(changes):
        at, end = chance.randrange(len(data)), chance.randrange(1, 12)
        new = chance.choice([b"", chance.choice(SIGNS), chance.choice(WORDS), bytes(data[at : at + end]) * 2])
        data[at : at + chance.choice([0, 1, end])] = new
    survives(bytes(data))


@settings(max_examples=100)
@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_valid_lines_in_any_order(lines: list[bytes]) -> None:
    survives(b"".join(lines))


@settings(max_examples=150)
@given(st.lists(st.sampled_from(WORDS + SIGNS + [b"\n", b" = ", b" ", b"."]), max_size=60))
def test_words_in_any_order(words: list[bytes]) -> None:
    survives(b"".join(words))


@settings(max_examples=100)
@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_bytes(data: bytes) -> None:
    survives(data)


@settings(max_examples=60)
@given(st.sampled_from(["update", "start", "first"]), st.text(max_size=60))
def test_any_text_where_a_rule_is_expected(key: str, text: str) -> None:
    written = text.encode("utf-8", "replace").decode().replace("\\", "\\\\").replace('"', '\\"')
    survives(f'[rules.a]\nupdate = "x[t+1] = x[t]"\n[rules.b]\n{key} = """{written}"""\n'.encode())


def test_large_files_are_read() -> None:
    """Each is as large as may be; what takes quadratic time would not come to an end here."""
    rules, _, claims = VALID.partition(b"[claims.folding]")
    claim = claims.partition(b"[claims.line]")[0]
    assert len(read(rules + b"".join(b"[claims.c%d]" % n + claim for n in range(1000)), "f.toml").claims) == 1000
    for text in (
        b"".join(b"k%d = 1\n" % n for n in range(80_000)),
        b"".join(b"[k.a%d]\n" % n for n in range(80_000)),
        b"k = [" + b"1,\n" * 300_000 + b"]",
        b'k = """' + b'""\n' * 300_000 + b'"""',
        b'k = """' + b"\\n\n" * 250_000 + b'"""',
        b"#" * 4000 + b"\n" * 10**6,
    ):
        error = refusal(text)
        assert (
            error is None or error.problem == "a claim file has no 'k0'" or error.problem == "a claim file has no 'k'"
        )
