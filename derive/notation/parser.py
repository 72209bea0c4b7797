"""Text to spec: a small parser over a closed list of Python's syntax nodes. Nothing is ever evaluated.

Every text is bounded before Python's own parser sees it (length, nesting, digits), so that a hostile
text costs no more than a long honest one.
"""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from collections.abc import Iterator
from fractions import Fraction

from derive.errors import NotationError
from derive.notation.spec import (
    FUNCTIONS,
    TIME,
    Affine,
    Binary,
    Call,
    Comparison,
    Equation,
    Expr,
    Indexed,
    Neg,
    Number,
    Reduction,
    Relation,
    Span,
    Symbol,
    children,
)

MAX_TEXT = 100_000
MAX_LINE = 4_000
MAX_NESTING = 40
MAX_TOKENS = 600
#: Chains (a + b + c + …, - - - x) nest once a term; this keeps every later walk far from Python's recursion limit.
MAX_DEPTH = 200
MAX_DIGITS = 60
MAX_POWER = 64
#: The powers of a tower ((x**a)**b)**c multiply; their product is bounded, so that its value can be computed.
MAX_TOWER = MAX_POWER * MAX_POWER
MAX_OFFSET = 10_000

_BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
_COMPARE: dict[type[ast.cmpop], Comparison] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_ASCII = "names written in ASCII: gamma, mu, theta"
_EXPECTED = "numbers, names, name[t+k], + - * / **, sqrt abs sign max min, Sum, Product and oracle calls"


class _Line:
    """One line (or one ``;``-separated part of it) on its way to a spec."""

    def __init__(self, source: str, line: int, column: int, text: str, where: str) -> None:
        self.text = text.strip(" ")
        self.column = column + len(text) - len(text.lstrip(" "))
        self.source, self.line, self.where = source, line, where

    def error(self, problem: str, column: int = 0, width: int = 1, expected: str = "") -> NotationError:
        return NotationError(
            problem,
            source=self.source,
            line=self.line,
            column=self.column + column,
            width=width,
            expected=expected,
            where=self.where,
        )

    def at(self, node: ast.expr, problem: str, expected: str = "") -> NotationError:
        # ``ast`` counts columns in UTF-8 bytes; the text is ASCII by the time it gets here.
        width = (node.end_col_offset or node.col_offset + 1) - node.col_offset
        return self.error(problem, node.col_offset, width, expected)

    def span(self, node: ast.expr) -> Span:
        end = node.end_col_offset if node.end_col_offset is not None else node.col_offset + 1
        return Span(self.line, self.column + node.col_offset, self.column + end)

    def tree(self) -> ast.expr:
        """Python's syntax tree of the text, after every bound has been checked."""
        text = self.text
        if not text:
            raise self.error("nothing stands here", expected="an expression")
        if len(text) > MAX_LINE:
            raise self.error(f"a line of {len(text)} characters", MAX_LINE, 1, f"at most {MAX_LINE}")
        if not text.isascii():
            column = next(i for i, c in enumerate(text) if not c.isascii())
            raise self.error(f"the character {text[column]!r}", column, 1, _ASCII)
        depth = 0
        for column, character in enumerate(text):
            depth += (character in "([{") - (character in ")]}")
            if depth > MAX_NESTING:
                raise self.error("brackets nested too deeply", column, 1, f"at most {MAX_NESTING} levels")
        for count, token in enumerate(_tokens(text), start=1):
            if count > MAX_TOKENS:
                raise self.error(f"a line of more than {MAX_TOKENS} tokens", token.start[1], 1, "a shorter line")
            if token.type == tokenize.NUMBER and len(token.string) > MAX_DIGITS:
                raise self.error("a number with too many digits", token.start[1], 1, f"at most {MAX_DIGITS} characters")
        try:
            with warnings.catch_warnings():
                # Python warns about texts like ``1(x)`` or ``1if``; the walk below rejects them in its own words.
                warnings.simplefilter("ignore")
                body = ast.parse(text, mode="eval").body
        except SyntaxError as problem:
            # Python gives no column where the text ends too early.
            column = problem.offset - 1 if problem.offset else len(text)
            reason = problem.msg.split(".")[0].lower()
            raise self.error(f"cannot read this ({reason})", min(column, len(text)), 1, _EXPECTED) from None
        except (RecursionError, MemoryError, ValueError):
            raise self.error("too deeply nested to read", 0, 1, _EXPECTED) from None
        level: list[ast.expr] = [body]
        for _ in range(MAX_DEPTH):
            level = [c for node in level for c in ast.iter_child_nodes(node) if isinstance(c, ast.expr)]
        if level:
            raise self.at(
                level[0], "nested too deeply", f"at most {MAX_DEPTH} signs, terms or brackets inside each other"
            )
        return body

    # -- expressions ---------------------------------------------------------------------------

    def expression(self, node: ast.expr, bound: frozenset[str]) -> Expr:
        match node:
            case ast.Constant():
                return self.number(node)
            case ast.Name(id=name):
                self.plain_name(node, name)
                return Symbol(name, self.span(node))
            case ast.Subscript(value=ast.Name(id=name), slice=index):
                self.plain_name(node.value, name)
                self.not_an_index(node.value, name, bound)
                return Indexed(name, self.index(index, bound), self.span(node))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Neg(self.expression(operand, bound), self.span(node))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.expression(operand, bound)
            case ast.BinOp(op=op, left=left, right=right) if type(op) in _BINARY:
                sign = _BINARY[type(op)]
                first, second = self.expression(left, bound), self.expression(right, bound)
                if sign == "**":
                    self.exponent(right, first, second, bound)
                return Binary(sign, first, second, self.span(node))  # type: ignore[arg-type]
            case ast.Call():
                return self.call(node, bound)
            case _:
                raise self.at(node, f"{_describe(node)} is not part of the notation", _EXPECTED)

    def number(self, node: ast.Constant) -> Number:
        text = self.text[node.col_offset : node.end_col_offset].lower()
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise self.at(node, f"{_describe(node)} is not part of the notation", "a number")
        if text.startswith(("0x", "0o", "0b")) or "_" in text:
            raise self.at(node, f"the number {text}", "a decimal number such as 3, 0.25 or 1e-8")
        _, _, power = text.partition("e")
        if power and abs(int(power)) > MAX_DIGITS:
            raise self.at(node, "a number out of range", f"a power of ten within ±{MAX_DIGITS}")
        return Number(Fraction(text), self.span(node))

    def plain_name(self, node: ast.expr, name: str) -> None:
        if name.startswith("_") or name.endswith("_"):
            raise self.at(node, f"the name {name}", "a name that neither begins nor ends with an underscore")
        if name in FUNCTIONS or name in {"Sum", "Product"}:
            raise self.at(node, f"{name} is a function of the notation, not a value", f"{name}(…)")

    def not_an_index(self, node: ast.expr, name: str, bound: frozenset[str]) -> None:
        if name == TIME or name in bound:
            raise self.at(node, f"{name} is an index", f"{name} alone, or a name with {name} in brackets: x[{name}]")

    def exponent(self, node: ast.expr, base: Expr, power: Expr, bound: frozenset[str]) -> None:
        value, affine = _constant(power), _affine(power)
        if value is not None:
            if value.denominator != 1:
                raise self.at(node, f"the exponent {value}", "an integer, or t plus one; write sqrt(…) for a root")
            if abs(value) > MAX_POWER:
                raise self.at(node, f"the exponent {value}", f"an integer within ±{MAX_POWER}")
        elif affine is None or not affine.names <= bound | {TIME}:
            raise self.at(node, "this exponent", "an integer, or t and indices plus an integer (beta**(t+1))")
        elif max([abs(affine.constant), *(abs(k) for _, k in affine.terms)]) > MAX_POWER:
            raise self.at(node, "this exponent", f"integers within ±{MAX_POWER}")
        if _tower(base) * _weight(power) > MAX_TOWER:
            raise self.at(node, "a tower of powers", f"powers of powers of at most {MAX_TOWER} together")

    def call(self, node: ast.Call, bound: frozenset[str]) -> Expr:
        if not isinstance(node.func, ast.Name):
            raise self.at(node.func, f"{_describe(node.func)} cannot be called", "the name of an oracle")
        name = node.func.id
        if node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
            raise self.at(node, f"{name} called with keywords or *", "plain arguments")
        if name in {"Sum", "Product"}:
            return self.reduction(name, node, bound)
        if name in FUNCTIONS:
            least, most = FUNCTIONS[name]
            if not least <= len(node.args) <= most:
                count = str(least) if least == most else f"{least} to {most}"
                raise self.at(node, f"{name} with {len(node.args)} arguments", count)
        else:
            self.plain_name(node.func, name)
            self.not_an_index(node.func, name, bound)
            if not node.args:
                raise self.at(node, f"{name}() without an argument", "the point that is queried")
        return Call(name, tuple(self.expression(a, bound) for a in node.args), self.span(node))

    def reduction(self, kind: str, node: ast.Call, bound: frozenset[str]) -> Reduction:
        if len(node.args) != 4:
            raise self.at(node, f"{kind} with {len(node.args)} arguments", f"{kind}(term, i, lower, upper)")
        body, index, lower, upper = node.args
        if not isinstance(index, ast.Name) or index.id == TIME or index.id in bound:
            raise self.at(index, "this summation index", "a new name such as i or j")
        self.plain_name(index, index.id)
        return Reduction(
            "Sum" if kind == "Sum" else "Product",
            self.expression(body, bound | {index.id}),
            index.id,
            self.index(lower, bound),
            self.index(upper, bound),
            self.span(node),
        )

    def index(self, node: ast.expr, bound: frozenset[str]) -> Affine:
        """An index: integer combinations of t, the bound indices and integers."""
        value = self.affine(node, bound)
        if abs(value.constant) > MAX_OFFSET:
            raise self.at(node, f"the index {value.constant}", f"an offset within ±{MAX_OFFSET}")
        return value

    def affine(self, node: ast.expr, bound: frozenset[str]) -> Affine:
        match node:
            case ast.Constant(value=int() as value) if not isinstance(value, bool):
                return Affine((), value)
            case ast.Name(id=name) if name == TIME or name in bound:
                return Affine(((name, 1),), 0)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.affine(operand, bound)
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                return self.affine(left, bound) + self.affine(right, bound)
            case ast.BinOp(op=ast.Sub(), left=left, right=right):
                return self.affine(left, bound) - self.affine(right, bound)
            case _:
                raise self.at(node, "this index", "t, t+1, t-2, an integer, or a summation index")


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    """Python's tokens of the text, as far as it has any: an unfinished text is left to ``ast.parse``."""
    try:
        yield from tokenize.generate_tokens(io.StringIO(text).readline)
    except (tokenize.TokenError, SyntaxError):
        return


def _describe(node: ast.expr) -> str:
    names = {
        ast.Attribute: "an attribute",
        ast.Lambda: "a lambda",
        ast.List: "a list",
        ast.Tuple: "a tuple",
        ast.Dict: "a dictionary",
        ast.Compare: "a comparison",
        ast.BoolOp: "and/or",
        ast.IfExp: "a conditional",
        ast.JoinedStr: "a string",
        ast.Subscript: "this subscript",
        ast.NamedExpr: "an assignment",
    }
    if isinstance(node, ast.Constant):
        return "a string" if isinstance(node.value, str) else f"the constant {node.value!r}"
    if isinstance(node, ast.BinOp | ast.UnaryOp):
        return "this operator"
    return names.get(type(node), "this syntax")


def _constant(expr: Expr) -> Fraction | None:
    match expr:
        case Number(value=value):
            return value
        case Neg(operand=operand):
            inner = _constant(operand)
            return None if inner is None else -inner
        case Binary(op="/", left=left, right=right):
            above, below = _constant(left), _constant(right)
            return above / below if above is not None and below else None
        case _:
            return None


def _affine(expr: Expr) -> Affine | None:
    value = _constant(expr)
    if value is not None:
        return Affine((), int(value)) if value.denominator == 1 and abs(value) <= MAX_OFFSET else None
    match expr:
        case Symbol(name=name):
            return Affine(((name, 1),), 0)
        case Neg(operand=operand):
            inner = _affine(operand)
            return None if inner is None else -inner
        case Binary(op="+" | "-" as op, left=left, right=right):
            first, second = _affine(left), _affine(right)
            if first is None or second is None:
                return None
            return first + second if op == "+" else first - second
        case _:
            return None


def _weight(power: Expr) -> int:
    """How much an exponent makes values grow; one that contains time counts as the greatest integer."""
    value = _constant(power)
    return MAX_POWER if value is None else max(1, abs(int(value)))


def _tower(expr: Expr) -> int:
    """The greatest product of exponents that stand above each other in the expression."""
    inner = max(map(_tower, children(expr)), default=1)
    return inner * _weight(expr.right) if isinstance(expr, Binary) and expr.op == "**" else inner


def as_affine(expr: Expr) -> Affine | None:
    """The expression as an integer combination of names and a constant (an exponent), else None."""
    return _affine(expr)


def _split(text: str, where: str) -> list[_Line]:
    """The parts of a text: lines, and ``;``-separated parts of lines, without comments and blanks."""
    if len(text) > MAX_TEXT:
        raise NotationError(f"a text of {len(text)} characters", where=where, expected=f"at most {MAX_TEXT} characters")
    _check_characters(text, where)
    parts = []
    for number, line in enumerate(text.splitlines(), start=1):
        column = 0
        for part in line.split("#", 1)[0].split(";"):
            if part.strip(" "):
                parts.append(_Line(text, number, column, part, where))
            column += len(part) + 1
    return parts


def _check_characters(text: str, where: str) -> None:
    """Reject what cannot be seen (tabs, NUL, form feeds, marks that reorder text), in comments too."""
    if all(c.isprintable() or c in "\r\n" for c in text):
        return
    # The message quotes the text, so what a terminal might obey or hide is replaced there.
    shown = "".join(c if c.isprintable() or c in "\r\n" else "\N{REPLACEMENT CHARACTER}" for c in text)
    place = next(i for i, c in enumerate(text) if not c.isprintable() and c not in "\r\n")
    lines = shown[: place + 1].splitlines()
    raise NotationError(
        f"the character {text[place]!r}",
        source=shown,
        line=len(lines),
        column=len(lines[-1]) - 1,
        expected="spaces and printable characters",
        where=where,
    )


def _only(text: str, where: str) -> _Line:
    """The one part of a text that holds one expression or relation."""
    parts = _split(text, where)
    if not parts:
        raise NotationError("nothing stands here", source=text, expected="an expression", where=where)
    if len(parts) > 1:
        raise parts[1].error("a second expression in this text", expected="one expression")
    return parts[0]


def parse_expression(text: str, *, where: str = "") -> Expr:
    """The expression that ``text`` writes (one line).

    Raises NotationError where the text is not in the notation.
    """
    line = _only(text, where)
    return line.expression(line.tree(), frozenset())


def parse_relation(text: str, *, where: str = "") -> Relation:
    """The relation ``left == right`` (or ``!=``, ``<``, ``<=``, ``>``, ``>=``) that ``text`` writes."""
    return _relation(_only(text, where))


def _relation(line: _Line) -> Relation:
    tree = line.tree()
    if not isinstance(tree, ast.Compare) or len(tree.ops) != 1 or type(tree.ops[0]) not in _COMPARE:
        raise line.error("not a relation", 0, max(1, len(line.text)), "left == right")
    return Relation(
        _COMPARE[type(tree.ops[0])],
        line.expression(tree.left, frozenset()),
        line.expression(tree.comparators[0], frozenset()),
        line.span(tree),
    )


def parse_relations(text: str, *, where: str = "") -> tuple[Relation, ...]:
    """Relations, one a line or separated by ``;``."""
    return tuple(_relation(line) for line in _split(text, where))


def parse_equations(text: str, *, where: str = "") -> tuple[Equation, ...]:
    """Equations ``name[index] = expression``, one a line or separated by ``;``; ``#`` begins a comment."""
    equations = []
    for line in _split(text, where):
        sign = _equals(line)
        left_line = _Line(line.source, line.line, line.column, line.text[:sign], where)
        right_line = _Line(line.source, line.line, line.column + sign + 1, line.text[sign + 1 :], where)
        left = left_line.expression(left_line.tree(), frozenset())
        if not isinstance(left, Indexed):
            raise left_line.error(
                "the left side of an equation", 0, len(left_line.text), "a name with an index: v[t+1], q[t] or v[0]"
            )
        right = right_line.expression(right_line.tree(), frozenset())
        end = line.column + len(line.text)
        equations.append(Equation(left, right, Span(line.line, line.column, end)))
    return tuple(equations)


def _equals(line: _Line) -> int:
    """The column of the one ``=`` of an equation."""
    text = line.text
    if len(text) > MAX_LINE:
        raise line.error(f"a line of {len(text)} characters", MAX_LINE, 1, f"at most {MAX_LINE}")
    places = [
        i
        for i, c in enumerate(text)
        if c == "=" and text[i - 1 : i] not in {"=", "!", "<", ">"} and text[i + 1 : i + 2] != "="
    ]
    if len(places) != 1:
        problem = "no = in this equation" if not places else "more than one = in this equation"
        raise line.error(problem, places[1] if places else 0, 1, "name[t+1] = expression")
    return places[0]
