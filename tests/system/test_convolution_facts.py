"""What the specification says of convolutions without a public trace that shows it, each against plain numpy."""

from __future__ import annotations

import pytest
from plain_layers import Maker, check

from cocodla.formats.pixels import PIXEL_FORMATS
from cocodla.hw import ATOM
from cocodla.registers import MAP

R8, RGBA, YUV = 0, 12, 28


def test_fetch_grain_changes_no_result() -> None:
    """cdma.md 3: lines are fetched in steps of GRAINS, also where they do not divide the height."""
    maker = Maker(1)
    check(maker, [maker.feature(6, 11, 20, 9, (3, 2), grains=grains) for grains in (1, 2, 3, 4, 7, 11, 28)])


def test_padding_on_every_side_is_the_padding_value() -> None:
    """Right and bottom padding follow from the output size; PAD_RIGHT, PAD_BOTTOM of CDMA do nothing."""
    maker = Maker(2)
    layers = []
    for pads in ((2, 0, 0, 0), (0, 2, 0, 0), (0, 0, 2, 0), (0, 0, 0, 2), (1, 2, 3, 4), (31, 31, 0, 0), (0, 0, 40, 35)):
        layer = maker.feature(5, 4, 11, 9, (3, 3), pads=pads)
        register, word = MAP["CDMA.D_ZERO_PADDING"], layer.words["CDMA"].get("D_ZERO_PADDING", 0)
        layer.words["CDMA"]["D_ZERO_PADDING"] = register.encode(word, PAD_RIGHT=37, PAD_BOTTOM=21)
        layers.append(layer)
    check(maker, layers)


@pytest.mark.parametrize("merged", [2, 4])
def test_merged_kernel_rows(merged: int) -> None:
    """data_formats.md 4, post-extension: heights that do and do not divide, kernel groups full and not."""
    maker = Maker(3)
    layers = []
    for code, columns in ((R8, 1), (R8, 2), (R8, 4), (RGBA, 1), (YUV, 1)):
        if columns * PIXEL_FORMATS[code].channels <= ATOM // merged:
            for rows, kernels in ((1, 8), (merged, 5), (merged + 1, 19), (7, 8)):
                layers.append(maker.image(code, 13, 9, kernels, (columns, rows), rows_merged=merged))
    assert len(layers) >= 8
    check(maker, layers)


def test_x_offset_counts_inside_an_atom() -> None:
    """data_formats.md 3: modulo the pixels of an atom, for luma and chroma each by itself."""
    maker = Maker(4)
    offsets = [(R8, 7), (R8, 12), (RGBA, 1), (RGBA, 5), (YUV, 3), (YUV, 4), (YUV, 7), (YUV, 31)]
    check(maker, [maker.image(code, 10, 3, 8, (3, 3), x_offset=offset) for code, offset in offsets])
