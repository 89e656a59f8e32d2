"""The compiler's graph: a short list of typed layers over float tensors.

Shapes carry no batch axis: images are (channels, height, width), vectors (features,). Extents of pairs are in the
order (y, x). Weights and constants live inside their node, as float64 while passes fold into them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cocodla.units.registry import Operator

FloatArray = NDArray[np.floating]
Pair = tuple[int, int]
Shape = tuple[int, ...]
Span = tuple[int, int]
"""First and last + 1."""
Box = tuple[Span, Span, Span]
"""Channels, rows, columns of a tensor."""
Steps = tuple[int, int, int]
"""Surfaces, rows, columns."""


@dataclass(frozen=True)
class Loop:
    """`count` steps, each by `source` in the one tensor and by `target` in the other one."""

    count: int
    source: Steps
    target: Steps


UNPOOLED = "/unpooled"
"""Behind a tensor's name: what goes into the pooling of the convolution that makes it."""


MIDDLE = {"int8": 0, "uint8": 128}
"""Element types of codes -> what is subtracted from one to make it int8."""


LIMIT_MARGIN = 1e-3
"""Codes: a limit in the middle between two codes is at the end of either."""


@dataclass(frozen=True)
class Quantisation:
    """real = scale * (q - zero) for an int8 tensor."""

    scale: float
    zero: int = 0

    def quantise(self, real: FloatArray) -> NDArray[np.int8]:
        """Nearest int8 codes."""
        return np.clip(np.rint(real / self.scale) + self.zero, -128, 127).astype(np.int8)

    def real(self, code: int) -> float:
        """What a code means."""
        return self.scale * (code - self.zero)

    def holds(self, value: float, exactly: bool = False) -> bool:
        """True if a value lies between the ends of the codes, or with `exactly` is what one of them means."""
        code = value / self.scale + self.zero
        between = -128.5 <= code <= 127.5
        return between and (not exactly or abs(code - np.rint(code)) < LIMIT_MARGIN)

    def limited(self, real: FloatArray) -> FloatArray:
        """Values as far as codes go."""
        return np.clip(real, self.real(-128), self.real(127))

    def dequantise(self, codes: NDArray[np.int8]) -> FloatArray:
        """Real values, float32."""
        return ((codes.astype(np.float32) - np.float32(self.zero)) * np.float32(self.scale)).astype(np.float32)


@dataclass(frozen=True)
class ActivationFunction:
    """y = x for x >= 0, alpha * x below; then limited to `high`. alpha 0 and high None is ReLU.

    slopes: one alpha for each channel (PRelu) in place of `alpha`.
    """

    alpha: float = 0.0
    high: float | None = None
    slopes: tuple[float, ...] | None = None

    @property
    def zero_below(self) -> bool:
        """True if negative values become 0."""
        return self.alpha == 0 and self.slopes is None

    @property
    def rising(self) -> bool:
        """True if a larger input never gives a smaller output."""
        return min(self.slopes or (self.alpha,)) >= 0

    @property
    def label(self) -> str:
        """Short name for reports."""
        if self.high is not None:
            return f"clip0..{self.high:g}"
        if self.slopes is not None:
            return "prelu"
        return "relu" if self.alpha == 0 else f"leaky{self.alpha:g}"


@dataclass(frozen=True)
class PoolFunction:
    """Window reduction; the window of output o starts at o * stride - pad (top, left).

    `size` is the output (height, width): rows and columns that the last windows take beyond the input are padding,
    which max ignores and average counts as zero. counted: how many rows and columns each window of an average is
    divided by (None: always the whole kernel's).
    """

    kind: Literal["max", "average"]
    kernel: Pair
    stride: Pair
    pad: Pair
    size: Pair
    counted: tuple[tuple[int, ...], tuple[int, ...]] | None = None

    @property
    def label(self) -> str:
        """Short name for reports."""
        return f"{self.kind}pool{self.kernel[0]}x{self.kernel[1]}"

    @property
    def divisors(self) -> FloatArray:
        """What the sum of each window of an average is divided by: `size`."""
        return np.outer(*self.counts).astype(np.float64)

    @property
    def counts(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """How many rows, and columns, each window of an average is divided by."""
        (rows, columns), (height, width) = self.kernel, self.size
        return self.counted or ((rows,) * height, (columns,) * width)

    def covered(self, axis: int) -> int:
        """Input extent the windows reach along an axis (0: y, 1: x), seen from the input's first element."""
        return (self.size[axis] - 1) * self.stride[axis] + self.kernel[axis] - self.pad[axis]


@dataclass(frozen=True)
class LrnFunction:
    """y = x / (bias + alpha / size * n)^beta, n the sum of squares over `size` channels around x's."""

    size: int
    alpha: float
    beta: float
    bias: float

    @property
    def label(self) -> str:
        """Short name for reports."""
        return f"lrn{self.size}"


@dataclass(frozen=True)
class CurveFunction:
    """A function of one number, element by element: an ONNX model with one input and one output of any shape."""

    label: str
    model: bytes


@dataclass
class Node:
    """One layer: reads `inputs`, writes `output`; `name` is the ONNX node it came from."""

    name: str
    inputs: list[str]
    output: str


@dataclass
class Conv(Node):
    """Cross-correlation: weight (K, C/group, R, S), bias (K), then activation, then pooling (both optional).

    `size` is the convolution's own output (height, width). Padding is `pad` (top, left) zeros before the input and
    whatever `size` needs behind it. A second input is added to the sum before the activation. steps: real weight of
    one weight code, per kernel (K), where the model fixes it; the compiler chooses it elsewhere. fill: what padding is
    in place of zeros; it is rounded to a code of the input.
    """

    weight: FloatArray
    bias: FloatArray
    stride: Pair
    pad: Pair
    size: Pair
    dilation: Pair = (1, 1)
    group: int = 1
    activation: ActivationFunction | None = None
    pool: PoolFunction | None = None
    steps: FloatArray | None = None
    fill: float = 0.0

    @property
    def padded(self) -> bool:
        """True if a window can reach padding before the input (behind it depends on the input's size)."""
        return self.pad != (0, 0)

    @property
    def picks(self) -> bool:
        """True if it only moves elements: each output is one input, or nothing."""
        if (self.activation, self.pool, len(self.inputs)) != (None, None, 1) or self.bias.any() or self.fill:
            return False
        if np.count_nonzero(self.weight[0]) > 1:  # most are told by their first kernel
            return False
        ones = (self.weight == 1).sum((1, 2, 3))
        return bool((ones <= 1).all() and ((self.weight != 0).sum((1, 2, 3)) == ones).all())

    def per_kernel(self, values: FloatArray) -> FloatArray:
        """Values (C,) of input channels as each kernel's weights read them: (K, C/group)."""
        return np.repeat(values.reshape(self.group, -1), len(self.weight) // self.group, axis=0)

    def reach(self, axis: int) -> int:
        """Input extent the windows reach along an axis (0: y, 1: x), seen from the input's first element."""
        kernel = (self.weight.shape[2 + axis] - 1) * self.dilation[axis] + 1
        return (self.size[axis] - 1) * self.stride[axis] + kernel - self.pad[axis]


@dataclass
class Transposed(Node):
    """Transposed convolution: weight (K, C/group, R, S), bias (K), then activation.

    Output o of an axis gets input i times weight r where i * stride - pad + r * dilation = o; `size` is the output's
    (height, width). steps: as a convolution's.
    """

    weight: FloatArray
    bias: FloatArray
    stride: Pair
    pad: Pair
    size: Pair
    dilation: Pair = (1, 1)
    group: int = 1
    activation: ActivationFunction | None = None
    steps: FloatArray | None = None


@dataclass
class Dense(Node):
    """y = weight (out, in) x + bias (out) on a vector. steps: as a convolution's."""

    weight: FloatArray
    bias: FloatArray
    steps: FloatArray | None = None


@dataclass
class Add(Node):
    """Sum (or first minus second, or the larger, or the smaller) of two tensors, then activation.

    The shapes are equal, or the second is one value per channel.
    """

    operation: Literal["sum", "difference", "max", "min"] = "sum"
    activation: ActivationFunction | None = None


@dataclass
class Multiply(Node):
    """Product of two tensors of one shape, or of a tensor and one value per channel (second), then activation."""

    activation: ActivationFunction | None = None


@dataclass
class Concat(Node):
    """All inputs one behind the other along an axis (0: channels, 1: rows, 2: columns)."""

    axis: int = 0


@dataclass
class Slice(Node):
    """A part of a tensor: (first, last + 1) of channels, rows and columns."""

    box: Box


@dataclass
class Move(Node):
    """Atoms in another order: nested `loops`, each step of which moves on in the source and in the target.

    Coordinates are (surface, row, column). With a source step of 0 atoms are repeated. Every atom of the target, a
    tensor of `shape`, is written once. kind: what the node does, for reports.
    """

    loops: tuple[Loop, ...]
    shape: Shape
    kind: str = "move"


@dataclass
class Affine(Node):
    """y = x * scale + shift, both of shape (channels,)."""

    scale: FloatArray
    shift: FloatArray


@dataclass
class Pointwise(Node):
    """y = x * scale + bias, then activation: a layer of its own. scale, bias: (C or 1, H or 1, W or 1)."""

    scale: FloatArray
    bias: FloatArray
    activation: ActivationFunction | None = None


@dataclass
class Activate(Node):
    """An activation of its own."""

    function: ActivationFunction


@dataclass
class Pool(Node):
    """A pooling of its own. shrinks: how many times larger than its output's the range of an average's input is."""

    function: PoolFunction
    shrinks: float = 1.0


@dataclass
class Lrn(Node):
    """Local response normalisation."""

    function: LrnFunction


@dataclass
class Curve(Node):
    """Any function of one number, element by element."""

    function: CurveFunction


@dataclass
class Custom(Node):
    """An operator of a plug-in: `inputs` are its tensors, `constants` its other inputs by position.

    model: its reference, an ONNX model of batch 1 that makes `output` of the tensors. shape: of its output.
    """

    operator: Operator
    constants: dict[int, FloatArray]
    attributes: dict[str, Any]
    model: bytes
    shape: Shape

    @property
    def keeps_codes(self) -> bool:
        """True if the output has the codes of the first input."""
        return self.operator.codes == "kept"

    def arguments(self, tensors: Sequence[Any]) -> list[Any]:
        """All inputs in the operator's order, for these `tensors`."""
        found, left = [], list(tensors)
        for position in range(len(tensors) + len(self.constants)):
            found.append(self.constants[position] if position in self.constants else left.pop(0))
        return found


@dataclass
class Mean(Node):
    """An average pooling with exact sums and codes of its own; its windows may have divisors of their own."""

    function: PoolFunction


@dataclass
class Reshape(Node):
    """Same elements, other shape (`shape`, row-major order)."""

    shape: Shape


BOUNDLESS = 1e30
"""From here on a constant means infinity: no limit, or what never is taken. Nothing can be computed with it."""


@dataclass
class Pad(Node):
    """`value` (top, left, bottom, right) around each channel. lowest: no value of the input is below it."""

    pads: tuple[int, int, int, int]
    value: float = 0.0
    lowest: bool = False


@dataclass
class Host(Node):
    """Operators the CPU runs in the middle of the network: an ONNX model of batch 1 that makes `output`.

    feeds: the model's own names and shapes (no batch) of the inputs.
    """

    model: bytes
    feeds: list[tuple[str, Shape]]


@dataclass(frozen=True)
class IntegerCodes:
    """An integer input or output of a model: its element type, int8 or uint8, and what its codes mean as int8."""

    kind: str
    meaning: Quantisation


@dataclass
class InputMap:
    """What happens to a model input before the first layer sees it: v = scale * x + shift, per channel (channels,)."""

    scale: FloatArray
    shift: FloatArray


@dataclass
class Graph:
    """The accelerator's part of a model, in execution order.

    shapes: every tensor's shape. outputs: tensors that leave the accelerator. pins: codes of the tensors whose scale
    the model itself fixes (QuantizeLinear); passes must not remove the rounding they stand for. operators: labels of
    the model's own nodes -> what they are; named: the model's own tensors. official: the official driver programs the
    layers, which cannot say everything (options.py).
    """

    name: str
    input: str
    outputs: list[str]
    shapes: dict[str, Shape] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    input_map: InputMap | None = None
    pins: dict[str, Quantisation] = field(default_factory=dict)
    operators: dict[str, str] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    official: bool = False

    def producer(self, tensor: str) -> Node | None:
        """The node that writes `tensor`; None for the input."""
        return next((node for node in self.nodes if node.output == tensor), None)

    def consumers(self, tensor: str) -> list[Node]:
        """The nodes that read `tensor`."""
        return [node for node in self.nodes if tensor in node.inputs]

    def only_consumer(self, tensor: str) -> Node | None:
        """The one node that reads `tensor`, and may join its producer; None if there are more, if the tensor leaves the
        accelerator, or if its rounding would be lost.
        """
        readers = self.consumers(tensor)
        if len(readers) != 1 or tensor in self.outputs or not self._dispensable(tensor, readers[0]):
            return None
        return readers[0]

    def _dispensable(self, tensor: str, reader: Node) -> bool:
        """True if nothing changes when `tensor` is not rounded: no codes are fixed, or the same ones next to it."""
        pin, producer = self.pins.get(tensor), self.producer(tensor)
        if pin is None:
            return True
        if self.pins.get(reader.output) == pin and (keeps_codes(reader) or isinstance(reader, Pool)):
            return True
        return producer is not None and keeps_codes(producer) and self.pins.get(producer.inputs[0]) == pin

    def chains(self) -> Iterator[tuple[Node, Node]]:
        """Pairs (node, the only reader of its output), over a copy: passes may edit the graph meanwhile.

        What a pass has taken out of the graph comes no more; a node that absorbed its reader comes again with the next.
        """
        for node in list(self.nodes):
            seen = None
            while node.output != seen and any(node is present for present in self.nodes):
                seen = node.output
                reader = self.only_consumer(seen)
                if reader is not None:
                    yield node, reader

    def absorb(self, first: Node, second: Node) -> None:
        """Remove `second`, whose work `first` has taken over; `first` now writes its output."""
        if first.output not in self.outputs:
            del self.shapes[first.output]
        first.output = second.output
        self.nodes.remove(second)

    def replace(self, old: Node, new: Node) -> None:
        """Put `new` in the place of `old`."""
        self.nodes[self.nodes.index(old)] = new

    def rename(self, old: str, new: str) -> None:
        """Let every reader of tensor `old` read `new`."""
        for node in self.nodes:
            node.inputs = [new if tensor == old else tensor for tensor in node.inputs]
        self.outputs = [new if tensor == old else tensor for tensor in self.outputs]

    def where(self, tensor: str) -> str:
        """A tensor with the operator of the model that makes it, for messages."""
        tensor = tensor.removesuffix(UNPOOLED)
        if tensor == self.input:
            return f"the model's input {tensor!r}"
        node = self.producer(tensor)
        if node is None:
            return f"tensor {tensor!r}"
        label = max((label for label in self.operators if came_from(node.name, label)), key=len, default=node.name)
        what = f"its output {tensor!r}" if tensor in self.named or not self.operators else "a part of its work"
        return f"{self.operators.get(label, type(node).__name__)} {label!r}: {what}"

    def pin_like(self, tensor: str, other: str) -> None:
        """Fix the codes of `tensor` as those of `other` are, if they are."""
        wanted = self.pins.get(other)
        self.pins.pop(tensor, None)
        if wanted is not None:
            self.pins[tensor] = wanted


def came_from(name: str, label: str) -> bool:
    """True if a graph node of this name was made for the ONNX node `label`."""
    return name == label or name.startswith((f"{label}/", f"{label}:"))


def keeps_codes(node: Node) -> bool:
    """True if a node's output values are values of its input, 0 or a limit: it may be rounded before or behind."""
    if isinstance(node, Pool):
        return node.function.kind == "max"
    if isinstance(node, Activate):
        return node.function.zero_below
    if isinstance(node, Conv):
        return node.picks
    return isinstance(node, (Reshape, Slice, Pad, Move))
