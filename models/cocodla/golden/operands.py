"""SDP operands as BRDMA and NRDMA fetch them (spec: sdp.md section 4)."""

from __future__ import annotations

from cocodla.formats import operands
from cocodla.formats.feature import ByteArray
from cocodla.golden.config import OperandConfig, OperandUse
from cocodla.golden.memory import Memory
from cocodla.golden.sdp import StageOperands
from cocodla.hw import surfaces


def read_operands(memory: Memory, config: OperandConfig, width: int, height: int, channels: int) -> ByteArray:
    """Operands of a cube as bytes: (1 or batch, S, 1 or H, 1 or W, group bytes)."""
    count, group = surfaces(channels), config.group_bytes
    if not config.per_element or (width == 1 and height == 1):
        raw = memory.read(config.address, count * group)
        return raw.reshape(raw.shape[0], count, 1, 1, group)
    raw = memory.read_strided(
        config.address, (count, height), (config.surface_stride, config.line_stride), width * group
    )
    return raw.reshape(raw.shape[0], count, height, width, group)


def unpack_operands(data: ByteArray, config: OperandConfig) -> StageOperands:
    """Operands of those bytes: (1 or batch, S, 1, 1, 8) per channel or (1 or batch, S, H, W, 8) per element."""
    return StageOperands(
        *operands.unpack_operands(
            data,
            alu=config.use is not OperandUse.MUL,
            mul=config.use is not OperandUse.ALU,
            two_bytes=config.two_bytes,
        )
    )
