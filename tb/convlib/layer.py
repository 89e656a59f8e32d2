"""Convolution layers for block benches: random legal configurations, register values, data, expected output."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cocodla.formats.weights import unpack_weights
from cocodla.golden.config_conv import CscConfig
from cocodla.golden.convolution import convolve
from cocodla.hw import ATOM, CBUF_BANK_ENTRIES, CBUF_BANKS, align, ceil_div, surfaces
from cocodla.registers import MAP

Entries = NDArray[np.int8]
"""CBUF entries, shape (..., 8), int8."""


@dataclass(frozen=True)
class Layer:
    """One layer as CSC sees it.

    lines (H, EPS, 8): content of the data ring, weights (WEIGHT_BYTES/8, 8): of the weight ring.
    new_lines: how many of the lines the fetch has to bring (the last ones); fetch_weights: whether it brings weights.
    """

    config: CscConfig
    lines: Entries
    weights: Entries
    new_lines: int
    fetch_weights: bool

    @property
    def mac_cycles(self) -> int:
        """Lower bound of the computing time: one atom a cycle (csc_cmac_cacc.md section 8)."""
        c = self.config
        return c.out_width * c.out_height * operations(c) * surfaces(c.kernels)

    def expected(self) -> list[int]:
        """What CACC sends, one 256-bit integer an atom, from the golden convolution."""
        c, stream = self.config, self.weights.reshape(-1).view(np.uint8)
        weights = unpack_weights(stream, c.kernels, c.channels, c.kernel_height, c.kernel_width, c.rows_merged)
        out = convolve(self.lines[None], weights, c)
        atoms = np.ascontiguousarray(out.reshape(-1, ATOM).astype("<i4"))
        return [int.from_bytes(row.tobytes(), "little") for row in atoms]


def operations(config: CscConfig) -> int:
    """Stripe operations of a stripe: kernel positions times channel blocks; of few channels two columns at a time."""
    two = config.channels <= 4 and config.dilation_x == 1 and not config.image
    columns = ceil_div(config.kernel_width, 2) if two else config.kernel_width
    return columns * config.kernel_height * surfaces(config.channels)


def make_layer(rng: Random, config: CscConfig, former: Layer | None = None) -> Layer:
    """Random data for a configuration. What `former` leaves in CBUF and config reuses comes from there."""
    bits = np.random.default_rng(rng.getrandbits(64))

    def noise(*shape: int) -> Entries:
        style = rng.randrange(4)
        if style == 0:  # extremes only: the largest sums
            return bits.choice(np.array([-128, -127, 127], np.int8), shape)
        return bits.integers(-128, 128, shape, dtype=np.int8)

    kept = kept_lines(former, config)
    lines = noise(config.height, config.entries, ATOM)
    if kept:
        assert former is not None
        lines[:kept] = former.lines[former.config.height - kept :]
    fetch_weights = not weights_stay(former, config)
    weights = noise(config.weight_bytes // ATOM, ATOM)
    if not fetch_weights:
        assert former is not None
        weights = former.weights
    return Layer(config, lines, weights, config.height - kept, fetch_weights)


def kept_lines(former: Layer | None, config: CscConfig) -> int:
    """Lines at the front of the input that are in the ring already (cdma.md 7.3, 7.4)."""
    if former is None or not config.data_reuse:
        return 0
    old = former.config
    if old.data_banks != config.data_banks or old.image != config.image:
        return 0
    return old.height if old.skip_data_release else old.height - old.release_lines


def weights_stay(former: Layer | None, config: CscConfig) -> bool:
    """Whether the weights of the former layer are used again (cdma.md 7.4)."""
    if former is None:
        return False
    old = former.config
    same = (old.data_banks, old.weight_banks) == (config.data_banks, config.weight_banks)
    return same and old.skip_weight_release and config.weight_reuse


# ---------------------------------------------------------------- configurations


def config_of(
    width: int, height: int, channels: int, kernels: int, kernel: tuple[int, int] = (1, 1), **more: Any
) -> CscConfig:
    """A feature layer from its geometry; `kernel` is (S, R). Sizes that follow are filled in, `more` overrides."""
    s, r = kernel
    stride_x, stride_y = more.get("stride_x", 1), more.get("stride_y", 1)
    left, top = more.get("pad_left", 0), more.get("pad_top", 0)
    reach_x, reach_y = (s - 1) * more.get("dilation_x", 1) + 1, (r - 1) * more.get("dilation_y", 1) + 1
    right, bottom = more.pop("pad_right", left), more.pop("pad_bottom", top)
    fill: dict[str, Any] = {
        "out_width": (width + left + right - reach_x) // stride_x + 1,
        "out_height": (height + top + bottom - reach_y) // stride_y + 1,
        "entries": width * surfaces(channels),
        "release_lines": height,
        "weight_bytes": align(channels * kernels * s * r),
    }
    fill |= more
    data = ceil_div(fill["entries"] * height, CBUF_BANK_ENTRIES)
    fill = {"data_banks": data, "weight_banks": CBUF_BANKS - data} | fill
    return CscConfig(width, height, channels, kernels, s, r, **fill)


def image_config(
    width: int, height: int, pixel: int, kernels: int, kernel: tuple[int, int] = (1, 1), **more: Any
) -> CscConfig:
    """An image layer; `pixel` is bytes per pixel (1, 3, 4), pad_left and pad_right are in the lines (cdma.md 4)."""
    s, r = kernel
    stride_x, stride_y = more.get("stride_x", 1), more.get("stride_y", 1)
    left, top = more.pop("pad_left", 0), more.get("pad_top", 0)
    right, bottom = more.pop("pad_right", left), more.pop("pad_bottom", top)
    fill: dict[str, Any] = {
        "out_width": (width + left + right - s) // stride_x + 1,
        "out_height": (height + top + bottom - r) // stride_y + 1,
        "entries": ceil_div((width + left + right) * pixel, ATOM),
        "release_lines": height,
        "weight_bytes": align(s * pixel * kernels * r),
        "image": True,
        "pixel_channels": pixel,
    }
    fill |= more
    data = ceil_div(fill["entries"] * height, CBUF_BANK_ENTRIES)
    fill = {"data_banks": data, "weight_banks": CBUF_BANKS - data} | fill
    return CscConfig(width, height, s * pixel, kernels, 1, r, **fill)


def random_config(rng: Random, image: bool | None = None, cycles: int = 1500) -> CscConfig:
    """A legal layer that computes at most about `cycles` cycles. image None: either mode."""
    image = rng.random() < 0.35 if image is None else image
    while True:
        config = _random_image(rng) if image else _random_feature(rng)
        if config is not None and _cost(config) <= cycles and _fits(config):
            return _random_details(rng, config)


def _small(rng: Random, top: int) -> int:
    """1 .. top, small values more often."""
    return min(rng.randint(1, top), rng.randint(1, top))


def _random_feature(rng: Random) -> CscConfig | None:
    s, r = rng.choice([(1, 1), (3, 3), (_small(rng, 7), _small(rng, 7)), (_small(rng, 32), _small(rng, 32))])
    channels = rng.choice([rng.randint(1, 8), rng.randint(1, 40), 8 * rng.randint(1, 6), _small(rng, 300)])
    kernels = rng.choice([rng.randint(1, 8), rng.randint(1, 33), 8 * rng.randint(1, 4)])
    return _checked(
        config_of,
        _small(rng, 40),
        _small(rng, 40),
        channels,
        kernels,
        (s, r),
        stride_x=_small(rng, 8),
        stride_y=_small(rng, 8),
        dilation_x=rng.choice([1, 1, _small(rng, 32)]),
        dilation_y=rng.choice([1, 1, _small(rng, 32)]),
        pad_left=rng.choice([0, rng.randint(0, min(s, 31)), rng.randint(0, 31)]),
        pad_top=rng.choice([0, rng.randint(0, min(r, 31)), rng.randint(0, 31)]),
        pad_right=rng.randint(0, 8),
        pad_bottom=rng.randint(0, 8),
    )


def _random_image(rng: Random) -> CscConfig | None:
    merge, pixel = rng.choice([1, 1, 1, 2, 4]), rng.choice([1, 3, 4])
    lanes = ATOM // merge
    pixel = pixel if pixel <= lanes else 1
    widest = 32 if merge == 1 else lanes // pixel
    stride = 8 if merge == 1 else lanes // pixel
    return _checked(
        image_config,
        _small(rng, 70),
        _small(rng, 40),
        pixel,
        rng.choice([rng.randint(1, 8), rng.randint(1, 20)]),
        (_small(rng, widest), rng.choice([_small(rng, 8), rng.randint(1, 32)])),
        stride_x=_small(rng, stride),
        stride_y=_small(rng, 8),
        pad_left=rng.choice([0, rng.randint(0, 31)]),
        pad_right=rng.choice([0, rng.randint(0, 63)]),
        pad_top=rng.choice([0, rng.randint(0, 31)]),
        pad_bottom=rng.randint(0, 8),
        rows_merged=merge,
    )


def _checked(make: Any, *sizes: Any, **more: Any) -> CscConfig | None:
    config: CscConfig = make(*sizes, **more)
    return config if config.out_width > 0 and config.out_height > 0 else None


def _cost(config: CscConfig) -> int:
    positions = config.out_width * config.out_height
    group = max(positions, min(8, config.kernels)) * operations(config)
    return group * surfaces(config.kernels) * config.rows_merged


def _fits(config: CscConfig) -> bool:
    room = config.data_banks * CBUF_BANK_ENTRIES
    group = ceil_div(min(8, config.kernels) * config.kernel_bytes, ATOM) + 16
    return (
        config.data_banks < CBUF_BANKS
        and config.entries * config.height <= room
        and group <= config.weight_banks * CBUF_BANK_ENTRIES
    )


def _random_details(rng: Random, config: CscConfig) -> CscConfig:
    """Settings that any geometry may have: pad value, slack, release, truncation, bank split."""
    group = ceil_div(min(8, config.kernels) * config.kernel_bytes, ATOM) + 16
    least = ceil_div(group, CBUF_BANK_ENTRIES)
    data = rng.randint(config.data_banks, min(CBUF_BANKS - least, config.data_banks + 2))
    weight = rng.randint(least, min(CBUF_BANKS - data, least + 1))
    room = data * CBUF_BANK_ENTRIES // config.height
    return replace(
        config,
        pad_value=rng.randint(-128, 127),
        entries=min(room, config.entries + rng.choice([0, 0, rng.randint(1, 5)])),
        data_banks=data,
        weight_banks=weight,
        weight_bytes=rng.choice([config.weight_bytes, align(config.weight_bytes, 128)]),
        release_lines=rng.choice([config.height, rng.randint(1, config.height)]),
        clip_truncate=rng.choice([0, 0, rng.randint(0, 31)]),
    )


# ---------------------------------------------------------------- sequences


def random_sequence(rng: Random, count: int, cycles: int = 600) -> list[Layer]:
    """Layers that run one after the other and share CBUF: bank changes, reuse, height splits, kept weights."""
    layers: list[Layer] = []
    while len(layers) < count:
        former = layers[-1] if layers else None
        config = _successor(rng, former.config, cycles) if former and rng.random() < 0.7 else None
        if config is None:
            config = random_config(rng, None, cycles)
            if former and rng.random() < 0.6:
                banks = {"data_banks": former.config.data_banks, "weight_banks": former.config.weight_banks}
                config = replace(config, **banks)
            if former and kept_lines(former, replace(config, data_reuse=True)) == 0:
                config = replace(config, data_reuse=rng.random() < 0.5)
            if former and not weights_stay(former, replace(config, weight_reuse=True)):
                config = replace(config, weight_reuse=rng.random() < 0.5)  # void: fetches as usual
        config = _random_keeping(rng, config)
        if _fits(config):
            layers.append(make_layer(rng, config, former))
    return layers


def _random_keeping(rng: Random, config: CscConfig) -> CscConfig:
    """Random SKIP bits and RLS_SLICES; weights may only be kept where all of them fit."""
    whole = config.weight_bytes <= config.weight_banks * CBUF_BANK_ENTRIES * ATOM
    return replace(
        config,
        skip_data_release=rng.random() < 0.3,
        skip_weight_release=whole and rng.random() < 0.3,
        release_lines=rng.choice([config.height, rng.randint(1, config.height)]),
    )


def _successor(rng: Random, old: CscConfig, cycles: int) -> CscConfig | None:
    """A layer that uses lines, weights or both of the former one; None where nothing legal was found."""
    kept = old.height if old.skip_data_release else old.height - old.release_lines
    data = kept > 0 and rng.random() < 0.8
    weights = old.skip_weight_release and (not data or rng.random() < 0.6)
    if not data and not weights:
        return None
    room = old.data_banks * CBUF_BANK_ENTRIES // old.entries
    height = rng.randint(1, min(40, room))
    if data:
        height = kept if old.skip_data_release else kept + rng.randint(0, max(0, min(room, kept + 20) - kept))
    for _ in range(20):
        config = _same_shape(rng, old, height, weights)
        if config is not None and _cost(config) <= 4 * cycles and _fits(config):
            void = not old.skip_weight_release and rng.random() < 0.3  # WEIGHT_REUSE of nothing: fetches as usual
            return replace(config, data_reuse=data, weight_reuse=weights or void)
    return None


def _same_shape(rng: Random, old: CscConfig, height: int, keep_weights: bool) -> CscConfig | None:
    """A layer over lines of the same shape; the kernel may change unless the weights are kept."""
    kernels = old.kernels if keep_weights else rng.randint(1, 20)
    rows = old.kernel_height if keep_weights else _small(rng, 5)
    more: dict[str, Any] = {
        "entries": old.entries,
        "data_banks": old.data_banks,
        "weight_banks": old.weight_banks,
        "stride_y": _small(rng, 4),
        "pad_top": rng.choice([0, rng.randint(0, 3)]),
        "pad_value": rng.randint(-128, 127),
        "clip_truncate": rng.choice([0, rng.randint(0, 31)]),
    }
    if keep_weights:
        more["weight_bytes"] = old.weight_bytes
    if old.image:
        columns = old.channels // old.pixel_channels if keep_weights else _small(rng, 3)
        if not keep_weights or old.rows_merged > 1:
            more["stride_x"] = 1
        more["rows_merged"] = old.rows_merged if keep_weights else 1
        pixels = old.entries * ATOM // old.pixel_channels
        return _checked(image_config, pixels, height, old.pixel_channels, kernels, (columns, rows), **more)
    columns = old.kernel_width if keep_weights else _small(rng, 5)
    more |= {"stride_x": _small(rng, 4), "pad_left": rng.choice([0, rng.randint(0, 3)])}
    return _checked(config_of, old.width, height, old.channels, kernels, (columns, rows), **more)


# ---------------------------------------------------------------- registers


def registers(config: CscConfig, rng: Random | None = None) -> dict[str, list[tuple[int, int]]]:
    """Writes (address, value) of the D_ registers per unit, without S_POINTER and D_OP_ENABLE.

    With rng, fields that must have no effect get random values.
    """
    c = config

    def junk(bits: int) -> int:
        return rng.getrandbits(bits) if rng else 0

    misc = {
        "DATA_REUSE": int(c.data_reuse),
        "WEIGHT_REUSE": int(c.weight_reuse),
        "SKIP_DATA_RLS": int(c.skip_data_release),
        "SKIP_WEIGHT_RLS": int(c.skip_weight_release),
        "IN_PRECISION": 0,
        "PROC_PRECISION": 0,
    }
    positions = c.out_width * c.out_height
    csc: dict[str, dict[str, int]] = {
        "D_MISC_CFG": misc,
        "D_DATAIN_FORMAT": {"DATAIN_FORMAT": int(c.image)},
        "D_DATAIN_SIZE_EXT_0": {"DATAIN_WIDTH_EXT": c.width - 1, "DATAIN_HEIGHT_EXT": c.height - 1},
        "D_DATAIN_SIZE_EXT_1": {"DATAIN_CHANNEL_EXT": c.pixel_channels - 1 if c.image else junk(13)},
        "D_POST_Y_EXTENSION": {"Y_EXTENSION": c.rows_merged.bit_length() - 1},
        "D_ENTRY_PER_SLICE": {"ENTRIES": c.entries - 1},
        "D_WEIGHT_SIZE_EXT_0": {
            "WEIGHT_WIDTH_EXT": junk(5) if c.image else c.kernel_width - 1,
            "WEIGHT_HEIGHT_EXT": c.kernel_height - 1,
        },
        "D_WEIGHT_SIZE_EXT_1": {"WEIGHT_CHANNEL_EXT": c.channels - 1, "WEIGHT_KERNEL": c.kernels - 1},
        "D_WEIGHT_BYTES": {"WEIGHT_BYTES": c.weight_bytes},
        "D_DATAOUT_SIZE_0": {"DATAOUT_WIDTH": c.out_width - 1, "DATAOUT_HEIGHT": c.out_height - 1},
        "D_ATOMICS": {"ATOMICS": junk(21) if c.image else positions - 1},
        "D_RELEASE": {"RLS_SLICES": c.release_lines - 1},
        "D_CONV_STRIDE_EXT": {"CONV_X_STRIDE_EXT": c.stride_x - 1, "CONV_Y_STRIDE_EXT": c.stride_y - 1},
        "D_DILATION_EXT": {
            "X_DILATION_EXT": junk(5) if c.image else c.dilation_x - 1,
            "Y_DILATION_EXT": junk(5) if c.image else c.dilation_y - 1,
        },
        "D_ZERO_PADDING": {"PAD_LEFT": junk(5) if c.image else c.pad_left, "PAD_TOP": c.pad_top},
        "D_ZERO_PADDING_VALUE": {"PAD_VALUE": junk(8) << 8 | c.pad_value & 0xFF},
        "D_BANK": {"DATA_BANK": c.data_banks - 1, "WEIGHT_BANK": c.weight_banks - 1},
    }
    units = {
        "CSC": csc,
        "CMAC_A": {"D_MISC_CFG": {"PROC_PRECISION": 0}},
        "CMAC_B": {"D_MISC_CFG": {"PROC_PRECISION": 0}},
        "CACC": {"D_MISC_CFG": {"PROC_PRECISION": 0}, "D_CLIP_CFG": {"CLIP_TRUNCATE": c.clip_truncate}},
    }
    writes: dict[str, list[tuple[int, int]]] = {}
    for unit, words in units.items():
        named = [(MAP[f"{unit}.{name}"], fields) for name, fields in words.items()]
        writes[unit] = [(register.address, register.encode(**fields)) for register, fields in named]
    return writes
