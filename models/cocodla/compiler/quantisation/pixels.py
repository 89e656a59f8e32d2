"""From image bytes to int8 activations: what a pixel means to the model, and how CDMA's converter makes it int8.

The first layer sees v = a * p + b for a pixel byte p of a channel (spec: cdma.md section 5, numerics.md item 7). The
converter computes q = clamp8(round((p - offset) * scale >> shift)), so v = step * (q - zero) with one step and one
zero for each channel; both are folded into the layer's weights and bias. Padding must be one q for all channels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from cocodla.compiler.ir import FloatArray, InputMap, IntegerCodes, Quantisation, Shape
from cocodla.compiler.options import CompileOptions
from cocodla.errors import UserError
from cocodla.formats.pixels import channels_first

SHIFT = 14
"""Fraction bits of the converter's scale when it is not 1."""


BATCH = 64
"""Images that are looked at together."""


class ImageSet(Protocol):
    """Images (batch, *shape): an array, or anything that loads a slice of them when asked.

    dtype uint8 means pixels, anything else inputs as the model takes them. Arrays, memory-mapped files,
    `cocodla.files.pictures.PictureFiles` and `cocodla.files.images.ArrayFiles` are image sets.
    """

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: slice, /) -> np.ndarray: ...


@dataclass(frozen=True)
class PixelMap:
    """x = scale * p + offset: model input x for pixel byte p; both (channels,)."""

    scale: FloatArray
    offset: FloatArray

    def for_channels(self, channels: int) -> PixelMap | None:
        """The same map for an input of another shape; None if its channels differ."""
        if len(self.scale) == channels:
            return self
        if np.ptp(self.scale) or np.ptp(self.offset):
            return None
        return PixelMap(np.full(channels, self.scale[0]), np.full(channels, self.offset[0]))

    def to_input(self, pixels: np.ndarray) -> FloatArray:
        """Pixel bytes (batch, C, ...) -> model inputs, float32."""
        return (pixels * self._wide(self.scale, pixels) + self._wide(self.offset, pixels)).astype(np.float32)

    def to_pixels(self, inputs: FloatArray) -> np.ndarray:
        """Model inputs (batch, C, ...) -> nearest pixel bytes, uint8."""
        exact = (inputs - self._wide(self.offset, inputs)) / self._wide(self.scale, inputs)
        return np.clip(np.rint(exact), 0, 255).astype(np.uint8)

    @staticmethod
    def _wide(values: FloatArray, like: np.ndarray) -> FloatArray:
        return values.reshape(-1, *(1,) * (like.ndim - 2))


def pixels_as_codes(codes: IntegerCodes, channels: int) -> PixelMap:
    """A byte is a code of a uint8 input; of an int8 input it becomes one by subtracting 128."""
    return PixelMap(np.full(channels, codes.meaning.scale), np.full(channels, codes.meaning.real(-128)))


def model_inputs(images: np.ndarray, pixels: PixelMap, codes: IntegerCodes | None = None) -> FloatArray:
    """Images (batch, *shape) as real inputs of the model, float32.

    uint8 are pixels, int8 are codes of an input of int8 codes, all others are real. UserError for int8 where the
    model takes uint8.
    """
    if images.dtype == np.uint8:
        return pixels.to_input(images)
    if images.dtype == np.int8 and codes is not None:
        if codes.kind != "int8":
            raise UserError(f"images are int8, the codes of the network's input are {codes.kind}")
        return codes.meaning.dequantise(images)
    return images.astype(np.float32)


@dataclass(frozen=True)
class Conversion:
    """Register values of CDMA's converter, and what they mean.

    offsets (C): subtracted from each channel; scale, shift; pad_value: int8 that stands for 0.
    step, zero (C): v = step * (q - zero).
    """

    offsets: tuple[int, ...]
    scale: int
    shift: int
    pad_value: int
    step: FloatArray
    zero: FloatArray

    def convert(self, pixels: np.ndarray) -> np.ndarray:
        """What the converter makes of pixel bytes (batch, C, H, W): int8."""
        product = (pixels.astype(np.int64) - np.array(self.offsets)[:, None, None]) * self.scale
        half = (1 << self.shift) >> 1
        rounded = np.where(product >= 0, (product + half) >> self.shift, -((-product + half) >> self.shift))
        return np.clip(rounded, -128, 127).astype(np.int8)


def pixel_map(calibration: ImageSet, channels: int, options: CompileOptions) -> PixelMap:
    """The meaning of a pixel byte: as the options say, else guessed from float calibration data."""
    if options.pixel_scale is not None:
        scale = _per_channel(options.pixel_scale, channels, "pixel_scale")
        if (scale == 0).any():
            raise UserError("pixel_scale must not be 0")
        return PixelMap(scale, _per_channel(options.pixel_offset, channels, "pixel_offset"))
    one, zero = np.ones(channels), np.zeros(channels)
    if calibration.dtype == np.uint8:
        return PixelMap(one, _per_channel(options.pixel_offset, channels, "pixel_offset"))
    low, high, whole = extent(calibration)
    if low >= 0 and high <= 1:
        return PixelMap(one / 255, zero)
    if low >= 0 and high <= 255 and whole:
        return PixelMap(one, zero)
    if low < 0 < high:  # 0 is a pixel value of its own, so that padding is exact
        step = (high - low) / 254
        return PixelMap(one * step, one * (-step * np.ceil(-low / step)))
    return PixelMap(one * ((high - low) / 255 or 1.0), one * low)


def extent(images: ImageSet) -> tuple[float, float, bool]:
    """Smallest and largest value of an image set, and whether all are whole numbers.

    UserError where they hold what is not a finite number.
    """
    low, high, whole = np.inf, -np.inf, True
    for start in range(0, len(images), BATCH):
        part = images[start : start + BATCH]
        check_numbers(part, "calibration images")
        low, high = min(low, float(part.min())), max(high, float(part.max()))
        whole = whole and bool((np.rint(part) == part).all())
    return low, high, whole


def _per_channel(value: object, channels: int, name: str) -> FloatArray:
    array = np.asarray(value, np.float64).reshape(-1)
    if array.size not in (1, channels) or not np.isfinite(array).all():
        raise UserError(f"{name} must hold one finite number or {channels}, it is {value!r}")
    return np.broadcast_to(array, (channels,)).copy()


def conversion(pixels: PixelMap, input_map: InputMap | None, padded: bool) -> Conversion:
    """Choose the converter's registers so that as many of a pixel's 8 bits survive as possible.

    padded: the layer reads padding, so that v = 0 must be the same q in all channels (else each may differ).
    """
    step, base = pixels.scale, pixels.offset
    if input_map is not None:
        step, base = step * input_map.scale, base * input_map.scale + input_map.shift
    if (step == 0).any():
        raise UserError("the first layer's preprocessing multiplies a channel of the image by 0")
    zero_pixel = -base / step  # the pixel value, maybe fractional or out of range, that means v = 0
    channels = len(step)
    if not padded:
        return Conversion((128,) * channels, 1, 0, 0, step, zero_pixel - 128)
    low, high = min(0.0, float((-zero_pixel).min())), max(0.0, float((255 - zero_pixel).max()))
    shrink = min(1.0, 255 / (high - low))
    scale, shift = (1, 0) if shrink == 1.0 else (int(shrink * (1 << SHIFT)), SHIFT)
    factor = scale / (1 << shift)
    offsets = np.rint(zero_pixel + low + 128 / factor)
    if np.abs(offsets).max() > 32767 or scale < 1:
        raise UserError(f"pixel value {zero_pixel[0]:.0f} means 0: too far from 0..255 for the image converter")
    zero = factor * (zero_pixel - offsets)
    pad_value = int(np.clip(np.rint(zero.mean()), -128, 127))
    return Conversion(tuple(int(o) for o in offsets), scale, shift, pad_value, step / factor, zero)


def exact_conversion(pixels: PixelMap, input_map: InputMap | None, codes: Quantisation) -> Conversion | None:
    """The converter's registers that give every pixel byte exactly the code the model wants; None if there are none."""
    step, base = pixels.scale, pixels.offset
    if input_map is not None:
        step, base = step * input_map.scale, base * input_map.scale + input_map.shift
    factor = float(step[0]) / codes.scale
    shift = 0 if abs(factor - 1) < 1e-6 else SHIFT
    scale = round(factor * (1 << shift))
    if np.ptp(step) or not 0 < scale <= 32767:
        return None
    offsets = np.rint(-(base / codes.scale + codes.zero) / factor)
    if np.abs(offsets).max() > 32767:
        return None
    meaning = np.full(len(step), codes.scale), np.full(len(step), float(codes.zero))
    found = Conversion(tuple(map(int, offsets)), scale, shift, codes.zero, *meaning)
    bytes_ = np.tile(np.arange(256, dtype=np.uint8), (1, len(step), 1, 1))
    real = bytes_ * step[:, None, None] + base[:, None, None]
    return found if (found.convert(bytes_) == codes.quantise(real)).all() else None


def check_images(images: np.ndarray, shape: Shape, what: str) -> np.ndarray:
    """Images as an array (batch, *shape), channels first; UserError if they have another shape or hold no numbers."""
    array = channels_first(np.asarray(images), tuple(shape))
    if array.ndim == len(shape) and array.shape == shape:
        array = array[None]
    elif array.ndim == len(shape) and shape[0] == 1 and array.shape[1:] == shape[1:]:
        array = array[:, None]
    if array.ndim != len(shape) + 1 or array.shape[1:] != tuple(shape):
        expected = "x".join(map(str, shape))
        raise UserError(f"{what} have shape {array.shape}, the network takes N x {expected}")
    if len(array) == 0:
        raise UserError(f"{what} are empty")
    check_numbers(array, what)
    return array


Inputs = Mapping[str, np.ndarray]
"""Several inputs by name, (batch, *shape) each."""
Parts = tuple[tuple[str, Shape], ...]
"""Names and shapes (for one image) of the inputs of a model with several."""


def packed(inputs: np.ndarray | Inputs, parts: Parts) -> np.ndarray:
    """Several inputs as one array (batch, features), in the order of the model; a single array is what it is.

    Bytes among several inputs are numbers, not pixels. UserError for names or shapes that the model does not have.
    """
    if not isinstance(inputs, Mapping):
        return inputs
    names = [name for name, _ in parts]
    if not parts or set(names) != set(inputs):
        wanted = ", ".join(names) or "one array without a name"
        raise UserError(f"inputs {', '.join(map(str, inputs))} are given, the model takes {wanted}")
    arrays = [
        check_images(np.asarray(inputs[name]).reshape(len(inputs[name]), -1), (math.prod(shape),), f"input {name!r}")
        for name, shape in parts
    ]
    if len({len(array) for array in arrays}) > 1:
        counts = ", ".join(f"{len(array)} of {name}" for name, array in zip(names, arrays, strict=True))
        raise UserError(f"there must be as many of each input, there are {counts}")
    return np.concatenate([array.astype(np.float32) for array in arrays], 1)


def check_numbers(array: np.ndarray, what: str) -> None:
    """UserError unless all values are finite real numbers, also in the float32 that models compute with."""
    if not (np.issubdtype(array.dtype, np.integer) or np.issubdtype(array.dtype, np.floating)):
        raise UserError(f"{what} hold values of type {array.dtype}, not pixels (uint8) or real numbers")
    wrong = array.size - np.count_nonzero(np.isfinite(array))
    if not wrong and array.dtype.kind == "f" and array.dtype.itemsize > 4:
        wrong = np.count_nonzero(np.abs(array) > np.finfo(np.float32).max)
    if wrong:
        raise UserError(f"{what} hold values that are not finite numbers ({wrong} of {array.size})")
