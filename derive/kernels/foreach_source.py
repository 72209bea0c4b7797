"""A kernel's step as operations on lists of tensors, in place: the source for torch's multi-tensor functions.

The kernel's own source is read again, and every line becomes the fewest calls of ``foreach``: a product that is added
to something is one call (``add_`` with alpha, ``scale_add_``, ``addcmul_`` and ``addcdiv_`` with value), and what is
not needed any more is overwritten. The operations and their order stay those of the kernel, but for these calls: they
may round the product and the sum at once, and of a scalar and two arrays they may multiply (or divide) either two
first.

A state's tensors are overwritten only by their own next values, and only once nothing needs the old ones; what has to
wait for that is computed in new tensors and copied at the end.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence

from derive.kernels.kernel import Kernel, KernelError

#: What the source calls the functions on lists.
FOREACH = "foreach"
#: Functions of one array, and of several, by what a kernel's source calls them.
UNARY = {"sqrt": "sqrt", "abs": "abs", "sign": "sign"}
FOLDED = {"max": "maximum", "min": "minimum"}
#: Everything that a source may call, in place (with an underscore) or for new tensors, besides ``copy_`` and, in place
#: alone, ``scale_add_(x, s, y)``, which makes x s*x + y.
CALLS = ("add", "sub", "mul", "div", "addcmul", "addcdiv", "neg", "reciprocal", *UNARY.values(), *FOLDED.values())

_BINARY: dict[type[ast.operator], str] = {ast.Mult: "mul", ast.Div: "div"}


def in_place_source(kernel: Kernel) -> str:
    """The source of ``step``, and of ``first_step`` where there is one, on lists of tensors in place.

    Raises KernelError for rules with opaque operators, which need whole tensors, and where a name or an expression
    of the kernel's source has no counterpart.
    """
    functions = [f for f in ast.parse(kernel.source).body if isinstance(f, ast.FunctionDef)]
    steps = [_Function(kernel, f).text() for f in functions if f.name in ("step", "first_step")]
    header = [line for line in kernel.source.splitlines() if line.startswith("#")]
    return "\n\n\n".join(["\n".join([*header, "# on lists of tensors, in place"]), *steps]) + "\n"


class _Function:
    """One function, rewritten line by line.

    ``places`` says which list each array is in, ``reads`` how often each is still needed, ``states`` which list is
    which state's, ``target`` the list of the state whose next value is being computed.
    """

    def __init__(self, kernel: Kernel, function: ast.FunctionDef) -> None:
        self.kernel, self.function = kernel, function
        self.lines: list[str] = []
        self.places: dict[str, str] = {}
        self.states: dict[str, str] = {}
        self.grads: list[str] = []
        self.target = ""
        self.names = {n.id for n in ast.walk(function) if isinstance(n, ast.Name)}
        self.reads = Counter(
            n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
        )

    def text(self) -> str:
        if FOREACH in self.names:
            raise self.refused(f"it has the name {FOREACH}")
        results = self.results()
        for line in self.function.body:
            if isinstance(line, ast.Assign):
                self.assign(line.targets[0], line.value, results)
        for name, state in results.items():
            if name not in self.places:
                raise self.refused(f"the next {state} is no array")
            if self.places[name] != self.list_of(state):
                self.call("copy_", self.list_of(state), self.places[name])
        head = f"def {self.function.name}({ast.unparse(self.function.args)}):"
        return "\n".join(
            [head, '    """The state at t + 1, in place of that at t."""', *(f"    {x}" for x in self.lines)]
        )

    def refused(self, why: str) -> KernelError:
        return KernelError(f"no kernel of {self.kernel.rule} works in place: {why}")

    def results(self) -> dict[str, str]:
        """The state that each returned value is of."""
        returned = self.function.body[-1]
        if not isinstance(returned, ast.Return) or not isinstance(returned.value, ast.Dict):
            raise self.refused("it returns no states")
        pairs = zip(returned.value.keys, returned.value.values, strict=True)
        found = {v.id: str(k.value) for k, v in pairs if isinstance(k, ast.Constant) and isinstance(v, ast.Name)}
        if sorted(found.values()) != sorted(self.kernel.states):
            raise self.refused("a state's next value has no name of its own")
        return found

    # -- lines --

    def assign(self, left: ast.expr, right: ast.expr, results: dict[str, str]) -> None:
        match left, right:
            case ast.Name(id=name), ast.Subscript(value=ast.Name(id="state"), slice=ast.Constant(value=state)):
                self.states[str(state)] = self.places[name] = name
                self.lines.append(f"{name} = {ast.unparse(right)}")
            case ast.Tuple(elts=names), ast.Name(id="grads"):
                self.grads = [name.id for name in names if isinstance(name, ast.Name)]
                self.places |= {name: name for name in self.grads}
                self.lines.append(f"{ast.unparse(left)} = grads")
            case ast.Name(), ast.Subscript(value=ast.Name(id="operators")):
                raise self.refused("an operator needs whole tensors")
            case ast.Name(id=name), _ if self.is_array(right):
                self.target = self.list_of(results[name]) if name in results else ""
                self.places[name] = self.value(right, name)
            case _:
                self.lines.append(f"{ast.unparse(left)} = {ast.unparse(right)}")

    def list_of(self, state: str) -> str:
        """The list of a state, also of one that the kernel does not read."""
        if state not in self.states:
            self.states[state] = self.fresh(state)
            self.lines.append(f"{self.states[state]} = state['{state}']")
        return self.states[state]

    def fresh(self, wanted: str) -> str:
        found = next(n for n in (wanted, *(f"{wanted}_{k}" for k in range(2, 10_000))) if n not in self.names)
        self.names.add(found)
        return found

    # -- calls --

    def call(self, function: str, *arguments: str) -> None:
        self.lines.append(f"{FOREACH}.{function}({', '.join(arguments)})")

    def apply(self, function: str, first: str, *arguments: str, name: str) -> str:
        """``function`` of a list and more: in place where that may be overwritten, else in new tensors."""
        if self.is_free(first):
            scaled = f"{FOREACH}.mul_({first}, "
            if function == "add" and len(arguments) == 1 and self.lines[-1].startswith(scaled):
                factor = self.lines[-1].removeprefix(scaled).removesuffix(")")
                if factor not in self.places.values() and arguments[0] in {*self.places.values()} - {first}:
                    del self.lines[-1]
                    self.call("scale_add_", first, factor, *arguments)
                    return first
            self.call(f"{function}_", first, *arguments)
            return first
        new = name or self.fresh("x")
        self.lines.append(f"{new} = {FOREACH}.{function}({', '.join([first, *arguments])})")
        return new

    def is_free(self, place: str) -> bool:
        """Whether a list may be overwritten: nobody's but ours, or its state's turn, and nothing in it is needed."""
        given = place in self.states.values() or place in self.grads
        needed = any(self.reads[name] > 0 for name, at in self.places.items() if at == place)
        return not needed and (not given or place == self.target)

    # -- expressions --

    def is_array(self, expr: ast.expr) -> bool:
        return any(isinstance(n, ast.Name) and n.id in self.places for n in ast.walk(expr))

    def operands(self, *exprs: ast.expr) -> list[str]:
        """The lists with these values. What has to be computed comes first: until they are read, names are safe."""
        places = {i: self.value(e, "") for i, e in enumerate(exprs) if not isinstance(e, ast.Name)}
        for i, e in enumerate(exprs):
            if isinstance(e, ast.Name):
                self.reads[e.id] -= 1
                places[i] = self.places[e.id]
        return [places[i] for i in range(len(exprs))]

    def value(self, expr: ast.expr, name: str) -> str:
        """The list in which the value is, once the lines that compute it are written; a new one is called ``name``."""
        match expr:
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                return self.sum(expr, name)
            case ast.BinOp(left=ast.Constant(value=1), op=ast.Mult(), right=ast.Name() as copied):
                return self.copy(copied, name)
            case ast.BinOp(left=left, op=ast.Mult() | ast.Div(), right=right):
                return self.product(left, expr.op, right, name)
            case ast.BinOp(left=base, op=ast.Pow(), right=ast.Constant(value=2)):
                (place,) = self.operands(base)
                return self.apply("mul", place, place, name=name)
            case ast.UnaryOp(op=ast.USub(), operand=positive):
                return self.apply("neg", *self.operands(positive), name=name)
            case ast.Call(func=ast.Name(id=function), args=[argument]) if function in UNARY:
                return self.apply(UNARY[function], *self.operands(argument), name=name)
            case ast.Call(func=ast.Name(id=function), args=arguments) if function in FOLDED:
                return self.folded(FOLDED[function], arguments, name)
        raise self.refused(f"it computes {ast.unparse(expr)}")

    def copy(self, copied: ast.Name, name: str) -> str:
        (place,) = self.operands(copied)
        if name and self.target and self.is_free(self.target) and place != self.target:
            self.call("copy_", self.target, place)
            return self.target
        return place if self.is_free(place) else self.apply("mul", place, "1", name=name)

    def product(self, left: ast.expr, op: ast.operator, right: ast.expr, name: str) -> str:
        function = _BINARY[type(op)]
        if not self.is_array(right):
            return self.apply(function, *self.operands(left), ast.unparse(right), name=name)
        if self.is_array(left):
            first, second = self.operands(left, right)
            if function == "mul" and not self.is_free(first):
                first, second = second, first
            return self.apply(function, first, second, name=name)
        (place,) = self.operands(right)
        if function == "div":
            place = self.apply("reciprocal", place, name=name)
            if isinstance(left, ast.Constant) and left.value == 1:
                return place
        return self.apply("mul", place, ast.unparse(left), name=name)

    def folded(self, function: str, arguments: Sequence[ast.expr], name: str) -> str:
        first, *others = sorted(arguments, key=lambda a: not self.is_array(a))
        arrays = [a for a in others if self.is_array(a)]
        place, *places = self.operands(first, *arrays)
        for other in [*places, *(ast.unparse(a) for a in others if a not in arrays)]:
            place = self.apply(function, place, other, name=name)
        return place

    def sum(self, expr: ast.expr, name: str) -> str:
        """A sum, term after term; the first one is read as late as can be, so that what it is in stays as it is."""
        terms = list(_terms(expr))
        if not self.is_array(terms[0][1]):
            terms[:2] = terms[1::-1]
        (minus, first), *others = terms
        if minus:
            first = ast.UnaryOp(ast.USub(), first)
        place = "" if isinstance(first, ast.Name) else self.value(first, name if len(others) == 0 else "")
        for sign, term in others:
            function, arguments = self.added(sign, term)
            if not place:
                (place,) = self.operands(first)
            place = self.apply(function, place, *arguments, name=name)
        return place

    def added(self, minus: bool, term: ast.expr) -> tuple[str, list[str]]:
        """The call that adds a term, or takes it away, and its further arguments."""
        plain = "sub" if minus else "add"
        if not self.is_array(term):
            return plain, [ast.unparse(term)]
        scalar, above, below = self.factors(term)
        if (len(above), len(below)) not in {(1, 0), (2, 0), (1, 1)}:
            scalar, above, below = None, [term], []
        places = self.operands(*dict.fromkeys((*above, *below)))
        if len(above) == 1 and not below:
            return plain, [*places, *([f"alpha={ast.unparse(scalar)}"] if scalar else [])]
        if above[0] is above[-1] and not below:
            places *= 2
        value = scalar or ast.Constant(1)
        if minus:
            value = ast.UnaryOp(ast.USub(), value)
        return "addcdiv" if below else "addcmul", [*places, f"value={ast.unparse(value)}"]

    def factors(self, term: ast.expr) -> tuple[ast.expr | None, list[ast.expr], list[ast.expr]]:
        """A scalar, and the arrays by which it is multiplied and divided."""
        if not self.is_array(term):
            return term, [], []
        match term:
            case ast.BinOp(left=left, op=ast.Mult(), right=right) if self.is_array(right):
                scalar, above, below = self.factors(left)
                if not below:
                    return scalar, [*above, *self.squared(right)], []
            case ast.BinOp(left=left, op=ast.Div(), right=right) if self.is_array(right):
                scalar, above, below = self.factors(left)
                return scalar, above, [*below, right]
        return None, self.squared(term), []

    def squared(self, factor: ast.expr) -> list[ast.expr]:
        match factor:
            case ast.BinOp(left=base, op=ast.Pow(), right=ast.Constant(value=2)):
                return [base, base]
        return [factor]


def _terms(expr: ast.expr, minus: bool = False) -> list[tuple[bool, ast.expr]]:
    """The terms of a sum from left to right, each with whether it is taken away."""
    match expr:
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
            return [*_terms(left, minus), (isinstance(op, ast.Sub), right)]
    return [(minus, expr)]
