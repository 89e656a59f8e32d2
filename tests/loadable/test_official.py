"""Loadables of the public compiler and its kernel regression, as they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cocodla.loadable import parse_loadable, write_loadable
from cocodla.loadable.buffers import Buffers
from cocodla.loadable.images import to_dimg
from cocodla.loadable.machine import Machine
from cocodla.loadable.network import open_network
from cocodla.loadable.schedule import Firmware
from cocodla.loadable.task import read_task
from cocodla.program.commands import Command, Mark, PollRegister, ReadRegister, WaitInterrupt, WriteRegister
from cocodla.program.txn import read_txn
from cocodla.registers import MAP
from cocodla.runtime import rtl
from cocodla.runtime.loadables import elements, run_image

STATUS = MAP["GLB.S_INTR_STATUS"].address
FILES = ("PDP_L0_0_small_fbuf", "SDP_X1_L0_0_small_fbuf", "lenet_official_nv_small.nvdla")
PLACES = {1: 0xC0008000, 2: 0xC0016000, 3: 0xC0100000, 4: 0xC0101000, 5: 0xC0102000, 6: 0xC0103000, 7: 0xC0104000}
PLACES |= {8: 0xC0106000, 9: 0xC0108000, 10: 0xC0180000}
"""Where the driver had put the memories when the log was recorded (memory.txt beside it)."""


def accesses(commands: list[Command]) -> Iterator[tuple[str, int, int]]:
    """Register accesses as a log tells them: a wait is a read of the status, and what clears it a write."""
    for command in commands:
        match command:
            case WriteRegister(address, value):
                yield "write", address, value
            case ReadRegister(address, _, expected) if address != STATUS or expected:
                yield "read", address, expected
            case PollRegister(address, _, expected):
                yield "read", address, expected
            case WaitInterrupt(bits, clear):
                yield "read", STATUS, bits
                if clear:
                    yield "write", STATUS, bits


def test_lenet_makes_the_674_accesses_of_its_log(shared: Path) -> None:
    """The same registers, values and reads in the same order, given the interrupts as they came there."""
    log = list(read_txn(shared / "traces" / "official_lenet" / "lenet.txn"))
    path = shared / "loadables" / FILES[2]
    task = read_task(Buffers(parse_loadable(path.read_bytes(), path), 0x80000000, PLACES), 0)
    interrupts = iter([command.bits for command in log if isinstance(command, WaitInterrupt)])
    ours = list(accesses(Firmware(task, Machine(), lambda operation: Mark(str(operation)), interrupts).run()))
    assert len(ours) == 674
    assert ours == list(accesses(log))


def test_lenet_gives_the_scores_of_the_log(shared: Path) -> None:
    path = shared / "loadables" / FILES[2]
    network = open_network(path, path.read_bytes())
    image = (shared / "traces" / "official_lenet" / "mem_c0016000.bin").read_bytes()
    run = run_image(network, {"data": image})
    _, *words = (shared / "traces" / "official_lenet" / "expected_output.txt").read_text().splitlines()[-1].split()
    (scores,) = run.buffers.values()
    assert scores == bytes.fromhex("".join(words))[:10]


@pytest.mark.parametrize("name", FILES[:2])
def test_regression_files_give_their_goldens(shared: Path, name: str) -> None:
    path = shared / "loadables" / name
    network = open_network(path, path.read_bytes())
    run = run_image(network, {})
    (port,) = network.outputs
    (values,) = elements(network, [run])[port.name]
    stem = name.removesuffix("_fbuf")
    assert to_dimg(values, port.form, port.size) == (path.parent / f"{stem}.dimg").read_bytes()
    assert run.buffers[port.name] == (path.parent / f"{stem}_full.bin").read_bytes()


@pytest.mark.parametrize("name", FILES)
def test_on_the_rtl(shared: Path, name: str) -> None:
    path = shared / "loadables" / name
    network = open_network(path, path.read_bytes())
    image = (shared / "traces" / "official_lenet" / "mem_c0016000.bin").read_bytes()
    inputs = {port.name: image for port in network.inputs}
    run = run_image(network, inputs, rtl.Simulation(seed=1))
    assert run.passed and run.tensors > 0 and run.cycles > 0
    assert run.buffers == run_image(network, inputs).buffers


@pytest.mark.parametrize("name", FILES)
def test_containers_are_written_as_they_are_read(shared: Path, name: str) -> None:
    path = shared / "loadables" / name
    tables = parse_loadable(path.read_bytes(), path)
    assert parse_loadable(write_loadable(tables), path) == tables
