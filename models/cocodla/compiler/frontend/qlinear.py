"""Operators on integers (QLinearConv and its like) as the same operators between DequantizeLinear and QuantizeLinear.

Both forms say the same; only the second one is compiled. Operators of the standard domain and onnxruntime's own
(com.microsoft) are known, and those that only move or select codes. What is not known stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import helper, numpy_helper

FACTORS = {"QLinearConv": "Conv", "QLinearMatMul": "MatMul", "QGemm": "Gemm"}
"""Operators with weights: x, scale, zero point, weight, scale, zero point, then the rest."""
TWO = {"QLinearAdd": "Add", "QLinearMul": "Mul"}
ONE = {
    "QLinearAveragePool": "AveragePool", "QLinearGlobalAveragePool": "GlobalAveragePool",
    "QLinearLeakyRelu": "LeakyRelu", "QLinearSigmoid": "Sigmoid",
}  # fmt: skip
SCALED = ("DequantizeLinear", *FACTORS, *TWO, *ONE, "QLinearConcat")
"""Operators that say behind a tensor of codes what scale and zero point it has."""
MOVING = ("MaxPool", "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Transpose", "Slice", "Identity")
PER_AXIS_OPSET = 13


def expand(model: onnx.ModelProto) -> None:
    """Rewrite all such operators of a model in place."""
    work = _Expansion(model)
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        nodes += work.expanded(node) or [node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


class _Expansion:
    """Names of scales and zero points of integer tensors, and the constants of a model."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.graph = model.graph
        self.codes: dict[str, tuple[str, str]] = {}
        self.constants = {tensor.name: tensor for tensor in model.graph.initializer}
        self.opset = max(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))

    def expanded(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        """The nodes in place of one; [] to keep it."""
        kind, names = node.op_type, list(node.input)
        if kind == "QuantizeLinear" and len(names) > 2 and not node.domain:
            self.codes[node.output[0]] = (names[1], names[2])
        elif kind in FACTORS:
            return self._with_weights(node, names)
        elif kind in TWO and node.domain:
            return self._between(node, TWO[kind], [names[:3], names[3:6]], names[6:8])
        elif kind in ONE and node.domain:
            return self._between(node, ONE[kind], [names[:3]], names[3:5])
        elif kind == "QLinearConcat" and node.domain:
            parts = [names[index : index + 3] for index in range(2, len(names), 3)]
            return self._between(node, "Concat", parts, names[:2])
        elif kind in MOVING and not node.domain and names[0] in self.codes:
            own = self.codes[names[0]]
            return self._between(node, kind, [[names[0], *own]], own, names[1:])
        return []

    def _with_weights(self, node: onnx.NodeProto, names: list[str]) -> list[onnx.NodeProto]:
        bias, target = (names[6], names[7:9]) if node.op_type == "QGemm" else (names[8:9], names[6:8])
        bias = "".join(bias)
        kernels = 1 if node.op_type == "QLinearMatMul" else 0
        if node.op_type == "QGemm":
            kernels = 0 if any(a.name == "transB" and a.i for a in node.attribute) else 1
        extra = []
        if bias:
            found = [self._value(name) for name in (bias, names[1], names[4])]
            if any(value is None for value in found):
                return []
            code, first, second = (np.asarray(value) for value in found)
            extra = [self._constant(f"{_label(node)}/bias", (code * first * second).astype(np.float32))]
        scale = self._value(names[4])
        axis = kernels if scale is not None and scale.size > 1 else None
        if axis is not None and self.opset < PER_AXIS_OPSET:
            return []
        return self._between(node, FACTORS[node.op_type], [names[:3], names[3:6]], target, extra, axis)

    def _between(
        self, node: onnx.NodeProto, kind: str, sources: Sequence[Sequence[str]], target: Sequence[str],
        extra: Sequence[str] = (), axis: int | None = None,
    ) -> list[onnx.NodeProto]:
        """DequantizeLinear of all sources (tensor, scale, zero point), the operator, QuantizeLinear to the target's.

        axis: of the last source's scales. Without a target the result is real.
        """
        label, made, reals = _label(node), [], []
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        if attributes.pop("channels_last", 0):
            return []
        for index, source in enumerate(sources):
            reals.append(f"{label}/real{index}")
            made.append(helper.make_node("DequantizeLinear", list(source), [reals[-1]], f"{label}/dequantize{index}"))
            if axis is not None and index == len(sources) - 1:
                made[-1].attribute.append(helper.make_attribute("axis", axis))
        output = f"{label}/result" if target else node.output[0]
        made.append(helper.make_node(kind, [*reals, *extra], [output, *node.output[1:]], label, **attributes))
        if target:
            self.codes[node.output[0]] = (target[0], target[1])
            names = [output, *target]
            made.append(helper.make_node("QuantizeLinear", names, node.output[:1], f"{label}/quantize"))
        return made

    def _value(self, name: str) -> np.ndarray | None:
        """Value of an initializer; None if it is none."""
        tensor = self.constants.get(name)
        return None if tensor is None else numpy_helper.to_array(tensor)

    def _constant(self, name: str, value: np.ndarray) -> str:
        self.graph.initializer.append(numpy_helper.from_array(value, name))
        return name


def _label(node: onnx.NodeProto) -> str:
    return str(node.name or next(filter(None, node.output)))
