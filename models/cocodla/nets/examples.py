"""Pictures with boxes for detectors: two photographs where ../shared has them, drawn scenes, variations of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from cocodla import datasets

FOLDER = datasets.shared_folder() / "models" / "tiny_yolo_v2_voc"
GREY = (127, 127, 127)
LEAST = 0.4
"""Share of a box that must be left on a picture that was moved."""


@dataclass(frozen=True)
class Example:
    """A picture and what is on it. corners: (n, 4) left, top, right, bottom in shares; classes: (n,) names."""

    picture: Image.Image
    corners: NDArray[np.float64]
    classes: tuple[str, ...]


PHOTOGRAPHS = {
    "dog416.png": {"bicycle": (68, 99, 307, 303), "dog": (72, 160, 166, 390), "car": (254, 54, 371, 123)},
    "person.jpg": {"person": (190, 98, 276, 375), "dog": (65, 264, 206, 344), "horse": (404, 139, 602, 347)},
}
"""Boxes in pixels, drawn by hand."""
RED, GREEN, BLUE = (200, 40, 40), (40, 180, 60), (50, 70, 210)
SHAPES = {"car": (RED, "rectangle"), "dog": (GREEN, "ellipse"), "person": (BLUE, "rectangle")}
"""What stands for a class in a drawn scene."""


def photographs() -> list[Example]:
    """The photographs of ../shared, none without it."""
    found = []
    for name, things in PHOTOGRAPHS.items() if FOLDER.is_dir() else ():
        picture = Image.open(FOLDER / name).convert("RGB")
        found.append(Example(picture, np.array(list(things.values())) / (picture.size * 2), tuple(things)))
    return found


def scene(size: int, random: Generator) -> Example:
    """A noisy picture of size x size with three coloured shapes, each in a third of its own."""
    noise = random.integers(90, 166, (size // 8, size // 8, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).resize((size, size), Image.Resampling.BILINEAR)
    pen, corners = ImageDraw.Draw(picture), []
    classes = tuple(random.permutation(list(SHAPES)).tolist())
    for third, kind in enumerate(classes):
        colour, form = SHAPES[kind]
        width, height = random.uniform(0.15, 0.3), random.uniform(0.2, 0.5)
        left, top = random.uniform(third / 3, (third + 1) / 3 - width), random.uniform(0.02, 0.98 - height)
        corners.append((left, top, left + width, top + height))
        getattr(pen, form)([share * size for share in corners[-1]], fill=colour)
    return Example(picture, np.array(corners), classes)


def varied(example: Example, random: Generator) -> Example:
    """An example moved, scaled, brightened, perhaps mirrored; boxes of which little is left are gone."""
    scale, (left, top) = random.uniform(0.85, 1.25), random.uniform(-0.1, 0.1, 2)
    width, height = example.picture.size
    box = (left * width, top * height, (left + scale) * width, (top + scale) * height)
    picture = example.picture.transform(example.picture.size, Image.Transform.EXTENT, box, fillcolor=GREY)
    light = random.uniform(0.8, 1.2)
    picture = picture.point(lambda value: round(value * light))
    corners = (example.corners - (left, top, left, top)) / scale
    if random.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        corners = np.stack([1 - corners[:, 2], corners[:, 1], 1 - corners[:, 0], corners[:, 3]], axis=1)
    inside = np.clip(corners, 0, 1)
    stays = np.flatnonzero(_areas(inside) >= LEAST * _areas(corners))
    return Example(picture, inside[stays], tuple(example.classes[place] for place in stays))


def variations(examples: Sequence[Example], count: int, seed: int) -> list[Example]:
    """So many variations of each example."""
    random = np.random.default_rng(seed)
    return [varied(example, random) for example in examples for _ in range(count)]


def pixels(examples: Sequence[Example], size: int) -> NDArray[np.uint8]:
    """Their pictures, stretched to (N, 3, size, size)."""
    pictures = [
        np.asarray(example.picture.resize((size, size), Image.Resampling.BILINEAR)).transpose(2, 0, 1)
        for example in examples
    ]
    return np.stack(pictures)


def _areas(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((corners[:, 2:] - corners[:, :2]).prod(axis=1))
