"""The order of work of csc, written as plain loops (csc_cmac_cacc.md section 2): what each operation sends.

Slow on purpose: nothing is shared with the golden convolution or with the way the hardware counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cocodla.golden.config_conv import CscConfig
from cocodla.hw import ACC_DEPTH, ceil_div
from convlib.layer import Layer


@dataclass(frozen=True)
class Operation:
    """One stripe operation: the weights of each kernel and the atoms, 8 bytes each, unused lanes 0.

    needs: how many entries of the layer's input each atom needs in CBUF, from the first on. load_cycles: cycles
    the weights take, two kernels a cycle where each has at most four bytes.
    """

    weights: list[bytes]
    atoms: list[bytes]
    needs: list[int]
    first: bool
    last: bool
    layer_end: bool
    load_cycles: int


def stripes(positions: int, depth: int = ACC_DEPTH) -> list[range]:
    """Raster positions of each stripe: `depth`, and no rest below 8 where that can be."""
    out, done = [], 0
    while done < positions:
        left = positions - done
        length = min(left, depth)
        if depth < left < depth + 8:
            length = 8
        out.append(range(done, done + length))
        done += length
    return out


def operations(layer: Layer, depth: int = ACC_DEPTH) -> Iterator[Operation]:
    """All operations of a layer in order. Rows merged by post-extension are operations of their own; feature layers of
    at most 4 channels and no dilation in x have two columns in an operation, in lanes 0-3 and 4-7."""
    c = layer.config
    stream = layer.weights.reshape(-1).view("u1").tobytes()
    position, all_stripes = 0, stripes(c.out_width * c.out_height, depth)
    for g in range(0, c.kernels, 8):
        kernels = min(8, c.kernels - g)
        sets, position = _group(c, stream, position, kernels)
        for stripe in all_stripes:
            for i, (block, row, columns, weights) in enumerate(sets):
                last = i == len(sets) - 1
                end = last and g + 8 >= c.kernels and stripe is all_stripes[-1]
                halves = [[_atom(layer, p, block, row, column) for p in stripe] for column in columns]
                needs = [max(_entries(c, p, block, row, column) for column in columns) for p in stripe]
                narrow = c.channels - 8 * block <= 4 and c.rows_merged == 1
                cycles = (ceil_div(kernels, 2) if narrow else kernels) * len(columns)
                yield Operation(_join(weights), _join(halves), needs, i == 0, last, end, cycles)


def _join(halves: list[list[bytes]]) -> list[bytes]:
    """Eight lanes of one column, or the first four lanes of each of two."""
    if len(halves) == 1:
        return halves[0]
    return [left[:4] + right[:4] for left, right in zip(*halves, strict=True)]


Set = tuple[int, int, list[int], list[list[bytes]]]


def _group(c: CscConfig, stream: bytes, position: int, kernels: int) -> tuple[list[Set], int]:
    """Weight sets of a group in the order of the stream: (block, row, columns, weights of each column); where the next
    group starts."""
    sets: list[Set] = []
    two = c.channels <= 4 and c.dilation_x == 1 and not c.image
    for block in range(ceil_div(c.channels, 8)):
        width = min(8, c.channels - 8 * block)
        for top in range(0, c.kernel_height, c.rows_merged):
            rows = range(top, min(top + c.rows_merged, c.kernel_height))
            for column in range(c.kernel_width):
                taken: dict[tuple[int, int], bytes] = {}
                for k in range(kernels):
                    for row in rows:
                        taken[k, row] = stream[position : position + width].ljust(8, b"\0")
                        position += width
                if two and column % 2:
                    sets[-1][2].append(column)
                    sets[-1][3].append([taken[k, top] for k in range(kernels)])
                else:
                    sets += [(block, row, [column], [[taken[k, row] for k in range(kernels)]]) for row in rows]
    return sets, position


def _atom(layer: Layer, position: int, block: int, row: int, column: int) -> bytes:
    """Input of one output position for one kernel element."""
    c = layer.config
    oy, ox = divmod(position, c.out_width)
    width = min(8, c.channels - 8 * block)
    pad = bytes([c.pad_value & 0xFF]) * width
    y = oy * c.stride_y - c.pad_top + row * c.dilation_y
    if c.image:
        if not 0 <= y < c.height:
            return pad.ljust(8, b"\0")
        start = ox * c.stride_x * c.pixel_channels + 8 * block
        return layer.lines[y].tobytes()[start : start + width].ljust(8, b"\0")
    x = ox * c.stride_x - c.pad_left + column * c.dilation_x
    if not (0 <= x < c.width and 0 <= y < c.height):
        return pad.ljust(8, b"\0")
    return layer.lines[y, block * c.width + x].tobytes()[:width].ljust(8, b"\0")


def _entries(c: CscConfig, position: int, block: int, row: int, column: int) -> int:
    """Entries up to the last one that the input of one output position for one kernel element lies in; 0 for padding.

    Pixels are taken out of two entries, whether or not they reach into the second.
    """
    oy, ox = divmod(position, c.out_width)
    y = oy * c.stride_y - c.pad_top + row * c.dilation_y
    x = ox * c.stride_x - c.pad_left + column * c.dilation_x
    if not 0 <= y < c.height or not (c.image or 0 <= x < c.width):
        return 0
    if c.image:
        start = ox * c.stride_x * c.pixel_channels // 8 + block
        return y * c.entries + min(start + 2, c.entries)
    return y * c.entries + block * c.width + x + 1
