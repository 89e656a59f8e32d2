"""Sequences on the RTL: equal to the golden model with and without overlap, which is what makes them fast."""

from __future__ import annotations

import numpy as np
import pytest

from cocodla.bench.operator_cases import CASES
from cocodla.errors import Fault
from cocodla.operators import Pool, Sdp, Sequence, Stage
from cocodla.program.execution import Execution
from cocodla.runtime import rtl

SIMULATION = rtl.Simulation(seed=1)


def test_fusion_and_overlap_on_the_rtl() -> None:
    """A convolution with bias and ReLU, and LRN: two layers, or four that wait for each other."""
    case = next(case for case in CASES if case.name == "LRN")
    codes = np.random.default_rng(1).integers(-128, 128, (3, *case.small)).astype(np.int8)
    fused, apart = case.sequence(True, small=True), case.sequence(False, small=True)
    fast, slow = (steps.rtl({"x": codes}, SIMULATION) for steps in (fused, apart))
    assert len(fused.chains) == 2 and len(apart.chains) == 4
    assert slow.cycles_per_image > 1.62 * fast.cycles_per_image
    assert list(fast.outputs) == ["t1", "t2"] and fast.outputs["t2"].shape == (3, 64, 5, 5)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}, {case.where[:20]}")
def test_the_golden_model_runs_all_cases(case: object) -> None:
    """Of the benchmark; both ways make a result that is not all alike."""
    for fused in (True, False):
        steps = case.sequence(fused, small=True)  # type: ignore[attr-defined]
        codes = np.random.default_rng(1).integers(-128, 128, (2, *case.small)).astype(np.int8)  # type: ignore[attr-defined]
        found = list(steps.golden({"x": codes}).values())
        assert found[-1].std() > 1


def test_a_difference_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """RTL that reads back nothing."""
    steps = Sequence("broken")
    steps(Sdp(steps.input("x", (8, 2, 2)), bs=Stage(alu=1)), to=steps.tensor("y", (8, 2, 2)))
    monkeypatch.setattr("cocodla.operators.sequence.rtl.run", lambda program, simulation: Execution("rtl"))
    with pytest.raises(Fault, match="sequence 'broken': RTL and golden model differ: layer 0: image0/y"):
        steps.rtl({"x": np.zeros((1, 8, 2, 2), np.int8)})


def test_sdp_from_memory_into_pdp_on_the_rtl() -> None:
    """Operands by element and by channel from memory, in registers, minima on the fly; against numpy."""
    random = np.random.default_rng(2)
    steps = Sequence("memory")
    x, other, gate = (steps.input(n, s) for n, s in (("x", (20, 6, 6)), ("other", (20, 6, 6)), ("gate", (20, 1, 1))))
    steps(
        Sdp(x, Stage(other, 1, "max", mul=5), Stage(mul=gate), offset=-3, scale=3, shift=11),
        Pool(2, method="min"), to=steps.tensor("y", (20, 3, 3)),
    )  # fmt: skip
    shapes = {"x": (3, 20, 6, 6), "other": (3, 20, 6, 6), "gate": (3, 20, 1, 1)}
    given = {name: random.integers(-128, 128, shape).astype(np.int8) for name, shape in shapes.items()}
    value = {name: codes.astype(np.int64) for name, codes in given.items()}
    sums = (np.maximum(value["x"], value["other"] * 2) * 5 * value["gate"] + 3) * 3
    codes = np.clip(np.sign(sums) * ((np.abs(sums) + 1024) >> 11), -128, 127)
    wanted = codes.reshape(3, 20, 3, 2, 3, 2).min((3, 5))
    assert np.array_equal(steps.rtl(given, SIMULATION).outputs["y"], wanted)
