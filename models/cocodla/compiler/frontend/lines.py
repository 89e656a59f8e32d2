"""Tensors N x C x L as images of one row: operators of one axis become the same operators of two.

Only tensors the accelerator may work on are lifted to N x C x 1 x L: the model's input, what convolutions, poolings and
the like of one axis read and make, and what follows from them element by element. Everything else reads the lifted
tensor through a Squeeze. What is not known stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import helper, numpy_helper

from cocodla.compiler.frontend.nodes import STANDARD, label_of
from cocodla.compiler.frontend.operators import curves
from cocodla.compiler.frontend.shapes import inferred_values

WINDOWS = ("Conv", "ConvTranspose", "MaxPool", "AveragePool")
"""Operators with attributes for each axis."""
WHOLE = ("GlobalAveragePool", "GlobalMaxPool", "BatchNormalization", "LRN")
BY_ELEMENT = (*curves.CURVED, *curves.JOINING, "Dropout", "QuantizeLinear", "DequantizeLinear")
WITH_AXIS = ("Concat", "Split")
REDUCING = ("ReduceMean", "ReduceMax", "ReduceSum")
AXES = (0, 1, 3)
"""Where batch, channels and the line's elements are in an image."""
BEFORE = {"kernel_shape": [1], "strides": [1], "dilations": [1], "output_padding": [0], "output_shape": [1]}
"""What attributes of windows say about the rows."""


def expand(model: onnx.ModelProto) -> None:
    """Rewrite all such operators of a model in place."""
    work = _Lifting(model)
    if not work.wanted():
        return
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        nodes += work.lifted_node(node)
    nodes += work.restored([value.name for value in model.graph.output])
    del model.graph.node[:]
    model.graph.node.extend(nodes)


class _Lifting:
    """Which tensors of a model are images by now, under which name."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.graph = model.graph
        self.opset = max(entry.version for entry in model.opset_import if entry.domain in STANDARD)
        self.constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in self.graph.initializer}
        self.ranks = {name: value.ndim for name, value in self.constants.items()}
        for value in (*self.graph.input, *inferred_values(model)):
            if value.type.tensor_type.HasField("shape"):
                self.ranks.setdefault(value.name, len(value.type.tensor_type.shape.dim))
        self.inputs = [value.name for value in self.graph.input if value.name not in self.constants]
        self.images: dict[str, str] = {}
        self.restorable: set[str] = set()
        self.makers = {name: label_of(node) for node in self.graph.node for name in node.output}

    def wanted(self) -> bool:
        """True if the model's input is a line, or anything works on lines."""
        works = any(
            node.op_type in WINDOWS + WHOLE and self.ranks.get(node.input[0]) == 3 for node in self.graph.node
        )  # fmt: skip
        return works or any(self.ranks.get(name) == 3 for name in self.inputs)

    def lifted_node(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        """The nodes in place of one."""
        made = self._lift(node.input[0], node) if node.input and node.input[0] in self.inputs else []
        if node.op_type == "Constant":
            for attribute in node.attribute:
                if attribute.name == "value":
                    self.constants[node.output[0]] = numpy_helper.to_array(attribute.t)
            return [node]
        changed = self._changed(node)
        if changed is None:
            return [*made, *self.restored(node.input), node]
        return [*made, *changed]

    def restored(self, names: Sequence[str]) -> list[onnx.NodeProto]:
        """Squeezes that make some tensors as the model knows them."""
        wanted = [name for name in names if name in self.restorable]
        self.restorable.difference_update(wanted)
        return [
            self._shaped("Squeeze", self.images[name], name, 2, self.makers[name]) for name in dict.fromkeys(wanted)
        ]

    def _changed(self, node: onnx.NodeProto) -> list[onnx.NodeProto] | None:
        """The node on images, with what it needs before; None if it stays as it is."""
        if not node.input or node.domain:
            return None
        kind, first = node.op_type, node.input[0]
        if kind in WINDOWS + WHOLE and self.ranks.get(first) == 3:
            return self._windows(node)
        if not any(name in self.images for name in node.input):
            return None
        computed = [name for name in node.input if name and name not in self.constants]
        if kind in BY_ELEMENT and all(self._is_line(name) for name in computed):
            return self._by_element(node)
        if kind in WITH_AXIS and all(self._is_line(name) for name in computed):
            axis = next((a.i for a in node.attribute if a.name == "axis"), 0)
            return self._on_images(node, computed, axis=AXES[axis % 3])
        if kind in REDUCING and first in self.images:
            return self._reduction(node)
        if kind == "Pad" and first in self.images:
            return self._pad(node)
        if kind in ("Flatten", "Reshape", "Squeeze") and first in self.images:
            return self._flat(node)
        return None

    def _is_line(self, name: str) -> bool:
        return name in self.images or self.ranks.get(name) == 3

    def _windows(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        made, copy = self._copied(node, [node.input[0]])
        for attribute in copy.attribute:
            if attribute.name in BEFORE:
                attribute.ints[:] = [*BEFORE[attribute.name], *attribute.ints]
            elif attribute.name == "pads":
                attribute.ints[:] = [0, attribute.ints[0], 0, attribute.ints[1]]
        if node.op_type.startswith("Conv"):
            weight, copy.input[1] = copy.input[1], f"{node.output[0]}/weight"
            made.append(self._shaped("Unsqueeze", weight, copy.input[1], 2, label_of(node)))
        return [*made, copy]

    def _by_element(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        """Constants with axes of their own get the axis of rows, too."""
        computed = [name for name in node.input if name and name not in self.constants]
        made, copy = self._copied(node, computed)
        for index, name in enumerate(node.input):
            rank = self.ranks.get(name, 0)
            if name in self.constants and rank > 1 and node.op_type != "Dropout":
                copy.input[index] = f"{node.output[0]}/{index}"
                made.append(self._shaped("Unsqueeze", name, copy.input[index], rank - 1, label_of(node)))
        return [*made, copy]

    def _reduction(self, node: onnx.NodeProto) -> list[onnx.NodeProto] | None:
        given = next((list(a.ints) for a in node.attribute if a.name == "axes"), None)
        if given is None and len(node.input) > 1 and node.input[1] in self.constants:
            given = self.constants[node.input[1]].reshape(-1).tolist()
        if not given or any(axis % 3 != 2 for axis in given):
            return None
        keeps = next((a.i for a in node.attribute if a.name == "keepdims"), 1)
        made, copy = self._copied(node, [node.input[0]], lifts=bool(keeps))
        return [*made, self._with_axes(copy, [2, 3])]

    def _pad(self, node: onnx.NodeProto) -> list[onnx.NodeProto] | None:
        """Pads of all axes as a constant, or as an attribute."""
        if len(node.input) > 1 and (node.input[1] not in self.constants or (len(node.input) > 3 and node.input[3])):
            return None
        made, copy = self._copied(node, [node.input[0]])
        for attribute in copy.attribute:
            if attribute.name == "pads":
                attribute.ints[:] = self._spread(list(attribute.ints))
        if len(node.input) > 1:
            pads = self._spread(self.constants[node.input[1]].tolist())
            copy.input[1] = self._constant(f"{node.output[0]}/pads", pads)
        return [*made, copy]

    @staticmethod
    def _spread(pads: list[int]) -> list[int]:
        """Pads of three axes for four."""
        return [*pads[:2], 0, pads[2], *pads[3:5], 0, pads[5]]

    def _flat(self, node: onnx.NodeProto) -> list[onnx.NodeProto] | None:
        """What makes vectors of lines makes the same of images: the order of elements is the same."""
        if node.op_type == "Squeeze":
            given = next((list(a.ints) for a in node.attribute if a.name == "axes"), None)
            if given is None and len(node.input) > 1 and node.input[1] in self.constants:
                given = self.constants[node.input[1]].reshape(-1).tolist()
            if given is None or [axis % 3 for axis in given] != [2]:
                return None
            made, copy = self._copied(node, [node.input[0]], lifts=False)
            return [*made, self._with_axes(copy, [2, 3])]
        if node.op_type == "Flatten":
            fits = next((a.i for a in node.attribute if a.name == "axis"), 1) == 1
        else:
            target = self.constants.get(node.input[1], np.zeros(9)) if len(node.input) > 1 else np.zeros(9)
            fits = bool((target.reshape(-1)[2:] != 0).all())
        if not fits:
            return None
        made, copy = self._copied(node, [node.input[0]], lifts=False)
        return [*made, copy]

    def _on_images(self, node: onnx.NodeProto, lines: Sequence[str], **attributes: int) -> list[onnx.NodeProto]:
        made, copy = self._copied(node, lines)
        kept = [a for a in copy.attribute if a.name not in attributes]
        del copy.attribute[:]
        copy.attribute.extend([*kept, *(helper.make_attribute(key, value) for key, value in attributes.items())])
        return [*made, copy]

    def _copied(
        self, node: onnx.NodeProto, lines: Sequence[str], lifts: bool = True
    ) -> tuple[list[onnx.NodeProto], onnx.NodeProto]:
        """A copy of a node that reads `lines` as images, and the nodes that make these. lifts: it makes images."""
        made = [entry for name in lines for entry in self._lift(name, node)]
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.input[:] = [self.images[name] if name in lines else name for name in node.input]
        if lifts:
            for index, name in enumerate(node.output):
                if name:
                    self.images[name] = copy.output[index] = f"{name}/image"
                    self.restorable.add(name)
        return made, copy

    def _lift(self, name: str, reader: onnx.NodeProto) -> list[onnx.NodeProto]:
        """The Unsqueeze that makes an image of a line, if there is none and it is one."""
        if name in self.images or self.ranks.get(name) != 3:
            return []
        self.images[name] = f"{name}/image"
        return [self._shaped("Unsqueeze", name, self.images[name], 2, label_of(reader))]

    def _shaped(self, kind: str, source: str, target: str, axis: int, owner: str) -> onnx.NodeProto:
        """Squeeze or Unsqueeze of one axis, for the node `owner`."""
        return self._with_axes(helper.make_node(kind, [source], [target], f"{owner}/{target}"), [axis])

    def _with_axes(self, node: onnx.NodeProto, axes: list[int]) -> onnx.NodeProto:
        """The node with other axes: an attribute or an input, as the opset has it."""
        kept = [a for a in node.attribute if a.name != "axes"]
        del node.attribute[:]
        node.attribute.extend(kept)
        since = {"Squeeze": 13, "Unsqueeze": 13, "ReduceSum": 13}.get(node.op_type, 18)
        if self.opset < since:
            node.attribute.append(helper.make_attribute("axes", axes))
        else:
            node.input[1:] = [self._constant(f"{node.output[0]}/axes", axes)]
        return node

    def _constant(self, name: str, values: list[int]) -> str:
        self.graph.initializer.append(numpy_helper.from_array(np.array(values, np.int64), name))
        self.constants[name] = np.array(values)
        return name
