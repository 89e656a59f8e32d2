"""Random ONNX networks: valid models of many topologies, with weights that keep activations near unit variance.

A network grows node by node from one seed, so that the first n nodes of a network are a network too: this is how
failing ones are shrunk.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
import onnx
from onnx import TensorProto, helper

from cocodla.fuzz import blocks, families, layout, moving, operators
from cocodla.fuzz.export import export
from cocodla.fuzz.grower import Grower, Shape

OBSERVED = 0.06
"""Share of tensors that are outputs although some node reads them."""


STEPS: dict[Callable[[Grower], bool], int] = {
    operators.conv: 10, operators.pool: 3, operators.activation: 6, operators.affine: 3, operators.combine: 5,
    operators.cut: 2, operators.reduce: 2, operators.resize: 1, operators.dense: 2, operators.normalise: 1,
    blocks.residual: 2, blocks.gate: 1, blocks.window: 3, blocks.perceptron: 1,
    moving.spread: 1, moving.join: 2, moving.shuffle: 1, moving.single: 2,
    layout.channels_last: 3, layout.reorder: 2, layout.beyond: 1, layout.around: 2, layout.nothing: 1,
    families.inverted: 1, families.dense: 1, families.inception: 1, families.fire: 1, families.pyramid: 1,
    families.cross_stage: 1, families.encoder: 1, families.focus: 1, families.heads: 1, families.classifier: 1,
}  # fmt: skip
"""Kinds of nodes and how often they come."""


def draw_shape(random: Random) -> Shape:
    """Shape of a network's input."""
    channels = random.choice([1, 3, 3, 4, 8, 16, random.randint(1, 24)])
    return (
        channels,
        random.choice([1, 7, 8, 12, 16, random.randint(1, 28)]),
        random.choice([8, 12, 16, random.randint(1, 28)]),
    )


def random_network(seed: int, nodes: int | None = None) -> onnx.ModelProto:
    """A valid network of 1 to 12 nodes, or a block more; with `nodes` it ends after so many, or where it can next.

    Every tensor nobody reads is an output, and now and then one that is read.
    """
    random = Random(seed)
    wanted = random.choice([1, 2, 3, 4, 6, 8, 12])
    grow = Grower(random, np.random.default_rng(seed), random.choice([0, 0, 0, 1, 3]))
    shape = draw_shape(random)
    grow.shapes["image"] = shape
    while len(grow.nodes) < wanted:
        (step,) = random.choices(list(STEPS), list(STEPS.values()))
        step(grow)
    while nodes is not None and nodes < len(grow.nodes) and grow.inner.intersection(grow.nodes[nodes - 1].output):
        nodes += 1
    return _model(grow, f"random{seed}", grow.nodes[:nodes], Random(seed))


def _model(grow: Grower, name: str, nodes: list[onnx.NodeProto], random: Random) -> onnx.ModelProto:
    """The model of the first nodes of a network, in the form of some exporter."""
    written, constants, opset = export(nodes, grow.constants, random)
    batch: str | int = "N" if random.random() < 0.7 else 1
    read = {source for node in nodes for source in node.input}
    made = [output for node in nodes for output in node.output]
    outputs = [
        helper.make_tensor_value_info(output, TensorProto.FLOAT, [batch, *grow.shapes[output]])
        for output in made
        if (random.random() < OBSERVED or output not in read) and output not in grow.inner
    ]
    inputs = [helper.make_tensor_value_info("image", TensorProto.FLOAT, [batch, *grow.shapes["image"]])]
    old = opset < 9 and random.random() < 0.5  # files of IR version 3 have constants among their inputs
    if old:
        inputs += [helper.make_tensor_value_info(c.name, c.data_type, c.dims) for c in constants]
    graph = helper.make_graph(written, name, inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=3 if old else 10)
    onnx.checker.check_model(model, full_check=True)
    return model
