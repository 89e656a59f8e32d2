"""The single-operator cases of the ONNX package as models for the compiler.

A case's first input becomes the model's input, the others become constants. Where several float tensors of one shape
are combined they are parts of one input, so that all of them are computed. Operators that do not care for axes get a
batch axis in front where the case has none; those that only move elements read a Relu, so that there is work to do.
Opsets newer than the compiler's become 21, where only element types were added since.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import helper, numpy_helper

from cocodla.compiler.frontend.operators.curves import CURVED

MODULES = (
    "conv", "convtranspose", "gemm", "matmul", "batch_normalization", "add", "sub", "mul", "div", "sum", "relu",
    "leakyrelu", "prelu", "clip", "max", "min", "abs", "neg", "hardsigmoid", "maxpool", "averagepool",
    "globalaveragepool", "globalmaxpool", "reducemean", "reducemax", "reducesum", "lrn", "concat", "split", "slice",
    "flatten", "reshape", "squeeze", "unsqueeze", "transpose", "pad", "resize", "upsample", "depthtospace",
    "spacetodepth", "dropout", "identity", "quantizelinear", "dequantizelinear", *map(str.lower, CURVED),
)  # fmt: skip
SEVERAL = ("Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Concat")
"""Operators that combine tensors."""
ANY_AXES = (
    *SEVERAL, *CURVED, "Relu", "LeakyRelu", "PRelu", "Clip", "Abs", "Neg", "HardSigmoid", "Split", "Dropout",
)  # fmt: skip
"""Operators that do not care how many axes there are, `axis` apart."""
MOVING = ("Dropout", "Identity", "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Transpose")
OPSET = 21


@dataclass(frozen=True)
class Case:
    """A model with one input, and rows of that input. expected: what the ONNX package states for its outputs, where the
    model is the case's own.
    """

    name: str
    operator: str
    model: onnx.ModelProto
    images: np.ndarray
    expected: list[np.ndarray]


def cases() -> Iterator[Case]:
    """All cases of one node, in the order of MODULES."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the cases overflow on purpose
        node = importlib.import_module("onnx.backend.test.case.node")
        for module in MODULES:
            importlib.import_module(f"onnx.backend.test.case.node.{module}")
    found = sorted(node._NodeTestCases, key=lambda case: case.name)
    operators = {module.replace("_", "") for module in MODULES}
    for case in found:
        nodes, (inputs, outputs) = case.model.graph.node, case.data_sets[0]
        arrays = all(isinstance(value, np.ndarray | np.generic) for value in inputs)
        if len(nodes) == 1 and nodes[0].op_type.lower() in operators and arrays and inputs[0].dtype == np.float32:
            made = _case(case.name.removeprefix("test_"), case.model, inputs, outputs)
            if made is not None:
                yield made


def _case(name: str, model: onnx.ModelProto, inputs: list[np.ndarray], outputs: list[np.ndarray]) -> Case | None:
    model = onnx.ModelProto.FromString(model.SerializeToString())
    graph, node = model.graph, model.graph.node[0]
    outputs = list(map(np.asarray, outputs))
    values = dict(zip((value.name for value in graph.input), map(np.asarray, inputs), strict=True))
    first = node.input[0]
    if node.op_type in ANY_AXES and values[first].ndim in (1, 3):
        _add_batch(node, values)
        outputs = [output[None] for output in outputs]
    floats = [key for key in node.input if key in values and values[key].dtype == np.float32]
    shapes = {values[key].shape for key in floats}
    if node.op_type in SEVERAL and len(floats) > 1 and len(shapes) == 1 and values[first].ndim == 4:
        joined = np.concatenate([values.pop(key) for key in floats], axis=1)
        parts = helper.make_node("Split", ["joined"], floats, name="parts", axis=1)
        sizes = np.full(len(floats), joined.shape[1] // len(floats))
        graph.initializer.append(numpy_helper.from_array(sizes, "sizes"))
        parts.input.append("sizes")
        graph.node.insert(0, parts)
        values, first = {"joined": joined, **values}, "joined"
    if node.op_type in MOVING:
        graph.node.insert(0, helper.make_node("Relu", [first], ["positive"], name="relu"))
        graph.node[1].input[0], outputs = "positive", []
    del graph.input[:]
    images = values.pop(first)
    element = helper.np_dtype_to_tensor_dtype(images.dtype)
    graph.input.append(helper.make_tensor_value_info(first, element, [1, *images.shape[1:]] if images.ndim else []))
    graph.initializer.extend(numpy_helper.from_array(value, key) for key, value in values.items())
    for value in graph.output:
        value.type.tensor_type.ClearField("shape")
    del graph.value_info[:]
    for entry in model.opset_import:
        if entry.version > OPSET:
            entry.version, model.ir_version = OPSET, 10
    try:
        onnx.checker.check_model(onnx.shape_inference.infer_shapes(model))
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError):
        return None  # newer attributes
    return Case(name, graph.node[-1].op_type, model, images, outputs if len(images) == 1 else [])


def _add_batch(node: onnx.NodeProto, values: dict[str, np.ndarray]) -> None:
    """An axis in front of all inputs that have as many axes as the first."""
    axes = values[node.input[0]].ndim
    for key, value in values.items():
        if value.ndim == axes and value.dtype == np.float32:
            values[key] = value[None]
    for attribute in node.attribute:
        if attribute.name == "axis" and attribute.i >= 0:
            attribute.i += 1
    if node.op_type == "Split" and not any(attribute.name == "axis" for attribute in node.attribute):
        node.attribute.append(helper.make_attribute("axis", 1))
