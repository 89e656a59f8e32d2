"""The benchmarks run, and check what they measure."""

from __future__ import annotations

import importlib.util
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
