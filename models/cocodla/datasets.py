"""Handwritten digits to run a network on: IDX files, PNG pictures, MNIST where found, else those of scikit-learn."""

from __future__ import annotations

import gzip
import os
import secrets
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from cocodla.errors import UserError
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
        images, labels = _from_files(files)
        source = f"{len(images)} pictures of {files[0]}" + (" and others" if len(files) > 1 else "")
    elif (shared_folder() / "data" / "mnist").is_dir():
        images, labels = mnist("t10k")
        source = "MNIST test pictures"
    else:
        images, labels = sklearn_digits()
        source = "scikit-learn's handwritten digits, scaled to 28 x 28"
    if count < len(images):
        pick = np.sort(np.random.default_rng(seed).choice(len(images), count, replace=False))
        images, labels = images[pick], labels[pick]
    return Digits(images, labels, source, seed)


def sklearn_digits() -> tuple[np.ndarray, np.ndarray]:
    """scikit-learn's 1,797 digits of 8 x 8, scaled to 20 x 20 in the middle of 28 x 28, as MNIST has them."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    pictures = np.zeros((len(bunch.images), 1, SIDE, SIDE), np.uint8)
    for picture, small in zip(pictures, bunch.images, strict=True):
        scaled = Image.fromarray((small * 255 / 16).astype(np.uint8)).resize((20, 20), Image.Resampling.BICUBIC)
        picture[0, 4:24, 4:24] = np.asarray(scaled)
    return pictures, bunch.target.astype(np.int64)


def _from_files(files: list[Path]) -> tuple[np.ndarray, np.ndarray]:
    parts = [_digits_from_idx(path) if _is_idx(path) else _digit_from_picture(path) for path in files]
    return np.concatenate([images for images, _ in parts]), np.concatenate([labels for _, labels in parts])


def _read(path: Path) -> bytes:
    """Content of a file, decompressed if it is gzip."""
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path}: cannot be read: {reason}") from None


def _is_idx(path: Path) -> bool:
    return "idx" in path.name or _read(path)[:2] == b"\0\0"


def read_idx(path: Path) -> np.ndarray:
    """Array of unsigned bytes in an IDX file (plain or gzip). Raises UserError if it is none."""
    raw = _read(path)
    if len(raw) < 4 or raw[:3] != b"\0\0\x08" or len(raw) < 4 + 4 * raw[3]:
        raise UserError(f"{path}: not an IDX file of unsigned bytes")
    shape = [int.from_bytes(raw[4 + 4 * i : 8 + 4 * i], "big") for i in range(raw[3])]
    body = raw[4 + 4 * len(shape) :]
    if len(body) != int(np.prod(shape)):
        raise UserError(f"{path}: header promises {int(np.prod(shape))} bytes, there are {len(body)}")
    return np.frombuffer(body, np.uint8).reshape(shape)


def _digits_from_idx(path: Path) -> tuple[np.ndarray, np.ndarray]:
    images = read_idx(path)
    if images.ndim != 3 or images.shape[1:] != (SIDE, SIDE):
        raise UserError(f"{path}: pictures must be {SIDE} x {SIDE}, the file holds {images.shape}")
    labels = np.full(len(images), NO_LABEL, np.int64)
    beside = path.with_name(path.name.replace("images-idx3", "labels-idx1"))
    if beside != path and beside.exists():
        labels = read_idx(beside).astype(np.int64)
        if labels.shape != (len(images),):
            raise UserError(f"{beside}: {labels.shape} labels for {len(images)} pictures")
    return images[:, None], labels


def _digit_from_picture(path: Path) -> tuple[np.ndarray, np.ndarray]:
    try:
        with Image.open(path) as picture:
            grey = np.asarray(picture.convert("L"))
    except UnidentifiedImageError:
        raise UserError(f"{path}: neither an IDX file nor a picture") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from None
    if grey.shape != (SIDE, SIDE):
        raise UserError(f"{path}: a picture must be {SIDE} x {SIDE}, this is {grey.shape[1]} x {grey.shape[0]}")
    return grey[None, None], np.array([NO_LABEL])
