"""Weights: arrays (kernels, channels, rows, columns) <-> the byte stream in memory (spec: data_formats.md section 4).

The stream is compact: kernel groups of 8, inside channel blocks of 8, rows, columns, kernels,
channels; partial groups and blocks are not padded. Image layers first merge columns and channels
(pre-extension, e = s*C + c) and may merge N rows (post-extension).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cocodla.formats.feature import ByteArray, Int8Array
from cocodla.hw import ATOM, align

Slices = tuple[slice, slice]


def pack_weights(weights: NDArray[np.int8], rows_merged: int = 1) -> ByteArray:
    """Weights (K, E, R, S) int8 -> stream of K*E*R*S bytes. `rows_merged` is N of post-extension (1, 2, 4)."""
    kernels, channels, rows, columns = weights.shape
    parts = []
    for group in _groups(kernels):
        stack = weights[group].reshape(-1, min(ATOM, kernels - group.start), channels, rows, columns)
        pieces = []
        for (e, r), (blocks, lanes, steps, merged) in _segments(channels, rows, rows_merged):
            piece = stack[:, :, e, r].reshape(*stack.shape[:2], blocks, lanes, steps, merged, columns)
            # group, block, row step, column, kernel, merged row, channel
            pieces.append(piece.transpose(0, 2, 4, 6, 1, 5, 3).reshape(stack.shape[0], -1))
        parts.append(np.concatenate(pieces, axis=1).reshape(-1))
    return np.concatenate(parts).astype(np.int8).view(np.uint8)


def unpack_weights(
    stream: ByteArray, kernels: int, channels: int, rows: int, columns: int, rows_merged: int = 1
) -> Int8Array:
    """Inverse of pack_weights; bytes after the last weight are ignored. ValueError when there are too few."""
    count = kernels * channels * rows * columns
    if stream.shape[-1] < count:
        raise ValueError(f"{stream.shape[-1]} bytes of weights, {count} needed")
    data = np.ascontiguousarray(stream).view(np.int8)
    weights = np.empty((kernels, channels, rows, columns), np.int8)
    position = 0
    for group in _groups(kernels):
        size = min(ATOM, kernels - group.start)
        stack = weights[group].reshape(-1, size, channels, rows, columns)
        per_group = size * channels * rows * columns
        source = data[position : position + stack.shape[0] * per_group].reshape(stack.shape[0], per_group)
        position += source.size
        start = 0
        for (e, r), (blocks, lanes, steps, merged) in _segments(channels, rows, rows_merged):
            length = blocks * steps * columns * size * merged * lanes
            piece = source[:, start : start + length]
            piece = piece.reshape(-1, blocks, steps, columns, size, merged, lanes).transpose(0, 4, 1, 6, 2, 5, 3)
            target = stack[:, :, e, r]
            target[...] = piece.reshape(target.shape)
            start += length
    return weights


def pad_stream(stream: ByteArray, boundary: int = ATOM) -> ByteArray:
    """The stream zero-filled to a multiple of `boundary` bytes: WEIGHT_BYTES of it."""
    return np.pad(stream, (0, align(stream.size, boundary) - stream.size))


def extend_image_kernel(weights: NDArray[np.int8]) -> Int8Array:
    """Pre-extension: (K, C, R, S) -> (K, S*C, R, 1), extended channel e = s*C + c."""
    kernels, channels, rows, columns = weights.shape
    return weights.transpose(0, 3, 1, 2).reshape(kernels, columns * channels, rows, 1)


def reduce_image_kernel(weights: NDArray[np.int8], channels: int) -> Int8Array:
    """Inverse of extend_image_kernel."""
    kernels, extended, rows, _ = weights.shape
    return weights.reshape(kernels, extended // channels, channels, rows).transpose(0, 2, 3, 1)


def _groups(kernels: int) -> Iterator[slice]:
    """All full kernel groups at once, then the partial one."""
    full = kernels // ATOM * ATOM
    if full:
        yield slice(0, full)
    if kernels > full:
        yield slice(full, kernels)


def _segments(channels: int, rows: int, rows_merged: int) -> Iterator[tuple[Slices, tuple[int, int, int, int]]]:
    """Parts of a group with a regular inner order: ((channels, rows), (blocks, lanes, row steps, rows merged))."""
    if rows_merged > 1 and channels > ATOM:
        raise ValueError(f"{channels} extended channels: merged rows need one block of at most {ATOM}")
    full_channels = channels // ATOM * ATOM
    full_rows = rows // rows_merged * rows_merged
    for e, blocks, lanes in (
        (slice(0, full_channels), full_channels // ATOM, ATOM),
        (slice(full_channels, channels), 1, channels - full_channels),
    ):
        if e.start == e.stop:
            continue
        if full_rows:
            yield (e, slice(0, full_rows)), (blocks, lanes, full_rows // rows_merged, rows_merged)
        if rows > full_rows:
            yield (e, slice(full_rows, rows)), (blocks, lanes, 1, rows - full_rows)
