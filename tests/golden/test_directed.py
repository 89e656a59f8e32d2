"""Directed cases of the golden model, one per trap."""

from dataclasses import replace

import numpy as np

from cocodla.golden import cdma, convolution
from cocodla.golden.config_conv import CdmaConfig, CscConfig
from cocodla.golden.encode import encode_cdma
from cocodla.golden.memory import PAGE, Memory
from cocodla.golden.snapshot import Snapshot

BITS = {"data_banks": 1, "weight_banks": 31}


def feature(width: int, height: int, channels: int) -> CdmaConfig:
    return CdmaConfig(
        width=width, height=height, channels=channels, address=0, line_stride=8 * width,
        surface_stride=8 * width * height, entries=width * -(-channels // 8), kernels=1, kernel_bytes=channels,
        weight_address=0x8000, weight_bytes=8, **BITS,
    )  # fmt: skip


def test_sums_beyond_the_24_bits_of_float32_are_exact() -> None:
    """127 * -127 in 2047 channels and one odd product: float32 sums would lose the lowest bit."""
    channels = 2048
    lines = np.full((1, 1, channels // 8, 8), 127, np.int8)
    weights = np.full((1, channels, 1, 1), -127, np.int8)
    weights[0, -1] = 1
    config = CscConfig(
        width=1, height=1, channels=channels, kernels=1, kernel_width=1, kernel_height=1, out_width=1,
        out_height=1, entries=channels // 8, weight_bytes=channels, **BITS,
    )  # fmt: skip
    atoms = convolution.convolve(lines, weights, config)
    assert atoms[0, 0, 0, 0].tolist() == [127 * -127 * 2047 + 127, *[0] * 7]


def test_truncation_above_16_loses_sticky_bits_before_the_tie_test() -> None:
    """csc_cmac_cacc.md 6.1: the values the reference returned."""
    assert convolution.truncate(np.array([-65535, -65534]), 17).tolist() == [-1, 0]
    assert convolution.truncate(np.array([3, -3, 1, -1]), 1).tolist() == [2, -2, 1, -1]
    assert convolution.truncate(np.array([6, -6, -5, 5]), 2).tolist() == [2, -2, -1, 1]


def test_surface_packed_flag_means_1x1_mode_only_for_1x1_cubes() -> None:
    """cdma.md 3: with W = H = 1 strides are ignored, for any other cube the flag has no effect."""
    memory = Memory()
    memory.load(0, bytes(range(96)))
    small = replace(feature(1, 1, 16), surface_stride=64, packed_1x1=True)
    assert cdma.fetch_features(memory, small)[0, 0].reshape(-1).tolist() == list(range(16))
    words = encode_cdma(small)
    assert CdmaConfig.from_registers(Snapshot("CDMA", words)).packed_1x1
    words["D_DATAIN_SIZE_0"] += 1  # width 2
    words["D_ENTRY_PER_SLICE"] = 3
    wide = CdmaConfig.from_registers(Snapshot("CDMA", words))
    assert not wide.packed_1x1
    got = cdma.fetch_features(memory, wide)[0, 0].reshape(-1).tolist()
    assert got == [*range(16), *range(64, 80)]


def test_converter_rounding_examples() -> None:
    """cdma.md 5."""
    from cocodla.golden.config_conv import Converter

    for p, t, expected in ((5, 1, 3), (-5, 1, -3), (-4, 3, -1), (3, 3, 0), (-3, 3, 0), (100, 34, 0)):
        data = np.array([p & 0xFF], np.uint8)
        assert cdma.convert(data, Converter(truncate=t), signed=True).tolist() == [expected]


class TestMemory:
    """Pages are shared until images differ."""

    def test_fill_and_read_across_pages(self) -> None:
        memory = Memory()
        memory.fill(PAGE - 3, 2 * PAGE, 7)
        data = memory.dump(PAGE - 5, 2 * PAGE + 10)
        assert data == bytes(2) + b"\7" * 2 * PAGE + bytes(8)
        memory.fill(PAGE, PAGE, 0)
        assert memory.dump(PAGE - 1, PAGE + 2) == b"\7" + bytes(PAGE) + b"\7"
        for value in (1, 255):
            memory.fill(PAGE, PAGE, value)
            assert memory.dump(PAGE - 1, PAGE + 2) == b"\7" + bytes([value]) * PAGE + b"\7"

    def test_images_get_private_pages_when_they_differ(self) -> None:
        memory = Memory(3)
        memory.load(0, b"abcd")
        assert memory.read(0, 4).shape == (1, 4)
        memory.write(1, np.array([[1], [2], [3]], np.uint8))
        assert memory.read(0, 3).tolist() == [[97, 1, 99], [97, 2, 99], [97, 3, 99]]
        memory.load(0, b"xy")
        assert memory.dump(0, 4, image=2) == b"xycd"
        assert memory.read_common(0, 4).shape == (1, 4)
        memory.fill(1, 1, 9)
        assert memory.read(0, 3).tolist() == [[120, 9, 99]] * 3

    def test_sparse_strides_are_not_read_as_one_block(self) -> None:
        memory = Memory()
        memory.load(0x8000_0000, b"12345678")
        got = memory.read_strided(0, (2, 2), (0x8000_0000, 0x100_0000), 8)
        assert got[0, 1, 0].tobytes() == b"12345678"
        assert not got[0, 0].any()
