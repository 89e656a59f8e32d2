"""Inputs from several files, and what of them is in memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cocodla import zoo
from cocodla.compiler import CompileOptions, compile_model
from cocodla.errors import UserError
from cocodla.files.images import load_images

SHAPE = (3, 4, 5)


def write(folder: Path, counts: list[int], kind: type = np.float32) -> np.ndarray:
    """Files 0.npy, 1.npy, ... of so many images; all of them."""
    whole = np.arange(sum(counts) * 60).reshape(-1, *SHAPE).astype(kind)
    for number, part in enumerate(np.split(whole, np.cumsum(counts)[:-1])):
        np.save(folder / f"{number}.npy", part)
    return whole


def test_slices_of_a_folder_of_arrays(tmp_path: Path) -> None:
    whole = write(tmp_path, [3, 1, 5, 2])
    images = load_images([tmp_path], SHAPE)
    assert images.shape == whole.shape and len(images) == 11 and images.dtype == np.float32
    for start in range(12):
        for stop in range(start, 13):
            np.testing.assert_array_equal(images[start:stop], whole[start:stop])
    np.testing.assert_array_equal(images[:], whole)
    np.testing.assert_array_equal(images[-2:], whole[-2:])


def test_pixels_and_model_inputs_do_not_mix(tmp_path: Path) -> None:
    write(tmp_path, [2, 2])
    np.save(tmp_path / "2.npy", np.zeros((1, *SHAPE), np.uint8))
    with pytest.raises(UserError, match=r"2.npy: holds uint8, .*0.npy float32"):
        load_images([tmp_path], SHAPE)


class Endless:
    """As many random pictures as one likes, made when they are asked for."""

    dtype: np.dtype[Any] = np.dtype(np.float32)

    def __init__(self, count: int) -> None:
        self.shape = (count, 1, 28, 28)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: slice, /) -> np.ndarray:
        start, stop, _ = index.indices(len(self))
        return np.random.default_rng(start).uniform(0, 1, (stop - start, *self.shape[1:])).astype(np.float32)


@pytest.mark.parametrize("calibrator", ["minmax", "entropy"])
def test_memory_does_not_grow_with_the_calibration_data(calibrator: Any) -> None:
    options = CompileOptions(calibrator=calibrator, equalise=True, bias_correction=True)
    peaks = []
    for count in (64, 256, 1024):
        tracemalloc.start()
        compile_model(zoo.FOLDER / "lenet5.onnx", Endless(count), options)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < 1.05 * peaks[1], peaks
