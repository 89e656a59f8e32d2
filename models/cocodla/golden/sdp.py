"""SDP: bias / batch-norm stages and output converter (spec: sdp.md).

Arrays are atoms of shape (..., surfaces, height, width, 8). Everything is exact integer
arithmetic; the functions of the single stages are what the RTL benches compare with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cocodla.golden.arithmetic import IntArray, round_shift, saturate, shift_left_saturating, wrap
from cocodla.golden.config import AluOperation, SdpConfig, StageConfig
from cocodla.golden.rules import RuleViolation


@dataclass(frozen=True)
class StageOperands:
    """Operands from memory of one stage, int16 range, broadcastable to the atoms; None where not fetched.

    Per channel: (1 or batch, S, 1, 1, 8). Per element: (1 or batch, S, H, W, 8).
    """

    alu: NDArray[Any] | None = None
    mul: NDArray[Any] | None = None


@dataclass(frozen=True)
class SdpOperands:
    """What the two operand engines of SDP_RDMA deliver."""

    bs: StageOperands = StageOperands()
    bn: StageOperands = StageOperands()


def alu(x: NDArray[Any], config: StageConfig, memory_operand: NDArray[Any] | None = None) -> IntArray:
    """Section 3.2 step 1: 32-bit x and shifted operand -> 33-bit result. The ALU must not be bypassed."""
    operand = _source(config.alu_from_memory, memory_operand, config.alu_operand, "ALU")
    shifted = shift_left_saturating(operand, config.alu_shift, 32)
    x = np.asarray(x, np.int64)
    if config.alu_operation is AluOperation.MAX:
        return np.maximum(x, shifted)
    if config.alu_operation is AluOperation.MIN:
        return np.minimum(x, shifted)
    return x + shifted


def multiply(y: NDArray[Any], config: StageConfig, memory_operand: NDArray[Any] | None = None) -> IntArray:
    """Section 3.2 steps 2 and 3: 33-bit y -> 32 bits. The shift acts even when the multiplier is bypassed."""
    y = np.asarray(y, np.int64)
    if config.mul_bypass:
        return saturate(round_shift(y, config.mul_shift), 32)
    operand = _source(config.mul_from_memory, memory_operand, config.mul_operand, "multiplier")
    product = saturate(round_shift(y * operand, config.mul_shift), 32)
    if config.prelu:
        return np.where(y >= 0, wrap(y, 32), product)
    return product


def stage(x: NDArray[Any], config: StageConfig, operands: StageOperands = StageOperands()) -> IntArray:
    """Section 3.2: one whole BS or BN stage on 32-bit values, result 32 bits."""
    x = np.asarray(x, np.int64)
    if config.bypass:
        return x
    y = x if config.alu_bypass else alu(x, config, operands.alu)
    if not config.mul_bypass or config.mul_shift:
        y = multiply(y, config, operands.mul)
    elif not config.alu_bypass:
        y = saturate(y, 32)
    return y if config.relu_bypass else np.maximum(y, 0)


def convert(z: NDArray[Any], config: SdpConfig) -> NDArray[np.int8]:
    """Section 3.4: the output converter, 32 bits -> int8."""
    product = (np.asarray(z, np.int64) - config.cvt_offset) * config.cvt_scale
    return saturate(round_shift(product, config.cvt_shift), 8).astype(np.int8)


def count_saturation(z: NDArray[Any], config: SdpConfig, axis: tuple[int, ...] | None = None) -> NDArray[Any]:
    """Section 3.4: number of elements that leave 17 bits in the converter (D_PERF_OUT_SATURATION)."""
    product = (np.asarray(z, np.int64) - config.cvt_offset) * config.cvt_scale
    shift = config.cvt_shift
    if shift >= 49:
        return np.zeros_like(product).sum(axis)
    floor = product >> shift
    guard = (product >> (shift - 1)) & 1 if shift else np.zeros_like(product)
    top = (1 << 16) - 1
    over = (floor > top) | (floor < -(1 << 16)) | ((product >= 0) & (floor + guard > top))
    return over.sum(axis)


def accumulate(x: NDArray[Any], config: SdpConfig, operands: SdpOperands = SdpOperands()) -> IntArray:
    """Both stages, before the output converter: int8 or int32 atoms -> 32-bit atoms. EW is a wire."""
    return stage(stage(x, config.bs, operands.bs), config.bn, operands.bn)


def process(x: NDArray[Any], config: SdpConfig, operands: SdpOperands = SdpOperands()) -> NDArray[np.int8]:
    """The whole unit: atoms (..., S, H, W, 8) of int8 (memory) or int32 (CACC) -> int8 atoms."""
    return convert(accumulate(x, config, operands), config)


def _source(from_memory: bool, memory: NDArray[Any] | None, register: int, what: str) -> NDArray[Any]:
    if not from_memory:
        return np.asarray(register, np.int64)
    if memory is None:
        raise RuleViolation(f"the {what} operand of an SDP stage comes from memory but is not fetched (sdp.md 4)")
    return np.asarray(memory, np.int64)
