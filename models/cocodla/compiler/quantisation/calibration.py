"""Calibration data as model inputs, a batch at a time: large sets stay on disk until they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from cocodla.compiler.ir import Affine, Conv, Dense, FloatArray, Graph, IntegerCodes, Node, Quantisation, Shape
from cocodla.compiler.options import CompileOptions
from cocodla.compiler.quantisation.pixels import (
    BATCH,
    ImageSet,
    Inputs,
    Parts,
    PixelMap,
    check_images,
    extent,
    model_inputs,
    packed,
    pixel_map,
    pixels_as_codes,
)
from cocodla.errors import UserError

ALIKE = 8
"""Images that are looked at to tell whether all are the same."""


@dataclass(frozen=True)
class Samples:
    """Calibration images and the meaning of their pixels; `shape` is the model's input.

    measured: False for invented images, which passes are checked with but scales do not follow from. codes: of an
    integer input.
    """

    images: ImageSet
    pixels: PixelMap
    shape: Shape
    measured: bool = True
    codes: IntegerCodes | None = None

    def __len__(self) -> int:
        return len(self.images)

    def batches(self, size: int = BATCH) -> Iterator[FloatArray]:
        """Model inputs (up to `size`, *shape), float32. UserError where they hold what is not a finite number."""
        for start in range(0, len(self.images), size):
            yield self.inputs(slice(start, start + size))

    def spread(self, count: int) -> FloatArray:
        """At most `count` of the images, from all over the set, as model inputs."""
        chosen = np.unique(np.linspace(0, len(self) - 1, min(count, len(self))).round().astype(int))
        return np.concatenate([self.inputs(slice(first, first + 1)) for first in chosen.tolist()])

    @property
    def alike(self) -> bool:
        """True if the images are all the same one: what others would reach, nobody knows."""
        some = self.spread(ALIKE)
        return self.measured and bool((some == some[0]).all())

    def inputs(self, part: slice) -> FloatArray:
        """Some of the images as model inputs, float32."""
        return self.inputs_of(self.images[part])

    def inputs_of(self, images: np.ndarray) -> FloatArray:
        """Other images of the same meaning as model inputs, float32."""
        return model_inputs(check_images(images, self.shape, "calibration images"), self.pixels, self.codes)


Calibration = ImageSet | Inputs | Callable[..., ImageSet | Inputs] | None
"""Calibration images, several inputs by name, or a function that makes them: of the shape of the model's input, and of
names and shapes where there are several.
"""


def samples_of(
    calibration: Calibration,
    shape: Shape,
    options: CompileOptions,
    pin: Quantisation | None = None,
    optional: bool = False,
    codes: IntegerCodes | None = None,
    parts: Parts = (),
) -> Samples:
    """Check a calibration set against the model's input; UserError if it is absent, empty or of another shape.

    pin: codes the model fixes for its input. optional: the model brings scales, so that there may be no set. codes: of
    an integer input. parts: of several inputs.
    """
    if callable(calibration):
        calibration = calibration(shape, parts) if parts else calibration(shape)
    if isinstance(calibration, Mapping):
        calibration = packed(calibration, parts)
    if calibration is None and optional:
        return replace(_invented(shape, options, pin or Quantisation(1 / 127)), codes=codes)
    if calibration is None:
        raise UserError("no calibration data: int8 scales follow from sample inputs of the model (--calib)")
    if len(calibration) == 0:
        raise UserError("calibration images are empty: int8 scales follow from sample inputs of the model")
    if len(calibration.shape) == len(shape):  # a single image, or images without a channel axis
        calibration = check_images(calibration[:], shape, "calibration images")
    check_images(calibration[:1], shape, "calibration images")
    if parts:
        return Samples(calibration, PixelMap(np.ones(1), np.zeros(1)), shape)
    if codes is not None and options.pixel_scale is None:
        return Samples(calibration, pixels_as_codes(codes, shape[0]), shape, codes=codes)
    return Samples(calibration, _meaning(calibration, shape, options), shape, codes=codes)


def _invented(shape: Shape, options: CompileOptions, codes: Quantisation) -> Samples:
    """Random inputs that use all codes. Where the options do not tell, a pixel byte is an uint8 code."""
    random = np.random.default_rng(0)
    values = codes.dequantise(random.integers(-128, 128, (4, *shape)).astype(np.int8))
    if options.pixel_scale is None:
        options = replace(options, pixel_scale=codes.scale, pixel_offset=codes.real(-128))
    return Samples(values, pixel_map(values, shape[0], options), shape, measured=False)


def _meaning(calibration: ImageSet, shape: Shape, options: CompileOptions) -> PixelMap:
    """The meaning of a pixel byte. UserError if float data lie far outside of what pixels are said to mean."""
    pixels = pixel_map(calibration, shape[0], options)
    if calibration.dtype != np.uint8 and options.pixel_scale is not None:
        low, high, _ = extent(calibration)
        ends = np.array([pixels.offset, pixels.offset + 255 * pixels.scale])
        slack = float(np.abs(pixels.scale).max())
        if low < ends.min() - slack or high > ends.max() + slack:
            raise UserError(
                f"calibration images hold values from {low:.4g} to {high:.4g}, but pixels mean "
                f"{ends.min():.4g} to {ends.max():.4g} (pixel_scale, pixel_offset)"
            )
    return pixels


def check_constants(graph: Graph) -> None:
    """UserError for a node whose weights hold NaN or infinity."""
    for node in graph.nodes:
        for role, values in _constants(node):
            wrong = int((~np.isfinite(values)).sum())
            if wrong:
                raise UserError(
                    f"{type(node).__name__} {node.name!r}: {wrong} of {values.size} values of its {role} "
                    "are NaN or infinite"
                )


def _constants(node: Node) -> Iterator[tuple[str, FloatArray]]:
    if isinstance(node, (Conv, Dense)):
        yield "weight", node.weight
        yield "bias", node.bias
    elif isinstance(node, Affine):
        yield "scale", node.scale
        yield "shift", node.shift
