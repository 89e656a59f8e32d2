"""Random legal layers, for tests of golden model and RTL alike.

Every choice comes from the numpy Generator passed in, so a seed repeats a layer. Corner values are
more frequent than a uniform choice would make them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from numpy.random import Generator

from cocodla.formats.feature import CubeLayout
from cocodla.formats.pixels import PIXEL_FORMATS, PixelFormat
from cocodla.golden.config import (
    AluOperation,
    OperandConfig,
    OperandUse,
    PdpConfig,
    SdpConfig,
    SdpRdmaConfig,
    StageConfig,
    cube_layout,
)
from cocodla.golden.config_cdp import CdpConfig, LutConfig, Tables
from cocodla.golden.config_conv import CdmaConfig, ConvConfig, Converter, CscConfig
from cocodla.golden.encode import (
    Words,
    encode_cdp,
    encode_cdp_rdma,
    encode_convolution,
    encode_pdp,
    encode_pdp_rdma,
    encode_sdp,
    encode_sdp_rdma,
    lut_writes,
    merge,
)
from cocodla.golden.random_pdp import random_pdp, random_split
from cocodla.golden.random_values import extent, random_bytes, random_cdp, random_lut, value
from cocodla.hw import ATOM, CBUF_BANK_BYTES, CBUF_BANK_ENTRIES, CBUF_BANKS, align, ceil_div, surfaces
from cocodla.program.commands import LoadMemory, WriteRegister

KINDS = ("convolution", "image", "convolution_pdp", "image_pdp", "sdp", "sdp_pdp", "pdp", "cdp")


@dataclass
class Allocator:
    """Hands out memory upwards, with gaps, aligned to 8 bytes only."""

    rng: Generator
    next: int = 0x1000

    def take(self, size: int) -> int:
        address = self.next + 8 * int(self.rng.integers(4))
        self.next = align(address + size)
        return address


@dataclass
class RandomLayer:
    """A layer with its data. Its output cube is `layout` at `address`; nothing else may be written."""

    kind: str
    words: Words
    loads: list[LoadMemory] = field(default_factory=list)
    address: int = 0
    layout: CubeLayout = field(default_factory=lambda: CubeLayout.packed(1, 1, 1))
    convolution: ConvConfig | None = None
    sdp: SdpConfig | None = None
    rdma: SdpRdmaConfig | None = None
    pdp: PdpConfig | None = None
    cdp: CdpConfig | None = None
    lut: LutConfig | None = None
    tables: Tables | None = None
    source: tuple[int, CubeLayout] | None = None
    """Input cube of PDP or CDP from memory."""
    setup: list[WriteRegister] = field(default_factory=list)
    """Register writes that need the unit idle, before the layer: tables of CDP."""


def random_layer(rng: Generator, kind: str, memory: Allocator, size: int = 12) -> RandomLayer:
    """A legal layer of one of KINDS; `size` bounds widths and heights, kernels and channels follow."""
    layer = RandomLayer(kind, {})
    if kind in ("pdp", "cdp"):
        (_memory_pdp if kind == "pdp" else _cdp)(rng, layer, memory, size)
        return layer
    to_pdp = kind.endswith("_pdp")
    if kind.startswith("sdp"):
        cube = (extent(rng, size), extent(rng, size), int(rng.integers(1, 30)))
    else:
        random_image = kind.startswith("image")
        layer.convolution = convolution = (random_image_layer if random_image else random_feature_layer)(rng, size)
        csc = convolution.csc
        cube = (csc.out_width, csc.out_height, csc.kernels)
    if to_pdp:
        cube = (min(cube[0], 16), cube[1], cube[2]) if kind == "sdp_pdp" else cube
        layer.pdp = random_pdp(rng, *cube, from_sdp=True)
        to_pdp = layer.pdp is not None
    _finish_sdp(rng, layer, memory, cube, to_pdp)
    if layer.convolution:
        layer.convolution = place_convolution(rng, layer, memory)
        layer.words = merge(layer.words, encode_convolution(layer.convolution))
    return layer


# -- convolution -----------------------------------------------------------------------------


def random_feature_layer(rng: Generator, size: int = 12) -> ConvConfig:
    """A DC layer without addresses and strides."""
    width, height = extent(rng, size), extent(rng, size)
    channels, kernels = int(rng.integers(1, 40)), int(rng.integers(1, 28))
    s, r, dx, dy, sx, sy = (int(rng.integers(1, n)) for n in (6, 6, 4, 4, 4, 4))
    if rng.random() < 0.1:
        sx, sy = int(rng.integers(1, 9)), int(rng.integers(1, 9))
    reach_x, reach_y = (s - 1) * dx + 1, (r - 1) * dy + 1
    left, top = (int(rng.integers(0, min(n, 32))) for n in (reach_x + 2, reach_y + 2))
    out_width = _output(rng, width + left, reach_x, sx)
    out_height = _output(rng, height + top, reach_y, sy)
    entries = width * surfaces(channels) + (int(rng.integers(3)) if rng.random() < 0.3 else 0)
    return _convolution(
        rng,
        CdmaConfig(
            width=width, height=height, channels=channels, address=0, line_stride=0, surface_stride=0,
            entries=entries, kernels=kernels, kernel_bytes=s * r * channels, weight_address=0, weight_bytes=0,
            data_banks=1, weight_banks=1, converter=_converter(rng, False),
            packed_1x1=width == 1 and height == 1 and rng.random() < 0.5,
        ),
        CscConfig(
            width=width, height=height, channels=channels, kernels=kernels, kernel_width=s, kernel_height=r,
            out_width=out_width, out_height=out_height, entries=entries, data_banks=1, weight_banks=1,
            weight_bytes=0, stride_x=sx, stride_y=sy, dilation_x=dx, dilation_y=dy, pad_left=left, pad_top=top,
            pad_value=value(rng, 8),
        ),
    )  # fmt: skip


def random_image_layer(rng: Generator, size: int = 12) -> ConvConfig:
    """An image layer without addresses and strides."""
    fmt: PixelFormat = PIXEL_FORMATS[int(rng.choice(list(PIXEL_FORMATS)))]
    ch = fmt.channels
    width, height, kernels = int(rng.integers(1, 2 * size)), extent(rng, size), int(rng.integers(1, 20))
    merged = int(rng.choice([1, 2, 4])) if ch == 1 and rng.random() < 0.5 else 1
    lanes = ATOM // merged
    s, sx = (
        int(rng.integers(1, (lanes if merged > 1 else 7) + 1)),
        int(rng.integers(1, (lanes if merged > 1 else 4) + 1)),
    )
    r, sy = int(rng.integers(1, 7)), int(rng.integers(1, 4))
    left, right, top = int(rng.integers(0, 6)), int(rng.integers(0, 6)), int(rng.integers(0, r + 1))
    right = max(right, s - width - left)
    out_width = (width + left + right - s) // sx + 1
    out_height = _output(rng, height + top, r, sy)
    entries = ceil_div((left + width + right) * ch, ATOM) + (int(rng.integers(3)) if rng.random() < 0.3 else 0)
    pad = value(rng, 8)
    return _convolution(
        rng,
        CdmaConfig(
            width=width, height=height, channels=ch, address=0, line_stride=0, surface_stride=0, entries=entries,
            kernels=kernels, kernel_bytes=s * r * ch, weight_address=0, weight_bytes=0, data_banks=1,
            weight_banks=1, converter=_converter(rng, True), pixel_format=fmt, signed_pixels=rng.random() < 0.5,
            x_offset=int(rng.integers(32)), pad_left=left, pad_right=right, pad_value=pad,
        ),
        CscConfig(
            width=width, height=height, channels=s * ch, kernels=kernels, kernel_width=1, kernel_height=r,
            out_width=out_width, out_height=out_height, entries=entries, data_banks=1, weight_banks=1,
            weight_bytes=0, image=True, pixel_channels=ch, rows_merged=merged, stride_x=sx, stride_y=sy,
            pad_top=top, pad_value=pad,
        ),
    )  # fmt: skip


def _output(rng: Generator, extent: int, reach: int, stride: int) -> int:
    """Number of outputs of one direction; right (bottom) padding is implied by it."""
    fitting = max(0, extent - reach) // stride + 1
    return max(1, fitting + int(rng.integers(-1, 3)))


def _converter(rng: Generator, image: bool) -> Converter | None:
    if rng.random() < 0.5:
        return None
    means = None
    if image and rng.random() < 0.5:
        means = (value(rng, 16), value(rng, 9), value(rng, 9), value(rng, 9))
    truncate = int(rng.integers(0, 16)) if rng.random() < 0.9 else int(rng.integers(64))
    return Converter(value(rng, int(rng.choice([4, 9, 16]))), value(rng, 16), truncate, means)


def _convolution(rng: Generator, cdma: CdmaConfig, csc: CscConfig) -> ConvConfig:
    """Fill in banks, weight bytes, release and the fields both units share."""
    stream = csc.kernels * csc.kernel_bytes
    weight_bytes = align(stream, 128 if rng.random() < 0.3 else ATOM)
    data_banks = ceil_div(csc.entries * csc.height, CBUF_BANK_ENTRIES)
    weight_banks = ceil_div(max(ATOM * csc.kernel_bytes + 128, 1), CBUF_BANK_BYTES)
    spare = CBUF_BANKS - data_banks - weight_banks
    if spare < 0:
        raise ValueError("the random layer does not fit CBUF: use a smaller size")
    data_banks += min(int(rng.integers(3)), spare)
    weight_banks += min(int(rng.integers(3)), CBUF_BANKS - data_banks - weight_banks)
    grains = int(rng.integers(1, 4)) if rng.random() < 0.3 else 1
    grains = max(1, min(grains, data_banks * CBUF_BANK_ENTRIES // csc.entries))
    shared = {"data_banks": data_banks, "weight_banks": weight_banks, "weight_bytes": weight_bytes}
    truncate = 0 if rng.random() < 0.6 else int(rng.integers(32))
    layer = ConvConfig(
        replace(cdma, grains=grains, **shared),  # type: ignore[arg-type]
        replace(csc, release_lines=int(rng.integers(1, csc.height + 1)), clip_truncate=truncate, **shared),  # type: ignore[arg-type]
    )
    layer.check()
    return layer


def place_convolution(rng: Generator, layer: RandomLayer, memory: Allocator) -> ConvConfig:
    """Choose addresses and strides of input and weights, and load them with random data."""
    assert layer.convolution is not None
    cdma = layer.convolution.cdma
    weights = memory.take(cdma.weight_bytes)
    layer.loads.append(LoadMemory(weights, random_bytes(rng, cdma.weight_bytes)))
    if cdma.pixel_format is None:
        address, layout = _source(rng, layer, memory, cdma.width, cdma.height, cdma.channels, cdma.grains == 1)
        cdma = replace(cdma, address=address, line_stride=layout.line_stride, surface_stride=layout.surface_stride)
    else:
        planes = []
        for minimum in cdma.pixel_format.line_bytes(cdma.width, cdma.x_offset):
            stride = minimum + 8 * int(rng.integers(3))
            address = memory.take(stride * cdma.height)
            layer.loads.append(LoadMemory(address, random_bytes(rng, stride * cdma.height)))
            planes.append((address, stride))
        cdma = replace(cdma, grains=1, address=planes[0][0], line_stride=planes[0][1])
        if len(planes) > 1:
            cdma = replace(cdma, chroma_address=planes[1][0], chroma_stride=planes[1][1])
    return ConvConfig(replace(cdma, weight_address=weights), layer.convolution.csc)


def _source(
    rng: Generator, layer: RandomLayer, memory: Allocator, width: int, height: int, channels: int, gaps: bool
) -> tuple[int, CubeLayout]:
    """An input cube with random content and, if allowed, gaps between lines and surfaces."""
    layout = _layout(rng, width, height, channels, gaps)
    address = memory.take(layout.size)
    layer.loads.append(LoadMemory(address, random_bytes(rng, layout.size)))
    return address, layout


def _layout(rng: Generator, width: int, height: int, channels: int, gaps: bool = True) -> CubeLayout:
    line = ATOM * width + (8 * int(rng.integers(1, 4)) if gaps and rng.random() < 0.4 else 0)
    surface = line * height + (8 * int(rng.integers(1, 6)) if gaps and rng.random() < 0.4 else 0)
    return CubeLayout(width, height, channels, line, surface)


# -- SDP -------------------------------------------------------------------------------------


def random_stage(rng: Generator) -> StageConfig:
    """Any combination of BS or BN; operands from memory follow from the sources chosen."""
    return StageConfig(
        bypass=rng.random() < 0.2,
        alu_bypass=rng.random() < 0.3,
        alu_operation=AluOperation(int(rng.integers(3))),
        alu_from_memory=rng.random() < 0.5,
        alu_operand=value(rng, 16),
        alu_shift=int(rng.integers(0, 64)) if rng.random() < 0.3 else int(rng.integers(0, 12)),
        mul_bypass=rng.random() < 0.3,
        mul_from_memory=rng.random() < 0.5,
        mul_operand=value(rng, 16),
        mul_shift=int(rng.integers(0, 64)) if rng.random() < 0.3 else int(rng.integers(0, 16)),
        prelu=rng.random() < 0.4,
        relu_bypass=rng.random() < 0.5,
    )


def random_sdp(rng: Generator, width: int, height: int, channels: int) -> SdpConfig:
    """Both stages and the converter, no addresses."""
    return SdpConfig(
        width=width,
        height=height,
        channels=channels,
        bs=random_stage(rng),
        bn=random_stage(rng),
        cvt_offset=value(rng, int(rng.choice([8, 20, 32]))),
        cvt_scale=1 if rng.random() < 0.3 else value(rng, 16),
        cvt_shift=int(rng.integers(0, 64)) if rng.random() < 0.2 else int(rng.integers(0, 28)),
    )


def _finish_sdp(
    rng: Generator, layer: RandomLayer, memory: Allocator, cube: tuple[int, int, int], to_pdp: bool
) -> None:
    """SDP and, where needed, SDP_RDMA of a layer: configuration, operand data, destination."""
    config = replace(random_sdp(rng, *cube), from_cacc=layer.convolution is not None, to_pdp=to_pdp)
    if to_pdp:
        assert layer.pdp is not None
        layer.pdp = _place_output(rng, layer, memory, layer.pdp)
        layer.words = merge(layer.words, encode_pdp(layer.pdp))
    else:
        layout = _layout(rng, *cube)
        layer.layout = cube_layout(*cube, layout.line_stride, layout.surface_stride)
        layer.address = memory.take(layer.layout.size)
        config = replace(
            config, address=layer.address, line_stride=layout.line_stride, surface_stride=layout.surface_stride
        )
    layer.sdp = config
    layer.words = merge(layer.words, encode_sdp(config))
    if config.needs_rdma:
        rdma = SdpRdmaConfig(*cube, main=not config.from_cacc, address=0, line_stride=0, surface_stride=0,
                             bs=_operand(rng, layer, memory, config.bs, cube),
                             bn=_operand(rng, layer, memory, config.bn, cube))  # fmt: skip
        if rdma.main:
            address, layout = _source(rng, layer, memory, *cube, True)
            rdma = replace(rdma, address=address, line_stride=layout.line_stride, surface_stride=layout.surface_stride)
        layer.rdma = rdma
        layer.words = merge(layer.words, encode_sdp_rdma(rdma))


def _operand(
    rng: Generator, layer: RandomLayer, memory: Allocator, stage: StageConfig, cube: tuple[int, int, int]
) -> OperandConfig | None:
    if stage.needs is None:
        return None
    width, height, channels = cube
    config = OperandConfig(OperandUse(stage.needs), rng.random() < 0.5, rng.random() < 0.4, 0)
    line = config.group_bytes * width + 8 * int(rng.integers(2))
    surface = line * height + 8 * int(rng.integers(2))
    size = surface if config.per_element else config.group_bytes
    address = memory.take(size * surfaces(channels))
    layer.loads.append(LoadMemory(address, random_bytes(rng, size * surfaces(channels))))
    return replace(config, address=address, line_stride=line, surface_stride=surface)


# -- PDP -------------------------------------------------------------------------------------


def _memory_pdp(rng: Generator, layer: RandomLayer, memory: Allocator, size: int) -> None:
    config = None
    while config is None:
        cube = extent(rng, 2 * size), extent(rng, size), int(rng.integers(1, 20))
        config = random_pdp(rng, *cube, from_sdp=False)
    if rng.random() < 0.4:
        config = random_split(rng, config)
    address, layout = _source(rng, layer, memory, config.width, config.height, config.channels, True)
    layer.source = (address, layout)
    layer.pdp = config = _place_output(rng, layer, memory, config)
    layer.words = merge(encode_pdp(config), encode_pdp_rdma(config, address, layout.line_stride, layout.surface_stride))


def _place_output(rng: Generator, layer: RandomLayer, memory: Allocator, config: PdpConfig) -> PdpConfig:
    layout = _layout(rng, config.out_width, config.out_height, config.channels)
    layer.layout, layer.address = layout, memory.take(layout.size)
    return replace(config, address=layer.address, line_stride=layout.line_stride, surface_stride=layout.surface_stride)


# -- CDP -------------------------------------------------------------------------------------


def _cdp(rng: Generator, layer: RandomLayer, memory: Allocator, size: int) -> None:
    cube = extent(rng, size), extent(rng, max(1, size // 3)), int(rng.integers(1, 40))
    address, source = _source(rng, layer, memory, *cube, True)
    layer.source = (address, source)
    layer.layout = _layout(rng, *cube)
    layer.address = memory.take(layer.layout.size)
    layer.cdp = replace(
        random_cdp(rng),
        address=layer.address,
        line_stride=layer.layout.line_stride,
        surface_stride=layer.layout.surface_stride,
    )
    layer.lut, layer.tables = random_lut(rng, layer.cdp)
    layer.setup = [WriteRegister(*write) for write in lut_writes(layer.lut, layer.tables)]
    layer.words = merge(encode_cdp(layer.cdp), encode_cdp_rdma(address, source))
