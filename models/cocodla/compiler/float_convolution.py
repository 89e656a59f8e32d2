"""Float convolutions by onnxruntime's kernels: several times as fast as matrix products of gathered windows, and small
in memory, above all where each channel has a kernel of its own."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import onnxruntime
from onnx import TensorProto, ValueInfoProto, helper

from cocodla.compiler import original
from cocodla.compiler.ir import Conv, FloatArray, Pair

Pads = tuple[int, int, int, int]
"""Top, left, bottom, right."""


def convolve(x: FloatArray, weight: FloatArray, node: Conv) -> FloatArray:
    """The convolution alone, padded with zeros: x (batch, C, H, W), weight (K, C/group, R, S), both float32 ->
    (batch, K, *node.size) float32. Rows and columns that no window reaches are cut off before.
    """
    wanted = [
        (n - 1) * s + (k - 1) * d + 1
        for n, s, k, d in zip(node.size, node.stride, weight.shape[2:], node.dilation, strict=True)
    ]
    used = [min(extent, w - p) for extent, w, p in zip(x.shape[2:], wanted, node.pad, strict=True)]
    behind = [w - p - u for w, p, u in zip(wanted, node.pad, used, strict=True)]
    pads = (*node.pad, *behind)
    runner = _runner(weight.shape[2:], node.stride, pads, node.dilation, node.group)
    part = np.ascontiguousarray(x[:, :, : used[0], : used[1]])
    return np.asarray(original.run(runner, ["y"], {"x": part, "w": np.ascontiguousarray(weight)})[0])


@lru_cache(maxsize=256)
def _runner(kernel: Pair, stride: Pair, pads: Pads, dilation: Pair, group: int) -> onnxruntime.InferenceSession:
    """A session of one operator; weights are an input, so that layers of one geometry share it."""
    node = helper.make_node(
        "Conv", ["x", "w"], ["y"], kernel_shape=kernel, strides=stride, pads=pads, dilations=dilation, group=group
    )
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * 4) for name in ("x", "w")]
    graph = helper.make_graph([node], "convolution", inputs, [ValueInfoProto(name="y")])
    return original.session(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8))
