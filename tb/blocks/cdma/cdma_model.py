"""The other side of CDMA: CBUF contents, and a CSC that takes lines and weights at its own pace.

Checks as it goes: every entry that is reported holds what the golden model says, no entry is written while
CSC may still need it, flushes come only on bank changes and only while CSC has no layer in progress.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import cocotb
import numpy as np
from cdma_layers import Layer, expected_lines
from cocotb.triggers import Event, FallingEdge, RisingEdge
from numpy.typing import NDArray

from cocodla.golden.memory import Memory
from cocodla.hw import ATOM, CBUF_BANK_ENTRIES, CBUF_BANKS
from cocotbext.dla import expect, expect_bytes, hang, require
from cocotbext.dla.pins import Output, high, number

SIZE = CBUF_BANKS * CBUF_BANK_ENTRIES
Block = tuple[NDArray[np.uint8], NDArray[np.bool_]]  # entries (n, 8) and which of their bytes count


@dataclass
class Ring:
    """One ring: what must arrive next, what is held (oldest first), where."""

    name: str
    what: str  # what a block is
    first: int = 0
    size: int = 0
    tail: int = 0  # ring index of the next block to arrive
    head: int = 0  # ring index of the oldest entry held
    expected: deque[Block] = field(default_factory=deque)
    held: deque[int] = field(default_factory=deque)  # entries of each block
    arrived: int = 0  # blocks since the start

    def restart(self, first: int, size: int) -> None:
        """Flush: empty, starts at its first entry."""
        self.first, self.size, self.tail, self.head = first, size, 0, 0
        self.held.clear()

    def places(self, index: int, count: int) -> NDArray[np.int64]:
        """CBUF addresses of `count` entries from a ring index."""
        return self.first + (index + np.arange(count)) % self.size

    @property
    def available(self) -> int:
        """Blocks that can be read."""
        return len(self.held)


@dataclass
class _Plan:
    """What the model knows of one layer beforehand."""

    layer: Layer
    data_moved: bool
    weights_moved: bool
    drop_lines: bool  # lines kept by the layer before are freed at the start
    drop_weights: bool
    fetched_lines: int
    fetched_weights: int
    new_weights: int  # weight entries this layer frees, 0 with SKIP_WEIGHT_RLS


class Csc:
    """Plays CBUF and CSC on the ports of the bench top. pace: probability that it makes a step in a cycle."""

    def __init__(self, dut: Any, memory: Memory, rng: Random, pace: float = 0.3) -> None:
        self.dut, self.memory, self.rng, self.pace = dut, memory, rng, pace
        self.cbuf = np.zeros((SIZE, ATOM), np.uint8)
        self.in_use = np.zeros(SIZE, bool)
        self.data, self.weights = Ring("data", "data line"), Ring("weights", "weight atom")
        self.plans: deque[_Plan] = deque()
        self.data_moves: deque[Layer] = deque()
        self.weight_moves: deque[Layer] = deque()
        self.flushed_data = self.flushed_weights = False
        self.data_banks = 0  # of the layers whose data and weights are in the buffer
        self.busy = False  # a layer is in progress
        self.finished = 0
        self.cycle = 0
        self.last_write = 0
        self.line_part = 0  # entries of the line that is arriving
        self.interrupts: list[tuple[str, int]] = []
        self._waits: list[tuple[Callable[[], bool], Event]] = []
        self._last: Layer | None = None
        self._outbox: dict[str, deque[int]] = {"dat": deque(), "wt": deque()}
        self._done = False
        names = ("dat_rls_valid", "dat_rls_entries", "wt_rls_valid", "wt_rls_entries", "csc_done")
        self._pins = {name: Output(getattr(dut, name)) for name in names}
        self._tasks = [cocotb.start_soon(self._watch()), cocotb.start_soon(self._work())]

    def renewed(self) -> Csc:
        """Another one in its place, as after a reset: nothing is held, no layer is known."""
        for task in self._tasks:
            task.cancel()
        return Csc(self.dut, self.memory, self.rng, self.pace)

    def add(self, layer: Layer) -> _Plan:
        """Announce the next layer, before it is enabled. Works out what CDMA has to do for it."""
        last = self._last
        data_moved = last is None or layer.banks[0] != last.banks[0]
        weights_moved = last is None or layer.banks != last.banks
        same_engine = last is not None and layer.image == last.image
        skip_data = (
            layer.flag("DATA_REUSE")
            and same_engine
            and not data_moved
            and last is not None
            and last.flag("SKIP_DATA_RLS")
        )
        skip_weights = (
            layer.flag("WEIGHT_REUSE") and not weights_moved and last is not None and last.flag("SKIP_WEIGHT_RLS")
        )
        plan = _Plan(
            layer,
            data_moved,
            weights_moved,
            drop_lines=not (layer.flag("DATA_REUSE") and same_engine),
            drop_weights=last is not None and last.flag("SKIP_WEIGHT_RLS") and not skip_weights,
            fetched_lines=0 if skip_data else layer.height,
            fetched_weights=0 if skip_weights else layer.weight_entries,
            new_weights=0 if layer.flag("SKIP_WEIGHT_RLS") else layer.weight_entries,
        )
        if plan.fetched_lines:
            used = layer.used
            self.data.expected.extend((line, used) for line in expected_lines(layer, self.memory))
        if plan.fetched_weights:
            config = layer.config()
            stream = self.memory.read(config.weight_address, config.weight_bytes)[0].reshape(-1, 1, ATOM)
            every = np.ones((1, ATOM), bool)
            self.weights.expected.extend((entry, every) for entry in stream)
        if data_moved:
            self.data_moves.append(layer)
        if weights_moved:
            self.weight_moves.append(layer)
        self.plans.append(plan)
        self._last = layer
        return plan

    @property
    def missing(self) -> int:
        """Entries of the line that is arriving which have not been reported."""
        return -self.line_part % len(self.data.expected[0][0]) if self.data.expected else 0

    def progress(self) -> str:
        """What has come and what is missing."""
        rings = (self.data, self.weights)
        return "; ".join(f"{r.what}s: {r.arrived} came, {len(r.expected)} are missing" for r in rings)

    async def wait_finished(self, count: int, limit: int = 100_000) -> None:
        """Until CSC has finished `count` layers since the start."""
        end = self.cycle + limit
        await self._until(lambda: self.finished >= count or self.cycle >= end)
        if self.finished < count:
            raise hang(f"waited {limit} cycles for layer {count} to finish; {self.progress()}")

    # ---- what CDMA does

    async def _watch(self) -> None:
        dut = self.dut
        clock, reports, rst_n = dut.clk, dut.reports, dut.rst_n
        while True:
            await FallingEdge(clock)
            self.cycle += 1
            if high(reports) and high(rst_n):
                self._sample()
            self._wake()
            await RisingEdge(clock)
            self._drive()

    def _sample(self) -> None:
        dut = self.dut
        if high(dut.dat_flush):
            self._flush(self.data, self.data_moves, 0)
            self.flushed_data = True
        if high(dut.wt_flush):
            self._flush(self.weights, self.weight_moves, 1)
            self.flushed_weights = True
        address = number(dut.wr_addr) if high(dut.wr_valid) else -1
        if address >= 0:
            expect(f"last_data_bank at the write of entry {address}", number(dut.last_data_bank), self.data_banks - 1)
            require(not self.in_use[address], f"CBUF write: entry {address} is overwritten while CSC may need it")
            self.in_use[address] = True
            self.cbuf[address] = np.frombuffer(number(dut.wr_data).to_bytes(ATOM, "little"), np.uint8)
            self.last_write = self.cycle
        if high(dut.dat_entry):
            self._entry(address)
        if high(dut.dat_slice):
            expect(f"dat_entry with dat_slice, data line {self.data.arrived}", number(dut.dat_entry), 1)
            expect(f"dat_slice, entries of data line {self.data.arrived} that are missing", self.missing, 0)
            self._arrived(self.data)
        if high(dut.wt_entry):
            self._arrived(self.weights)
        for name in ("dat", "wt"):
            bits = number(getattr(dut, f"cdma_{name}_intr"))
            self.interrupts += [(name, group) for group in (0, 1) if bits >> group & 1]

    def _flush(self, ring: Ring, moves: deque[Layer], kind: int) -> None:
        require(moves, f"{ring.name} ring flushed without a bank change")
        require(not self.busy, f"{ring.name} ring flushed while CSC has a layer in progress")
        banks = moves.popleft().banks
        self.data_banks = banks[0]
        for index, count in [(ring.head, sum(ring.held))] if ring.size else []:
            self.in_use[ring.places(index, count)] = False
        first = banks[0] * CBUF_BANK_ENTRIES if kind else 0
        ring.restart(first, banks[kind] * CBUF_BANK_ENTRIES)

    def _arrived(self, ring: Ring) -> None:
        require(ring.expected, f"{ring.what} {ring.arrived} reported: {ring.arrived} are all that the layers have")
        require(ring.size, f"{ring.what} {ring.arrived} reported before the first flush of its ring")
        block, counts = ring.expected.popleft()
        places = ring.places(ring.tail, len(block))
        early = places[~self.in_use[places]]
        require(not early.size, f"{ring.what} {ring.arrived} reported before CBUF entry {early[:1]} is written")
        got = self.cbuf[places]
        for entry in np.flatnonzero(((got != block) & counts).any(axis=1)):
            where = f"{ring.what} {ring.arrived}, entry {entry} (CBUF {places[entry]})"
            words = [int.from_bytes((rows[entry] * counts[entry]).tobytes(), "little") for rows in (got, block)]
            expect_bytes(where, *words)
        ring.arrived += 1
        ring.tail = (ring.tail + len(block)) % ring.size
        ring.held.append(len(block))

    def _entry(self, address: int) -> None:
        """A data entry was reported: it is the next one of its line, and written in this cycle."""
        require(self.data.expected, f"dat_entry behind the last of {self.data.arrived} data lines")
        require(self.data.size, "dat_entry before the first flush of the data ring")
        place = int(self.data.places(self.data.tail + self.line_part, 1)[0])
        where = f"data line {self.data.arrived}, entry {self.line_part}"
        require(address >= 0, f"dat_entry without a write to CBUF, {where}")
        expect(f"CBUF address, {where}", address, place)
        self.line_part = (self.line_part + 1) % len(self.data.expected[0][0])
        expect(f"dat_slice, {where}", number(self.dut.dat_slice), int(self.line_part == 0))

    # ---- what CSC does

    async def _work(self) -> None:
        while True:
            await self._until(lambda: bool(self.plans))
            plan = self.plans.popleft()
            await self._begin(plan)
            self.busy = True
            await self._consume(plan)
            self._finish(plan)
            await self._until(lambda: not self._done)
            self.busy = False
            self.finished += 1

    async def _begin(self, plan: _Plan) -> None:
        """Bank change: wait for the flushes. Else free what the layer before left and this one does not use."""
        if plan.data_moved:
            await self._until(lambda: self.flushed_data)
            self.kept_lines = 0
        if plan.weights_moved:
            await self._until(lambda: self.flushed_weights)
            self.kept_weights = 0
        self.flushed_data = self.flushed_weights = False
        if plan.drop_lines:
            self._free(self.data, "dat", self.kept_lines)
            self.kept_lines = 0
        if plan.drop_weights:
            self._free(self.weights, "wt", self.kept_weights)
            self.kept_weights = 0

    async def _consume(self, plan: _Plan) -> None:
        """Take weights in random portions, wait for all lines."""
        total, freed = plan.layer.weight_entries, 0
        while freed < plan.new_weights:
            await self._step()
            portion = min(self.weights.available, plan.new_weights - freed)
            if portion:
                portion = self.rng.randint(1, portion)
                self._free(self.weights, "wt", portion)
                freed += portion
        if not plan.new_weights:
            await self._until(lambda: self.weights.available >= total)
        await self._until(lambda: self.data.available >= plan.layer.csc_height)
        await self._step()

    def _finish(self, plan: _Plan) -> None:
        layer = plan.layer
        release = 0 if layer.flag("SKIP_DATA_RLS") else layer.release
        if self.rng.random() < 0.5:
            self._free(self.data, "dat", release)
        else:
            for _ in range(release):
                self._free(self.data, "dat", 1)
        self.kept_lines = layer.csc_height - release
        self.kept_weights = 0 if plan.new_weights else layer.weight_entries
        self._done = True

    def _free(self, ring: Ring, port: str, blocks: int) -> None:
        """Release the oldest blocks in one pulse."""
        count = sum(ring.held.popleft() for _ in range(blocks))
        if count:
            self._outbox[port].append(count)

    def _drive(self) -> None:
        """Pulses of this cycle; entries become free here."""
        pins = self._pins
        for port, ring in (("dat", self.data), ("wt", self.weights)):
            box = self._outbox[port]
            pins[f"{port}_rls_valid"].drive(bool(box))
            if box:
                count = box.popleft()
                pins[f"{port}_rls_entries"].drive(count)
                self.in_use[ring.places(ring.head, count)] = False
                ring.head = (ring.head + count) % ring.size
        last = self._done and not any(self._outbox.values())
        pins["csc_done"].drive(last)
        if last:
            self._done = False

    async def _step(self) -> None:
        """At least one cycle, until CSC's pace lets it do something."""
        await self._next(lambda: self.rng.random() < self.pace)

    async def _until(self, condition: Callable[[], bool]) -> None:
        if not condition():
            await self._next(condition)

    async def _next(self, condition: Callable[[], bool]) -> None:
        """Until the next cycle in which the condition holds. It is asked once a cycle; a task that wakes to ask costs
        ten times as much."""
        event = Event()
        self._waits.append((condition, event))
        await event.wait()

    def _wake(self) -> None:
        for wait in list(self._waits):
            if wait[0]():
                self._waits.remove(wait)
                wait[1].set()

    kept_lines = 0
    kept_weights = 0
