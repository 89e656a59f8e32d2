"""SDP operands (bias, scale, slope): arrays <-> bytes (spec: sdp.md section 4, data_formats.md section 5).

A group is what one atom of 8 channels needs: ALU operand and/or MUL operand for each lane, 1 or 2
bytes each, little endian; with both, ALU and MUL alternate lane by lane.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cocodla.formats.feature import ByteArray
from cocodla.hw import ATOM, surfaces


def pack_operands(
    alu: NDArray[Any] | None = None, mul: NDArray[Any] | None = None, two_bytes: bool = False
) -> ByteArray:
    """Operands (..., 8), one or both kinds, -> bytes (..., group bytes).

    ValueError when a value does not fit its size.
    """
    kind = np.dtype("<i2") if two_bytes else np.dtype("i1")
    limits = np.iinfo(kind)
    parts = [np.asarray(part) for part in (alu, mul) if part is not None]
    if not parts:
        raise ValueError("no operand given")
    for part in parts:
        if part.shape[-1] != ATOM:
            raise ValueError(f"operands of shape {part.shape} are not atoms of {ATOM}")
        if part.size and (part.min() < limits.min or part.max() > limits.max):
            raise ValueError(f"an operand is outside {limits.min}..{limits.max}")
    joined = np.stack(parts, axis=-1).astype(kind)
    return np.ascontiguousarray(joined).reshape(*parts[0].shape[:-1], -1).view(np.uint8)


def unpack_operands(
    data: ByteArray, alu: bool, mul: bool, two_bytes: bool
) -> tuple[NDArray[np.int16] | None, NDArray[np.int16] | None]:
    """Bytes (..., group bytes) -> (ALU, MUL) operands (..., 8) as int16, None for a kind not present."""
    kind = np.dtype("<i2") if two_bytes else np.dtype("i1")
    values = np.ascontiguousarray(data).view(kind).astype(np.int16)
    if alu and mul:
        return values[..., 0::2], values[..., 1::2]
    return (values, None) if alu else (None, values)


def pack_channel_operands(
    channels: int, alu: NDArray[Any] | None = None, mul: NDArray[Any] | None = None, two_bytes: bool = False
) -> ByteArray:
    """Per-channel operands (channels,) -> bytes of the whole tensor; surplus lanes are 0."""
    padded: list[NDArray[Any] | None] = []
    for part in (alu, mul):
        if part is None:
            padded.append(None)
            continue
        values = np.zeros(surfaces(channels) * ATOM, np.int64)
        values[:channels] = part
        padded.append(values.reshape(-1, ATOM))
    return pack_operands(padded[0], padded[1], two_bytes).reshape(-1)
