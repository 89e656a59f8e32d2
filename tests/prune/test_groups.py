"""Channels that go together, and models that have lost some."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cocodla.nets.builder import Builder
from cocodla.prune.floats import FloatModel
from cocodla.prune.groups import Structure, structure_of, without

from .nets import branches, chain, loaded, pictures, residual


def sizes(structure: Structure) -> dict[str, int]:
    return {group.name: len(group.units) for group in structure.groups}


def test_channels_of_a_chain_are_groups_of_their_own_and_the_outputs_stay(tmp_path: Path) -> None:
    assert sizes(structure_of(loaded(chain(), tmp_path))) == {"conv0": 24, "conv2": 16}


def test_residual_sums_tie_their_operands(tmp_path: Path) -> None:
    assert sizes(structure_of(loaded(residual(), tmp_path))) == {"conv0 + conv6": 16, "conv2": 24}


def test_concat_keeps_its_parts_apart_and_depthwise_follows(tmp_path: Path) -> None:
    structure = structure_of(loaded(branches(), tmp_path))
    assert sizes(structure) == {"conv0": 16, "conv2": 16, "conv4": 24, "conv8": 16}
    (groups,) = structure.depthwise.values()
    assert len(groups) == 40


@pytest.mark.parametrize("kind", ["Softmax", "LRN", "Transpose"])
def test_what_mixes_channels_fixes_them(kind: str, tmp_path: Path) -> None:
    attributes = {"Softmax": {"axis": 1}, "LRN": {"size": 3}, "Transpose": {"perm": [0, 2, 1, 3]}}[kind]
    net = Builder((3, 8, 8)).conv(16, (3, 3), pads=[1] * 4).node(kind, **attributes)
    net.channels = 8 if kind == "Transpose" else 16
    net.conv(8, (1, 1)).node("Relu").conv(4, (1, 1))
    assert sizes(structure_of(loaded(net, tmp_path))) == {"conv2": 8}


def silenced(model: FloatModel, structure: Structure, units: list[int]) -> FloatModel:
    """The model whose layers do not read these units: nothing changes when they go."""
    constants = dict(model.constants)
    for reader in structure.readers:
        weight, places = constants[reader.weight].copy(), np.isin(np.repeat(reader.units, reader.spread), units)
        if reader.transposed:
            weight[places] = 0
        else:
            weight[:, places] = 0
        constants[reader.weight] = weight
    return model.with_constants(constants, model.nodes)


@pytest.mark.parametrize("grow", [chain, residual, branches])
def test_channels_that_nobody_reads_can_go(grow: Callable[[], Builder], tmp_path: Path) -> None:
    model = loaded(grow(), tmp_path)
    structure, images = structure_of(model), pictures(4)
    first = frozenset(group.units[1] for group in structure.groups)
    every = first | {unit for group in structure.groups for unit in group.units[3:8]}
    quiet = silenced(model, structure, list(every))
    once = without(quiet, structure, first, frozenset())
    twice = without(once, structure, every, first)
    (name,) = model.outputs
    wanted = quiet.run(images)[name]
    for left in (once, twice):
        np.testing.assert_allclose(left.run(images)[name], wanted, atol=1e-5)
        np.testing.assert_allclose(left.outputs_for(images, [name])[name], wanted, atol=1e-5)
    before, behind = (sum(value.size for value in each.constants.values()) for each in (quiet, twice))
    assert behind < before


def test_a_constant_of_two_readers_is_cut_for_each(tmp_path: Path) -> None:
    net = Builder((3, 8, 8)).conv(16, (3, 3), pads=[1] * 4)
    scale = net.constant(net.floats(1, 16, 1, 1))
    net.node("Mul", scale).conv(16, (1, 1)).node("Mul", scale).conv(4, (1, 1))
    model = loaded(net, tmp_path)
    structure = structure_of(model)
    gone = frozenset(structure.groups[0].units[:8])
    left = without(model, structure, gone, frozenset())
    assert left.run(pictures(2))[model.outputs[0]].shape == (2, 4, 8, 8)


def test_a_reshape_to_a_fixed_length_takes_any(tmp_path: Path) -> None:
    net = Builder((3, 8, 8)).conv(16, (3, 3), pads=[1] * 4)
    net.node("Reshape", net.constant(np.array([1, 1024])))
    net.node("Gemm", net.constant(net.floats(5, 1024)), transB=1)
    model = loaded(net, tmp_path)
    structure = structure_of(model)
    assert sizes(structure) == {"conv0": 16}
    left = without(model, structure, frozenset(structure.groups[0].units[:8]), frozenset())
    assert left.run(pictures(3))[model.outputs[0]].shape == (3, 5)
