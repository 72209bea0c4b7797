"""How long `derive list` takes to start, against importing SymPy."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from derive.bench import fresh

#: `list` may take this many times as long as `import sympy`.
RATIO_LIMIT = 1.5

LIST = ("-m", "derive", "list")
SYMPY = ("-c", "import sympy")


@dataclass(frozen=True, slots=True)
class Startup:
    """Seconds of wall time, start of the interpreter included."""

    listing: float
    sympy: float

    @property
    def ratio(self) -> float:
        """How many times as long `list` takes."""
        return self.listing / self.sympy


def measure(repeats: int) -> Startup:
    """The medians of ``repeats`` runs of each, taken in turns so that a busy moment hits both."""
    for arguments in (LIST, SYMPY):
        fresh.seconds(arguments)
    pairs = [(fresh.seconds(LIST), fresh.seconds(SYMPY)) for _ in range(repeats)]
    return Startup(median(a for a, _ in pairs), median(b for _, b in pairs))
