"""CDMA: what the fetch engines leave in the data ring of CBUF (spec: cdma.md sections 2 to 5).

A line (slice) is EPS entries of 8 bytes. Lines are int8 arrays (1 or batch, lines, entries, 8).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cocodla.formats.feature import ByteArray, Int8Array, transposed
from cocodla.formats.pixels import lines_to_image
from cocodla.golden.arithmetic import clip_int8, round_shift
from cocodla.golden.config_conv import CdmaConfig, Converter
from cocodla.golden.memory import Memory
from cocodla.hw import ATOM


def fetch(memory: Memory, config: CdmaConfig) -> Int8Array:
    """All DATAIN_HEIGHT lines of a layer, converted, as CSC finds them."""
    return fetch_pixels(memory, config) if config.pixel_format else fetch_features(memory, config)


def fetch_features(memory: Memory, config: CdmaConfig) -> Int8Array:
    """DC engine: entry surface*W + x of line y is the atom (x, y, surface); surplus entries are 0 here."""
    atoms = memory.read_cube(config.address, config.layout)
    if config.converter:
        atoms = convert(atoms.view(np.uint8), config.converter, signed=True)
    batch, count, height, width, _ = atoms.shape
    used = transposed(atoms, (0, 2, 1, 3)).reshape(batch, height, count * width, ATOM)
    if used.shape[2] == config.entries:
        return used
    lines = np.zeros((batch, height, config.entries, ATOM), np.int8)
    lines[:, :, : used.shape[2]] = used
    return lines


def fetch_pixels(memory: Memory, config: CdmaConfig) -> Int8Array:
    """IMG engine: pixels with padding left and right, byte p*CH + ch of a line.

    Padding bytes are not converted. Bytes after the last one of a line are 0 here.
    """
    fmt = config.pixel_format
    assert fmt is not None
    places = ((config.address, config.line_stride), (config.chroma_address, config.chroma_stride))
    spans = fmt.line_bytes(config.width, config.x_offset)
    lines = tuple(
        memory.read_strided(address, (config.height,), (stride,), span)
        for (address, stride), span in zip(places, spans, strict=False)
    )
    count = max(plane.shape[0] for plane in lines)
    lines = tuple(np.broadcast_to(plane, (count, *plane.shape[1:])) for plane in lines)
    image = lines_to_image(lines, fmt, config.width, config.x_offset)
    pixels = convert(image, config.converter, config.signed_pixels) if config.converter else image.view(np.int8)
    channels = fmt.channels
    result = np.zeros((count, config.height, config.entries * ATOM), np.int8)
    left = config.pad_left * channels
    right = left + config.width * channels
    result[:, :, :left] = config.pad_value
    result[:, :, left:right] = pixels.reshape(count, config.height, -1)
    result[:, :, right : right + config.pad_right * channels] = config.pad_value
    return result.reshape(count, config.height, config.entries, ATOM)


def convert(data: ByteArray, converter: Converter, signed: bool) -> Int8Array:
    """Section 5: the input converter on bytes. With means the last axis is the channel."""
    if converter.means is None:
        return _table(converter, converter.offset, signed)[data]
    tables = [_table(converter, mean, signed) for mean in converter.means[: data.shape[-1]]]
    return np.stack([table[data[..., channel]] for channel, table in enumerate(tables)], axis=-1)


def _table(converter: Converter, offset: int, signed: bool) -> NDArray[np.int8]:
    """Result of the converter for each of the 256 bytes."""
    values = np.arange(256, dtype=np.uint8)
    x = values.view(np.int8).astype(np.int64) if signed else values.astype(np.int64)
    if converter.truncate >= 34:
        return np.zeros(256, np.int8)
    return clip_int8(round_shift((x - offset) * converter.scale, converter.truncate))
