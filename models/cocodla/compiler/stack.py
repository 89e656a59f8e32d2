"""Averages of all surfaces in one convolution: the surfaces of a tensor as lines of a tall image of 8 channels.

An average treats all channels alike, so one diagonal kernel of 8 x 8 serves every surface. Where the strides permit,
surfaces follow one another like lines do, and a layer reads them as such: a cube of 8 channels with a line for each
surface (or each row of windows of each surface). The rows of a window, and lines longer than a kernel may be, become
channel blocks of that cube, whose distance is free, too. Every tap then costs a cycle for each window of 8 channels,
as much as reading it does where windows do not overlap. Surface by surface the MAC array would load its weights anew
for each, and kernels over all channels would be zeros but for one in as many as there are surfaces.
"""

from __future__ import annotations

from dataclasses import dataclass

from cocodla import hw
from cocodla.compiler.ir import PoolFunction, Shape

MOST_TAPS = 1024
"""Taps of a window: their weights take half of the convolution buffer."""
LAYER_OVERHEAD = 500
"""Cycles that one more hardware layer costs: registers, start, drain."""


@dataclass(frozen=True)
class Stack:
    """How a layer reads and computes windows of all surfaces. Distances in atoms.

    lines: of the cube it reads, `line` apart, `width` atoms each in every one of `blocks`, which are `block` apart.
    columns: of the kernel; of all blocks but the last only the first `counted` count: parts of a line may overlap.
    windows: in each line, `stride` apart, the first one begins `pad` before it. joins: windows (rows, columns) of a
    surface that lie in lines of their own, and so have to follow one another in the output, too.
    """

    lines: int
    line: int
    width: int
    blocks: int
    block: int
    columns: int
    counted: int
    windows: int
    stride: int
    pad: int
    joins: tuple[int, int]

    @property
    def taps(self) -> int:
        return self.blocks * self.columns

    @property
    def cycles(self) -> int:
        """Cycles of reading, or of the MAC array, whichever takes longer; in as many parts as the buffer asks for."""
        weights = hw.ATOM * self.taps
        entries = self.blocks * self.width
        fitting = max(1, (hw.CBUF_BANKS * hw.CBUF_BANK_ENTRIES - weights) // entries)
        parts = hw.ceil_div(self.lines, fitting)
        # a tap takes as long as its weights, however few windows there are
        windows = max(self.lines * self.windows, hw.ATOM * parts)
        return max(self.lines * entries + parts * weights, windows * self.taps) + parts * LAYER_OVERHEAD


def stack_of(function: PoolFunction, shape: Shape, line: int | None = None, surface: int | None = None) -> Stack | None:
    """How the windows of an average over a tensor (channels, height, width) make a stack; None if they do not.

    line, surface: atoms from one to the next, of a packed tensor if not given. Where windows of all surfaces make none,
    those of one (up to 8 channels) may: its rows need not go on in the next one.
    """
    channels, height, width = shape
    line = width if line is None else line
    surface = height * line if surface is None else surface
    if function.pad[0] or function.covered(0) > height:
        return None
    (rows, columns), (down, across), (tall, wide) = function.kernel, function.stride, function.size
    lines, pitch, joins = hw.surfaces(channels), surface, (1, 1)
    if tall > 1:  # the rows of windows of a surface end where those of the next one begin
        if hw.surfaces(channels) > 1 and down * tall * line != surface:
            return None
        lines, pitch, joins = lines * tall, down * line, (tall, 1)
    if wide > 1 and (across > hw.MAX_STRIDE or columns > hw.MAX_KERNEL):  # and so do the windows of a row
        if across * wide != pitch or function.pad[1] or columns > across:
            return None
        lines, pitch, joins, wide = lines * wide, across, (tall, wide), 1
    if wide == 1 and (function.pad[1] or columns > width):
        return None
    if function.pad[1] > hw.MAX_PAD:
        return None
    blocks, block, counted = rows, line, columns
    if columns > hw.MAX_KERNEL:
        if rows > 1 and line != columns:
            return None
        columns, blocks, block = _blocks(rows * columns)
        counted = block
    read = columns if wide == 1 else width
    if blocks * columns > MOST_TAPS or max(lines, hw.ATOM * blocks) > hw.MAX_EXTENT:
        return None
    stride = 1 if wide == 1 else across
    return Stack(lines, pitch, read, blocks, block, columns, counted, wide, stride, function.pad[1], joins)


def _blocks(length: int) -> tuple[int, int, int]:
    """(columns, blocks, distance of blocks) of the fewest taps that cover a line exactly; blocks may overlap."""
    found = []
    for columns in range(1, hw.MAX_KERNEL + 1):
        for block in range(1, columns + 1):
            if (length - columns) % block == 0:
                found.append((columns * ((length - columns) // block + 1), columns, block))
    _, columns, block = min(found, key=lambda entry: (entry[0], -entry[1]))
    return columns, (length - columns) // block + 1, block
