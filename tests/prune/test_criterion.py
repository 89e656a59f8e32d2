"""The criterion and the least squares behind it, on channels whose worth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cocodla.nets.builder import Builder
from cocodla.prune.correct import refit
from cocodla.prune.criterion import Reading, least, reading_of
from cocodla.prune.groups import structure_of, without

from .nets import chain, loaded, pictures


def reading(samples: np.ndarray, weight: np.ndarray) -> Reading:
    return Reading(np.arange(1, 1 + samples.shape[1]), np.cov(samples.T, bias=True), weight)


def test_each_of_the_three_terms_decides_where_the_others_are_equal() -> None:
    random = np.random.default_rng(0)
    samples = random.normal(size=(4000, 4))
    quiet, unread, told = samples.copy(), np.ones((3, 4)), samples.copy()
    quiet[:, 1] *= 0.1
    unread[:, 2] = 0.05
    told[:, 3] = told[:, 0] + 0.1 * random.normal(size=4000)
    assert least([1, 2, 3, 4], [reading(quiet, np.ones((3, 4)))], 1) == [2]
    assert least([1, 2, 3, 4], [reading(samples, unread)], 1) == [3]
    assert least([1, 2, 3, 4], [reading(told, np.ones((3, 4)))], 1)[0] in (1, 4)
    terms = reading(told, np.ones((3, 4))).terms(4)
    assert terms.unexplained < 0.05 and terms.activation > 0.9


def test_of_two_alike_only_one_is_cheap() -> None:
    samples = np.random.default_rng(1).normal(size=(4000, 4))
    samples[:, 3] = samples[:, 0]
    chosen = least([1, 2, 3, 4], [reading(samples, np.ones((3, 4)))], 2)
    assert len({1, 4} & set(chosen)) == 1


def test_cost_is_the_error_of_a_fit_without_the_channel() -> None:
    random = np.random.default_rng(2)
    samples = random.normal(size=(20000, 5)) @ (np.eye(5) + 0.3)
    samples -= samples.mean(0)
    weight = random.normal(size=(3, 5))
    made, left = samples @ weight.T, np.delete(samples, 2, 1)
    fitted = left @ np.linalg.lstsq(left, made, rcond=None)[0]
    error = np.square(made - fitted).sum() / np.square(made).sum()
    np.testing.assert_allclose(reading(samples, weight).costs()[3], error, rtol=0.05)


def test_a_block_of_channels_costs_what_they_cost_together() -> None:
    samples = np.random.default_rng(3).normal(size=(4000, 4))
    whole = Reading(np.array([1, 1, 2, 2]), np.cov(samples.T, bias=True), np.ones((2, 4)))
    np.testing.assert_allclose(whole.costs()[1], 0.5, atol=0.05)
    whole.lose(1)
    assert whole.units.tolist() == [2, 2] and whole.weight.shape == (2, 2)


def test_layers_behind_take_over_what_twins_did(tmp_path: Path) -> None:
    net = Builder((3, 8, 8), seed=5).conv(16, (3, 3), pads=[1] * 4)
    for tensor in net.initializers:  # the upper half are copies of the lower
        values = np.frombuffer(tensor.raw_data, np.float32).reshape(tensor.dims).copy()
        values[8:] = values[:8]
        tensor.raw_data = values.tobytes()
    net.node("Relu").conv(8, (3, 3), pads=[1] * 4).node("Relu").node("GlobalAveragePool").gemm(8, 4)
    model = loaded(net, tmp_path)
    structure, images = structure_of(model), pictures(16)
    wanted = model.run(images)
    (reader,) = (reader for reader in structure.readers if reader.node == "conv2")
    readings = [reading_of(reader, (), wanted[reader.tensor], model.constants[reader.weight])]
    group = next(group for group in structure.groups if group.name == "conv0")
    gone = frozenset(least(group.units, readings, 8))
    left = without(model, structure, gone, frozenset())
    plain = left.run(images)[model.outputs[0]]
    fitted = refit(left, structure, gone, images, wanted)[model.outputs[0]]
    spread = np.square(wanted[model.outputs[0]]).mean()
    assert np.square(fitted - wanted[model.outputs[0]]).mean() < 1e-4 * spread
    assert np.square(plain - wanted[model.outputs[0]]).mean() > 1e-2 * spread


def test_fitting_helps_new_pictures_too(tmp_path: Path) -> None:
    model = loaded(chain(), tmp_path)
    structure, images, others = structure_of(model), pictures(32), pictures(16, seed=9)
    gone = frozenset(structure.groups[0].units[:8])
    (name,) = model.outputs
    left, wanted = without(model, structure, gone, frozenset()), model.run(others)[name]
    before = np.square(left.run(others)[name] - wanted).mean()
    refit(left, structure, gone, images, model.run(images))
    assert np.square(left.run(others)[name] - wanted).mean() < before / 2
