"""Claim files that are wrong: each is refused with its message, at its place; beside them, what is right."""

from __future__ import annotations

import pytest

from derive.claimfile import read
from derive.errors import ClaimFileError

RULE = """[rules.a]
update = "x[t+1] = x[t] - gamma[t]*grad(x[t])"
schedules.gamma = "nonzero"
"""
EQUIVALENT = RULE + '[claims.c]\nkind = "equivalent"\nleft = "a"\nright = "a"\n'
SOLVE = EQUIVALENT.replace("equivalent", "solve")
RESCHEDULE = EQUIVALENT.replace("equivalent", "reschedule")
IDENTITY = RULE + '[claims.c]\nkind = "identity"\nrule = "a"\n'
CLOSED_FORM = IDENTITY.replace("identity", "closed_form")
READS = IDENTITY.replace("identity", "reads")
OPERATIONS = IDENTITY.replace("identity", "operations")

A_DOMAIN = 'a string: a domain such as "nonzero" or "0 < x < 1"'
DOMAINS = "one of negative, nonnegative, nonzero, positive, real, or an interval such as 0 <= x < 1"
NOTATION = "numbers, names, name[t+k], + - * / **, sqrt abs sign max min, Sum, Product and oracle calls"
AXIOMS = "scale invariant, odd, homogeneous, homogeneous of degree 2 (1 to 9) or linear, with commas between"
RULE_KEYS = "one of update, start, first, title, source, schedules, parameters, oracles, operators"
FILE_KEYS = "one of schedules, parameters, oracles, operators, rules, claims"
CLAIM_KEYS = "one of kind, statement, verdict, left, right, map, given, shift, replace, repair_by"
KINDS = "one of equivalent, differ, solve, reschedule, identity, closed_form, reads, operations"
A_RULE = "a rule of this file, or one that derive list names"
NAMEABLE = "a name that means nothing in the notation"
CONVENTIONS = (
    "at most one of each: as written or with common subexpressions shared; "
    "vector operations only or scalar operations counted; gradient not counted or gradient counted; not fused or fused"
)

#: By what is wrong: the file; the line of the message; what the caret marks (or its column and width); the
#: problem; what was expected.
Wrong = tuple[str, int, str | tuple[int, int], str, str]

TOML: dict[str, Wrong] = {
    "a top key that there is not": (
        "[schedule]\ngamma = 'real'\n",
        1,
        "schedule",
        "a claim file has no 'schedule' (did you mean schedules?)",
        FILE_KEYS,
    ),
    "a top value instead of a table": ("rules = 3\n", 1, "3", "rules is an integer", "a table"),
    "claims that are no table": ("claims = ['x']\n", 1, "['x']", "claims is an array", "a table"),
    "tables twice": ("[schedules]\n[schedules]\n", 2, "]", "not TOML: cannot declare ('schedules',) twice", ""),
    "a key twice": (
        "[schedules]\ngamma = 'real'\ngamma = 'real'\n",
        3,
        (14, 1),
        "not TOML: cannot overwrite a value",
        "",
    ),
    "array of tables": ("[[rules]]\nupdate = ''\n", 1, "rules", "rules is an array", "a table"),
    "no value": ("[schedules]\ngamma =\n", 2, (7, 1), "not TOML: invalid value", ""),
    "no equals": ("[schedules]\ngamma 'real'\n", 2, "'", "not TOML: expected '=' after a key in a key/value pair", ""),
    "an open string": (
        "[schedules]\ngamma = \"real\nmu = 'real'\n",
        2,
        (13, 1),
        "not TOML: illegal character '\\n'",
        "",
    ),
    "an open text": ('[rules.a]\nupdate = """\nx[t+1] = x[t]\n', 3, (13, 1), "not TOML: unterminated string", ""),
    "a text without quotes": ("[schedules]\ngamma = nonzero\n", 2, "n", "not TOML: invalid value", ""),
    "an escape that there is not": (
        '[schedules]\ngamma = "re\\al"\n',
        2,
        "l",
        "not TOML: unescaped '\\' in a string",
        "",
    ),
    "a control character": (
        "[schedules]\ngamma = 'r\x07eal'\n",
        2,
        (10, 1),
        "not TOML: found invalid character '\\x07'",
        "",
    ),
    "an open table": ("[schedules\n", 1, (10, 1), "not TOML: expected ']' at the end of a table declaration", ""),
    "a byte-order mark and a mistake": ("\ufeff[schedules]\ngamma = 1\n", 2, "1", "gamma is an integer", A_DOMAIN),
}

DECLARATIONS: dict[str, Wrong] = {
    "a date": ("[schedules]\ngamma = 1979-05-27\n", 2, "1979-05-27", "gamma is a date or a time", A_DOMAIN),
    "a decimal": ("[schedules]\ngamma = 0.5\n", 2, "0.5", "gamma is a decimal number", A_DOMAIN),
    "true": ("[schedules]\ngamma = true\n", 2, "true", "gamma is a boolean", A_DOMAIN),
    "a domain that there is not": ("[schedules]\ngamma = 'non zero'\n", 2, "non zero", "not a domain", DOMAINS),
    "an empty interval": ("[parameters]\nbeta = '1 < beta < 0'\n", 2, "1 < beta < 0", "not a domain", DOMAINS),
    "name: keyword": (
        "[schedules]\nlambda = 'real'\n",
        2,
        "lambda",
        "the name lambda cannot be written in the notation",
        "a name such as mu",
    ),
    "name: greek": (
        '[schedules]\n"γ" = "real"\n',
        2,
        '"γ"',
        "the name γ cannot be written in the notation",
        "a name such as mu",
    ),
    "name: underscore": (
        '[schedules]\n_mu = "real"\n',
        2,
        "_mu",
        "the name _mu cannot be written in the notation",
        "a name such as mu",
    ),
    "name: time": ('[schedules]\nt = "real"\n', 2, "t", "the name t is taken", NAMEABLE),
    "name: function": ('[parameters]\nsqrt = "real"\n', 2, "sqrt", "the name sqrt is taken", NAMEABLE),
    "name: twice": (
        '[schedules]\nmu = "real"\n[parameters]\nmu = "real"\n',
        4,
        "mu",
        "mu is declared twice",
        "each name in one table",
    ),
    "oracle: text": ('[oracles]\ngrad = "1"\n', 2, '"1"', "grad is a string", "an integer: the number of arguments"),
    "oracle: none": ("[oracles]\ngrad = 0\n", 2, "0", "grad with 0 arguments", "1 to 8"),
    "oracle: many": ("[oracles]\ngrad = 99\n", 2, "99", "grad with 99 arguments", "1 to 8"),
    "operator: axiom": (
        '[operators]\northo = "scale invariant, even"\n',
        2,
        '"scale invariant, even"',
        "[operators], ortho: 'even' is no axiom of an operator",
        AXIOMS,
    ),
    "operator: number": (
        "[operators]\northo = 1\n",
        2,
        "1",
        "ortho is an integer",
        'a string: axioms such as "scale invariant, odd", or "" for none',
    ),
    "a terminal's escape": ('[schedules]\ngamma = "\\u001b[31mreal"\n', 2, "\\u001b[31mreal", "not a domain", DOMAINS),
    "domain replaced by the rule": (
        '[schedules]\ngamma = "real"\n[rules.a]\nupdate = "x[t+1] = gamma*x[t]"\n'
        'parameters = {gamma = "positive"}\nstart = "x[0] = gamma[0]"\n',
        6,
        "gamma[0]",
        "the parameter gamma with an index",
        "gamma alone, or gamma declared a schedule",
    ),
}

RULES: dict[str, Wrong] = {
    "no update": ('[rules.a]\nstart = "x[0] = 0"\n', 1, "a", "the rule a has no update", "update = …"),
    "update is array": (
        '[rules.a]\nupdate = ["x[t+1] = x[t]"]\n',
        2,
        '["x[t+1] = x[t]"]',
        "update is an array",
        "a string: equations, one a line",
    ),
    "empty": ('[rules.a]\nupdate = ""\n', 1, "a", "rule a: no state is updated", "an equation such as theta[t+1] = …"),
    "only definition": (
        '[rules.a]\nupdate = "q[t] = 1"\n',
        1,
        "a",
        "rule a: no state is updated",
        "an equation such as theta[t+1] = …",
    ),
    "key": (
        '[rules.a]\nupdates = "x[t+1] = x[t]"\n',
        2,
        "updates",
        "a rule has no 'updates' (did you mean update?)",
        RULE_KEYS,
    ),
    "name": (
        '[rules."my rule"]\nupdate = "x[t+1] = x[t]"\n',
        1,
        '"my rule"',
        "a rule called 'my rule'",
        "letters, digits, - and _",
    ),
    "not a table": ('rules.a = "x[t+1] = x[t]"\n', 1, '"x[t+1] = x[t]"', "a is a string", "a table"),
    "notation": (
        '[rules.a]\nupdate = """\n  x[t+1] = x[t]\n  y[t+1] = y[t] +* x[t]\n"""\n',
        4,
        "*",
        "cannot read this (invalid syntax)",
        NOTATION,
    ),
    "cycle": (
        '[rules.a]\nupdate = """\nx[t+1] = y[t+1]\ny[t+1] = x[t+1]\n"""\n',
        3,
        "x[t+1] = y[t+1]",
        "a cycle: x[t+1] → y[t+1] → x[t+1]",
        "equations that can be put in order",
    ),
    "undeclared": (
        '[rules.a]\nupdate = "x[t+1] = x[t] - eta*grad(x[t])"\n',
        2,
        "eta",
        "the name eta is not defined",
        "one of x, grad(…)",
    ),
    "schedule without index": (
        RULE.replace("gamma[t]", "gamma"),
        2,
        "gamma",
        "gamma without an index",
        "gamma[t] or gamma[t+1]",
    ),
    "undeclared oracle": (
        '[rules.a]\nupdate = "x[t+1] = x[t] - gradient(x[t])"\n',
        2,
        "gradient(x[t])",
        "gradient is no declared oracle or operator",
        "one of x, grad(…)",
    ),
    "arity": (
        '[oracles]\nnoise = 2\n[rules.a]\nupdate = "x[t+1] = x[t] - noise(x[t])"\n',
        4,
        "noise(x[t])",
        "noise with 1 arguments",
        "2",
    ),
    "defined twice": (
        '[rules.a]\nupdate = "x[t+1] = x[t]; x[t+1] = 0"\n',
        2,
        (25, 6),
        "x is defined twice or taken",
        "a new name on each left side",
    ),
    "start": (RULE + 'start = "y[0] = 0"\n', 4, "y[0]", "the left side of a start value", "name[0] with one of x"),
    "start at t": (RULE + 'start = "x[t] = 0"\n', 4, "x[t]", "the left side of a start value", "name[0] with one of x"),
    "start asks": (
        RULE + 'start = "x[0] = grad(0)"\n',
        4,
        "grad(0)",
        "grad(…) in a start value",
        "no oracle is asked yet",
    ),
    "start cycle": (
        '[rules.a]\nupdate = """\nx[t+1] = y[t]\ny[t+1] = x[t]\n"""\nstart = """\nx[0] = y[0]\ny[0] = x[0]\n"""\n',
        7,
        "x[0]",
        "a cycle: x[0] → y[0] → x[0]",
        "start values that can be put in order",
    ),
    "first": (RULE + 'first = "x[2] = 0"\n', 4, "x[2]", "the left side of a first step", "name[1] with one of x"),
    "division by zero": (
        '[rules.a]\nupdate = "x[t+1] = x[t]/0"\n',
        2,
        "0",
        "a denominator that is 0",
        "something other than 0",
    ),
    "own domain": (
        '[rules.a]\nupdate = "x[t+1] = gamma[t]*x[t]"\n[rules.a.schedules]\ngamma = "small"\n',
        4,
        "small",
        "not a domain",
        DOMAINS,
    ),
    "escape in text": (
        '[rules.a]\nupdate = "x[t+1] = x[t]\\n\\u0079[t+1] = y[t] + @"\n',
        2,
        "@",
        "cannot read this (invalid syntax)",
        NOTATION,
    ),
    "continued line": (
        '[rules.a]\nupdate = """\\\n   x[t+1] = \\\n   x[t] + z\n"""\n',
        4,
        "z",
        "the name z is not defined",
        "one of x, grad(…)",
    ),
    "crlf": (
        '[rules.a]\r\nupdate = """\r\nx[t+1] = x[t]\r\ny[t+1] = z\r\n"""\r\n',
        4,
        "z",
        "the name z is not defined",
        "one of x, y, grad(…)",
    ),
    "tab": (
        '[rules.a]\nupdate = """\n\tx[t+1] = x[t]\n"""\n',
        3,
        (0, 1),
        "the character '\\t'",
        "spaces and printable characters",
    ),
    "second oracle": (
        '[oracles]\nnoise = 1\n[rules.a]\nupdate = "x[t+1] = x[t] - noize(x[t])"\n',
        4,
        "noize(x[t])",
        "noize is no declared oracle or operator",
        "one of x, grad(…)",
    ),
}

CLAIMS: dict[str, Wrong] = {
    "no kind": (RULE + '[claims.c]\nleft = "a"\n', 4, (8, 1), "the claim c has no kind", "kind = …"),
    "kind": (
        EQUIVALENT.replace("equivalent", "equivalence"),
        5,
        '"equivalence"',
        "no kind is called 'equivalence' (did you mean equivalent?)",
        KINDS,
    ),
    "kind not text": (
        EQUIVALENT.replace('"equivalent"', "1"),
        5,
        "1",
        "kind is an integer",
        "a string: the kind of the claim",
    ),
    "name": (
        EQUIVALENT.replace("claims.c", 'claims."c d"'),
        4,
        '"c d"',
        "a claim called 'c d'",
        "letters, digits, -, _ and dots",
    ),
    "no table": (RULE + 'claims.c = "a == a"\n', 4, "claims", "a rule has no 'claims'", RULE_KEYS),
    "missing": (EQUIVALENT.replace('right = "a"\n', ""), 4, (8, 1), "the claim c has no right", "right = …"),
    "key": (
        EQUIVALENT + 'give = "gamma[t] == 1"\n',
        8,
        "give",
        "a claim of kind equivalent has no 'give' (did you mean given?)",
        CLAIM_KEYS,
    ),
    "key of another kind": (
        EQUIVALENT + 'convention = "as written"\n',
        8,
        "convention",
        "a claim of kind equivalent has no 'convention'",
        CLAIM_KEYS,
    ),
    "rule": (
        EQUIVALENT.replace('right = "a"', 'right = "folded_outsid"'),
        7,
        '"folded_outsid"',
        "no rule is called 'folded_outsid' (did you mean folded_outside or folded_inside?)",
        A_RULE,
    ),
    "rule no hint": (
        EQUIVALENT.replace('right = "a"', 'right = "zzzzz"'),
        7,
        '"zzzzz"',
        "no rule is called 'zzzzz'",
        A_RULE,
    ),
    "rule not text": (
        EQUIVALENT.replace('right = "a"', 'right = ["a"]'),
        7,
        '["a"]',
        "right is an array",
        "a string: the name of a rule",
    ),
    "verdict": (
        EQUIVALENT + 'verdict = "true"\n',
        8,
        '"true"',
        "no verdict is called 'true'",
        "one of proved, conditional, refuted, unknown",
    ),
    "shift": (
        EQUIVALENT + 'shift = "1"\n',
        8,
        '"1"',
        "shift is a string",
        "an integer: how many steps later the right rule is",
    ),
    "shift decimal": (
        EQUIVALENT + "shift = 1.0\n",
        8,
        "1.0",
        "shift is a decimal number",
        "an integer: how many steps later the right rule is",
    ),
    "map name": (EQUIVALENT + 'map = "x[t] = y[t]"\n', 8, "y[t]", "y means nothing here", "one of gamma, x"),
    "map left": (EQUIVALENT + 'map = "y[t] = x[t]"\n', 8, "y[t]", "y means nothing here", "one of gamma, x"),
    "map time": (EQUIVALENT + 'map = "x[t+1] = x[t]"\n', 8, "x[t+1]", "x at this time", "x[t]"),
    "map time, right": (EQUIVALENT + 'map = "x[t] = x[t-1]"\n', 8, "x[t-1]", "x at this time", "x[t]"),
    "map twice": (
        EQUIVALENT + 'map = "x[t] = x[t]; x[t] = 0"\n',
        8,
        '"x[t] = x[t]; x[t] = 0"',
        "state map: x on the left",
        "each of x once, at [t]",
    ),
    "map notation": (EQUIVALENT + 'map = "x[t] == x[t]"\n', 8, "x", "no = in this equation", "name[t+1] = expression"),
    "map missing": (
        RULE + '[rules.b]\nupdate = """\nx[t+1] = x[t]\ny[t+1] = y[t]\n"""\n'
        '[claims.c]\nkind = "equivalent"\nleft = "a"\nright = "b"\nmap = "x[t] = x[t]"\n',
        13,
        '"x[t] = x[t]"',
        "state map: no equation for y of rule b",
        "",
    ),
    "map asks": (
        EQUIVALENT + 'map = "x[t] = grad(x[t])"\n',
        8,
        "grad(x[t])",
        "grad(…) means nothing here",
        "one of gamma, x",
    ),
    "given notation": (
        EQUIVALENT + 'given = "gamma[t] = 1"\n',
        8,
        (18, 1),
        "cannot read this (invalid syntax)",
        NOTATION,
    ),
    "given name": (
        EQUIVALENT + 'given = """\ngamma[t] != 0\ngama[t+1] == gamma[t]\n"""\n',
        10,
        "gama[t+1]",
        "gama means nothing here (did you mean gamma?)",
        "one of gamma",
    ),
    "given state": (EQUIVALENT + 'given = "x[t] == 0"\n', 8, "x[t]", "x means nothing here", "one of gamma"),
    "repair_by": (EQUIVALENT + 'repair_by = "mu"\n', 8, '"mu"', "a has no schedule 'mu'", "one of gamma"),
    "replace": (EQUIVALENT + 'replace = "mu[t] = gamma[t]"\n', 8, "mu[t]", "mu means nothing here", "one of gamma"),
    "solve: unknown": (
        SOLVE + 'unknown = "gama"\nmap = "x[t] = x[t]"\n',
        8,
        '"gama"',
        "a has no schedule 'gama' (did you mean gamma?)",
        "one of gamma",
    ),
    "reschedule: free": (RESCHEDULE + 'free = ["gamma", "mu"]\n', 8, '"mu"', "a has no schedule 'mu'", "one of gamma"),
    "reschedule: free text": (
        RESCHEDULE + 'free = "gamma"\n',
        8,
        '"gamma"',
        "free is a string",
        "an array: names of schedules of the right rule",
    ),
    "identity: no relation": (
        IDENTITY + 'equation = "x[t+1] - x[t]"\n',
        7,
        "x[t+1] - x[t]",
        "not a relation",
        "left == right",
    ),
    "identity: name": (
        IDENTITY + 'equation = "x[t+1] == y[t]"\n',
        7,
        "y[t]",
        "y means nothing here",
        "one of gamma, grad(…), x",
    ),
    "identity: where": (
        IDENTITY + 'equation = "x[t+1] == y[t]"\nwhere = "y[t] = q[t]"\n',
        8,
        "q[t]",
        "q means nothing here",
        "one of gamma, grad(…), x, y",
    ),
    "identity: where at another time": (
        IDENTITY + 'equation = "x[t+1] == y[t]"\nwhere = "y[t+1] = x[t]"\n',
        8,
        "y[t+1]",
        "y is defined for another time",
        "y[t]",
    ),
    "identity: two lines": (
        IDENTITY + 'equation = """\nx[t] == x[t]\nx[t+1] == x[t]\n"""\n',
        9,
        "x",
        "a second expression in this text",
        "one expression",
    ),
    "closed form: sum": (
        CLOSED_FORM + 'equation = "x[t] == Sum(g[i], i, 0)"\n',
        7,
        "Sum(g[i], i, 0)",
        "Sum with 3 arguments",
        "Sum(term, i, lower, upper)",
    ),
    "closed form: bound": (
        CLOSED_FORM + 'equation = "x[t] == x[0] - Sum(g[j], i, 0, t-1)"\n',
        7,
        "j",
        "this index",
        "t, t+1, t-2, an integer, or a summation index",
    ),
    "closed form: empty": (CLOSED_FORM + 'equation = ""\n', 7, (12, 1), "nothing stands here", "left == right"),
    "reads: text": (
        READS + 'expect = "gamma[t]"\n',
        7,
        '"gamma[t]"',
        "expect is a string",
        "an array: schedule values such as gamma[t+1]",
    ),
    "reads: state": (READS + 'expect = ["gamma[t]", "x[t]"]\n', 7, "x[t]", "x means nothing here", "one of gamma"),
    "reads: number": (
        READS + 'expect = ["gamma[t]", 1]\n',
        7,
        "1",
        "element 2 of expect is an integer",
        "a string: schedule values such as gamma[t+1]",
    ),
    "reads: no value": (
        READS + 'expect = ["2*gamma[t]"]\n',
        7,
        '"2*gamma[t]"',
        "2*gamma[t] is no schedule value",
        "one such as gamma[t] or gamma[t+1]",
    ),
    "operations: what": (
        OPERATIONS + 'what = "flops"\nexpect = 2\n',
        7,
        '"flops"',
        "'flops' is not counted",
        "one of operations, multiplications, gradients, vector",
    ),
    "operations: expect": (
        OPERATIONS + 'expect = "2"\n',
        7,
        '"2"',
        "expect is a string",
        "an integer: the number that is claimed",
    ),
    "operations: convention": (
        OPERATIONS + 'expect = 2\nconvention = "as written, gradients free"\n',
        8,
        '"as written, gradients free"',
        "the convention 'gradients free'",
        CONVENTIONS,
    ),
    "operations: convention twice": (
        OPERATIONS + 'expect = 2\nconvention = "fused, not fused"\n',
        8,
        '"fused, not fused"',
        "the convention 'not fused'",
        CONVENTIONS,
    ),
    "operations: convention and what": (
        OPERATIONS + 'what = "vector"\nexpect = 2\nconvention = "scalar operations counted"\n',
        9,
        '"scalar operations counted"',
        "the convention 'scalar operations counted' does not go with vector",
        "",
    ),
    "identity: empty": (IDENTITY + 'equation = ""\n', 7, (12, 1), "nothing stands here", "an expression"),
    "identity: concrete and arbitrary index": (
        IDENTITY + 'equation = "gamma == 1"\n',
        7,
        "gamma",
        "gamma without an index",
        "gamma[t]",
    ),
    "identity: answer": (
        IDENTITY + 'equation = "x[t+1] == x[t]"\nanswer = "x[t]"\n',
        8,
        "x[t]",
        "x means nothing here",
        "one of gamma",
    ),
    "reads: nothing": (READS, 4, (8, 1), "the claim has no expect", "expect = …"),
    "reads: empty": (READS + "expect = []\n", 7, "[]", "expect is empty", "schedule values such as gamma[t+1]"),
    "reschedule: free empty": (
        RESCHEDULE + "free = []\n",
        8,
        "[]",
        "free is empty",
        "names of schedules of the right rule",
    ),
    "operations: compare": (OPERATIONS + 'expect = 2\ncompare = "b"\n', 8, '"b"', "no rule is called 'b'", A_RULE),
    "parameter with an index": (
        '[parameters]\nbeta = "0 < beta < 1"\n[rules.a]\nupdate = "x[t+1] = beta*x[t]"\n'
        '[claims.c]\nkind = "identity"\nrule = "a"\nequation = "x[t+1] == beta[t]*x[t]"\n',
        8,
        "beta[t]",
        "beta with an index",
        "beta alone: it is a parameter",
    ),
}


def message(text: str, line: int, marked: str | tuple[int, int], problem: str, expected: str) -> str:
    """The message as a person sees it."""
    quoted = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")[line - 1]
    column, width = (quoted.index(marked), len(marked)) if isinstance(marked, str) else marked
    shown = quoted.replace("\t", " ").replace("\x07", "\N{REPLACEMENT CHARACTER}")
    lines = [f"f.toml, line {line}: {problem}", f"    {shown}", "    " + " " * column + "^" * width]
    return "\n".join([*lines, f"  expected {expected}"] if expected else lines)


@pytest.mark.parametrize(
    "wrong",
    [pytest.param(wrong, id=name) for table in (TOML, DECLARATIONS, RULES, CLAIMS) for name, wrong in table.items()],
)
def test_what_is_wrong_is_shown_at_its_place(wrong: Wrong) -> None:
    with pytest.raises(ClaimFileError) as caught:
        read(wrong[0].encode(), "f.toml")
    assert str(caught.value) == message(*wrong)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            b'[schedules]\ngamma = "\xff"\n',
            'f.toml, line 2: the byte 0xff\n    gamma = "\N{REPLACEMENT CHARACTER}"\n'
            "             ^\n  expected text in UTF-8",
        ),
        ("[schedules]".encode("utf-16"), "f.toml, line 1: the byte 0xff\n"),
        (b"#" * (2**20 + 1), "f.toml, line 1: a file that is too large\n  expected at most 1048576 bytes"),
        (b"x = '" + b"y" * 5000 + b"'\n", "f.toml, line 1: a line of 5006 characters\n"),
        (b"x = " + b"[" * 40 + b"]" * 40, "f.toml, line 1: nested too deeply\n    x = [[["),
        (b"x = " + b"{a = " * 30 + b"1" + b"}" * 30, "f.toml, line 1: nested too deeply\n"),
        (b".".join([b"a"] * 1000) + b" = 1", "f.toml, line 1: nested too deeply\n    a.a.a."),
        (b"[" + b".".join([b"a"] * 1000) + b"]", "f.toml, line 1: nested too deeply\n    [a.a.a."),
        (b"x = 1" + b"0" * 4050, "f.toml, line 1: a claim file has no 'x'\n    x = 1000"),
    ],
    ids=["bytes", "utf-16", "size", "line", "arrays", "tables", "dots", "header", "number"],
)
def test_files_that_ask_for_too_much_and_files_that_are_no_text(data: bytes, expected: str) -> None:
    with pytest.raises(ClaimFileError) as caught:
        read(data, "f.toml")
    assert str(caught.value).startswith(expected)
