"""SDP: bias / batch-norm stages and output converter (spec: sdp.md).

Arrays are atoms of shape (..., surfaces, height, width, 8). Everything is exact: chains of operations in float64, which
holds every value and product of SDP (bounded.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cocodla.formats.feature import transposed
from cocodla.golden.bounded import Bounded, Chain, Factor
from cocodla.golden.config import AluOperation, SdpConfig, StageConfig
from cocodla.golden.rules import RuleViolation

ONE = Bounded(np.asarray(1), 1)


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
    factor: the multiplier's operand and shift made ready, but not those of every element.
    """

    config: StageConfig
    alu: Bounded | None = None
    mul: Bounded | None = None
    alu_shift: int = 0
    factor: Factor | None = None

    @staticmethod
    def of(config: StageConfig, operands: StageOperands = StageOperands()) -> Stage:
        """RuleViolation when an operand is not fetched."""
        if config.bypass:
            return Stage(config)
        alu = mul = None
        shift = config.alu_shift
        if not config.alu_bypass:
            alu = Bounded.of(_source(config.alu_from_memory, operands.alu, config.alu_operand, "ALU"))
            if shift and _by_channel(alu):
                alu, shift = alu.shift_left_saturating(shift, 32), 0
        if not config.mul_bypass:
            mul = Bounded.of(_source(config.mul_from_memory, operands.mul, config.mul_operand, "multiplier"))
        return Stage(config, alu, mul, shift)._ready()

    @property
    def arrays(self) -> list[NDArray[Any]]:
        """The operands that are not numbers."""
        return [part.values for part in (self.alu, self.mul) if part is not None and part.values.ndim]

    def laid_out(self, width: int, channels_last: bool) -> Stage:
        """Operands of (1 or batch, S, H or 1, W or 1, 8) in the order of the atoms in memory, for whole lines."""
        alu, mul = (part and _laid_out(part, width, channels_last) for part in (self.alu, self.mul))
        return replace(self, alu=alu, mul=mul)._ready()

    def part(self, images: slice, lines: slice) -> Stage:
        """For a range of images and lines; what all share stays as it is."""
        if all(array.shape[0] == array.shape[2] == 1 for array in self.arrays):
            return self
        alu, mul = (part and Bounded(_part(part.values, images, lines), part.bound) for part in (self.alu, self.mul))
        return replace(self, alu=alu, mul=mul, factor=None)

    def __call__(self, x: Chain) -> None:
        """Section 3.2: 32-bit values -> 32 bits, in place."""
        c = self.config
        if c.bypass:
            return
        if self.alu:
            _alu(x, c, self._shifted(self.alu))
        if self.mul or c.mul_shift:
            self._multiply(x)  # the shift acts even when the multiplier is bypassed
        elif self.alu:
            x.saturate(32)
        if not c.relu_bypass:
            x.relu()

    def _multiply(self, y: Chain) -> None:
        """Section 3.2 steps 2 and 3: 33-bit y -> 32 bits."""
        factor = self.factor or Factor.of(self.mul or ONE, self.config.mul_shift)
        if not (self.mul and self.config.prelu):
            y.scale(factor)
            y.saturate(32)
            return
        negative, product = y.values < 0, y.copy()
        product.scale(factor)
        product.saturate(32)
        y.wrap(32)
        y.replace(negative, product)

    def _ready(self) -> Stage:
        """With `factor`, if one serves all blocks."""
        shared = self.mul is None or _by_line(self.mul)
        return replace(self, factor=Factor.of(self.mul or ONE, self.config.mul_shift) if shared else None)

    def _shifted(self, alu: Bounded) -> Bounded:
        return alu.shift_left_saturating(self.alu_shift, 32) if self.alu_shift else alu


def _alu(x: Chain, config: StageConfig, operand: Bounded) -> None:
    """Section 3.2 step 1: 32-bit x and shifted operand -> 33-bit result."""
    if config.alu_operation is AluOperation.MAX:
        x.maximum(operand)
    elif config.alu_operation is AluOperation.MIN:
        x.minimum(operand)
    else:
        x.plus(operand)


def accumulate(x: NDArray[Any], config: SdpConfig, operands: SdpOperands = SdpOperands()) -> Chain:
    """Both stages, before the output converter: int8 or int32 atoms -> 32-bit atoms. EW is a wire."""
    z = Chain.of(Bounded.of(x))
    Stage.of(config.bs, operands.bs)(z)
    Stage.of(config.bn, operands.bn)(z)
    return z


@dataclass(frozen=True)
class Converter:
    """Section 3.4, the output converter: 32 bits -> int8. offset: None for 0; both with what the registers say."""

    offset: Bounded | None
    factor: Factor

    @staticmethod
    def of(config: SdpConfig) -> Converter:
        offset = Bounded.of(np.asarray(-config.cvt_offset)) if config.cvt_offset else None
        return Converter(offset, Factor.of(Bounded.of(np.asarray(config.cvt_scale)), config.cvt_shift))

    def __call__(self, z: Chain) -> None:
        """In place."""
        if self.offset:
            z.plus(self.offset)
        z.scale(self.factor)
        z.saturate(8)


def convert(z: Chain, config: SdpConfig) -> NDArray[np.int8]:
    """Section 3.4: the output converter, 32 bits -> int8; z is changed."""
    Converter.of(config)(z)
    return z.values.astype(np.int8)


def count_saturation(z: Chain, config: SdpConfig, axis: tuple[int, ...] | None = None) -> NDArray[Any]:
    """Section 3.4: number of elements that leave 17 bits in the converter (D_PERF_OUT_SATURATION)."""
    product, shift = (z.wide - config.cvt_offset) * config.cvt_scale, config.cvt_shift
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


def _by_channel(operand: Bounded) -> bool:
    """Whether it is a number, or one for each channel."""
    return not operand.values.ndim or operand.values.shape[-3:-1] == (1, 1)


def _by_line(operand: Bounded) -> bool:
    """Whether it is a number, or the same for all images and lines."""
    return not operand.values.ndim or operand.values.shape[-5:-2:2] == (1, 1)


def _source(from_memory: bool, memory: NDArray[Any] | None, register: int, what: str) -> NDArray[Any]:
    if not from_memory:
        return np.asarray(register)
    if memory is None:
        raise RuleViolation(f"the {what} operand of an SDP stage comes from memory but is not fetched (sdp.md 4)")
    return np.asarray(memory)


def _laid_out(operand: Bounded, width: int, channels_last: bool) -> Bounded:
    """Long runs in the order of the atoms: broadcasting 8 lanes at a time would be several times slower. What serves
    all lines becomes float64."""
    values = operand.values
    if not values.ndim:
        return operand
    values = values.astype(np.float64) if _by_line(operand) else values
    spread = np.broadcast_to(values, (*values.shape[:3], width, values.shape[4]))
    if not channels_last:
        return Bounded(np.ascontiguousarray(spread), operand.bound)
    return Bounded(transposed(spread, (0, 2, 3, 1)).transpose(0, 3, 1, 2, 4), operand.bound)


def _part(operand: NDArray[Any], images: slice, lines: slice) -> NDArray[Any]:
    if not operand.ndim:
        return operand
    operand = operand if operand.shape[0] == 1 else operand[images]
    return operand if operand.shape[2] == 1 else operand[:, :, lines]
