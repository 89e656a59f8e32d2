"""Translation of single ONNX operators into graph nodes, and the rules each of them must meet.

`SUPPORT` is the registry: operators, the function that translates them, what the accelerator does for them, and when.
docs/operators.md is generated from it (scripts/generate_support.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cocodla import hw
from cocodla.compiler.frontend.operators import (
    curves,
    elementwise,
    layout,
    linear,
    moving,
    normalisation,
    pooling,
    resizing,
)
from cocodla.compiler.frontend.operators.source import Result, Source, Unsupported

__all__ = ["SUPPORT", "TRANSLATORS", "Result", "Source", "Support", "Unsupported"]

Translator = Callable[[Source], Result | list[Result]]


@dataclass(frozen=True)
class Support:
    """ONNX operators that are translated alike: what they become, and the conditions (empty: none).

    translator: None for operators that leave no node of their own.
    """

    operators: tuple[str, ...]
    translator: Translator | None
    becomes: str
    conditions: str = ""


SUPPORT: tuple[Support, ...] = (
    Support(
        ("Conv",), linear.conv,
        "convolution, in bands of rows and columns where the input does not fit the buffer; groups of whole surfaces "
        "as layers of their own, smaller groups merge with zeros in the weights",
        f"2-D, or 1-D as an image of one row; constant weights; kernel beyond {hw.MAX_KERNEL}, stride beyond "
        f"{hw.MAX_STRIDE}, dilation beyond {hw.MAX_DILATION}: views of the input as channels, copied by SDP; padding "
        f"(top, left) beyond {hw.MAX_PAD}: zeros around the input; one kernel group fits the convolution buffer",
    ),
    Support(
        ("ConvTranspose",), linear.conv_transpose,
        "a convolution for each phase of the stride (one for all where their taps lie alike), then strided copies "
        "interleave the phases",
        "2-D, constant weights; strides, pads, output_padding, output_shape, dilations, groups as they come",
    ),
    Support(
        ("Gemm",), linear.gemm,
        "convolution with a kernel as large as the input; beyond the buffer a sum of several",
        "B and C constant, input a vector, transA 0",
    ),
    Support(("MatMul",), linear.matmul, "as Gemm", "second operand a constant matrix, input a vector"),
    Support(
        ("BatchNormalization",), linear.batch_normalization,
        "folded into the layer before or behind, or into the input's conversion; else SDP, memory to memory, an atom a "
        f"cycle (a 1x1 convolution up to {hw.ATOM} channels)",
        "constant parameters, no training",
    ),
    Support(
        ("Add", "Sub", "Mul", "Div"), elementwise.arithmetic,
        "with a constant: as BatchNormalization. Two tensors: a sum inside the convolution that makes one of them; "
        "else SDP, memory to memory, each operand rescaled on its own",
        "constants: any shape that broadcasts; what varies over rows and columns is never folded. Tensors: equal "
        "shapes, or (not Sub's first) one value per channel; "
        "no quotient of two tensors",
    ),
    Support(
        ("Max", "Min", "Sum"), elementwise.several,
        "two at a time by SDP, memory to memory; constants as limits, or folded",
        "as Add; constants: one number, or one per channel",
    ),
    Support(
        ("Relu", "LeakyRelu", "PRelu", "Abs"), elementwise.activation,
        "in the convolution (Relu also in sums and products); else SDP, memory to memory",
        "PRelu: constant slopes, one or one per channel",
    ),
    Support(
        ("Clip",), elementwise.clip,
        "in the convolution: the saturation of the codes is the upper limit. Other limits than 0 below: shifted there "
        "and back, in the weights where a layer is beside",
        "constant limits",
    ),
    Support(("Neg",), elementwise.negation, "as Mul with -1"),
    Support(("HardSigmoid",), elementwise.hard_sigmoid, "as Mul, Add and Clip"),
    Support(
        curves.CURVED, curves.single,
        "CDP, memory to memory: a table of all 256 codes, exact. Groups of operators that are a function of one tensor "
        "(SiLU, GELU, Mish, HardSwish as exporters write them) are one table. Behind all convolutions and fully "
        "connected layers the host computes them in float",
        "other operands one constant number",
    ),
    Support(
        ("MaxPool",), pooling.pooling,
        "on the fly behind the convolution, else PDP from memory, in strips where it is wide; kernels above "
        f"{hw.PDP_MAX_KERNEL} as a chain",
        f"2-D, dilation 1, no indices; stride to {hw.PDP_MAX_STRIDE}; the first part of a chain fits PDP",
    ),
    Support(
        ("AveragePool",), pooling.pooling,
        "as MaxPool; where PDP's two divisions would round more than 0.2 % of results wrongly, or the kernel is above "
        f"{hw.PDP_MAX_KERNEL}, a convolution of each channel. Padding that does not count (count_include_pad = 0, "
        "ceil_mode): up to 9 poolings of borders, corners and the inside, in place; else a convolution of ones whose "
        "sums are multiplied by 1/count position by position, exactly",
        f"2-D, dilation 1; kernel to {hw.MAX_KERNEL}, whole rows and columns to {hw.MAX_KERNEL * hw.PDP_MAX_KERNEL} "
        "(in blocks first)",
    ),
    Support(("GlobalAveragePool", "GlobalMaxPool"), pooling.global_pooling, "as AveragePool and MaxPool", "2-D"),
    Support(
        ("ReduceMean", "ReduceMax", "ReduceSum"), pooling.reduction, "as poolings of whole rows, columns, or both",
        "constant axes: rows, columns, or both",
    ),
    Support(
        ("LRN",), normalisation.lrn, "CDP, memory to memory; both look-up tables hold the curve, one fine, one coarse",
        "images; size 3, 5, 7 or 9 (even ones are refused: onnxruntime has none); bias above 0, alpha from 0; tables "
        "less than 1 output step off",
    ),
    Support(
        ("Concat",), moving.concat, "no work: parts are written in place",
        "vectors, or images along channels, rows or columns; parts that do not begin at multiples of 8 channels "
        "are moved by 1x1 convolutions",
    ),
    Support(
        ("Split",), moving.split, "no work: parts are read in place", "as Concat; constant sizes",
    ),
    Support(
        ("Slice",), moving.part, "no work, or strided copies by SDP where it has a step",
        "constant bounds; positive steps, for channels any: channels as Gather. Parts as Split",
    ),
    Support(
        ("Gather",), moving.gather,
        "channels in another order: in the weights of the layer before or behind, else by a 1x1 convolution, whole "
        "surfaces by copies; rows and columns as Slice",
        "constant indices in a list; rows, columns and features of vectors with a constant step",
    ),
    Support(
        ("SpaceToDepth",), moving.space_to_depth, "strided copies by SDP, an atom a cycle",
        "where channels are no whole surfaces a convolution picks elements",
    ),
    Support(
        ("DepthToSpace",), moving.depth_to_space, "strided copies by SDP, an atom a cycle (both modes)",
        "where channels are no whole surfaces they are moved in the layer before, or by a 1x1 convolution",
    ),
    Support(
        ("Resize", "Upsample"), resizing.resize,
        "strided copies by SDP, an atom a cycle; linear as a transposed convolution (down: a convolution) of each "
        "channel, behind lines at the ends that are copied",
        "nearest neighbour or linear; rows and columns by whole factors up or a constant step down",
    ),
    Support(("Flatten",), layout.flatten, "no work: order of weights", "axis 1, as Reshape"),
    Support(
        ("Reshape",), layout.reshape, "no work: order of weights",
        "before a fully connected layer, the host, or at the model's input or output; the batch stays in front. "
        "Reshape and Transpose in turn, from image to image (reorg, pixel shuffle, channel shuffle): as SpaceToDepth, "
        "DepthToSpace; channels as a 1x1 convolution or, whole surfaces, copies",
    ),
    Support(("Squeeze", "Unsqueeze"), layout.extents_of_one, "no work", "axes of one element"),
    Support(
        ("Transpose",), layout.transpose, "no work: order of weights where rows, columns, channels are flattened for "
        "fully connected layers",
        "else axes of one element, or see Reshape",
    ),
    Support(
        ("Pad",), layout.pad,
        "zeros around rows and columns in the convolution behind, else a 1x1 convolution; negative pads as Slice. "
        "Before MaxPool its own padding, if no value is below. Modes reflect, edge, wrap: copies of rows and columns",
        "a finite value, but before MaxPool; other modes than constant for rows and columns",
    ),
    Support(("Identity", "Dropout"), None, "nothing: another name of their input"),
    Support(("Constant", "Shape"), None, "constants, as all operators with constant inputs only"),
    Support(
        ("QLinearConv", "QLinearMatMul"), None, "as Conv and MatMul between DequantizeLinear and QuantizeLinear",
        "also QGemm, QLinearAdd, QLinearMul, QLinearConcat, QLinearAveragePool, QLinearGlobalAveragePool, "
        "QLinearLeakyRelu of com.microsoft",
    ),
    Support(
        ("QuantizeLinear", "DequantizeLinear"), None,
        "scale and zero point of a tensor, codes of a constant: taken as they are",
        "int8 or uint8; activations one scale, weights one for each output channel whose codes less the zero point are "
        "int8; one scale for each tensor",
    ),
)  # fmt: skip

TRANSLATORS: dict[str, Translator] = {
    operator: entry.translator for entry in SUPPORT if entry.translator is not None for operator in entry.operators
}


def support_table() -> str:
    """The registry as a Markdown table."""
    lines = ["| ONNX operator | on the accelerator as | conditions |", "|---|---|---|"]
    for entry in SUPPORT:
        lines.append(f"| {', '.join(entry.operators)} | {entry.becomes} | {entry.conditions} |")
    return "\n".join(lines) + "\n"
