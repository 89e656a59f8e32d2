"""Small quantised models, node by node, and what onnxruntime makes of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
from onnx_builder import Builder

from cocodla.compiler import Network


class QdqBuilder(Builder):
    """Nodes with QuantizeLinear and DequantizeLinear around them."""

    def codes(self, scale: float, zero: int = 0, kind: type = np.int8) -> QdqBuilder:
        """Round the last tensor to codes and back."""
        parameters = [self.constant(np.float32(scale)), self.constant(np.array(zero, kind))]
        self.node("QuantizeLinear", *parameters)
        self.node("DequantizeLinear", *parameters)
        return self

    def weights(
        self, *shape: int, kind: type = np.int8, zero: int = 0, axis: int | None = 0, spread: float = 3,
        limit: int = 127,
    ) -> str:
        """Constant codes behind DequantizeLinear, with a scale for each index of `axis` or one for all."""
        info = np.iinfo(kind)
        values = np.rint(np.clip(self.random.normal(size=shape) * 45, -limit, limit) + zero)
        values = np.clip(values, info.min, info.max).astype(kind)
        fan = np.prod(shape) / shape[0 if axis is None else axis]
        scales = np.geomspace(1, spread, 1 if axis is None else shape[axis]) / (70 * np.sqrt(fan))
        name, last = self.constant(values), self.last
        if axis is None:
            extra = [self.constant(np.float32(scales[0])), self.constant(np.array(zero, kind))]
            self.node("DequantizeLinear", inputs=[name, *extra])
        else:
            extra = [self.constant(scales.astype(np.float32)), self.constant(np.full(shape[axis], zero, kind))]
            self.node("DequantizeLinear", inputs=[name, *extra], axis=axis)
        made, self.last = self.last, last
        return made

    def qconv(self, kernels: int, size: int, bias: bool = True, group: int = 1, **weights: object) -> QdqBuilder:
        """Conv with int8 weights (padded to keep the size)."""
        extra = [self.weights(kernels, self.channels // group, size, size, **weights)]  # type: ignore[arg-type]
        extra += [self.constant(self.floats(kernels, scale=0.3))] if bias else []
        self.channels = kernels
        self.node("Conv", *extra, pads=[size // 2] * 4, group=group)
        return self


def reference(path: Path, images: np.ndarray) -> np.ndarray:
    """The model in onnxruntime, node by node as it is written."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), options)
    rows = [session.run(None, {session.get_inputs()[0].name: image[None]})[0] for image in images]
    return np.concatenate(rows)


def differences(network: Network, path: Path, images: np.ndarray, scale: float) -> np.ndarray:
    """Golden model less onnxruntime, in steps of the output."""
    return np.rint((network.golden_batch(images) - reference(path, images)) / scale)
