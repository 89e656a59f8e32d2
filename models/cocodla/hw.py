"""Hardware configuration of nv_small: every size in the package derives from here (spec: system.md section 1)."""

from typing import Final

ATOM: Final = 8
"""Bytes of a memory atom; also channels per MAC step (ATOMIC_C) and kernels per group (ATOMIC_K)."""

ACC_DEPTH: Final = 16
"""Output positions of a stripe: what CACC adds up at a time (parameter of NV_nvdla; changes cycles only)."""

CBUF_BANKS: Final = 32
CBUF_BANK_ENTRIES: Final = 512
CBUF_ENTRY_BYTES: Final = ATOM
CBUF_BANK_BYTES: Final = CBUF_BANK_ENTRIES * CBUF_ENTRY_BYTES

MAX_EXTENT: Final = 8192
"""Largest width, height, channel or kernel count (13-bit minus-one fields)."""

MAX_KERNEL: Final = 32
MAX_STRIDE: Final = 8
MAX_DILATION: Final = 32
MAX_PAD: Final = 31

PDP_MAX_KERNEL: Final = 8
PDP_MAX_STRIDE: Final = 16
PDP_MAX_PAD: Final = 7

ADDRESS_BITS: Final = 32
CLOCK_MHZ: Final = 100
"""Clock at which reports turn cycles into milliseconds."""


def ceil_div(value: int, divisor: int) -> int:
    """Integer division rounded up."""
    return -(-value // divisor)


def surfaces(channels: int) -> int:
    """Number of 8-channel surfaces of a cube."""
    return ceil_div(channels, ATOM)


def align(value: int, boundary: int = ATOM) -> int:
    """Smallest multiple of `boundary` that is not below `value`."""
    return ceil_div(value, boundary) * boundary
