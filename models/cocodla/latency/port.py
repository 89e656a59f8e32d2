"""The memory port with a DRAM behind it: reads and writes of a layer in the order of time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from cocodla.latency.dram import Dram, DramTiming

START = 400
"""Core cycles between the end of reset and a layer that runs alone, about: registers are written. It matters only for
when refreshes are due."""


class Port:
    """One read and one write a cycle, each when the DRAM's controller takes it. Times are core cycles since `begin`."""

    def __init__(self, timing: DramTiming, begin: int = START) -> None:
        self.dram, self.begin = Dram(timing), begin
        self.write_latency = timing.write_latency
        self._next_read = self._next_write = self._answered = 0
        self.writes: deque[tuple[int, int]] = deque()
        """What is to be written, in order: (not before, address)."""
        self.written = 0
        """When the last write was accepted."""

    def read(self, wanted: int, id: int, address: int) -> tuple[int, int]:
        """A read that is asked for at `wanted` at the earliest: when it is accepted, and when its data are there.

        Writes that come before it are done first.
        """
        now = self.next_read(wanted)
        while self.writes and self.next_write() < now:
            self.do_write()
            now = self.next_read(wanted)
        return now, self._take(now, id, address)

    def _take(self, now: int, id: int, address: int) -> int:
        """Accept a read. Answers keep the order of the reads, one a cycle."""
        due = self.dram.read(now + self.begin, id, address) - self.begin
        self._answered = max(due, self._answered + 1)
        self._next_read = now + 1
        return self._answered

    def next_read(self, wanted: int) -> int:
        """When a read asked for at `wanted` is accepted, if no write comes before."""
        return max(wanted, self._next_read, self.dram.read_from() - self.begin)

    def do_read(self, when: int, reader: Reader) -> int:
        """A reader's next read is accepted at `when`, before any write that is to be done; when its data are there."""
        return self._take(when, reader.id, reader.addresses[len(reader.arrivals)])

    def next_write(self) -> int:
        """When the first of `writes` is accepted, if nothing comes before."""
        return max(self.writes[0][0], self._next_write, self.dram.write_from() - self.begin)

    def do_write(self) -> int:
        """Do the first of `writes`; when it was accepted."""
        self.written = self.next_write()
        _, address = self.writes.popleft()
        self.dram.write(self.written + self.begin, address)
        self._next_write = self.written + 1
        return self.written

    def write(self, wanted: int, address: int) -> None:
        """A write that is asked for at `wanted` at the earliest."""
        self.writes.append((wanted, address))

    def flush(self) -> int:
        """Do all writes; when the last one was accepted."""
        while self.writes:
            self.do_write()
        return self.written


class Reader:
    """A client of the port that keeps at most `depth` beats on their way or unused. arrivals: of the beats so far."""

    def __init__(self, id: int, addresses: Iterable[int], depth: int) -> None:
        self.id, self.addresses, self.depth = id, list(addresses), depth
        self.arrivals: list[int] = []

    @property
    def left(self) -> int:
        return len(self.addresses) - len(self.arrivals)


def take_turns(port: Port, readers: list[Reader], wanted: int) -> None:
    """All beats of some readers without a limit, one after the other in turns."""
    waiting = deque(reader for reader in readers if reader.left)
    while waiting:
        reader = waiting.popleft()
        _, due = port.read(wanted, reader.id, reader.addresses[len(reader.arrivals)])
        reader.arrivals.append(due)
        if reader.left:
            waiting.append(reader)
