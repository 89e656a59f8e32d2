"""CMAC_A and CMAC_B: weight sets, dot products, tags and latency against a few lines of Python, every cycle."""

from __future__ import annotations

import random
from dataclasses import dataclass
from random import Random
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from cocotbext.dla import RegisterBus, expect, expect_lanes, reset, start_clock
from cocotbext.dla.pins import number
from cocotbext.dla.stalls import Stall, never, some_stalls

LATENCY = 3
S_STATUS, S_POINTER, D_OP_ENABLE = 0x0, 0x4, 0x8
INPUTS = ("wt_valid", "wt_sel", "wt_pair", "wt_upper", "wt_data", "dat_valid", "dat_data", "dat_swap")
TAGS = ("dat_index", "dat_first", "dat_last", "dat_layer_end")


@dataclass(frozen=True)
class Atom:
    """One atom as driven: 8 bytes, tag bits in the order of TAGS, and whether the next weight set begins."""

    data: bytes
    tag: tuple[int, int, int, int]
    swap: bool


def transfers(weights: list[bytes], lanes: int) -> list[dict[str, int]]:
    """How csc sends a weight set, one entry a cycle: eight lanes of one kernel, or four of two (4 lanes; 8 lanes of
    which the upper four come after all lower ones)."""
    if lanes == 0:
        return [transfer(sel, weight, 0, 0) for sel, weight in enumerate(weights)]
    halves = [[w[:4] for w in weights], [w[4:] for w in weights]][: lanes // 4]
    return [
        transfer(sel, b"".join(half[sel : sel + 2]).ljust(8, b"\0"), int(sel + 1 < len(half)), upper)
        for upper, half in enumerate(halves)
        for sel in range(0, len(half), 2)
    ]


def transfer(sel: int, data: bytes, pair: int, upper: int) -> dict[str, int]:
    value = int.from_bytes(data, "little")
    return {"wt_valid": 1, "wt_sel": sel, "wt_pair": pair, "wt_upper": upper, "wt_data": value}


def signed(data: bytes) -> list[int]:
    """Bytes as int8."""
    return [b - 256 if b > 127 else b for b in data]


class Mac:
    """Drives weight sets and atoms the way csc does, and checks every output cycle."""

    def __init__(self, dut: Any, rng: Random, idle: Stall = never) -> None:
        self.dut, self.rng, self.idle = dut, rng, idle
        self.depth = 1 << len(dut.dat_index)
        dut.unit.value = 0
        start_clock(dut.clk)
        for name in (*INPUTS, *TAGS):
            getattr(dut, name).value = 0
        self.bus = RegisterBus(dut, dut.clk, "reg", dut.rst_n)
        self.active: list[bytes] = []
        self.expected: list[tuple[int, list[int], tuple[int, ...]]] = []  # cycle, sums, tag
        self.cycle = 0

    async def start(self) -> None:
        await reset(self.dut.clk, self.dut.rst_n)
        cocotb.start_soon(self._check())

    def value(self) -> bytes:
        """Eight random lanes, often extreme."""
        if self.rng.random() < 0.3:
            return bytes(self.rng.choice([0x80, 0x7F, 0]) for _ in range(8))
        return self.rng.randbytes(8)

    async def _check(self) -> None:
        dut = self.dut
        held = None  # what left with the last atom: it stands still until the next
        while True:
            await FallingEdge(dut.clk)
            self.cycle += 1
            due = self.expected[0] if self.expected and self.expected[0][0] == self.cycle else None
            valid = 0 if due is None else 3
            expect("mac_valid of the two halves", number(dut.mac_valid), valid)
            if due is None:
                if held is not None:
                    expect("mac_data and mac_index while no atom leaves", self._outputs(), held)
                continue
            self.expected.pop(0)
            _, sums, tag = due
            index, *flags = tag
            where = f"atom {index} of its stripe"
            wanted = sum((s & 0x7FFFF) << 19 * k for k, s in enumerate(sums))
            expect_lanes(f"mac_data, {where}", number(dut.mac_data), wanted, 19, lane="kernel")
            expect(f"mac_index of the two halves, {where}", number(dut.mac_index), index << len(dut.dat_index) | index)
            for name, flag in zip(("mac_first", "mac_last", "mac_layer_end"), flags, strict=True):
                expect(f"{name} of the two halves, {where}", number(getattr(dut, name)), 3 * flag)
            held = self._outputs()

    def _outputs(self) -> tuple[int, int]:
        return number(self.dut.mac_data), number(self.dut.mac_index)

    def weights(self, kernels: int) -> list[bytes]:
        """A random set; in every third one the upper lanes are 0."""
        lanes = self.rng.choice([4, 8, 8])
        return [self.value()[:lanes].ljust(8, b"\0") for _ in range(kernels)]

    def transfers(self, weights: list[bytes]) -> list[dict[str, int]]:
        """One of the ways in which csc may send the set."""
        narrow = not any(any(w[4:]) for w in weights)
        return transfers(weights, self.rng.choice([0, 4 if narrow else 8, 8]))

    async def operation(self, kernels: int, atoms: int, layer_end: bool = False) -> None:
        """Load a set of `kernels`, then send `atoms` atoms; weights of the next set are not overlapped."""
        weights = self.weights(kernels)
        await self.load(weights)
        await self.send(weights, atoms, layer_end)

    async def load(self, weights: list[bytes]) -> None:
        for values in self.transfers(weights):
            await self.pause()
            self.drive(**values)
            await RisingEdge(self.dut.clk)
        self.drive(wt_valid=0)

    async def send(
        self, weights: list[bytes], atoms: int, layer_end: bool = False, following: list[bytes] | None = None
    ) -> None:
        """Send atoms with `weights`; the set `following` is loaded meanwhile, from the cycle of swap on."""
        queue = self.transfers(following or [])
        loads = len(queue)
        self.active = weights
        for i in range(max(atoms, len(queue))):
            if i < atoms:
                end = layer_end and i == atoms - 1
                tag = (i, self.rng.getrandbits(1), self.rng.getrandbits(1), int(end))
                self.atom(Atom(self.value(), tag, i == 0))
            else:
                self.drive(dat_valid=0)
            if queue:
                self.drive(**queue.pop(0))
            else:
                self.drive(wt_valid=0)
            await RisingEdge(self.dut.clk)
            while i >= loads and i < atoms - 1 and self.idle():
                self.drive(dat_valid=0)
                await RisingEdge(self.dut.clk)
        self.drive(dat_valid=0, wt_valid=0)

    def atom(self, atom: Atom) -> None:
        """Drive one atom and note what must come out."""
        tag = atom.tag
        self.drive(dat_valid=1, dat_data=int.from_bytes(atom.data, "little"), dat_swap=int(atom.swap))
        self.drive(**dict(zip(TAGS, tag, strict=True)))
        sums = [sum(a * b for a, b in zip(signed(atom.data), signed(w), strict=True)) for w in self.active]
        self.expected.append((self.cycle + 1 + LATENCY, sums + [0] * (8 - len(sums)), tag))

    def drive(self, **values: int) -> None:
        for name, value in values.items():
            getattr(self.dut, name).value = value

    async def pause(self) -> None:
        while self.idle():
            self.drive(wt_valid=0)
            await RisingEdge(self.dut.clk)

    async def drain(self) -> None:
        for _ in range(LATENCY + 2):
            await RisingEdge(self.dut.clk)
        expect("atoms that did not come out", len(self.expected), 0)


async def begin(dut: Any, stalls: bool = False) -> Mac:
    rng = Random(random.getrandbits(32))
    mac = Mac(dut, rng, some_stalls(rng) if stalls else never)
    await mac.start()
    return mac


@cocotb.test()
@cocotb.parametrize(kernels=range(1, 9))
async def partial_sets(dut: Any, kernels: int) -> None:
    """Absent kernels give 0, also after a set that had them."""
    mac = await begin(dut, stalls=True)
    for count in (8, kernels, 8, kernels, 1, kernels, kernels, 8, kernels):
        await mac.operation(count, mac.rng.randint(1, mac.depth))
    await mac.drain()


@cocotb.test()
async def overlapped_sets(dut: Any) -> None:
    """The next set is loaded from the cycle of the swap on, without a gap between operations."""
    mac = await begin(dut)
    sets = [mac.weights(mac.rng.randint(1, 8)) for _ in range(90)]
    await mac.load(sets[0])
    for weights, following in zip(sets, [*sets[1:], None], strict=True):
        await mac.send(weights, mac.rng.choice([1, 2, 7, 8, mac.depth]), False, following)
    await mac.drain()


@cocotb.test()
async def extreme_sums(dut: Any) -> None:
    """The largest and the smallest sum fit 19 bits."""
    mac = await begin(dut)
    for weight, data in ((b"\x80", b"\x80"), (b"\x80", b"\x7f"), (b"\x7f", b"\x7f"), (b"\x7f", b"\x80")):
        await mac.load([weight * 8] * 8)
        mac.value = lambda data=data: data * 8  # type: ignore[method-assign]
        await mac.send([weight * 8] * 8, 3, False)
    await mac.drain()


@cocotb.test()
@cocotb.parametrize(unit=[0, 1])
async def layers_end_with_their_tag(dut: Any, unit: int) -> None:
    """OP_EN of the running group clears when the last atom of the layer leaves; two groups queue."""
    mac = await begin(dut)
    for half in (0, 1):
        dut.unit.value = half
        await mac.bus.write_all([(S_POINTER, 0), (D_OP_ENABLE, 1), (S_POINTER, 1), (D_OP_ENABLE, 1)])
    dut.unit.value = unit
    status = f"CMAC_{'AB'[unit]}.S_STATUS"
    expect(status, await mac.bus.read(S_STATUS), 2 << 16 | 1, show=hex)
    await mac.operation(8, 5)
    await mac.drain()
    expect(status, await mac.bus.read(S_STATUS), 2 << 16 | 1, show=hex)
    await mac.operation(8, 5, layer_end=True)
    await mac.drain()
    expect(status, await mac.bus.read(S_STATUS), 1 << 16, show=hex)
    await mac.operation(3, 2, layer_end=True)
    await mac.drain()
    expect(status, await mac.bus.read(S_STATUS), 0, show=hex)


@cocotb.test()
@cocotb.parametrize(cycles=range(LATENCY + 1))
async def reset_on_the_way(dut: Any, cycles: int) -> None:
    """A reset so many cycles after atoms came in: none of them leaves, in reset or after it, and the next are right."""
    mac = await begin(dut)
    weights = mac.weights(8)
    await mac.load(weights)
    await mac.send(weights, 1)
    for _ in range(cycles):
        await RisingEdge(dut.clk)
    mac.expected.clear()
    await reset(dut.clk, dut.rst_n)
    await mac.drain()
    await mac.operation(mac.rng.randint(1, 8), 5)
    await mac.drain()
