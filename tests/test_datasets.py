"""Digit pictures from IDX, PNG and scikit-learn, and what bad files say."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cocodla import datasets
from cocodla.errors import UserError


def write_idx(path: Path, array: np.ndarray) -> Path:
    header = b"\0\0\x08" + bytes([array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    raw = header + array.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return path


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_idx_with_labels(tmp_path: Path, suffix: str) -> None:
    rng = np.random.default_rng(1)
    pictures = rng.integers(0, 256, (5, 28, 28))
    file = write_idx(tmp_path / f"my-images-idx3-ubyte{suffix}", pictures)
    write_idx(tmp_path / f"my-labels-idx1-ubyte{suffix}", np.arange(5))
    digits = datasets.digits([file], 10)
    assert np.array_equal(digits.images[:, 0], pictures)
    assert list(digits.labels) == [0, 1, 2, 3, 4]


def test_pictures_without_labels(tmp_path: Path) -> None:
    picture = np.arange(784, dtype=np.uint8).reshape(28, 28)
    Image.fromarray(picture).save(tmp_path / "a.png")
    digits = datasets.digits([tmp_path / "a.png"], 1)
    assert np.array_equal(digits.images[0, 0], picture)
    assert list(digits.labels) == [datasets.NO_LABEL]


def test_seed_repeats_the_choice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COCODLA_SHARED", str(tmp_path))
    first, again, other = (datasets.digits([], 20, seed=s) for s in (7, 7, 8))
    assert first.source.startswith("scikit-learn")
    assert np.array_equal(first.images, again.images)
    assert not np.array_equal(first.images, other.images)
    assert first.images.shape == (20, 1, 28, 28) and first.images.max() > 200


def test_wrong_files_are_named(tmp_path: Path) -> None:
    Image.new("L", (32, 28)).save(tmp_path / "wide.png")
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "cut-images-idx3.gz").write_bytes(gzip.compress(b"\0\0\x08\x03" + bytes(12))[:-3])
    write_idx(tmp_path / "small-images-idx3", np.zeros((2, 27, 28)))
    short = write_idx(tmp_path / "short-images-idx3", np.zeros((2, 28, 28)))
    short.write_bytes(short.read_bytes()[:-1])
    for name, rule in {
        "absent.png": "no such file",
        "wide.png": "must be 28 x 28, this is 32 x 28",
        "text.png": "not a picture",
        "cut-images-idx3.gz": "damaged gzip data",
        "small-images-idx3": "must be 28 x 28",
        "short-images-idx3": "promises",
    }.items():
        with pytest.raises(UserError, match=rule) as caught:
            datasets.digits([tmp_path / name], 1)
        assert name in str(caught.value) and "\n" not in str(caught.value)
