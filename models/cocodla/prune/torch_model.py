"""A float model as a PyTorch module: its float constants are the parameters. Fine-tuning needs it (extra `train`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor
from torch.nn import functional

from cocodla.compiler.frontend.nodes import named
from cocodla.errors import UserError
from cocodla.prune.correct import geometry
from cocodla.prune.floats import FloatModel, attributes

FIXED = ("Reshape", "Squeeze", "Unsqueeze", "Pad", "Resize", "Upsample", "Clip", "Pow", "Slice", "Split")
"""Operators whose constants say where things go or end: they are not trained."""


class TorchModel(torch.nn.Module):
    """Runs the nodes of a model with torch. UserError, with the node, for an operator fine-tuning does not know."""

    def __init__(self, model: FloatModel) -> None:
        super().__init__()
        self.model = model
        unknown = next((node for node in model.nodes if node.op_type not in OPERATORS or node.domain), None)
        if unknown is not None:
            raise UserError(f"{named(unknown)}: fine-tuning does not know this operator")
        trained = {
            name for node in model.nodes if node.op_type not in FIXED for name in node.input
            if name in model.constants and model.constants[name].dtype == np.float32
        }  # fmt: skip
        self.names = {name: f"p{place}" for place, name in enumerate(sorted(trained))}
        for node in model.nodes:  # statistics are no parameters: they stay what they are
            if node.op_type == "BatchNormalization":
                trained -= set(node.input[3:])
        for name, own in self.names.items():
            value = torch.from_numpy(model.constants[name].copy())
            self.register_parameter(own, torch.nn.Parameter(value, requires_grad=name in trained))

    def forward(self, images: Tensor) -> list[Tensor]:
        """The tensors at the model's ends, for images (batch, *shape)."""
        return list(self.tensors(images, self.model.ends).values())

    def tensors(self, images: Tensor, names: list[str]) -> dict[str, Tensor]:
        """Some tensors by name."""
        values: dict[str, Any] = {self.model.input: images}
        wanted = set(names)
        for node in self.model.nodes:
            given = [self._value(name, values) for name in node.input]
            values[node.output[0]] = self.made(node.output[0], OPERATORS[node.op_type](node, self.model, *given))
            wanted.discard(node.output[0])
            if not wanted:
                break
        return {name: values[name] for name in names}

    def made(self, name: str, value: Tensor) -> Tensor:
        """What readers of a tensor get, for what its node computes."""
        return value

    def parameter(self, name: str) -> Tensor:
        """A float constant as the nodes read it."""
        found: Tensor = getattr(self, self.names[name])
        return found

    def trained(self) -> FloatModel:
        """The model with the parameters as they are now."""
        constants = dict(self.model.constants)
        for name, own in self.names.items():
            constants[name] = getattr(self, own).detach().numpy().copy()
        return self.model.with_constants(constants, self.model.nodes)

    def _value(self, name: str, values: dict[str, Any]) -> Any:
        if name in values:
            return values[name]
        if name in self.names:
            return self.parameter(name)
        return self.model.constants.get(name)


def _conv(node: onnx.NodeProto, model: FloatModel, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    before, behind = tuple(x.shape[2:]), model.shapes[node.output[0]][2:]
    kernel, flat = tuple(weight.shape[2:]), x.ndim == 3
    if flat:
        x, weight, before, behind, kernel = x[:, :, None], weight[:, :, None], (1, *before), (1, *behind), (1, *kernel)
    stride, dilation, pad = geometry(node, before, behind, kernel)
    x = _padded(x, kernel, stride, dilation, pad, behind, 0.0)
    result = functional.conv2d(x, weight, bias, stride, 0, dilation, int(str(attributes(node).get("group", 1))))
    return result[:, :, 0] if flat else result


def _padded(x: Tensor, kernel: Any, stride: Any, dilation: Any, pad: Any, size: Any, value: float) -> Tensor:
    """Padded, or cut, to what `size` windows read."""
    wanted = [(n - 1) * s + (k - 1) * d + 1 for n, s, k, d in zip(size, stride, kernel, dilation, strict=True)]
    ends = [w - p - extent for w, p, extent in zip(wanted, pad, x.shape[2:], strict=True)]
    return functional.pad(x, (pad[1], ends[1], pad[0], ends[0]), value=value)


def _pool(node: onnx.NodeProto, model: FloatModel, x: Tensor) -> Tensor:
    given = attributes(node)
    kernel = tuple(int(extent) for extent in np.asarray(given["kernel_shape"]))
    behind = model.shapes[node.output[0]][2:]
    if len(kernel) != 2:
        raise UserError(f"{named(node)}: fine-tuning knows pooling over lines and columns only")
    stride, dilation, pad = geometry(node, tuple(x.shape[2:]), behind, kernel)
    if node.op_type == "MaxPool":
        x = _padded(x, kernel, stride, dilation, pad, behind, -torch.inf)
        return functional.max_pool2d(x, kernel, stride, 0, dilation)
    counted = 1.0 if given.get("count_include_pad", 0) else 0.0
    ones = _padded(torch.ones_like(x[:1, :1]), kernel, stride, dilation, pad, behind, counted)
    sums = functional.avg_pool2d(_padded(x, kernel, stride, dilation, pad, behind, 0.0), kernel, stride)
    return sums / functional.avg_pool2d(ones, kernel, stride)


def _gemm(node: onnx.NodeProto, model: FloatModel, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    return functional.linear(x, weight if attributes(node).get("transB", 0) else weight.T, bias)


def _norm(
    node: onnx.NodeProto, model: FloatModel, x: Tensor, scale: Tensor, bias: Tensor, mean: Tensor, variance: Tensor
) -> Tensor:
    return functional.batch_norm(x, mean, variance, scale, bias, eps=float(str(attributes(node).get("epsilon", 1e-5))))


def _clip(node: onnx.NodeProto, model: FloatModel, x: Tensor, low: Any = None, high: Any = None) -> Tensor:
    ends = [None if end is None else np.asarray(end).item() for end in (low, high)]
    return torch.clamp(x, *ends) if any(end is not None for end in ends) else x


def _reshape(node: onnx.NodeProto, model: FloatModel, x: Tensor, shape: np.ndarray | None = None) -> Tensor:
    return x.reshape(len(x), *_behind(node, model, x))


def _behind(node: onnx.NodeProto, model: FloatModel, x: Tensor) -> list[int]:
    """Extents of the result without the batch; the first of them follows from the others: channels may be gone."""
    rest = list(model.shapes[node.output[0]][2:])
    return [x[0].numel() // int(np.prod(rest, dtype=int)), *rest]


def _mean(node: onnx.NodeProto, model: FloatModel, x: Tensor, axes: np.ndarray | None = None) -> Tensor:
    given = attributes(node)
    dims = [int(axis) for axis in np.asarray(given["axes"] if axes is None else axes).reshape(-1)]
    return x.mean(dims, keepdim=bool(given.get("keepdims", 1)))


def _hard_sigmoid(node: onnx.NodeProto, model: FloatModel, x: Tensor) -> Tensor:
    slope, shift = (float(str(attributes(node).get(name, usual))) for name, usual in (("alpha", 0.2), ("beta", 0.5)))
    return torch.clamp(slope * x + shift, 0, 1)


def _of_one(function: Callable[[Tensor], Tensor]) -> Callable[..., Any]:
    return lambda node, model, x, *_: function(x)


OPERATORS: dict[str, Callable[..., Any]] = {
    "Conv": _conv, "MaxPool": _pool, "AveragePool": _pool, "Gemm": _gemm, "BatchNormalization": _norm, "Clip": _clip,
    "Reshape": _reshape, "Flatten": _reshape, "Squeeze": _reshape, "Unsqueeze": _reshape, "ReduceMean": _mean,
    "MatMul": lambda node, model, x, weight: x @ weight,
    "Add": lambda node, model, x, y: x + y, "Sub": lambda node, model, x, y: x - y,
    "Mul": lambda node, model, x, y: x * y, "Div": lambda node, model, x, y: x / y,
    "Sum": lambda node, model, *parts: sum(parts[1:], parts[0]),
    "Concat": lambda node, model, *parts: torch.cat(parts, int(str(attributes(node).get("axis", 1)))),
    "LeakyRelu": lambda node, model, x: functional.leaky_relu(x, float(str(attributes(node).get("alpha", 0.01)))),
    "PRelu": lambda node, model, x, slope: torch.where(x >= 0, x, x * slope),
    "Softmax": lambda node, model, x: torch.softmax(x, int(str(attributes(node).get("axis", -1)))),
    "GlobalAveragePool": _of_one(lambda x: x.mean((2, 3), keepdim=True)),
    "GlobalMaxPool": _of_one(lambda x: x.amax((2, 3), keepdim=True)),
    "Relu": _of_one(torch.relu), "Sigmoid": _of_one(torch.sigmoid), "Tanh": _of_one(torch.tanh),
    "HardSwish": _of_one(functional.hardswish), "HardSigmoid": _hard_sigmoid,
    "Identity": _of_one(lambda x: x), "Dropout": _of_one(lambda x: x),
}  # fmt: skip
"""Each takes the node, the model, and values of its inputs."""
