"""Inputs and outputs of a network as C has them (c/cocodla_pack.h)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cocodla.compiler.hardware.tensors import Tensor
from cocodla.compiler.network import Network
from cocodla.hw import ATOM


@dataclass(frozen=True)
class Map:
    """One factor and summand for all channels, or for each; none: nothing is done."""

    factors: tuple[float, ...] = ()
    summands: tuple[float, ...] = ()


def slot(tensor: Tensor, base: int) -> dict[str, Any]:
    """The fields of struct cocodla_slot by name."""
    order, channel_planes, pixel_bytes = [0] * 4, [0] * 4, [0] * 2
    if tensor.form == "pixels":
        fmt = tensor.pixel_format
        pixel_bytes[: fmt.planes] = fmt.plane_bytes
        order[: fmt.channels] = fmt.order
        channel_planes[: fmt.channels] = [int(fmt.planes == 2 and channel > 0) for channel in range(fmt.channels)]
    return {
        "name": tensor.name, "offset": tensor.address - base, "size": tensor.size,
        "channels": tensor.channels, "height": tensor.height, "width": tensor.width,
        "scale": float(tensor.scale), "zero": tensor.zero, "is_pixels": tensor.form == "pixels",
        "surface_stride": tensor.surface_stride,
        "line_strides": _two(tensor.line_strides), "planes": _two(tensor.planes),
        "pixel_bytes": pixel_bytes, "order": order, "channel_planes": channel_planes,
    }  # fmt: skip


def _two(values: Sequence[int]) -> list[int]:
    return [*values, 0][:2]


def values(network: Network) -> int:
    """Numbers of an image."""
    return math.prod(network.tensors[network.input.tensor].shape)


def maps(network: Network) -> dict[str, Map]:
    """What is done to an image before it is quantised, by the name of the C field."""
    given, tensor = network.input, network.tensors[network.input.tensor]
    pixels = _map(given.pixel_scale, given.pixel_offset)
    if given.map_scale is None or given.map_shift is None or tensor.form == "pixels":
        return {"pixels": pixels, "prepare": Map()}
    return {"pixels": pixels, "prepare": _map(given.map_scale, given.map_shift)}


def codes(network: Network) -> dict[str, Any]:
    """The fields of struct cocodla_codes by name; kind None: the input is real."""
    given = network.input
    return {"kind": given.codes, "scale": float(given.code_scale), "zero": given.code_zero}


def _map(factors: Sequence[float], summands: Sequence[float]) -> Map:
    """The shorter of two equal ways of saying it."""
    count = max(len(factors), len(summands))
    wide = [tuple(map(float, given)) * (count // len(given)) for given in (factors, summands)]
    if all(len(set(given)) == 1 for given in wide):
        return Map(wide[0][:1], wide[1][:1])
    return Map(*wide)


def description(fields: dict[str, Any], model_shape: Sequence[int]) -> str:
    """A slot in words."""
    extents = "x".join(map(str, model_shape)) or "1"
    size = f"{fields['channels']}x{fields['height']}x{fields['width']}"
    layout = "pixels" if fields["is_pixels"] else f"int8 cube of {ATOM}-byte atoms"
    meaning = "bytes" if fields["is_pixels"] else f"real = {fields['scale']:.9g} * (code - {fields['zero']})"
    return f"{fields['name']} {extents}: {size} {layout}, {meaning}, offset {fields['offset']}, {fields['size']} bytes"
