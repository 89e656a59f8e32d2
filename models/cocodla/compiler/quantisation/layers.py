"""Layers in integers: what integers.py makes of a float graph (spec: numerics.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cocodla.compiler.ir import (
    Box,
    Custom,
    FloatArray,
    Loop,
    Pair,
    PoolFunction,
    Quantisation,
    Shape,
)
from cocodla.compiler.quantisation.curves import QuantisedCurve
from cocodla.compiler.quantisation.lrn import QuantisedLrn
from cocodla.compiler.quantisation.pixels import Conversion
from cocodla.compiler.quantisation.pointwise import QuantisedPointwise
from cocodla.units.chain import Chain


@dataclass(frozen=True)
class Leaky:
    """Slope below zero as BN's register operand: slope = operand / 2^shift."""

    operand: int
    shift: int


@dataclass(frozen=True)
class QuantisedPool:
    """Pooling with the reciprocals and the value of a padded element PDP works with (average only)."""

    function: PoolFunction
    recip_width: int = 0
    recip_height: int = 0
    pad_value: int = 0


@dataclass(frozen=True)
class QuantisedMean:
    """The average that a convolution computes: windows, the zero point of its input, output steps for a step of it."""

    function: PoolFunction
    zero: int
    ratio: float


@dataclass(frozen=True)
class Positions:
    """Multipliers by position, where windows have different divisors: z = round((acc + correction) * first[y, x] *
    second[y, x] / 2^shift); then output code = clamp8(round((z - offset) * scale / 2^scale_shift)).

    The correction is `correction` * 2^`correction_shift`.
    """

    correction: int
    correction_shift: int
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    shift: int


@dataclass
class QuantisedConv:
    """A convolution in integers.

    weight (K, C / group, R, S) int8. Output code = clamp8(round((z - offset) * scale / 2^scale_shift)) with
    z = activation(round(acc * multiplier[k] / 2^multiplier_shift) + bias[k] * 2^bias_shift).
    With a second source, a cube that is added:
    z = activation(round((acc + bias[k] * 2^bias_shift) * multiplier[k] / 2^multiplier_shift) + second * 2^fraction).
    slopes (K): leaky ReLU with a slope for each channel, slopes[k] / 2^leaky.shift.
    gains (K): where the model fixes the weights' scales, BN multiplies by gains[k] / 2^gain_shift behind its bias: two
    multipliers are as good as exact (never with leaky ReLU or a second source).
    early (K): the largest part of a large bias, early[k] * 2^early_shift added to acc (never with a second source).
    mean: the average it is, if it is one; all kernels are alike then. positions: in place of multiplier and bias.
    conversion: set when the layer reads pixels through CDMA's converter. exact_bias: bias before rounding, in output
    steps; scales: real weight of one weight step, per kernel.
    """

    name: str
    sources: tuple[str, ...]
    target: str
    input_shape: Shape
    weight: NDArray[np.int8]
    multiplier: NDArray[np.int64]
    multiplier_shift: int
    bias: NDArray[np.int64]
    bias_shift: int
    fraction: int
    out: Quantisation
    stride: Pair
    pad: Pair
    size: Pair
    dilation: Pair
    pad_value: int
    relu: bool
    leaky: Leaky | None
    pool: QuantisedPool | None
    conversion: Conversion | None
    exact_bias: FloatArray
    scales: FloatArray
    offset: int
    scale: int
    scale_shift: int
    group: int = 1
    slopes: NDArray[np.int64] | None = None
    mean: QuantisedMean | None = None
    positions: Positions | None = None
    early: NDArray[np.int64] | None = None
    early_shift: int = 0
    gains: NDArray[np.int64] | None = None
    gain_shift: int = 0

    @property
    def has_summand(self) -> bool:
        return len(self.sources) > 1


@dataclass
class QuantisedPooling:
    """A pooling of its own, memory to memory."""

    name: str
    sources: tuple[str]
    target: str
    input_shape: Shape
    pool: QuantisedPool


@dataclass
class QuantisedAdd:
    """Sum of two cubes, memory to memory (numerics.md item 4).

    Output code = clamp8(round((z - offset) * scale / 2^scale_shift)) with
    z = relu(round(operation((first + first_alu) * multiplier, second * 2^second_shift) * gain / 2^gain_shift)),
    operation sum, max or min. again: in place of first_alu, first * 2^again, for ratios of the two scales that a
    multiplier alone does not come near enough to. per_channel: the second is one value per channel.
    """

    name: str
    sources: tuple[str, str]
    target: str
    input_shape: Shape
    first_alu: int
    multiplier: int
    second_shift: int
    offset: int
    scale: int
    scale_shift: int
    out: Quantisation
    relu: bool
    operation: str = "sum"
    per_channel: bool = False
    again: int | None = None
    gain: int = 1
    gain_shift: int = 0


@dataclass
class QuantisedMultiply:
    """Product of two cubes, memory to memory.

    Output code = clamp8(round((z - offset) * scale / 2^scale_shift)) with
    z = relu(round(((first + first_alu) * second + first * 2^zero_shift) * gain / 2^gain_shift)): the last summand where
    the second factor has the zero point -2^zero_shift, none where it has no zero point (None).
    """

    name: str
    sources: tuple[str, str]
    target: str
    input_shape: Shape
    first_alu: int
    offset: int
    scale: int
    scale_shift: int
    out: Quantisation
    relu: bool
    per_channel: bool = False
    zero_shift: int | None = None
    gain: int = 1
    gain_shift: int = 0


@dataclass
class QuantisedView:
    """No work: a Concat whose parts are written in place (along `axis`), a Slice that is read in place (`box`), or a
    tensor that the host makes.
    """

    name: str
    sources: tuple[str, ...]
    target: str
    input_shape: Shape
    kind: Literal["concat", "slice", "host"]
    axis: int = 0
    box: Box | None = None


@dataclass
class QuantisedCustom:
    """An operator of a plug-in: what it computes with codes are the units it writes (`node.operator`)."""

    name: str
    sources: tuple[str, ...]
    target: str
    input_shape: Shape
    node: Custom
    out: Quantisation


@dataclass
class QuantisedChain:
    """A chain of units as it is: one of those an operator of a plug-in writes."""

    name: str
    sources: tuple[str, ...]
    target: str
    input_shape: Shape
    chain: Chain


@dataclass
class QuantisedMove:
    """Atoms in another order, memory to memory: codes stay as they are. `loops`, `shape`: see `ir.Move`."""

    name: str
    sources: tuple[str]
    target: str
    input_shape: Shape
    loops: tuple[Loop, ...]
    shape: Shape
    kind: str


QuantisedLayer = (
    QuantisedConv
    | QuantisedPooling
    | QuantisedAdd
    | QuantisedMultiply
    | QuantisedLrn
    | QuantisedCurve
    | QuantisedPointwise
    | QuantisedCustom
    | QuantisedMove
    | QuantisedView
)


@dataclass
class QuantisedGraph:
    """Integer layers in execution order, and the meaning of every tensor's codes (not of a pixel input's)."""

    layers: list[QuantisedLayer]
    tensors: dict[str, Quantisation]
