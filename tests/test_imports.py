"""Imports run one way, the checker shares nothing with what it checks, and what is symbolic starts light."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "derive"
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST = 500

#: Which parts of the package a part may import, besides itself and the errors. "" is the package's own `__init__`.
ALLOWED: dict[str, set[str]] = {
    "": {"reference"},
    "errors": set(),
    "notation": set(),
    "rules": {"notation"},
    "proof": {"notation", "rules"},
    "observe": {"notation", "rules", "proof"},
    "documents": {"notation", "rules", "proof", "observe"},
    "claimfile": {"notation", "rules", "proof"},
    "kernels": {"notation", "rules", "proof"},
    "confirm": {"notation", "rules", "proof", "kernels"},
    "testing": {"notation", "rules", "kernels"},
    "reference": {"notation", "rules", "proof", "documents", "kernels"},
    "optim": {"notation", "rules", "proof", "documents", "kernels", "reference"},
    "figures": {"notation", "rules", "proof", "kernels"},
    "report": {"notation", "rules", "proof", "observe", "documents", "kernels", "confirm"},
    "bench": {"notation", "rules", "proof", "observe", "documents", "kernels", "confirm", "reference", "optim"},
    "cli": {
        "",
        "notation",
        "rules",
        "proof",
        "observe",
        "documents",
        "claimfile",
        "kernels",
        "confirm",
        "testing",
        "figures",
        "report",
        "bench",
    },
    "__main__": {"cli"},
}

CHECKER = PACKAGE / "proof" / "check"

HEAVY = {"torch", "numpy", "matplotlib"}


def part_of(module: str) -> str:
    """The part of the package to which a dotted module name belongs."""
    return module.split(".")[1] if "." in module else ""


def name_of(path: Path) -> str:
    """The dotted name of a module's file."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every module that the file imports anywhere, also within functions: its line and its full name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                base = _absolute(path, module or "", level)
                # `from derive import rules` imports a module, `from derive import __version__` does not.
                for alias in names:
                    full = f"{base}.{alias.name}"
                    yield node.lineno, full if _is_module(full) else base


def _absolute(path: Path, module: str, level: int) -> str:
    if not level:
        return module
    parents = path.relative_to(PACKAGE.parent).parts[:-level]
    return ".".join([*parents, *([module] if module else [])])


def _is_module(name: str) -> bool:
    place = PACKAGE.parent.joinpath(*name.split("."))
    return place.with_suffix(".py").is_file() or (place / "__init__.py").is_file()


def test_every_part_has_its_place() -> None:
    assert {part_of(name_of(path)) for path in MODULES} == set(ALLOWED)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_run_one_way(path: Path) -> None:
    part = part_of(name_of(path))
    allowed = ALLOWED[part] | {part, "errors"}
    upward = [
        f"line {line}: {name}"
        for line, name in imports(path)
        if name.split(".")[0] == "derive" and part_of(name) not in allowed
    ]
    assert not upward, f"{name_of(path)} imports what stands above it: {upward}"


@pytest.mark.parametrize("path", sorted(CHECKER.rglob("*.py")), ids=name_of)
def test_the_checker_shares_no_code_with_the_finder(path: Path) -> None:
    shared = [
        f"line {line}: {name}"
        for line, name in imports(path)
        if name.split(".")[0] not in {*sys.stdlib_module_names, "sympy"}
        and name != "derive.errors"
        and not name.startswith("derive.proof.check")
    ]
    assert not shared


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_stay_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def loaded(*arguments: str) -> set[str]:
    """The top-level modules that a command line has loaded by its end, in a process of its own."""
    code = (
        "import contextlib, io, json, sys\n"
        "from derive.cli.main import main\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        f"    status = main({list(arguments)!r})\n"
        "print(json.dumps([status, sorted({name.partition('.')[0] for name in sys.modules})]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    status, names = json.loads(done.stdout)
    assert status == 0, done.stderr
    return set(names)


def test_the_package_itself_loads_nothing() -> None:
    code = "import derive, json, sys; print(json.dumps(sorted(sys.modules)))"
    names = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
    assert not {*HEAVY, "sympy", "flint"} & {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("arguments", [("list",), ("list", "rules"), ("show", "folded_outside")], ids=" ".join)
def test_looking_things_up_loads_nothing_heavy(arguments: tuple[str, ...]) -> None:
    assert not {*HEAVY, "sympy"} & loaded(*arguments)


def test_proving_what_is_symbolic_does_not_load_torch(tmp_path: Path) -> None:
    assert "torch" not in loaded("prove", "002", "--no-confirm", "--out", str(tmp_path / "reports"))


def test_deciding_one_claim_loads_nothing_heavy() -> None:
    assert not HEAVY & loaded("show", "001.bengio.boxed")


@pytest.mark.parametrize("backend", ["numpy", "torch", "triton"])
def test_printing_a_kernel_loads_no_backend(backend: str) -> None:
    assert not {"torch", "triton"} & loaded("kernel", "folded_outside", "--backend", backend)


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="needs the times of child processes")
def test_list_starts_as_fast_as_promised() -> None:
    """At most 1.5 times `import sympy`: the least CPU time of several runs, which other processes hardly disturb."""

    def least(*arguments: str) -> float:
        times = []
        for _ in range(5):
            process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            assert process.returncode == 0
            times.append(usage.ru_utime + usage.ru_stime)
        return min(times)

    assert least("-m", "derive", "list") <= 1.5 * least("-c", "import sympy")
