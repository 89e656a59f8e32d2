"""The main job: LeNet-5 from ONNX to RTL, every tensor equal to the golden model; and what wrong use says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from cocodla import cli, datasets, zoo
from cocodla.runtime import rtl
from cocodla.runtime.verify import verify_network


@pytest.mark.parametrize(("sim", "count"), [("verilator", 10), ("icarus", 1)])
def test_lenet_is_bit_exact(sim: str, count: int) -> None:
    pictures, labels = datasets.sklearn_digits()
    network = zoo.lenet5()
    run = verify_network(network, pictures[:count], labels[:count], rtl.Simulation(sim=sim, seed=1))
    assert run.passed, run.first_mismatch or run.failures
    assert run.tensors_compared == count * len(network.layers)
    assert run.cycles_per_image <= 30_000
    assert all(layer.tensors == count and layer.read_bytes > 0 for layer in run.layers)


def test_lenet_with_a_slow_memory_and_its_own_csb_clock() -> None:
    """Results do not depend on timing: random latency, stalls, reordered answers, asynchronous CSB clock."""
    pictures, labels = datasets.sklearn_digits()
    memory = rtl.MemoryModel(latency=20, jitter=50, stall=100, aw_every=3, reorder=True)
    simulation = rtl.Simulation(seed=2, memory=memory, csb_period_ps=13_700)
    run = verify_network(zoo.lenet5(), pictures[5:7], labels[5:7], simulation)
    assert run.passed, run.first_mismatch or run.failures


def test_a_wrong_tensor_is_told_in_its_coordinates(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault put into what the RTL returned is found, named and placed."""
    pictures, labels = datasets.sklearn_digits()
    genuine = rtl.run

    def faulty(*args: object, **kwargs: object) -> object:
        execution = genuine(*args, **kwargs)  # type: ignore[arg-type]
        seen = execution.observations[0]
        data = bytearray(seen.data)
        data[8 * (14 * 3 + 7) + 2] ^= 1
        execution.observations[0] = type(seen)(seen.index, seen.name, bytes(data))
        return execution

    monkeypatch.setattr(rtl, "run", faulty)
    run = verify_network(zoo.lenet5(), pictures[:1], labels[:1], rtl.Simulation(seed=1))
    assert not run.passed
    assert "channel 2, line 3, column 7" in str(run.first_mismatch)
    assert [layer.mismatches for layer in run.layers] == [1, 0, 0, 0, 0]


def test_int8_accuracy(shared: Path) -> None:
    """98.8 % or better on MNIST's 10,000 test pictures, and at most 0.2 points under the float model."""
    import onnxruntime

    pictures, labels = datasets.mnist("t10k")
    scores = zoo.lenet5().golden_batch(pictures)
    int8 = 100 * np.mean(scores.reshape(len(labels), -1).argmax(1) == labels)
    session = onnxruntime.InferenceSession(str(zoo.FOLDER / "lenet5.onnx"))
    original = session.run(None, {"image": (pictures / 255).astype(np.float32)})[0]
    assert int8 >= 98.8
    assert int8 >= 100 * np.mean(original.argmax(1) == labels) - 0.2


def test_command_writes_result_and_rerun_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COCODLA_BUILD", str(tmp_path / "build"))
    outcome = CliRunner().invoke(cli.app, ["lenet", "--count", "1", "--seed", "3"])
    assert outcome.exit_code == 0, outcome.output
    result = json.loads((tmp_path / "build" / "lenet" / "result.json").read_text())
    assert result["passed"] and result["tensors_compared"] == 5
    assert "--seed 3" in (tmp_path / "build" / "lenet" / "rerun.sh").read_text()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["lenet", "--images", "absent.png"], "absent.png: no such file"),
        (["lenet", "--sim", "questa"], "unknown simulator 'questa'"),
        (["sim", "nothing"], "unknown block 'nothing'"),
        (["sim", "sdp", "--test", "nothing_like_this"], "no test matches"),
        (["traces", "absent"], "absent: no such folder"),
    ],
)
def test_wrong_use_ends_in_one_line(arguments: list[str], text: str) -> None:
    outcome = CliRunner().invoke(cli.app, arguments)
    assert outcome.exit_code == 2
    lines = outcome.stderr.strip().splitlines()
    assert len(lines) == 1 and text in lines[0], outcome.output
