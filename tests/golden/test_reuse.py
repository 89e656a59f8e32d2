"""What CBUF keeps between layers: release, reuse, bank changes (cdma.md 6 and 7, programming.md 5.1)."""

from dataclasses import replace

import numpy as np
import pytest

from cocodla.formats import CubeLayout, pack_weights, pad_stream, tensor_to_bytes
from cocodla.golden import Device, RuleViolation, run
from cocodla.golden.config import SdpConfig
from cocodla.golden.config_conv import CdmaConfig, ConvConfig, CscConfig
from cocodla.golden.encode import encode_convolution, encode_sdp, merge
from cocodla.program import Program
from cocodla.stimulus.sequencer import Sequencer

INPUT, WEIGHTS, OUTPUT = 0x1000, 0x8000, 0x20000
WIDTH, HEIGHT, CHANNELS, KERNELS, SIZE = 6, 16, 10, 12, 3
RNG = np.random.default_rng(7)
TENSOR = RNG.integers(-128, 128, (CHANNELS, HEIGHT, WIDTH)).astype(np.int8)
FILTER = RNG.integers(-20, 20, (KERNELS, CHANNELS, SIZE, SIZE)).astype(np.int8)
BYTES = KERNELS * CHANNELS * SIZE * SIZE


class Host:
    """Runs 3x3 layers over some of the input lines; the shift keeps results apart from saturation."""

    def __init__(self) -> None:
        self.device, self.sequencer = Device(), Sequencer()
        self.device.memory.load(INPUT, tensor_to_bytes(TENSOR).tobytes())
        self.device.memory.load(WEIGHTS, pad_stream(pack_weights(FILTER), 128).tobytes())

    def layer(self, first: int, fetched: int, lines: int, top: int = 0, **flags: int) -> np.ndarray:
        """Fetch `fetched` lines from line `first`, compute on `lines` lines; returns the output atoms."""
        out = lines + 2 * top - SIZE + 1
        shared = {"data_banks": 1, "weight_banks": 2, "weight_bytes": -(-BYTES // 128) * 128}
        release = flags.pop("release_lines", lines)
        for name in ("data_reuse", "weight_reuse", "skip_data_release", "skip_weight_release"):
            shared[name] = bool(flags.pop(name, False))
        shared.update(flags)
        cdma = CdmaConfig(
            width=WIDTH, height=fetched, channels=CHANNELS, address=INPUT + 8 * WIDTH * first,
            line_stride=8 * WIDTH, surface_stride=8 * WIDTH * HEIGHT, entries=2 * WIDTH, kernels=KERNELS,
            kernel_bytes=CHANNELS * SIZE * SIZE, weight_address=WEIGHTS, **shared,
        )  # fmt: skip
        csc = CscConfig(
            width=WIDTH, height=lines, channels=CHANNELS, kernels=KERNELS, kernel_width=SIZE, kernel_height=SIZE,
            out_width=WIDTH - 2, out_height=out, entries=2 * WIDTH, pad_top=top, release_lines=release, **shared,
        )  # fmt: skip
        layout = CubeLayout.packed(WIDTH - 2, out, KERNELS)
        sdp = SdpConfig(
            width=WIDTH - 2, height=out, channels=KERNELS, from_cacc=True, cvt_shift=8, address=OUTPUT,
            line_stride=layout.line_stride, surface_stride=layout.surface_stride,
        )  # fmt: skip
        words = merge(encode_convolution(ConvConfig(cdma, csc)), encode_sdp(sdp))
        run(Program(self.sequencer.run(words)), self.device)
        return self.device.memory.read_cube(OUTPUT, layout)[0]

    def spoil_weights(self) -> None:
        self.device.memory.fill(WEIGHTS, BYTES, 0x55)

    def spoil_input(self) -> None:
        self.device.memory.fill(INPUT, 2 * 8 * WIDTH * HEIGHT, 0x55)


@pytest.fixture(scope="module")
def whole() -> np.ndarray:
    """The layer over all lines at once."""
    return Host().layer(0, HEIGHT, HEIGHT)


def test_height_split_with_kept_lines(whole: np.ndarray) -> None:
    """The second layer appends its lines to the two the first one did not release."""
    host = Host()
    upper = host.layer(0, 9, 9, release_lines=7)
    host.device.memory.fill(INPUT, 8 * WIDTH * 9, 0)  # lines 0..8 of surface 0 must come from CBUF
    lower = host.layer(9, 7, 9, data_reuse=1)
    assert (np.concatenate([upper, lower], axis=1) == whole).all()


def test_lines_left_over_are_dropped_without_reuse(whole: np.ndarray) -> None:
    host = Host()
    host.layer(0, 9, 9, release_lines=7)
    assert (host.layer(0, HEIGHT, HEIGHT) == whole).all()


def test_kept_input_is_not_fetched_again(whole: np.ndarray) -> None:
    host = Host()
    host.layer(0, HEIGHT, HEIGHT, skip_data_release=1)
    host.spoil_input()
    assert (host.layer(0, HEIGHT, HEIGHT, data_reuse=1, skip_data_release=1) == whole).all()
    assert (host.layer(0, HEIGHT, HEIGHT, data_reuse=1) == whole).all()
    assert (host.layer(0, HEIGHT, HEIGHT, data_reuse=1) != whole).any()


def test_kept_weights_are_not_fetched_again(whole: np.ndarray) -> None:
    host = Host()
    host.layer(0, HEIGHT, HEIGHT, skip_weight_release=1)
    host.spoil_weights()
    assert (host.layer(0, HEIGHT, HEIGHT, weight_reuse=1) == whole).all()
    assert (host.layer(0, HEIGHT, HEIGHT, weight_reuse=1) != whole).any()


def test_weights_are_fetched_without_the_reuse_bit(whole: np.ndarray) -> None:
    host = Host()
    host.layer(0, HEIGHT, HEIGHT, skip_weight_release=1)
    host.spoil_weights()
    assert (host.layer(0, HEIGHT, HEIGHT) != whole).any()


@pytest.mark.parametrize("banks", [{"data_banks": 2, "weight_banks": 2}, {"data_banks": 1, "weight_banks": 3}])
def test_a_bank_change_drops_the_weights(whole: np.ndarray, banks: dict[str, int]) -> None:
    host = Host()
    host.layer(0, HEIGHT, HEIGHT, skip_weight_release=1)
    host.spoil_weights()
    assert (host.layer(0, HEIGHT, HEIGHT, weight_reuse=1, **banks) != whole).any()


def test_a_data_bank_change_drops_the_input(whole: np.ndarray) -> None:
    host = Host()
    host.layer(0, HEIGHT, HEIGHT, skip_data_release=1)
    assert (host.layer(0, HEIGHT, HEIGHT, data_reuse=1, data_banks=2) == whole).all()
    host = Host()
    host.layer(0, 9, 9, release_lines=7)
    with pytest.raises(RuleViolation, match="CSC waits for 9 lines, 7 are kept and fetched"):
        host.layer(9, 7, 9, data_reuse=1, data_banks=2)


def test_tail_padding_of_weights_does_not_disturb_the_next_layer(whole: np.ndarray) -> None:
    """cdma.md 6.4: the reference goes wrong from the second layer on, ours must not."""
    host = Host()
    assert BYTES % 128
    for _ in range(3):
        assert (host.layer(0, HEIGHT, HEIGHT) == whole).all()


def test_reuse_that_cannot_work_is_reported() -> None:
    host = Host()
    host.layer(0, HEIGHT, HEIGHT, skip_data_release=1)
    with pytest.raises(RuleViolation, match="different WEIGHT_BANK"):
        host.layer(0, HEIGHT, HEIGHT, data_reuse=1, weight_banks=3)
    host = Host()
    with pytest.raises(RuleViolation, match="CSC waits for 9 lines, 7 are kept and fetched"):
        host.layer(9, 7, 9, data_reuse=1)
    with pytest.raises(RuleViolation, match="lines of 12 entries do not fit 1 data banks"):
        ConvConfig(
            CdmaConfig(6, 43, 10, 0, 0, 0, 12, 1, 90, 0, 96, 1, 1),
            replace(
                CscConfig(6, 43, 10, 1, 3, 3, 4, 41, 12, 1, 1, 96),
            ),
        ).check()
