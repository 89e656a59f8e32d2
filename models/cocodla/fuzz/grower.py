"""The growing network that all steps of random networks add nodes to."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

DEAD = 0.05
"""Share of kernels of zeros in networks with a spread."""
Shape = tuple[int, ...]


@dataclass
class Grower:
    """A growing network.

    shapes: tensors so far (no batch). spread: how much kernels and channels differ, in bits. inner: tensors whose first
    axis is not the batch, which therefore cannot be outputs.
    """

    random: Random
    values: np.random.Generator
    spread: float = 0.0
    shapes: dict[str, Shape] = field(default_factory=dict)
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)
    inner: set[str] = field(default_factory=set)

    def pick(self, axes: int = 3) -> str | None:
        """A tensor with that many axes, late ones likely."""
        names = [name for name, shape in self.shapes.items() if len(shape) == axes]
        if not names:
            return None
        return names[-1] if self.random.random() < 0.7 else self.random.choice(names)

    def constant(self, value: np.ndarray | np.float32) -> str:
        """Name of a new initializer."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def floats(self, *shape: int, scale: float = 1.0, mean: float = 0.0) -> np.ndarray:
        """Normal float32 values; with a spread each kernel or channel (first axis) has its own magnitude, or none."""
        value = self.values.normal(size=shape) * scale + mean
        if self.spread and shape:
            each = (len(value), *(1,) * (len(shape) - 1))
            value = value * 2.0 ** (self.spread * self.values.normal(size=each)) * (self.values.random(each) > DEAD)
        return value.astype(np.float32)

    def add(self, kind: str, sources: list[str], shapes: Shape | list[Shape], **attributes: Any) -> str:
        """A node with one output a shape; the name of the first one."""
        shapes = [shapes] if isinstance(shapes, tuple) else shapes
        outputs = [f"t{len(self.shapes) + index}" for index in range(len(shapes))]
        name = f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, sources, outputs, name=name, **attributes))
        self.shapes.update(zip(outputs, shapes, strict=True))
        return outputs[0]
