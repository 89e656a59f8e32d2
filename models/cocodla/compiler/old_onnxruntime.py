"""What onnxruntime before 1.24 does otherwise than ONNX says, written so that it computes the right thing.

1.23.2 is the last for Python 3.10. It differs in four ways from those of newer Pythons:

* Averages whose padding counts (`count_include_pad`): where windows are rounded up (`ceil_mode`) it divides by what
  lies beyond the padding as well; since opset 19 it counts as if the paddings of an axis were equal. Without a word.
* QuantizeLinear of opset 23 is not there; that of opset 22 means the same for all types it has.
* ConvInteger is there for unsigned inputs only: it refuses the model, as it does for operators it never had.
* It ends the process over some models whose shapes make no sense (`original.takes`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, MutableSequence
from typing import Any

import onnx
import onnxruntime
from onnx import helper

NEEDED = tuple(int(part) for part in onnxruntime.__version__.split(".")[:2]) < (1, 24)
"""Whether the installed onnxruntime is one of these."""
STANDARD = ("", "ai.onnx")
_LACKING = 23
"""The opset without QuantizeLinear."""
_EVEN_PADS = 19
"""Since this opset averages count as if the paddings of an axis were equal."""
_KINDS = {
    **dict.fromkeys(("kernel_shape", "strides", "pads", "dilations"), onnx.AttributeProto.INTS),
    **dict.fromkeys(("ceil_mode", "count_include_pad"), onnx.AttributeProto.INT),
    "auto_pad": onnx.AttributeProto.STRING,
}
"""Attributes of AveragePool."""
_PADS_ARE_INPUTS = 11
"""Since this opset Pad has its pads as an input."""


def adapted(model: onnx.ModelProto) -> onnx.ModelProto:
    """A model that an old onnxruntime computes as ONNX says: the same one where it would do so anyway, else a copy."""
    lower = _opset(model.opset_import) == _LACKING and any(node.op_type == "QuantizeLinear" for node in _all(model))
    lower = lower and all(_known_before(node) for node in _all(model))
    if not lower and not any(_misread(node, opset) for nodes, opset in _node_lists(model) for node in nodes):
        return model
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    if lower:
        for entry in changed.opset_import:
            entry.version = _LACKING - 1 if entry.domain in STANDARD else entry.version
    for nodes, opset in _node_lists(changed):
        _write_out(nodes, opset)
    return changed


def _opset(imports: Iterable[onnx.OperatorSetIdProto]) -> int:
    return next((entry.version for entry in imports if entry.domain in STANDARD), 0)


def _node_lists(model: onnx.ModelProto) -> Iterator[tuple[MutableSequence[onnx.NodeProto], int]]:
    """The nodes of the graph, of functions, and of the graphs inside of nodes, with their opset."""
    waiting = [(model.graph.node, _opset(model.opset_import))]
    waiting += [(function.node, _opset(function.opset_import)) for function in model.functions]
    while waiting:
        nodes, opset = waiting.pop()
        yield nodes, opset
        for node in nodes:
            for entry in node.attribute:
                waiting += [(graph.node, opset) for graph in (entry.g, *entry.graphs) if graph.node]


def _all(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    for nodes, _ in _node_lists(model):
        yield from nodes


def _known_before(node: onnx.NodeProto) -> bool:
    """Whether the operator of the node is older than the opset that is lacking, or none of ONNX's."""
    if node.domain not in STANDARD:
        return True
    try:
        return bool(onnx.defs.get_schema(node.op_type, _LACKING - 1))
    except onnx.defs.SchemaError:
        return False


def _misread(node: onnx.NodeProto, opset: int) -> bool:
    """Whether this may be an average that an old onnxruntime divides wrongly."""
    if node.op_type != "AveragePool" or node.domain not in STANDARD:
        return False
    given = _attributes(node)
    axes, pads = len(given.get("kernel_shape", ())), list(given.get("pads", ()))
    if not axes or len(pads) not in (0, 2 * axes) or len(node.input) != 1 or len(node.output) != 1:
        return False  # others refuse it
    uneven = _is_same(given) or pads[:axes] != pads[axes:]
    return bool(given.get("count_include_pad") and (given.get("ceil_mode") or (uneven and opset >= _EVEN_PADS)))


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    """The attributes of an average; none where one is not what ONNX says, which others refuse."""
    if any(_KINDS.get(entry.name) != entry.type for entry in node.attribute):
        return {}
    return {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}


def _is_same(attributes: dict[str, Any]) -> bool:
    return attributes.get("auto_pad", b"NOTSET") in (b"SAME_UPPER", b"SAME_LOWER")


def _write_out(nodes: MutableSequence[onnx.NodeProto], opset: int) -> None:
    """Replace such averages, in place."""
    if any(_misread(node, opset) for node in nodes):
        written = [made for node in nodes for made in (_averages(node, opset) if _misread(node, opset) else [node])]
        del nodes[:]
        nodes.extend(written)


def _averages(node: onnx.NodeProto, opset: int) -> list[onnx.NodeProto]:
    given = _attributes(node)
    del given["count_include_pad"]
    return _scaled(node, given) if _is_same(given) else _padded(node, given, opset)


def _scaled(node: onnx.NodeProto, given: dict[str, Any]) -> list[onnx.NodeProto]:
    """auto_pad leaves every window whole: the average of what is not padding, times its share of the window."""
    given.pop("ceil_mode", None)  # means nothing there
    result, source, names = node.output[0], node.input[0], ("shape", "ones", "counts", "share", "uncounted")
    shape, ones, counts, share, uncounted = (f"{result}/{name}" for name in names)
    size = helper.make_tensor(f"{result}/size", onnx.TensorProto.FLOAT, [], [float(math.prod(given["kernel_shape"]))])
    one = helper.make_tensor(ones, onnx.TensorProto.FLOAT, [1], [1.0])
    return [
        helper.make_node("Shape", [source], [shape]),
        helper.make_node("ConstantOfShape", [shape], [ones], value=one),
        helper.make_node("LpPool", [ones], [counts], p=1, **given),
        helper.make_node("Constant", [], [f"{result}/size"], value=size),
        helper.make_node("Div", [counts, f"{result}/size"], [share]),
        _average(source, uncounted, given),
        helper.make_node("Mul", [uncounted, share], [result]),
    ]


def _padded(node: onnx.NodeProto, given: dict[str, Any], opset: int) -> list[onnx.NodeProto]:
    """The average of what is padded before: no padding counts, as there is none."""
    pads = [int(pad) for pad in given.pop("pads", ())]
    result = node.output[0]
    if not any(pads):
        return [_average(node.input[0], result, given)]
    axes = len(pads) // 2
    around = [0, 0, *pads[:axes], 0, 0, *pads[axes:]]
    padded, whole = f"{result}/padded", f"{result}/whole"
    if opset < _PADS_ARE_INPUTS:
        made = [helper.make_node("Pad", [node.input[0]], [padded], pads=around)]
    else:
        made = [
            _constant(f"{result}/pads", around),
            helper.make_node("Pad", [node.input[0], f"{result}/pads"], [padded]),
        ]
    if not given.get("ceil_mode") or not any(pads[axes:]):
        return [*made, _average(padded, result, given)]
    # A last window that begins in the padding behind is none: there are as many as without counting.
    return [
        *made,
        _average(padded, whole, given),
        _average(node.input[0], f"{result}/uncounted", {**given, "pads": pads}),
        helper.make_node("Shape", [f"{result}/uncounted"], [f"{result}/shape"]),
        _constant(f"{result}/first", [0] * (axes + 2)),
        helper.make_node("Slice", [whole, f"{result}/first", f"{result}/shape"], [result]),
    ]


def _average(source: str, result: str, attributes: dict[str, Any]) -> onnx.NodeProto:
    return helper.make_node("AveragePool", [source], [result], **attributes)


def _constant(name: str, values: list[int]) -> onnx.NodeProto:
    tensor = helper.make_tensor(name, onnx.TensorProto.INT64, [len(values)], values)
    return helper.make_node("Constant", [], [name], value=tensor)
