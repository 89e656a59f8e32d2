"""QuantizeLinear and DequantizeLinear: models that bring their own scales (spec: numerics.md).

A QuantizeLinear on a computed tensor fixes that tensor's codes ("pins" it); the DequantizeLinear behind it is the same
tensor under another name. Constants behind DequantizeLinear stay constants, with the real value of one code beside
each element, so that int8 weights are used as they are. uint8 codes are int8 codes moved by 128.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import TensorProto

from cocodla.compiler.frontend.operators.source import Source, Unsupported
from cocodla.compiler.ir import LIMIT_MARGIN, MIDDLE, FloatArray, Graph, Quantisation
from cocodla.compiler.limits import Refused
from cocodla.errors import UserError

OPERATORS = ("QuantizeLinear", "DequantizeLinear")
MOVING = ("Identity", "Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze")
"""Operators that only move the elements of a constant."""


def drop_repeated(model: onnx.ModelProto) -> None:
    """Rounding to codes a tensor has already, between operators that only move elements, becomes Identity. In place.

    Quantisers write such pairs between Reshape and Transpose, which are one layer together.
    """
    fixed = {name for node in model.graph.node if node.op_type not in MOVING for name in node.input}
    fixed.update(value.name for value in model.graph.output)
    makers = {name: node for node in model.graph.node for name in node.output}
    values = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}

    def codes(node: onnx.NodeProto) -> list[object]:
        known = [(name, values.get(name)) for name in node.input[1:]]
        return [name if value is None else (value.dtype, value.tolist()) for name, value in known]

    for node in model.graph.node:
        pair = makers.get(node.input[0]) if node.op_type == "DequantizeLinear" else None
        if pair is None or pair.op_type != "QuantizeLinear" or codes(pair) != codes(node):
            continue
        if node.output[0] in fixed:
            continue
        origin = makers.get(pair.input[0])
        while origin is not None and origin.op_type in MOVING:
            origin = makers.get(origin.input[0])
            if origin is not None and origin.op_type == "DequantizeLinear" and codes(origin) == codes(node):
                node.CopyFrom(onnx.helper.make_node("Identity", pair.input[:1], node.output, node.name))
                break
    read = {name for node in model.graph.node for name in node.input} | {value.name for value in model.graph.output}
    kept = [node for node in model.graph.node if node.op_type != "QuantizeLinear" or node.output[0] in read]
    del model.graph.node[:]
    model.graph.node.extend(kept)


def drop_limits(model: onnx.ModelProto) -> None:
    """Clip to limits that lie beyond the codes it is rounded to becomes Identity: codes saturate. In place."""
    values = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    outputs = {value.name for value in model.graph.output}
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in model.graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    for node in model.graph.node:
        if node.op_type != "Clip" or node.output[0] in outputs:
            continue
        behind = readers.get(node.output[0], [])
        codes = [_constant_codes(reader, values) for reader in behind]
        limits = _constant_limits(node, values)
        if behind and limits is not None and all(pin is not None and _beyond(limits, pin) for pin in codes):
            node.CopyFrom(onnx.helper.make_node("Identity", node.input[:1], node.output, node.name))


def _beyond(limits: tuple[float, float], codes: Quantisation) -> bool:
    half = (0.5 + LIMIT_MARGIN) * codes.scale
    return limits[0] <= codes.real(-128) + half and limits[1] >= codes.real(127) - half


def _constant_codes(node: onnx.NodeProto, values: Mapping[str, np.ndarray]) -> Quantisation | None:
    """int8 codes of a QuantizeLinear with one constant scale and zero point."""
    if node.op_type != "QuantizeLinear" or len(node.input) < 3:
        return None
    scale, zero = (values.get(name) for name in node.input[1:3])
    if scale is None or zero is None or scale.size != 1 or zero.dtype.name not in MIDDLE or not scale.item() > 0:
        return None
    return Quantisation(float(scale.item()), int(zero.item()) - MIDDLE[zero.dtype.name])


def _constant_limits(node: onnx.NodeProto, values: Mapping[str, np.ndarray]) -> tuple[float, float] | None:
    """Limits of a Clip; None if one is computed."""
    given = {entry.name: float(entry.f) for entry in node.attribute}
    limits = [given.get("min", -np.inf), given.get("max", np.inf)]
    for index, name in enumerate(node.input[1:3]):
        if name and name not in values:
            return None
        limits[index] = float(values[name].item()) if name else limits[index]
    return limits[0], limits[1]


def quantisation(source: Source) -> Quantisation:
    """Codes of a QuantizeLinear or DequantizeLinear, as int8. Unsupported for what the accelerator has no codes for."""
    attributes = source.attributes(axis=1, saturate=1, block_size=0, output_dtype=0, precision=0)
    scale = source.constant(1, "the scale")
    if scale.size != 1:
        raise Unsupported(f"activations have one scale for the whole tensor, not {scale.size}")
    if not (np.isfinite(scale).all() and scale.item() > 0):
        raise Unsupported(f"the scale must be positive and finite, it is {scale.item():g}")
    if source.has(2):
        zero = source.constant(2, "the zero point")
    else:
        wanted = attributes["output_dtype"] if source.node.op_type == "QuantizeLinear" else 0
        zero = np.zeros((), onnx.helper.tensor_dtype_to_np_dtype(wanted or TensorProto.UINT8))
    if zero.dtype.name not in MIDDLE or zero.size != 1:
        raise Unsupported(f"codes must be int8 or uint8, they are {zero.dtype}")
    return Quantisation(float(scale.item()), int(zero.item()) - MIDDLE[zero.dtype.name])


def read_pair(source: Source, codes: Mapping[str, tuple[str, Quantisation]]) -> Quantisation:
    """Codes of a DequantizeLinear. Without a zero point it takes the type of the QuantizeLinear before it."""
    if not source.has(2) and source.inputs[0] in codes:
        fixed = codes[source.inputs[0]][1]
        wanted = quantisation(source)
        return fixed if (fixed.scale, fixed.zero in (0, -128)) == (wanted.scale, True) else wanted
    return quantisation(source)


def pin(graph: Graph, tensor: str, codes: Quantisation, raw: bool) -> None:
    """Fix the codes of a tensor. A tensor has one scale: its maker goes to the host if the model wants two.

    raw: it is not read behind another rounding. UserError if the model's input itself is to have two scales.
    """
    known = graph.pins.get(tensor, codes)
    if known == codes:
        graph.pins[tensor] = codes
        return
    reason = (
        f"its output {tensor!r} is quantised twice: scale {known.scale:g}, zero point {known.zero}, and scale "
        f"{codes.scale:g}, zero point {codes.zero}"
    )
    maker = graph.producer(tensor)
    if maker is None and raw:
        raise UserError(reason.replace("its output", "the model's input", 1))
    if maker is None:
        raise Unsupported(reason.replace("its output", "the model's input", 1))
    raise Refused(type(maker).__name__, maker.name, reason)


def constant_steps(
    node: onnx.NodeProto, feeds: Mapping[str, np.ndarray], known: Mapping[str, FloatArray]
) -> FloatArray | None:
    """Real value of one code of each element of a constant: of the result of DequantizeLinear, of the data of an
    operator that only moves elements; None for a constant without codes.
    """
    names = list(filter(None, node.input))
    if node.op_type in MOVING:
        return known.get(names[0])
    if node.op_type != "DequantizeLinear" or feeds[names[0]].dtype.name not in MIDDLE:
        return None
    codes, scale = feeds[names[0]], feeds[names[1]].astype(np.float64)
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    axis, block = attributes.get("axis", 1), attributes.get("block_size", 0)
    if scale.size == 1:
        return np.broadcast_to(scale.reshape(-1)[0], codes.shape)
    if block:
        return np.repeat(scale, block, axis)[tuple(map(slice, codes.shape))]
    shape = [1] * codes.ndim
    shape[axis] = scale.size
    return np.broadcast_to(scale.reshape(shape), codes.shape)
