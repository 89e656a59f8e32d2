"""Operations with every field drawn at random, and what a scalar model that knows no registers makes of them.

Each draw gives a Builder with one layer, and its output (channels, height, width), int8. Geometry and rules of the
hardware bound what is drawn, nothing else does.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
from golden import scalar_model as scalar

from cocodla.formats import pack_operands, pack_weights
from cocodla.formats.feature import tensor_to_atoms
from cocodla.formats.weights import extend_image_kernel, pad_stream
from cocodla.golden.config import AluOperation, PdpConfig, Pooling, Split, StageConfig
from cocodla.golden.config_cdp import CdpConfig, LutConfig, TableConfig
from cocodla.hw import surfaces
from cocodla.loadable.descriptors import (
    CdpDescriptor,
    Converter,
    ConvolutionDescriptor,
    Cube,
    Kind,
    Lut,
    PdpDescriptor,
    Place,
    PoolSurfaces,
    SdpDescriptor,
    SdpSurfaces,
    Slope,
    Stage,
)
from cocodla.loadable.schema import ALLOC, INPUT, Tensor

from .builder import Builder

Drawn = tuple[np.ndarray, dict[str, np.ndarray]]
"""The output, and what the application gives by name of the tensor."""
Codes = np.ndarray


def codes(random: Random, *shape: int) -> Codes:
    return np.random.default_rng(random.getrandbits(32)).integers(-128, 128, shape).astype(np.int8)


def gaps(random: Random) -> tuple[int, int]:
    """Bytes behind a line, behind a surface."""
    return random.choice((0, 0, 8, 24)), random.choice((0, 0, 64, 8))


def source(random: Random, builder: Builder, value: Codes, packed: bool = False) -> Cube:
    drawn = gaps(random)
    return builder.spread(value.shape, (0, 0) if packed else drawn, random.choice((0, 64, 8)), value)


def target(random: Random, builder: Builder, shape: tuple[int, int, int], packed: bool = False) -> Cube:
    drawn = gaps(random)
    return builder.spread(shape, (0, 0) if packed else drawn, random.choice((0, 64, 8)), output=True)


def alone(shape: tuple[int, int, int]) -> bool:
    """Whether a cube is one pixel: SDP and CDMA take those as packed whatever their strides are (sdp.md section 5)."""
    return shape[1:] == (1, 1)


def as_cube(value: np.ndarray) -> scalar.Cube:
    """An array as the scalar model has it."""
    lanes = np.zeros((8 * surfaces(value.shape[0]), *value.shape[1:]), np.int64)
    lanes[: value.shape[0]] = value
    return {(c // 8, y, x, c % 8): int(lanes[c, y, x]) for c, y, x in np.ndindex(lanes.shape)}


def as_array(cube: scalar.Cube, shape: tuple[int, int, int]) -> np.ndarray:
    found = np.zeros(shape, np.int64)
    for c, y, x in np.ndindex(shape):
        found[c, y, x] = cube[c // 8, y, x, c % 8]
    return found


# -- SDP ---------------------------------------------------------------------------------------


def draw_stage(random: Random, builder: Builder, shape: tuple[int, int, int]) -> tuple[Stage, Cube, list[np.ndarray]]:
    """A stage of any kind with its operands: those in memory (2, channels, height, width) for ALU and multiplier."""
    kind, mode = random.randint(0, 3), random.randint(0, 2)
    act = random.choice((0, 1, 3)) if kind & 1 else random.choice((0, 1))
    stage = Stage(
        int(random.random() < 0.85), random.randint(0, 2), kind, mode, act, random.choice((0, 0, 3, 9)),
        random.choice((0, 1, 5)), random.choice((0, 1, 2)), random.choice((random.randint(-300, 300), -32768)),
        random.choice((random.randint(-300, 300), 32767)),
    )  # fmt: skip
    if not stage.reads:
        registers = [np.full(shape, value) for value in (stage.alu_operand, stage.mul_operand)]
        return stage, Cube(), registers
    limit = random.choice((400, 32768)) if stage.precision else 128
    numbers = np.random.default_rng(random.getrandbits(32)).integers(-limit, limit, (2, *shape))
    per_kernel = mode == 1
    if per_kernel:
        numbers[:] = numbers[:, :, :1, :1]
    used = [numbers[0] if kind & 2 else None, numbers[1] if kind & 1 else None]
    part = [None if value is None else tensor_to_atoms(value[:, :1, :1] if per_kernel else value) for value in used]
    data = pack_operands(part[0], part[1], two_bytes=stage.precision != 0)
    group = data.shape[-1]
    width, height = (1, 1) if per_kernel else (shape[2], shape[1])
    line = group * width
    cube = Cube(0, builder.constant(data.tobytes()), 0, 0, width, height, shape[0], 0, line, line * height)
    return stage, cube, list(numbers)


def staged(value: int, stage: Stage, alu: int, mul: int) -> int:
    """A stage by the scalar model."""
    config = StageConfig(
        bypass=not stage.enable, alu_bypass=stage.type not in (2, 3), alu_operation=AluOperation(stage.alu_type),
        alu_operand=alu, alu_shift=stage.shift_value, mul_bypass=stage.type not in (1, 3), mul_operand=mul,
        mul_shift=stage.truncate, prelu=stage.act == 3, relu_bypass=stage.act != 1,
    )  # fmt: skip
    return scalar.stage(value, config, None, None)


class Behind:
    """SDP with two drawn stages and a drawn converter, for sums or codes of a shape; its shift makes them codes."""

    def __init__(self, random: Random, builder: Builder, shape: tuple[int, int, int]) -> None:
        self.stages = [draw_stage(random, builder, shape) for _ in range(2)]
        offset = random.choice((0, 40, -3000))
        self.converter = Converter(random.choice((1, -3, 500)), 0, random.randint(0, 1), offset)
        self.bits = random.choice((7, 7, 9))

    def descriptors(self, src: Cube, dst: Cube) -> tuple[SdpDescriptor, SdpSurfaces]:
        (one, first, _), (two, second, _) = self.stages
        op = SdpDescriptor(out_cvt=self.converter, x1_op=one, x2_op=two)
        return op, SdpSurfaces(src, first, second, Cube(), dst)

    def __call__(self, value: np.ndarray) -> np.ndarray:
        found = np.zeros(value.shape, np.int64)
        for place in np.ndindex(value.shape):
            x = int(value[place])
            for stage, _, (alu, mul) in self.stages:
                x = staged(x, stage, int(alu[place]), int(mul[place]))
            found[place] = (x - self.converter.offset) * self.converter.scale
        self.converter.truncate = max(0, int(np.abs(found).max()).bit_length() - self.bits)
        return np.vectorize(lambda x: scalar.sat(scalar.sat(scalar.rha(int(x), self.converter.truncate), 17), 8))(found)


def sdp(random: Random, builder: Builder) -> Drawn:
    """From memory to memory."""
    shape = random.choice((3, 8, 11)), random.randint(1, 4), random.randint(1, 5)
    value = codes(random, *shape)
    behind = Behind(random, builder, shape)
    src = source(random, builder, value, alone(shape))
    builder.add(Kind.SDP, *behind.descriptors(src, target(random, builder, shape, alone(shape))))
    return behind(value), {}


# -- PDP ---------------------------------------------------------------------------------------


def windows(random: Random, extent: int) -> tuple[int, int, int, int, int]:
    """Kernel, stride, padding before and behind, output extent."""
    while True:
        kernel, stride = random.randint(1, 8), random.randint(1, 8)
        before, behind = random.randint(0, kernel - 1), random.randint(0, kernel - 1)
        whole = extent + before + behind - kernel
        if whole >= 0 and whole % stride == 0 and (whole // stride) * stride < extent + before:
            return kernel, stride, before, behind, whole // stride + 1


def strips(random: Random, width: int, shape: tuple[int, int, int, int, int]) -> Split | None:
    """The output in strips, the input so that each strip has what its windows need."""
    kernel, stride, before, behind, out = shape
    if out < 3 or random.random() < 0.4:
        return None
    middles = random.choice([n for n in (0, 1, 2) if n + 2 <= out])
    middle = 1 if middles else 0
    first = random.randint(1, out - 1 - middles * middle)
    last = out - first - middles * middle
    first_in = (first - 1) * stride + kernel - before
    mid_in, overlap = middle * stride, kernel - stride
    last_in = width - first_in - middles * mid_in
    fits = last_in + behind + overlap >= kernel and (last_in + behind + overlap - kernel) // stride + 1 == last
    if min(first_in, last_in) < 1 or not fits or last_in + overlap < 1 or first_in < overlap:
        return None
    return Split(middles + 2, first_in, mid_in or 1, last_in, first, middle or 1, last)


def draw_pool(random: Random, shape: tuple[int, int, int], fly: bool) -> tuple[PdpDescriptor, PdpConfig]:
    """A pooling of a cube, as a descriptor and for the scalar model."""
    channels, height, width = shape
    down, across = windows(random, height), windows(random, width)
    split = None if fly else strips(random, width, across)
    method = random.randint(0, 2)
    pads = tuple(random.randint(-(1 << 10), (1 << 10) - 1) if method == 0 else 0 for _ in range(7))
    config = PdpConfig(
        width, height, channels, across[4], down[4], Pooling(method), across[0], down[0], across[1], down[1], across[2],
        down[2], across[3], down[3], pads, 65536 // across[0], 65536 // down[0], split,
    )  # fmt: skip
    op = PdpDescriptor(
        pool_mode=method, pool_width=across[0] - 1, pool_height=down[0] - 1, stride_x=across[1], stride_y=down[1],
        pad_left=across[2], pad_right=across[3], pad_top=down[2], pad_bottom=down[3], padding_value=pads,
    )  # fmt: skip
    if split:
        op.split_num, several = split.count, split.count > 2
        op.partial_in_width_first, op.partial_in_width_last = split.first_in, split.last_in
        op.partial_width_first, op.partial_width_last = split.first_out, split.last_out
        op.partial_in_width_mid, op.partial_width_mid = (split.mid_in, split.mid_out) if several else (0, 0)
    return op, config


def pdp(random: Random, builder: Builder) -> Drawn:
    """From memory to memory."""
    shape = random.choice((3, 8, 11)), random.randint(2, 9), random.randint(2, 12)
    value = codes(random, *shape)
    op, config = draw_pool(random, shape, fly=False)
    out = shape[0], config.out_height, config.out_width
    builder.add(Kind.PDP, op, PoolSurfaces(source(random, builder, value), target(random, builder, out)))
    return as_array(scalar.pdp(config, as_cube(value)), out), {}


def sdp_pdp(random: Random, builder: Builder) -> Drawn:
    """PDP behind SDP, on the fly."""
    shape = random.choice((3, 8, 11)), random.randint(2, 7), random.randint(2, 8)
    value = codes(random, *shape)
    behind = Behind(random, builder, shape)
    op, config = draw_pool(random, shape, fly=True)
    out = shape[0], config.out_height, config.out_width
    between = Cube(Place.UNIT, -1, 0, 0, shape[2], shape[1], shape[0])
    index = builder.add(Kind.SDP, *behind.descriptors(source(random, builder, value), between))
    builder.add(Kind.PDP, op, PoolSurfaces(between, target(random, builder, out)), index)
    return as_array(scalar.pdp(config, as_cube(behind(value))), out), {}


# -- CDP ---------------------------------------------------------------------------------------


def draw_table(random: Random, entries: int, signed: bool) -> tuple[TableConfig, tuple[int, ...]]:
    select = random.choice((0, 2, 5, 8, -1))
    start = random.randint(-2000, 2000) if signed else random.randint(0, 300)
    reach = (entries - 1) << select if select >= 0 else max(1, (entries - 1) >> -select)
    slopes = [value for _ in range(2) for value in (random.randint(-32768, 32767), random.randint(-16, 15))]
    values = tuple(random.randint(-32768, 32767) for _ in range(entries))
    return TableConfig(start, start + reach, select, *slopes), values


def draw_lut(random: Random) -> tuple[Lut, LutConfig, tuple[list[int], list[int]]]:
    """Look-up tables of either kind, with priorities and slopes, in both forms."""
    (le, le_values), (lo, lo_values) = draw_table(random, 65, True), draw_table(random, 257, True)
    exponential, offset = random.random() < 0.5, random.choice((0, 3, -2, 10))
    flags = [random.random() < 0.5 for _ in range(3)]
    if exponential:
        le = TableConfig(le.start, le.start + (1 << 20), 0, *list(vars(le).values())[3:])
    config = LutConfig(le, lo, exponential, offset if exponential else 0, *flags)
    slopes = [
        Slope(getattr(table, f"{side}flow_scale"), getattr(table, f"{side}flow_shift"))
        for table in (le, lo)
        for side in ("under", "over")
    ]
    ends = [value & (1 << 64) - 1 for value in (le.start, le.end, lo.start, lo.end)]
    lut = Lut(
        le_values, lo_values, offset if exponential else le.select, 0, lo.select, 0, *ends, *slopes, int(flags[2]),
        int(flags[0]), int(flags[1]), int(not exponential),
    )  # fmt: skip
    return lut, config, (list(le_values), list(lo_values))


def cdp(random: Random, builder: Builder) -> Drawn:
    """From memory to memory, with tables of either kind."""
    shape = random.choice((3, 8, 19)), random.randint(1, 3), random.randint(1, 4)
    value = codes(random, *shape)
    lut, config, tables = draw_lut(random)
    builder.luts += [Lut(), lut]
    reach, squares, products = random.randint(1, 4), random.random() < 0.4, random.random() < 0.4
    before = Converter(random.choice((1, 300, -7)), random.choice((0, 4)), 0, random.randint(-128, 127))
    scale = random.choice((1, -5, 900))
    shift = (7 if products else 12) + abs(scale).bit_length() + random.randint(0, 2)
    after = Converter(scale, shift, 0, random.randint(-5000, 5000))
    op = CdpDescriptor(
        lut_index=1, in_cvt=before, out_cvt=after, local_size=2 * reach + 1, bypass_sqsum=int(squares),
        bypass_out_mul=int(products),
    )  # fmt: skip
    builder.add(Kind.CDP, op, PoolSurfaces(source(random, builder, value), target(random, builder, shape)))
    converters = (before.offset, before.scale, before.truncate, after.offset, after.scale, after.truncate)
    unit = CdpConfig(reach, squares, products, *converters)
    found, _ = scalar.cdp(unit, config, tables, as_cube(value), shape[0])
    return as_array(found, shape), {}


# -- convolution -------------------------------------------------------------------------------


def sums(value: np.ndarray, weights: Codes, op: ConvolutionDescriptor, size: tuple[int, int]) -> np.ndarray:
    """Sums of a convolution of codes that are padded already, as CACC gives them."""
    height, width = size
    found = np.zeros((len(weights), height, width), np.int64)
    for row, column in np.ndindex(weights.shape[2:]):
        top, left = row * op.dilation_y, column * op.dilation_x
        part = value[:, top : top + (height - 1) * op.conv_stride_y + 1 : op.conv_stride_y,
                     left : left + (width - 1) * op.conv_stride_x + 1 : op.conv_stride_x]  # fmt: skip
        found += np.einsum("cyx,kc->kyx", part, weights[:, :, row, column].astype(np.int64))
    return np.vectorize(lambda acc: scalar.cacc_final(int(acc), op.out_cvt.truncate))(found)


def draw_window(random: Random, op: ConvolutionDescriptor, extents: tuple[int, int], image: bool) -> tuple[int, int]:
    """Strides, dilations and padding of a 3 x 2 kernel; the size of the output."""
    op.conv_stride_y, op.conv_stride_x = random.randint(1, 3), random.randint(1, 3)
    if not image:
        op.dilation_y, op.dilation_x = random.randint(1, 2), random.randint(1, 2)
    reach = 2 * op.dilation_y, op.dilation_x
    op.pad_y_top, op.pad_x_left = random.randint(0, 2), random.randint(0, 1)
    op.pad_val = random.randint(-128, 127)
    height, width = (
        (extent + before - span - 1) // stride + 1
        for extent, before, span, stride in zip(
            extents, (op.pad_y_top, op.pad_x_left), reach, (op.conv_stride_y, op.conv_stride_x), strict=True
        )
    )
    op.input_width_cmac, op.input_height_cmac = width, height
    return height, width


def padded(value: np.ndarray, op: ConvolutionDescriptor) -> np.ndarray:
    around = ((0, 0), (op.pad_y_top, 0), (op.pad_x_left, 0))
    return np.pad(value.astype(np.int64), around, constant_values=op.pad_val)


def finish(
    random: Random, builder: Builder, index: int, weights: Codes, size: tuple[int, int], value: np.ndarray
) -> np.ndarray:
    """SDP behind a convolution, perhaps PDP behind that; what comes out."""
    op = builder.ops[index].descriptor
    assert isinstance(op, ConvolutionDescriptor)
    op.out_cvt = Converter(1, random.choice((0, 3, 6)))
    shape = len(weights), *size
    dst = Cube(Place.UNIT, -1, 0, 0, size[1], size[0], len(weights), 0, 8 * size[1], 8 * size[0] * size[1])
    builder.ops[index].surfaces.dst = dst  # type: ignore[attr-defined]
    found = sums(value, weights, op, size)
    behind = Behind(random, builder, shape)
    for stage, _, _ in behind.stages:  # the unit would read nothing: the reader refuses it
        stage.mode = 0 if not stage.type else stage.mode
    src = Cube(Place.UNIT, -1, 0, 0, size[1], size[0], len(weights))
    if random.random() < 0.5:
        builder.add(Kind.SDP, *behind.descriptors(src, target(random, builder, shape, alone(shape))), index)
        return behind(found)
    pool, config = draw_pool(random, shape, fly=True)
    out = shape[0], config.out_height, config.out_width
    between = builder.add(Kind.SDP, *behind.descriptors(src, src), index)
    builder.add(Kind.PDP, pool, PoolSurfaces(src, target(random, builder, out)), between)
    return as_array(scalar.pdp(config, as_cube(behind(found))), out)


def convolution(random: Random, builder: Builder) -> Drawn:
    """Feature data: strides, dilations, padding with a value, a shift in CACC."""
    shape = random.choice((2, 8, 11)), random.randint(5, 7), random.randint(3, 7)
    value, weights = codes(random, *shape), codes(random, random.choice((3, 8, 13)), shape[0], 3, 2)
    index = builder.convolution(source(random, builder, value), weights)
    op = builder.ops[index].descriptor
    assert isinstance(op, ConvolutionDescriptor)
    size = draw_window(random, op, shape[1:], image=False)
    return finish(random, builder, index, weights, size, padded(value, op)), {}


def image(random: Random, builder: Builder) -> Drawn:
    """Pixels of one and four bytes, signed or not, through means and the converter."""
    code, channels = random.choice(((0, 1), (12, 4), (13, 4), (14, 4), (15, 4)))
    height, width = random.randint(4, 6), random.randint(4, 9)
    line = -(-width * channels // 8) * 8 + random.choice((0, 8))
    memory = builder.memory(ALLOC | INPUT, line * height)
    signed, kind = random.randint(0, 1), random.choice((np.int8, np.uint8))
    data_type = 4 if kind is np.int8 else 5
    form = "image", len(builder.tensors), memory, line * height, 0, 2, data_type, 0, code, 0, 1
    builder.tensors.append(Tensor(*form, channels, height, width, channels, line))
    given = codes(random, channels, height, width).view(kind)
    weights = codes(random, random.choice((3, 8)), channels, 3, 2)
    index = builder.convolution(Cube(0, memory, 0, 0, width, height, channels, 0, line, line * height), weights)
    op = builder.ops[index].descriptor
    assert isinstance(op, ConvolutionDescriptor)
    op.data_format, op.pixel_override, op.data_bank = code, signed, 1
    op.kernel_width_csc, op.kernel_channel_csc = 1, 2 * channels
    stream = pad_stream(pack_weights(extend_image_kernel(weights)))
    builder.memories[-1] = (builder.memories[-1][0], len(stream), stream.tobytes())
    op.in_cvt = Converter(random.choice((1, 9, -2)), random.choice((0, 2)), 1, random.randint(-128, 127))
    op.mean_format = random.randint(0, 1)
    means = [random.randint(-200, 200) for _ in range(4)]
    op.mean_ry, op.mean_gu, op.mean_bv, op.mean_ax = means
    offsets = means if op.mean_format else [op.in_cvt.offset] * 4
    numbers = given.view(np.int8 if signed else np.uint8).astype(np.int64)

    def convert(number: int, offset: int) -> int:
        return scalar.sat(scalar.rha(int((number - offset) * op.in_cvt.scale), op.in_cvt.truncate), 8)

    converted = np.vectorize(convert)(numbers, np.array(offsets[:channels])[:, None, None])
    size = draw_window(random, op, (height, width), image=True)
    op.pad_x_right, op.entry_per_slice = 0, -(-(op.pad_x_left + width) * channels // 8)
    return finish(random, builder, index, weights, size, padded(converted, op)), {"image": given}


KINDS: dict[str, Callable[[Random, Builder], Drawn]] = {
    "sdp": sdp, "pdp": pdp, "sdp_pdp": sdp_pdp, "cdp": cdp, "convolution": convolution, "image": image,
}  # fmt: skip
