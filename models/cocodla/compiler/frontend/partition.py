"""Which operators of a model the host runs, and the ONNX models they become."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import inliner, numpy_helper

from cocodla.compiler.frontend import qdq
from cocodla.compiler.frontend.batch import Written
from cocodla.compiler.frontend.nodes import label_of, reads, renamed
from cocodla.compiler.frontend.operators import Source, Unsupported, curves
from cocodla.compiler.frontend.shapes import float_shapes
from cocodla.compiler.ir import (
    Affine,
    Conv,
    Dense,
    Graph,
    Host,
    IntegerCodes,
    Node,
    Quantisation,
    Shape,
    Transposed,
    came_from,
)
from cocodla.errors import UserError

WORTHWHILE = ("Conv", "Gemm", "MatMul", "ConvTranspose")
"""Operators for which data goes from the host to the accelerator again."""


@dataclass(frozen=True)
class Placement:
    """A node that the host runs, and why."""

    node: str
    operator: str
    reason: str


@dataclass
class Import:
    """A model split in two: `graph` for the accelerator, `host` for the CPU behind it.

    model: the checked model, batch bound to 1. outputs: the model's own output tensors.
    aliases: tensors that are another tensor under a second name (Identity, Dropout). placements: all nodes of the
    host, also those in the middle of the network (Host nodes of the graph). codes: integer tensors of QuantizeLinear ->
    the real tensor they stand for, and how. steps: real value of one code for each element of quantised constants.
    batch: the images the file was written for. parts: names and shapes of the inputs of a model with several.
    warnings: what the user should know, a line each.
    input_codes: what the input consists of if it is integer. coded: outputs that are codes of the accelerator's tensors
    (their aliases) -> what they are.
    """

    model: onnx.ModelProto
    graph: Graph
    outputs: list[str]
    host: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, np.ndarray] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    placements: list[Placement] = field(default_factory=list)
    codes: dict[str, tuple[str, Quantisation]] = field(default_factory=dict)
    steps: dict[str, np.ndarray] = field(default_factory=dict)
    batch: Written = field(default_factory=Written)
    parts: tuple[tuple[str, Shape], ...] = ()
    warnings: list[str] = field(default_factory=list)
    input_codes: IntegerCodes | None = None
    coded: dict[str, IntegerCodes] = field(default_factory=dict)


class Partition:
    """Which nodes run on the host, and what crosses the border."""

    def __init__(self, result: Import, strict: bool, hosted: bool = True) -> None:
        """hosted: a host stands behind the accelerator for what has nothing to do with weights any more."""
        self.result, self.strict, self.hosted = result, strict, hosted
        self.made: dict[str, onnx.NodeProto] = {}
        self.worthwhile = _leading_to(WORTHWHILE, result.model)
        self.coded = _leading_to((*WORTHWHILE, "QuantizeLinear"), result.model)
        self.kinds = float_shapes(result.model)

    def admit(self, index: int, inputs: Sequence[str]) -> str | None:
        """Why a node cannot run on the accelerator whatever it is; None if it may. Fetches its inputs from the host."""
        graph = self.result.graph
        if self.result.model.graph.node[index].op_type in curves.CURVED and self.at_end(index):
            return "no convolution or fully connected layer follows it: the host computes it in float"
        behind = [tensor for tensor in dict.fromkeys(inputs) if tensor in self.made and tensor not in graph.shapes]
        if not behind:
            return None
        integers = [tensor for tensor in behind if tensor in self.result.codes]
        if integers:
            return f"it computes with the integers {integers[0]!r} of QuantizeLinear"
        if index not in self.worthwhile:
            return "it follows host operators and no convolution or fully connected layer follows it"
        for tensor in behind:
            shape = self.kinds.get(tensor)
            if shape is None:
                return f"the host makes its input {tensor!r}, whose type or shape the accelerator cannot take"
        for tensor in behind:
            self._fetch(tensor)
        return None

    def at_end(self, index: int) -> bool:
        """True for a node behind all convolutions and fully connected layers (if there are any) and all codes: a host
        computes it in float.
        """
        return self.hosted and bool(self.worthwhile) and index not in self.coded

    def requantise(self, source: Source) -> str | None:
        """QuantizeLinear and DequantizeLinear: fix the codes of a tensor. Why that is not possible, or None.

        The host may need QuantizeLinear's integers later on: then it makes them from the tensor.
        """
        result, tensor = self.result, source.inputs[0]
        try:
            if source.node.op_type == "DequantizeLinear":
                pin = qdq.read_pair(source, result.codes)
                if tensor in result.codes and pin == result.codes[tensor][1]:
                    result.aliases[source.output] = result.codes[tensor][0]
                    return None
                result.graph.pins[source.output] = pin  # in case the accelerator fetches it from the host
                return "its input is not made by a QuantizeLinear of the same scale and zero point"
            pin = qdq.quantisation(source)
            if tensor not in result.graph.shapes:
                return f"the host makes its input {tensor!r}"
            qdq.pin(result.graph, tensor, pin, raw=tensor == source.node.input[0])
        except Unsupported as reason:
            return str(reason)
        result.codes[source.output] = (tensor, pin)
        self.made[source.output] = renamed(source.node, source.inputs, result.aliases)
        return None

    def place(self, node: onnx.NodeProto, label: str, inputs: Sequence[str], reason: str) -> None:
        """Let the host run a node."""
        self.feed(node, inputs)
        self.result.placements.append(Placement(label, node.op_type, reason))

    def feed(self, node: onnx.NodeProto, inputs: Sequence[str]) -> None:
        """Let the host run a node that belongs to no operator of the model."""
        self.made.update(dict.fromkeys(filter(None, node.output), renamed(node, inputs, self.result.aliases)))

    def _fetch(self, tensor: str) -> None:
        """A Host node that makes `tensor` from what the accelerator (or the input) has."""
        graph, (nodes, inputs) = self.result.graph, self._closure([tensor])
        model = _sub_model(self.result, nodes, inputs, [onnx.ValueInfoProto(name=tensor)])
        label = self.made[tensor].name or tensor
        feeds = [(name, graph.shapes[name]) for name in inputs]
        graph.nodes.append(Host(label, list(inputs), tensor, model.SerializeToString(), feeds))
        graph.shapes[tensor] = self.kinds[tensor]

    def _closure(self, tensors: Sequence[str]) -> tuple[list[onnx.NodeProto], list[str]]:
        """The host's nodes that make some tensors, in order, and what they read from the accelerator."""
        wanted, needed, inputs = list(tensors), [], []
        seen: set[str] = set()
        while wanted:
            tensor = wanted.pop()
            if not tensor or tensor in seen or tensor in self.result.constants:
                continue
            seen.add(tensor)
            if tensor in self.made:
                needed.append(id(self.made[tensor]))
                if tensor in self.result.codes:
                    self._report(self.made[tensor])
                wanted += reads(self.made[tensor])
            else:
                inputs.append(tensor)
        ordered = {id(node): node for node in self.made.values()}
        return [node for key, node in ordered.items() if key in needed], sorted(inputs)

    def _report(self, node: onnx.NodeProto) -> None:
        """Tell that the host runs a QuantizeLinear whose tensor the accelerator makes."""
        placement = Placement(label_of(node), node.op_type, "its integers are read on the host")
        if self.strict:
            raise UserError(f"{placement.operator} {placement.node!r}: {placement.reason}")
        if placement not in self.result.placements:
            self.result.placements.append(placement)

    def _no_work(self) -> str:
        first = next((place for place in self.result.placements if place.operator in WORTHWHILE), None)
        first = first or next(iter(self.result.placements), None)
        reason = f" ({first.operator} {first.node!r}: {first.reason})" if first else ""
        return f"the model has no operator for the accelerator{reason}"

    def cut(self) -> None:
        """Decide which tensors leave the accelerator, and what the host does behind it."""
        result, graph = self.result, self.result.graph
        self._codes_leave()
        sources = [result.aliases.get(tensor, tensor) for tensor in result.outputs]
        result.host, wanted = self._closure([tensor for tensor in sources if tensor in self.made])
        if any(tensor in result.constants for tensor in sources):
            raise UserError("an output of the model is constant")
        graph.outputs = list(dict.fromkeys([*wanted, *(tensor for tensor in sources if tensor not in self.made)]))
        unchanged = graph.input in sources and not result.placements
        if not unchanged and not any(not isinstance(node, Host) for node in graph.nodes):
            raise UserError(self._no_work())
        if graph.input in sources:
            self._copy_input()
        graph.outputs = [tensor for tensor in graph.outputs if tensor != graph.input]  # the host has it as it is
        for node in reversed(list(graph.nodes)):
            if not graph.consumers(node.output) and node.output not in graph.outputs:
                graph.nodes.remove(node)
                del graph.shapes[node.output]
        if not any(not isinstance(node, Host) for node in graph.nodes):
            raise UserError(self._no_work())

    def _codes_leave(self) -> None:
        """Outputs of the model that are QuantizeLinear's integers: the accelerator's codes themselves."""
        result = self.result
        for output in result.outputs:
            source = result.aliases.get(output, output)
            if source in result.codes:
                zero = self.made[source].input[2:3]
                kind = result.constants[zero[0]].dtype.name if zero and zero[0] else "uint8"
                result.aliases[output], codes = result.codes[source]
                result.coded[output] = IntegerCodes(kind, codes)

    def _copy_input(self) -> None:
        """The input is an output of the model: an int8 copy."""
        result, graph = self.result, self.result.graph
        copy, channels = f"{graph.input}/copy", graph.shapes[graph.input][0]
        result.model.graph.node.append(onnx.helper.make_node("Identity", [graph.input], [copy]))
        graph.nodes.append(Affine(copy, [graph.input], copy, np.ones(channels), np.zeros(channels)))
        graph.shapes[copy] = graph.shapes[graph.input]
        graph.pin_like(copy, graph.input)
        graph.outputs = [copy if tensor == graph.input else tensor for tensor in graph.outputs]
        for tensor in result.outputs:
            if result.aliases.get(tensor, tensor) == graph.input:
                result.aliases[tensor] = copy


def unquantised(imported: Import) -> onnx.ModelProto:
    """The checked model without the roundings that the graph holds as fixed codes: what passes must not change."""
    model = onnx.ModelProto()
    model.CopyFrom(imported.model)
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear" and node.output[0] in imported.aliases:
            source = imported.aliases[node.output[0]]
            node.CopyFrom(onnx.helper.make_node("Identity", [source], node.output[:1], name=node.name))
    return model


def rounds_on_host(imported: Import) -> bool:
    """True if the host rounds to codes in the middle of the network: then float noise becomes whole steps."""
    models = (onnx.load_model_from_string(node.model) for node in imported.graph.nodes if isinstance(node, Host))
    return any(node.op_type == "QuantizeLinear" for model in models for node in model.graph.node)


def idle(imported: Import) -> dict[str, str]:
    """Nodes between host operators in a stage of the accelerator without work: label -> why the host runs them too.

    So the host runs in as few pieces as possible.
    """
    hosts = {placement.node for placement in imported.placements}
    leading = _leading_to(WORTHWHILE, imported.model, hosts)
    stages: dict[str, tuple[int, bool]] = {}
    found = {}
    for index, node in enumerate(imported.model.graph.node):
        label = label_of(node)
        sources = [stages[name] for name in reads(node) if name in stages]
        stage, worked = max(sources, default=(0, True))
        if label in hosts:
            stage, worked = stage + 1, False
        elif node.op_type in WORTHWHILE:
            worked = True
        elif stage and not worked and index not in leading and node.op_type not in qdq.OPERATORS:
            found[label] = "it lies between host operators, and no convolution or fully connected layer is beside it"
        stages.update(dict.fromkeys(node.output, (stage, worked)))
    return found


NEGLIGIBLE = 1e-3
"""Share of the multiplications for which the accelerator does not run once more."""


def islands(imported: Import) -> dict[str, str]:
    """Nodes of the accelerator between host operators that are not worth a run: label -> why the host runs them too."""
    graph = imported.graph
    levels: dict[str, int] = {graph.input: 0}
    work: dict[int, int] = {}
    members: dict[int, list[str]] = {}
    for node in graph.nodes:
        levels[node.output] = max(levels[name] for name in node.inputs) + isinstance(node, Host)
        if not isinstance(node, Host):
            level = levels[node.output]
            work[level] = work.get(level, 0) + multiplications(node, graph)
            members.setdefault(level, []).append(node.name)
    labels = [label_of(node) for node in imported.model.graph.node]
    made = {node.output for node in graph.nodes if not isinstance(node, Host)}
    read = {name for node in graph.nodes if isinstance(node, Host) for name in node.inputs}
    read.update(name for node in imported.host for name in reads(node))
    followed = {levels[name] for name in made & read}
    found: dict[str, str] = {}
    for level, names in members.items():
        share = work[level] / max(sum(work.values()), 1)
        if level and level in followed and sum(work.values()) and share < NEGLIGIBLE:
            reason = f"it is beside host operators with {share:.2%} of the multiplications, not worth another run"
            owners = (max((label for label in labels if came_from(name, label)), key=len, default="") for name in names)
            found.update({owner: reason for owner in owners if owner})
    return found


def multiplications(node: Node, graph: Graph) -> int:
    """What a node multiplies, for layers with weights."""
    if isinstance(node, Dense):
        return node.weight.size
    if isinstance(node, Conv):
        return node.weight.size * node.size[0] * node.size[1]
    if isinstance(node, Transposed):
        return node.weight.size * int(np.prod(graph.shapes[node.inputs[0]][1:]))
    return 0


def _leading_to(operators: Collection[str], model: onnx.ModelProto, hosts: Collection[str] = ()) -> set[int]:
    """Numbers of the nodes that are, or lead to, one of some operators, no node of `hosts` between."""
    found: set[int] = set()
    wanted: set[str] = set()
    for index, node in reversed(list(enumerate(model.graph.node))):
        if label_of(node) in hosts:
            continue
        if node.op_type in operators or wanted.intersection(node.output):
            found.add(index)
            wanted.update(reads(node))
    return found


def host_model(imported: Import) -> onnx.ModelProto | None:
    """The host's last part as a model of its own, fed by the accelerator's outputs; None if there is none."""
    if not imported.host:
        return None
    made = {tensor for node in imported.host for tensor in node.output}
    outputs = [value for value in imported.model.graph.output if value.name in made]
    aliased = [name for name in imported.outputs if name not in made and imported.aliases.get(name) in made]
    nodes = [onnx.helper.make_node("Identity", [imported.aliases[name]], [name]) for name in aliased]
    outputs += [value for value in imported.model.graph.output if value.name in aliased]
    feeds = [*imported.graph.outputs, imported.graph.input]
    return _sub_model(imported, [*imported.host, *nodes], feeds, outputs)


def _sub_model(
    imported: Import, nodes: list[onnx.NodeProto], inputs: Sequence[str], outputs: list[onnx.ValueInfoProto]
) -> onnx.ModelProto:
    """Some nodes of a model as a model of their own, fed by tensors of the accelerator (batch 1)."""
    read = {tensor for node in nodes for tensor in reads(node)}
    feeds = [
        onnx.helper.make_tensor_value_info(tensor, onnx.TensorProto.FLOAT, [1, *imported.graph.shapes[tensor]])
        for tensor in inputs
        if tensor in read
    ]
    initializers = [
        numpy_helper.from_array(imported.constants[tensor], tensor)
        for tensor in sorted(read)
        if tensor in imported.constants
    ]
    body = onnx.helper.make_graph(nodes, f"{imported.graph.name}_host", feeds, outputs, initializers)
    functions = imported.model.functions
    whole = onnx.helper.make_model(
        body, opset_imports=imported.model.opset_import, functions=functions, ir_version=imported.model.ir_version
    )
    return inliner.inline_local_functions(whole) if functions else whole
