"""Memory on an AXI4 manager port: latency, stalls, reordering and interleaving between ids, error responses, rules.

What cocotbext-axi's AxiRam does not do: it answers in the order of the requests and never with an error of its own.

Rules checked (all through `report`): valid and payload wait for ready; bursts are INCR, as wide as the bus, of at most
`longest` beats, within 4 KiB and within `window`; wlast at the last beat; strobes only from the start address on.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge
from cocotb_bus.bus import Bus

from cocotbext.dla.checks import Report, Rules, fail
from cocotbext.dla.dbb import DbbTiming
from cocotbext.dla.memory import SparseMemory
from cocotbext.dla.pins import Output, high, number
from cocotbext.dla.stream import StreamChecker

OKAY, SLVERR, DECERR = 0, 2, 3
_PAGE = 4096

Fault = Callable[[bool, int], int]
"""Of a write or not, and the byte address of the beat (of a write: of the burst): its response."""


def faultless(write: bool, address: int) -> int:
    """Everything is well."""
    return OKAY


@dataclass
class AxiTiming(DbbTiming):
    """As of DBB. interleave: beats of different ids alternate on R (with `reorder`)."""

    interleave: bool = False

    @staticmethod
    def random(rng: Random) -> AxiTiming:
        """A random, possibly nasty memory."""
        return AxiTiming(**vars(DbbTiming.random(rng)), interleave=rng.random() < 0.5)


@dataclass
class _Burst:
    id: int
    address: int
    beats: int
    due: int = 0
    response: int = OKAY
    data: list[tuple[int, int]] = field(default_factory=list)  # word, strobes
    given: int = 0


class AxiMemory:
    """Memory model on <name>_aw*, _w*, _b*, _ar*, _r*. `statistics`: bursts by channel, length; answers by kind."""

    def __init__(
        self,
        entity: Any,
        clock: Any,
        memory: SparseMemory,
        name: str = "m_axi",
        reset_n: Any = None,
        timing: AxiTiming | None = None,
        rng: Random | None = None,
        longest: int = 16,
        fault: Fault = faultless,
        report: Report = fail,
    ) -> None:
        self.memory, self.clock, self.reset_n, self.name = memory, clock, reset_n, name
        self.timing, self.rng = timing or AxiTiming(), rng or Random(0)
        self.longest, self.fault, self.report = longest, fault, report
        self.window = (0, 1 << 32)
        self.statistics: Counter[tuple[str, int]] = Counter()
        self.committed: Counter[int] = Counter()  # bursts of each id whose data are stored

        def channel(tag: str, signals: str) -> Bus:
            return Bus(entity, name, {s: tag + s for s in ("valid", "ready", *signals.split())}, case_insensitive=False)

        request = "id addr len size burst"
        self.ar, self.aw = channel("ar", request), channel("aw", request)
        self.w, self.b = channel("w", "data strb last"), channel("b", "id resp")
        self.r = channel("r", "id data resp last")
        self.bytes = len(self.w.data) // 8
        self.rules = Rules(name, [f"{tag} {rule}" for tag in ("ar", "aw") for rule in _REQUEST] + _DATA, report)
        self.checkers = [
            StreamChecker(
                entity, name, clock, fields.split(), reset_n, report,
                {key: tag + key for key in ("valid", "ready", *fields.split())},
            )
            for tag, fields in (("ar", request), ("aw", request), ("w", "data strb last"))
        ]  # fmt: skip
        driven = {"ar": "ready", "aw": "ready", "w": "ready", "r": "valid id data resp last", "b": "valid id resp"}
        self._outputs = {
            bus + signal: Output(getattr(getattr(self, bus), signal))
            for bus, signals in driven.items()
            for signal in signals.split()
        }
        self._clear()
        cocotb.start_soon(self._run())

    def _clear(self) -> None:
        self._cycle = 0
        self._addresses: deque[_Burst] = deque()
        self._data: deque[tuple[int, int, bool]] = deque()
        self._reads: list[_Burst] = []
        self._acks: list[_Burst] = []
        self._open: _Burst | None = None  # the read burst that is given out without interleaving
        self._r_busy = self._b_busy = False

    @property
    def idle(self) -> bool:
        """Nothing accepted and not yet answered."""
        return not (self._addresses or self._data or self._reads or self._acks or self._r_busy or self._b_busy)

    async def _run(self) -> None:
        while True:
            await FallingEdge(self.clock)
            in_reset = self.reset_n is not None and not high(self.reset_n)
            if in_reset:
                self._clear()
            else:
                self._sample()
            await RisingEdge(self.clock)
            if in_reset:
                for output in self._outputs.values():
                    output.drive(0)
            else:
                self._drive()

    def _sample(self) -> None:
        self._cycle += 1
        if high(self.ar.valid) and high(self.ar.ready):
            burst = self._request("ar", self.ar)
            burst.due = self._cycle + self.rng.randint(*self.timing.read_latency)
            self._reads.append(burst)
        if high(self.aw.valid) and high(self.aw.ready):
            self._addresses.append(self._request("aw", self.aw))
        if high(self.w.valid) and high(self.w.ready):
            self._data.append((number(self.w.data), number(self.w.strb), high(self.w.last)))
        while self._addresses and self._data:
            self._store(self._addresses[0], *self._data.popleft())
        if self._r_busy and high(self.r.ready):
            self._r_busy = False
        if self._b_busy and high(self.b.ready):
            self._b_busy = False

    def _request(self, tag: str, bus: Bus) -> _Burst:
        address, beats = number(bus.addr), number(bus.len) + 1
        hold, size = self.rules.hold, self.bytes
        kind = number(bus.burst), number(bus.size), size
        hold(f"{tag} burst is INCR and as wide as the bus", _kind, kind, (0, 0, size))
        hold(f"{tag} burst is short enough", _too_long, (beats, self.longest), (self.longest + 1, self.longest))
        end = address // size * size + beats * size
        hold(f"{tag} burst is within 4 KiB", _crosses, (address, end), (_PAGE - 8, _PAGE + 8))
        low, high_ = self.window
        hold(f"{tag} burst is within the window", _outside, (address, end, low, high_), (low, high_ + 1, low, high_))
        self.statistics[tag, beats] += 1
        return _Burst(number(bus.id), address, beats)

    def _store(self, burst: _Burst, data: int, strobes: int, last: bool) -> None:
        hold = self.rules.hold
        burst.data.append((data, strobes))
        wanted = len(burst.data) == burst.beats
        hold("wlast is at the last beat", _misplaced, (last, wanted), (not wanted, wanted))
        skip = burst.address % self.bytes if len(burst.data) == 1 else 0
        hold("strobes begin at the address", _early, (strobes, skip), (1, 1))
        if not wanted:
            return
        self._addresses.popleft()
        burst.response = self.fault(True, burst.address)
        base = burst.address // self.bytes * self.bytes
        for index, (word, mask) in enumerate(burst.data):
            if mask and burst.response == OKAY:
                self.memory.write(base + index * self.bytes, word.to_bytes(self.bytes, "little"), mask)
        burst.due = self._cycle + self.rng.randint(*self.timing.write_latency)
        self._acks.append(burst)

    def _drive(self) -> None:
        timing, outputs = self.timing, self._outputs
        outputs["arready"].drive(not timing.ar_stall())
        outputs["awready"].drive(not timing.aw_stall())
        outputs["wready"].drive(not timing.w_stall())
        if not self._r_busy:
            burst = None if timing.r_gap() else self._next_read()
            outputs["rvalid"].drive(burst is not None)
            if burst is not None:
                self._give(burst)
        if not self._b_busy:
            burst = None if timing.b_gap() else self._pick(self._acks)
            outputs["bvalid"].drive(burst is not None)
            if burst is not None:
                self._acks.remove(burst)
                self.committed[burst.id] += 1
                self.statistics["b", burst.response] += 1
                outputs["bid"].drive(burst.id)
                outputs["bresp"].drive(burst.response)
                self._b_busy = True

    def _next_read(self) -> _Burst | None:
        if self._open is None or (self.timing.interleave and self.timing.reorder):
            self._open = self._pick(self._reads)
        return self._open

    def _give(self, burst: _Burst) -> None:
        """The next beat of a burst onto R."""
        outputs, address = self._outputs, burst.address // self.bytes * self.bytes + burst.given * self.bytes
        burst.given += 1
        last = burst.given == burst.beats
        response = self.fault(False, address)
        self.statistics["r", response] += 1
        outputs["rid"].drive(burst.id)
        outputs["rdata"].drive(int.from_bytes(self.memory.read(address, self.bytes), "little"))
        outputs["rresp"].drive(response)
        outputs["rlast"].drive(last)
        self._r_busy = True
        if last:
            self._reads.remove(burst)
            self._open = None

    def _pick(self, queue: list[_Burst]) -> _Burst | None:
        """The oldest, or with `reorder` the oldest of a random id, if it is due."""
        heads: dict[int, _Burst] = {}
        for burst in queue if self.timing.reorder else queue[:1]:
            heads.setdefault(burst.id, burst)
        due = [burst for burst in heads.values() if burst.due <= self._cycle]
        return self.rng.choice(due) if due else None


_REQUEST = (
    "burst is INCR and as wide as the bus",
    "burst is short enough",
    "burst is within 4 KiB",
    "burst is within the window",
)
_DATA = ["wlast is at the last beat", "strobes begin at the address"]


def _kind(burst: int, size: int, width: int) -> str:
    return "" if burst == 1 and 1 << size == width else f"burst {burst} of size {size}, must be INCR of {width} bytes"


def _too_long(beats: int, longest: int) -> str:
    return f"a burst of {beats} beats, at most {longest}" if beats > longest else ""


def _crosses(address: int, end: int) -> str:
    return f"the burst at {address:#010x} crosses 4 KiB" if address // _PAGE != (end - 1) // _PAGE else ""


def _outside(address: int, end: int, low: int, high: int) -> str:
    return "" if low <= address and end <= high else f"{address:#010x} is outside of the window"


def _misplaced(last: bool, wanted: bool) -> str:
    return "" if last == wanted else f"wlast is {int(last)}, must be {int(wanted)}"


def _early(strobes: int, skip: int) -> str:
    return f"strobes {strobes:#x} before the start address" if strobes & ((1 << skip) - 1) else ""
