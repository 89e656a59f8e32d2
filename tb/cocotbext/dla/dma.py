"""Memory at the internal client ports of the accelerator (docs/architecture.md, "Memory interface").

ReadResponder plays mcif towards one read client: accepts requests with back-pressure and answers in order,
one beat at most a cycle, without ready. WriteAcceptor does so towards one write client and pulses wr_done
after the beat marked last.
"""

from __future__ import annotations

from collections import deque
from random import Random
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge
from cocotb_bus.bus import Bus

from cocotbext.dla.checks import Report, fail
from cocotbext.dla.memory import SparseMemory
from cocotbext.dla.moment import now
from cocotbext.dla.pins import Output, high, known, number
from cocotbext.dla.stalls import Stall, never
from cocotbext.dla.stream import StreamChecker
from cocotbext.dla.watchdog import moved

ATOM = 8


class ReadResponder:
    """Answers <name>_req_* on <name>_rsp_*; name is "rd" or "<client>_rd".

    latency is an inclusive range of cycles from acceptance to data. `addresses` lists the byte
    addresses requested, `times` when (ns).
    """

    def __init__(
        self,
        entity: Any,
        clock: Any,
        memory: SparseMemory,
        name: str = "rd",
        reset_n: Any = None,
        latency: tuple[int, int] = (1, 1),
        stall: Stall = never,
        gap: Stall = never,
        rng: Random | None = None,
        report: Report = fail,
    ) -> None:
        self.clock, self.memory, self.name, self.reset_n = clock, memory, name, reset_n
        self.latency, self.stall, self.gap, self.rng = latency, stall, gap, rng or Random(0)
        self.request = Bus(entity, f"{name}_req", ["valid", "ready", "addr"], case_insensitive=False)
        self.response = Bus(entity, f"{name}_rsp", ["valid", "data"], case_insensitive=False)
        self.checker = StreamChecker(entity, f"{name}_req", clock, ["addr"], reset_n, report)
        self.addresses: list[int] = []
        self.times: list[float] = []
        self.beats = 0
        self._queue: deque[tuple[int, int]] = deque()  # due cycle, byte address
        self._ready, self._valid = Output(self.request.ready), Output(self.response.valid)
        self._data = Output(self.response.data)
        cocotb.start_soon(self._run())

    @property
    def idle(self) -> bool:
        """No request waits for its answer."""
        return not self._queue

    async def _run(self) -> None:
        cycle = 0
        while True:
            await FallingEdge(self.clock)
            cycle += 1
            in_reset = self.reset_n is not None and not high(self.reset_n)
            request = self.request
            if in_reset:
                self._queue.clear()
            elif high(request.valid) and high(request.ready) and known(request.addr):
                address = number(request.addr) * ATOM
                self.addresses.append(address)
                self.times.append(now())
                self._queue.append((cycle + self.rng.randint(*self.latency) - 1, address))
            await RisingEdge(self.clock)
            self._ready.drive(not in_reset and not self.stall())
            self._respond(cycle)

    def _respond(self, cycle: int) -> None:
        ready = bool(self._queue) and self._queue[0][0] <= cycle and not self.gap()
        self._valid.drive(ready)
        if ready:
            address = self._queue.popleft()[1]
            self._data.drive(int.from_bytes(self.memory.read(address, ATOM), "little"))
            self.beats += 1
            moved()


class WriteAcceptor:
    """Stores <name>_req_*, pulses <name>_done for beats marked last; name is "wr" or "<client>_wr".

    done_latency is an inclusive range of cycles from the last beat to the pulse. `writes` lists
    (byte address, data, last), `times` when each came (ns); `done_count` counts the pulses given.
    """

    def __init__(
        self,
        entity: Any,
        clock: Any,
        memory: SparseMemory,
        name: str = "wr",
        reset_n: Any = None,
        done_latency: tuple[int, int] = (1, 1),
        stall: Stall = never,
        rng: Random | None = None,
        report: Report = fail,
    ) -> None:
        self.clock, self.memory, self.name, self.reset_n = clock, memory, name, reset_n
        self.done_latency, self.stall, self.rng = done_latency, stall, rng or Random(0)
        self.request = Bus(entity, f"{name}_req", ["valid", "ready", "addr", "data", "last"], case_insensitive=False)
        self.checker = StreamChecker(entity, f"{name}_req", clock, ["addr", "data", "last"], reset_n, report)
        self.writes: list[tuple[int, bytes, bool]] = []
        self.times: list[float] = []
        self.done_count = 0
        self._due: deque[int] = deque()
        self._ready, self._done = Output(self.request.ready), Output(getattr(entity, f"{name}_done"))
        cocotb.start_soon(self._run())

    @property
    def idle(self) -> bool:
        """No done pulse is outstanding."""
        return not self._due

    async def _run(self) -> None:
        cycle = 0
        while True:
            await FallingEdge(self.clock)
            cycle += 1
            in_reset = self.reset_n is not None and not high(self.reset_n)
            if in_reset:
                self._due.clear()
            elif high(self.request.valid) and high(self.request.ready):
                self._accept(cycle)
            await RisingEdge(self.clock)
            self._ready.drive(not in_reset and not self.stall())
            pulse = bool(self._due) and self._due[0] <= cycle
            self._done.drive(pulse)
            if pulse:
                self._due.popleft()
                self.done_count += 1

    def _accept(self, cycle: int) -> None:
        request = self.request
        if not (known(request.addr) and known(request.data)):
            return  # the checker has reported it
        address, data = number(request.addr) * ATOM, number(request.data).to_bytes(ATOM, "little")
        last = high(request.last)
        self.memory.write(address, data)
        self.writes.append((address, data, last))
        self.times.append(now())
        if last:
            self._due.append(cycle + self.rng.randint(*self.done_latency) - 1)
