"""The float twin: what gradients follow from, while values are those of the accelerator's integers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from cocodla.compiler.ir import FloatArray
from cocodla.errors import UserError
from cocodla.finetune.coded import SMALLEST, WeightCodes, along, steps_of, weight_axes
from cocodla.finetune.integers import Integers, Rounded
from cocodla.prune.torch_model import TorchModel


class Twin(TorchModel):
    """A float model whose weights are rounded to codes, and whose tensors take values from elsewhere.

    Rounding has the gradient of what it rounds (straight-through), as far as codes go; the scales of weights are
    trained with them (as powers of two, which makes their steps relative).
    """

    def __init__(self, integers: Integers, most: int) -> None:
        """most: weights are codes from -most to most."""
        super().__init__(integers.model)
        self.axes, self.most = weight_axes(integers.model), most
        for name, axis in self.axes.items():
            steps = steps_of(integers.model.constants[name], axis, most)
            self.register_parameter(self.names[name] + "steps", torch.nn.Parameter(torch.from_numpy(np.log2(steps))))
        for node in integers.model.nodes:  # a slope that becomes negative is none the accelerator knows
            if node.op_type == "PRelu":
                getattr(self, self.names[node.input[1]]).requires_grad_(False)
        self.rounded: Mapping[str, Rounded] = {}

    def forward_as(self, images: FloatArray, rounded: Mapping[str, Rounded], names: list[str]) -> dict[str, Tensor]:
        """Some tensors, for inputs (batch, *shape); those in `rounded` have exactly the values there.

        UserError for one of another shape.
        """
        self.rounded = rounded
        try:
            return self.tensors(torch.from_numpy(images), names)
        finally:
            self.rounded = {}

    def scales(self) -> list[torch.nn.Parameter]:
        """Binary logarithms of all scales of weights, (K,) each."""
        return [getattr(self, self.names[name] + "steps") for name in self.axes]

    def steps(self, name: str) -> Tensor:
        """Scales of a weight, (K,)."""
        steps = torch.exp2(getattr(self, self.names[name] + "steps"))
        return torch.maximum(steps, SMALLEST * steps.max().detach())

    def parameter(self, name: str) -> Tensor:
        weight = super().parameter(name)
        if name not in self.axes:
            return weight
        steps = self.steps(name).reshape(along(self.axes[name], weight.ndim))
        return _rounded(torch.clamp(weight / steps, -self.most, self.most)) * steps

    def made(self, name: str, value: Tensor) -> Tensor:
        known = self.rounded.get(name)
        if known is None:
            return value
        if _extents(value) not in (_extents(known.real), [known.real[0].size]):
            shape = known.real.shape[1:]
            raise UserError(f"tensor {name!r} has shape {tuple(value.shape[1:])}, and {shape} when it is compiled")
        inside = torch.clamp(value, known.codes.real(-128), known.codes.real(127))
        return torch.from_numpy(known.real).reshape(value.shape) + _nothing(inside)

    def weights(self) -> dict[str, WeightCodes]:
        """All weights as codes, as they are now."""
        found = {}
        with torch.no_grad():
            for name, axis in self.axes.items():
                steps = self.steps(name)
                weight = super().parameter(name)
                exact = weight / steps.reshape(along(axis, weight.ndim))
                codes = torch.round(torch.clamp(exact, -self.most, self.most))
                found[name] = WeightCodes(codes.numpy().astype(np.int8), steps.numpy().copy(), axis)
        return found


def _rounded(value: Tensor) -> Tensor:
    """To whole numbers, with the gradient of what is rounded."""
    return torch.round(value).detach() + _nothing(value)


def _nothing(value: Tensor) -> Tensor:
    """Zero, exactly, with the gradient of a value."""
    return value - value.detach()


def _extents(value: Tensor | FloatArray) -> list[int]:
    """Of one image, without those of 1."""
    return [extent for extent in value.shape[1:] if extent > 1] or [1]
