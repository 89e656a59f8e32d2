"""What is wrong with labels and targets is known before images run."""

from __future__ import annotations

from pathlib import Path

import pytest

from cocodla.compiler import Network

from .conftest import complaint


def test_labels_are_read_before_the_images_run(
    compiled: Path, digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken, too few, and of too many classes: all known after at most one batch."""
    batches = []
    run = Network.golden_batch
    monkeypatch.setattr(Network, "golden_batch", lambda *given: batches.append(1) or run(*given))
    for text, words, most in (("x", "whole numbers", 0), ("1 2", "2 labels", 0), ("11 " * 300, "10 outputs", 1)):
        (tmp_path / "l.txt").write_text(text)
        given = ["accuracy", compiled, "--images", digits / "digits.npy", "--labels", tmp_path / "l.txt"]
        batches.clear()
        assert words in complaint(*given)
        assert len(batches) <= most


@pytest.mark.parametrize("name", ["x.txt", "x", "x.csv", "x.npy.gz"])
def test_outputs_are_named_as_what_they_are(name: str, compiled: Path, digits: Path, tmp_path: Path) -> None:
    line = complaint("run", compiled, "--input", digits / "png", "-o", tmp_path / name)
    assert "outputs are written as .npz or .npy" in line and not (tmp_path / name).exists()
