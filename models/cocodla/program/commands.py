"""The commands of a Program: the one currency between compiler, traces, golden model and RTL.

Addresses are byte addresses; register addresses are byte addresses inside the 256 KiB CSB window.
All commands are executed strictly in order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class LoadMemory:
    """Write `data` to memory at `address`."""

    address: int
    data: bytes


@dataclass(frozen=True)
class FillMemory:
    """Fill `length` bytes at `address` with the byte `value`."""

    address: int
    length: int
    value: int = 0


@dataclass(frozen=True)
class WriteRegister:
    """Posted 32-bit register write."""

    address: int
    value: int


@dataclass(frozen=True)
class ReadRegister:
    """Read a register; under `mask` it must equal `expected`. With mask 0 the value is only recorded."""

    address: int
    mask: int
    expected: int


@dataclass(frozen=True)
class PollRegister:
    """Read a register until it equals `expected` under `mask`; other bits of `expected` do not count."""

    address: int
    mask: int
    expected: int


@dataclass(frozen=True)
class WaitInterrupt:
    """Wait until every bit of `bits` has been set in GLB.S_INTR_STATUS, then clear exactly these bits.

    With `clear` False the status is left as it is (recorded logs clear it themselves).
    """

    bits: int
    clear: bool = True


@dataclass(frozen=True)
class CheckMemory:
    """Read back `length` bytes at `address` under `name`.

    With `expected` the bytes must match; with `crc` their CRC-32 (zlib) must match; with neither
    they are recorded only, and compared between two executions.
    """

    address: int
    length: int
    name: str
    expected: bytes | None = None
    crc: int | None = None


@dataclass(frozen=True)
class Mark:
    """Names what follows (a layer, an image, a tensor). `info` holds plain JSON values for reports."""

    name: str
    info: dict[str, Any] = field(default_factory=dict)


Command = LoadMemory | FillMemory | WriteRegister | ReadRegister | PollRegister | WaitInterrupt | CheckMemory | Mark
