"""Translation of single ONNX operators into graph nodes, and the rules each of them must meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import onnx

from cocodla import hw
from cocodla.compiler.ir import (
    Activate,
    ActivationFunction,
    Add,
    Affine,
    Concat,
    Conv,
    Dense,
    FloatArray,
    Multiply,
    Node,
    Pad,
    Pair,
    Pool,
    PoolFunction,
    Reshape,
    Shape,
    Slice,
)


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
            max(0, (hw.ceil_div(n, s) - 1) * s + span - n) for n, s, span in zip(extents, stride, spans, strict=True)
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
        count = (hw.ceil_div(room, stride[axis]) if ceil else room // stride[axis]) + 1
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
        return _two_tensors(source)
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


def _two_tensors(source: Source) -> Result:
    """Add, Sub, Mul, Max, Min of two computed tensors: equal shapes, or the one has one value per channel."""
    if source.node.op_type == "Div":
        raise Unsupported("the divisor must be constant, it is computed")
    if len(source.inputs) != 2:
        raise Unsupported(f"two operands are supported, there are {len(source.inputs)}")
    shapes = [source.shape(0, axes=3), source.shape(1, axes=3)]
    inputs = [source.tensor(0), source.tensor(1)]
    if shapes[0] == (shapes[1][0], 1, 1) != shapes[1]:
        shapes.reverse()
        inputs.reverse()
        if source.node.op_type == "Sub":
            raise Unsupported("the first operand of a difference must be the larger one")
    if shapes[1] not in (shapes[0], (shapes[0][0], 1, 1)):
        raise Unsupported(f"operands must have one shape, or one value per channel, they have {shapes[0]}, {shapes[1]}")
    if source.node.op_type == "Mul":
        return Multiply(source.label, inputs, source.output), shapes[0]
    operations: dict[str, Literal["sum", "difference", "max", "min"]] = {
        "Add": "sum", "Sum": "sum", "Sub": "difference", "Max": "max", "Min": "min",
    }  # fmt: skip
    return Add(source.label, inputs, source.output, operations[source.node.op_type]), shapes[0]


def extreme(source: Source) -> Result:
    """Max, Min and Sum of two tensors."""
    source.attributes()
    return _two_tensors(source)


def concat(source: Source) -> Result:
    """Concat along the channels."""
    axis = source.attributes(axis=1)["axis"]
    shapes = [source.shape(index, axes=3) for index in range(len(source.inputs))]
    if axis not in (1, -3):
        raise Unsupported(f"axis must be 1 (channels), it is {axis}")
    if len(shapes) == 1:
        raise Unsupported("it has one input only")
    inputs = [source.tensor(index) for index in range(len(shapes))]
    return Concat(source.label, inputs, source.output), (sum(shape[0] for shape in shapes), *shapes[0][1:])


def channel_slice(source: Source) -> Result:
    """Slice: channels without gaps; rows and columns with a step through a kernel that picks one element."""
    shape = source.shape(0, axes=3)
    begins, ends, axes, steps = _slice_parameters(source)
    window = {axis: (0, extent, 1) for axis, extent in enumerate((1, *shape))}
    for begin, end, axis, step in zip(begins, ends, axes, steps, strict=True):
        window[axis % 4] = (*slice(begin, end, step).indices((1, *shape)[axis % 4])[:2], step)
    if window[0] != (0, 1, 1) or window[1][2] != 1 or min(step for *_, step in window.values()) < 1:
        raise Unsupported(f"only channels in a row, and rows and columns with a positive step, are supported: {window}")
    (first, last, _), rows, columns = window[1], window[2], window[3]
    size = (len(range(*rows)), len(range(*columns)))
    if size == shape[1:]:
        return Slice(source.label, [source.tensor(0)], source.output, first, last), (last - first, *size)
    weight = np.zeros((last - first, shape[0], rows[0] + 1, columns[0] + 1))
    weight[np.arange(last - first), np.arange(first, last), rows[0], columns[0]] = 1
    return _picking(source, weight, (rows[2], columns[2]), size)


def _slice_parameters(source: Source) -> tuple[list[int], list[int], list[int], list[int]]:
    if source.opset < 10:
        attributes = source.attributes(axes=None, ends=None, starts=None)
        begins, ends = list(attributes["starts"]), list(attributes["ends"])
        return begins, ends, list(attributes["axes"] or range(len(begins))), [1] * len(begins)
    source.attributes()
    lists = [[int(v) for v in source.constant(i, "a bound").reshape(-1)] if source.has(i) else [] for i in range(1, 5)]
    begins, ends, axes, steps = lists
    return begins, ends, axes or list(range(len(begins))), steps or [1] * len(begins)


def _picking(source: Source, weight: FloatArray, stride: Pair, size: Pair) -> Result:
    """A convolution that only moves elements."""
    bias: FloatArray = np.zeros(len(weight))
    node = Conv(source.label, [source.tensor(0)], source.output, weight, bias, stride, (0, 0), size)
    return node, (len(weight), *size)


def space_to_depth(source: Source) -> Result:
    """SpaceToDepth: a convolution whose kernels each pick one element of a block."""
    block = source.attributes(blocksize=None)["blocksize"]
    channels, height, width = source.shape(0, axes=3)
    weight = np.zeros((block, block, channels, channels, block, block))
    for row in range(block):
        for column in range(block):
            weight[row, column, range(channels), range(channels), row, column] = 1
    size = (height // block, width // block)
    return _picking(source, weight.reshape(-1, channels, block, block), (block, block), size)


def hard_sigmoid(source: Source) -> list[Result]:
    """HardSigmoid: an affine map limited to 0 .. 1."""
    attributes = source.attributes(alpha=0.2, beta=0.5)
    shape, middle = source.shape(0), f"{source.output}/affine"
    scale, shift = np.full(shape[0], attributes["alpha"]), np.full(shape[0], attributes["beta"])
    affine = Affine(source.label, [source.tensor(0)], middle, scale, shift)
    return [(affine, shape), (Activate(source.label, [middle], source.output, ActivationFunction(high=1.0)), shape)]


def split(source: Source) -> list[Result]:
    """Split along the channels."""
    attributes = source.attributes(axis=0, split=None, num_outputs=None)
    shape = source.shape(0, axes=3)
    if attributes["axis"] not in (1, -3):
        raise Unsupported(f"axis must be 1 (channels), it is {attributes['axis']}")
    count = len(source.node.output)
    sizes = [hw.ceil_div(shape[0], count)] * count
    sizes[-1] = shape[0] - sum(sizes[:-1])
    if attributes["split"] or source.has(1):
        sizes = list(attributes["split"] or (int(n) for n in source.constant(1, "the sizes").reshape(-1)))
    results: list[Result] = []
    for index, size in enumerate(sizes):
        first = sum(sizes[:index])
        label = f"{source.label}:{index}"
        node = Slice(label, [source.tensor(0)], source.node.output[index], first, first + size)
        results.append((node, (size, *shape[1:])))
    return results


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
    """Relu, LeakyRelu, PRelu, Clip from 0."""
    operation = source.node.op_type
    if operation == "Relu":
        source.attributes()
        function = ActivationFunction()
    elif operation == "LeakyRelu":
        alpha = float(source.attributes(alpha=0.01)["alpha"])
        function = ActivationFunction(alpha=alpha)
    elif operation == "PRelu":
        source.attributes()
        shape = source.shape(0)
        slopes = _channel_vector(_finite(source.constant(1, "the slope"), "the slope"), shape)
        function = ActivationFunction(slopes=tuple(float(slope) for slope in slopes))
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


TRANSLATORS: dict[str, Callable[[Source], Result | list[Result]]] = {
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
    "PRelu": activation,
    "Clip": activation,
    "HardSigmoid": hard_sigmoid,
    "Max": extreme,
    "Min": extreme,
    "Sum": extreme,
    "Concat": concat,
    "Slice": channel_slice,
    "Split": split,
    "SpaceToDepth": space_to_depth,
    "MaxPool": pooling,
    "AveragePool": pooling,
    "GlobalAveragePool": global_pooling,
    "GlobalMaxPool": global_pooling,
    "Flatten": flatten,
    "Reshape": reshape,
    "Pad": pad,
}
