"""What onnxruntime before 1.24 does otherwise than ONNX says, written so that it computes the right thing.

1.23.2 is the last for Python 3.10. It differs in three ways from those of newer Pythons:

* Averages whose padding counts (`count_include_pad`): where windows are rounded up (`ceil_mode`) it divides by what
  lies beyond the padding as well; from opset 19 on also otherwise where the paddings of an axis differ. Without a word.
* QuantizeLinear of opset 23 is not there; that of opset 22 means the same for all types it has.
* ConvInteger is there for unsigned inputs only: it refuses the model, as it does for operators it never had.
"""

from __future__ import annotations

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
_PADS_ARE_INPUTS = 11
"""Since this opset Pad has its pads as an input."""


def adapted(model: onnx.ModelProto) -> onnx.ModelProto:
    """A model that an old onnxruntime computes as ONNX says: the same one where it would do so anyway, else a copy."""
    lower = _opset(model.opset_import) == _LACKING and any(node.op_type == "QuantizeLinear" for node in _all(model))
    lower = lower and all(_known_before(node) for node in _all(model))
    if not lower and not any(map(_misread, _all(model))):
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


def _misread(node: onnx.NodeProto) -> bool:
    """Whether this may be an average that an old onnxruntime divides wrongly."""
    given = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
    counted = node.op_type == "AveragePool" and node.domain in STANDARD and given.get("count_include_pad")
    explicit = given.get("auto_pad", b"NOTSET") == b"NOTSET"
    pads = list(given.get("pads", ()))
    uneven = pads[: len(pads) // 2] != pads[len(pads) // 2 :]
    return bool(counted and explicit and (given.get("ceil_mode") or uneven))


def _write_out(nodes: MutableSequence[onnx.NodeProto], opset: int) -> None:
    """Pad what such averages read, in place: then no padding counts, as there is none."""
    if any(map(_misread, nodes)):
        written = [made for node in nodes for made in (_averages(node, opset) if _misread(node) else [node])]
        del nodes[:]
        nodes.extend(written)


def _averages(node: onnx.NodeProto, opset: int) -> list[onnx.NodeProto]:
    given = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
    pads = [int(pad) for pad in given.pop("pads", ())]
    del given["count_include_pad"]
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
