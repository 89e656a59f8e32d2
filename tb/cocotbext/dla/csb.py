"""CSB, the configuration bus at the pins of the accelerator: driver and checking monitor."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cocotb.triggers import Event, FallingEdge, RisingEdge
from cocotb_bus.bus import Bus
from cocotb_bus.drivers import BusDriver
from cocotb_bus.monitors import BusMonitor

from cocotbext.dla.checks import Report, Rules, fail
from cocotbext.dla.pins import high, known, number
from cocotbext.dla.stalls import Stall, never
from cocotbext.dla.watchdog import hang, moved


@dataclass(frozen=True)
class CsbRequest:
    """One request; address is a byte address, a multiple of 4."""

    address: int
    write: bool
    data: int = 0
    nposted: bool = False


@dataclass(frozen=True)
class CsbTransaction:
    """A request with its answer. cycles: from acceptance to the answer, 0 for a posted write."""

    request: CsbRequest
    data: int
    cycles: int


class CsbMonitor(BusMonitor):
    """Pairs requests and answers, and checks the rules of the answers (one each, in request order).

    Optional signal wr_complete is absent at the APB bridge.
    """

    _signals = ("valid", "ready", "addr", "wdat", "write", "nposted")
    RESPONSE = "nvdla2csb"

    def __init__(
        self,
        entity: Any,
        clock: Any,
        name: str = "csb2nvdla",
        reset_n: Any = None,
        report: Report = fail,
        callback: Callable[[CsbTransaction], None] | None = None,
    ) -> None:
        self.response = Bus(entity, self.RESPONSE, ["valid", "data"], ["wr_complete"], case_insensitive=False)
        of_answers = ("an answer has a request", "an answer is of its request's kind")
        rules = ("ready is known", *of_answers, "read data are known")
        self.rules = Rules(name, rules, report)
        self.transactions: list[CsbTransaction] = []
        self.pending: deque[tuple[CsbRequest, int]] = deque()
        self._cycle = 0
        super().__init__(entity, name, clock, reset_n=reset_n, callback=callback, case_insensitive=False)
        self.add_callback(self.transactions.append)

    async def _monitor_recv(self) -> None:
        while True:
            await FallingEdge(self.clock)
            self._cycle += 1
            if self.in_reset:
                self.pending.clear()
                continue
            self._request()
            self._answers()

    def _request(self) -> None:
        bus = self.bus
        self.rules.hold("ready is known", _unknown_ready, (known(bus.ready),), (False,))
        if not (high(bus.valid) and high(bus.ready)):
            return
        request = CsbRequest(number(bus.addr) * 4, high(bus.write), number(bus.wdat), high(bus.nposted))
        if request.write and not request.nposted:
            moved()
            self._recv(CsbTransaction(request, request.data, 0))
        else:
            self.pending.append((request, self._cycle))

    def _answers(self) -> None:
        response = self.response
        read, complete = high(response.valid), hasattr(response, "wr_complete") and high(response.wr_complete)
        if read and complete and self.pending and self.pending[0][0].write:
            self._answer(True)
            self._answer(False)
            return
        if read:
            self._answer(False)
        if complete:
            self._answer(True)

    def _answer(self, is_write: bool) -> None:
        hold = self.rules.hold
        if not hold("an answer has a request", _unasked, (is_write, len(self.pending)), (is_write, 0)):
            return
        request, accepted = self.pending.popleft()
        hold("an answer is of its request's kind", _other_kind, (is_write, request), (not request.write, request))
        if not is_write:
            is_known = known(self.response.data)
            if not hold("read data are known", _unknown_data, (request, is_known), (request, False)):
                return
        data = request.data if is_write else number(self.response.data)
        moved((request.address, data))
        self._recv(CsbTransaction(request, data, self._cycle - accepted))


def _unknown_ready(is_known: bool) -> str:
    return "" if is_known else "ready is X"


def _kind(is_write: bool) -> str:
    return "write completion" if is_write else "read data"


def _unasked(is_write: bool, pending: int) -> str:
    return "" if pending else f"{_kind(is_write)} without a request"


def _other_kind(is_write: bool, request: CsbRequest) -> str:
    return "" if request.write == is_write else f"{_kind(is_write)} answers {request}"


def _unknown_data(request: CsbRequest, is_known: bool) -> str:
    return "" if is_known else f"read data of {request.address:#07x} hold X"


class CsbDriver(BusDriver):
    """Issues requests, one a cycle if the design takes them. Owns a CsbMonitor (`monitor`)."""

    _signals = ("valid", "ready", "addr", "wdat", "write", "nposted")

    def __init__(
        self,
        entity: Any,
        clock: Any,
        name: str = "csb2nvdla",
        reset_n: Any = None,
        idle: Stall = never,
        report: Report = fail,
    ) -> None:
        super().__init__(entity, name, clock, case_insensitive=False)
        self.idle = idle
        self.monitor = CsbMonitor(entity, clock, name, reset_n, report, callback=self._arrived)
        self._waiting: deque[tuple[Event, list[int]]] = deque()
        for signal in self._signals:
            if signal != "ready":
                getattr(self.bus, signal).value = 0

    def _arrived(self, transaction: CsbTransaction) -> None:
        if transaction.request.write and not transaction.request.nposted:
            return
        if self._waiting:
            event, box = self._waiting.popleft()
            box.append(transaction.data)
            event.set()

    async def write(self, address: int, data: int, nposted: bool = False) -> None:
        """Write a register. Returns when accepted, with `nposted` when completed."""
        await self._access(CsbRequest(address, True, data, nposted))

    async def read(self, address: int) -> int:
        """Read a register."""
        return await self._access(CsbRequest(address, False))

    async def poll(self, address: int, mask: int, expected: int, limit: int = 100_000) -> int:
        """Read until (value & mask) == expected; Hang after `limit` reads."""
        for _ in range(limit):
            value = await self.read(address)
            if value & mask == expected:
                return value
        raise hang(f"poll of {address:#07x}: & {mask:#x} never became {expected:#x}")

    async def _access(self, request: CsbRequest) -> int:
        accepted, answered = Event(), Event()
        box: list[int] = []
        answers = not request.write or request.nposted
        if answers:
            self._waiting.append((answered, box))
        self.append(request, event=accepted)
        await accepted.wait()
        if answers:
            await answered.wait()
        return box[0] if box else 0

    async def _driver_send(self, transaction: CsbRequest, sync: bool = True, **kwargs: Any) -> None:
        bus = self.bus
        if sync:
            await RisingEdge(self.clock)
        while self.idle():
            await RisingEdge(self.clock)
        bus.addr.value = transaction.address >> 2
        bus.wdat.value = transaction.data
        bus.write.value = transaction.write
        bus.nposted.value = transaction.nposted
        bus.valid.value = 1
        accepted = False
        while not accepted:
            await FallingEdge(self.clock)
            accepted = high(bus.ready)
            await RisingEdge(self.clock)
        bus.valid.value = 0
