"""Memory on the DBB bus: random latency, stalls, reordering between ids, and the rules of the bus.

The accelerator may be reset while requests are under way (`reset_n`): see OnReset.

Rules checked (all reported through `report`): single beats, 8-byte aligned addresses, full strobes, wlast,
ids of known clients, valid/payload stability, write data without an address at the end (see `finish`).
"""

from __future__ import annotations

import enum
from collections import Counter, deque
from collections.abc import Collection
from dataclasses import dataclass, field
from random import Random
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge
from cocotb_bus.bus import Bus

from cocotbext.dla.checks import Report, Rules, fail
from cocotbext.dla.memory import SparseMemory
from cocotbext.dla.pins import Output, bits, high, number
from cocotbext.dla.stalls import Stall, bursts, never, random_stalls, some_stalls
from cocotbext.dla.stream import StreamChecker
from cocotbext.dla.watchdog import moved

CLIENT_IDS = frozenset({1, 2, 3, 5, 6, 8, 9})
"""Ids of the clients that exist: SDP, PDP, CDP, SDP_B, SDP_N, CDMA_DAT, CDMA_WT."""


class OnReset(enum.Enum):
    """What a memory does when the accelerator is reset.

    FORGET: it is reset, too. ANSWER: it goes on and gives the answers it owes, also during the reset; of writes that
    came half, address or data, it forgets that half. With `reset_n` None it is never told of a reset, and a request
    withdrawn or half a write are errors.
    """

    FORGET = "forget"
    ANSWER = "answer"


@dataclass
class DbbTiming:
    """How the memory behaves. Latencies are inclusive ranges in cycles; reorder is between ids only."""

    read_latency: tuple[int, int] = (1, 1)
    write_latency: tuple[int, int] = (1, 1)
    ar_stall: Stall = never
    aw_stall: Stall = never
    w_stall: Stall = never
    r_gap: Stall = never
    b_gap: Stall = never
    reorder: bool = False

    @staticmethod
    def random(rng: Random) -> DbbTiming:
        """A random, possibly nasty memory."""
        low = rng.choice([1, 1, 8, 32, 64])
        high_ = low + rng.choice([0, 3, 40])
        slow = rng.random() < 0.2
        return DbbTiming(
            read_latency=(low, high_),
            write_latency=(1, rng.choice([1, 16, 64])),
            ar_stall=some_stalls(rng),
            aw_stall=some_stalls(rng),
            w_stall=some_stalls(rng),
            r_gap=bursts(rng) if slow else random_stalls(rng, 0.1),
            b_gap=random_stalls(rng, 0.2),
            reorder=rng.random() < 0.7,
        )


@dataclass
class DbbStatistics:
    """Counts since the start: beats per id, the most requests in flight, stalled cycles per channel."""

    reads: Counter[int] = field(default_factory=Counter)
    writes: Counter[int] = field(default_factory=Counter)
    max_reads_in_flight: int = 0
    max_writes_in_flight: int = 0
    stalls: Counter[str] = field(default_factory=Counter)


@dataclass
class _Response:
    id: int
    due: int
    address: int = 0


class _ResponseQueue:
    """Responses in flight; hands out the next one in a legal order."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.in_order: deque[_Response] = deque()

    def push(self, response: _Response) -> None:
        self.in_order.append(response)

    def pop_due(self, cycle: int, reorder: bool) -> _Response | None:
        """The next response: the oldest, or with `reorder` the oldest due one of a random id."""
        if not self.in_order:
            return None
        if not reorder:
            return self.in_order.popleft() if self.in_order[0].due <= cycle else None
        heads: dict[int, _Response] = {}
        for response in self.in_order:
            heads.setdefault(response.id, response)
        due = [response for response in heads.values() if response.due <= cycle]
        if not due:
            return None
        chosen = self.rng.choice(due)
        self.in_order.remove(chosen)
        return chosen


class DbbMemory:
    """Memory model on <name>_aw_*, _w_*, _b_*, _ar_*, _r_*."""

    def __init__(
        self,
        entity: Any,
        clock: Any,
        memory: SparseMemory | None = None,
        name: str = "nvdla_core2dbb",
        reset_n: Any = None,
        timing: DbbTiming | None = None,
        rng: Random | None = None,
        ids: Collection[int] = CLIENT_IDS,
        report: Report = fail,
        on_reset: OnReset = OnReset.FORGET,
        writes: bool = True,
    ) -> None:
        """writes: False where nothing writes: then each write is an error, and the rules of writes are not held."""
        self.memory = memory if memory is not None else SparseMemory(report=report)
        self.clock, self.reset_n, self.name = clock, reset_n, name
        self.timing = timing or DbbTiming()
        self.on_reset = on_reset
        self.rng = rng or Random(0)
        self.ids, self.report = frozenset(ids), report
        self.statistics = DbbStatistics()

        def channel(tag: str, signals: list[str]) -> Bus:
            return Bus(entity, f"{name}_{tag}", {s: tag + s for s in signals}, case_insensitive=False)

        self.aw = channel("aw", ["valid", "ready", "id", "len", "addr"])
        self.w = channel("w", ["valid", "ready", "data", "strb", "last"])
        self.b = channel("b", ["valid", "ready", "id"])
        self.ar = channel("ar", ["valid", "ready", "id", "len", "addr"])
        self.r = channel("r", ["valid", "ready", "id", "last", "data"])
        self.rules = Rules(self.name, [*_READ_RULES, *(_WRITE_RULES if writes else _NO_WRITES)], report)
        self.writes = writes
        self.checkers = [self._checker(entity, "ar", ["id", "len", "addr"])]
        if writes:
            self.checkers.append(self._checker(entity, "aw", ["id", "len", "addr"]))
            self.checkers.append(self._checker(entity, "w", ["data", "strb", "last"]))
        driven = [(bus, "ready") for bus in ("aw", "w", "ar")] + [(bus, "valid") for bus in "br"]
        driven += [("b", "id"), ("r", "id"), ("r", "last"), ("r", "data")]
        self._outputs = {bus + signal: Output(getattr(getattr(self, bus), signal)) for bus, signal in driven}
        self._clear()
        cocotb.start_soon(self._run())

    def _checker(self, entity: Any, tag: str, fields: list[str]) -> StreamChecker:
        names = {key: tag + key for key in ["valid", "ready", *fields]}
        return StreamChecker(entity, f"{self.name}_{tag}", self.clock, fields, self.reset_n, self.report, names)

    def _clear(self) -> None:
        self._cycle = 0
        self._addresses: deque[tuple[int, int]] = deque()  # id, address of accepted AW without data
        self._data: deque[bytes] = deque()  # accepted W without address
        self._reads = _ResponseQueue(self.rng)
        self._acks = _ResponseQueue(self.rng)
        self._r_busy = self._b_busy = False

    def _drive_idle(self) -> None:
        for output in self._outputs.values():
            output.drive(0)

    @property
    def idle(self) -> bool:
        """Nothing accepted and not yet answered."""
        queues = (self._addresses, self._data, self._reads.in_order, self._acks.in_order)
        return not (any(queues) or self._r_busy or self._b_busy)

    @property
    def owed(self) -> tuple[int, int]:
        """Reads and writes accepted and not yet answered."""
        return len(self._reads.in_order) + self._r_busy, len(self._acks.in_order) + self._b_busy

    def answer_unasked(self, id_: int) -> None:
        """Queue a read beat and a write response that nobody asked for."""
        self._reads.push(_Response(id_, self._cycle))
        self._acks.push(_Response(id_, self._cycle))

    def finish(self) -> None:
        """Call at the end of a test: reports requests that were left incomplete."""
        for half, left in (("addresses without data", self._addresses), ("data beats without address", self._data)):
            self.rules.hold(f"no write {half} are left", _left, (half, len(left)), (half, 1))

    async def _run(self) -> None:
        while True:
            await FallingEdge(self.clock)
            in_reset = self.reset_n is not None and not high(self.reset_n)
            forget = in_reset and self.on_reset is OnReset.FORGET
            if in_reset:
                self._addresses.clear()
                self._data.clear()
            if forget:
                self._clear()
            else:
                self._sample()
            await RisingEdge(self.clock)
            if forget:
                self._drive_idle()
            else:
                self._drive()

    def _sample(self) -> None:
        """Take what will transfer at the next rising edge."""
        self._cycle += 1
        if self._fires("ar", self.ar):
            self._accept_read()
        if self._r_busy and high(self.r.ready):
            self._r_busy = False
        if self.writes:
            self._sample_writes()
        else:
            for bus in (self.aw, self.w):
                self.rules.hold("nothing is written", _written, (bits(bus.valid),), ("1",))

    def _sample_writes(self) -> None:
        if self._fires("aw", self.aw):
            self._check_address("aw", self.aw)
            self._addresses.append((number(self.aw.id), number(self.aw.addr)))
        if self._fires("w", self.w):
            self._check_data()
            self._data.append(number(self.w.data).to_bytes(8, "little"))
        while self._addresses and self._data:
            self._store(*self._addresses.popleft(), self._data.popleft())
        if self._b_busy and high(self.b.ready):
            self._b_busy = False

    def _fires(self, tag: str, bus: Bus) -> bool:
        if not high(bus.valid):
            return False
        if not high(bus.ready):
            self.statistics.stalls[tag] += 1
            return False
        moved()
        return True

    def _accept_read(self) -> None:
        self._check_address("ar", self.ar)
        id_ = number(self.ar.id)
        due = self._cycle + self.rng.randint(*self.timing.read_latency)
        self._reads.push(_Response(id_, due, number(self.ar.addr)))
        statistics = self.statistics
        statistics.reads[id_] += 1
        statistics.max_reads_in_flight = max(statistics.max_reads_in_flight, len(self._reads.in_order))

    def _store(self, id_: int, address: int, data: bytes) -> None:
        self.memory.write(address, data)
        due = self._cycle + self.rng.randint(*self.timing.write_latency)
        self._acks.push(_Response(id_, due, address))
        statistics = self.statistics
        statistics.writes[id_] += 1
        statistics.max_writes_in_flight = max(statistics.max_writes_in_flight, len(self._acks.in_order))

    def _check_address(self, tag: str, bus: Bus) -> None:
        address, id_, length = number(bus.addr), number(bus.id), number(bus.len)
        hold = self.rules.hold
        hold(f"{tag}len is 0", _burst, (tag, length), (tag, 1))
        hold(f"{tag}addr is aligned", _unaligned, (tag, address), (tag, address | 1))
        hold(f"{tag}id is a client's", _stranger, (tag, id_, self.ids), (tag, id_, self.ids - {id_}))

    def _check_data(self) -> None:
        self.rules.hold("wstrb is full", _partial, (number(self.w.strb),), (0x7F,))
        self.rules.hold("wlast is 1", _not_last, (high(self.w.last),), (False,))

    def _drive(self) -> None:
        """Set the pins for the cycle that begins at this rising edge."""
        timing, outputs = self.timing, self._outputs
        outputs["arready"].drive(not timing.ar_stall())
        if not self._r_busy:
            response = None if timing.r_gap() else self._reads.pop_due(self._cycle, timing.reorder)
            outputs["rvalid"].drive(response is not None)
            if response is not None:
                outputs["rid"].drive(response.id)
                outputs["rlast"].drive(1)
                outputs["rdata"].drive(int.from_bytes(self.memory.read(response.address & ~7, 8), "little"))
                self._r_busy = True
        if self.writes:
            self._drive_writes()

    def _drive_writes(self) -> None:
        timing, outputs = self.timing, self._outputs
        outputs["awready"].drive(not timing.aw_stall())
        outputs["wready"].drive(not timing.w_stall())
        if not self._b_busy:
            response = None if timing.b_gap() else self._acks.pop_due(self._cycle, timing.reorder)
            outputs["bvalid"].drive(response is not None)
            if response is not None:
                outputs["bid"].drive(response.id)
                self._b_busy = True


_REQUEST = ("len is 0", "addr is aligned", "id is a client's")
_READ_RULES = [f"ar{rule}" for rule in _REQUEST]
_WRITE_RULES = [
    *(f"aw{rule}" for rule in _REQUEST),
    "wstrb is full",
    "wlast is 1",
    "no write addresses without data are left",
    "no write data beats without address are left",
]
_NO_WRITES = ["nothing is written"]


def _written(valid: str) -> str:
    return "" if valid == "0" else f"a write where nothing writes (valid is {valid})"


def _burst(tag: str, length: int) -> str:
    return f"{tag}len is {length}, must be 0" if length else ""


def _unaligned(tag: str, address: int) -> str:
    return f"{tag}addr {address:#010x} is not a multiple of 8" if address % 8 else ""


def _stranger(tag: str, id_: int, ids: frozenset[int]) -> str:
    return "" if id_ in ids else f"{tag}id {id_} is no client's id"


def _partial(strobe: int) -> str:
    return "" if strobe == 0xFF else f"wstrb is {strobe:#04x}, must be 0xff"


def _not_last(last: bool) -> str:
    return "" if last else "wlast is 0"


def _left(half: str, count: int) -> str:
    return f"{count} write {half}" if count else ""
