"""Models with operators of plug-ins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper

from cocodla.nets.builder import Builder
from cocodla.operators.library import DOMAIN


class CustomBuilder(Builder):
    """A Builder that knows operators of other domains."""

    def custom(
        self, kind: str, *extra: str, domain: str = DOMAIN, inputs: list[str] | None = None, **attributes: Any
    ) -> str:
        """A node of a plug-in's operator; its output."""
        self.node(kind, *extra, inputs=inputs, **attributes)
        self.nodes[-1].domain = domain
        return self.last

    def weights(self, *shape: int) -> list[str]:
        """Constants: kernels (K, C, R, S) or a matrix, and biases (K,)."""
        fan = int(np.prod(shape[1:]))
        kernels = self.constant(self.floats(*shape, scale=1.5 / np.sqrt(fan)))
        return [kernels, self.constant(self.floats(shape[0], scale=0.2))]

    def model(self) -> onnx.ModelProto:
        output = helper.make_tensor_value_info(self.last, onnx.TensorProto.FLOAT, None)
        graph = helper.make_graph(self.nodes, "test", [self.input], [output], self.initializers)
        domains = sorted({node.domain for node in self.nodes} - {""})
        opsets = [helper.make_opsetid("", self.opset), *(helper.make_opsetid(domain, 1) for domain in domains)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def every_operator() -> CustomBuilder:
    """All operators of the library in one small network."""
    b = CustomBuilder((8, 8, 8), seed=3)
    start = b.custom("ConvRelu", *b.weights(16, 8, 3, 3), strides=[1, 1], pads=[1, 1, 1, 1])
    deep = b.custom("DepthwiseRelu", *b.weights(16, 1, 3, 3), group=16, pads=[1, 1, 1, 1])
    b.custom("GlobalAverage")
    b.node("Sigmoid")
    scaled = b.custom("ScaleChannels", inputs=[deep, b.last])
    b.custom("ConvAddRelu", inputs=[scaled, start, *b.weights(16, 16, 3, 3)], strides=[1, 1], pads=[1, 1, 1, 1])
    b.custom("AddRelu", inputs=[b.last, start])
    b.custom("Lrn", size=5, alpha=1e-2, beta=0.75, bias=1.0)
    b.custom("ConvLeakyRelu", *b.weights(16, 16, 1, 1), strides=[1, 1], pads=[0, 0, 0, 0])
    b.custom("Reorg", stride=2)
    b.custom("MaxPool3x3")
    small = b.custom("ConvRelu", *b.weights(16, 64, 1, 1), strides=[1, 1], pads=[0, 0, 0, 0])
    pooled = b.custom("ConvReluMaxPool", inputs=[deep, *b.weights(16, 16, 6, 6)], strides=[1, 1], pads=[0, 0, 0, 0])
    matrix = b.weights(16, 16)
    tokens = b.custom("TokenMatMul", inputs=[pooled, matrix[0]])
    b.custom("TokenProjection", inputs=[tokens, small, *b.weights(16, 16)])
    b.custom("FullyConnected", *b.weights(5, 16))
    b.channels = 5
    b.conv(4, (1, 1))
    return b


def save(builder: CustomBuilder, folder: Path) -> Path:
    return builder.save(folder / "custom.onnx")
