"""Plays CDMA towards csc and cbuf: fills the rings, reports, flushes, and checks what csc frees.

Two engines (data, weights) work through the layers in order, each as far ahead as its ring has room,
sharing one write port (docs/architecture.md, convolution pipeline; cdma.md section 7). Freed entries are
overwritten with garbage a few cycles later, so a read of something freed too early shows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge

from cocodla.hw import CBUF_BANK_ENTRIES
from cocotbext.dla.checks import fail
from cocotbext.dla.pins import Output, high, number
from cocotbext.dla.stalls import Stall, never
from convlib.layer import Layer

PULSES = ("wr_valid", "dat_entry", "dat_slice", "dat_flush", "wt_entry", "wt_flush")
"""What is driven in the cycles in which it means something only."""
REUSE_DELAY = 4
"""Cycles between a release pulse and the earliest write to the entries."""


@dataclass
class Ring:
    """One ring: `held` are the addresses written and not freed yet, oldest first."""

    name: str
    first: int = 0
    size: int = 0
    index: int = 0
    held: deque[int] = field(default_factory=deque)
    stale: deque[tuple[int, int]] = field(default_factory=deque)  # (cycle, address) freed, content void
    freed: int = 0  # entries freed in all

    def flush(self, first: int, size: int) -> None:
        self.first, self.size, self.index = first, size, 0
        self.held.clear()
        self.stale.clear()

    def free(self, cycle: int, count: int) -> None:
        if count > len(self.held):
            fail(f"{self.name}: {count} entries freed, {len(self.held)} are there")
        if count == 0:
            fail(f"{self.name}: release of nothing")
        for _ in range(count):
            self.stale.append((cycle + REUSE_DELAY, self.held.popleft()))
        self.freed += count

    def next_address(self, cycle: int) -> int | None:
        """Where the next entry goes, or None while the ring is full or its place was freed just now."""
        if len(self.held) == self.size:
            return None
        address = self.first + self.index
        if self.stale and self.stale[0][1] == address:
            if self.stale[0][0] > cycle:
                return None
            self.stale.popleft()
        self.index = (self.index + 1) % self.size
        self.held.append(address)
        return address


class Fetch:
    """The agent. `layers` are fetched as soon as they are appended; `idle` stalls the write port.

    csc_dones: cycles of csc's done pulses. slices, entries, weight_entries: cycle of every line, every data entry and
    every weight entry reported.
    """

    def __init__(self, dut: Any, rng: Random, idle: Stall = never, poison: bool = True) -> None:
        self.dut, self.rng, self.idle, self.poison = dut, rng, idle, poison
        self.cycle = 0
        self._pins = {name: Output(getattr(dut, name)) for name in (*PULSES, "last_data_bank", "wr_addr", "wr_data")}
        self._answers = (
            (dut.dat_rls_valid, dut.dat_rls_entries), (dut.wt_rls_valid, dut.wt_rls_entries), dut.csc_done
        )  # fmt: skip
        self.restart()
        cocotb.start_soon(self._run())

    def restart(self) -> None:
        """As after a reset: nothing in the rings, no layer, nothing driven."""
        self.data, self.weights = Ring("data ring"), Ring("weight ring")
        self.layers: list[Layer] = []
        self.csc_dones: list[int] = []
        self.slices: list[int] = []
        self.entries: list[int] = []
        self.weight_entries: list[int] = []
        self._fetched = [0, 0]  # layers ended by the data and the weight engine
        for pin in self._pins.values():
            pin.drive(0)
        self._engines = [self._run_data(), self._run_weights()]

    @property
    def idle_now(self) -> bool:
        """Everything appended so far has been fetched."""
        return min(self._fetched) == len(self.layers)

    # An engine yields one step at a time: None to wait, else what to drive.

    def _layers(self, engine: int) -> Iterator[tuple[int, Layer | None]]:
        """Numbers and layers for one engine; waits (None) until the next one is appended."""
        number_ = 0
        while True:
            while number_ >= len(self.layers):
                yield number_, None
            yield number_, self.layers[number_]
            self._fetched[engine] += 1
            number_ += 1

    def _before(self, number_: int) -> tuple[int, int]:
        """Data and weight banks of the layer before; after reset a value no layer can have."""
        if number_ == 0:
            return (32, 32)
        old = self.layers[number_ - 1].config
        return old.data_banks, old.weight_banks

    def _settled(self, number_: int) -> bool:
        """All layers before this one are over: csc has finished them, and both engines have, which may still fetch
        lines that nobody needs."""
        return len(self.csc_dones) >= number_ and min(self._fetched) >= number_

    def _run_data(self) -> Iterator[dict[str, int] | None]:
        for number_, layer in self._layers(0):
            if layer is None:
                yield None
                continue
            config = layer.config
            if self._before(number_)[0] != config.data_banks:
                while not self._settled(number_):
                    yield None
                self.data.flush(0, config.data_banks * CBUF_BANK_ENTRIES)
                self._pins["last_data_bank"].drive(config.data_banks - 1)
                yield {"dat_flush": 1}
            lines = layer.lines[config.height - layer.new_lines :].reshape(-1, config.entries, 8)
            for line in lines.view(np.uint8):
                for i, entry in enumerate(line):
                    while (address := self.data.next_address(self.cycle)) is None:
                        yield None
                    yield {
                        "wr_addr": address,
                        "wr_data": int.from_bytes(entry.tobytes(), "little"),
                        "dat_entry": 1,
                        "dat_slice": int(i == len(line) - 1),
                    }

    def _run_weights(self) -> Iterator[dict[str, int] | None]:
        for number_, layer in self._layers(1):
            if layer is None:
                yield None
                continue
            config = layer.config
            if self._before(number_) != (config.data_banks, config.weight_banks):
                while not self._settled(number_):
                    yield None
                first = config.data_banks * CBUF_BANK_ENTRIES
                self.weights.flush(first, config.weight_banks * CBUF_BANK_ENTRIES)
                self._pins["last_data_bank"].drive(config.data_banks - 1)
                yield {"wt_flush": 1}
            for entry in layer.weights.view(np.uint8) if layer.fetch_weights else ():
                while (address := self.weights.next_address(self.cycle)) is None:
                    yield None
                data = int.from_bytes(entry.tobytes(), "little")
                yield {"wr_addr": address, "wr_data": data, "wt_entry": 1}

    async def _run(self) -> None:
        """One step a cycle: sample csc's outputs, then drive what is taken at the next rising edge."""
        edge, rst_n = FallingEdge(self.dut.clk), self.dut.rst_n
        while True:
            await edge
            self.cycle += 1
            if high(rst_n):  # before the first reset outputs are anything
                self._sample()
            self._drive({} if self.idle() else self._step())

    def _drive(self, step: dict[str, int]) -> None:
        pins = self._pins
        for name in PULSES:
            pins[name].drive(step.get(name, 0))
        if "wr_addr" in step:
            pins["wr_addr"].drive(step["wr_addr"])
            pins["wr_data"].drive(step["wr_data"])
        if step.get("dat_entry"):
            self.entries.append(self.cycle)
        if step.get("wt_entry"):
            self.weight_entries.append(self.cycle)
        if step.get("dat_slice"):
            self.slices.append(self.cycle)

    def _sample(self) -> None:
        data, weights, done = self._answers
        if high(data[0]):
            self.data.free(self.cycle, number(data[1]))
        if high(weights[0]):
            self.weights.free(self.cycle, number(weights[1]))
        if high(done):
            self.csc_dones.append(self.cycle)

    def _step(self) -> dict[str, int]:
        """One engine's turn, the other's if that one waits, else garbage over a freed entry."""
        if self.rng.random() < 0.5:
            self._engines.reverse()
        for engine in self._engines:
            step = next(engine)
            if step is not None:
                return step | ({"wr_valid": 1} if "wr_addr" in step else {})
        for ring in (self.data, self.weights):
            if self.poison and ring.stale and ring.stale[0][0] <= self.cycle:
                return {"wr_addr": ring.stale.popleft()[1], "wr_data": self.rng.getrandbits(64), "wr_valid": 1}
        return {}
