"""A kernel's functions as Triton source: what all elements share is computed once, by Python; the rest on the GPU.

A function of the NumPy source becomes, here for ``step``:

``step(schedule, t, *, constants…)``
    the coefficients: every part of the function in which no array occurs, computed in double as NumPy does it;
``step_elements``
    the lines that are left, element by element, between the loads of what is read and the stores of what is new;
``step_block``, ``step_one``, ``step_many``
    the elements from some place on; one tensor; many tensors, by a table of their addresses.

The arrays of all of them are the states, then the answers, then, for a query, the new points. Loads widen to the
precision of the arithmetic (``WIDE``), coefficients are rounded to it once, stores round once to the array's own. The
operations and their order are those of the NumPy source, each rounded to nearest, so that the results are the same
bits; only powers above the second, which a library computes for NumPy, are products here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from derive.kernels.kernel import KernelError

#: What a source says before its first function. ``/`` and ``sqrt`` of float32 are approximate in Triton.
HELPERS = {
    "quotient": '''\
@triton.jit
def quotient(x, y, WIDE: tl.constexpr):
    """x/y, rounded to nearest."""
    if WIDE == tl.float32:
        return tl.div_rn(x, y)
    else:
        return x / y''',
    "root": '''\
@triton.jit
def root(x, WIDE: tl.constexpr):
    """The square root of x, rounded to nearest."""
    if WIDE == tl.float32:
        return tl.sqrt_rn(x)
    else:
        return tl.sqrt(x)''',
    "sign_of": '''\
@triton.jit
def sign_of(x, WIDE: tl.constexpr):
    """-1, 0 or 1."""
    return (x > 0).to(WIDE) - (x < 0).to(WIDE)''',
}
#: Whole numbers up to this are floats of every precision in which there is arithmetic.
_WHOLE = 2**24
#: Names that the source has beside those of a rule.
_OWN = ("triton", "tl", "WIDE", "BLOCK", "ALIGNED", "i", "inside", "first", "size", "rows", "owners", "program", "row")
_WIDTH = 116

_SUM, _PRODUCT, _POWER = 1, 2, 3
_LEVELS: dict[type[ast.operator], tuple[str, int]] = {
    ast.Add: (" + ", _SUM),
    ast.Sub: (" - ", _SUM),
    ast.Mult: ("*", _PRODUCT),
    ast.Div: ("/", _PRODUCT),
}


def fused(rule: str, states: Sequence[str], functions: Iterable[str]) -> list[str]:
    """The functions of a Triton source, from those of the NumPy source of a rule with these states.

    Raises KernelError for what cannot be computed element by element: opaque operators, oracles of several
    arguments, powers that depend on t.
    """
    texts = [text for function in functions for text in _Fused(rule, states, function).texts()]
    used = {name for text in texts for name in HELPERS if f"{name}(" in text}
    return [*(text for name, text in HELPERS.items() if name in used), *texts]


class _Fused:
    """One function, taken apart.

    ``arrays`` gives the device's name of every array, ``reads`` that of every state that is read, ``coefficients``
    that of every part, by its text, that is computed once; ``body`` and ``shared`` are the lines of either side.
    """

    def __init__(self, rule: str, states: Sequence[str], text: str) -> None:
        (function,) = ast.parse(text).body
        assert isinstance(function, ast.FunctionDef)
        self.rule, self.states, self.function, self.text = rule, states, function, text.splitlines()
        names = {n.id for n in ast.walk(function) if isinstance(n, ast.Name)}
        self.taken = {*names, *(a.arg for a in function.args.kwonlyargs), *_OWN, *HELPERS, "float", "t"}
        self.arrays: dict[str, str] = {}
        self.reads: dict[str, str] = {}
        self.grads: list[str] = []
        self.coefficients: dict[str, str] = {}
        self.body: list[str] = []
        self.shared: list[str] = []
        self.results: list[ast.expr] = []

    def refused(self, why: str) -> KernelError:
        return KernelError(f"no fused kernel for {self.rule}: {why}")

    def texts(self) -> Iterator[str]:
        """The functions, the host's first."""
        for line in self.function.body:
            self.line(line)
        finals = [self.device(result, 0) for result in self.results]
        query = self.function.name.startswith("query")
        outputs = [self.fresh(f"point_{k}" if k else "point") for k in range(len(finals))] if query else []
        inputs = [self.reads.get(state) or self.fresh(state) for state in self.states] + self.grads
        arrays = {name: self.fresh(f"{name}_at") for name in (*inputs, *outputs)}
        stores = dict(zip(outputs or inputs[: len(self.states)], finals, strict=True))
        yield self.host()
        yield self.elements(arrays, stores)
        yield from self.programs(list(arrays.values()))

    # -- lines --

    def line(self, line: ast.stmt) -> None:
        match line:
            case ast.Assign([ast.Name(id=name)], ast.Subscript(ast.Name(id="state"), ast.Constant(value=str(state)))):
                self.arrays[name] = self.reads[state] = self.kept(name)
            case ast.Assign([ast.Tuple(elts=names)], ast.Name(id="grads")):
                for answer in names:
                    assert isinstance(answer, ast.Name)
                    self.arrays[answer.id] = self.kept(answer.id)
                    self.grads.append(self.arrays[answer.id])
            case ast.Assign([ast.Name()], ast.Subscript(ast.Name(id="operators"))):
                raise self.refused("an operator needs whole tensors")
            case ast.Assign([ast.Name(id=name)], value) if self.is_array(value):
                text = self.device(_uncopied(value), 0)
                self.arrays[name] = self.kept(name)
                self.body.append(f"{self.arrays[name]} = {text}")
            case ast.Assign():
                self.shared.append(self.text[line.lineno - 1].strip())
            case ast.Return(ast.Dict(values=values)):
                self.results = values
            case ast.Return(ast.Tuple(elts=points)):
                if any(isinstance(point, ast.Tuple) for point in points):
                    raise self.refused("its oracle has several arguments")
                self.results = points

    def kept(self, name: str) -> str:
        """The function's own name, but where the generator needs it."""
        return self.fresh(name) if name in {*_OWN, *HELPERS} else name

    def fresh(self, wanted: str) -> str:
        """A name that nothing else has."""
        found = next(n for n in (wanted, *(f"{wanted}_{k}" for k in range(2, 10_000))) if n not in self.taken)
        self.taken.add(found)
        return found

    # -- expressions --

    def is_array(self, expr: ast.expr) -> bool:
        return any(isinstance(n, ast.Name) and n.id in self.arrays for n in ast.walk(expr))

    def coefficient(self, expr: ast.expr) -> str:
        """The device's name of a part without arrays; small whole numbers stand for themselves."""
        match expr:
            case ast.Constant(value=int(value)) if value <= _WHOLE:
                return str(value)
            case ast.Name(id=name) if name != "t":
                return self.coefficients.setdefault(name, self.kept(name))
            case ast.Name() | ast.Constant():
                text = f"float({host_text(expr)})"
            case _:
                text = host_text(expr)
        if text not in self.coefficients:
            count = sum(not key.isidentifier() for key in self.coefficients)
            self.coefficients[text] = self.fresh(f"c{count}")
        return self.coefficients[text]

    def device(self, expr: ast.expr, level: int) -> str:
        """The text of a part that is computed for every element; in brackets where ``level`` binds it stronger."""
        if not self.is_array(expr):
            return self.coefficient(expr)
        match expr:
            case ast.Name(id=name):
                return self.arrays[name]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                # Triton's own minus is 0 - x, which loses the sign of zero.
                return _bracketed(f"-1*{self.device(operand, _POWER)}", _PRODUCT, level)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return f"quotient({self.device(left, 0)}, {self.device(right, 0)}, WIDE)"
            case ast.BinOp(left=base, op=ast.Pow(), right=ast.Constant(value=int(power))):
                return self.power(base, power)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _LEVELS:
                sign, own = _LEVELS[type(op)]
                return _bracketed(f"{self.device(left, own)}{sign}{self.device(right, own + 1)}", own, level)
            case ast.Call(func=ast.Name(id="sqrt"), args=[argument]):
                return f"root({self.device(argument, 0)}, WIDE)"
            case ast.Call(func=ast.Name(id="sign"), args=[argument]):
                return f"sign_of({self.device(argument, 0)}, WIDE)"
            case ast.Call(func=ast.Name(id="abs"), args=[argument]):
                return f"tl.abs({self.device(argument, 0)})"
            case ast.Call(func=ast.Name(id="max" | "min" as function), args=[argument, *others]):
                text = self.device(argument, 0)
                for other in others:
                    text = f"tl.{function}imum({text}, {self.device(other, 0)}, propagate_nan=tl.PropagateNan.ALL)"
                return text
        raise self.refused(f"it computes {ast.unparse(expr)}")

    def power(self, base: ast.expr, power: int) -> str:
        text = self.device(base, _POWER)
        if not isinstance(base, ast.Name):
            name = self.fresh("power")
            self.body.append(f"{name} = {text}")
            text = name
        return f"({'*'.join([text] * power)})"

    # -- functions --

    def host(self) -> str:
        keywords = [a.arg for a in self.function.args.kwonlyargs]
        arguments = ["schedule", "t", *(["*"] if keywords else [])]
        for name, default in zip(keywords, self.function.args.kw_defaults, strict=True):
            arguments.append(name if default is None else f"{name}={host_text(default)}")
        lines = [f"{name} = {text}" for text, name in self.coefficients.items() if not text.isidentifier()]
        names = [text if text.isidentifier() else name for text, name in self.coefficients.items()]
        results = "(" + ", ".join(names) + "," * (len(names) == 1) + ")"
        return _function(
            self.function.name,
            arguments,
            f"What all elements share in {_WHAT[self.function.name.partition('_')[0]]}: the coefficients.",
            [*self.shared, *lines, f"return {results}"],
        )

    def elements(self, arrays: dict[str, str], stores: dict[str, str]) -> str:
        names = list(self.coefficients.values())
        loads = [*self.reads.values(), *self.grads]
        body = [f"{name} = tl.load({arrays[name]} + i, mask=inside).to(WIDE)" for name in loads]
        body += [f"{name} = tl.full((), {name}, WIDE)" for name in names]
        body += self.body
        body += [f"tl.store({arrays[name]} + i, {text}, mask=inside)" for name, text in stores.items()]
        doc = f"{ast.get_docstring(self.function)} The elements i that are inside (None: all are)."
        arguments = [*arrays.values(), "i", "inside", *names, "WIDE: tl.constexpr"]
        return _jit(f"{self.function.name}_elements", arguments, doc, body)

    def programs(self, arrays: Sequence[str]) -> Iterator[str]:
        name, names = self.function.name, list(self.coefficients.values())
        typed = [f"{c}: tl.float64" for c in names]
        constants = ["WIDE: tl.constexpr", "BLOCK: tl.constexpr"]
        yield _jit(
            f"{name}_block",
            [*arrays, "first", "size", *names, *constants],
            "A block of elements, from the first on, of tensors of this size.",
            [
                "i = first + tl.arange(0, BLOCK)",
                "if first + BLOCK <= size:",
                *(f"    {x}" for x in _call(f"{name}_elements", [*arrays, "i", "None", *names, "WIDE"], 8)),
                "else:",
                *(f"    {x}" for x in _call(f"{name}_elements", [*arrays, "i", "i < size", *names, "WIDE"], 8)),
            ],
        )
        yield _jit(
            f"{name}_one",
            [*arrays, "size: tl.int64", *typed, *constants],
            "One tensor a state, of this size: every program a block.",
            [
                "first = tl.program_id(0).to(tl.int64)*BLOCK",
                *_call(f"{name}_block", [*arrays, "first", "size", *names, "WIDE", "BLOCK"], 4),
            ],
            options='do_not_specialize=["size"]',
        )
        types = [self.fresh(f"{a.removesuffix('_at')}_type") for a in arrays]
        aligned = "ALIGNED: tl.constexpr"
        yield _jit(
            f"{name}_many",
            ["rows", "owners", *typed, *(f"{x}: tl.constexpr" for x in types), aligned, *constants],
            "Many: program k does a block of row owners[k], which holds its first program, the size, the addresses.",
            [
                "program = tl.program_id(0)",
                f"row = rows + tl.load(owners + program)*{len(arrays) + 2}",
                "first = (program - tl.load(row))*BLOCK",
                "size = tl.load(row + 1)",
                *(
                    f"{a} = tl.multiple_of(tl.load(row + {k}).to(tl.pointer_type({x})), ALIGNED)"
                    for k, (a, x) in enumerate(zip(arrays, types, strict=True), 2)
                ),
                *_call(f"{name}_block", [*arrays, "first", "size", *names, "WIDE", "BLOCK"], 4),
            ],
        )


_WHAT = {"query": "a question", "step": "a step", "first": "the first step"}


def _uncopied(expr: ast.expr) -> ast.expr:
    """Without the product with 1 by which the NumPy source copies an array: what is stored is a copy."""
    match expr:
        case ast.BinOp(left=ast.Constant(value=1), op=ast.Mult(), right=ast.Name() as copied):
            return copied
    return expr


def host_text(expr: ast.expr, level: int = 0) -> str:
    """The text of an expression, spaced as the printer spaces it."""
    match expr:
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _LEVELS:
            sign, own = _LEVELS[type(op)]
            return _bracketed(f"{host_text(left, own)}{sign}{host_text(right, own + 1)}", own, level)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return f"{host_text(left, _POWER + 1)}**{host_text(right, _POWER + 1)}"
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _bracketed(f"-{host_text(operand, _POWER)}", _PRODUCT, level)
        case ast.Call(func=function, args=arguments):
            return f"{ast.unparse(function)}({', '.join(map(host_text, arguments))})"
    return ast.unparse(expr)


def _bracketed(text: str, own: int, level: int) -> str:
    return f"({text})" if own < level else text


def _function(name: str, arguments: Sequence[str], doc: str, body: Sequence[str]) -> str:
    head = _call(f"def {name}", arguments, 0)
    head[-1] += ":"
    return "\n".join([*head, f'    """{doc}"""', *(f"    {line}" for line in body)])


def _jit(name: str, arguments: Sequence[str], doc: str, body: Sequence[str], options: str = "") -> str:
    return f"@triton.jit{f'({options})' if options else ''}\n" + _function(name, arguments, doc, body)


def _call(function: str, arguments: Sequence[str], indent: int) -> list[str]:
    """A call, over several lines where it is long; it will stand ``indent`` to the right."""
    line = f"{function}({', '.join(arguments)})"
    if len(line) <= _WIDTH - indent:
        return [line]
    lines = [""]
    for argument in arguments:
        if len(lines[-1]) + len(argument) > _WIDTH - indent - 8:
            lines.append("")
        lines[-1] += f"{' ' if lines[-1] else ''}{argument},"
    return [f"{function}(", *(f"    {part}" for part in lines), ")"]
