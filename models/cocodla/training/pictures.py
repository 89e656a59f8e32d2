"""Pictures to learn from, where few are at hand: varied ones, and crops of photographs.

A network that learns what another one says (distillation) needs no labels, and hardly pictures of its own kind: what
matters is that they are many. A few photographs have many crops.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cocodla.errors import UserError
from cocodla.files.pictures import MODES, read_picture

UNKNOWN = -1
"""Class of a picture that nobody has told."""
COLOURS = 3
SMALLEST_CROP = 24
"""Pixels of a photograph that a crop is made of, along each side, at least."""
LARGEST = 32
"""Times the extent of the input that a photograph has along each side, at most. Larger ones are made smaller first:
parts of them as small as SMALLEST_CROP would show nothing."""


def varied(images: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Images (batch, *shape) as others of their kind may be: moved by up to an eighth, colour pictures also mirrored;
    a third is mixed with others, of another third a rectangle comes from others.

    Returns float32 images, and which of them (batch,) still show what they did: labels hold for these.
    """
    made = images.astype(np.float32)
    if made.ndim == 4:
        made = _moved(made, random)
        if made.shape[1] == COLOURS:
            mirrored = random.random(len(made)) < 0.5
            made[mirrored] = made[mirrored, :, :, ::-1]
    others = made[random.permutation(len(made))]
    kind = random.integers(3, size=len(made))
    share = random.random((len(made), *(1,) * (made.ndim - 1))).astype(np.float32)
    mixed = share * made + (1 - share) * others
    made[kind == 1] = mixed[kind == 1]
    for place in np.flatnonzero(kind == 2) if made.ndim == 4 else ():
        rows, columns = (_span(extent, random) for extent in made.shape[2:])
        made[place, :, rows, columns] = others[place, :, rows, columns]
    return made, (kind == 0) if made.ndim == 4 else kind != 1


def _moved(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Each picture moved on its own; what comes in at an edge repeats it."""
    reach = [extent // 8 for extent in images.shape[2:]]
    padded = np.pad(images, ((0, 0), (0, 0), *((size, size) for size in reach)), mode="edge")
    axes: Any = (2, 3)  # the stubs of numpy 2.2 take one axis only
    windows = np.lib.stride_tricks.sliding_window_view(padded, images.shape[2:], axis=axes)
    down, across = (random.integers(2 * size + 1, size=len(images)) for size in reach)
    return np.ascontiguousarray(windows[np.arange(len(images)), :, down, across])


def _span(extent: int, random: np.random.Generator) -> slice:
    """A quarter to three quarters of an extent."""
    size = int(random.integers(max(1, extent // 4), max(1, extent * 3 // 4) + 1))
    first = int(random.integers(extent - size + 1))
    return slice(first, first + size)


def crops(files: Sequence[Path], shape: tuple[int, ...], count: int, seed: int) -> np.ndarray:
    """Random parts of photographs as pictures for an input of `shape`: (count, *shape) uint8.

    They have all sizes, are mirrored, and differ in contrast, brightness and colours. UserError for files that are no
    pictures, and inputs that take none.
    """
    if len(shape) != 3 or shape[0] not in MODES:
        takes = " x ".join(map(str, shape))
        raise UserError(f"{files[0]}: pictures need an input of 1, 3 or 4 channels, the model takes {takes}")
    photographs = [read_picture(path, shape[0]) for path in files]
    for photograph in photographs:
        photograph.thumbnail((LARGEST * shape[2], LARGEST * shape[1]))
    random = np.random.default_rng(seed)
    return np.stack([_crop(photographs[random.integers(len(photographs))], shape, random) for _ in range(count)])


def _crop(photograph: Image.Image, shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    channels, height, width = shape
    least, most = sorted((min(SMALLEST_CROP, *photograph.size), min(photograph.size)))
    side = float(np.exp(random.uniform(np.log(least), np.log(most))))
    stretch = float(np.exp(random.uniform(-0.3, 0.3)))
    across, down = min(side * stretch, photograph.width), min(side / stretch, photograph.height)
    left, top = random.uniform(0, photograph.width - across), random.uniform(0, photograph.height - down)
    box = (left, top, left + across, top + down)
    part = photograph.resize((width, height), Image.Resampling.BILINEAR, box=box)
    value: np.ndarray = np.asarray(part, np.float32).reshape(height, width, channels).transpose(2, 0, 1)
    if random.random() < 0.5:
        value = value[:, :, ::-1]
    if random.random() < 0.5:  # contrast, brightness, colours
        middle = value.mean()
        value = (value - middle) * random.uniform(0.6, 1.6) + middle * random.uniform(0.7, 1.3)
        value = value * random.uniform(0.8, 1.2, (channels, 1, 1))
    return np.clip(np.rint(value), 0, 255).astype(np.uint8)
