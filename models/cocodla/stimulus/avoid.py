"""Classes of layers that some designs are known to get wrong: random programs can do without them.

The list is that of docs/verification.md, which tells the defects of the public design.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cocodla.errors import UserError
from cocodla.golden.config_conv import CdmaConfig, CscConfig
from cocodla.hw import ATOM, ceil_div
from cocodla.stimulus.cubes import RandomLayer

PUBLIC = "public"
"""Names all classes of the public design."""


@dataclass(frozen=True)
class LayerClass:
    """Some layers. about: which, in words. has: whether a layer is one of them."""

    about: str
    has: Callable[[RandomLayer], bool]


def _convolution(test: Callable[[CdmaConfig, CscConfig], bool]) -> Callable[[RandomLayer], bool]:
    def has(layer: RandomLayer) -> bool:
        return layer.convolution is not None and test(layer.convolution.cdma, layer.convolution.csc)

    return has


def _wide_surfaces(cdma: CdmaConfig, csc: CscConfig) -> bool:
    return not csc.image and max(cdma.width, csc.width) > 4095 and csc.channels > ATOM


def _pixel_strides(cdma: CdmaConfig, csc: CscConfig) -> bool:
    step = csc.stride_x * csc.pixel_channels
    return csc.image and step > ATOM and step % ATOM != 0


def _kernel_lines(cdma: CdmaConfig, csc: CscConfig) -> bool:
    return csc.image and csc.channels > ATOM + 1 and csc.channels % ATOM == 1


def _single_positions(cdma: CdmaConfig, csc: CscConfig) -> bool:
    return csc.image and csc.out_width % 16 == 1 and csc.channels > 3 * ATOM and csc.channels % ATOM != 0


def _pixel_paddings(cdma: CdmaConfig, csc: CscConfig) -> bool:
    return csc.image and max(cdma.pad_left, cdma.pad_right) > 24


def _weight_tails(cdma: CdmaConfig, csc: CscConfig) -> bool:
    return cdma.weight_bytes // ATOM > ceil_div(csc.kernels * csc.kernel_bytes, ATOM)


def _pooling_rest(layer: RandomLayer) -> bool:
    pool = layer.pdp
    if pool is None:
        return False
    rest_x = (pool.width + pool.pad_left + pool.pad_right - pool.kernel_width) % pool.stride_width
    return bool(rest_x or (pool.height + pool.pad_top + pool.pad_bottom - pool.kernel_height) % pool.stride_height)


CLASSES = {
    "wide-surfaces": LayerClass("lines of 4096 and more pixels with two surfaces", _convolution(_wide_surfaces)),
    "pixel-strides": LayerClass("pixel strides over 8 bytes that are no multiple of 8", _convolution(_pixel_strides)),
    "kernel-lines": LayerClass("kernel lines of 17, 25, 33, ... bytes of pixels", _convolution(_kernel_lines)),
    "single-positions": LayerClass(
        "stripes of one position with kernel lines over 24 bytes", _convolution(_single_positions)
    ),
    "pixel-paddings": LayerClass("PAD_LEFT, PAD_RIGHT of pixels over 24", _convolution(_pixel_paddings)),
    "weight-tails": LayerClass("weights padded to more than whole atoms", _convolution(_weight_tails)),
    "pooling-rest": LayerClass("pooling windows that do not divide the input", _pooling_rest),
}
"""By the names that --avoid takes."""


def chosen(names: Iterable[str]) -> tuple[str, ...]:
    """The classes that names stand for, each once. UserError for an unknown name."""
    found: list[str] = []
    for name in names:
        if name != PUBLIC and name not in CLASSES:
            near = difflib.get_close_matches(name, [*CLASSES, PUBLIC], 1)
            hint = f" (is it {near[0]}?)" if near else ""
            known = f"there are {', '.join(CLASSES)}, and {PUBLIC}: all"
            raise UserError(f"unknown class {name[:60]!r} of layers{hint}; {known}")
        found += CLASSES if name == PUBLIC else [name]
    return tuple(dict.fromkeys(found))


def is_avoided(layers: Iterable[RandomLayer], names: Iterable[str]) -> bool:
    """Whether one of some layers is of one of some classes."""
    classes = [CLASSES[name] for name in names]
    return any(each.has(layer) for layer in layers for each in classes)
