"""cocodla prune from end to end, and what it says where it cannot."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest
from tests.cli.conftest import complaint, invoke

from cocodla.compiler import compile_model
from cocodla.compiler.prediction import predict_network
from cocodla.latency import MemoryTiming
from cocodla.nets.builder import Builder

from .nets import branches, chain, pictures, residual


@pytest.fixture
def calib(tmp_path: Path) -> Path:
    np.save(tmp_path / "calib.npy", pictures(24))
    return tmp_path / "calib.npy"


def predicted(path: Path) -> int:
    return predict_network(compile_model(path, pictures(8)), MemoryTiming()).image


@pytest.mark.parametrize("grow", [chain, residual, branches])
def test_pruned_models_reach_their_cycles_and_compile_as_usual(grow: object, tmp_path: Path, calib: Path) -> None:
    net = grow().save(tmp_path / "net.onnx")  # type: ignore[operator]
    made, report = tmp_path / "pruned.onnx", tmp_path / "steps.json"
    outcome = invoke(
        "prune", net, "--calib", calib, "--target-cycles", 0.8, "-o", made, "--report", report, "--seed", 1
    )
    assert outcome.exit_code == 0, outcome.output
    onnx.checker.check_model(onnx.load(made), full_check=True)
    assert predicted(made) <= 0.8 * 1.02 * predicted(net)
    steps = json.loads(report.read_text())["steps"]
    cycles, error = ([step[key] for step in steps] for key in ("cycles", "error"))
    assert cycles == sorted(cycles, reverse=True) and cycles[-1] <= 0.8 * cycles[0] and error[-1] < 1
    assert all(later["read_bytes"] <= earlier["read_bytes"] for earlier, later in pairwise(steps))


def test_drop_stops_before_more_is_lost_and_labels_are_counted(tmp_path: Path, calib: Path) -> None:
    net = chain().save(tmp_path / "net.onnx")
    outcome = invoke("compile", net, "--calib", calib, "--effort", "fast", "-o", tmp_path / "net.dla")
    assert outcome.exit_code == 0, outcome.output
    labels = np.zeros(24, np.int64)
    np.save(tmp_path / "labels.npy", labels)
    made = tmp_path / "pruned.onnx"
    outcome = invoke(
        "prune", net, "--calib", calib, "--drop", 50, "--labels", tmp_path / "labels.npy", "-o", made,
        "--effort", "fast", "--seed", 1, "--json",
    )  # fmt: skip
    assert outcome.exit_code == 0, outcome.output
    found = json.loads(outcome.stdout)
    right = [step["right"] for step in found["steps"]]
    assert found["held_back"] == 12 and found["labelled"] and found["int8_after"] is not None
    assert len(right) > 1 and right[0] - right[-1] <= 0.5


def test_targets_out_of_reach_say_how_far_it_came(tmp_path: Path, calib: Path) -> None:
    net = chain().save(tmp_path / "net.onnx")
    line = complaint("prune", net, "--calib", calib, "--target-cycles", 0.01, "-o", tmp_path / "p.onnx")
    assert "--target-cycles 0.01 cannot be met" in line and "of" in line and "cycles" in line
    assert not (tmp_path / "p.onnx").exists()


def test_models_with_nothing_to_prune(tmp_path: Path, calib: Path) -> None:
    net = Builder((3, 8, 8)).conv(16, (3, 3)).save(tmp_path / "net.onnx")
    assert "nothing to prune" in complaint("prune", net, "--calib", calib, "--target-cycles", 0.5)


def test_labels_that_do_not_fit(tmp_path: Path, calib: Path) -> None:
    net = chain().save(tmp_path / "net.onnx")
    few, high = tmp_path / "few.npy", tmp_path / "high.npy"
    np.save(few, np.zeros(5, np.int64))
    np.save(high, np.full(24, 6))
    start = ("prune", net, "--calib", calib, "--target-cycles", 0.5, "--labels")
    assert "5 labels for 24 images" in complaint(*start, few)
    assert "labels go from 6 to 6" in complaint(*start, high)


def test_goals_that_make_no_sense(tmp_path: Path, calib: Path) -> None:
    net = chain().save(tmp_path / "net.onnx")
    assert "nothing to reach" in complaint("prune", net, "--calib", calib)
    assert "between 0 and 1, not 1.5" in complaint("prune", net, "--calib", calib, "--target-cycles", 1.5)
    assert "no calibration data" in complaint("prune", net, "--target-cycles", 0.5)
    assert "overwritten" in complaint("prune", net, "--calib", calib, "--target-cycles", 0.5, "-o", net)


def test_quantised_models_are_refused(tmp_path: Path, calib: Path) -> None:
    net = Builder((3, 8, 8))
    net.node("QuantizeLinear", net.constant(np.float32(0.1)), net.constant(np.int8(0)))
    net.node("DequantizeLinear", "c0", "c1").conv(16, (3, 3)).node("Relu").conv(8, (1, 1))
    path = net.save(tmp_path / "net.onnx")
    assert "give the float model" in complaint("prune", path, "--calib", calib, "--target-cycles", 0.5)


def test_fine_tuning_without_torch_says_what_to_install(
    tmp_path: Path, calib: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "torch", None)
    net = chain().save(tmp_path / "net.onnx")
    assert "cocodla[train]" in complaint("prune", net, "--calib", calib, "--target-cycles", 0.5, "--finetune")
