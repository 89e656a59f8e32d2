"""Images, inputs and labels from files: folders of pictures, numpy arrays, IDX, CIFAR-10 binaries.

Bytes are pixels (0..255), anything else is taken as the model's own input.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from cocodla.datasets import read_idx
from cocodla.errors import UserError
from cocodla.formats.pixels import channels_first

if TYPE_CHECKING:
    from cocodla.compiler.quantisation.pixels import ImageSet

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".ppm", ".pgm", ".tif", ".tiff", ".webp")
MODES = {1: "L", 3: "RGB", 4: "RGBA"}
CIFAR_RECORD = 1 + 3 * 32 * 32
"""A label byte and a picture (channel, row, column)."""


class PictureFiles:
    """Picture files as an image set (batch, channels, height, width) of uint8; each is decoded when it is asked for."""

    def __init__(self, files: Sequence[Path], shape: tuple[int, ...], resize: bool = False) -> None:
        if len(shape) != 3 or shape[0] not in MODES:
            raise UserError(f"{files[0]}: pictures need an input of 1, 3 or 4 channels, the model takes {_text(shape)}")
        self.files = list(files)
        self.shape = (len(self.files), *shape)
        self.dtype: np.dtype[Any] = np.dtype(np.uint8)
        self.resize = resize

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: slice, /) -> np.ndarray:
        pictures = [self._decode(path) for path in self.files[index]]
        return np.stack(pictures) if pictures else np.zeros((0, *self.shape[1:]), np.uint8)

    def _decode(self, path: Path) -> np.ndarray:
        _, channels, height, width = self.shape
        try:
            with Image.open(path) as file:
                file.load()
                picture = _bytes_of(file, path)
                if picture.size != (width, height):
                    if not self.resize:
                        found = f"{picture.width} x {picture.height}"
                        raise UserError(f"{path}: a picture must be {width} x {height}, this is {found}")
                    values = picture.convert(MODES[channels]).resize((width, height), Image.Resampling.BILINEAR)
                else:
                    values = picture.convert(MODES[channels])
                array = np.asarray(values)
        except UnidentifiedImageError:
            raise UserError(f"{path}: not a picture") from None
        except (OSError, SyntaxError, ValueError) as error:  # what broken PNG, JPEG, ... files raise
            raise UserError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from None
        return array.reshape(height, width, channels).transpose(2, 0, 1)


class ArrayFiles:
    """Arrays (batch, *shape) of several files, one behind the other; only what is asked for is read from disk."""

    def __init__(self, arrays: Sequence[np.ndarray], files: Sequence[Path]) -> None:
        self.arrays = list(arrays)
        self.dtype: np.dtype[Any] = arrays[0].dtype
        for array, path in zip(arrays, files, strict=True):
            if (array.dtype == np.uint8) != (self.dtype == np.uint8):
                raise UserError(f"{path}: holds {array.dtype}, {files[0]} {self.dtype}: pixels (uint8) or model inputs")
        self.ends = np.cumsum([len(array) for array in arrays])
        self.shape = (int(self.ends[-1]), *arrays[0].shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: slice, /) -> np.ndarray:
        start, stop, _ = index.indices(len(self))
        firsts = self.ends - [len(array) for array in self.arrays]
        parts = [
            array[max(start - first, 0) : max(stop - first, 0)]
            for array, first in zip(self.arrays, firsts.tolist(), strict=True)
        ]
        return np.concatenate(parts)


def load_inputs(paths: Sequence[Path], parts: Sequence[tuple[str, tuple[int, ...]]]) -> dict[str, np.ndarray]:
    """Several inputs by name from an .npz file with an array of each; parts: names and shapes for one image.

    UserError for other files, and for arrays that are missing.
    """
    if len(paths) != 1 or paths[0].suffix != ".npz":
        names = ", ".join(name for name, _ in parts)
        raise UserError(f"{paths[0]}: the model has several inputs: one .npz file with arrays {names} is wanted")
    if not paths[0].is_file():
        raise UserError(f"{paths[0]}: no such file")
    try:
        with np.load(paths[0], allow_pickle=False) as archive:
            missing = [name for name, _ in parts if name not in archive.files]
            if missing:
                raise UserError(f"{paths[0]}: holds no array {missing[0]!r}, but {', '.join(archive.files) or 'none'}")
            return {name: np.asarray(archive[name]) for name, _ in parts}
    except UserError:
        raise
    except Exception as error:  # zip and zlib errors of a damaged archive
        raise UserError(f"{paths[0]}: not a numpy file ({error})") from None


def load_images(paths: Sequence[Path], shape: tuple[int, ...], resize: bool = False) -> ImageSet:
    """Inputs for a model of input `shape` from files of one kind, or from a folder.

    paths: picture files; a folder of pictures or of .npy files; one .npy, .npz (of one array), IDX (plain or gzip) or
    CIFAR-10 .bin file. resize: scale pictures to the input's size. UserError for a missing, unreadable or empty
    source and for a wrong size.
    """
    files = [file for path in paths for file in _expand(path)]
    if not files:
        raise UserError("no input files given" if not paths else f"{paths[0]}: no images in this folder")
    pictures = [file for file in files if file.suffix.lower() in PICTURES]
    if len(pictures) == len(files):
        return PictureFiles(files, shape, resize)
    if pictures:
        other = next(file for file in files if file not in pictures)
        raise UserError(f"{other}: not a picture as {pictures[0]} is; inputs are of one kind")
    arrays = [_fit(_array(file), shape, file) for file in files]
    return arrays[0] if len(arrays) == 1 else ArrayFiles(arrays, files)


def load_labels(path: Path, count: int, first: bool = False) -> np.ndarray:
    """Class numbers (count,) from an IDX, .npy, CIFAR-10 .bin or text file (whole numbers between blanks).

    first: there may be more; else UserError if there are not exactly `count`.
    """
    if not path.is_file():
        raise UserError(f"{path}: {'is a folder' if path.is_dir() else 'no such file'}")
    if path.suffix in (".txt", ".csv"):
        try:
            labels = np.array([int(word) for word in path.read_text().replace(",", " ").split()])
        except (ValueError, UnicodeDecodeError) as error:
            raise UserError(f"{path}: not a list of whole numbers ({error})") from None
    elif path.suffix == ".bin":
        labels = _cifar(path)[:, 0].astype(np.int64)
    else:
        labels = _array(path)
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise UserError(f"{path}: labels must be one whole number for each image, it holds {_text(labels.shape)} "
                        f"of {labels.dtype}")
    if len(labels) < count or (len(labels) > count and not first):
        raise UserError(f"{path}: {len(labels)} labels for {count} images")
    return labels[:count].astype(np.int64)


def _expand(path: Path) -> list[Path]:
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
        pictures = [file for file in files if file.suffix.lower() in PICTURES]
        return pictures or [file for file in files if file.suffix == ".npy"]
    if not path.exists():
        raise UserError(f"{path}: no such file or folder")
    return [path]


def _array(path: Path) -> np.ndarray:
    """The array in a file; .npy files stay on disk."""
    if path.suffix == ".bin":
        return _cifar(path)[:, 1:].reshape(-1, 3, 32, 32)
    if path.suffix not in (".npy", ".npz"):
        try:
            return read_idx(path)
        except UserError as error:
            raise UserError(f"{error}; known by their names are pictures, .npy, .npz and CIFAR-10 .bin") from None
    try:
        found = np.load(path, mmap_mode="r" if path.suffix == ".npy" else None, allow_pickle=False)
        return _only_array(found, path) if isinstance(found, np.lib.npyio.NpzFile) else found
    except UserError:
        raise
    except (OSError, ValueError, EOFError, IndexError) as error:
        raise UserError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from None
    except Exception as error:  # zip and zlib errors of a damaged archive
        raise UserError(f"{path}: not a numpy file ({error})") from None


def _only_array(archive: np.lib.npyio.NpzFile, path: Path) -> np.ndarray:
    """The array of an .npz file; which of several is meant nobody can tell."""
    if len(archive.files) != 1:
        names = f" ({', '.join(archive.files)})" if archive.files else ""
        raise UserError(f"{path}: holds {len(archive.files)} arrays{names}, exactly one is wanted")
    return np.asarray(archive[archive.files[0]])


def _bytes_of(picture: Image.Image, path: Path) -> Image.Image:
    """A picture of 8 bits a channel: of 16-bit grey the upper byte, as of 16-bit colours. UserError for wider ones."""
    if picture.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    if picture.mode in ("I", "F"):
        raise UserError(f"{path}: a picture must have 8 or 16 bits a channel, this one has 32 (mode {picture.mode})")
    return picture


def _cifar(path: Path) -> np.ndarray:
    data = np.fromfile(path, np.uint8)
    if not data.size or data.size % CIFAR_RECORD:
        raise UserError(f"{path}: {data.size} bytes are no whole number of CIFAR-10 records of {CIFAR_RECORD}")
    return data.reshape(-1, CIFAR_RECORD)


def _fit(array: np.ndarray, shape: tuple[int, ...], path: Path) -> np.ndarray:
    """The array as (batch, *shape), channels in front; a missing batch or single-channel axis is added."""
    array = channels_first(array, tuple(shape))
    if array.shape == shape:
        return array[None]
    if array.shape[1:] == shape[1:] and array.ndim == len(shape) and shape[0] == 1:
        return array[:, None]
    if array.ndim != len(shape) + 1 or array.shape[1:] != tuple(shape):
        raise UserError(f"{path}: holds {_text(array.shape)}, the network takes N x {_text(shape)}")
    if not len(array):
        raise UserError(f"{path}: holds no images")
    return array


def _text(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "a single number"
