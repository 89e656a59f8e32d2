"""Images, inputs and labels from files: folders of pictures, numpy arrays, IDX, CIFAR-10 binaries.

Bytes are pixels (0..255), anything else is taken as the model's own input.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cocodla.errors import UserError
from cocodla.files.arrays import read_cifar, read_idx, read_npy, read_npz
from cocodla.files.inputs import read_input
from cocodla.files.pictures import SUFFIXES, PictureFiles
from cocodla.formats.pixels import channels_first

if TYPE_CHECKING:
    from cocodla.compiler.quantisation.pixels import ImageSet

MOST_TEXT = 8 << 20
"""Bytes of a text file of labels: some million."""


class ArrayFiles:
    """Arrays (batch, *shape) of several files, one behind the other.

    Each is opened when it is asked for: there may be more files than a process may have open, or than fit in memory.
    """

    def __init__(self, files: Sequence[Path], shape: tuple[int, ...]) -> None:
        self.files = list(files)
        self._inner = shape
        self._kept = 0, self._open(0)
        self.dtype: np.dtype[Any] = self._kept[1].dtype
        counts = []
        for number, path in enumerate(files):
            array = self._open(number)
            if (array.dtype == np.uint8) != (self.dtype == np.uint8):
                raise UserError(f"{path}: holds {array.dtype}, {files[0]} {self.dtype}: pixels (uint8) or model inputs")
            counts.append(len(array))
        self.ends = np.cumsum(counts)
        self.shape = (int(self.ends[-1]), *self._kept[1].shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: slice, /) -> np.ndarray:
        start, stop, _ = index.indices(len(self))
        first, last = np.searchsorted(self.ends, [start, stop - 1], side="right").tolist()
        parts = [np.zeros((0, *self.shape[1:]), self.dtype)]
        for number in range(first, min(last + 1, len(self.files)) if start < stop else first):
            if self._kept[0] != number:
                self._kept = number, self._open(number)
            array = self._kept[1]
            before = int(self.ends[number]) - len(array)
            parts.append(np.array(array[max(start - before, 0) : stop - before]))  # a copy: the file is closed
        return np.concatenate(parts)

    def _open(self, number: int) -> np.ndarray:
        return _fit(_array(self.files[number]), self._inner, self.files[number])


def load_inputs(paths: Sequence[Path], parts: Sequence[tuple[str, tuple[int, ...]]]) -> dict[str, np.ndarray]:
    """Several inputs by name from an .npz file with an array of each; parts: names and shapes for one image.

    UserError for other files, and for arrays that are missing.
    """
    if len(paths) != 1 or paths[0].suffix != ".npz":
        names = ", ".join(name for name, _ in parts)
        raise UserError(f"{paths[0]}: the model has several inputs: one .npz file with arrays {names} is wanted")
    arrays = read_npz(paths[0])
    missing = [name for name, _ in parts if name not in arrays]
    if missing:
        raise UserError(f"{paths[0]}: holds no array {missing[0]!r}, but {_names(arrays) or 'none'}")
    return {name: arrays[name] for name, _ in parts}


def load_images(paths: Sequence[Path], shape: tuple[int, ...], resize: bool = False) -> ImageSet:
    """Inputs for a model of input `shape` from files of one kind, or from a folder.

    paths: picture files; a folder of pictures or of .npy files; one .npy, .npz (of one array), IDX (plain or gzip) or
    CIFAR-10 .bin file. resize: scale pictures to the input's size. UserError for a missing, unreadable or empty
    source and for a wrong size.
    """
    files = [file for path in paths for file in _expand(path)]
    if not files:
        raise UserError("no input files given" if not paths else f"{paths[0]}: no images in this folder")
    pictures = [file for file in files if file.suffix.lower() in SUFFIXES]
    if len(pictures) == len(files):
        return PictureFiles(files, shape, resize)
    if pictures:
        other = next(file for file in files if file not in pictures)
        raise UserError(f"{other}: not a picture as {pictures[0]} is; inputs are of one kind")
    return _fit(_array(files[0]), shape, files[0]) if len(files) == 1 else ArrayFiles(files, shape)


def read_labels(path: Path) -> np.ndarray:
    """Class numbers from an IDX, .npy, .npz, CIFAR-10 .bin or text file (whole numbers between blanks or commas)."""
    if path.suffix in (".txt", ".csv"):
        try:
            labels = np.array([int(word) for word in _text_of(path).replace(",", " ").split()])
        except ValueError as error:
            raise UserError(f"{path}: not a list of whole numbers ({str(error)[:120]})") from None
    elif path.suffix == ".bin":
        labels = read_cifar(path)[:, 0].astype(np.int64)
    else:
        labels = _array(path)
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise UserError(f"{path}: labels must be one whole number for each image, it holds {_text(labels.shape)} "
                        f"of {labels.dtype}")
    return labels


def load_labels(path: Path, count: int, first: bool = False) -> np.ndarray:
    """Class numbers (count,) from a file (see `read_labels`). first: there may be more; else UserError if there are."""
    return labels_for(read_labels(path), path, count, first)


def labels_for(labels: np.ndarray, path: Path, count: int, first: bool = False) -> np.ndarray:
    """The labels of so many images. first: there may be more; else UserError if there are not exactly `count`."""
    if len(labels) < count or (len(labels) > count and not first):
        raise UserError(f"{path}: {len(labels)} labels for {count} images")
    return labels[:count].astype(np.int64)


def _text_of(path: Path) -> str:
    return read_input(path, MOST_TEXT).decode("utf-8-sig")


def _expand(path: Path) -> list[Path]:
    """The file, or the pictures of a folder, or the arrays where it has no pictures."""
    if not path.is_dir():
        return [path]
    try:
        files = sorted(file for file in path.iterdir() if not file.name.startswith(".") and not file.is_dir())
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from None
    pictures = [file for file in files if file.suffix.lower() in SUFFIXES]
    return pictures or [file for file in files if file.suffix == ".npy"]


def _array(path: Path) -> np.ndarray:
    """The array in a file; of files that are not packed it stays on disk."""
    match path.suffix:
        case ".npy":
            return read_npy(path)
        case ".npz":
            arrays = read_npz(path)
            if len(arrays) != 1:  # which of several is meant nobody can tell
                named = f" ({_names(arrays)})" if arrays else ""
                raise UserError(f"{path}: holds {len(arrays)} arrays{named}, exactly one is wanted")
            return next(iter(arrays.values()))
        case ".bin":
            return read_cifar(path)[:, 1:].reshape(-1, 3, 32, 32)
    try:
        return read_idx(path)
    except UserError as error:
        known = "; known by their names are pictures, .npy, .npz and CIFAR-10 .bin"
        raise UserError(f"{error}{known if 'not an IDX' in str(error) else ''}") from None


def _names(arrays: Iterable[str]) -> str:
    return ", ".join(name[:40] for name in islice(arrays, 10))


def _fit(array: np.ndarray, shape: tuple[int, ...], path: Path) -> np.ndarray:
    """The array as (batch, *shape), channels in front; a missing batch or single-channel axis is added."""
    array = channels_first(array, tuple(shape))
    if array.shape == shape:
        return array[None]
    if array.shape[1:] == shape[1:] and array.ndim == len(shape) and shape[0] == 1:
        return array[:, None]
    if array.ndim != len(shape) + 1 or array.shape[1:] != tuple(shape):
        raise UserError(f"{path}: holds {_text(array.shape)}, the network takes N x {_text(shape)}")
    return array


def _text(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "a single number"
