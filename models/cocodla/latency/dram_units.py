"""Units that take atoms and write, with a DRAM: SDP behind the convolution or from memory, PDP, CDP."""

from __future__ import annotations

from collections import deque

from cocodla.latency import streams
from cocodla.latency.layer import Layer

PIPE = 16
"""From data on the bus to the write of their atom."""
PLACES, POOLING_PLACES = 32, 16
"""Atoms between input and write when the memory takes none: of SDP's and CDP's output buffers, and of PDP's."""
TAKEN = 3
"""From data on the bus to the unit that takes their atom."""
GIVEN_BACK = 1
"""From a write on the bus, at which the next one leaves the output buffer, to an atom that takes its place there."""
AGAIN = 5
"""From data on the bus, if their atom is taken at once, to the read on the bus that has their place in the buffer."""
DEPTH, OPERAND_DEPTH = 128, 64
"""Beats a reader has on their way or in its buffer: READ_DEPTH of the chip, and of operand engines."""


class Unit:
    """A unit between reads and writes of a layer: takes atoms as they come and as its output buffer has room.

    targets: addresses written, evenly over the atoms. pace: cycles of an atom, at least. delay: from its data on the
    bus to its write there. places: atoms from input to write, at most. held: an atom leaves when the next one comes,
    whose channels it needs (cdp_window.v). writer: queue of the bus that writes go to, see Bus.writers. begin: no atom
    is taken before.
    """

    def __init__(
        self, targets: list[int], atoms: int, pace: float, delay: int, places: int, held: bool,
        writer: deque[tuple[int, int, list[int]]],
    ) -> None:  # fmt: skip
        self.targets, self.atoms, self.pace, self.delay = targets, atoms, pace, delay
        self.places, self.held, self.writer = places, held, writer
        self.begin = 0.0
        self.taken: list[float] = []
        """Of each atom so far: when its data are on the bus, or would be if it came in time for its place."""
        self.written: list[int] = []
        """Of each write so far: when the memory accepted it."""
        self._posted = 0

    @property
    def through(self) -> bool:
        """All atoms have been taken."""
        return len(self.taken) == self.atoms

    @property
    def ended(self) -> bool:
        """The memory has accepted all writes."""
        return len(self.written) == len(self.targets)

    def take(self, arrival: float) -> bool:
        """Take the next atom, whose data come at `arrival`, and post what leaves; False if there is no room yet."""
        done = len(self.taken)
        blocked = self._posts(done) - self.places - 1  # one more waits in the register of the bus
        room = self.begin
        if blocked >= 0:
            if blocked >= len(self.written):
                return False
            room = max(room, self.written[blocked] + GIVEN_BACK - TAKEN)
        self.taken.append(max(arrival, room, self.taken[-1] + self.pace if done else 0))
        self._post(self._posts(done if self.held else done + 1), self.taken[-1])
        if self.held and done + 1 == self.atoms:
            self._post(len(self.targets), self.taken[-1] + 1)  # nothing comes: pushed out
        return True

    def _posts(self, atoms: int) -> int:
        """Writes of the first so many atoms."""
        return atoms * len(self.targets) // self.atoms

    def _post(self, end: int, at: float) -> None:
        wanted = round(at) + self.delay
        self.writer.extend((wanted, address, self.written) for address in self.targets[self._posted : end])
        self._posted = max(end, self._posted)


def targets(layer: Layer) -> list[int]:
    """Addresses a layer writes."""
    if layer.pdp:
        return streams.pooled(layer.pdp).tolist()
    if layer.sdp:
        return streams.cube(layer.sdp.address, layer.sdp.destination).tolist()
    assert layer.places.target is not None
    return streams.cube(layer.places.target[0], layer.places.target[1], "yxs").tolist()
