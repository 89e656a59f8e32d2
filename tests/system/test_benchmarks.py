"""The benchmarks run, and check what they measure."""

from __future__ import annotations

import importlib.util
import re
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import typer
from PIL import Image

from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.compiler.prediction import predict_network
from cocodla.errors import UserError
from cocodla.latency import MemoryTiming
from cocodla.nets.builder import Builder
from cocodla.nets.yolo import yolo_v2
from cocodla.report.efficiency import together, uses_of
from cocodla.runtime.rtl import Simulation

FOLDER = Path(__file__).resolve().parent.parent.parent / "benchmarks"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_golden_speed_checks_itself(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    module = load("golden_speed")
    module.main(images=40, check=8)
    assert "8 images equal" in capsys.readouterr().out
    genuine = Network.golden_batch
    monkeypatch.setattr(Network, "golden_batch", lambda self, images: np.flip(genuine(self, images), 1))
    with pytest.raises(typer.Exit):
        module.main(images=8, check=4)


def test_golden_against_onnxruntime_shows_both_times(capsys: pytest.CaptureFixture[str]) -> None:
    load("golden_against_onnxruntime").main(images=2, repeats=1, only="mobile 32x32")
    assert re.search(r"mobile 32x32 +\d+ +[\d.]+ +[\d.]+ \( *[\d.]+x\) +[\d.]+ \( *[\d.]+x\)", capsys.readouterr().out)


def test_yolo_stands_beside_the_published_machine(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    module = load("yolo")
    builder = Builder((3, 64, 64), 1, batch=1)
    images = np.random.default_rng(1).integers(0, 256, (2, 3, 64, 64), dtype=np.uint8)
    options = CompileOptions(effort="fast", pixel_scale=1 / 255, images_in_flight=1)
    network = compile_model(yolo_v2(builder, narrow=16).save(tmp_path / "m.onnx"), images, options)
    network.save(tmp_path / "network.dla")
    module.show(tmp_path / "network.dla")
    shown = capsys.readouterr().out
    cycles = sum(predict_network(network, MemoryTiming()).alone)
    assert f"{cycles:,}" in shown and f"{cycles / 150_000:,.2f}" in shown and "977 ms" not in shown
    whole = replace(together("all", uses_of(network)), macs=14_732_100_000, cycles=300_000_000)
    here = list(module.machines(whole).columns[2].cells)
    assert "2,000 ms" in here and f"{14_732.1 / 64 / 300:.1%}" in here
    (tmp_path / "look").mkdir()
    Image.fromarray(images[0].transpose(1, 2, 0)).save(tmp_path / "look" / "0.png")
    with pytest.raises(typer.Exit) as done:
        module.rtl(tmp_path, ["spacetodepth68", "conv73"], 1)
    shown = capsys.readouterr().out
    assert done.value.exit_code == 0 and shown.count("equal") == 2
    with pytest.raises(UserError, match="has no layer 'conv1'"):
        module.rtl(tmp_path, ["conv1"], 1)


def test_vgg_is_held_against_what_is_asked(tmp_path: Path) -> None:
    """Small maps leave multipliers idle: not what is asked."""
    module = load("vgg_efficiency")
    builder = Builder((8, 6, 6), 1, batch=1).conv(16, (3, 3)).node("Relu").gemm(256, 24)
    images = np.random.default_rng(1).normal(size=(2, 8, 6, 6)).astype(np.float32)
    model = builder.save(tmp_path / "m.onnx")
    network = compile_model(model, images, CompileOptions(effort="fast"))
    table, right = module.summary(network, {4: uses_of(network)})
    assert not right and list(table.columns[-1].cells)[:2].count("NO") >= 1
    (run,) = module.measured(network, "small", ("conv0",), 1)
    assert run.failure == "" and run.cycles > run.use.bound


def test_dram_tells_mean_and_worst_error_of_the_whole_model(capsys: pytest.CaptureFixture[str]) -> None:
    module = load("dram")
    terms = len(module.TERMS)
    rows = [("a", 100.0, [150] * (terms - 1) + [102]), ("b", 200.0, [150] * (terms - 1) + [188])]
    assert module.error_table("layers", rows) == pytest.approx((0.04, 0.06))
    assert "-6.00%" in capsys.readouterr().out


def test_dram_keeps_what_it_measured_of_a_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    module = load("dram")
    runs: list[str] = []

    def verify(network: Network, images: np.ndarray, labels: np.ndarray, simulation: Simulation) -> SimpleNamespace:
        runs.append(network.name)
        return SimpleNamespace(passed=True, cycles_per_image=123.5)

    monkeypatch.setattr(module, "verify_network", verify)
    monkeypatch.setattr(module.project, "build", lambda: tmp_path)
    (net,) = module.nets_of("^residual$")
    network = module.compiled(net)
    for memory, images, expected in [
        ("ddr3_1066_x32", 2, 1), ("ddr3_1066_x32", 2, 1), ("lpddr4_3200_x16", 2, 2), ("ddr3_1066_x32", 3, 3),
    ]:  # fmt: skip
        assert module.image_cycles(net, network, memory, images) == 123.5
        assert len(runs) == expected
