"""A DRAM and its controller: parameters, sets of them by name, and the timing of a burst.

The arithmetic is that of tb/hdl/sim_dram.v, burst by burst, so what differs between the latency model and the RTL is
when requests come. docs/memory.md tells where each number is from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace

from cocodla.errors import UserError

QUIET = 32
"""Core cycles without a request after which waiting writes leave, if nothing else is left to do."""
GROUP = 8
"""Bursts of the other master in a row."""
OTHER_BASE, OTHER_MASK = 0xC0000000, 0xFFFFF
POSTPONED = 8
"""Refreshes that may be put off, or done ahead (JESD79-3F 4.15, JESD209-4 4.13)."""
LOOKED_AT = 30
"""Address bits of the mapping with the bank on top: 1 GiB."""


@dataclass(frozen=True)
class DramTiming:
    """Times in DRAM clocks. ratio: DRAM clocks of a core cycle.

    cl: read command to its first data. rcd, rp, ras, rtp, rrd, faw, rfc, refi: as JEDEC names them, with t. wr: write
    command to precharge; wtr, rtw: write command to read command and back; ccd: a burst on the data bus. front: time
    in the controller, both ways together. reads, writes: bursts its queues hold. other: percent of the bus that another
    master takes. lines: 1: requests of an id to one burst are joined. burst_log2, row_log2: bytes of a burst, and of
    a row of a bank. bank_log2: banks. map: address from the top: 0 row, bank, column; 1 bank, row, column.
    """

    ratio: int
    cl: int
    rcd: int
    rp: int
    ras: int
    rtp: int
    wr: int
    wtr: int
    rtw: int
    rrd: int
    faw: int
    ccd: int
    rfc: int
    refi: int
    front: int
    row_log2: int
    bank_log2: int = 3
    burst_log2: int = 5
    reads: int = 16
    writes: int = 16
    other: int = 0
    lines: int = 1
    map: int = 0

    def plusargs(self) -> list[str]:
        """Arguments of tb/hdl/sim_dram.v."""
        return [f"+dram_{item.name}={getattr(self, item.name)}" for item in fields(self)]

    @property
    def write_latency(self) -> int:
        """Core cycles from a write to its answer: the controller's, which keeps what it has answered."""
        return max(1, -(-self.front // self.ratio))


DRAMS: dict[str, DramTiming] = {
    # tCK 1.875 ns; two x16 devices of 2 Gbit, BL8; 7-7-7. Core 266.7 MHz.
    "ddr3_1066_x32": DramTiming(
        ratio=2, cl=7, rcd=7, rp=7, ras=20, rtp=4, wr=6 + 4 + 8, wtr=6 + 4 + 4, rtw=7 + 4 + 2 - 6, rrd=6, faw=27,
        ccd=4, rfc=86, refi=4160, front=16, row_log2=12,
    ),
    # tCK 0.625 ns; a x16 channel of 4 Gbit, BL16. Core 800 MHz.
    "lpddr4_3200_x16": DramTiming(
        ratio=2, cl=28 + 6, rcd=29, rp=29, ras=68, rtp=12, wr=14 + 1 + 8 + 29, wtr=14 + 1 + 8 + 16,
        rtw=28 + 6 + 8 + 2 - 14, rrd=16, faw=64, ccd=8, rfc=288, refi=6246, front=48, row_log2=11,
    ),
}  # fmt: skip
"""Parameter sets by name."""

RANGES: dict[str, tuple[int, int]] = {
    "ratio": (1, 16), "cl": (1, 100), "rcd": (1, 200), "rp": (1, 200), "ras": (1, 400), "rtp": (1, 100), "wr": (1, 400),
    "wtr": (1, 400), "rtw": (1, 200), "rrd": (1, 100), "faw": (1, 400), "ccd": (1, 32), "rfc": (1, 2000),
    "refi": (1000, 100_000), "front": (0, 1000), "row_log2": (9, 16), "bank_log2": (0, 4), "burst_log2": (3, 8),
    "reads": (1, 255), "writes": (1, 255), "other": (0, 90), "lines": (0, 1), "map": (0, 1),
}  # fmt: skip
"""What each parameter may be."""


def dram_of(text: str) -> DramTiming:
    """A set by name, with parameters of it changed: NAME or NAME:key=value:key=value. UserError, which lists what is
    known, for another name or key and for a value out of range."""
    name, *changes = text.split(":")
    if name not in DRAMS:
        raise UserError(f"memory {name!r}: the known DRAMs are {', '.join(DRAMS)}")
    found = DRAMS[name]
    for change in changes:
        key, _, value = change.partition("=")
        if key not in RANGES:
            raise UserError(f"memory {text!r}: no parameter {key!r}; there are {', '.join(RANGES)}")
        low, high = RANGES[key]
        if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
            raise UserError(f"memory {text!r}: {key} is {value!r}, not a whole number from {low} to {high}")
        found = replace(found, **{key: int(value)})
    if 2 * (found.rp + found.rfc) > found.refi:
        taken = found.rp + found.rfc
        raise UserError(f"memory {text!r}: a refresh takes {taken} clocks, more than half of refi {found.refi}")
    if found.burst_log2 >= found.row_log2:
        raise UserError(f"memory {text!r}: a row of 2^{found.row_log2} bytes for bursts of 2^{found.burst_log2}")
    return found


@dataclass
class DramCounts:
    """What was done: bursts, how rows were found, refreshes, and changes of the bus's direction."""

    read_bursts: int = 0
    write_bursts: int = 0
    other_bursts: int = 0
    row_hits: int = 0
    row_opens: int = 0
    row_conflicts: int = 0
    refreshes: int = 0
    turnarounds: int = 0


class Dram:
    """The state of a DRAM. Requests come in the order of time; `now` is a core cycle since reset."""

    def __init__(self, timing: DramTiming) -> None:
        self.timing, self.counts = timing, DramCounts()
        banks = 1 << timing.bank_log2
        self._rows: list[int | None] = [None] * banks
        self._cas_ok, self._pre_ok, self._act_ok = [0] * banks, [0] * banks, [0] * banks
        self._acts, self._act = [0] * 4, 0
        self._read_ok = self._write_ok = self._busy = self._last = self._drained = self._cas = 0
        self._writing = False
        self._refresh = (POSTPONED + 1) * timing.refi
        self._slots, self._place = [0] * timing.reads, 0
        self._lines: dict[int, tuple[int, int]] = {}
        self._held: list[int] = []
        self._every = GROUP * timing.ccd * 100 // timing.other if timing.other else 0
        self._other_at, self._other = self._every, 0

    def read_from(self) -> int:
        """The first core cycle in which a read may be accepted."""
        return -(-self._slots[self._place] // self.timing.ratio)

    def write_from(self) -> int:
        """The first core cycle in which a write may be accepted."""
        return -(-self._drained // self.timing.ratio) if len(self._held) >= self.timing.writes else 0

    def read(self, now: int, id: int, address: int) -> int:
        """Accept a read; the core cycle in which its data are on the bus."""
        timing = self.timing
        line = address >> timing.burst_log2
        known, due = self._lines.get(id, (-1, 0))
        if not timing.lines or known != line:
            clock = now * timing.ratio
            self._before(now, clock)
            self._access(address, False, clock)
            self._slots[self._place] = self._cas
            self._place = (self._place + 1) % timing.reads
            due = -(-(self._cas + timing.cl + timing.ccd + timing.front) // timing.ratio)
            self._lines[id] = line, due
            self.counts.read_bursts += 1
        self._last = now
        return max(due, now + 2)

    def write(self, now: int, address: int) -> None:
        """Accept a write."""
        timing = self.timing
        clock = now * timing.ratio
        self._before(now, clock)
        line = address >> timing.burst_log2
        if not self._held or not timing.lines or self._held[-1] != line:
            if len(self._held) == timing.writes:
                self._drain(clock)
            self._held.append(line)
        self._last = now

    def _before(self, now: int, come: int) -> None:
        """Writes that have waited long enough, and bursts of the other master that come first."""
        timing = self.timing
        quiet = (self._last + QUIET) * timing.ratio
        if self._held and self._last + QUIET < now and self._busy <= quiet:
            self._drain(quiet)
        while self._every and self._other_at <= come:
            for _ in range(GROUP):
                self._access(OTHER_BASE | self._other & OTHER_MASK, False, self._other_at)
                self._other += 1 << timing.burst_log2
            self.counts.other_bursts += GROUP
            self._other_at += self._every

    def _drain(self, come: int) -> None:
        """The waiting writes leave."""
        for line in self._held:
            self._access(line << self.timing.burst_log2, True, come)
        self.counts.write_bursts += len(self._held)
        self._held.clear()
        self._drained = self._cas

    def _do_refresh(self, start: int) -> None:
        timing = self.timing
        ready = [at for at, row in zip(self._pre_ok, self._rows, strict=True) if row is not None]
        end = max(start, *ready, 0) + timing.rp + timing.rfc
        self._rows = [None] * len(self._rows)
        self._act_ok = [max(at, end) for at in self._act_ok]
        self._busy = max(self._busy, end)
        self._refresh += timing.refi
        self.counts.refreshes += 1

    def _access(self, address: int, writes: bool, come: int) -> None:
        """One burst that comes at DRAM clock `come`; its command is given at `_cas`."""
        timing, counts = self.timing, self.counts
        ahead = POSTPONED * timing.refi
        while max(self._busy, self._refresh - ahead) + timing.rp + timing.rfc <= come:
            self._do_refresh(max(self._busy, self._refresh - ahead))
        if self._refresh + ahead <= max(self._busy, come):
            self._do_refresh(self._busy)
        bank, row = self._place_of(address)
        if self._rows[bank] == row:
            counts.row_hits += 1
        else:
            if self._rows[bank] is not None:
                counts.row_conflicts += 1
                activate = max(come, self._pre_ok[bank]) + timing.rp
            else:
                counts.row_opens += 1
                activate = max(come, self._act_ok[bank])
            activate = max(activate, self._acts[self._act - 1] + timing.rrd, self._acts[self._act] + timing.faw)
            self._acts[self._act] = activate
            self._act = (self._act + 1) % 4
            self._rows[bank] = row
            self._cas_ok[bank] = activate + timing.rcd
            self._pre_ok[bank] = activate + timing.ras
        cas = max(come, self._cas_ok[bank], self._write_ok if writes else self._read_ok)
        counts.turnarounds += writes != self._writing
        self._writing = writes
        self._read_ok = cas + (timing.wtr if writes else timing.ccd)
        self._write_ok = cas + (timing.ccd if writes else timing.rtw)
        self._pre_ok[bank] = max(self._pre_ok[bank], cas + (timing.wr if writes else timing.rtp))
        self._busy, self._cas = cas + timing.ccd, cas

    def _place_of(self, address: int) -> tuple[int, int]:
        """Bank and row."""
        timing = self.timing
        if timing.map == 0:
            row, bank = divmod(address >> timing.row_log2, 1 << timing.bank_log2)
            return bank, row
        shift = LOOKED_AT - timing.bank_log2
        bank = address >> shift & (1 << timing.bank_log2) - 1
        return bank, (address & (1 << shift) - 1) >> timing.row_log2 | address >> LOOKED_AT << 20
