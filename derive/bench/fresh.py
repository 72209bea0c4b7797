"""Measuring in fresh processes, where no cache is warm."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

from derive.errors import DeriveError


def call(module: str, *arguments: str) -> Any:
    """What ``python -m module arguments`` prints as JSON. Raises DeriveError with its last words if it fails."""
    done = subprocess.run([sys.executable, "-m", module, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        words = done.stderr.strip().splitlines() or ["no message"]
        raise DeriveError(f"the measurement {module} failed: {words[-1]}")
    return json.loads(done.stdout)


def seconds(arguments: Sequence[str]) -> float:
    """How long ``python arguments`` takes, start of the interpreter included."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=False)
    taken = time.perf_counter() - start
    if done.returncode:
        raise DeriveError(f"python {' '.join(arguments)} failed, so it cannot be timed")
    return taken
