"""SDP: bias / batch-norm stages and output converter (spec: sdp.md).

Arrays are atoms of shape (..., surfaces, height, width, 8). Everything is exact integer
arithmetic on values with known bounds (bounded.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cocodla.formats.feature import transposed
from cocodla.golden.bounded import Bounded
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


@dataclass(frozen=True)
class Stage:
    """A BS or BN stage with its operands; None for a part that is bypassed.

    alu_shift: what the ALU's operand is still to be shifted by: those of every element are shifted block by block.
    """

    config: StageConfig
    alu: Bounded | None = None
    mul: Bounded | None = None
    alu_shift: int = 0

    @staticmethod
    def of(config: StageConfig, operands: StageOperands = StageOperands()) -> Stage:
        """RuleViolation when an operand is not fetched."""
        if config.bypass:
            return Stage(config)
        alu = mul = None
        shift = config.alu_shift
        if not config.alu_bypass:
            operand = _source(config.alu_from_memory, operands.alu, config.alu_operand, "ALU")
            alu = Bounded.of(operand)
            if shift and (not operand.ndim or operand.shape[-3:-1] == (1, 1)):
                alu, shift = alu.shift_left_saturating(shift, 32), 0
        if not config.mul_bypass:
            mul = Bounded.of(_source(config.mul_from_memory, operands.mul, config.mul_operand, "multiplier"))
        return Stage(config, alu, mul, shift)

    @property
    def arrays(self) -> list[NDArray[Any]]:
        """The operands that are not numbers."""
        return [part.values for part in (self.alu, self.mul) if part is not None and part.values.ndim]

    def laid_out(self, width: int, channels_last: bool) -> Stage:
        """Operands of (1 or batch, S, H or 1, W or 1, 8) in the order of the atoms in memory, for whole lines."""
        alu, mul = (
            part and Bounded(_laid_out(part.values, width, channels_last), part.bound) for part in (self.alu, self.mul)
        )
        return Stage(self.config, alu, mul, self.alu_shift)

    def part(self, images: slice, lines: slice) -> Stage:
        """For a range of images and lines; what all share stays as it is."""
        if all(array.shape[0] == array.shape[2] == 1 for array in self.arrays):
            return self
        alu, mul = (part and Bounded(_part(part.values, images, lines), part.bound) for part in (self.alu, self.mul))
        return Stage(self.config, alu, mul, self.alu_shift)

    def __call__(self, x: Bounded) -> Bounded:
        """Section 3.2: 32-bit values -> 32 bits."""
        c = self.config
        if c.bypass:
            return x
        y = _alu(x, c, self._shifted(self.alu)) if self.alu else x
        if self.mul or c.mul_shift:
            y = _multiply(y, c, self.mul)  # the shift acts even when the multiplier is bypassed
        elif self.alu:
            y = y.saturate(32)
        return y if c.relu_bypass else y.relu()

    def _shifted(self, alu: Bounded) -> Bounded:
        return alu.shift_left_saturating(self.alu_shift, 32) if self.alu_shift else alu


def _alu(x: Bounded, config: StageConfig, operand: Bounded) -> Bounded:
    """Section 3.2 step 1: 32-bit x and shifted operand -> 33-bit result."""
    if config.alu_operation is AluOperation.MAX:
        return x.maximum(operand)
    if config.alu_operation is AluOperation.MIN:
        return x.minimum(operand)
    return x.plus(operand)


def _multiply(y: Bounded, config: StageConfig, operand: Bounded | None) -> Bounded:
    """Section 3.2 steps 2 and 3: 33-bit y -> 32 bits. operand None: the multiplier is bypassed."""
    if operand is None:
        return y.round_shift(config.mul_shift).saturate(32)
    product = y.scaled(operand, config.mul_shift).saturate(32)
    return y.wrap(32).where(y.values >= 0, product) if config.prelu else product


def accumulate(x: NDArray[Any], config: SdpConfig, operands: SdpOperands = SdpOperands()) -> Bounded:
    """Both stages, before the output converter: int8 or int32 atoms -> 32-bit atoms. EW is a wire."""
    return Stage.of(config.bn, operands.bn)(Stage.of(config.bs, operands.bs)(Bounded.of(x)))


def convert(z: Bounded, config: SdpConfig) -> NDArray[np.int8]:
    """Section 3.4: the output converter, 32 bits -> int8."""
    z = _centred(z, config)
    scale, shift = config.cvt_scale, config.cvt_shift
    y = z.round_shift(shift) if scale == 1 else z.scaled(Bounded.of(np.asarray(scale)), shift)
    return y.saturate(8).values.astype(np.int8)


def count_saturation(z: Bounded, config: SdpConfig, axis: tuple[int, ...] | None = None) -> NDArray[Any]:
    """Section 3.4: number of elements that leave 17 bits in the converter (D_PERF_OUT_SATURATION)."""
    product, shift = _centred(z, config).wide * config.cvt_scale, config.cvt_shift
    if shift >= 49:
        return np.zeros_like(product).sum(axis)
    floor = product >> shift
    guard = (product >> (shift - 1)) & 1 if shift else np.zeros_like(product)
    top = (1 << 16) - 1
    over = (floor > top) | (floor < -(1 << 16)) | ((product >= 0) & (floor + guard > top))
    return over.sum(axis)


def process(x: NDArray[Any], config: SdpConfig, operands: SdpOperands = SdpOperands()) -> NDArray[np.int8]:
    """The whole unit: atoms (..., S, H, W, 8) of int8 (memory) or int32 (CACC) -> int8 atoms."""
    return convert(accumulate(x, config, operands), config)


def _centred(z: Bounded, config: SdpConfig) -> Bounded:
    """The converter's input without its offset."""
    return z.plus(Bounded.of(np.asarray(-config.cvt_offset))) if config.cvt_offset else z


def _source(from_memory: bool, memory: NDArray[Any] | None, register: int, what: str) -> NDArray[Any]:
    if not from_memory:
        return np.asarray(register)
    if memory is None:
        raise RuleViolation(f"the {what} operand of an SDP stage comes from memory but is not fetched (sdp.md 4)")
    return np.asarray(memory)


def _laid_out(operand: NDArray[Any], width: int, channels_last: bool) -> NDArray[Any]:
    """Long runs in the order of the atoms: broadcasting 8 lanes at a time would be several times slower."""
    if not operand.ndim:
        return operand
    spread = np.broadcast_to(operand, (*operand.shape[:3], width, operand.shape[4]))
    if not channels_last:
        return np.ascontiguousarray(spread)
    return transposed(spread, (0, 2, 3, 1)).transpose(0, 3, 1, 2, 4)


def _part(operand: NDArray[Any], images: slice, lines: slice) -> NDArray[Any]:
    if not operand.ndim:
        return operand
    operand = operand if operand.shape[0] == 1 else operand[images]
    return operand if operand.shape[2] == 1 else operand[:, :, lines]
