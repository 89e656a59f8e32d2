"""Translation of single ONNX operators into graph nodes, and the rules each of them must meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx

from cocodla.compiler.ir import (
    Activate,
    ActivationFunction,
    Add,
    Affine,
    Conv,
    Dense,
    FloatArray,
    Node,
    Pad,
    Pair,
    Pool,
    PoolFunction,
    Reshape,
    Shape,
)
from cocodla.hw import ceil_div


class Unsupported(Exception):
    """An operator breaks a rule; the message tells which, and the value found."""


@dataclass
class Source:
    """An ONNX node as a translator sees it: inputs renamed past aliases, constants and shapes at hand."""

    node: onnx.NodeProto
    label: str
    inputs: Sequence[str]
    opset: int
    constants: Mapping[str, np.ndarray]
    shapes: Mapping[str, Shape]

    def attributes(self, **defaults: Any) -> dict[str, Any]:
        """Values of the node's attributes; those not named in `defaults` are refused."""
        found = {a.name: onnx.helper.get_attribute_value(a) for a in self.node.attribute}
        unknown = sorted(set(found) - set(defaults))
        if unknown:
            raise Unsupported(f"attribute {unknown[0]} is not supported (value {found[unknown[0]]!r})")
        return {**defaults, **found}

    def tensor(self, index: int) -> str:
        """Name of an input that is computed, not constant."""
        name = self.inputs[index]
        if name not in self.shapes:
            raise Unsupported(f"input {index} ({name!r}) must come from the accelerator, it is constant")
        return name

    def shape(self, index: int, axes: int | None = None) -> Shape:
        """Shape (no batch) of a computed input; with `axes` it must have that many."""
        shape = self.shapes[self.tensor(index)]
        if axes is not None and len(shape) != axes:
            raise Unsupported(f"input {index} must have {axes} axes besides the batch, its shape is {shape}")
        return shape

    def constant(self, index: int, what: str) -> np.ndarray:
        """Value of a constant input."""
        name = self.inputs[index]
        if name not in self.constants:
            raise Unsupported(f"{what} (input {index}, {name!r}) must be constant, it is computed")
        return self.constants[name]

    def has(self, index: int) -> bool:
        """True if the optional input is there."""
        return len(self.inputs) > index and self.inputs[index] != ""

    @property
    def output(self) -> str:
        return self.node.output[0]


Result = tuple[Node, Shape]


def _windows(
    shape: Shape, kernel: Pair, stride: Pair, dilation: Pair, attributes: Mapping[str, Any], ceil: bool = False
) -> tuple[tuple[int, int, int, int], Pair]:
    """Pads (top, left, bottom, right) and output (height, width) of a sliding window."""
    mode = attributes["auto_pad"].decode()
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    extents = shape[-2:]
    if mode in ("SAME_UPPER", "SAME_LOWER"):
        totals = [
            max(0, (ceil_div(n, s) - 1) * s + span - n) for n, s, span in zip(extents, stride, spans, strict=True)
        ]
        small, large = [t // 2 for t in totals], [t - t // 2 for t in totals]
        first, last = (small, large) if mode == "SAME_UPPER" else (large, small)
        pads = (*first, *last)
    elif mode in ("NOTSET", "VALID"):
        pads = tuple(attributes["pads"]) if mode == "NOTSET" and attributes["pads"] else (0, 0, 0, 0)
    else:
        raise Unsupported(f"auto_pad {mode!r} is not supported")
    if len(pads) != 4 or min(pads) < 0:
        raise Unsupported(f"pads must be four numbers from 0, they are {list(pads)}")
    size = []
    for axis in (0, 1):
        room = extents[axis] + pads[axis] + pads[axis + 2] - spans[axis]
        count = (ceil_div(room, stride[axis]) if ceil else room // stride[axis]) + 1
        if ceil and (count - 1) * stride[axis] >= extents[axis] + pads[axis]:
            count -= 1  # a window that would start in the padding behind the input does not count
        size.append(count)
    return (pads[0], pads[1], pads[2], pads[3]), (size[0], size[1])


def _pair(values: Sequence[int] | None, name: str) -> Pair:
    """Two positive numbers; absent means (1, 1)."""
    values = list(values or (1, 1))
    if len(values) != 2 or min(values) < 1:
        raise Unsupported(f"{name} must be two numbers from 1 (2-D operators only), it is {values}")
    return values[0], values[1]


def _finite(value: np.ndarray, what: str) -> FloatArray:
    if not np.isfinite(value).all():
        raise Unsupported(f"{what} holds NaN or infinite values")
    return value.astype(np.float64)


def conv(source: Source) -> Result:
    """Conv, 2-D, any group count."""
    attributes = source.attributes(
        auto_pad=b"NOTSET", dilations=None, group=1, kernel_shape=None, pads=None, strides=None
    )
    shape = source.shape(0, axes=3)
    weight = _finite(source.constant(1, "the weight"), "the weight")
    if weight.ndim != 4:
        raise Unsupported(f"the weight must have 4 axes, its shape is {weight.shape}")
    group = attributes["group"]
    if weight.shape[1] * group != shape[0] or weight.shape[0] % group:
        raise Unsupported(f"weight {weight.shape} with group {group} does not fit {shape[0]} channels")
    kernel = (weight.shape[2], weight.shape[3])
    if attributes["kernel_shape"] and tuple(attributes["kernel_shape"]) != kernel:
        raise Unsupported(f"kernel_shape {attributes['kernel_shape']} differs from the weight's {kernel}")
    bias = _finite(source.constant(2, "the bias"), "the bias") if source.has(2) else np.zeros(len(weight))
    stride, dilation = _pair(attributes["strides"], "strides"), _pair(attributes["dilations"], "dilations")
    pads, size = _windows(shape, kernel, stride, dilation, attributes)
    node = Conv(source.label, [source.tensor(0)], source.output, weight, bias, stride, pads[:2], size, dilation, group)
    return node, (len(weight), *size)


def gemm(source: Source) -> Result:
    """Gemm with constant B and C: a fully connected layer."""
    attributes = source.attributes(alpha=1.0, beta=1.0, transA=0, transB=0)
    if attributes["transA"]:
        raise Unsupported("transA must be 0, it is 1")
    weight = _finite(source.constant(1, "B"), "B") * attributes["alpha"]
    if not attributes["transB"]:
        weight = weight.T
    bias: FloatArray = np.zeros(len(weight))
    if source.has(2):
        bias = bias + _per_output(_finite(source.constant(2, "C"), "C") * attributes["beta"], len(weight), "C")
    return _dense(source, weight, bias)


def matmul(source: Source) -> Result:
    """MatMul of a vector with a constant matrix."""
    source.attributes()
    weight = _finite(source.constant(1, "the second operand"), "the second operand")
    if weight.ndim != 2:
        raise Unsupported(f"the second operand must be a matrix, its shape is {weight.shape}")
    return _dense(source, weight.T, np.zeros(weight.shape[1]))


def _dense(source: Source, weight: FloatArray, bias: FloatArray) -> Result:
    (features,) = source.shape(0, axes=1)
    if weight.shape[1] != features:
        raise Unsupported(f"the weight takes {weight.shape[1]} features, the input has {features}")
    return Dense(source.label, [source.tensor(0)], source.output, weight, bias), (len(weight),)


def _per_output(value: FloatArray, count: int, what: str) -> FloatArray:
    if value.size not in (1, count) or max(value.shape, default=1) != value.size:
        raise Unsupported(f"{what} must hold one value or one per output ({count}), its shape is {value.shape}")
    return value.reshape(-1)


def batch_normalization(source: Source) -> Result:
    """BatchNormalization at inference."""
    attributes = source.attributes(epsilon=1e-5, momentum=0.9, training_mode=0, spatial=1)
    if attributes["training_mode"] or not attributes["spatial"]:
        raise Unsupported("training_mode must be 0 and spatial 1")
    gamma, beta, mean, variance = (_finite(source.constant(i, "a parameter"), "a parameter") for i in range(1, 5))
    if (variance + attributes["epsilon"] <= 0).any():
        raise Unsupported(f"variance + epsilon must be positive, the smallest is {variance.min()}")
    scale = gamma / np.sqrt(variance + attributes["epsilon"])
    node = Affine(source.label, [source.tensor(0)], source.output, scale, beta - mean * scale)
    return node, source.shape(0)


def arithmetic(source: Source) -> Result:
    """Add, Sub, Mul, Div of a tensor and a constant (one number, or one per channel)."""
    source.attributes()
    operation = source.node.op_type
    if all(name in source.shapes for name in source.inputs):
        return _add(source)
    constant_first = source.inputs[0] in source.constants
    tensor = 1 if constant_first else 0
    shape = source.shape(tensor)
    value = _channel_vector(_finite(source.constant(1 - tensor, "an operand"), "the constant operand"), shape)
    one: FloatArray = np.ones(shape[0])
    zero: FloatArray = np.zeros(shape[0])
    scale, shift = one, zero
    if operation == "Add":
        shift = value
    elif operation == "Sub":
        scale, shift = (-one, value) if constant_first else (one, -value)
    elif operation == "Mul":
        scale = value
    else:
        if constant_first or (value == 0).any():
            raise Unsupported("the divisor must be a constant without zeros")
        scale = 1 / value
    return Affine(source.label, [source.tensor(tensor)], source.output, scale, shift), shape


def _add(source: Source) -> Result:
    """Add of two computed tensors."""
    if source.node.op_type != "Add":
        raise Unsupported(f"one operand must be constant, both ({', '.join(source.inputs)}) are computed")
    shapes = source.shape(0, axes=3), source.shape(1, axes=3)
    if shapes[0] != shapes[1]:
        raise Unsupported(f"both operands must have the same shape, they have {shapes[0]} and {shapes[1]}")
    return Add(source.label, [source.tensor(0), source.tensor(1)], source.output), shapes[0]


def _channel_vector(value: FloatArray, shape: Shape) -> FloatArray:
    """A constant operand as one number per channel of `shape`."""
    axes = len(shape) + 1
    aligned = value.reshape((1,) * max(0, axes - value.ndim) + value.shape)
    expected = (1, shape[0]) + (1,) * (axes - 2)
    if aligned.ndim != axes or any(n not in (1, m) for n, m in zip(aligned.shape, expected, strict=True)):
        raise Unsupported(
            f"the constant operand must be one number or one per channel ({shape[0]}), its shape is {value.shape}"
        )
    return np.broadcast_to(aligned.reshape(-1), (shape[0],)).copy()


def activation(source: Source) -> Result:
    """Relu, LeakyRelu, Clip from 0."""
    operation = source.node.op_type
    if operation == "Relu":
        source.attributes()
        function = ActivationFunction()
    elif operation == "LeakyRelu":
        alpha = float(source.attributes(alpha=0.01)["alpha"])
        if not 0 <= alpha < 1:
            raise Unsupported(f"alpha must be in [0, 1), it is {alpha}")
        function = ActivationFunction(alpha=alpha)
    else:
        low, high = _clip_limits(source)
        if low != 0 or not high > 0:
            raise Unsupported(f"limits must be 0 and a positive number, they are {low} and {high}")
        function = ActivationFunction(high=None if high > 1e30 else high)
    return Activate(source.label, [source.tensor(0)], source.output, function), source.shape(0)


def _clip_limits(source: Source) -> tuple[float, float]:
    attributes = source.attributes(min=-3.4e38, max=3.4e38)
    low, high = attributes["min"], attributes["max"]
    if source.has(1):
        low = source.constant(1, "min").item()
    if source.has(2):
        high = source.constant(2, "max").item()
    return float(low), float(high)


def pooling(source: Source) -> Result:
    """MaxPool and AveragePool, 2-D."""
    attributes = source.attributes(
        auto_pad=b"NOTSET", ceil_mode=0, count_include_pad=0, dilations=None, kernel_shape=None, pads=None,
        storage_order=0, strides=None,
    )  # fmt: skip
    shape = source.shape(0, axes=3)
    if len(source.node.output) > 1 and source.node.output[1]:
        raise Unsupported("the output of indices is not supported")
    if attributes["dilations"] and set(attributes["dilations"]) != {1}:
        raise Unsupported(f"dilations must be 1, they are {attributes['dilations']}")
    kernel, stride = _pair(attributes["kernel_shape"], "kernel_shape"), _pair(attributes["strides"], "strides")
    pads, size = _windows(shape, kernel, stride, (1, 1), attributes, ceil=bool(attributes["ceil_mode"]))
    if pads[0] >= kernel[0] or pads[2] >= kernel[0] or pads[1] >= kernel[1] or pads[3] >= kernel[1]:
        raise Unsupported(f"pads must be smaller than the kernel, they are {list(pads)} for {kernel}")
    average = source.node.op_type == "AveragePool"
    function = PoolFunction("average" if average else "max", kernel, stride, pads[:2], size)
    if average:
        behind = [function.covered(axis) - shape[1 + axis] for axis in (0, 1)]
        if (max(pads) > 0 or max(behind) > 0) and not attributes["count_include_pad"]:
            raise Unsupported(f"padded elements must count (count_include_pad = 1) where pads are used ({list(pads)})")
        if behind[0] > pads[2] or behind[1] > pads[3]:
            raise Unsupported("ceil_mode with windows beyond the padding is not supported for averages")
    return Pool(source.label, [source.tensor(0)], source.output, function), (shape[0], *size)


def global_pooling(source: Source) -> Result:
    """GlobalAveragePool and GlobalMaxPool."""
    source.attributes()
    shape = source.shape(0, axes=3)
    kind = "average" if source.node.op_type == "GlobalAveragePool" else "max"
    function = PoolFunction("average" if kind == "average" else "max", (shape[1], shape[2]), (1, 1), (0, 0), (1, 1))
    return Pool(source.label, [source.tensor(0)], source.output, function), (shape[0], 1, 1)


def flatten(source: Source) -> Result:
    """Flatten behind the batch axis."""
    axis = source.attributes(axis=1)["axis"]
    shape = source.shape(0)
    if axis not in (1, -len(shape)):
        raise Unsupported(f"axis must be 1 (only the batch stays), it is {axis}")
    return _reshape(source, (int(np.prod(shape)),))


def reshape(source: Source) -> Result:
    """Reshape that leaves the batch axis alone."""
    allow_zero = source.attributes(allowzero=0)["allowzero"]
    target = [int(extent) for extent in source.constant(1, "the shape").reshape(-1)]
    shape = (1, *source.shape(0))
    if not allow_zero:
        target = [shape[axis] if extent == 0 and axis < len(shape) else extent for axis, extent in enumerate(target)]
    known = -int(np.prod(target)) if -1 in target else 0
    target = [int(np.prod(shape)) // known if extent == -1 and known else extent for extent in target]
    if int(np.prod(target)) != int(np.prod(shape)) or len(target) < 2 or target[0] != 1:
        raise Unsupported(f"the batch axis must stay in front: {shape} cannot become {tuple(target)}")
    return _reshape(source, tuple(target[1:]))


def _reshape(source: Source, shape: Shape) -> Result:
    if len(shape) not in (1, 3):
        raise Unsupported(f"the result must be a vector or an image, its shape would be {shape}")
    return Reshape(source.label, [source.tensor(0)], source.output, shape), shape


def pad(source: Source) -> Result:
    """Pad with zeros around each channel."""
    attributes = source.attributes(mode=b"constant", pads=None, value=0.0)
    if attributes["mode"] != b"constant":
        raise Unsupported(f"mode must be constant, it is {attributes['mode'].decode()}")
    shape = source.shape(0, axes=3)
    pads = list(attributes["pads"] or source.constant(1, "the pads").reshape(-1))
    value = float(source.constant(2, "the value").item()) if source.has(2) else float(attributes["value"])
    if source.has(3):
        raise Unsupported("the input axes is not supported")
    if value != 0:
        raise Unsupported(f"the value must be 0, it is {value}")
    if len(pads) != 8 or min(pads) < 0 or pads[0] or pads[1] or pads[4] or pads[5]:
        raise Unsupported(f"only height and width may be padded, pads are {pads}")
    top, left, bottom, right = (int(pads[i]) for i in (2, 3, 6, 7))
    node = Pad(source.label, [source.tensor(0)], source.output, (top, left, bottom, right))
    return node, (shape[0], shape[1] + top + bottom, shape[2] + left + right)


TRANSLATORS: dict[str, Callable[[Source], Result]] = {
    "Conv": conv,
    "Gemm": gemm,
    "MatMul": matmul,
    "BatchNormalization": batch_normalization,
    "Add": arithmetic,
    "Sub": arithmetic,
    "Mul": arithmetic,
    "Div": arithmetic,
    "Relu": activation,
    "LeakyRelu": activation,
    "Clip": activation,
    "MaxPool": pooling,
    "AveragePool": pooling,
    "GlobalAveragePool": global_pooling,
    "GlobalMaxPool": global_pooling,
    "Flatten": flatten,
    "Reshape": reshape,
    "Pad": pad,
}
