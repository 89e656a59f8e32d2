"""The benchmarks run, and check what they measure."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import typer

from cocodla.compiler import Network

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
