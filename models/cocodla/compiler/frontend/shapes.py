"""Shapes of a model's tensors: those ONNX's inference finds, with what it gets wrong set right before.

What a file declares of its outputs and inner tensors is never trusted: where inference finds something else, the file
is wrong, and the user is told.
"""

from __future__ import annotations

from typing import Any

import onnx
from onnx import helper

from cocodla import hw
from cocodla.compiler import original
from cocodla.compiler.foreign_model import inferred
from cocodla.compiler.ir import Shape

POOLINGS = ("MaxPool", "AveragePool", "LpPool")


def infer(model: onnx.ModelProto) -> tuple[onnx.ModelProto, list[str]]:
    """The model with the shapes of its tensors, and a line for each that the file declares otherwise.

    Raises what shape inference raises for a model that onnxruntime refuses, too: it is the judge, as there are valid
    models that inference does not understand.
    """
    declared = {value.name: value for value in (*model.graph.value_info, *model.graph.output)}
    plain = onnx.ModelProto()
    plain.CopyFrom(model)
    del plain.graph.value_info[:]
    for value in plain.graph.output:
        if value.type.HasField("tensor_type"):
            value.type.tensor_type.ClearField("shape")
    drop_windows_behind(plain)
    try:
        found = inferred(plain, check_type=True, strict_mode=True)
    except onnx.shape_inference.InferenceError as error:
        if not original.takes(plain):
            raise error from None
        found = inferred(plain)
    known = {value.name: value for value in (*found.graph.value_info, *found.graph.output)}
    for name, value in declared.items():  # what inference knows nothing of
        if name not in known:
            found.graph.value_info.append(value)
        elif _extents(known[name]) is None and value.type.HasField("tensor_type"):
            known[name].type.CopyFrom(value.type)
    differing = [name for name, value in declared.items() if name in known and _differ(value, known[name])]
    return found, [
        f"tensor {name!r}: the file declares shape {_extents(declared[name])}, it has {_extents(known[name])}"
        for name in differing
    ]


def _extents(value: onnx.ValueInfoProto) -> tuple[int | str, ...] | None:
    """Extents of a tensor, names for open ones; None if nothing is known."""
    kind = value.type.tensor_type
    if not kind.HasField("shape"):
        return None
    return tuple(dim.dim_value if dim.HasField("dim_value") else dim.dim_param or "?" for dim in kind.shape.dim)


def _differ(one: onnx.ValueInfoProto, other: onnx.ValueInfoProto) -> bool:
    """True for shapes that cannot be the same, whatever open extents are."""
    first, second = _extents(one), _extents(other)
    if first is None or second is None:
        return False
    pairs = list(zip(first, second, strict=False))
    return len(first) != len(second) or any(isinstance(a, int) and isinstance(b, int) and a != b for a, b in pairs)


def drop_windows_behind(model: onnx.ModelProto) -> None:
    """Poolings that round up (ceil_mode), and of which a last window would begin behind the input, get pads instead.

    Such a window does not count. ONNX's inference counts it below opset 22, and so do old versions of onnxruntime; with
    pads for the windows that are left, and without rounding up, all agree. In place, as far as shapes are known.
    """
    poolings = [node for node in model.graph.node if node.op_type in POOLINGS and _attributes(node).get("ceil_mode")]

    def change_first() -> bool:
        """Change one: shapes of what follows are known only then."""
        known = {value.name: value for value in (*model.graph.input, *inferred_values(model))}
        return any(_drop(node, _extents(known[node.input[0]])) for node in poolings if node.input[0] in known)

    while poolings and change_first():
        pass


def _drop(node: onnx.NodeProto, extents: tuple[int | str, ...] | None) -> bool:
    """Give a pooling pads for the windows that count; False if all do, or its input's shape is open."""
    attributes = _attributes(node)
    if extents is None or not attributes.get("ceil_mode") or attributes.get("auto_pad", b"NOTSET") != b"NOTSET":
        return False
    kernel = attributes["kernel_shape"]
    axes = len(kernel)
    pads = list(attributes.get("pads") or [0] * 2 * axes)
    behind, dropped = [], False
    for axis, (extent, size) in enumerate(zip(extents[-axes:], kernel, strict=True)):
        if not isinstance(extent, int):
            return False
        stride = (attributes.get("strides") or [1] * axes)[axis]
        span = (size - 1) * (attributes.get("dilations") or [1] * axes)[axis] + 1
        room = extent + pads[axis] + pads[axes + axis] - span
        count = hw.ceil_div(room, stride) + 1
        if (count - 1) * stride >= extent + pads[axis]:
            count, dropped = count - 1, True
        behind.append(max(0, (count - 1) * stride + span - extent - pads[axis]))
    counts = attributes.get("count_include_pad") and node.op_type == "AveragePool"
    beyond = any(new > old for new, old in zip(behind, pads[axes:], strict=True))
    if not dropped or (counts and beyond):  # as padding it would count
        return False
    kept = [entry for entry in node.attribute if entry.name not in ("pads", "ceil_mode")]
    del node.attribute[:]
    node.attribute.extend([*kept, helper.make_attribute("pads", [*pads[:axes], *behind])])
    return True


def inferred_values(model: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    """All tensors whose shapes can be told."""
    try:
        graph = inferred(model).graph
    except Exception:  # a model onnxruntime may run all the same
        return []
    return [*graph.value_info, *graph.output]


def float_shapes(model: onnx.ModelProto) -> dict[str, Shape]:
    """Shapes (no batch) of the vectors and images of a model with batch 1, as far as they are known."""
    shapes = {}
    for value in inferred_values(model):
        kind = value.type.tensor_type
        extents = tuple(dim.dim_value for dim in kind.shape.dim)
        if kind.elem_type == onnx.TensorProto.FLOAT and len(extents) in (2, 4) and extents[0] == 1 and min(extents) > 0:
            shapes[value.name] = extents[1:]
    return shapes


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
