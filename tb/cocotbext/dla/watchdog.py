"""One watchdog for every bench, in cycles: a test in which nothing moves ends, and says who waits for whom.

Agents tell what moves (`moved`): a transfer, an access, a beat; and the watchdog looks now and then whether the streams
of the design under test look otherwise, for what is driven by hand. `start_clock` starts it with the first clock of a
test. Where nothing has moved for `limit` cycles of that clock, the test fails with the handshakes as they stand, and
since when each stands so. A design without streams has no watchdog.
"""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.handle import LogicArrayObject, LogicObject
from cocotb.triggers import Timer

from cocotbext.dla import moment
from cocotbext.dla.mismatch import Mismatch
from cocotbext.dla.pins import bits

LIMIT = 100_000
"""Cycles of the first clock without anything that moves: longer than any bench rests on purpose."""
LOOKS = 50
"""Looks in this time: the time for which a handshake stands as it does is known as exactly."""


class Hang(Mismatch):
    """Nothing has moved for too long, or what is waited for did not come."""


class _Activity:
    """What has moved in all, in this simulation."""

    count = 0
    last: object = None


def moved(what: object = None) -> None:
    """Something has moved. `what`: where given, the same as the last time is no progress (a polled register)."""
    if what is None:
        _Activity.count += 1
    elif what != _Activity.last:
        _Activity.count += 1
        _Activity.last = what


class Handshakes:
    """Pairs <name>valid, <name>ready of an entity, and since which look each has stood as it does."""

    def __init__(self, entity: Any) -> None:
        names = {handle._name: handle for handle in entity if isinstance(handle, LogicObject | LogicArrayObject)}
        self._pairs, self._payload = {}, []
        for name, handle in names.items():
            stem = name.removesuffix("valid")
            if stem == name:
                continue
            self._pairs[stem.rstrip("_") or name] = (handle, names.get(f"{stem}ready"))
            own = [other for key, other in names.items() if stem and key.startswith(stem) and not key.endswith("ready")]
            self._payload += [other for other in own if other is not handle]
        self._states: dict[str, tuple[str, str]] = {}
        self._since: dict[str, int] = {}
        self._values: list[str] = []

    @property
    def none(self) -> bool:
        """The entity has no streams."""
        return not self._pairs

    def look(self, cycle: int) -> bool:
        """Remember how all of them stand. Whether one sends otherwise than at the last look: ready alone may toggle
        while nothing moves."""
        values = [bits(handle) for handle in self._payload]
        other, self._values = values != self._values, values
        for name, (valid, ready) in self._pairs.items():
            state = (bits(valid), bits(ready) if ready is not None else "")
            before = self._states.get(name)
            if before != state:
                other |= before is None or before[0] != state[0]
                self._states[name], self._since[name] = state, cycle
        return other

    def tell(self, cycle: int) -> str:
        """Who waits for whom: first those that offer something, each the longest first."""
        told = []
        for name in sorted(self._states, key=lambda name: self._since[name]):
            valid, ready = self._states[name]
            words = _words(valid, ready)
            if words:
                told.append(f"{name}: {words} for {cycle - self._since[name]} cycles")
        told.sort(key=lambda text: ": ready" in text)
        return "; ".join(told) or "no stream offers anything"


def _words(valid: str, ready: str) -> str:
    """What a handshake waits for, "" where it is at rest."""
    if not (valid + ready).isdigit():
        return f"valid is {valid}, ready is {ready}" if ready else f"valid is {valid}"
    if "1" in valid and ready and "0" in ready:
        return f"valid{_shown(valid)} waits for ready{_shown(ready)}"
    if ready and "1" in ready and "1" not in valid:
        return f"ready{_shown(ready)} waits for valid"
    return ""


def _shown(value: str) -> str:
    """The bits of several handshakes side by side; of one, the words tell its value."""
    return "" if len(value) == 1 else f" ({value})"


_running: list[Any] = []
_handshakes: list[Handshakes] = []


def standing() -> str:
    """Who waits for whom just now, as `tell` says it."""
    handshakes = _handshakes[0] if any(not task.done() for task in _running) else Handshakes(cocotb.top)
    cycle = moment.cycle() or 0
    handshakes.look(cycle)
    return handshakes.tell(cycle)


def hang(what: str) -> Hang:
    """The error that `what` did not come in the time it has, with who waits for whom."""
    return Hang(f"{what}: {standing()} {moment.when()}")


def start(period_ps: int, limit: int = LIMIT) -> None:
    """Watch the test that runs, in cycles of `period_ps`; once a test (each ends its background tasks)."""
    if not any(not task.done() for task in _running):
        _running[:] = [cocotb.start_soon(_watch(period_ps, limit))]


async def _watch(period_ps: int, limit: int) -> None:
    handshakes = Handshakes(cocotb.top)
    _handshakes[:] = [handshakes]
    if handshakes.none:
        return
    step = max(1, limit // LOOKS)
    cycle, still, seen = 0, 0, _Activity.count
    while True:
        await Timer(step * period_ps, unit="ps")
        cycle += step
        other = handshakes.look(cycle)
        still = 0 if other or _Activity.count != seen else still + step
        seen = _Activity.count
        if still >= limit:
            raise Hang(f"nothing has moved for {still} cycles: {handshakes.tell(cycle)} {moment.when()}")
