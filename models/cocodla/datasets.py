"""Handwritten digits to run a network on: IDX files, PNG pictures, MNIST where found, else those of scikit-learn."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from cocodla.errors import UserError
from cocodla.files.arrays import GZIP, read_idx
from cocodla.files.inputs import open_input
from cocodla.files.pictures import PictureFiles
from cocodla.sim import project

SIDE = 28
"""Width and height of a digit picture in pixels."""

NO_LABEL = -1


@dataclass(frozen=True)
class Digits:
    """Pictures of digits. images: uint8 N x 1 x 28 x 28, strokes bright on black. labels: N, -1 where unknown."""

    images: np.ndarray
    labels: np.ndarray
    source: str
    seed: int


def shared_folder() -> Path:
    """The folder of material that is not part of the project (COCODLA_SHARED, else ../shared); it may be absent."""
    return Path(os.environ.get("COCODLA_SHARED") or project.root().parent / "shared")


def mnist(split: str) -> tuple[np.ndarray, np.ndarray]:
    """All MNIST pictures (uint8 N x 1 x 28 x 28) and labels (N) of `train` or `t10k`.

    Raises UserError where the files are absent.
    """
    images = shared_folder() / "data" / "mnist" / f"{split}-images-idx3-ubyte.gz"
    return _digits_from_idx(images)


def digits(files: list[Path], count: int, seed: int | None = None) -> Digits:
    """`count` digits from `files`, or from MNIST's test pictures, or from scikit-learn.

    files: IDX files of pictures (labels are taken from the file beside them, if there is one), or PNG pictures
    of 28 x 28. Where there are more pictures than `count`, `seed` picks; it is drawn where none is given.
    Raises UserError for a missing or unreadable file and for a wrong picture size.
    """
    seed = secrets.randbelow(2**31) if seed is None else seed
    if files:
        parts = _from_files(files)
        total = sum(len(images) for images, _ in parts)
        source = f"{total} pictures of {files[0]}" + (" and others" if len(files) > 1 else "")
    elif (shared_folder() / "data" / "mnist").is_dir():
        parts = [mnist("t10k")]
        source = "MNIST test pictures"
    else:
        parts = [sklearn_digits()]
        source = "scikit-learn's handwritten digits, scaled to 28 x 28"
    total = sum(len(images) for images, _ in parts)
    if count < total:
        pick = np.sort(np.random.default_rng(seed).choice(total, count, replace=False))
    else:
        pick = np.arange(total)
    return Digits(*_picked(parts, pick), source, seed)


def _picked(parts: list[tuple[np.ndarray, np.ndarray]], pick: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pictures and labels of these numbers, counted through all parts; only they are read."""
    ends = np.cumsum([len(images) for images, _ in parts])
    places = [pick[(end - len(images) <= pick) & (pick < end)] - end + len(images)
              for (images, _), end in zip(parts, ends, strict=True)]
    chosen = [(images[place], labels[place]) for (images, labels), place in zip(parts, places, strict=True)]
    return np.concatenate([images for images, _ in chosen]), np.concatenate([labels for _, labels in chosen])


def sklearn_digits() -> tuple[np.ndarray, np.ndarray]:
    """scikit-learn's 1,797 digits of 8 x 8, scaled to 20 x 20 in the middle of 28 x 28, as MNIST has them."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    pictures = np.zeros((len(bunch.images), 1, SIDE, SIDE), np.uint8)
    for picture, small in zip(pictures, bunch.images, strict=True):
        scaled = Image.fromarray((small * 255 / 16).astype(np.uint8)).resize((20, 20), Image.Resampling.BICUBIC)
        picture[0, 4:24, 4:24] = np.asarray(scaled)
    return pictures, bunch.target.astype(np.int64)


def _from_files(files: list[Path]) -> list[tuple[np.ndarray, np.ndarray]]:
    return [_digits_from_idx(path) if _is_idx(path) else _digit_from_picture(path) for path in files]


def _is_idx(path: Path) -> bool:
    with open_input(path) as file:
        return "idx" in path.name or file.read(2) in (GZIP, b"\0\0")


def _digits_from_idx(path: Path) -> tuple[np.ndarray, np.ndarray]:
    images = read_idx(path)
    if images.ndim != 3 or images.shape[1:] != (SIDE, SIDE):
        raise UserError(f"{path}: pictures must be {SIDE} x {SIDE}, the file holds {images.shape}")
    labels = np.full(len(images), NO_LABEL, np.int64)
    beside = path.with_name(path.name.replace("images-idx3", "labels-idx1"))
    if beside != path and beside.exists():
        found = read_idx(beside)
        if found.shape != (len(images),):
            raise UserError(f"{beside}: {found.shape} labels for {len(images)} pictures")
        labels = found.astype(np.int64)
    return images[:, None], labels


def _digit_from_picture(path: Path) -> tuple[np.ndarray, np.ndarray]:
    return PictureFiles([path], (1, SIDE, SIDE))[:], np.array([NO_LABEL])
