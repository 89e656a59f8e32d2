"""Where the specification lists defects of the public design, ours gives the mathematically right result.

csc_cmac_cacc.md section 2 (image mode), cdma.md sections 6.4 and 10. Expected outputs are plain numpy (plain_layers).
"""

from __future__ import annotations

import pytest
from plain_layers import Maker, check

from cocodla.formats.pixels import PIXEL_FORMATS
from cocodla.hw import ATOM, CBUF_BANK_ENTRIES, ceil_div
from cocodla.registers import MAP

R8, RGBA, BGRA, ARGB, YUV, YVU = 0, 12, 13, 14, 28, 29
CHANNELS = {code: PIXEL_FORMATS[code].channels for code in (R8, RGBA, YUV)}


def test_lines_4096_and_more_pixels_wide_with_two_surfaces() -> None:
    """The distance of surfaces has more than 12 bits; 4095 and a single surface are right in the public design, too."""
    maker = Maker(1)
    shapes = ((4095, 16), (4096, 16), (5000, 16), (4097, 9), (8192, 8))
    check(maker, [maker.feature(w, 1, c, 8, (2, 1), data_banks=20, weight_banks=2) for w, c in shapes])


def test_pixel_strides_of_9_12_15_20_bytes_around_the_end_of_the_data_ring() -> None:
    """Layers follow one another in the same bank, so lines wrap at many places; 16 and 24 bytes for comparison."""
    maker = Maker(2)
    layers, begin, cut = [], 0, 0
    for code, stride in ((YUV, 3), (RGBA, 3), (YUV, 4), (YUV, 5), (RGBA, 5), (RGBA, 4), (YUV, 8)):
        for width, part in ((61, 0.7), (47, 0.8), (54, 0.9)):
            entries = ceil_div(width * CHANNELS[code], ATOM)
            height = int(part * CBUF_BANK_ENTRIES) // entries
            layers.append(maker.image(code, width, height, 9, (4, 2), stride))
            lines = range(begin, begin + height * entries, entries)
            cut += any(line % CBUF_BANK_ENTRIES > CBUF_BANK_ENTRIES - entries for line in lines)
            begin += height * entries
    assert cut > 12  # layers with a line that begins at the end of the ring and goes on at its start
    check(maker, layers)


@pytest.mark.parametrize("code", [R8, YUV])
def test_kernel_lines_one_byte_longer_than_whole_atoms(code: int) -> None:
    """S * CH = 9, 17, 25, 33, 41, 57, at several byte offsets of the windows."""
    maker = Maker(3)
    columns = [length // CHANNELS[code] for length in (9, 17, 25, 33, 41, 57) if length % CHANNELS[code] == 0]
    check(maker, [maker.image(code, s + 12, 4, 10, (s, 2), stride) for s in columns for stride in (1, 2)])


@pytest.mark.parametrize(("code", "lengths"), [(R8, (25, 27, 28, 36, 44)), (RGBA, (28, 36, 44)), (YUV, (27, 33, 36))])
def test_stripes_of_one_position_with_long_kernel_lines(code: int, lengths: tuple[int, ...]) -> None:
    """17 and 33 (and 1) output columns: the last stripe of a line has length 1, with more than 3 channel blocks."""
    maker = Maker(4)
    layers = []
    for length in lengths:
        size = length // CHANNELS[code]
        layers += [
            maker.image(code, size + 16, 3, 8, (size, 1)),
            maker.image(code, size + 33, 3, 3, (size, 2), columns=33),
        ]
        layers.append(maker.image(code, size, 2, 8, (size, 1)))
    check(maker, layers)


@pytest.mark.parametrize("code", [R8, RGBA, BGRA, ARGB, YUV, YVU])
def test_paddings_of_25_to_31_pixels(code: int) -> None:
    """Left, right and both, at every X offset of the format."""
    maker = Maker(5)
    offsets = {R8: (0, 3, 7), YUV: (0, 1, 3), YVU: (0, 2)}.get(code, (0, 1))
    pads = ((31, 0), (0, 31), (31, 31), (25, 30))
    check(maker, [maker.image(code, 9, 2, 5, (3, 2), 2, pad, x) for pad in pads for x in offsets])


def test_weights_padded_to_128_bytes_in_layers_of_equal_banks() -> None:
    """1080 bytes of weights in 1152: the rest must not stay in the weight ring. Five layers, then one of other size."""
    maker = Maker(6)
    layers = [maker.feature(6, 8, 10, 12, (3, 3), weight_boundary=128) for _ in range(5)]
    assert layers[0].words["CDMA"]["D_WEIGHT_BYTES"] == 1152
    check(maker, [*layers, maker.feature(6, 8, 10, 7, (3, 3), weight_boundary=128)])


def test_the_largest_sum_a_legal_layer_can_have() -> None:
    """31 banks of weights -128 over -128 everywhere: 2,080,374,784, exact, so D_OUT_SATURATION stays 0."""
    maker = Maker(7)
    layer = maker.largest_sum()
    check(maker, [layer], reads={MAP["CACC.D_OUT_SATURATION"].address: 0})
