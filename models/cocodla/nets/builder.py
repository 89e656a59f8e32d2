"""ONNX models built node by node; weights are random with a given seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Builder:
    """Grows a chain of ONNX nodes; `last` is the tensor the next node reads."""

    def __init__(self, shape: tuple[int, ...], seed: int = 0, batch: int | str = "N", opset: int = 13) -> None:
        self.random = np.random.default_rng(seed)
        self.input = helper.make_tensor_value_info("image", TensorProto.FLOAT, [batch, *shape])
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.channels = shape[0]
        self.last = "image"
        self.opset = opset

    def constant(self, value: np.ndarray | np.floating) -> str:
        """Name of a new initializer."""
        name = f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def floats(self, *shape: int, scale: float = 1.0) -> np.ndarray:
        """Random normal float32 values."""
        return (self.random.normal(size=shape) * scale).astype(np.float32)

    def node(self, kind: str, *extra: str, inputs: list[str] | None = None, **attributes: Any) -> Builder:
        """Any node that reads the last tensor (or `inputs`) and then the tensors `extra`."""
        output = f"t{len(self.nodes)}"
        sources = [self.last, *extra] if inputs is None else inputs
        self.nodes.append(
            helper.make_node(kind, sources, [output], name=f"{kind.lower()}{len(self.nodes)}", **attributes)
        )
        self.last = output
        return self

    def conv(
        self, kernels: int, kernel: tuple[int, int], group: int = 1, bias: bool = True, **attributes: Any
    ) -> Builder:
        """Conv with random weights, scaled so that activations keep their size."""
        fan = self.channels // group * kernel[0] * kernel[1]
        weight = self.floats(kernels, self.channels // group, *kernel, scale=1.5 / np.sqrt(fan))
        extra = [self.constant(weight)] + ([self.constant(self.floats(kernels, scale=0.2))] if bias else [])
        self.channels = kernels
        return self.node("Conv", *extra, group=group, **attributes)

    def gemm(self, inputs: int, outputs: int) -> Builder:
        """Flatten and Gemm with random weights."""
        self.node("Flatten")
        weight = self.constant(self.floats(outputs, inputs, scale=1.5 / np.sqrt(inputs)))
        return self.node("Gemm", weight, self.constant(self.floats(outputs, scale=0.2)), transB=1)

    def model(self) -> onnx.ModelProto:
        """The model; its output is the last tensor."""
        output = helper.make_tensor_value_info(self.last, TensorProto.FLOAT, None)
        graph = helper.make_graph(self.nodes, "test", [self.input], [output], self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)
        return onnx.shape_inference.infer_shapes(model)

    def save(self, path: Path) -> Path:
        """Write the model and return its path."""
        onnx.save(self.model(), path)
        return path
