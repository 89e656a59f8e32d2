"""Valid/ready streams: source, sink, monitor, checker.

Signals are <name>_valid, <name>_ready and <name>_<field> for each field. An item is an int where there is one field,
else a dict field -> int. A stream without back-pressure has no ready, and who looks at it says so (`ready=False`): a
ready that is only looked for would switch off the rules of stalls where it goes by another name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import cocotb
from cocotb.triggers import Event, FallingEdge, RisingEdge
from cocotb_bus.drivers import BusDriver
from cocotb_bus.monitors import BusMonitor

from cocotbext.dla.checks import Report, Rules, fail
from cocotbext.dla.moment import now
from cocotbext.dla.pins import Output, bits, high, number
from cocotbext.dla.stalls import Stall, never
from cocotbext.dla.watchdog import moved

Item = int | dict[str, int]


class StreamSource(BusDriver):
    """Drives a stream. append() queues an item, send_all() waits until the last one is accepted."""

    def __init__(
        self,
        entity: Any,
        name: str,
        clock: Any,
        fields: Sequence[str] = ("data",),
        idle: Stall = never,
        ready: bool = True,
    ) -> None:
        self._signals = _signals(fields, ready)
        self.fields = tuple(fields)
        self.idle = idle
        super().__init__(entity, name, clock, case_insensitive=False)
        self.bus.valid.value = 0
        for field in fields:
            getattr(self.bus, field).value = 0

    async def send_all(self, items: Iterable[Item]) -> None:
        """Queue all items and wait until the last one has been accepted."""
        queued = list(items)
        if not queued:
            return
        done = Event()
        for item in queued[:-1]:
            self.append(item)
        self.append(queued[-1], event=done)
        await done.wait()

    async def _driver_send(self, transaction: Item, sync: bool = True, **kwargs: Any) -> None:
        bus = self.bus
        if sync:
            await RisingEdge(self.clock)
        while self.idle():
            bus.valid.value = 0
            await RisingEdge(self.clock)
        values = transaction if isinstance(transaction, dict) else {self.fields[0]: transaction}
        for field in self.fields:
            getattr(bus, field).value = values[field]
        bus.valid.value = 1
        accepted = False
        while not accepted:
            await FallingEdge(self.clock)
            accepted = "ready" not in self._signals or high(bus.ready)
            await RisingEdge(self.clock)
        moved()
        bus.valid.value = 0


class StreamMonitor(BusMonitor):
    """Sees every transfer; `items` keeps them all, `times` when each came (ns), callbacks get them one by one."""

    def __init__(
        self,
        entity: Any,
        name: str,
        clock: Any,
        fields: Sequence[str] = ("data",),
        reset_n: Any = None,
        callback: Callable[[Item], None] | None = None,
        ready: bool = True,
    ) -> None:
        self._signals = _signals(fields, ready)
        self.fields = tuple(fields)
        self.items: list[Item] = []
        self.times: list[float] = []
        super().__init__(entity, name, clock, reset_n=reset_n, callback=callback, case_insensitive=False)
        self.add_callback(self.items.append)

    async def _monitor_recv(self) -> None:
        bus = self.bus
        while True:
            await FallingEdge(self.clock)
            if not high(bus.valid) or self.in_reset:
                continue
            if "ready" in self._signals and not high(bus.ready):
                continue
            values = {field: number(getattr(bus, field)) for field in self.fields}
            self.times.append(now())
            moved()
            self._recv(values if len(values) > 1 else values[self.fields[0]])

    def clear(self) -> None:
        """Forget all transfers seen."""
        self.items.clear()
        self.times.clear()

    async def wait_items(self, count: int) -> list[Item]:
        """Wait until `count` items have been seen since the start; returns the first `count`."""
        while len(self.items) < count:
            await RisingEdge(self.clock)
        return self.items[:count]


class StreamSink(StreamMonitor):
    """A monitor that also drives ready, with back-pressure."""

    def __init__(
        self,
        entity: Any,
        name: str,
        clock: Any,
        fields: Sequence[str] = ("data",),
        reset_n: Any = None,
        backpressure: Stall = never,
        callback: Callable[[Item], None] | None = None,
    ) -> None:
        super().__init__(entity, name, clock, fields, reset_n, callback)
        self.backpressure = backpressure
        self._ready = Output(self.bus.ready)
        cocotb.start_soon(self._drive_ready())

    async def _drive_ready(self) -> None:
        while True:
            await RisingEdge(self.clock)
            self._ready.drive(not self.backpressure())


class StreamChecker(BusMonitor):
    """Rules of a stream: valid never X and never withdrawn, payload known and stable while stalled."""

    def __init__(
        self,
        entity: Any,
        name: str,
        clock: Any,
        fields: Sequence[str] = ("data",),
        reset_n: Any = None,
        report: Report = fail,
        signals: dict[str, str] | None = None,
    ) -> None:
        # signals: other names for valid, ready and the fields, as on DBB ("valid": "arvalid").
        self._signals = {key: (signals or {}).get(key, key) for key in _signals(fields, True)}
        self.fields = tuple(fields)
        rules = ["valid is known", "valid waits for ready"]
        rules += [f"{field} {rule}" for field in fields for rule in ("is known", "waits for ready")]
        self.rules = Rules(name, rules, report)
        self._awake = False  # the rule of every cycle has shown that it would complain
        super().__init__(entity, name, clock, reset_n=reset_n, case_insensitive=False)

    async def _monitor_recv(self) -> None:
        bus, hold = self.bus, self.rules.hold
        stalled: dict[str, str] | None = None  # payload of a transfer that waits for ready
        while True:
            await FallingEdge(self.clock)
            valid = bits(bus.valid)
            if valid == "0" and stalled is None and self._awake:
                continue
            if self.in_reset:
                stalled = None
                continue
            self._awake = True
            hold("valid is known", _unknown_valid, (valid,), ("X",))
            if stalled is not None:
                hold("valid waits for ready", _withdrawn, (valid,), ("0",))
            if valid != "1":
                stalled = None
                continue
            payload = {field: bits(getattr(bus, field)) for field in self.fields}
            self._check_payload(payload, stalled)
            stalled = None if high(bus.ready) else payload

    def _check_payload(self, payload: dict[str, str], stalled: dict[str, str] | None) -> None:
        for field, value in payload.items():
            bent = "X" * len(value)
            is_known = self.rules.hold(f"{field} is known", _unknown_payload, (field, value), (field, bent))
            if is_known and stalled is not None:
                other = value[:-1] + "01"[value[-1] == "0"]
                values, bent_values = (field, stalled[field], value), (field, stalled[field], other)
                self.rules.hold(f"{field} waits for ready", _changed, values, bent_values)


def _signals(fields: Sequence[str], ready: bool) -> list[str]:
    return ["valid", *(["ready"] if ready else []), *fields]


def _unknown_valid(valid: str) -> str:
    return "" if valid.isdigit() else "valid is X"


def _withdrawn(valid: str) -> str:
    return "" if valid == "1" else "valid was withdrawn before ready"


def _unknown_payload(field: str, value: str) -> str:
    return "" if value.isdigit() else f"{field} holds X while valid"


def _changed(field: str, before: str, value: str) -> str:
    return "" if value == before else f"{field} changed while stalled, {before} to {value}"
