"""The original ONNX model with placement and scales written into it: open it in Netron.

Each node's documentation says where it runs and in which hardware layer; tensors of the accelerator carry their scale
and zero point as ONNX quantisation annotations. What the model computes is not changed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from cocodla.compiler import Network
from cocodla.compiler.frontend.importer import load_model
from cocodla.files.outputs import write_whole

FOLDED = "folded away by the compiler"


def placement(network: Network, model: onnx.ModelProto) -> dict[str, str]:
    """Where each node of the model runs, by its first output: accelerator layer, host, or folded into constants."""
    written: dict[str, list[str]] = {}
    for layer in network.layers:
        for tensor in {layer.target, *layer.completes}:
            written.setdefault(tensor, []).append(f"{layer.name} ({layer.operation})")
    host: set[str] = set()
    for part in filter(None, (network.host, *(step.model for step in network.steps))):
        for node in onnx.load_model_from_string(part).graph.node:
            host.update(node.output)
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in model.graph.node:
        for tensor in node.input:
            readers.setdefault(tensor, []).append(node)
    constant = _constants(model, network.input.tensor)
    places: dict[str, str] = {}
    for node in reversed(model.graph.node):
        tensor = node.output[0]
        if tensor in constant:
            places[tensor] = f"{FOLDED}: constant"
        elif host.intersection(node.output):
            places[tensor] = "host"
        elif tensor in written:
            names = dict.fromkeys(written[tensor])
            places[tensor] = "accelerator: " + ", ".join(names)
        else:
            behind = {places.get(reader.output[0], FOLDED) for reader in readers.get(tensor, ())} - {"host"}
            places[tensor] = behind.pop() if len(behind) == 1 else FOLDED
    return places


def _constants(model: onnx.ModelProto, image: str) -> set[str]:
    """Tensors that do not depend on the image."""
    varying = {image}
    for node in model.graph.node:
        if varying.intersection(node.input) and node.op_type != "Shape":
            varying.update(node.output)
    return {tensor for node in model.graph.node for tensor in node.output if tensor not in varying}


def annotate(network: Network, model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of the model with placement and scales."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    places = placement(network, model)
    for node in result.graph.node:
        place = places[node.output[0]]
        node.doc_string = f"{place}\n{node.doc_string}".strip()
        _property(node, "placement", place)
        for tensor in node.output:
            if tensor in network.tensors and network.tensors[tensor].form == "cube":
                _property(node, "scale", f"{network.tensors[tensor].scale:.9g}")
                _property(node, "zero_point", str(network.tensors[tensor].zero))
    known = {name for node in model.graph.node for name in (*node.input, *node.output)}
    for name, tensor in network.tensors.items():
        if name in known and tensor.form == "cube":
            _scale(result.graph, name, tensor.scale, tensor.zero)
    result.doc_string = f"{network.name}: compiled by cocodla, {len(network.layers)} layers on the accelerator"
    return result


def _property(node: onnx.NodeProto, key: str, value: str) -> None:
    """Metadata of a node (ONNX 1.16 and later have it)."""
    if hasattr(node, "metadata_props"):
        node.metadata_props.append(onnx.StringStringEntryProto(key=f"cocodla.{key}", value=value))


def _scale(graph: onnx.GraphProto, tensor: str, scale: float, zero: int) -> None:
    """ONNX's own quantisation annotation: it refers to initialisers."""
    entry = graph.quantization_annotation.add(tensor_name=tensor)
    for key, suffix, value in (
        ("SCALE_TENSOR", "scale", np.array(scale, np.float32)), ("ZERO_POINT_TENSOR", "zero_point", np.int8(zero)),
    ):  # fmt: skip
        name = f"{tensor}/cocodla_{suffix}"
        graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
        entry.quant_parameter_tensor_names.append(onnx.StringStringEntryProto(key=key, value=name))


def save_annotated(network: Network, model: Path, path: Path) -> None:
    """Write the annotated model, whole or not at all."""
    write_whole(path, annotate(network, load_model(model)).SerializeToString())
