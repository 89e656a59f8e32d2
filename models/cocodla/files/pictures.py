"""Pictures from files of others: what a file says of its size and kind is judged before it is decoded."""

from __future__ import annotations

import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from cocodla.errors import UserError
from cocodla.files.inputs import check_size, open_input

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".ppm", ".pgm", ".tif", ".tiff", ".webp")
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "PPM", "TIFF", "WEBP")
"""Others that Pillow knows run programs, or read more than one picture."""
MODES = {1: "L", 3: "RGB", 4: "RGBA"}
MOST_PIXELS = 1 << 26

logging.getLogger("PIL").addHandler(logging.NullHandler())  # else some complaints appear beside the line of ours


class PictureFiles:
    """Picture files as an image set (batch, channels, height, width) of uint8; each is decoded when it is asked for.

    UserError at once for a file that is no picture, or one that does not fit.
    """

    def __init__(self, files: Sequence[Path], shape: tuple[int, ...], resize: bool = False) -> None:
        if len(shape) != 3 or shape[0] not in MODES:
            takes = " x ".join(map(str, shape))
            raise UserError(f"{files[0]}: pictures need an input of 1, 3 or 4 channels, the model takes {takes}")
        self.files = list(files)
        self.shape = (len(self.files), *shape)
        self.dtype: np.dtype[Any] = np.dtype(np.uint8)
        self.resize = resize
        for path in self.files:
            with _opened(path) as picture:
                self._check(picture, path)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: slice, /) -> np.ndarray:
        pictures = [self._decode(path) for path in self.files[index]]
        return np.stack(pictures) if pictures else np.zeros((0, *self.shape[1:]), np.uint8)

    def _check(self, picture: Image.Image, path: Path) -> None:
        _, _, height, width = self.shape
        if picture.size != (width, height) and not self.resize:
            found = f"{picture.width} x {picture.height}"
            raise UserError(f"{path}: a picture must be {width} x {height}, this is {found}")

    def _decode(self, path: Path) -> np.ndarray:
        _, channels, height, width = self.shape
        with _opened(path) as picture:
            self._check(picture, path)
            values = _loaded(picture).convert(MODES[channels])
            if values.size != (width, height):
                values = values.resize((width, height), Image.Resampling.BILINEAR)
            return np.asarray(values).reshape(height, width, channels).transpose(2, 0, 1)


def read_picture(path: Path, channels: int = 3) -> Image.Image:
    """A picture in its own size, as grey, colours (3 channels) or RGBA of 8 bits. UserError for a file that is none."""
    with _opened(path) as picture:
        return _loaded(picture).convert(MODES[channels])


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """A picture whose header has been read and judged; whatever is wrong with it, then or later, is a UserError."""
    with open_input(path) as raw, warnings.catch_warnings():
        file = io.BufferedReader(raw)  # type: ignore[type-var]
        check_size(path, file.seek(0, io.SEEK_END))
        file.seek(0)
        warnings.simplefilter("ignore")  # what it says of metadata does not matter
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(file, formats=FORMATS) as picture:
                _judge(picture, path)
                yield picture
        except UserError:
            raise
        except UnidentifiedImageError:
            raise UserError(f"{path}: not a picture ({', '.join(FORMATS)})") from None
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise UserError(f"{path}: a picture of more than {MOST_PIXELS:,} pixels; no larger are taken") from None
        except Exception as error:  # a broken PNG, JPEG, ... file may raise anything
            reason = getattr(error, "strerror", None) or error or type(error).__name__
            raise UserError(f"{path}: cannot be read ({reason})") from None


@contextmanager
def _silent() -> Iterator[None]:
    """libtiff writes what it thinks of a file to the error output, past Python: beside the one line of ours."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _judge(picture: Image.Image, path: Path) -> None:
    if picture.width * picture.height > MOST_PIXELS:
        size = f"{picture.width} x {picture.height}"
        raise UserError(f"{path}: a picture of {size}; at most {MOST_PIXELS:,} pixels are taken")
    if picture.mode in ("I", "F"):
        raise UserError(f"{path}: a picture must have 8 or 16 bits a channel, this one has 32 (mode {picture.mode})")
    if getattr(picture, "is_animated", False) and picture.format in FORMATS:  # MPO: a photo and its previews
        raise UserError(f"{path}: holds several pictures (it is animated or has pages), one is wanted")


def _loaded(picture: Image.Image) -> Image.Image:
    """The decoded picture, of 8 bits a channel."""
    with _silent() if picture.format == "TIFF" else nullcontext():
        picture.load()
    return _plain(picture)


def _plain(picture: Image.Image) -> Image.Image:
    """A picture of 8 bits a channel: of 16-bit grey the upper byte, as of 16-bit colours; a palette as its colours."""
    if picture.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    if picture.mode == "P" and "transparency" in picture.info:
        return picture.convert("RGBA")
    return picture
