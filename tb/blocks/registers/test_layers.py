"""Register groups while real layers run: status, closed registers, pointers, interrupts; looking at pins only."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any

import cocotb
import numpy as np
from chip import Chip
from cocotb.triggers import FallingEdge

from cocodla.golden import run
from cocodla.hw import surfaces
from cocodla.program import CheckMemory, Program
from cocodla.program.commands import Command, PollRegister, WaitInterrupt, WriteRegister
from cocodla.registers import MAP
from cocodla.stimulus.layers import Allocator, RandomLayer, random_layer
from cocodla.stimulus.sequencer import Sequencer
from cocotbext.dla import ICARUS, Unwritten, expect, hang
from cocotbext.dla.pins import number
from reglib import expect_register
from reglib.board import dual

STATUS, MASK = (MAP[f"GLB.S_INTR_{name}"].address for name in ("STATUS", "MASK"))
POLLS = 20_000
ON_THE_WAY = 4
"""Read requests that a unit may have given away while memory takes none."""

LAST = ("PDP", "CDP", "SDP")
"""The first of these that a layer has ends last; its interrupts are the fields <unit>_DONE_MASK<group>."""
KINDS = {"conv": "convolution", "fused": "convolution_pdp", "sdp": "sdp", "pdp": "pdp", "cdp": "cdp"}
BUS = {"conv": "csb", "fused": "apb", "sdp": "csb", "pdp": "apb", "cdp": "csb"}


async def perform(chip: Chip, commands: Iterable[Command]) -> None:
    """Writes and polls of a sequencer, through the host."""
    for command in commands:
        if isinstance(command, WriteRegister):
            await chip.board.write(command.address, command.value)
        else:
            assert isinstance(command, PollRegister)
            await poll(chip, command.address, command.mask, command.expected)


async def poll(chip: Chip, address: int, mask: int, expected: int) -> None:
    """Read until the masked word is as expected."""
    word = 0
    for _ in range(POLLS):
        word = await chip.board.host.read(address)
        if word & mask == expected:
            return
    raise hang(f"{MAP.at(address).path} stays {word:#010x}, expected {expected:#010x} under {mask:#010x}")


async def closed(chip: Chip, layer: RandomLayer) -> None:
    """Both groups of all units of an enabled pair refuse every write, and show what was written before."""
    for unit in layer.words:
        registers = dual(unit) if not ICARUS else random.sample(dual(unit), min(3, len(dual(unit))))
        for group in (0, 1):
            await chip.board.select(unit, group)
            for register in registers:
                await chip.board.write(register.address, random.getrandbits(32), nposted=random.random() < 0.2)
            await chip.board.enable(unit, 0)
            for register in registers:
                await chip.board.check(register.address)
            await chip.board.check(MAP[f"{unit}.D_OP_ENABLE"].address)
        await chip.board.check(MAP[f"{unit}.S_STATUS"].address)


async def ended(chip: Chip, bits: int, layers: Sequence[RandomLayer]) -> None:
    """The interrupts of the layers come, all of them and no other; then their units are idle, pointers turned."""
    await poll(chip, STATUS, 0xFFFFFFFF, bits)
    chip.board.model.interrupt(bits)
    await chip.line(True)
    await chip.board.write(STATUS, bits)
    await chip.board.check(STATUS)
    await chip.line(False)
    for layer in layers:
        for unit in layer.words:
            chip.board.model.done(unit)
    for unit in {unit for layer in layers for unit in layer.words}:
        await poll(chip, MAP[f"{unit}.S_STATUS"].address, 0xFFFFFFFF, 0)
        await chip.board.check(MAP[f"{unit}.S_POINTER"].address)


async def end_by_themselves(chip: Chip, layer: RandomLayer, group: int) -> None:
    """The line rises with the last interrupt of a layer, though no register is touched until then: nothing that
    happens at the end of a layer, or at the start of the next one, waits for an access."""
    unit = next(unit for unit in LAST if unit in layer.words)
    mask = MAP["GLB.S_INTR_MASK"]
    await chip.board.write(MASK, mask.write_mask & ~mask.encode(**{f"{unit}_DONE_MASK{group}": 1}))
    await chip.board.settle()
    chip.gate = False
    for _ in range(POLLS):
        await FallingEdge(chip.dut.core_clk)
        if number(chip.dut.dla_intr):
            break
    else:
        raise hang(f"{unit} does not end its layer in group {group} while no register is touched")
    await chip.board.write(MASK, 0)


@cocotb.test()
@cocotb.parametrize(kind=["conv", "pdp"] if ICARUS else list(KINDS))
async def layers(dut: Any, kind: str) -> None:
    """Two layers queued while memory answers nothing (RUNNING, PENDING, closed), then released; then one alone. The
    host leaves both layers alone until the last has ended."""
    chip = await Chip(dut).start(BUS[kind], "slow_csb" if kind == "fused" else "one", memory=True)
    rng = np.random.default_rng(random.getrandbits(32))
    allocator, sequencer = Allocator(rng), Sequencer()
    one, two, three = (same_units(rng, KINDS[kind], allocator) for _ in range(3))
    setup: list[Command] = list(one.setup)  # tables of CDP are for all layers
    enabled = [sequencer.enable(layer.words) for layer in (one, two, three)]
    both = enabled[0][1] | enabled[1][1]
    checks = [CheckMemory(x.address, x.layout.size, f"output {i}") for i, x in enumerate((one, two, three))]
    golden = run(
        Program(
            [
                *one.loads, *two.loads, *three.loads, *setup, *enabled[0][0], *enabled[1][0], WaitInterrupt(both),
                *enabled[2][0], WaitInterrupt(enabled[2][1]), *checks,
            ]
        )
    )  # fmt: skip
    assert golden.passed
    for load in (*one.loads, *two.loads, *three.loads):
        chip.memory.write(load.address, load.data)

    chip.gate = True
    await perform(chip, [*setup, *enabled[0][0], *enabled[1][0]])
    for unit in one.words:
        word = await chip.board.host.read(MAP[f"{unit}.S_STATUS"].address)
        expect(f"{unit}.S_STATUS, RUNNING and PENDING", word, 0x0002_0001, show=hex)
    await closed(chip, one)
    await chip.line(False)
    await end_by_themselves(chip, two, 1)
    await ended(chip, both, (one, two))
    await perform(chip, enabled[2][0])
    await ended(chip, enabled[2][1], (three,))
    for unit in one.words:
        word = await chip.board.host.read(MAP[f"{unit}.S_POINTER"].address)
        expect(f"{unit}.S_POINTER.CONSUMER after three layers", word >> 16, 1)
        for group in (0, 1):
            await chip.board.select(unit, group)
            await chip.board.check_unit(unit, writable_only=True)
    chip.dbb.finish()
    chip.memory.unwritten = Unwritten.ZERO  # gaps of the outputs
    for observation in golden.observations:
        check = next(c for c in checks if c.name == observation.name)
        got = chip.memory.read(check.address, check.length)
        wrong = next((i for i, pair in enumerate(zip(got, observation.data, strict=True)) if pair[0] != pair[1]), 0)
        where = f"{kind}: {check.name}, byte {wrong} (address {check.address + wrong:#010x})"
        expect(where, got[wrong], observation.data[wrong])


def same_units(rng: np.random.Generator, kind: str, allocator: Allocator) -> RandomLayer:
    """A small layer of a kind; behind a convolution without operands from memory, so that all have the same units. A
    reader has more to ask for than can be under way to a memory that takes nothing."""
    convolution, fused = kind.startswith("convolution"), kind.endswith("_pdp")
    while True:
        layer = random_layer(rng, kind, allocator, 2 if ICARUS else 4)
        if convolution:
            if "SDP_RDMA" not in layer.words and fused == ("PDP" in layer.words):
                return layer
        elif atoms_read(layer) > ON_THE_WAY:
            return layer


def atoms_read(layer: RandomLayer) -> int:
    """Atoms of the cube that a layer reads from memory."""
    unit = next(unit for unit in layer.words if unit.endswith("_RDMA"))
    sizes = {name.rsplit("_", 1)[-1]: word + 1 for name, word in layer.words[unit].items() if "DATA_CUBE" in name}
    return sizes["WIDTH"] * sizes["HEIGHT"] * surfaces(sizes["CHANNEL"])


@cocotb.test()
async def reader_without_work(dut: Any) -> None:
    """SDP_RDMA with no engine on ends at once: pointer turned, no interrupt (programming.md section 2)."""
    chip = await Chip(dut).start()
    feature, b, n = (MAP[f"SDP_RDMA.D_{name}"] for name in ("FEATURE_MODE_CFG", "BRDMA_CFG", "NRDMA_CFG"))
    await chip.board.write(feature.address, feature.encode(FLYING_MODE="ON"))
    for register, name in ((b, "BRDMA_DISABLE"), (n, "NRDMA_DISABLE")):
        await chip.board.write(register.address, register.encode(**{name: "YES"}))
    await chip.board.host.write(MAP["SDP_RDMA.D_OP_ENABLE"].address, 1)
    await poll(chip, MAP["SDP_RDMA.S_POINTER"].address, 1 << 16, 1 << 16)
    await poll(chip, MAP["SDP_RDMA.S_STATUS"].address, 0xFFFFFFFF, 0)
    await chip.both(100)
    expect_register(STATUS, await chip.board.host.read(STATUS), 0)
