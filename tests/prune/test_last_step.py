"""The step that reaches the target: of all that get there, the one that costs least."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cocodla.compiler import CompileOptions
from cocodla.nets.builder import Builder
from cocodla.prune.cost import CostModel
from cocodla.prune.floats import FloatModel
from cocodla.prune.search import Pruner, State

from .nets import branches, chain, loaded, pictures, residual


def pruned(model: FloatModel, share: float, last: bool) -> State:
    """The state in which a search first has so many cycles. last: it knows that it ends there."""
    images = pictures(24)
    pruner = Pruner(model, images, CostModel(images, CompileOptions(effort="fast")))
    limit = share * pruner.state.step.cost.cycles
    while pruner.state.step.cost.cycles > limit:
        assert pruner.advance(limit=limit if last else None) is not None
    return pruner.state


@pytest.mark.parametrize("grow", [chain, residual, branches])
def test_a_last_step_costs_no_more_than_any_other(grow: Callable[[], Builder], tmp_path: Path) -> None:
    model = loaded(grow(), tmp_path)
    plain, known = (pruned(model, 0.97, last) for last in (False, True))
    assert known.step.cost.cycles >= plain.step.cost.cycles
    assert known.step.error <= plain.step.error * 1.0001


def test_it_leaves_channels_that_need_not_go(tmp_path: Path) -> None:
    """Three layers of 24 channels: where a small one suffices, the large one stays."""
    net = Builder((3, 8, 8), seed=5)
    net.conv(24, (3, 3), pads=[1] * 4).node("Relu").conv(24, (3, 3), pads=[1] * 4).node("Relu")
    net.node("MaxPool", kernel_shape=[2, 2], strides=[2, 2]).conv(24, (3, 3), pads=[1] * 4).node("Relu")
    model = loaded(net.gemm(24 * 16, 6), tmp_path)
    found = [pruned(model, share, last).step for share in (0.98, 0.9, 0.8) for last in (False, True)]
    assert any(last.error < plain.error for plain, last in zip(found[::2], found[1::2], strict=True))
