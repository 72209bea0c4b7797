"""What the fused kernels compile to for sm_90, which needs no GPU: wide accesses, IEEE operations, nothing spilled."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from derive.kernels import generate, triton_plan
from derive.kernels.triton_launch import in_place
from derive.kernels.triton_plan import BLOCK, WARPS
from derive.rules.catalogue import CATALOGUE, get_rule

triton = pytest.importorskip("triton")

from triton.backends.compiler import GPUTarget  # noqa: E402
from triton.compiler import ASTSource  # noqa: E402
from triton.runtime.jit import JITFunction  # noqa: E402

FUSED = [name for name, rule in CATALOGUE.items() if not rule.operators]
#: Accesses of 16 bytes that a thread needs for its share of a block of four-byte elements.
WIDE_ACCESSES = 4 * BLOCK // (32 * WARPS * 16)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing that was compiled before is read."""
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    in_place.cache_clear()
    yield
    in_place.cache_clear()


class Compiled:
    """A program for these precisions (``small``: parameters' and gradients'), addresses divisible by ``aligned``."""

    def __init__(
        self, name: str, program: str, wide: str = "fp32", small: str = "", aligned: int = 16, dump: Path | None = None
    ) -> None:
        types = {"fp32": "float32", "fp64": "float64", "bf16": "bfloat16", "fp16": "float16"}
        kernel = generate(get_rule(name), "triton")
        function = in_place(kernel).programs[program]
        parameter = kernel.points[0] if kernel.points else "theta"
        self.arrays = [
            n.removesuffix("_at") for n in in_place(kernel).programs["step_one"].arg_names if n[-3:] == "_at"
        ]

        def precision(array: str) -> str:
            return small if small and array in {parameter, "g"} else wide

        signature, constants, attributes = {}, {}, {}
        for k, argument in enumerate(function.arg_names):
            signature[argument] = "fp64"
            if argument in ("WIDE", "BLOCK", "ALIGNED") or argument.endswith("_type"):
                signature[argument] = "constexpr"
            if argument.endswith("_type"):
                constants[argument] = getattr(triton.language, types[precision(argument.removesuffix("_type"))])
            if argument.endswith("_at"):
                signature[argument] = f"*{precision(argument.removesuffix('_at'))}"
                attributes[(k,)] = [["tt.divisibility", 16]] if aligned == 16 else []
        constants |= {"WIDE": getattr(triton.language, types[wide]), "BLOCK": BLOCK, "ALIGNED": aligned}
        constants = {n: value for n, value in constants.items() if n in signature}
        signature |= {n: t for n, t in (("size", "i64"), ("rows", "*i64"), ("owners", "*i32")) if n in signature}
        source = ASTSource(fn=function, signature=signature, constexprs=constants, attrs=attributes)
        options = {"num_warps": WARPS, "enable_fp_fusion": False}
        self.made = triton.compile(source, target=GPUTarget("cuda", 90, 32), options=options)
        self.ptx = self.made.asm["ptx"]
        self.operations = Counter(re.findall(r"^\s+(?:@!?%p\d+ )?([a-z][\w.:]*)", self.ptx, re.MULTILINE))

    def count(self, pattern: str) -> int:
        return sum(n for operation, n in self.operations.items() if re.fullmatch(pattern, operation))

    def machine(self, folder: Path, *options: str) -> str:
        """What the disassembler that Triton brings says of the binary."""
        binary = folder / "kernel.cubin"
        binary.write_bytes(self.made.asm["cubin"])
        tool = Path(triton.__file__).parent / "backends" / "nvidia" / "bin" / "cuobjdump"
        return subprocess.run([tool, *options, binary], capture_output=True, text=True, check=True).stdout


#: The most registers of a thread: with 65,536 of them at least 768 threads run on a multiprocessor at once, for Adam.
REGISTERS = {"heavy_ball_outside": 48, "folded_outside": 48, "adam_torch": 80, "adam": 80, "adam_corrected": 80}


@pytest.mark.parametrize("program", ["step_one", "step_many"])
@pytest.mark.parametrize("name", REGISTERS)
def test_float32_is_read_and_written_by_16_bytes_and_nothing_is_spilled(
    name: str, program: str, tmp_path: Path
) -> None:
    compiled = Compiled(name, program)
    arrays, states = len(compiled.arrays), len(get_rule(name).states)
    assert compiled.count(r"ld\.global\.v4\.b32") == WIDE_ACCESSES * arrays
    assert compiled.count(r"st\.global\.v4\.b32") == WIDE_ACCESSES * states
    usage = compiled.machine(tmp_path, "-res-usage")
    found = {key: int(value) for key, value in re.findall(r"(REG|STACK|LOCAL|SHARED):(\d+)", usage)}
    assert found.pop("REG") <= REGISTERS[name]
    assert found == {"STACK": 0, "LOCAL": 0, "SHARED": 0}


@pytest.mark.parametrize("program", ["step_one", "step_many"])
@pytest.mark.parametrize(("wide", "small"), [("fp64", ""), ("fp32", "bf16"), ("fp32", "fp16"), ("fp64", "bf16")])
def test_other_precisions_too(wide: str, small: str, program: str, tmp_path: Path) -> None:
    compiled = Compiled("adam_torch", program, wide, small)
    usage = compiled.machine(tmp_path, "-res-usage")
    found = {key: int(value) for key, value in re.findall(r"(REG|STACK|LOCAL):(\d+)", usage)}
    assert found.pop("REG") <= (128 if not small or wide == "fp32" else 168)
    assert found == {"STACK": 0, "LOCAL": 0}
    assert compiled.count(r"ld\.global\.v[24]\.b(32|64)") >= WIDE_ACCESSES * 3
    # A narrow number is rounded once, to nearest, when it is stored.
    rounded = {"bf16": rf"cvt\.rn\.bf16(x2)?\.f{wide[2:]}", "fp16": r"cvt\.rn\.f16(x2)?\.f32"}
    assert not small or compiled.count(rounded[small]) > 0
    assert compiled.count(r"cvt\.r[zmp]i?\..*") == 0


@pytest.mark.parametrize("name", FUSED)
def test_every_operation_is_rounded_to_nearest_and_none_are_contracted(name: str) -> None:
    for wide, width in (("fp32", "f32"), ("fp64", "f64")):
        compiled = Compiled(name, "step_many", wide)
        arithmetic = {o for o in compiled.operations if o.endswith(f".{width}") and not o.startswith(("cvt", "mov"))}
        allowed = {f"{operation}.rn.{width}" for operation in ("add", "sub", "mul", "div", "sqrt")}
        assert arithmetic <= allowed | {f"neg.{width}"}
        assert {f"{operation}.rn.{width}" for operation in ("add", "mul")} & arithmetic
        assert not re.search(r"\bfma\b|\.ftz|\.approx|\.full|\bex2|\blg2", compiled.ptx)


def test_the_machine_code_of_a_linear_rule_has_no_contraction(tmp_path: Path) -> None:
    """Of rules that divide it has: division and root are made of such operations, and are rounded to nearest."""
    code = Compiled("folded_outside", "step_one").machine(tmp_path, "-sass")
    assert "FMUL" in code
    assert "LDG.E.128" in code
    assert "STG.E.128" in code
    assert "FFMA" not in code


@pytest.mark.parametrize("program", ["step_one", "step_many"])
def test_addresses_that_are_not_aligned_are_read_element_by_element(program: str) -> None:
    compiled = Compiled("heavy_ball_outside", program, aligned=1)
    assert compiled.count(r"(ld|st)\.global\.v.*") == 0
    assert compiled.count(r"ld\.global\.b32") >= BLOCK // (32 * WARPS) * 3


@pytest.mark.parametrize("program", ["step_one", "step_many"])
def test_coefficients_are_doubles_and_offsets_have_64_bits(program: str) -> None:
    compiled = Compiled("heavy_ball_outside", program)
    assert compiled.count(r"cvt\.rn\.f32\.f64") >= 2
    assert compiled.count(r"ld\.param\.b64") >= 4
    # A program's number becomes a place by a product that cannot overflow.
    assert re.search(r"(mul\.wide\.[su]32|shl\.b64|mul\.lo\.s64|mad\.wide\.[su]32)", compiled.ptx)
    assert not re.search(r"shl\.b32\s+%r\d+, %r\d+, 10;", compiled.ptx)


def test_what_is_not_read_costs_no_bytes() -> None:
    """The first step of PyTorch's momentum reads no buffer: two arrays are loaded, two stored."""
    compiled = Compiled("pytorch_momentum", "first_step_one")
    assert compiled.count(r"ld\.global\.v4\.b32") == WIDE_ACCESSES * 2
    assert compiled.count(r"st\.global\.v4\.b32") == WIDE_ACCESSES * 2


class NoDevice:
    """Triton's driver for an H200 that is not there."""

    def get_current_target(self) -> GPUTarget:
        return GPUTarget("cuda", 90, 32)

    def get_current_device(self) -> int:
        return 0

    def get_current_stream(self, device: int) -> int:
        return 0


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list:
    """What every launch compiles, with the arguments that it is made with; nothing is run."""
    made, run = [], JITFunction.run

    def compiled(self: JITFunction, *arguments: object, grid: tuple[int, ...], warmup: bool, **options: object) -> None:
        made.append((self.fn.__name__, grid, run(self, *arguments, grid=grid, warmup=True, **options)))

    monkeypatch.setattr(JITFunction, "run", compiled)
    monkeypatch.setattr(triton_plan, "DEVICE", "cpu")
    monkeypatch.setattr(triton.runtime.driver, "_active", NoDevice())
    return made


def launch(rule: str, sizes: list[int], skip: int = 0) -> None:
    kernel = in_place(generate(get_rule(rule), "triton"))
    columns = {n: [torch.ones(size + skip)[skip:] for size in sizes] for n in (*kernel.kernel.states, "g")}
    grads = [columns.pop("g")]
    constants = {"beta1": 0.9, "beta2": 0.999, "eps": 0} if kernel.kernel.constants else {}
    schedule = {n: lambda t: 0.5 for n in ("gamma", "mu")}
    kernel(columns, grads, schedule, 1, **constants)


def test_a_launch_has_the_arguments_that_were_looked_at(launched: list) -> None:
    """Coefficients as doubles (Triton takes Python's floats for singles), the size as 64 bits, never specialised."""
    launch("heavy_ball_outside", [4096])
    launch("heavy_ball_outside", [1])
    launch("heavy_ball_outside", [1000, 7, 1024])
    (one, tiny, many) = launched
    assert [(name, grid) for name, grid, _ in launched] == [("step_one", (4,)), ("step_one", (1,)), ("step_many", (3,))]
    expected = {"v_at": "*fp32", "theta_at": "*fp32", "g_at": "*fp32", "size": "i64", "mu": "fp64", "gamma": "fp64"}
    assert one[2].src.signature == expected | {"WIDE": "constexpr", "BLOCK": "constexpr"}
    assert one[2] is tiny[2]
    signature = many[2].src.signature
    assert [signature[n] for n in ("rows", "owners", "mu", "gamma")] == ["*i64", "*i32", "fp64", "fp64"]
    for _, _, compiled in launched:
        assert compiled.asm["ptx"].count("ld.global.v4.b32") == WIDE_ACCESSES * 3
        assert compiled.metadata.enable_fp_fusion is False
        assert compiled.metadata.num_warps == WARPS


def test_misaligned_tensors_get_a_program_without_wide_accesses(launched: list) -> None:
    launch("heavy_ball_outside", [4096], skip=1)
    launch("heavy_ball_outside", [4096, 4096], skip=1)
    assert [name for name, _, _ in launched] == ["step_one", "step_many"]
    for _, _, compiled in launched:
        assert not re.search(r"(ld|st)\.global\.v", compiled.asm["ptx"])


def test_the_next_step_compiles_nothing(launched: list) -> None:
    for _ in range(3):
        launch("adam_torch", [5000, 1, 3000])
    assert len({id(compiled) for _, _, compiled in launched}) == 1
