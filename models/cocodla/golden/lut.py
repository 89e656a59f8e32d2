"""CDP look-up tables and their access port (spec: cdp.md section 2.3)."""

from __future__ import annotations

from cocodla.golden.arithmetic import sign_extend
from cocodla.golden.config_cdp import Tables


class Lut:
    """Tables LE (65) and LO (257) of signed 16-bit values, and the auto-incrementing address."""

    def __init__(self) -> None:
        self.contents = Tables.zeros()
        self.tables = (self.contents.le, self.contents.lo)
        self.address = 0
        self.table = 0
        self.writing = False

    def access(self, register: str, value: int) -> None:
        """Write of S_LUT_ACCESS_CFG or S_LUT_ACCESS_DATA."""
        if register == "S_LUT_ACCESS_CFG":
            self.address, self.table, self.writing = value & 0x3FF, value >> 16 & 1, bool(value >> 17 & 1)
        elif self.writing:
            entries = self.tables[self.table]
            if self.address < len(entries):
                entries[self.address] = sign_extend(value, 16)
            self._increment()

    def read(self, register: str) -> int:
        """Read of S_LUT_ACCESS_CFG (the current address) or S_LUT_ACCESS_DATA."""
        if register == "S_LUT_ACCESS_CFG":
            return self.address | self.table << 16 | int(self.writing) << 17
        entries = self.tables[self.table]
        value = int(entries[self.address if self.address < len(entries) else 0]) & 0xFFFF
        if not self.writing:
            self._increment()
        return value

    def _increment(self) -> None:
        if self.address != len(self.tables[self.table]) - 1:
            self.address = (self.address + 1) & 0x3FF
