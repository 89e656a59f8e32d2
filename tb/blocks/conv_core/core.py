"""Bench of the convolution core: runs sequences of layers in alternating groups and checks every output."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from cocodla.hw import surfaces
from cocodla.registers import MAP
from cocotbext.dla import (
    Cube,
    RegisterBus,
    StreamChecker,
    StreamSink,
    described,
    expect,
    expect_beats,
    expect_lanes,
    explained,
    hang,
    never,
    reset,
    start_clock,
)
from cocotbext.dla.pins import number
from cocotbext.dla.stalls import Stall
from convlib.fetch import Fetch
from convlib.layer import Layer, registers
from cubelib.views import view_beats

UNITS = ("CSC", "CMAC_A", "CMAC_B", "CACC")
ENABLE_ORDER = ("CACC", "CMAC_A", "CMAC_B", "CSC")
PATIENCE = 20_000
"""Cycles without an output or an entry after which a run counts as stuck."""


class Core:
    """One convolution core with fetch, sink and checkers. Layers pass through `run` in order."""

    def __init__(self, dut: Any, rng: Random, idle: Stall = never, backpressure: Stall = never) -> None:
        self.dut, self.rng = dut, rng
        start_clock(dut.clk)
        dut.unit.value = 0
        self.bus = RegisterBus(dut, dut.clk, "reg", dut.rst_n)
        self.fetch = Fetch(dut, rng, idle)
        self.taken: list[int] = []  # cycle of every atom taken
        self.interrupts: list[tuple[int, int]] = []  # cycle, group bits
        self.sink = StreamSink(
            dut, "cacc2sdp", dut.clk, reset_n=dut.rst_n, backpressure=backpressure, callback=self._stamp
        )
        StreamChecker(dut, "cacc2sdp", dut.clk, reset_n=dut.rst_n)
        self.programmed = 0
        self.enabled: list[int] = []  # cycle of csc's OP_EN, per layer

    def _stamp(self, _: Any) -> None:
        self.taken.append(self.fetch.cycle)

    async def start(self) -> None:
        """Reset; afterwards the unit is idle."""
        await reset(self.dut.clk, self.dut.rst_n)
        cocotb.start_soon(self._watch_interrupts())

    async def reset(self) -> None:
        """Reset the core with whatever is under way; fetch and sink forget it."""
        self.fetch.restart()
        await reset(self.dut.clk, self.dut.rst_n)
        self.sink.clear()
        self.taken.clear()
        self.interrupts.clear()
        self.programmed = 0

    async def _watch_interrupts(self) -> None:
        edge, interrupt = FallingEdge(self.dut.clk), self.dut.cacc_intr
        while True:
            await edge
            if bits := number(interrupt):
                self.interrupts.append((self.fetch.cycle, bits))

    async def read(self, path: str) -> int:
        """Register read by name."""
        self.dut.unit.value = UNITS.index(path.split(".")[0])
        return await self.bus.read(MAP[path].address)

    async def program(self, layer: Layer, fill: bool = True) -> None:
        """Write and enable one layer in the next group; waits for a free group. Order: consumers first."""
        group = self.programmed & 1
        self.programmed += 1
        values = registers(layer.config, self.rng if fill else None)
        for unit in ENABLE_ORDER:
            while await self.read(f"{unit}.S_STATUS") >> 16 * group & 3:
                pass
            self.dut.unit.value = UNITS.index(unit)
            writes = [(MAP[f"{unit}.S_POINTER"].address, group), *values[unit]]
            await self.bus.write_all([*writes, (MAP[f"{unit}.D_OP_ENABLE"].address, 1)])
        self.enabled.append(self.fetch.cycle)

    async def run(self, layers: list[Layer], fetch_first: bool = False) -> int:
        """Program the layers one after the other, as soon as a group is free, and check all results.

        fetch_first: all data wait in CBUF before the first layer is enabled (they must fit).
        Returns the cycle in which the first layer was enabled in csc.
        """
        self.enabled.clear()
        before, expected = len(self.sink.items), [layer.expected() for layer in layers]
        if fetch_first:
            self.fetch.layers += layers
            await self.until(lambda: self.fetch.idle_now)
        cocotb.start_soon(self._program(layers, not fetch_first))
        for index, atoms in enumerate(expected):
            await self.until(lambda wanted=before + len(atoms): len(self.sink.items) >= wanted)
            end = before + len(atoms)
            config = layers[index].config
            cube = Cube(config.out_width, config.out_height, surfaces(config.kernels))
            got, times = self.sink.items[before:end], self.sink.times[before:end]
            where = f"cacc2sdp, layer {index + 1} of {len(layers)}"
            with described([config]), explained(partial(view_beats, where, cube, atoms, got, 4)):
                expect_beats(where, got, atoms, times, cube.cell, partial(expect_lanes, bits=32))
            before = end
        dones = len(self.fetch.layers)
        await self.until(lambda: len(self.fetch.csc_dones) >= dones and self.fetch.idle_now)
        for _ in range(10):
            await RisingEdge(self.dut.clk)
        expect("cacc2sdp, atoms of all layers", len(self.sink.items), before)
        return self.enabled[0]

    async def _program(self, layers: list[Layer], fetch: bool) -> None:
        for layer in layers:
            self.dut._log.debug("layer %s", layer.config)
            early = fetch and self.rng.random() < 0.5  # CDMA may be ahead of CSC or behind it
            if early:
                self.fetch.layers.append(layer)
            await self.program(layer)
            if fetch and not early:
                self.fetch.layers.append(layer)

    async def until(self, condition: Any) -> None:
        """Wait for a condition; fails after PATIENCE cycles without progress."""
        seen, since = None, self.fetch.cycle
        edge = RisingEdge(self.dut.clk)
        while not condition():
            await edge
            now = (len(self.sink.items), len(self.fetch.entries), len(self.fetch.weights.held))
            if now != seen:
                seen, since = now, self.fetch.cycle
            if self.fetch.cycle - since >= PATIENCE:
                busy = [unit for unit in UNITS if await self.read(f"{unit}.S_STATUS")]
                raise hang(
                    f"no progress for {PATIENCE} cycles: {now[0]} atoms out, {now[1]} data entries in, {now[2]} weight "
                    f"entries held; layers that CSC has ended {len(self.fetch.csc_dones)} of {len(self.fetch.layers)}; "
                    f"not idle: {', '.join(busy) or 'none'}"
                )

    def check_freed(self, layers: list[Layer]) -> None:
        """After a run: what is left in the rings is what the last layer keeps."""
        config = layers[-1].config
        keep = config.height if config.skip_data_release else config.height - config.release_lines
        expect("dat_rls (CSC), data entries left in the ring", len(self.fetch.data.held), keep * config.entries)
        left = config.weight_bytes // 8 if config.skip_weight_release else 0
        expect("wt_rls (CSC), weight entries left in the ring", len(self.fetch.weights.held), left)

    def check_interrupts(self, layers: list[Layer]) -> None:
        """One interrupt a layer, groups in turn, when its last atom is taken."""
        sizes = [layer.config.out_width * layer.config.out_height * surfaces(layer.config.kernels) for layer in layers]
        ends = [self.taken[sum(sizes[: i + 1]) - 1] for i in range(len(sizes))]
        due = [(cycle, 1 << (i & 1)) for i, cycle in enumerate(ends)]
        expect_beats("cacc_intr (cycle, group bits)", self.interrupts, due, place="layer {}".format)
