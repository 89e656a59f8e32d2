"""A float model with codes: int8 weights behind DequantizeLinear, and activations that QuantizeLinear rounds.

That is the form in which a trained network leaves: it brings its own scales, and the compiler takes them as they are.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from cocodla.compiler import original
from cocodla.compiler.ir import FloatArray, Quantisation
from cocodla.errors import UserError
from cocodla.prune.floats import FloatModel, attributes

PER_CHANNEL_OPSET = 13
"""The first one in which DequantizeLinear has a scale for each channel."""
SMALLEST = 1 / 100
"""Of a layer's largest weight scale: kernels with a smaller one would not get 16-bit multipliers good enough."""
LAYERS = ("Conv", "Gemm", "MatMul")
"""Operators whose weights become codes."""
EXACT = "/exact"
"""Behind the name of an output of the model: the tensor before it is rounded."""
KEPT = ["PadFusion"]
"""Optimisations of onnxruntime that change results: zeros before a MaxPool are not minus infinity."""


@dataclass(frozen=True)
class WeightCodes:
    """Weights as codes, (..., K, ...) int8, each worth steps (K,) float32 of its output channel along `axis`."""

    codes: NDArray[np.int8]
    steps: FloatArray
    axis: int

    @property
    def real(self) -> FloatArray:
        """What the codes mean, float32."""
        return self.codes.astype(np.float32) * self.steps.reshape(along(self.axis, self.codes.ndim))


def along(axis: int, rank: int) -> list[int]:
    """The shape in which values (K,) go with axis `axis` of an array of `rank` axes."""
    return [-1 if place == axis else 1 for place in range(rank)]


def folded(path: Path | str) -> FloatModel:
    """A model whose BatchNormalization, factors and summands are part of the weights before them (onnxruntime's basic
    optimisations), in an opset that knows scales for each channel. UserError for a model pruning would not take.
    """
    model = FloatModel.load(path)
    proto = model.proto()
    versions = {entry.domain: entry.version for entry in proto.opset_import}
    if versions.get("", PER_CHANNEL_OPSET) < PER_CHANNEL_OPSET:
        proto = onnx.version_converter.convert_version(proto, PER_CHANNEL_OPSET)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "folded.onnx"
        options.optimized_model_filepath = str(file)
        try:
            onnxruntime.InferenceSession(
                proto.SerializeToString(), options, providers=["CPUExecutionProvider"], disabled_optimizers=KEPT
            )
        except Exception as error:  # its exceptions share no base class
            raise UserError(f"{path}: onnxruntime refuses the model ({original.told(error)})") from error
        found = FloatModel.load(file)
    _check_same(model, found, path)
    return found


def _check_same(model: FloatModel, found: FloatModel, path: Path | str) -> None:
    images = np.random.default_rng(0).normal(size=(2, *model.input_shape)).astype(np.float32)
    before, behind = (each.outputs_for(images, each.outputs) for each in (model, found))
    for name, wanted in before.items():
        if not np.allclose(behind[name], wanted, rtol=1e-3, atol=1e-4 * float(np.abs(wanted).max())):
            raise UserError(f"{path}: output {name!r} changes when constants are folded into the weights")


def weight_axes(model: FloatModel) -> dict[str, int]:
    """Constants that become codes, and their axis of output channels."""
    found = {}
    for node in model.nodes:
        name = node.input[1] if node.op_type in LAYERS and not node.domain else ""
        weight = model.constants.get(name)
        if weight is None or weight.dtype != np.float32 or (node.op_type == "MatMul" and weight.ndim != 2):
            continue
        across = node.op_type == "MatMul" or (node.op_type == "Gemm" and not attributes(node).get("transB", 0))
        if node.op_type == "Gemm" and (attributes(node).get("alpha", 1.0), attributes(node).get("beta", 1.0)) != (1, 1):
            continue
        found[name] = 1 if across else 0
    return found


def nearest(model: FloatModel, most: int) -> dict[str, WeightCodes]:
    """Every weight as the codes from -most to most next to it."""
    found = {}
    for name, axis in weight_axes(model).items():
        weight = model.constants[name]
        steps = steps_of(weight, axis, most)
        codes = np.clip(np.rint(weight / steps.reshape(along(axis, weight.ndim))), -most, most)
        found[name] = WeightCodes(codes.astype(np.int8), steps, axis)
    return found


def steps_of(weight: FloatArray, axis: int, most: int) -> FloatArray:
    """Scales (K,) float32 for codes from -most to most: the largest weight of a channel, or less where cutting off the
    few largest ones makes the mean square error of all smaller.
    """
    rows = np.moveaxis(weight, axis, 0).reshape(weight.shape[axis], -1).astype(np.float64)
    largest = np.abs(rows).max(1)
    largest[largest == 0] = largest.max() or 1.0
    best, error = largest / most, np.full(len(rows), np.inf)
    for share in np.linspace(0.5, 1.0, 51) if most < 127 else [1.0]:
        steps = share * largest / most
        rounded = np.clip(np.rint(rows / steps[:, None]), -most, most) * steps[:, None]
        found = np.square(rounded - rows).sum(1)
        best, error = np.where(found < error, steps, best), np.minimum(found, error)
    return not_small(best.astype(np.float32))


def not_small(steps: FloatArray) -> FloatArray:
    """Scales of a layer, none of them too small beside the largest one."""
    return np.maximum(steps, np.float32(SMALLEST) * steps.max())


def coded(
    model: FloatModel, weights: Mapping[str, WeightCodes], tensors: Mapping[str, Quantisation]
) -> onnx.ModelProto:
    """The model with weights as codes, and with the tensors rounded to codes that are named in `tensors`."""
    nodes, constants = [], {name: value for name, value in model.constants.items() if name not in weights}
    renamed: dict[str, str] = {}

    def pair(name: str) -> None:
        """A tensor, rounded: what reads it reads the rounded one."""
        codes = tensors[name]
        constants[f"{name}/scale"] = np.array(codes.scale, np.float32)
        constants[f"{name}/zero"] = np.array(codes.zero, np.int8)
        parameters = [f"{name}/scale", f"{name}/zero"]
        # an output keeps its name
        real, back = (name + EXACT, name) if name in model.outputs else (name, f"{name}/rounded")
        renamed[name] = back
        nodes.append(helper.make_node("QuantizeLinear", [real, *parameters], [f"{name}/codes"], f"{name}/codes"))
        nodes.append(helper.make_node("DequantizeLinear", [f"{name}/codes", *parameters], [back], f"{name}/rounded"))

    for name, given in weights.items():
        for part, value in (("codes", given.codes), ("steps", given.steps.astype(np.float32))):
            constants[f"{name}/{part}"] = value
        nodes.append(helper.make_node("DequantizeLinear", [f"{name}/codes", f"{name}/steps"], [name],
                                      f"{name}/real", axis=given.axis))  # fmt: skip
    if model.input in tensors:
        pair(model.input)
    for node in model.nodes:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.input[:] = [renamed.get(name, name) for name in node.input]
        copy.output[:] = [name + EXACT if name in tensors and name in model.outputs else name for name in node.output]
        nodes.append(copy)
        for name in node.output:
            if name in tensors:
                pair(name)
    return _whole(model, nodes, constants)


def _whole(model: FloatModel, nodes: list[onnx.NodeProto], constants: Mapping[str, np.ndarray]) -> onnx.ModelProto:
    """A model of these nodes with the input and the outputs of another."""
    made = onnx.ModelProto()
    made.CopyFrom(model.frame)
    del made.graph.node[:], made.graph.initializer[:], made.graph.value_info[:]
    made.graph.node.extend(nodes)
    domains = {node.domain for node in nodes}  # onnxruntime names all it knows
    versions = [entry for entry in made.opset_import if entry.domain in domains]
    del made.opset_import[:]
    made.opset_import.extend(versions)
    read = {name for node in nodes for name in node.input} | set(model.outputs)
    made.graph.initializer.extend(
        numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in constants.items() if name in read
    )
    inputs = [value for value in made.graph.input if value.name == model.input]
    del made.graph.input[:]
    made.graph.input.extend(inputs)
    return made
