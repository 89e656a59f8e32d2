"""What crossed the boundaries between units in a waveform: each transfer with its cycle and its bits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cocodla.formats.feature import ByteArray
from cocodla.sim.waves import PERIOD_PS
from cocodla.waves.dump import Dump
from cocodla.waves.exact import Exact, Places
from cocodla.waves.interfaces import Interface, load_description, own_file

_CLOCK, _RESET = "dla_core_clk", "rst_n"


def _plain(name: str, valid: str | tuple[str, ...], payload: tuple[str, ...]) -> Interface:
    return Interface(name, (valid,) if isinstance(valid, str) else valid, _CLOCK, payload=payload, reset=_RESET)


EXTRA = (
    _plain("brd_data", "brd_data_valid", ("brd_alu", "brd_mul")),
    _plain("nrd_data", "nrd_data_valid", ("nrd_alu", "nrd_mul")),
    _plain("cmac2cacc_b", "mac_valid", ("mac_b_data",)),
)
"""Beats that are no handshake of rtl/interfaces.toml."""


@dataclass(frozen=True)
class Moved:
    """The transfers of an interface. cycles: (n,) int64, of sim_top.cycle. payload: by signal, n numbers of any width,
    None where a bit is unknown."""

    cycles: NDArray[np.int64]
    payload: dict[str, list[int | None]]

    def __len__(self) -> int:
        return len(self.cycles)

    def numbers(self, signal: str) -> NDArray[np.int64]:
        """A signal of less than 64 bits; -1 where unknown."""
        return np.array([-1 if value is None else value for value in self.payload[signal]], np.int64)

    def bytes(self, signal: str, width: int, chosen: slice = slice(None)) -> ByteArray:
        """A signal as (n, width) bytes, the lowest first; 0 where unknown."""
        values = self.payload[signal][chosen]
        limit = (1 << 8 * width) - 1
        data = b"".join((0 if value is None else value & limit).to_bytes(width, "little") for value in values)
        return np.frombuffer(data, np.uint8).reshape(-1, width)

    def where(self, chosen: NDArray[np.bool_]) -> Moved:
        """Some of the transfers."""
        kept = np.flatnonzero(chosen)
        return Moved(self.cycles[kept], {name: [values[k] for k in kept] for name, values in self.payload.items()})


class Boundaries:
    """A dump of the chip from reset on, of the signals between its units. origin_ps: when cycle 0 begins."""

    def __init__(self, path: Path, origin_ps: int) -> None:
        """UserError: no dump, one without the pins of the chip, or more changes than are read."""
        self.path = path
        dump = Dump(path)
        self._known = {one.name: one for one in (*load_description(own_file()).interfaces, *EXTRA)}
        self._exact = Exact(dump, "nvdla_core2dbb_w_wvalid")
        factor, exponent = dump.tick
        self._tick_ps, self._origin = factor * 10 ** (exponent + 12), origin_ps
        self._moved: dict[str, Moved] = {}

    def has(self, *names: str) -> bool:
        """Whether all of these interfaces are in the dump."""
        return all(all(self._exact.has(signal) for signal in self._known[name].signals) for name in names)

    def read(self, names: Iterable[str], more: Iterable[str] = ()) -> None:
        """Read what these interfaces need, and signals besides, in one go."""
        signals = [signal for name in names for signal in self._known[name].signals]
        self._exact.read([name for name in (*signals, *more) if self._exact.has(name)])

    def moved(self, name: str) -> Moved:
        """The transfers of an interface, from the end of reset on."""
        if name not in self._moved:
            one = self._known[name]
            places = self._exact.edges(one.clock)
            go = self.bits(one.reset, places) == 1 - one.reset_level
            for signal in (*one.valid, *([one.ready] if one.ready else [])):
                go &= self.bits(signal, places) == 1
            chosen = np.flatnonzero(go)
            payload = {s: self._exact.values(s, places[chosen]) for s in one.payload if self._exact.has(s)}
            self._moved[name] = Moved(self.cycles(places[chosen]), payload)
        return self._moved[name]

    def interface(self, name: str) -> Interface:
        """Description of an interface."""
        return self._known[name]

    def at(self, signals: Iterable[str]) -> tuple[Places, dict[str, list[int | None]]]:
        """Edges of the core clock, and the value of each signal before each of them."""
        places = self._exact.edges(_CLOCK)
        return places, {signal: self._exact.values(signal, places) for signal in signals}

    def bits(self, signal: str, places: Places) -> NDArray[np.int64]:
        """A narrow signal before each of these edges, -1 where unknown."""
        return self._exact.numbers(signal, places)

    def cycles(self, places: Places) -> NDArray[np.int64]:
        """Cycle that each of these edges ends."""
        return np.asarray((places * self._tick_ps - self._origin) // PERIOD_PS - 1, np.int64)

    def last_cycle(self) -> int:
        """The last cycle of the dump."""
        return int(self.cycles(self._exact.edges(_CLOCK)[-1:])[0])
