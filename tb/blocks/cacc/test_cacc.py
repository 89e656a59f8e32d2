"""CACC: accumulation, CLIP_TRUNCATE rounding, delivery, credits, interrupts."""

from __future__ import annotations

import random
from functools import partial
from random import Random
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, RisingEdge

from cocodla.golden.convolution import truncate
from cocodla.registers import MAP
from cocotbext.dla import (
    ICARUS,
    RegisterBus,
    StreamChecker,
    StreamSink,
    expect,
    expect_beats,
    expect_lanes,
    hang,
    require,
    reset,
    start_clock,
)
from cocotbext.dla.pins import Output, high, number
from cocotbext.dla.stalls import Stall, never, some_stalls, steps

INPUTS = ("mac_valid", "mac_a_data", "mac_b_data", "mac_index", "mac_first", "mac_last", "mac_layer_end")
LIMIT = 8 * 128 * 128  # largest magnitude of one MAC result


class Acc:
    """Sends stripes as cmac does, keeps the credits csc would, compares what leaves with int64 sums."""

    def __init__(self, dut: Any, rng: Random, idle: Stall = never, backpressure: Stall = never) -> None:
        self.dut, self.rng, self.idle = dut, rng, idle
        start_clock(dut.clk)
        self.pins = {name: Output(getattr(dut, name)) for name in INPUTS}
        self.bus = RegisterBus(dut, dut.clk, "reg", dut.rst_n)
        self.depth, self.room = number(dut.ACC_DEPTH), number(dut.FIFO_DEPTH)
        self.cycle, self.credits = 0, self.room
        self.taken: list[int] = []
        self.interrupts: list[tuple[int, int]] = []
        self.expected: list[int] = []
        self.places: list[str] = []  # what each expected atom is of
        self.stripes = 0
        self.group = 0
        cocotb.start_soon(self._count())  # first of all that wake in a cycle
        self.sink = StreamSink(
            dut, "cacc2sdp", dut.clk, reset_n=dut.rst_n, backpressure=backpressure, callback=self._stamp
        )
        StreamChecker(dut, "cacc2sdp", dut.clk, reset_n=dut.rst_n)

    async def start(self) -> None:
        await reset(self.dut.clk, self.dut.rst_n)
        cocotb.start_soon(self._watch())

    async def _count(self) -> None:
        while True:
            await FallingEdge(self.dut.clk)
            self.cycle += 1

    def _stamp(self, _: Any) -> None:
        self.taken.append(self.cycle)

    async def _watch(self) -> None:
        while True:
            await FallingEdge(self.dut.clk)
            self.credits += high(self.dut.credit)
            require(self.credits <= self.room, f"credit: more came back than were spent ({self.room} places in all)")
            if bits := number(self.dut.cacc_intr):
                self.interrupts.append((self.cycle, bits))

    async def enable(self, shift: int) -> None:
        """Program the next group."""
        clip = MAP["CACC.D_CLIP_CFG"]
        await self.bus.write_all([
            (MAP["CACC.S_POINTER"].address, self.group),
            (clip.address, clip.encode(CLIP_TRUNCATE=shift)),
            (MAP["CACC.D_OP_ENABLE"].address, 1),
        ])
        self.group ^= 1

    def results(self, shape: tuple[int, ...]) -> np.ndarray:
        """Random MAC results, often of the largest magnitude (so that sums reach far)."""
        bits = np.random.default_rng(self.rng.getrandbits(64))
        if self.rng.random() < 0.3:
            return bits.choice(np.array([-LIMIT, LIMIT]), shape)
        return bits.integers(-LIMIT, LIMIT + 1, shape) >> self.rng.choice([0, 0, 8, 16])

    async def stripe(self, length: int, operations: int, shift: int, end: bool = False) -> None:
        """One stripe of `length` positions; `end` marks the last atom of the layer."""
        values = self.results((operations, length, 8))
        sums = values.sum(axis=0)
        final = truncate(sums, shift).astype("<i4")
        self.expected += [int.from_bytes(row.tobytes(), "little") for row in final]
        self.places += [f"stripe {self.stripes}, position {index}, shift {shift}" for index in range(length)]
        self.stripes += 1
        edge, valid = RisingEdge(self.dut.clk), self.pins["mac_valid"]
        words = packed(values)
        for op in range(operations):
            last = op == operations - 1
            for index in range(length):
                while (last and self.credits == 0) or self.idle():
                    valid.drive(0)
                    await edge
                self.credits -= last
                self._drive(*words[op][index], index, op == 0, last, end and last and index == length - 1)
                await edge
            if length == 1:  # an operation takes two cycles at least
                valid.drive(0)
                await edge
        valid.drive(0)

    def _drive(self, *values: int) -> None:
        """One MAC result: data of both halves, index, first, last, layer_end."""
        for pin, value in zip(self.pins.values(), (1, *values), strict=True):
            pin.drive(value)

    async def until_idle(self, group: int) -> None:
        """Wait until CACC.S_STATUS of a group is IDLE."""
        for _ in range(5000):
            if not await self.bus.read(MAP["CACC.S_STATUS"].address) >> 16 * group & 3:
                return
        raise hang(f"CACC.S_STATUS of group {group} does not become IDLE")

    async def drain(self) -> None:
        """Wait for all results and compare."""
        for _ in range(5000):
            if len(self.sink.items) >= len(self.expected):
                break
            await RisingEdge(self.dut.clk)
        for _ in range(8):
            await RisingEdge(self.dut.clk)
        check = partial(expect_lanes, bits=32)
        expect_beats("cacc2sdp", self.sink.items, self.expected, self.sink.times, self.places.__getitem__, check)
        expect("credit: places free when all atoms have left", self.credits, self.room)


def packed(results: np.ndarray) -> list[list[tuple[int, int]]]:
    """MAC results (operations, positions, 8) as words of mac_a_data and mac_b_data, 19 bits a lane, by both."""
    lanes = np.asarray(results, np.int64) & 0x7FFFF
    halves = []
    for half in (lanes[..., :4], lanes[..., 4:]):
        low = half[..., 0] | half[..., 1] << 19 | half[..., 2] << 38  # the fourth would leave 64 bits
        halves.append([[a | b << 57 for a, b in zip(*rows, strict=True)]
                       for rows in zip(low.tolist(), half[..., 3].tolist(), strict=True)])  # fmt: skip
    return [list(zip(*rows, strict=True)) for rows in zip(*halves, strict=True)]


async def begin(dut: Any, stalls: bool = False) -> Acc:
    rng = Random(random.getrandbits(32))
    acc = Acc(dut, rng, some_stalls(rng), some_stalls(rng)) if stalls else Acc(dut, rng)
    await acc.start()
    return acc


@cocotb.test()
@cocotb.parametrize(shift=range(32))
async def rounding(dut: Any, shift: int) -> None:
    """Every CLIP_TRUNCATE: ties away from zero, the lost bits above 16, extreme sums."""
    acc = await begin(dut)
    await acc.enable(shift)
    for _ in range(12):
        await acc.stripe(acc.rng.randint(1, acc.depth), acc.rng.choice([1, 2, 3, 40]), shift)
    await ties(acc, shift)
    await acc.drain()


async def ties(acc: Acc, shift: int) -> None:
    """Sums on a tie and one beside it, of both signs (as far as one operation reaches)."""
    half = (1 << shift) >> 1
    near = [k * half + d for k in (-3, -2, -1, 0, 1, 2, 3) for d in (-1, 0, 1)]
    values = [v for v in near if abs(v) <= LIMIT] or [0]
    values += [-65535, -65534, -32768, 32767]  # the examples of the spec for shift 17
    for start in range(0, len(values), 8):
        row = np.array((values[start : start + 8] + [0] * 8)[:8])
        acc.results = lambda shape, row=row: np.broadcast_to(row, shape)  # type: ignore[method-assign]
        await acc.stripe(2, 1, shift)


@cocotb.test()
@cocotb.parametrize(shift=[18, 24] if ICARUS else [18, 24, 29, 30, 31])
async def rounding_of_large_sums(dut: Any, shift: int) -> None:
    """Ties that only many operations reach, up to 2^30 and 3 * 2^29, both signs, both sides of each, lane by lane."""
    acc = await begin(dut)
    await acc.enable(shift)
    halves = [tie << (shift - 1) for tie in ((1, 3) if shift < 31 else (1,))]
    # Lanes: the tie and its neighbours of either sign. Operations are the largest product, the last one the rest.
    sums = np.array([[half - 1, half, half + 1, half, -half - 1, -half, -half + 1, -half] for half in halves])
    values = np.zeros((max(halves) // LIMIT + 1, len(halves), 8), np.int64)
    for position, half in enumerate(halves):
        values[: half // LIMIT, position] = np.sign(sums[position]) * LIMIT
    values[-1] = sums - values.sum(axis=0)
    acc.results = lambda shape: values  # type: ignore[method-assign]
    await acc.stripe(len(halves), len(values), shift)
    await acc.drain()


@cocotb.test()
async def largest_legal_sum(dut: Any) -> None:
    """The sum of the largest kernel, 31 * 4096 bytes, of either sign in each lane."""
    acc = await begin(dut)
    await acc.enable(0)
    signs = np.resize([1, -1], 8)
    values = np.broadcast_to(LIMIT * np.array([signs, -signs]), (31 * 4096 // 8, 2, 8))
    acc.results = lambda shape: values  # type: ignore[method-assign]
    await acc.stripe(2, len(values), 0)
    await acc.drain()


@cocotb.test()
async def single_lanes(dut: Any) -> None:
    """Each lane alone not 0, of either sign, through the sum and the rounding."""
    acc = await begin(dut)
    await acc.enable(1)
    for lane in range(8):
        values = np.zeros((2, 2, 8), np.int64)
        values[:, 0, lane], values[:, 1, lane] = (5, LIMIT), (-5, -LIMIT)
        acc.results = lambda shape, values=values: values  # type: ignore[method-assign]
        await acc.stripe(2, 2, 1)
    await acc.drain()


@cocotb.test()
async def random_stripes(dut: Any) -> None:
    """Stripes of all lengths with stalls on both sides."""
    acc = await begin(dut, stalls=True)
    shift = acc.rng.randint(0, 31)
    await acc.enable(shift)
    for _ in range(60):
        await acc.stripe(acc.rng.randint(1, acc.depth), acc.rng.randint(1, 5), shift)
    await acc.drain()


@cocotb.test()
async def one_atom_a_cycle(dut: Any) -> None:
    """A single operation a stripe: an atom enters and leaves in every cycle, the credits hide the round trip."""
    acc = await begin(dut)
    await acc.enable(0)
    for _ in range(20):
        await acc.stripe(acc.depth, 1, 0)
    await acc.drain()
    expect("cycles from the first atom to the last", acc.taken[-1] - acc.taken[0], 20 * acc.depth - 1)


@cocotb.test()
async def stalled_sink_fills_the_buffer(dut: Any) -> None:
    """With SDP stopped, as many atoms are held as there are places, and nothing is lost."""
    stopped = True
    rng = Random(random.getrandbits(32))
    acc = Acc(dut, rng, never, lambda: stopped)
    await acc.start()
    await acc.enable(3)
    length = min(acc.depth, acc.room)
    for _ in range(acc.room // length):
        await acc.stripe(length, 2, 3)
    for _ in range(20):
        await RisingEdge(dut.clk)
    expect("credits left with SDP stopped", acc.credits, 0)
    expect("atoms that left with SDP stopped", len(acc.sink.items), 0)
    stopped = False
    await acc.drain()


@cocotb.test()
async def last_place_of_the_buffer(dut: Any) -> None:
    """All places are taken, and SDP takes 1, 2, ... 40 atoms in a row: the last place is taken while one comes back."""
    acc = Acc(dut, Random(random.getrandbits(32)), never, steps())
    await acc.start()
    await acc.enable(2)
    for _ in range(-(-900 // acc.depth)):
        await acc.stripe(acc.depth, 1, 2)
    await acc.drain()


@cocotb.test()
async def layers(dut: Any) -> None:
    """Queued layers use the shift of their group; OP_EN clears at delivery, the interrupt comes when SDP took all."""
    acc = await begin(dut, stalls=True)
    shifts = [acc.rng.randint(0, 31) for _ in range(8)]
    ends = []
    await acc.enable(shifts[0])
    for i, shift in enumerate(shifts):
        if i + 1 < len(shifts):
            await acc.enable(shifts[i + 1])
        for _ in range(3):
            await acc.stripe(acc.rng.randint(1, acc.depth), 2, shift)
        await acc.stripe(acc.rng.randint(1, acc.depth), 1, shift, end=True)
        ends.append(len(acc.expected) - 1)
        await acc.until_idle(i & 1)
    await acc.drain()
    due = [(acc.taken[end], 1 << (i & 1)) for i, end in enumerate(ends)]
    expect_beats("cacc_intr (cycle, group bits)", acc.interrupts, due, place="layer {}".format)
    expect("CACC.D_OUT_SATURATION", await acc.bus.read(MAP["CACC.D_OUT_SATURATION"].address), 0)


@cocotb.test()
async def reset_with_a_full_buffer(dut: Any) -> None:
    """A reset while SDP has stopped and all places are taken, within a layer of group 1: all are free again."""
    stopped = True
    acc = Acc(dut, Random(random.getrandbits(32)), never, lambda: stopped)
    await acc.start()
    await acc.enable(3)
    length = min(acc.depth, acc.room)
    for part in range(acc.room // length):
        await acc.stripe(length, 1, 3, end=part == 0)
        if part == 0:
            await acc.enable(3)
    for _ in range(20):
        await RisingEdge(dut.clk)
    expect("credits left with SDP stopped", acc.credits, 0)
    await reset(dut.clk, dut.rst_n)
    acc.credits, acc.group, stopped = acc.room, 0, False
    acc.expected.clear()
    acc.places.clear()
    await acc.enable(5)
    for part in range(5):
        await acc.stripe(acc.depth, 2, 5, end=part == 4)
    await acc.drain()
    expect("cacc_intr, groups", [bits for _, bits in acc.interrupts], [1])


@cocotb.test()
@cocotb.parametrize(cycles=range(6))
async def reset_on_the_way(dut: Any, cycles: int) -> None:
    """A reset so many cycles after the last atom of a layer came in: no atom leaves, no interrupt comes."""
    stopped = True
    acc = Acc(dut, Random(random.getrandbits(32)), never, lambda: stopped)
    await acc.start()
    await acc.enable(3)
    await acc.stripe(4, 1, 3, end=True)
    for _ in range(cycles):
        await RisingEdge(dut.clk)
    await reset(dut.clk, dut.rst_n)
    acc.credits, acc.group, stopped = acc.room, 0, False
    acc.expected.clear()
    acc.places.clear()
    for _ in range(20):
        await RisingEdge(dut.clk)
    expect("atoms, interrupts after the reset", (len(acc.sink.items), len(acc.interrupts)), (0, 0))
    await acc.enable(5)
    await acc.stripe(acc.depth, 2, 5, end=True)
    await acc.drain()
    expect("cacc_intr, groups", [bits for _, bits in acc.interrupts], [1])
