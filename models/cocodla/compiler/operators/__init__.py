"""Translation of single ONNX operators into graph nodes, and the rules each of them must meet."""

from __future__ import annotations

from collections.abc import Callable

from cocodla.compiler.operators import elementwise, layout, linear, moving, normalisation, pooling
from cocodla.compiler.operators.source import Result, Source, Unsupported

__all__ = ["TRANSLATORS", "Result", "Source", "Unsupported"]

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
    "Abs": elementwise.activation,
    "Neg": elementwise.negation,
    "Clip": elementwise.clip,
    "HardSwish": elementwise.hard_swish,
    "HardSigmoid": elementwise.hard_sigmoid,
    "Max": elementwise.several,
    "Min": elementwise.several,
    "Sum": elementwise.several,
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
    "ReduceMean": pooling.reduction,
    "ReduceMax": pooling.reduction,
    "ReduceSum": pooling.reduction,
    "LRN": normalisation.lrn,
    "Flatten": layout.flatten,
    "Reshape": layout.reshape,
    "Squeeze": layout.extents_of_one,
    "Unsqueeze": layout.extents_of_one,
    "Transpose": layout.transpose,
    "Pad": layout.pad,
}
