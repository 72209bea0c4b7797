"""Sharded parameters (DTensor, two processes): every shard has the bits that the whole has without sharding."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import torch.distributed

PROGRAM = Path(__file__).with_name("two_processes.py")
LIMIT = 120


def test_two_processes_compute_what_one_does(tmp_path: Path) -> None:
    assert torch.distributed.is_gloo_available()
    # The processes meet in a file: no port is chosen that another program might have.
    environment = {**os.environ, "GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, str(PROGRAM), str(tmp_path / "meeting"), str(rank)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        outputs = [process.communicate(timeout=LIMIT)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [(p.returncode, o.strip().splitlines()[-1]) for p, o in zip(processes, outputs, strict=True)] == [
        (0, "equal"),
        (0, "equal"),
    ], outputs
