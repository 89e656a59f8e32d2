"""Translation of single ONNX operators into graph nodes, and the rules each of them must meet."""

from __future__ import annotations

from collections.abc import Callable

from cocodla.compiler.operators import elementwise, layout, linear, moving, normalisation, pooling
from cocodla.compiler.operators.source import Result, Source, Unsupported

__all__ = ["TRANSLATORS", "Source", "Unsupported"]

TRANSLATORS: dict[str, Callable[[Source], Result | list[Result]]] = {
    "Conv": linear.conv,
    "ConvTranspose": linear.conv_transpose,
    "Gemm": linear.gemm,
    "MatMul": linear.matmul,
    "BatchNormalization": linear.batch_normalization,
    "Add": elementwise.arithmetic,
    "Sub": elementwise.arithmetic,
    "Mul": elementwise.arithmetic,
    "Div": elementwise.arithmetic,
    "Relu": elementwise.activation,
    "LeakyRelu": elementwise.activation,
    "PRelu": elementwise.activation,
    "Clip": elementwise.activation,
    "HardSigmoid": elementwise.hard_sigmoid,
    "Max": elementwise.extreme,
    "Min": elementwise.extreme,
    "Sum": elementwise.extreme,
    "Concat": moving.concat,
    "Slice": moving.part,
    "Split": moving.split,
    "SpaceToDepth": moving.space_to_depth,
    "DepthToSpace": moving.depth_to_space,
    "Resize": moving.resize,
    "Upsample": moving.resize,
    "MaxPool": pooling.pooling,
    "AveragePool": pooling.pooling,
    "GlobalAveragePool": pooling.global_pooling,
    "GlobalMaxPool": pooling.global_pooling,
    "LRN": normalisation.lrn,
    "Flatten": layout.flatten,
    "Reshape": layout.reshape,
    "Pad": layout.pad,
}
