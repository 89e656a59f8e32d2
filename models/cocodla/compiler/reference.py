"""Float reference of the compiler's graph: what the passes must not change, and where calibration looks.

Everything is vectorised over a leading batch axis; arithmetic is float32, as in the model's own runtime.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cocodla import hw
from cocodla.compiler import float_convolution, original
from cocodla.compiler.ir import (
    BOUNDLESS,
    UNPOOLED,
    Activate,
    ActivationFunction,
    Add,
    Affine,
    Concat,
    Conv,
    Curve,
    Custom,
    Dense,
    FloatArray,
    Graph,
    Host,
    Loop,
    Lrn,
    LrnFunction,
    Mean,
    Move,
    Multiply,
    Node,
    Pad,
    Pair,
    Pointwise,
    Pool,
    PoolFunction,
    Quantisation,
    Reshape,
    Shape,
    Slice,
    Transposed,
)
from cocodla.compiler.limits import Refused
from cocodla.errors import UserError
from cocodla.formats.feature import atoms_to_tensor, tensor_to_atoms


def walk(graph: Graph, images: FloatArray, rounded: bool = False) -> Iterator[tuple[str, FloatArray]]:
    """Yield (tensor name, values of shape (batch, *shape)) for the input and every node of the graph.

    rounded: tensors whose codes the model fixes have values of these codes only. Their limits may stand for a ReLU.

    images: model inputs, batch first; they take the shape of the graph's input. Values nobody needs any more are
    dropped on the way. A convolution with pooling also yields what it gives the pooling, as `unpooled(output)`.
    """
    value = images.astype(np.float32).reshape(len(images), *graph.shapes[graph.input])
    if graph.input_map is not None:
        value = _per_channel(value, graph.input_map.scale, graph.input_map.shift)
    pins = graph.pins if rounded else {}
    value = _to_codes(value, pins.get(graph.input))
    values = {graph.input: value}
    yield graph.input, value
    last_use = {tensor: index for index, node in enumerate(graph.nodes) for tensor in node.inputs}
    for index, node in enumerate(graph.nodes):
        inputs = [values[tensor] for tensor in node.inputs]
        if isinstance(node, Conv) and node.pool is not None:
            before = evaluate(replace(node, pool=None), *inputs)
            before = _to_codes(before, pins.get(node.output))
            yield unpooled(node.output), before
            result = pool(before, node.pool)
        else:
            result = evaluate(node, *inputs).reshape(-1, *graph.shapes[node.output])
        result = _to_codes(result, pins.get(node.output))
        yield node.output, result
        values[node.output] = result
        for tensor in set(node.inputs):
            if last_use[tensor] == index:
                values.pop(tensor, None)


def check_numbers(graph: Graph, images: FloatArray) -> None:
    """UserError, with the first such node, if a tensor of the graph is not finite for some images."""
    for tensor, values in walk(graph, images):
        check_finite(graph, tensor, values)


def check_finite(graph: Graph, tensor: str, values: FloatArray) -> None:
    """UserError, with node and tensor, for infinite or NaN values, and for those that mean infinity.

    Where the host makes them, what the accelerator was to compute with them is Refused.
    """
    if np.abs(values).max(initial=0.0) < BOUNDLESS:
        return
    told = "takes infinite or NaN values on the calibration data"
    readers = [node for node in graph.consumers(tensor) if not isinstance(node, Host)]
    if isinstance(graph.producer(tensor), Host) and readers:
        raise Refused(type(readers[0]).__name__, readers[0].name, f"its input {tensor!r}, which the host makes, {told}")
    raise UserError(f"{graph.where(tensor)} {told}")


def _to_codes(value: FloatArray, pin: Quantisation | None) -> FloatArray:
    """The values that codes have."""
    return value if pin is None else pin.dequantise(pin.quantise(value))


def unpooled(tensor: str) -> str:
    """Name under which `walk` tells the input of the pooling that makes `tensor`."""
    return tensor + UNPOOLED


def run(graph: Graph, images: FloatArray, rounded: bool = False) -> dict[str, FloatArray]:
    """Values of the graph's outputs, (batch, *shape) each; rounded: see `walk`."""
    size = batch_size(graph)
    parts = [
        {name: value for name, value in walk(graph, images[first : first + size], rounded) if name in graph.outputs}
        for first in range(0, len(images), size)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


ELEMENTS = 1 << 20
"""Most values that a tensor of a batch shall have, where an image alone has no more."""


def batch_size(graph: Graph, most: int = 64) -> int:
    """How many images go through a graph together: memory is bounded, whatever the size of its tensors."""
    largest = max(int(np.prod(shape)) for shape in graph.shapes.values())
    return max(1, min(most, ELEMENTS // largest))


@singledispatch
def evaluate(node: Node, *inputs: FloatArray) -> FloatArray:
    """Output of one node for its inputs, all with a leading batch axis."""
    raise TypeError(f"no reference for {type(node).__name__}")


@evaluate.register
def _host(node: Host, *inputs: FloatArray) -> FloatArray:
    """What the CPU computes in the middle of the network, in the shape it has there."""
    feeds = {name: value.reshape(-1, *shape) for (name, shape), value in zip(node.feeds, inputs, strict=True)}
    return original.run_host(node.model, feeds, node.output)


@evaluate.register
def _conv(node: Conv, x: FloatArray, summand: FloatArray | None = None) -> FloatArray:
    value = convolve(x, node.weight.astype(np.float32), node, node.fill)
    if summand is not None:
        value += summand
    value += node.bias.astype(np.float32)[:, None, None]
    if node.activation is not None:
        value = activate(value, node.activation)
    return pool(value, node.pool) if node.pool is not None else value


@evaluate.register
def _transposed(node: Transposed, x: FloatArray) -> FloatArray:
    value = transposed(x, node.weight.astype(np.float32), node) + node.bias.astype(np.float32)[:, None, None]
    return value if node.activation is None else activate(value, node.activation)


@evaluate.register
def _add(node: Add, x: FloatArray, y: FloatArray) -> FloatArray:
    operations: dict[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
        "sum": np.add, "difference": np.subtract, "max": np.maximum, "min": np.minimum,
    }  # fmt: skip
    value = operations[node.operation](x, y)
    return value if node.activation is None else activate(value, node.activation)


@evaluate.register
def _multiply(node: Multiply, x: FloatArray, y: FloatArray) -> FloatArray:
    return x * y if node.activation is None else activate(x * y, node.activation)


@evaluate.register
def _concat(node: Concat, *inputs: FloatArray) -> FloatArray:
    return np.concatenate(inputs, axis=1 + node.axis)


@evaluate.register
def _slice(node: Slice, x: FloatArray) -> FloatArray:
    channels, rows, columns = (slice(*span) for span in node.box)
    return x[:, channels] if x.ndim == 2 else x[:, channels, rows, columns]


@evaluate.register
def _move(node: Move, x: FloatArray) -> FloatArray:
    return move(x, node.loops, node.shape)


@evaluate.register
def _dense(node: Dense, x: FloatArray) -> FloatArray:
    return x @ node.weight.astype(np.float32).T + node.bias.astype(np.float32)


@evaluate.register
def _affine(node: Affine, x: FloatArray) -> FloatArray:
    return _per_channel(x, node.scale, node.shift)


@evaluate.register
def _pointwise(node: Pointwise, x: FloatArray) -> FloatArray:
    value = x * node.scale.astype(np.float32) + node.bias.astype(np.float32)
    return value if node.activation is None else activate(value, node.activation)


@evaluate.register
def _activate(node: Activate, x: FloatArray) -> FloatArray:
    return activate(x, node.function)


@evaluate.register(Pool)
@evaluate.register(Mean)
def _pool(node: Pool | Mean, x: FloatArray) -> FloatArray:
    return pool(x, node.function)


@evaluate.register
def _lrn(node: Lrn, x: FloatArray) -> FloatArray:
    return normalise(x, node.function)


@evaluate.register
def _curve(node: Curve, x: FloatArray) -> FloatArray:
    return original.curve(node.function.model, x)


@evaluate.register
def _custom(node: Custom, *inputs: FloatArray) -> FloatArray:
    feeds = dict(zip(dict.fromkeys(node.inputs), inputs, strict=False))
    return original.run_host(node.model, feeds, node.output).reshape(-1, *node.shape).astype(inputs[0].dtype)


@evaluate.register
def _reshape(node: Reshape, x: FloatArray) -> FloatArray:
    return x.reshape(len(x), *node.shape)


@evaluate.register
def _pad(node: Pad, x: FloatArray) -> FloatArray:
    top, left, bottom, right = node.pads
    return np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=node.value)


def move(x: FloatArray, loops: tuple[Loop, ...], shape: Shape) -> FloatArray:
    """Atoms of x (batch, C, H, W) in the order a Move gives them: (batch, *shape). The dtype is kept."""
    atoms = tensor_to_atoms(x)
    result = np.zeros((len(x), hw.surfaces(shape[0]), *shape[1:], hw.ATOM), x.dtype)
    counts = [loop.count for loop in loops]
    steps = np.indices(counts).reshape(len(counts), -1)
    source = (slice(None), *(np.array([loop.source for loop in loops]).T @ steps))
    target = (slice(None), *(np.array([loop.target for loop in loops]).T @ steps))
    result[target] = atoms[source]
    return atoms_to_tensor(result, shape[0])


def convolve(x: FloatArray, weight: FloatArray, node: Conv, pad_value: float = 0.0) -> FloatArray:
    """The convolution alone: x (batch, C, H, W), weight (K, C/group, R, S) -> (batch, K, *node.size).

    The dtype of `x` is kept; padding reads `pad_value`.
    """
    kernels, channels, rows, columns = weight.shape
    if x.dtype == np.float32 and pad_value == 0:
        return float_convolution.convolve(x, weight.astype(np.float32, copy=False), node)
    windows = windows_of(x, (rows, columns), node.stride, node.pad, node.size, pad_value, node.dilation)
    per_group = kernels // node.group
    result = np.empty((len(x), kernels, *node.size), x.dtype)
    for group in range(node.group):
        taps = windows[:, group * channels : (group + 1) * channels].transpose(0, 2, 3, 1, 4, 5)
        matrix = weight[group * per_group : (group + 1) * per_group].reshape(per_group, -1).T
        # one plain matrix product for the whole batch: numpy's stacked products do not go to BLAS
        product = taps.reshape(-1, len(matrix)) @ matrix.astype(x.dtype, copy=False)
        result[:, group * per_group : (group + 1) * per_group] = np.moveaxis(
            product.reshape(len(x), *node.size, per_group), -1, 1
        )
    return result


def transposed(x: FloatArray, weight: FloatArray, node: Transposed) -> FloatArray:
    """The transposed convolution alone: every input is spread over the outputs it reaches; (batch, K, *node.size)."""
    kernels, channels, rows, columns = weight.shape
    extent = [(n - 1) * s + (k - 1) * d + 1 for n, s, k, d in zip(x.shape[2:], node.stride, weight.shape[2:],
                                                                  node.dilation, strict=True)]  # fmt: skip
    extent = [max(e, p + n) for e, p, n in zip(extent, node.pad, node.size, strict=True)]
    result = np.zeros((len(x), kernels, *extent), x.dtype)
    grouped = weight.reshape(node.group, kernels // node.group, channels, rows, columns)
    inputs = x.reshape(len(x), node.group, channels, *x.shape[2:])
    for row in range(rows):
        for column in range(columns):
            top, left = row * node.dilation[0], column * node.dilation[1]
            part = np.einsum("gkc,ngchw->ngkhw", grouped[..., row, column], inputs, optimize=True)
            last = [first + (n - 1) * s + 1 for first, n, s in zip((top, left), x.shape[2:], node.stride, strict=True)]
            place = result[:, :, top : last[0] : node.stride[0], left : last[1] : node.stride[1]]
            place += part.reshape(len(x), kernels, *x.shape[2:])
    top, left = node.pad
    return result[:, :, top : top + node.size[0], left : left + node.size[1]]


def activate(x: FloatArray, function: ActivationFunction) -> FloatArray:
    """Leaky ReLU, then the upper limit."""
    if function.zero_below:
        value = np.maximum(x, 0)
    else:
        slopes = np.array(function.slopes or function.alpha, np.float32)
        value = np.where(x >= 0, x, x * (slopes.reshape(-1, *(1,) * (x.ndim - 2)) if function.slopes else slopes))
    return value if function.high is None else np.minimum(value, np.float32(function.high))


def pool(x: FloatArray, function: PoolFunction) -> FloatArray:
    """Pooling of (batch, C, H, W): down the columns first, then along the lines."""
    (rows, columns), (down, across), (top, left), (height, width) = (
        function.kernel, function.stride, function.pad, function.size,
    )  # fmt: skip
    x = _reduce(x, function.kind, (rows, 1), (down, 1), (top, 0), (height, x.shape[3]))
    x = _reduce(x, function.kind, (1, columns), (1, across), (0, left), (height, width))
    return x if function.kind == "max" else x / function.divisors.astype(x.dtype)


def _reduce(x: FloatArray, kind: str, kernel: Pair, stride: Pair, pad: Pair, size: Pair) -> FloatArray:
    """Largest value or sum of each window, tap by tap."""
    windows = windows_of(x, kernel, stride, pad, size, -np.inf if kind == "max" else 0.0)
    result = windows[..., 0, 0].copy()
    for row, column in list(np.ndindex(*kernel))[1:]:
        (np.maximum if kind == "max" else np.add)(result, windows[..., row, column], out=result)
    return result


def normalise(x: FloatArray, function: LrnFunction) -> FloatArray:
    """Local response normalisation of (batch, C, H, W); the dtype of `x` is kept."""
    reach = function.size // 2
    squares = np.pad(x * x, ((0, 0), (reach, reach), (0, 0), (0, 0)))
    total = sum(squares[:, first : first + x.shape[1]] for first in range(function.size))
    return np.asarray(x / (function.bias + function.alpha / function.size * total) ** function.beta)


def windows_of(
    x: FloatArray,
    kernel: Pair,
    stride: Pair,
    pad: Pair,
    size: Pair,
    filler: float,
    dilation: Pair = (1, 1),
) -> FloatArray:
    """View (batch, C, *size, *kernel) of all windows of x (batch, C, H, W); outside of x they read `filler`."""
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    wanted = [(n - 1) * s + span for n, s, span in zip(size, stride, spans, strict=True)]
    behind = [max(0, w - p - extent) for w, p, extent in zip(wanted, pad, x.shape[2:], strict=True)]
    axes: Any = (2, 3)  # the stubs of numpy 2.2 take one axis only
    padded = np.pad(x, ((0, 0), (0, 0), (pad[0], behind[0]), (pad[1], behind[1])), constant_values=filler)
    views = sliding_window_view(padded[:, :, : wanted[0], : wanted[1]], spans, axis=axes)
    return views[:, :, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]


def _per_channel(x: FloatArray, scale: FloatArray, shift: FloatArray) -> FloatArray:
    trailing = (1,) * (x.ndim - 2)
    return x * scale.astype(np.float32).reshape(-1, *trailing) + shift.astype(np.float32).reshape(-1, *trailing)
