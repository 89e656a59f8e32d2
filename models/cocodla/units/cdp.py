"""CDP as an object (spec: cdp.md)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cocodla.golden.config_cdp import LE_ENTRIES, LO_ENTRIES, CdpConfig, LutConfig, Tables
from cocodla.golden.encode import lut_words
from cocodla.units.cubes import Cube
from cocodla.units.places import Place, blamed, require_at, require_within, written_at


@dataclass(frozen=True, eq=False)
class Cdp:
    """Normalisation over `window` channels, or, with both bypasses, a function of one element by look-up tables.

    y = (x - in_offset) * in_scale / 2^in_shift; code = clamp8(round((table(n) * y - out_offset) * out_scale /
    2^out_shift)), n the sum of y^2 over the window. tables: entries of LE (65) and LO (257), signed 16 bits.
    """

    source: Cube
    lut: LutConfig
    tables: Tables
    window: int = 5
    square_bypass: bool = False
    multiply_bypass: bool = False
    in_offset: int = 0
    in_scale: int = 1
    in_shift: int = 0
    out_offset: int = 0
    out_scale: int = 1
    out_shift: int = 0
    place: Place = field(default_factory=written_at, repr=False)

    def __post_init__(self) -> None:
        odd = self.window in (3, 5, 7, 9)
        require_at(self.place, "Cdp.window", odd, f"{self.window} given, 3, 5, 7 and 9 are possible (cdp.md 2)")
        require_within(self.place, "Cdp.in_offset", self.in_offset, -128, 127, "cdp.md 2")
        for name in ("in_scale", "out_scale"):
            require_within(self.place, f"Cdp.{name}", getattr(self, name), -(1 << 15), (1 << 15) - 1, "cdp.md 2")
        require_within(self.place, "Cdp.in_shift", self.in_shift, 0, 31, "cdp.md 2")
        require_within(self.place, "Cdp.out_offset", self.out_offset, -(1 << 24), (1 << 24) - 1, "cdp.md 2")
        require_within(self.place, "Cdp.out_shift", self.out_shift, 0, 63, "cdp.md 2")
        for name, entries, count in (("le", self.tables.le, LE_ENTRIES), ("lo", self.tables.lo, LO_ENTRIES)):
            fits = len(entries) == count and np.abs(np.asarray(entries) + 0.5).max() < 1 << 15
            require_at(
                self.place, f"Cdp.tables.{name}", fits,
                f"{len(entries)} entries given, {count} of signed 16 bits are needed (cdp.md 5)",
            )  # fmt: skip

    def config(self, to: Cube) -> CdpConfig:
        """Registers of a group; the address stays 0."""
        return CdpConfig(
            (self.window - 1) // 2, self.square_bypass, self.multiply_bypass, self.in_offset, self.in_scale,
            self.in_shift, self.out_offset, self.out_scale, self.out_shift,
            line_stride=to.layout.line_stride, surface_stride=to.layout.surface_stride,
        )  # fmt: skip

    @property
    def shared(self) -> dict[str, int]:
        """Register path -> word of what both groups share: how tables are looked up."""
        with blamed(self.place, "Cdp.lut"):
            return {f"CDP.{name}": word for name, word in lut_words(self.lut).items()}

    @property
    def entries(self) -> dict[str, tuple[int, ...]]:
        """Contents of the tables by name."""
        return {name: tuple(map(int, getattr(self.tables, name.lower()))) for name in ("LE", "LO")}
