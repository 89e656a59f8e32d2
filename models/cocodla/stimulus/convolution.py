"""Random convolutions, for layers and reuse: geometry first, buffer split and addresses after."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from numpy.random import Generator

from cocodla.formats.pixels import PIXEL_FORMATS, PixelFormat
from cocodla.golden.config_conv import CdmaConfig, ConvConfig, Converter, CscConfig
from cocodla.golden.rules import RuleViolation
from cocodla.hw import (
    ATOM,
    CBUF_BANK_BYTES,
    CBUF_BANK_ENTRIES,
    CBUF_BANKS,
    MAX_DILATION,
    MAX_KERNEL,
    MAX_PAD,
    MAX_STRIDE,
    align,
    ceil_div,
    surfaces,
)
from cocodla.program.commands import LoadMemory
from cocodla.stimulus.cubes import Allocator, Cube, RandomLayer, random_source
from cocodla.stimulus.values import extent, random_bytes, value


@dataclass(frozen=True)
class Window:
    """How the kernel moves over the input; in image mode `channels` is S*CH and `kernel_width` 1."""

    channels: int
    kernel_width: int
    kernel_height: int
    out_width: int
    out_height: int
    stride_x: int = 1
    stride_y: int = 1
    dilation_x: int = 1
    dilation_y: int = 1
    pad_left: int = 0
    pad_top: int = 0
    rows_merged: int = 1

    @property
    def kernel_bytes(self) -> int:
        return self.kernel_width * self.kernel_height * self.channels


def random_convolution(rng: Generator, image: bool, size: int = 12, cube: Cube | None = None) -> ConvConfig:
    """A legal layer without addresses and strides; `cube` fixes the size of a feature input."""
    while True:
        layer = _image(rng, size) if image else _feature(rng, size, cube)
        try:
            return fit_buffer(rng, layer)
        except RuleViolation:
            continue  # too large for CBUF


def _feature(rng: Generator, size: int, cube: Cube | None) -> ConvConfig:
    if cube:
        width, height, channels = cube[1].width, cube[1].height, cube[1].channels
    else:
        wide = 8 if rng.random() < 0.05 else 1
        width, height = extent(rng, wide * size), extent(rng, size)
        channels = int(rng.integers(1, 40)) if rng.random() < 0.9 else int(rng.integers(1, 200))
    window = feature_window(rng, width, height, channels)
    entries = width * surfaces(channels) + (int(rng.integers(3)) if rng.random() < 0.3 else 0)
    packed = width == 1 and height == 1 and rng.random() < 0.5
    return _combine(rng, window, width, height, channels, entries, value(rng, 8), packed_1x1=packed)


def _image(rng: Generator, size: int) -> ConvConfig:
    fmt: PixelFormat = PIXEL_FORMATS[int(rng.choice(list(PIXEL_FORMATS)))]
    width, height = int(rng.integers(1, 2 * size)), extent(rng, size)
    far = (MAX_PAD + 1, 64) if rng.random() < 0.1 else (6, 6)
    left, right = int(rng.integers(0, far[0])), int(rng.integers(0, far[1]))
    window = image_window(rng, fmt.channels, left + width + right, height)
    entries = ceil_div((left + width + right) * fmt.channels, ATOM) + (
        int(rng.integers(3)) if rng.random() < 0.3 else 0
    )
    return _combine(
        rng, window, width, height, fmt.channels, entries, value(rng, 8), pixel_format=fmt, pad_left=left,
        pad_right=right, signed_pixels=rng.random() < 0.5, x_offset=int(rng.integers(fmt.max_x_offset + 1)),
    )  # fmt: skip


def feature_window(rng: Generator, width: int, height: int, channels: int) -> Window:
    """Any kernel, stride, dilation and padding over a feature cube."""
    kernels, dilations = (17, MAX_DILATION + 1) if rng.random() < 0.08 else (6, 4)
    strides = MAX_STRIDE + 1 if rng.random() < 0.15 else 4
    s, r = int(rng.integers(1, kernels)), int(rng.integers(1, kernels))
    dx, dy, sx, sy = (int(rng.integers(1, n)) for n in (dilations, dilations, strides, strides))
    if rng.random() < 0.03:  # the largest of each, in one direction
        s, r, dx, dy = (MAX_KERNEL, r, MAX_DILATION, dy) if rng.random() < 0.5 else (s, MAX_KERNEL, dx, MAX_DILATION)
    reach_x, reach_y = (s - 1) * dx + 1, (r - 1) * dy + 1
    far = rng.random() < 0.1
    left, top = (int(rng.integers(0, MAX_PAD + 1 if far else min(n, 31) + 1)) for n in (reach_x, reach_y))
    return Window(
        channels, s, r, _output(rng, width + left, reach_x, sx), _output(rng, height + top, reach_y, sy),
        sx, sy, dx, dy, left, top,
    )  # fmt: skip


def image_window(rng: Generator, pixel_channels: int, width: int, height: int) -> Window:
    """Any kernel over an image whose lines, padding included, have `width` pixels."""
    merged = int(rng.choice([1, 2, 4])) if rng.random() < 0.4 else 1
    lanes = ATOM // merged
    if merged > 1 and pixel_channels > lanes:
        merged, lanes = 1, ATOM
    limits = (lanes // pixel_channels,) * 2 if merged > 1 else (13, MAX_STRIDE) if rng.random() < 0.15 else (6, 4)
    s, sx = int(rng.integers(1, min(limits[0], width) + 1)), int(rng.integers(1, limits[1] + 1))
    r, sy = int(rng.integers(1, 13 if rng.random() < 0.1 else 7)), int(rng.integers(1, 9 if rng.random() < 0.1 else 4))
    top = int(rng.integers(0, MAX_PAD + 1)) if rng.random() < 0.1 else int(rng.integers(0, r + 1))
    most = (width - s) // sx + 1
    out_width = most if rng.random() < 0.8 else int(rng.integers(1, most + 1))
    return Window(
        s * pixel_channels, 1, r, out_width, _output(rng, height + top, r, sy), sx, sy, pad_top=top, rows_merged=merged
    )


def _output(rng: Generator, extent: int, reach: int, stride: int) -> int:
    """Number of outputs of one direction; right (bottom) padding is implied by it."""
    fitting = max(0, extent - reach) // stride + 1
    return max(1, fitting + int(rng.integers(-1, 3)))


def _combine(
    rng: Generator, window: Window, width: int, height: int, channels: int, entries: int, pad: int, **cdma: Any
) -> ConvConfig:
    """Both units of a layer, of which CBUF's split is still open."""
    image = cdma.get("pixel_format") is not None
    kernels = int(rng.integers(1, 28)) if rng.random() < 0.93 else int(rng.integers(1, 100))
    stream = kernels * window.kernel_bytes
    shared: dict[str, Any] = {
        "width": width, "height": height, "entries": entries, "kernels": kernels, "data_banks": 1, "weight_banks": 1,
        "weight_bytes": align(stream, 128 if rng.random() < 0.3 else ATOM),
    }  # fmt: skip
    fetch = CdmaConfig(
        channels=channels, address=0, line_stride=0, surface_stride=0, kernel_bytes=window.kernel_bytes,
        weight_address=0, converter=random_converter(rng, image), **shared, **cdma,
    )  # fmt: skip
    if image:
        fetch = replace(fetch, pad_value=pad)
    compute = CscConfig(
        image=image, pixel_channels=channels if image else 0, pad_value=pad,
        release_lines=int(rng.integers(1, height + 1)),
        clip_truncate=0 if rng.random() < 0.6 else int(rng.integers(32)), **shared, **window.__dict__,
    )  # fmt: skip
    return ConvConfig(fetch, compute)


def random_converter(rng: Generator, image: bool) -> Converter | None:
    """CDMA's input converter, off in half of the cases."""
    if rng.random() < 0.5:
        return None
    means = None
    if image and rng.random() < 0.5:
        means = (value(rng, 16), value(rng, 9), value(rng, 9), value(rng, 9))
    truncate = int(rng.integers(0, 16)) if rng.random() < 0.9 else int(rng.integers(64))
    return Converter(value(rng, int(rng.choice([4, 9, 16]))), value(rng, 16), truncate, means)


def bank_needs(layer: ConvConfig) -> tuple[int, int]:
    """Fewest data and weight banks of a layer."""
    csc = layer.csc
    tail = csc.kernels % ATOM or ATOM
    last = csc.weight_bytes - (csc.kernels - tail) * csc.kernel_bytes
    weights = csc.weight_bytes if csc.skip_weight_release else max(last, min(csc.kernels, ATOM) * csc.kernel_bytes)
    return ceil_div(csc.entries * csc.height, CBUF_BANK_ENTRIES), ceil_div(weights, CBUF_BANK_BYTES)


def fit_buffer(rng: Generator, *layers: ConvConfig) -> ConvConfig:
    """The first layer with its banks and fetch grain chosen. The banks suit the other layers, too."""
    data, weights = (max(needs) for needs in zip(*map(bank_needs, layers), strict=True))
    if data + weights > CBUF_BANKS or data > CBUF_BANKS - 1:
        raise RuleViolation("the layer does not fit CBUF")
    data += min(int(rng.integers(3)), CBUF_BANKS - data - weights)
    weights += min(int(rng.integers(3)), CBUF_BANKS - data - weights)
    grains = int(rng.integers(1, 4)) if rng.random() < 0.3 else 1
    first = layers[0]
    grains = max(1, min(grains, data * CBUF_BANK_ENTRIES // first.csc.entries))
    layer = ConvConfig(
        replace(first.cdma, data_banks=data, weight_banks=weights, grains=1 if first.csc.image else grains),
        replace(first.csc, data_banks=data, weight_banks=weights),
    )
    layer.check()
    return layer


def place_convolution(rng: Generator, layer: RandomLayer, memory: Allocator, cube: Cube | None = None) -> ConvConfig:
    """Choose addresses and strides of input and weights, and load them with random data (not a given cube)."""
    assert layer.convolution is not None
    cdma = layer.convolution.cdma
    weights = memory.take(cdma.weight_bytes)
    layer.loads.append(LoadMemory(weights, random_bytes(rng, cdma.weight_bytes)))
    if cdma.pixel_format is None:
        gaps = cdma.grains == 1
        address, layout = cube or random_source(rng, layer, memory, cdma.width, cdma.height, cdma.channels, gaps)
        if not layout.is_packed:
            cdma = replace(cdma, grains=1)
        cdma = replace(cdma, address=address, line_stride=layout.line_stride, surface_stride=layout.surface_stride)
    else:
        cdma = _place_planes(rng, layer, memory, cdma)
    return ConvConfig(replace(cdma, weight_address=weights), layer.convolution.csc)


def _place_planes(rng: Generator, layer: RandomLayer, memory: Allocator, cdma: CdmaConfig) -> CdmaConfig:
    assert cdma.pixel_format is not None
    planes = []
    for minimum in cdma.pixel_format.line_bytes(cdma.width, cdma.x_offset):
        stride = minimum + 8 * int(rng.integers(3))
        address = memory.take(stride * cdma.height)
        layer.loads.append(LoadMemory(address, random_bytes(rng, stride * cdma.height)))
        planes.append((address, stride))
    cdma = replace(cdma, address=planes[0][0], line_stride=planes[0][1])
    if len(planes) > 1:
        cdma = replace(cdma, chroma_address=planes[1][0], chroma_stride=planes[1][1])
    return cdma
