"""CSC, CMAC and CACC as one exact convolution (spec: convolution.md section 6, csc_cmac_cacc.md 2, 5, 6).

The sums are made in float32 or float64, whichever holds every intermediate sum exactly (a partial sum never exceeds
128 * sum |w| of its kernel), so the order of additions is irrelevant: matrix products, or where every kernel reads the
channel of its own number only (a depthwise convolution), one multiplication for each tap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cocodla.formats.feature import ByteArray, Int8Array, transposed
from cocodla.formats.weights import unpack_weights
from cocodla.golden.arithmetic import IntArray, saturate
from cocodla.golden.bounded import Bounded
from cocodla.golden.config_conv import CscConfig
from cocodla.hw import ATOM, align, surfaces

PATCH_ELEMENTS = 1 << 17
"""Largest number of elements of one matrix of input windows, and half of what the taps add up at a time: fits L2."""


@dataclass(frozen=True)
class Kernels:
    """Weights made ready. bound: no sum is larger.

    values: taps (R, S, C) where kernel k reads channel k only, else a matrix (R*S*C, K); floats that hold the sums.
    """

    values: NDArray[Any]
    bound: int

    @property
    def depthwise(self) -> bool:
        """Whether there are taps."""
        return self.values.ndim == 3

    @staticmethod
    def of(weights: Int8Array) -> Kernels:
        """Weights (K, C, R, S)."""
        kernels = len(weights)
        matrix = weights.transpose(2, 3, 1, 0).reshape(-1, kernels)
        bound = 128 * int(np.abs(matrix, dtype=np.int16).sum(axis=0, dtype=np.int32).max())
        kind: Any = np.float32 if bound < 1 << 24 else np.float64
        if _reads_own_channels(weights):
            return Kernels(np.einsum("ccrs->rsc", weights).astype(kind), bound)
        return Kernels(matrix.astype(kind), bound)


def _reads_own_channels(weights: Int8Array) -> bool:
    """Whether kernel k of weights (K, C, R, S) reads channel k only."""
    kernels, channels = weights.shape[:2]
    if kernels != channels or weights[0, 1:].any():  # the first kernel tells of most that do not
        return False
    return not weights[~np.eye(kernels, dtype=bool)].any()


def convolve(lines: Int8Array, weights: Int8Array, config: CscConfig) -> NDArray[np.int32]:
    """What CACC sends to SDP: lines (N, >= H, entries, 8) and weights (K, C, R, S) -> (N, S, OH, OW, 8) int32.

    C is S*CH and S is 1 in image mode. Lanes of absent kernels are 0.
    """
    return convolve_prepared(lines, Kernels.of(weights), config).values.astype(np.int32, copy=False)


def convolve_prepared(lines: Int8Array, kernels: Kernels, config: CscConfig) -> Bounded:
    """`convolve` with weights made ready. The atoms of a pixel lie side by side in memory."""
    windows = image_windows(lines, config) if config.image else feature_windows(lines, config)
    dense = (_depthwise if kernels.depthwise else _products)(windows, kernels.values)
    count = config.kernels
    if count % ATOM:
        padded = np.zeros((*dense.shape[:-1], align(count)), dense.dtype)
        padded[..., :count] = dense
        dense = padded
    atoms = dense.reshape(*dense.shape[:-1], surfaces(count), ATOM).transpose(0, 3, 1, 2, 4)
    if config.clip_truncate:
        return Bounded.of(truncate(atoms, config.clip_truncate).astype(np.int32))
    return Bounded(atoms, kernels.bound)


def sums(
    lines: Int8Array, stream: ByteArray, config: CscConfig, kernels: Callable[[ByteArray], Kernels]
) -> Callable[[slice], Bounded]:
    """convolve for any range of images, from the weight streams (1 or N, bytes) in CBUF.

    kernels: decodes one stream. N > 1 is the rare case that the images have different weights.
    """
    if stream.shape[0] == 1:
        common = kernels(stream)
        return lambda images: convolve_prepared(lines if lines.shape[0] == 1 else lines[images], common, config)

    def different(images: slice) -> Bounded:
        parts = [
            convolve_prepared(lines[i : i + 1] if lines.shape[0] > 1 else lines, kernels(stream[i : i + 1]), config)
            for i in range(*images.indices(stream.shape[0]))
        ]
        return Bounded(np.concatenate([part.values for part in parts]), max(part.bound for part in parts))

    return different


def unpack(stream: ByteArray, config: CscConfig, groups: int = 1) -> Int8Array:
    """Weights (K, C, R, S) of a stream, that of one of several groups where the layer has such."""
    c = config
    return unpack_weights(
        stream, c.kernels // groups, c.channels // groups, c.kernel_height, c.kernel_width, c.rows_merged
    )


def block_diagonal(groups: list[Int8Array]) -> Int8Array:
    """Weights of a grouped convolution, each group (K, C, R, S), as those of an ordinary one."""
    if len(groups) == 1:
        return groups[0]
    kernels, channels, *extent = groups[0].shape
    weights = np.zeros((len(groups) * kernels, len(groups) * channels, *extent), np.int8)
    for index, group in enumerate(groups):
        start, first = index * kernels, index * channels
        weights[start : start + kernels, first : first + channels] = group
    return weights


def feature_windows(lines: Int8Array, config: CscConfig) -> NDArray[np.float32]:
    """Input of every output position in DC mode: (N, OH, OW, R, S, C), float32, a view."""
    c = config
    count, used = surfaces(c.channels), lines[:, : c.height]
    used = used[:, :, : count * c.width].reshape(-1, c.height, count, c.width, ATOM)
    pixels = transposed(used, (0, 1, 3, 2)).reshape(-1, c.height, c.width, count * ATOM)[..., : c.channels]
    rows = (c.out_height - 1) * c.stride_y + (c.kernel_height - 1) * c.dilation_y + 1
    columns = (c.out_width - 1) * c.stride_x + (c.kernel_width - 1) * c.dilation_x + 1
    x = _place(pixels, c.pad_value, (rows, columns), (c.pad_top, c.pad_left))
    n, row, column, channel = x.strides
    return np.lib.stride_tricks.as_strided(
        x,
        (x.shape[0], c.out_height, c.out_width, c.kernel_height, c.kernel_width, c.channels),
        (n, c.stride_y * row, c.stride_x * column, c.dilation_y * row, c.dilation_x * column, channel),
        writeable=False,
    )


def image_windows(lines: Int8Array, config: CscConfig) -> NDArray[np.float32]:
    """Input of every output position in image mode: (N, OH, OW, R, 1, E), float32, a view.

    A window starts at any byte of a line; left and right padding is in the lines already.
    """
    c = config
    used = lines[:, : c.height].reshape(lines.shape[0], c.height, -1)
    pitch = c.stride_x * c.pixel_channels
    length = (c.out_width - 1) * pitch + c.channels
    rows = (c.out_height - 1) * c.stride_y + c.kernel_height
    x = _place(used[..., None], c.pad_value, (rows, length), (c.pad_top, 0))
    n, row, byte, _ = x.strides
    return np.lib.stride_tricks.as_strided(
        x,
        (x.shape[0], c.out_height, c.out_width, c.kernel_height, 1, c.channels),
        (n, c.stride_y * row, pitch * byte, row, byte, byte),
        writeable=False,
    )


def _place(x: Int8Array, pad: int, shape: tuple[int, int], before: tuple[int, int]) -> NDArray[np.float32]:
    """(N, H, W, C) inside a field of `shape` filled with `pad`, at offset `before`; what sticks out is cut."""
    field = np.empty((x.shape[0], *shape, x.shape[3]), np.float32)
    height, width = (max(0, min(size, n - b)) for size, n, b in zip(x.shape[1:3], shape, before, strict=True))
    if (height, width) != shape:
        field[...] = pad
    if height and width:
        field[:, before[0] : before[0] + height, before[1] : before[1] + width] = x[:, :height, :width]
    return field


def _products(windows: NDArray[np.float32], matrix: NDArray[Any]) -> NDArray[Any]:
    """windows (N, OH, OW, R, S, C) x matrix (R*S*C, K) -> exact sums (N, OH, OW, K), floats."""
    taps, kernels = matrix.shape
    result = np.empty((*windows.shape[:3], kernels), matrix.dtype)
    for part in _parts(windows.shape[:3], taps):
        patches = windows[part].reshape(-1, taps).astype(matrix.dtype, copy=False)
        np.matmul(patches, matrix, out=result[part].reshape(-1, kernels))
    return result


def _depthwise(windows: NDArray[np.float32], taps: NDArray[Any]) -> NDArray[Any]:
    """windows (N, OH, OW, R, S, C) x taps (R, S, C) -> exact sums (N, OH, OW, C), floats."""
    rows, columns, channels = taps.shape
    width = windows.shape[2]
    result = np.empty((*windows.shape[:3], channels), taps.dtype)
    factors = np.repeat(taps[:, :, None], width, axis=2)  # a whole line: 8 lanes at a time are several times slower
    _, *others = product(range(rows), range(columns))
    for part in _parts(windows.shape[:3], 2 * channels):
        window, total = windows[part], result[part]
        np.multiply(window[:, :, :, 0, 0], factors[0, 0], out=total)
        scratch = np.empty_like(total)
        for r, s in others:
            np.multiply(window[:, :, :, r, s], factors[r, s], out=scratch)
            total += scratch
    return result


def _parts(shape: tuple[int, ...], elements: int) -> Iterator[tuple[slice, slice]]:
    """Ranges of images and lines of (N, OH, OW) positions, of so many elements each, that fit the caches."""
    count, height, width = shape
    images = max(1, PATCH_ELEMENTS // (height * width * elements))
    lines = height if images > 1 else max(1, PATCH_ELEMENTS // (width * elements))
    for first in range(0, count, images):
        for top in range(0, height, lines):
            yield slice(first, first + images), slice(top, top + lines)


def truncate(values: NDArray[Any], shift: int) -> IntArray:
    """CACC round_shift by CLIP_TRUNCATE and saturation to 32 bits (csc_cmac_cacc.md 6.1, exact above 16 too)."""
    values = np.asarray(values, np.int64)
    shifted = (values << 16) >> shift
    guide, stick = (shifted >> 15) & 1, shifted & 0x7FFF
    rounded = (shifted >> 16) + ((guide == 1) & ((values >= 0) | (stick != 0)))
    return saturate(rounded, 32)
