"""Register logs of other people's drivers on the RTL: every read as recorded, the output as their hardware made it."""

from __future__ import annotations

from pathlib import Path

from cocodla.golden import run as run_golden
from cocodla.program.commands import CheckMemory
from cocodla.program.txn import read_txn
from cocodla.runtime import rtl


def test_lenet_of_the_public_compiler(shared: Path) -> None:
    """A whole network; SDP_RDMA's pointer shows that operands waiting for the convolution keep its layer open."""
    folder = shared / "traces" / "official_lenet"
    address, *words = (folder / "expected_output.txt").read_text().splitlines()[-1].split()
    expected = bytes.fromhex("".join(words))
    program = read_txn(folder / "lenet.txn", folder / "memory.txt")
    program.append(CheckMemory(int(address, 0), len(expected), "scores", expected))
    assert not run_golden(program).failures
    execution = rtl.run(program, rtl.Simulation(seed=1))
    assert not execution.failures
