"""Random programs written as public traces come back with the same effect: every spelling, both groups, many layers."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest

from cocodla.golden import run
from cocodla.program import CheckMemory, FillMemory, WaitInterrupt
from cocodla.program.trace import read_trace
from cocodla.runtime import rtl
from cocodla.runtime.traces import run_trace

from .trace_writer import TraceWriter

BASES = (0x8000_0000, 0x1000, 0xA000_0020, 0x9000_01C0)


@pytest.mark.parametrize("seed", range(12))
def test_a_trace_of_random_layers_gives_its_crcs(seed: int, tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path, seed, pieces=12, base=BASES[seed % len(BASES)])
    writer.write()
    program = read_trace(tmp_path)
    execution = run(program)
    assert execution.failures == []
    assert len(execution.observations) >= writer.checks == len(writer.layers) + 1
    assert sum(isinstance(command, CheckMemory) for command in program) == writer.checks
    assert {command.bits for command in program if isinstance(command, WaitInterrupt)} >= {1, 2}


@pytest.mark.parametrize(("seed", "sim"), [(20, "verilator"), (21, "verilator"), (22, "verilator"), (23, "icarus")])
def test_a_trace_of_random_layers_on_the_rtl(seed: int, sim: str, tmp_path: Path) -> None:
    """Also on a slow memory: two layers at work, interrupts of both groups, polls, loads while the chip runs."""
    writer = TraceWriter(tmp_path, seed, pieces=12 if sim == "verilator" else 3, base=BASES[seed % len(BASES)])
    writer.write()
    memory = rtl.MemoryModel(latency=20, jitter=30, stall=60)
    outcome = run_trace("random", read_trace(tmp_path), rtl.Simulation(sim=sim, seed=seed, memory=memory))
    assert outcome.golden == [] and outcome.rtl == []
    assert outcome.tallies["RTL"].outputs_equal == writer.checks
    assert outcome.cycles > 0


@pytest.mark.parametrize("seed", range(30, 36))
def test_the_order_of_blocks_does_not_matter(seed: int, tmp_path: Path) -> None:
    """All commands of one block, then all of the next: the streams are merged again."""
    writer = TraceWriter(tmp_path, seed, pieces=8, base=0x8000_0000, polls=False)
    writer.write()
    script = tmp_path / f"{tmp_path.name}.cfg"
    groups: dict[str, list[str]] = {}
    for line in script.read_text().splitlines():
        match = re.search(r"NVDLA_(\w+)\.|sync_\w+\s*\(\s*(?:NVDLA_)?(\w+)", line.split("//")[0])
        groups.setdefault((match[1] or match[2]) if match else "", []).append(line)
    names = sorted(groups)
    Random(seed).shuffle(names)
    script.write_text("\n".join(line for name in names for line in groups[name]))
    execution = run(read_trace(tmp_path))
    assert execution.failures == []
    assert sum(isinstance(command, CheckMemory) for command in read_trace(tmp_path)) == writer.checks


def test_memory_that_no_command_names_is_zero_and_compared(tmp_path: Path) -> None:
    """Without fill and checks the layers read and write memory that the trace does not mention."""
    writer = TraceWriter(tmp_path, 24, pieces=4, base=0x8000_0000)
    writer.write()
    script = tmp_path / f"{tmp_path.name}.cfg"
    lines = script.read_text().splitlines()
    script.write_text("\n".join(line for line in lines if "mem_init" not in line and "check_crc" not in line))
    program = read_trace(tmp_path)
    assert not any(isinstance(command, CheckMemory | FillMemory) for command in program)
    outcome = run_trace("bare", program, rtl.Simulation(seed=1))
    assert outcome.golden == [] and outcome.rtl == []
    assert outcome.tallies["RTL"].outputs >= len(writer.layers)


def test_a_wrong_byte_is_seen(tmp_path: Path) -> None:
    """The CRCs are not those of any memory: one changed data byte of the first file breaks a check."""
    writer = TraceWriter(tmp_path, 3, pieces=4, base=0x8000_0000)
    writer.write()
    path = next(path for path in sorted(tmp_path.glob("*.[dm]*")))
    text = path.read_text()
    start = text.index("payload:0x") + len("payload:")
    path.write_text(text[:start] + f"{int(text[start : start + 4], 0) ^ 0x40:#04x}" + text[start + 4 :])
    assert run(read_trace(tmp_path)).failures
