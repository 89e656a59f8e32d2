"""Fine-tuning: torch computes what onnxruntime does, and what is left of a model comes nearer to the whole one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cocodla.errors import UserError
from cocodla.nets.builder import Builder
from cocodla.prune.finetune import GOES, fine_tune, goes
from cocodla.prune.groups import structure_of, without

from .nets import branches, chain, loaded, pictures, residual

torch = pytest.importorskip("torch", reason="skipped: no PyTorch (the extra `train`)")


def windows() -> Builder:
    """Strides, dilations, uneven padding, averages with and without their padding."""
    net = Builder((3, 9, 8), seed=6).conv(8, (3, 2), strides=[2, 1], pads=[1, 0, 2, 1])
    net.node("AveragePool", kernel_shape=[3, 3], strides=[1, 2], pads=[1, 1, 1, 1])
    net.conv(8, (3, 3), dilations=[2, 2], pads=[2] * 4).conv(8, (2, 2), auto_pad="SAME_UPPER")
    net.node("Clip", net.constant(np.float32(-1)))
    net.node("AveragePool", kernel_shape=[2, 2], pads=[1, 0, 0, 1], count_include_pad=1)
    return net.node("MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]).node("Sigmoid").conv(4, (1, 1))


@pytest.mark.parametrize("grow", [chain, residual, branches, windows])
def test_torch_computes_what_onnxruntime_does(grow: Callable[[], Builder], tmp_path: Path) -> None:
    from cocodla.prune.torch_model import TorchModel

    model = loaded(grow(), tmp_path)
    images = np.random.default_rng(0).normal(size=(3, *model.input_shape)).astype(np.float32)
    with torch.no_grad():
        (found,) = TorchModel(model)(torch.from_numpy(images))
    np.testing.assert_allclose(found.numpy(), model.run(images)[model.outputs[0]], rtol=1e-4, atol=1e-4)


def test_training_brings_a_pruned_model_nearer_and_repeats(tmp_path: Path) -> None:
    model = loaded(residual(), tmp_path)
    structure, images, others = structure_of(model), pictures(32), pictures(16, seed=8)
    gone = frozenset(group_unit for group in structure.groups for group_unit in group.units[:8])
    left = without(model, structure, gone, frozenset())
    (name,) = model.outputs
    wanted = model.run(others)[name]
    tuned = fine_tune(left, model, images, 60, seed=1)
    before, behind = (np.square(each.run(others)[name] - wanted).mean() for each in (left, tuned))
    assert behind < before / 2
    again = fine_tune(left, model, images, 60, seed=1)
    assert all(np.array_equal(tuned.constants[key], again.constants[key]) for key in tuned.constants)


@pytest.mark.parametrize("steps", [1, 2, 7, 50, 1700])
def test_goes_take_all_steps_with_falling_rates(steps: int) -> None:
    found = goes(steps)
    assert sum(count for count, _ in found) == steps and all(count > 0 for count, _ in found)
    heights = [height for _, height in found]
    assert heights == sorted(heights, reverse=True) and len(found) == min(steps, len(GOES))


def test_a_go_begins_at_its_height_from_the_averages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A go without a rate changes nothing: what comes out are the averages of the go before, not its last step."""
    model = loaded(residual(), tmp_path)
    images = pictures(16)
    monkeypatch.setattr("cocodla.prune.finetune.GOES", ((1.0, 1.0),))
    once = fine_tune(model, model, images, 6, seed=1)
    monkeypatch.setattr("cocodla.prune.finetune.GOES", ((0.5, 1.0), (0.5, 0.0)))
    twice = fine_tune(model, model, images, 12, seed=1)
    for name, value in once.constants.items():
        np.testing.assert_allclose(twice.constants[name], value, rtol=1e-5, atol=1e-6)


def test_operators_it_does_not_know_are_named(tmp_path: Path) -> None:
    net = Builder((3, 8, 8)).conv(16, (3, 3)).node("Softsign").conv(4, (1, 1))
    model = loaded(net, tmp_path)
    with pytest.raises(UserError, match="Softsign 'softsign1': fine-tuning does not know"):
        fine_tune(model, model, pictures(4), 1, 0)
