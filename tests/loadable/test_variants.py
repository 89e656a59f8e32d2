"""Every field of descriptors at random, in both layouts and both orders, against a model that knows no registers."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest

from cocodla.loadable.network import open_network
from cocodla.loadable.records import Layout
from cocodla.runtime import rtl
from cocodla.runtime.loadables import elements, run_image

from .builder import Builder
from .variants import KINDS

FORMS = [(Layout.NEW, False), (Layout.OLD, False), (Layout.OLD, True)]
DRAWS = 12


def check(kind: str, seed: int, builder: Builder, simulation: rtl.Simulation | None = None) -> np.ndarray:
    """A drawn layer as a loadable gives what the scalar model says, which comes back."""
    expected, given = KINDS[kind](Random(seed), builder)
    network = open_network(Path("net.nvdla"), builder.data())
    inputs = {port.name: port.form.pack(given[port.name], port.size) for port in network.inputs}
    done = run_image(network, inputs, simulation)
    assert done.passed, done.mismatches
    np.testing.assert_array_equal(elements(network, [done])["out"][0], expected, err_msg=f"{kind}, seed {seed}")
    return expected


@pytest.mark.parametrize(("layout", "regression"), FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_random_fields(kind: str, layout: Layout, regression: bool) -> None:
    """The draws tell something: outputs are of many values."""
    values = [len(np.unique(check(kind, seed, Builder(layout, regression)))) for seed in range(DRAWS)]
    assert sorted(values)[DRAWS // 2] > 4


def test_random_fields_on_the_rtl() -> None:
    for seed, kind in enumerate(KINDS, DRAWS):
        simulation = rtl.Simulation(seed=seed, memory=rtl.MemoryModel.random(Random(seed)))
        check(kind, seed, Builder(), simulation)
