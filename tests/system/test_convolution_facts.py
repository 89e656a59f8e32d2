"""What the specification says of convolutions without a public trace that shows it, each against plain numpy."""

from __future__ import annotations

import pytest
from plain_layers import Maker, check

from cocodla.formats.pixels import PIXEL_FORMATS
from cocodla.golden import RuleViolation
from cocodla.golden import run as run_golden
from cocodla.hw import ATOM
from cocodla.program import Program
from cocodla.registers import MAP
from cocodla.runtime import rtl
from cocodla.stimulus.sequencer import Sequencer

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


def test_x_offset_reaches_inside_the_first_atom() -> None:
    """data_formats.md 3: every legal offset, of chroma modulo the pixels of its atom; padded lines, too."""
    maker = Maker(4)
    offsets = [(R8, 7), (R8, 3), (RGBA, 1), *((YUV, offset) for offset in (1, 3, 4, 7))]
    check(maker, [maker.image(code, 10, 3, 8, (3, 3), x_offset=offset) for code, offset in offsets])
    check(maker, [maker.image(code, 10, 3, 8, (3, 3), x_offset=offset, pads=(5, 1)) for code, offset in offsets])


@pytest.mark.parametrize(("code", "offset"), [(R8, 8), (RGBA, 2), (YUV, 8)])
def test_x_offset_beyond_the_first_atom_is_illegal(code: int, offset: int) -> None:
    """cdma.md 10: the public design reads wrong columns there. Golden model and assertions of the RTL tell."""
    maker = Maker(5)
    layer = maker.image(code, 10, 3, 8, (3, 3))
    layer.words["CDMA"]["D_PIXEL_OFFSET"] = offset
    program = Program([*layer.loads, *Sequencer().run(layer.words)])
    with pytest.raises(RuleViolation, match=f"PIXEL_X_OFFSET is {offset}, beyond the first atom"):
        run_golden(program)
    program.meta["memory"] = [[0, 0x10000]]
    execution = rtl.run(program, rtl.Simulation(seed=1, assertions=True))
    assert any("beyond the first atom" in failure for failure in execution.failures), execution.failures
