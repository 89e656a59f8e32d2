"""Layers for the CDMA bench: random register programs that obey spec/cdma.md and convolution.md 4.

A layer knows the registers of CDMA, what CSC does with it, and - from the golden model - the lines and
weight entries that must appear in CBUF.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

import numpy as np
from numpy.typing import NDArray

from cocodla.formats.pixels import PIXEL_FORMATS
from cocodla.golden.cdma import fetch
from cocodla.golden.config_conv import CdmaConfig
from cocodla.golden.memory import Memory
from cocodla.golden.snapshot import Snapshot
from cocodla.hw import ATOM, CBUF_BANK_ENTRIES, ceil_div, surfaces
from cocodla.registers import MAP
from postlib.space import random_place

Fields = dict[str, dict[str, int]]


@dataclass
class Layer:
    """fields: register -> field -> raw value. csc_height: lines CSC waits for; release: lines it frees."""

    fields: Fields
    csc_height: int = 1
    release: int = 1
    used: NDArray[np.bool_] = field(default_factory=lambda: np.ones((1, ATOM), bool))
    """Bytes of a line that CSC may read, shape (EPS, 8)."""

    def words(self) -> dict[str, int]:
        """Register name -> 32-bit value."""
        return {name: MAP[f"CDMA.{name}"].encode(**values) for name, values in self.fields.items()}

    def config(self) -> CdmaConfig:
        return CdmaConfig.from_registers(Snapshot("CDMA", self.words()))

    def get(self, register: str, name: str = "") -> int:
        return self.fields[register][name or register.removeprefix("D_")]

    @property
    def image(self) -> bool:
        return bool(self.get("D_DATAIN_FORMAT"))

    @property
    def banks(self) -> tuple[int, int]:
        """Data and weight banks, true values."""
        return self.get("D_BANK", "DATA_BANK") + 1, self.get("D_BANK", "WEIGHT_BANK") + 1

    @property
    def entries(self) -> int:
        return self.get("D_ENTRY_PER_SLICE", "ENTRIES") + 1

    @property
    def height(self) -> int:
        return self.get("D_DATAIN_SIZE_0", "DATAIN_HEIGHT") + 1

    @property
    def weight_entries(self) -> int:
        return self.get("D_WEIGHT_BYTES") // ATOM

    def flag(self, name: str) -> bool:
        return bool(self.get("D_MISC_CFG", name))


def base_fields(data_banks: int, weight_banks: int) -> Fields:
    """What every layer sets, for int8."""
    return {
        "D_MISC_CFG": dict.fromkeys(
            [
                "CONV_MODE",
                "IN_PRECISION",
                "PROC_PRECISION",
                "DATA_REUSE",
                "WEIGHT_REUSE",
                "SKIP_DATA_RLS",
                "SKIP_WEIGHT_RLS",
            ],
            0,
        ),
        "D_DAIN_RAM_TYPE": {"DATAIN_RAM_TYPE": 1},
        "D_WEIGHT_RAM_TYPE": {"WEIGHT_RAM_TYPE": 1},
        "D_BANK": {"DATA_BANK": data_banks - 1, "WEIGHT_BANK": weight_banks - 1},
        "D_CVT_CFG": {"CVT_EN": 0, "CVT_TRUNCATE": 0},
        "D_MEAN_FORMAT": {"MEAN_FORMAT": 0},
        "D_DAIN_MAP": {"LINE_PACKED": 0, "SURF_PACKED": 0},
        "D_PERF_ENABLE": {"DMA_EN": 1},
    }


def features(
    width: int,
    height: int,
    channels: int,
    *,
    address: int = 0x1000,
    line_gap: int = 0,
    surface_gap: int = 0,
    surplus: int = 0,
    packed: bool = False,
    banks: tuple[int, int] = (4, 2),
) -> Layer:
    """A feature layer; gaps in bytes, surplus entries a line."""
    line = ATOM * width + line_gap
    values = base_fields(*banks)
    values |= {
        "D_DATAIN_FORMAT": {"DATAIN_FORMAT": 0, "PIXEL_FORMAT": 12, "PIXEL_SIGN_OVERRIDE": 0},
        "D_DATAIN_SIZE_0": {"DATAIN_WIDTH": width - 1, "DATAIN_HEIGHT": height - 1},
        "D_DATAIN_SIZE_1": {"DATAIN_CHANNEL": channels - 1},
        "D_DAIN_ADDR_LOW_0": {"DATAIN_ADDR_LOW_0": address},
        "D_LINE_STRIDE": {"LINE_STRIDE": line},
        "D_SURF_STRIDE": {"SURF_STRIDE": line * height + surface_gap},
        "D_DAIN_MAP": {"LINE_PACKED": int(line_gap == 0), "SURF_PACKED": int(packed)},
        "D_ENTRY_PER_SLICE": {"ENTRIES": width * surfaces(channels) + surplus - 1},
    }
    used = np.ones((width * surfaces(channels) + surplus, ATOM), bool)
    used[width * surfaces(channels) :] = False
    return Layer(values, height, height, used)


def pixels(
    code: int,
    width: int,
    height: int,
    *,
    pad_left: int = 0,
    pad_right: int = 0,
    x_offset: int = 0,
    address: int = 0x1000,
    chroma_address: int = 0x9000,
    gaps: tuple[int, int] = (0, 0),
    pad_value: int = 0,
    signed: bool = False,
    surplus: int = 0,
    banks: tuple[int, int] = (4, 2),
) -> Layer:
    """An image layer of a pixel format; gaps: bytes between the lines of each plane."""
    fmt = PIXEL_FORMATS[code]
    strides = [size + gap for size, gap in zip(fmt.line_bytes(width, x_offset), gaps, strict=False)]
    size = (pad_left + width + pad_right) * fmt.channels
    values = base_fields(*banks)
    values |= {
        "D_DATAIN_FORMAT": {"DATAIN_FORMAT": 1, "PIXEL_FORMAT": code, "PIXEL_SIGN_OVERRIDE": int(signed)},
        "D_DATAIN_SIZE_0": {"DATAIN_WIDTH": width - 1, "DATAIN_HEIGHT": height - 1},
        "D_DATAIN_SIZE_1": {"DATAIN_CHANNEL": fmt.channels - 1},
        "D_PIXEL_OFFSET": {"PIXEL_X_OFFSET": x_offset},
        "D_DAIN_ADDR_LOW_0": {"DATAIN_ADDR_LOW_0": address},
        "D_DAIN_ADDR_LOW_1": {"DATAIN_ADDR_LOW_1": chroma_address},
        "D_LINE_STRIDE": {"LINE_STRIDE": strides[0]},
        "D_LINE_UV_STRIDE": {"UV_LINE_STRIDE": strides[-1]},
        "D_SURF_STRIDE": {"SURF_STRIDE": 0},
        "D_ZERO_PADDING": {"PAD_LEFT": pad_left, "PAD_RIGHT": pad_right},
        "D_ZERO_PADDING_VALUE": {"PAD_VALUE": pad_value},
        "D_ENTRY_PER_SLICE": {"ENTRIES": ceil_div(size, ATOM) + surplus - 1},
    }
    used = np.arange(ATOM * (ceil_div(size, ATOM) + surplus)) < size
    return Layer(values, height, height, used.reshape(-1, ATOM))


def converter(layer: Layer, offset: int, scale: int, truncate: int, means: tuple[int, ...] | None = None) -> None:
    """Switch the input converter on."""
    layer.fields["D_CVT_CFG"] = {"CVT_EN": 1, "CVT_TRUNCATE": truncate}
    layer.fields["D_CVT_OFFSET"] = {"CVT_OFFSET": offset & 0xFFFF}
    layer.fields["D_CVT_SCALE"] = {"CVT_SCALE": scale & 0xFFFF}
    if means is not None:
        ry, gu, bv, ax = (mean & 0xFFFF for mean in means)
        layer.fields["D_MEAN_FORMAT"] = {"MEAN_FORMAT": 1}
        layer.fields["D_MEAN_GLOBAL_0"] = {"MEAN_RY": ry, "MEAN_GU": gu}
        layer.fields["D_MEAN_GLOBAL_1"] = {"MEAN_BV": bv, "MEAN_AX": ax}


def weights(layer: Layer, count: int, address: int = 0x40000) -> Layer:
    """Give the layer `count` weight entries."""
    layer.fields["D_WEIGHT_BYTES"] = {"WEIGHT_BYTES": count * ATOM}
    layer.fields["D_WEIGHT_ADDR_LOW"] = {"WEIGHT_ADDR_LOW": address}
    return layer


def footprint(layer: Layer) -> list[tuple[int, int]]:
    """(address, length) of all memory that the layer may read."""
    config = layer.config()
    spans = [(config.weight_address, config.weight_bytes)]
    if config.pixel_format is None:
        cube = config.layout
        spans += [
            (config.address + s * cube.surface_stride + y * cube.line_stride, ATOM * cube.width)
            for s in range(cube.surfaces)
            for y in range(cube.height)
        ]
        return spans
    places = ((config.address, config.line_stride), (config.chroma_address, config.chroma_stride))
    for (address, stride), length in zip(
        places, config.pixel_format.line_bytes(config.width, config.x_offset), strict=False
    ):
        spans += [(address + y * stride, length) for y in range(config.height)]
    return spans


def expected_lines(layer: Layer, memory: Memory) -> NDArray[np.uint8]:
    """Lines that the layer fetches, shape (lines, EPS, 8)."""
    return fetch(memory, layer.config())[0].view(np.uint8)


class LayerMaker:
    """Draws a sequence of legal layers; each one knows what the one before left in CBUF.

    size: entries of data about which a layer has at most; most_weights: entries of weights."""

    def __init__(self, rng: Random, size: int = 300, most_weights: int = 3072) -> None:
        self.rng, self.size, self.most_weights = rng, size, most_weights
        self.last: Layer | None = None
        self.kept_lines = 0
        self.kept_all = False
        self.kept_weights = 0

    def next(self) -> Layer:
        rng, last = self.rng, self.last
        stay = last is not None and rng.random() < 0.7
        banks = last.banks if stay and last else (rng.randint(1, 6), rng.randint(1, 3))
        layer = self._reusing(banks) if stay and self.kept_lines and rng.random() < 0.6 else self._fresh(banks)
        self._set_weights(layer, same_banks=last is not None and banks == last.banks)
        self._set_release(layer)
        if rng.random() < 0.5:
            self._set_converter(layer)
        self.last = layer
        return layer

    def _fresh(self, banks: tuple[int, int]) -> Layer:
        """A layer whose input is fetched as a whole."""
        layer = self._place(self._image(banks) if self.rng.random() < 0.5 else self._features(banks))
        void = self.last is None or layer.image != self.last.image or banks[0] != self.last.banks[0]
        if self.rng.random() < 0.2 and (void or not self.kept_lines):
            layer.fields["D_MISC_CFG"]["DATA_REUSE"] = 1  # nothing to reuse: fetches as usual
        return layer

    def _reusing(self, banks: tuple[int, int]) -> Layer:
        """Same geometry as the last layer, DATA_REUSE: all lines kept, or some and new ones behind them."""
        last = self.last
        assert last is not None
        room = banks[0] * CBUF_BANK_ENTRIES // last.entries
        new = 0 if self.kept_all else self.rng.randint(1, max(1, min(last.height, room - self.kept_lines)))
        if self.kept_lines + new > room:
            return self._fresh(banks)
        copied = {name: dict(values) for name, values in last.fields.items()}
        layer = Layer(copied, self.kept_lines + new, 1, last.used)
        layer.fields["D_BANK"] = {"DATA_BANK": banks[0] - 1, "WEIGHT_BANK": banks[1] - 1}
        if new:
            layer.fields["D_DATAIN_SIZE_0"]["DATAIN_HEIGHT"] = new - 1
        for name in ("DATA_REUSE", "WEIGHT_REUSE", "SKIP_DATA_RLS", "SKIP_WEIGHT_RLS"):
            layer.fields["D_MISC_CFG"][name] = int(name == "DATA_REUSE")
        return layer

    def _features(self, banks: tuple[int, int]) -> Layer:
        rng = self.rng
        room = min(self.size, banks[0] * CBUF_BANK_ENTRIES)
        if rng.random() < 0.15:
            channels = rng.randint(1, 8 * min(room, 200))
            return features(1, 1, channels, packed=rng.random() < 0.7, banks=banks)
        blocks = rng.choice([1, 1, 2, 3, rng.randint(1, 12)])
        width = rng.choice([1, 2, rng.randint(1, max(1, room // blocks))])
        surplus = rng.choice([0, 0, 0, rng.randint(1, 3)])
        line = width * blocks + surplus
        height = rng.randint(1, max(1, min(room // line, 40)))
        if line * height > banks[0] * CBUF_BANK_ENTRIES:
            surplus = 0
        return features(
            width,
            height,
            8 * blocks - rng.randrange(8),
            line_gap=8 * rng.choice([0, 0, rng.randrange(20)]),
            surface_gap=8 * rng.choice([0, 0, rng.randrange(20)]),
            surplus=surplus,
            banks=banks,
        )

    def _image(self, banks: tuple[int, int]) -> Layer:
        rng = self.rng
        code = rng.choice([0, *PIXEL_FORMATS])
        few = rng.random() < 0.6
        pads = (rng.randint(0, 4), rng.randint(0, 4)) if few else (rng.randint(0, 31), rng.randint(0, 63))
        channels = PIXEL_FORMATS[code].channels
        width = rng.choice([1, 2, rng.randint(1, 40), rng.randint(1, 200)])
        line = ceil_div((sum(pads) + width) * channels, ATOM)
        return pixels(
            code,
            width,
            rng.randint(1, max(1, min(20, self.size // line))),
            pad_left=pads[0],
            pad_right=pads[1],
            x_offset=rng.randint(0, PIXEL_FORMATS[code].max_x_offset),
            gaps=(8 * rng.randrange(4), 8 * rng.randrange(4)),
            pad_value=rng.getrandbits(16),
            signed=rng.random() < 0.3,
            surplus=rng.choice([0, 0, 0, 1]),
            banks=banks,
        )

    def _place(self, layer: Layer) -> Layer:
        """Each plane at a place of its own, anywhere in memory."""
        config = layer.config()
        layer.fields["D_DAIN_ADDR_LOW_1"] = {"DATAIN_ADDR_LOW_1": self._address(config.height * config.chroma_stride)}
        stride = config.line_stride if config.pixel_format is not None else config.layout.surface_stride
        count = config.height if config.pixel_format is not None else config.layout.surfaces
        layer.fields["D_DAIN_ADDR_LOW_0"] = {"DATAIN_ADDR_LOW_0": self._address(count * stride)}
        return layer

    def _address(self, size: int) -> int:
        """An address of `size` bytes; the low three bits must not matter."""
        return random_place(self.rng, size) + self.rng.choice([0, 0, self.rng.randrange(8)])

    def _set_weights(self, layer: Layer, same_banks: bool) -> None:
        rng, misc = self.rng, layer.fields["D_MISC_CFG"]
        capacity = layer.banks[1] * CBUF_BANK_ENTRIES
        skip = rng.random() < 0.3
        count = rng.choice([1, rng.randint(1, 40), rng.randint(1, 400), rng.randint(1, 2 * capacity)])
        if skip:
            count = min(count, capacity)
        count = min(count, self.most_weights)
        misc["WEIGHT_REUSE"] = int(rng.random() < (0.6 if self.kept_weights else 0.2))
        if misc["WEIGHT_REUSE"] and self.kept_weights and same_banks:
            count = self.kept_weights
        misc["SKIP_WEIGHT_RLS"] = int(skip)
        weights(layer, count, self._address(count * ATOM))
        self.kept_weights = count if skip else 0

    def _set_release(self, layer: Layer) -> None:
        rng = self.rng
        skip = rng.random() < 0.3
        layer.fields["D_MISC_CFG"]["SKIP_DATA_RLS"] = int(skip)
        layer.release = rng.choice([layer.csc_height, rng.randint(1, layer.csc_height)])
        self.kept_lines = layer.csc_height - (0 if skip else layer.release)
        self.kept_all = skip

    def _set_converter(self, layer: Layer) -> None:
        rng = self.rng
        truncate = rng.choice([0, rng.randint(1, 20), rng.randrange(64)])
        scale = rng.choice([rng.randint(-32768, 32767), rng.randint(-(1 << min(truncate, 15)), 1 << min(truncate, 14))])
        small = rng.random() < 0.7
        offsets = [rng.randint(-128, 255) if small else rng.randint(-32768, 32767) for _ in range(5)]
        converter(layer, offsets[4], scale, truncate, tuple(offsets[:4]) if rng.random() < 0.5 else None)
