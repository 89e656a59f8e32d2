"""A float ONNX model taken apart: nodes, shapes, constants of their own for each reader; run node by node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from cocodla.compiler import original
from cocodla.compiler.frontend.batch import unbind
from cocodla.compiler.frontend.importer import load_model
from cocodla.compiler.frontend.nodes import named, reads
from cocodla.compiler.ir import FloatArray
from cocodla.errors import UserError

CODED = ("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "ConvInteger", "MatMulInteger")
ENDINGS = ("Softmax", "LogSoftmax", "Sigmoid")
"""Operators at the end of a model that only squash what is behind them: errors are measured before them."""


@dataclass
class FloatModel:
    """Nodes of a model in order, and the constants they read; every constant has one reader.

    frame: everything else of the file. shapes: (batch, ...) of every tensor for one image.
    """

    frame: onnx.ModelProto
    nodes: list[onnx.NodeProto]
    constants: dict[str, np.ndarray]
    input: str
    outputs: list[str]
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @staticmethod
    def load(path: Path | str) -> FloatModel:
        """Read a model. UserError if it cannot be read, has several inputs, or is quantised already."""
        model = load_model(path)
        unbind(model)
        coded = next((node for node in model.graph.node if node.op_type in CODED or "QLinear" in node.op_type), None)
        if coded is not None:
            raise UserError(f"{path}: {named(coded)}: channels go before a model is quantised, give the float model")
        names = {tensor.name for tensor in model.graph.initializer}
        given = [value.name for value in model.graph.input if value.name not in names]
        if len(given) != 1:
            raise UserError(f"{path}: has {len(given)} inputs, pruning takes models with one")
        constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
        nodes = []
        for node in model.graph.node:
            if node.op_type == "Constant" and node.attribute[0].name == "value":
                constants[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
            else:
                nodes.append(node)
        outputs = [value.name for value in model.graph.output]
        own = _apart(nodes, constants)
        _give_biases(nodes, own)
        made = FloatModel(model, nodes, own, given[0], outputs)
        made._know_shapes()
        return made

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Of one image, without the batch."""
        return self.shapes[self.input][1:]

    @property
    def ends(self) -> list[str]:
        """The tensors in which errors are measured: the outputs, before what only squashes them."""
        makers = {name: node for node in self.nodes for name in node.output}
        found = []
        for name in self.outputs:
            node = makers.get(name)
            squashes = node is not None and node.op_type in ENDINGS and node.input[0] in makers
            found.append(node.input[0] if node is not None and squashes else name)
        return found

    def with_constants(self, constants: Mapping[str, np.ndarray], nodes: list[onnx.NodeProto]) -> FloatModel:
        """The same model with other constants and nodes; shapes stay those of this one."""
        return FloatModel(self.frame, nodes, dict(constants), self.input, self.outputs, self.shapes)

    def walk(self, images: FloatArray) -> Iterator[tuple[onnx.NodeProto, dict[str, np.ndarray]]]:
        """Run images (batch, *shape) node by node: each node before it runs, and all values known until then.

        Constants of a node may be changed by whoever looks on: they are read when it runs.
        """
        values: dict[str, np.ndarray] = {self.input: images}
        for node in self.nodes:
            yield node, values
            feeds = {name: values[name] if name in values else self.constants[name] for name in reads(node)}
            made = original.evaluate(node, feeds, self.frame)
            values.update((name, value.copy()) for name, value in made.items())  # out of onnxruntime's limited memory

    def run(self, images: FloatArray) -> dict[str, np.ndarray]:
        """Every tensor but constants, for images (batch, *shape)."""
        values: dict[str, np.ndarray] = {}
        for _, known in self.walk(images):
            values = known
        return values

    def outputs_for(self, images: FloatArray, names: list[str], size: int = 64) -> dict[str, np.ndarray]:
        """Some tensors for many images, `size` at a time."""
        model = self.proto()
        del model.graph.output[:]
        model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
        runner = original.session(_open_batch(model, self.input))
        parts = [original.run(runner, names, {self.input: images[first : first + size]})
                 for first in range(0, len(images), size)]  # fmt: skip
        return {name: np.concatenate([part[place] for part in parts]) for place, name in enumerate(names)}

    def proto(self) -> onnx.ModelProto:
        """The model as ONNX."""
        model = onnx.ModelProto()
        model.CopyFrom(self.frame)
        del model.graph.node[:], model.graph.initializer[:], model.graph.value_info[:]
        model.graph.node.extend(self.nodes)
        read = {name for node in self.nodes for name in reads(node)} | set(self.outputs)
        model.graph.initializer.extend(
            numpy_helper.from_array(np.ascontiguousarray(value), name)
            for name, value in self.constants.items() if name in read
        )  # fmt: skip
        inputs = [value for value in model.graph.input if value.name == self.input]
        del model.graph.input[:]
        model.graph.input.extend(inputs)
        return model

    def _know_shapes(self) -> None:
        """Run one image; Reshapes whose shape has a batch of one written into it take any batch behind this."""
        value = next(value for value in self.frame.graph.input if value.name == self.input)
        extents = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        if min(extents[1:], default=0) < 1:
            raise UserError(f"input {self.input!r} leaves extents open: pruning needs them written in the model")
        image = np.random.default_rng(0).normal(size=(1, *extents[1:])).astype(np.float32)
        self.shapes = {name: found.shape for name, found in self.run(image).items()}
        for node in self.nodes:
            if node.op_type == "Reshape" and node.input[1] in self.constants:
                target = self.constants[node.input[1]].copy()
                before, behind = self.shapes[node.input[0]], self.shapes[node.output[0]]
                if target.size and target[0] == 1 and before[:1] == behind[:1] == (1,):
                    target[0] = 0
                    self.constants[node.input[1]] = target


def _apart(nodes: list[onnx.NodeProto], constants: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """A constant of its own for each place where one is read: what one reader loses, others keep."""
    found: dict[str, np.ndarray] = {}
    for node in nodes:
        for place, name in enumerate(node.input):
            if name in constants:
                own = name if name not in found else f"{name}/{node.output[0]}/{place}"
                found[own] = constants[name]
                node.input[place] = own
    inner = {name for node in nodes for name in reads(node)} - found.keys()
    return found | {name: constants[name] for name in inner if name in constants}


def _give_biases(nodes: list[onnx.NodeProto], constants: dict[str, np.ndarray]) -> None:
    """A bias, a number for each output, for every convolution and Gemm: fitting anew needs one."""
    for node in nodes:
        if node.op_type not in ("Conv", "Gemm") or node.input[1] not in constants:
            continue
        weight = constants[node.input[1]]
        across = node.op_type == "Gemm" and not attributes(node).get("transB", 0)
        count = weight.shape[1 if across else 0]
        name = node.input[2] if len(node.input) > 2 else ""
        if not name:
            name = f"{node.output[0]}/bias"
            constants[name] = np.zeros(count, weight.dtype)
            del node.input[2:]
            node.input.append(name)
        elif name in constants and constants[name].size in (1, count):
            constants[name] = np.array(np.broadcast_to(constants[name].reshape(-1), (count,)))


def _open_batch(model: onnx.ModelProto, name: str) -> onnx.ModelProto:
    """Any number of images at a time."""
    value = next(value for value in model.graph.input if value.name == name)
    value.type.tensor_type.shape.dim[0].Clear()
    value.type.tensor_type.shape.dim[0].dim_param = "batch"
    return model


def attributes(node: onnx.NodeProto) -> dict[str, object]:
    """A node's attributes as Python has them."""
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
