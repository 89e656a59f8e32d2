"""cocodla finetune: what it says where it cannot."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from tests.cli.conftest import complaint, invoke
from tests.prune.nets import chain, pictures

from cocodla.compiler import CompileOptions, compile_model
from cocodla.compiler.frontend import pixel_meaning
from cocodla.errors import UserError


@pytest.fixture
def calib(tmp_path: Path) -> Path:
    np.save(tmp_path / "calib.npy", pictures(24))
    return tmp_path / "calib.npy"


@pytest.fixture
def net(tmp_path: Path) -> Path:
    return chain().save(tmp_path / "net.onnx")


def test_without_torch_it_says_what_to_install(net: Path, calib: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert "pip install 'cocodla[train]'" in complaint("finetune", net, "--calib", calib)
    assert not net.with_suffix(".tuned.onnx").exists()


def test_what_does_not_go_together(net: Path, calib: Path, tmp_path: Path) -> None:
    assert "no calibration data" in complaint("finetune", net)
    assert "--rate is a share above 0" in complaint("finetune", net, "--calib", calib, "--rate", 0)
    assert "overwritten" in complaint("finetune", net, "--calib", calib, "-o", net)
    assert "both the tuned model and the report" in complaint(
        "finetune", net, "--calib", calib, "-o", tmp_path / "x", "--report", tmp_path / "x"
    )
    outcome = invoke("finetune", net, "--calib", calib, "--weight-bits", 9)
    assert outcome.exit_code == 2 and "'9' is not a whole number from 2 to 8" in outcome.output


def test_models_tell_what_a_pixel_means(net: Path, tmp_path: Path) -> None:
    model = onnx.load(net)
    pixel_meaning.write(model, [0.5, 1.0, 2.0], [-1.0, 0.0, 3.0])
    onnx.save(model, tmp_path / "told.onnx")
    images = np.random.default_rng(0).integers(0, 256, (8, 3, 8, 8), dtype=np.uint8)
    found = compile_model(tmp_path / "told.onnx", images, CompileOptions(effort="fast")).input
    assert (found.pixel_scale, found.pixel_offset) == ((0.5, 1.0, 2.0), (-1.0, 0.0, 3.0))
    found = compile_model(tmp_path / "told.onnx", images, CompileOptions(effort="fast", pixel_scale=0.25)).input
    assert (found.pixel_scale, found.pixel_offset) == ((0.25,) * 3, (0.0,) * 3)


@pytest.mark.parametrize("text", ["nonsense", "[1]", '[["a"], [0]]', "[[1, 2], [0]]"])
def test_meanings_that_are_none(text: str, net: Path, tmp_path: Path) -> None:
    model = onnx.load(net)
    model.metadata_props.add(key=pixel_meaning.PROPERTY, value=text)
    onnx.save(model, tmp_path / "told.onnx")
    with pytest.raises(UserError, match=r"cocodla\.pixels|pixel_scale"):
        compile_model(tmp_path / "told.onnx", pictures(8), CompileOptions(effort="fast"))
