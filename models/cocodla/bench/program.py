"""A layer of the benchmark as a Program: registers, random weights and data, and the wait for its last unit.

Only the interrupt of the last unit is unmasked, and only it is waited for, so that the cycles from the last
D_OP_ENABLE to that interrupt are the layer (runtime.traces.layer_cycles).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.random import Generator

from cocodla.bench.layers import BenchLayer, CdpShape, ConvShape, PdpShape, SdpShape, Shape
from cocodla.formats.feature import CubeLayout
from cocodla.formats.pixels import PIXEL_FORMATS
from cocodla.golden.config import (
    OperandConfig,
    OperandUse,
    PdpConfig,
    Pooling,
    SdpConfig,
    SdpRdmaConfig,
    StageConfig,
)
from cocodla.golden.config_cdp import CdpConfig, LutConfig, TableConfig, Tables
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
from cocodla.hw import align, ceil_div, surfaces
from cocodla.program.commands import CheckMemory, LoadMemory, Mark, WaitInterrupt, WriteRegister
from cocodla.program.program import Program
from cocodla.registers import MAP
from cocodla.stimulus.sequencer import DONE_BITS, Sequencer

_R8, _RGBA = 0, 12
_BASE = 0x10000


@dataclass
class _Builder:
    """Memory is handed out upwards, in steps of `spacing` bytes; loads collect the random contents."""

    rng: Generator
    spacing: int = 256
    next: int = _BASE
    loads: list[LoadMemory] = field(default_factory=list)

    def place(self, size: int) -> int:
        address = self.next
        self.next = align(address + size, self.spacing)
        return address

    def load(self, size: int) -> int:
        """Random bytes somewhere; their address."""
        address = self.place(size)
        self.loads.append(LoadMemory(address, self.rng.integers(0, 256, size, np.uint8).tobytes()))
        return address


@dataclass
class _Plan:
    """Registers and output cube of a layer. last: the unit that ends it."""

    words: Words
    address: int
    layout: CubeLayout
    last: str
    setup: list[tuple[int, int]] = field(default_factory=list)


def layer_program(layer: BenchLayer, seed: int, spacing: int = 256) -> Program:
    """The program of one layer; `seed` gives its weights and data. spacing: tensors begin at multiples of it."""
    builder = _Builder(np.random.default_rng([seed, *layer.name.encode()]), spacing)
    plan = _plan(builder, layer.shape)
    sequencer = Sequencer()
    enable, _ = sequencer.enable(plan.words)
    done = 1 << DONE_BITS[plan.last][0]
    tensor = {"name": layer.name, "address": plan.address, **plan.layout.to_json()}
    program = Program(meta={"name": layer.name, "seed": seed, "memory": [[plan.address, plan.layout.size]]})
    program.append(*builder.loads)
    program.append(WriteRegister(MAP["GLB.S_INTR_MASK"].address, MAP["GLB.S_INTR_MASK"].write_mask & ~done))
    program.append(*(WriteRegister(*write) for write in plan.setup))
    program.append(*enable, WaitInterrupt(done), Mark(layer.name, {"layer": layer.name, "tensor": tensor}))
    program.append(CheckMemory(plan.address, plan.layout.size, layer.name))
    return program


def _plan(builder: _Builder, shape: Shape) -> _Plan:
    match shape:
        case ConvShape():
            return _convolution(builder, shape)
        case SdpShape():
            return _sdp(builder, shape)
        case PdpShape():
            return _pdp(builder, shape)
        case CdpShape():
            return _cdp(builder, shape)


# -- convolution -----------------------------------------------------------------------------


def _convolution(builder: _Builder, shape: ConvShape) -> _Plan:
    config = ConvConfig(_cdma(builder, shape), _csc(shape))
    config.check()
    out = (shape.out_width, shape.out_height, shape.kernels)
    # about 6 bits more than the standard deviation of a sum of uniform products
    shift = max(0, int(np.log2(73.0 * 73.0 * np.sqrt(shape.kernel_bytes))) - 6)
    sdp = SdpConfig(*out, from_cacc=True, to_pdp=shape.pool > 1, cvt_shift=shift)
    words = encode_convolution(config)
    if shape.bias:
        operand = OperandConfig(OperandUse.ALU, True, False, builder.load(16 * surfaces(shape.kernels)))
        sdp = replace(sdp, bs=StageConfig(bypass=False, alu_bypass=False, alu_from_memory=True))
        words = merge(words, encode_sdp_rdma(SdpRdmaConfig(*out, False, 0, 0, 0, operand, None)))
    if shape.pool > 1:
        pool = PdpConfig(
            *out, shape.out_width // shape.pool, shape.out_height // shape.pool, Pooling.MAX,
            shape.pool, shape.pool, shape.pool, shape.pool, from_sdp=True,
        )  # fmt: skip
        pool, layout = _pdp_output(builder, pool)
        return _Plan(merge(words, encode_sdp(sdp), encode_pdp(pool)), pool.address, layout, "PDP")
    layout = CubeLayout.packed(*out)
    address = builder.place(layout.size)
    sdp = replace(sdp, address=address, line_stride=layout.line_stride, surface_stride=layout.surface_stride)
    return _Plan(merge(words, encode_sdp(sdp)), address, layout, "SDP")


def _cdma(builder: _Builder, shape: ConvShape) -> CdmaConfig:
    if shape.image:
        line = align(shape.width * shape.channels)
        surface = 0
        address = builder.load(line * shape.height)
    else:
        source = CubeLayout.packed(shape.width, shape.height, shape.channels)
        line, surface = source.line_stride, source.surface_stride
        address = builder.load(source.size)
    return CdmaConfig(
        width=shape.width, height=shape.height, channels=shape.channels, address=address, line_stride=line,
        surface_stride=surface, entries=shape.entries, kernels=shape.kernels, kernel_bytes=shape.kernel_bytes,
        weight_address=builder.load(shape.weight_bytes), weight_bytes=shape.weight_bytes,
        data_banks=shape.data_banks, weight_banks=shape.weight_banks,
        pixel_format=PIXEL_FORMATS[_R8 if shape.channels == 1 else _RGBA] if shape.image else None,
        converter=Converter(offset=128) if shape.image else None,
        pad_left=shape.pads[0] if shape.image else 0, pad_right=shape.pads[1] if shape.image else 0,
    )  # fmt: skip


def _csc(shape: ConvShape) -> CscConfig:
    left, _, top, _ = shape.pads
    return CscConfig(
        width=shape.width, height=shape.height, kernels=shape.kernels, kernel_height=shape.size,
        channels=shape.size * shape.channels if shape.image else shape.channels,
        kernel_width=1 if shape.image else shape.size, out_width=shape.out_width, out_height=shape.out_height,
        entries=shape.entries, data_banks=shape.data_banks, weight_banks=shape.weight_banks,
        weight_bytes=shape.weight_bytes, image=shape.image, pixel_channels=shape.channels if shape.image else 0,
        stride_x=shape.stride, stride_y=shape.stride, pad_left=0 if shape.image else left, pad_top=top,
        release_lines=shape.height,
    )  # fmt: skip


# -- SDP, PDP, CDP -----------------------------------------------------------------------------


def _sdp(builder: _Builder, shape: SdpShape) -> _Plan:
    cube = (shape.width, shape.height, shape.channels)
    layout = CubeLayout.packed(*cube)
    strides = (layout.line_stride, layout.surface_stride)
    operand, stage, shift = None, StageConfig(), 0
    if shape.operation == "add":
        operand = OperandConfig(OperandUse.ALU, False, True, builder.load(layout.size), *strides)
        stage = StageConfig(bypass=False, alu_bypass=False, alu_from_memory=True)
        shift = 1
    elif shape.operation == "biasscale":
        operand = OperandConfig(OperandUse.BOTH, True, False, builder.load(32 * layout.surfaces))
        stage = StageConfig(
            bypass=False, alu_bypass=False, alu_from_memory=True, mul_bypass=False, mul_from_memory=True
        )
        shift = 24
    source, target = builder.load(layout.size), builder.place(layout.size)
    sdp = SdpConfig(*cube, bs=stage, cvt_shift=shift, address=target, line_stride=strides[0], surface_stride=strides[1])
    rdma = SdpRdmaConfig(*cube, True, source, *strides, operand, None)
    return _Plan(merge(encode_sdp(sdp), encode_sdp_rdma(rdma)), target, layout, "SDP")


def _pdp(builder: _Builder, shape: PdpShape) -> _Plan:
    source = CubeLayout.packed(shape.width, shape.height, shape.channels)
    address = builder.load(source.size)
    reciprocal = (1 << 16) // shape.kernel
    config = PdpConfig(
        shape.width, shape.height, shape.channels, shape.out_width, shape.out_height, shape.method,
        shape.kernel, shape.kernel, shape.stride, shape.stride, pad_right=shape.pad, pad_bottom=shape.pad,
        pad_values=(-128,) * 7 if shape.method == Pooling.MAX else (0,) * 7,
        reciprocal_width=reciprocal, reciprocal_height=reciprocal, split=shape.strips,
    )  # fmt: skip
    config.check()
    config, layout = _pdp_output(builder, config)
    rdma = encode_pdp_rdma(config, address, source.line_stride, source.surface_stride)
    return _Plan(merge(encode_pdp(config), rdma), config.address, layout, "PDP")


def _pdp_output(builder: _Builder, config: PdpConfig) -> tuple[PdpConfig, CubeLayout]:
    layout = CubeLayout.packed(config.out_width, config.out_height, config.channels)
    config = replace(
        config,
        address=builder.place(layout.size),
        line_stride=layout.line_stride,
        surface_stride=layout.surface_stride,
    )
    return config, layout


def _cdp(builder: _Builder, shape: CdpShape) -> _Plan:
    layout = CubeLayout.packed(shape.width, shape.height, shape.channels)
    source, target = builder.load(layout.size), builder.place(layout.size)
    config = CdpConfig(
        reach=shape.reach, out_shift=10, address=target,
        line_stride=layout.line_stride, surface_stride=layout.surface_stride,
    )  # fmt: skip
    # sums of squares of the window, about 2^14 an element, in 256 equal steps; a falling curve
    span = 1 << ((2 * shape.reach + 1) * 128 * 128 - 1).bit_length()
    step = ceil_div(span, 256).bit_length() - 1
    tables = Tables(np.linspace(2000, 200, 65).astype(np.int64), np.linspace(2000, 200, 257).astype(np.int64))
    lut = LutConfig(
        le=TableConfig(0, span, step + 2), lo=TableConfig(0, span, step), underflow_lo=True, overflow_lo=True,
        hybrid_lo=True,
    )  # fmt: skip
    words = merge(encode_cdp(config), encode_cdp_rdma(source, layout))
    return _Plan(words, target, layout, "CDP", lut_writes(lut, tables))
