"""The memory port with a DRAM behind it: reads and writes of all units in the order of time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from cocodla.latency.dram import Dram, DramTiming

START = 400
"""Core cycles between the end of reset and a layer that runs alone, about: registers are written. It matters only for
when refreshes are due."""
NEVER = 1 << 62

Given = Callable[[int], int]
"""Of a beat: when it may be asked for; NEVER as long as what that depends on has not happened."""


class Port:
    """One read and one write a cycle, each when the DRAM's controller takes it. Times are core cycles since `begin`."""

    def __init__(self, timing: DramTiming, begin: int = START) -> None:
        self.dram, self.begin = Dram(timing), begin
        self.write_latency = timing.write_latency
        self._next_read = self._next_write = self._answered = 0

    def next_read(self, wanted: int) -> int:
        """When a read asked for at `wanted` is accepted, if nothing comes before."""
        return max(wanted, self._next_read, self.dram.read_from() - self.begin)

    def read(self, now: int, id: int, address: int) -> int:
        """Accept a read; when its data are there. Answers keep the order of the reads, one a cycle."""
        due = self.dram.read(now + self.begin, id, address) - self.begin
        self._answered = max(due, self._answered + 1)
        self._next_read = now + 1
        return self._answered

    def next_write(self, wanted: int) -> int:
        """When a write asked for at `wanted` is accepted, if nothing comes before."""
        return max(wanted, self._next_write, self.dram.write_from() - self.begin)

    def write(self, now: int, address: int) -> None:
        """Accept a write."""
        self.dram.write(now + self.begin, address)
        self._next_write = now + 1


class Reader:
    """Beats that a layer reads as one client, in order. arrivals: when the data of those so far are there."""

    def __init__(self, id: int, addresses: Iterable[int], given: Given) -> None:
        self.id, self.addresses, self.given = id, list(addresses), given
        self.arrivals: list[int] = []


class Bus:
    """What is to be read and written on a port. It is done in the order of time, a read before a write of its cycle."""

    def __init__(self, port: Port, ids: Iterable[int], writers: int) -> None:
        """ids: of the read clients, in the order of their turns. writers: write clients."""
        self.port = port
        self.clients: dict[int, deque[Reader]] = {id: deque() for id in ids}
        self.writers: list[deque[tuple[int, int, list[int]]]] = [deque() for _ in range(writers)]
        """What each is to write, in order: not before, address, and where the time of its acceptance goes."""
        self._order = list(self.clients.values())
        self._turn = 0

    def step(self) -> bool:
        """Do the next read or write; False if there is none that may be asked for."""
        port, reader, when, turn = self.port, None, NEVER, 0
        for offset in range(len(self._order)):
            index = (self._turn + offset) % len(self._order)
            first = self._first(self._order[index])
            if first is None:
                continue
            wanted = first.given(len(first.arrivals))
            at = wanted if wanted == NEVER else port.next_read(wanted)
            if at < when:
                reader, when, turn = first, at, index + 1
        writer = min((queue for queue in self.writers if queue), key=lambda queue: queue[0][0], default=None)
        if writer is not None and (at := port.next_write(writer[0][0])) < when:
            _, address, done = writer.popleft()
            port.write(at, address)
            done.append(at)
        elif reader is not None:
            reader.arrivals.append(port.read(when, reader.id, reader.addresses[len(reader.arrivals)]))
            self._turn = turn % len(self._order)
        else:
            return False
        return True

    @staticmethod
    def _first(queue: deque[Reader]) -> Reader | None:
        """The first reader of a client that has not asked for all its beats."""
        while queue and len(queue[0].arrivals) == len(queue[0].addresses):
            queue.popleft()
        return queue[0] if queue else None
