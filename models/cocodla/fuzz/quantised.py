"""Random networks as a quantiser would write them: QuantizeLinear and DequantizeLinear, scales from their own values.

int8 and uint8, symmetric and not, weights with one scale or one for each kernel; some tensors stay real, as do those
before an activation; what only moves elements often keeps the codes it has. Input and outputs may be integers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from cocodla.compiler.original import outputs_of

FIRST_OPSET = 13
"""From here on scales by axis can be written."""
WEIGHTED = ("Conv", "ConvTranspose", "Gemm", "MatMul")
MOVING = (
    "Reshape", "Transpose", "Flatten", "Squeeze", "Unsqueeze", "Slice", "Split", "MaxPool", "Resize", "DepthToSpace",
    "SpaceToDepth", "Identity", "Pad",
)  # fmt: skip
LIMITING = ("Relu", "Clip", "LeakyRelu")
INTEGER_INPUT, INTEGER_OUTPUT, REAL = 0.2, 0.2, 0.05
"""Shares of networks with an integer input, of outputs that are integers, of tensors that stay real."""


@dataclass
class _Quantiser:
    """A model on its way. ranges: of the tensors; codes: names of scale and zero point of those that have some."""

    random: Random
    graph: onnx.GraphProto
    kind: type[np.int8] | type[np.uint8]
    symmetric: bool
    ranges: dict[str, tuple[float, float]]
    codes: dict[str, tuple[str, str]] = field(default_factory=dict)
    nodes: list[onnx.NodeProto] = field(default_factory=list)

    def constant(self, name: str, value: np.ndarray | np.generic) -> str:
        self.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def parameters(self, tensor: str, source: str | None) -> tuple[str, str]:
        """Scale and zero point of a tensor: those of `source`, or by its own range."""
        if source in self.codes and self.random.random() < 0.7:
            return self.codes[source]
        low, high = self.ranges[tensor]
        least, most = np.iinfo(self.kind).min, np.iinfo(self.kind).max
        if self.symmetric:
            scale, zero = max(-low, high) / 127, (int(least) + int(most) + 1) // 2
        else:
            low, high = min(low, 0.0), max(high, 0.0)
            scale = (high - low) / 255
            zero = int(np.clip(np.rint(least - low / max(scale, 1e-9)), least, most))
        step = np.float32(scale if scale > 0 else 1e-3)
        return self.constant(f"{tensor}/scale", step), self.constant(f"{tensor}/zero", np.array(zero, self.kind))

    def around(self, tensor: str, before: str, behind: str, source: str | None = None) -> None:
        """Round tensor `before` to codes and back, as `behind`."""
        self.codes[tensor] = self.parameters(tensor, source)
        coded = f"{tensor}/codes"
        self.nodes.append(helper.make_node("QuantizeLinear", [before, *self.codes[tensor]], [coded], f"{tensor}/q"))
        self.nodes.append(helper.make_node("DequantizeLinear", [coded, *self.codes[tensor]], [behind], f"{tensor}/dq"))

    def weight(self, node: onnx.NodeProto, value: np.ndarray) -> None:
        """The weight of a node as codes behind DequantizeLinear."""
        transposed = any(entry.name == "transB" and entry.i for entry in node.attribute)
        axis = 0 if node.op_type == "Conv" or transposed else 1
        grouped = any(entry.name == "group" and entry.i > 1 for entry in node.attribute)
        whole = self.random.random() < 0.5 or (node.op_type == "ConvTranspose" and grouped)
        kind = self.random.choice([np.int8, np.int8, np.uint8])
        zero = 0 if kind is np.int8 else self.random.choice([128, 128, 110, 150])
        others = None if whole else tuple(n for n in range(value.ndim) if n != axis)
        scale = np.maximum(np.abs(value).max(others) / 127, 1e-6).astype(np.float32)
        wide = scale if whole else scale.reshape([-1 if n == axis else 1 for n in range(value.ndim)])
        info = np.iinfo(kind)
        codes = np.clip(np.rint(value / wide) + zero, info.min, info.max).astype(kind)
        name = f"{node.name}/weight"
        inputs = [
            self.constant(f"{name}/codes", codes), self.constant(f"{name}/scale", scale),
            self.constant(f"{name}/zero", np.full(scale.shape, zero, kind)),
        ]  # fmt: skip
        self.nodes.append(helper.make_node("DequantizeLinear", inputs, [name], f"{name}/dq"))
        if not whole:
            self.nodes[-1].attribute.append(helper.make_attribute("axis", axis))
        node.input[1] = name


def quantised(model: onnx.ModelProto, images: np.ndarray, seed: int) -> onnx.ModelProto:
    """The model with codes nearly everywhere; the model itself where its opset has no scales by axis.

    images: inputs (count, *shape), float32, that ranges follow from.
    """
    version = model.opset_import[0].version
    if version < FIRST_OPSET:
        return model
    random = Random(seed)
    result = onnx.ModelProto()
    result.CopyFrom(model)
    graph, constants = result.graph, {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    tensors = _real_tensors(model, set(constants))
    values = outputs_of(model, tensors, images)
    ranges = {name: (float(value.min()), float(value.max())) for name, value in values.items()}
    ranges["image"] = float(images.min()), float(images.max())
    work = _Quantiser(random, graph, np.int8 if random.random() < 0.5 else np.uint8, random.random() < 0.4, ranges)
    work.around("image", "image", "image/real")
    readers = {name: [node for node in model.graph.node if name in node.input] for name in tensors}
    for node in list(graph.node):
        source = node.input[0] if node.op_type in MOVING else None
        node.input[:] = ["image/real" if name == "image" else name for name in node.input]
        if node.op_type in WEIGHTED and node.input[1] in constants:
            work.weight(node, constants[node.input[1]])
        work.nodes.append(node)
        for index, name in enumerate(node.output):
            behind = readers.get(name, [])
            limited = len(behind) == 1 and behind[0].op_type in LIMITING and random.random() < 0.8
            finite = np.isfinite(ranges.get(name, np.inf)).all()  # a Pad with minus infinity has no codes
            if finite and not limited and random.random() >= REAL:
                node.output[index] = f"{name}/unrounded"
                work.around(name, node.output[index], name, source)
    nodes = work.nodes
    del graph.node[:]
    graph.node.extend(nodes)
    _integers_leave(graph, random)
    onnx.checker.check_model(result)
    return result


def _real_tensors(model: onnx.ModelProto, constants: set[str]) -> list[str]:
    """Computed float32 tensors, in order."""
    inferred = onnx.shape_inference.infer_shapes(model).graph
    kinds = {value.name: value.type.tensor_type.elem_type for value in (*inferred.value_info, *inferred.output)}
    known, found = {"image"}, []
    for node in model.graph.node:
        if not known.intersection(node.input) or set(node.output) & constants:
            continue
        names = [name for name in node.output if kinds.get(name) == TensorProto.FLOAT]
        known.update(node.output)
        found += names
    return found


def _integers_leave(graph: onnx.GraphProto, random: Random) -> None:
    """Some inputs and outputs become the codes themselves."""
    kinds = {tensor.name: tensor.data_type for tensor in graph.initializer}
    makers = {name: node for node in graph.node for name in node.output}
    if random.random() < INTEGER_INPUT:
        first = next(node for node in graph.node if node.op_type == "QuantizeLinear" and node.input[0] == "image")
        graph.input[0].type.tensor_type.elem_type = kinds[first.input[2]]
        for node in graph.node:
            node.input[:] = ["image" if name == first.output[0] else name for name in node.input]
        graph.node.remove(first)
    for value in graph.output:
        maker = makers.get(value.name)
        if maker is None or maker.op_type != "DequantizeLinear" or random.random() >= INTEGER_OUTPUT:
            continue
        value.name = maker.input[0]
        value.type.tensor_type.elem_type = kinds[maker.input[2]]
