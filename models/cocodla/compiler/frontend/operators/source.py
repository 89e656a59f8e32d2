"""What translators of ONNX operators share: the node as they see it, and common rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx

from cocodla import hw
from cocodla.compiler.ir import FloatArray, Node, Pair, Shape
from cocodla.compiler.original import session
from cocodla.errors import UserError


class Unsupported(Exception):
    """An operator breaks a rule; the message tells which, and the value found."""


@dataclass
class Source:
    """An ONNX node as a translator sees it: inputs renamed past aliases, constants and shapes at hand.

    steps: real value of one code, for each element of the constants that the model holds as int8 codes. leaves: the
    result is an output of the model that no operator reads.
    """

    node: onnx.NodeProto
    label: str
    inputs: Sequence[str]
    opset: int
    constants: Mapping[str, np.ndarray]
    shapes: Mapping[str, Shape]
    steps: Mapping[str, FloatArray] = field(default_factory=dict)
    leaves: bool = False

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

    def kernel_steps(
        self, index: int, kernels_first: Callable[[FloatArray], FloatArray] = np.asarray
    ) -> FloatArray | None:
        """Real value of one weight code, for each output channel (K); None if the weight has no codes.

        kernels_first: brings a constant like the weight into the order (K, ...).
        """
        steps = self.steps.get(self.inputs[index])
        if steps is None:
            return None
        rows = kernels_first(steps)
        rows = rows.reshape(len(rows), -1)
        if np.ptp(rows, axis=1).any():
            raise Unsupported("the weight's scales differ inside of an output channel")
        return rows[:, 0].copy()

    def has(self, index: int) -> bool:
        """True if the optional input is there."""
        return len(self.inputs) > index and self.inputs[index] != ""

    def evaluate(self, value: np.ndarray) -> np.ndarray:
        """What onnxruntime makes of the node for a value of its first input (batch included)."""
        node = onnx.NodeProto()
        node.CopyFrom(self.node)
        node.input[:] = self.inputs
        feed = onnx.helper.make_tensor_value_info(self.inputs[0], onnx.TensorProto.FLOAT, value.shape)
        result = onnx.helper.make_empty_tensor_value_info(self.output)
        known = [name for name in self.inputs[1:] if name in self.constants]
        constants = [onnx.numpy_helper.from_array(self.constants[name], name) for name in known]
        graph = onnx.helper.make_graph([node], "single", [feed], [result], constants)
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", self.opset)], ir_version=8)
        try:
            return np.asarray(session(model).run(None, {self.inputs[0]: value.astype(np.float32)})[0])
        except UserError as error:
            raise Unsupported(str(error)) from error

    @property
    def output(self) -> str:
        return self.node.output[0]


Result = tuple[Node, Shape]


def windows(
    shape: Shape, kernel: Pair, stride: Pair, dilation: Pair, attributes: Mapping[str, Any], ceil: bool = False
) -> tuple[tuple[int, int, int, int], Pair]:
    """Pads (top, left, bottom, right) and output (height, width) of a sliding window."""
    mode = attributes["auto_pad"].decode()
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    extents = shape[-2:]
    if mode in ("SAME_UPPER", "SAME_LOWER"):
        sums = [(hw.ceil_div(n, s) - 1) * s + span - n for n, s, span in zip(extents, stride, spans, strict=True)]
        if min(sums) < -1:  # ONNX does not say whether windows then begin at the first element; runtimes differ
            raise Unsupported(f"auto_pad {mode} with a stride beyond the kernel would pad by {min(sums)}: write pads")
        totals = [max(0, total) for total in sums]
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


def pair_of(values: Sequence[int] | None, name: str) -> Pair:
    """Two positive numbers; absent means (1, 1)."""
    values = list(values or (1, 1))
    if len(values) != 2 or min(values) < 1:
        raise Unsupported(f"{name} must be two numbers from 1 (2-D operators only), it is {values}")
    return values[0], values[1]


def finite(value: np.ndarray, what: str) -> FloatArray:
    if not np.isfinite(value).all():
        raise Unsupported(f"{what} holds NaN or infinite values")
    return value.astype(np.float64)


def channel_vector(value: FloatArray, shape: Shape) -> FloatArray:
    """A constant operand as one number per channel of `shape`."""
    axes = len(shape) + 1
    aligned = value.reshape((1,) * max(0, axes - value.ndim) + value.shape)
    expected = (1, shape[0]) + (1,) * (axes - 2)
    if aligned.ndim != axes or any(n not in (1, m) for n, m in zip(aligned.shape, expected, strict=True)):
        raise Unsupported(
            f"the constant operand must be one number or one per channel ({shape[0]}), its shape is {value.shape}"
        )
    return np.broadcast_to(aligned.reshape(-1), (shape[0],)).copy()
