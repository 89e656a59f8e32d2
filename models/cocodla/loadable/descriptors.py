"""Descriptors of a task for the accelerator, as the firmware reads them (spec: loadable.md sections 3 to 6).

Sizes count as they are written: widths, heights and channels are true ones, only the kernels of PDP are minus 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Annotated, ClassVar

from cocodla.loadable.records import I8, I16, I32, I64, NEW_ONLY, U8, U16, U32, U64, Array, Record

NONE = -1
"""An index that refers to nothing."""


class Kind(IntEnum):
    """Types of operations."""

    BDMA = 0
    CONVOLUTION = 1
    SDP = 2
    PDP = 3
    CDP = 4
    RUBIK = 5

    def __str__(self) -> str:
        return "convolution" if self is Kind.CONVOLUTION else self.name


class Signal(IntEnum):
    """Events of an operation that others wait for."""

    COMPLETED = 1
    PROGRAMMED = 2
    ENABLED = 3
    WEIGHTS = 4
    DATA = 5


class Place(IntEnum):
    """Where a cube is: external memory, SRAM, or in the unit before or behind."""

    MEMORY = 0
    SRAM = 1
    UNIT = 2


@dataclass
class NetworkDescriptor(Record):
    SIZE: ClassVar[tuple[int, int]] = (40, 40)
    operations: I16 = NONE
    surfaces: I16 = NONE
    graph: I16 = NONE
    luts: I16 = NONE
    rois: I16 = NONE
    roi_surface: I16 = NONE
    statistics: I16 = NONE
    reserved: I16 = 0
    heads: Annotated[tuple[int, ...], Array("h", 6)] = (NONE,) * 6
    num_rois: U16 = 1
    num_operations: U16 = 0
    num_luts: U16 = 0
    num_addresses: U16 = 0
    input_layer: I16 = 0
    dynamic_roi: U8 = 0
    reserved_end: U8 = 0


@dataclass
class Link(Record):
    """Another operation, and the event of this one that it waits for."""

    SIZE: ClassVar[tuple[int, int]] = (4, 4)
    index: I16 = NONE
    event: U8 = 0
    reserved: U8 = 0


@dataclass
class CommonDescriptor(Record):
    """An operation in the dependency graph. consumers: by their kind."""

    SIZE: ClassVar[tuple[int, int]] = (36, 36)
    index: I16 = 0
    roi_index: I8 = 0
    op_type: U8 = 0
    dependency_count: U8 = 0
    reserved: Annotated[tuple[int, ...], Array("B", 3)] = (0,) * 3
    consumers: Annotated[tuple[Link, ...], Array(Link, 6)] = field(default_factory=lambda: tuple(Link() for _ in Kind))
    fused_parent: Link = field(default_factory=Link)


@dataclass
class Cube(Record):
    """A cube in memory. address: index in the task's list. size: bytes, used for weights only."""

    SIZE: ClassVar[tuple[int, int]] = (32, 28)
    type: U16 = 0
    address: I16 = 0
    offset: Annotated[int, "I", NEW_ONLY] = 0
    size: U32 = 0
    width: U16 = 0
    height: U16 = 0
    channel: U16 = 0
    reserved: U16 = 0
    line_stride: U32 = 0
    surf_stride: U32 = 0
    plane_stride: U32 = 0


@dataclass
class Converter(Record):
    SIZE: ClassVar[tuple[int, int]] = (8, 8)
    scale: I16 = 0
    truncate: U8 = 0
    enable: U8 = 0
    offset: I32 = 0


@dataclass
class ConvolutionDescriptor(Record):
    SIZE: ClassVar[tuple[int, int]] = (116, 116)
    conv_mode: U8 = 0
    data_reuse: U8 = 0
    weight_reuse: U8 = 0
    skip_data_rls: U8 = 0
    skip_weight_rls: U8 = 0
    reserved_0: U8 = 0
    entry_per_slice: U16 = 0
    data_format: U8 = 0
    pixel_mapping: U8 = 0
    fetch_grain: U16 = 0
    reserved_1: Annotated[tuple[int, ...], Array("B", 8)] = (0,) * 8
    batch: U8 = 0
    weight_format: U8 = 0
    data_bank: U8 = 0
    weight_bank: U8 = 0
    batch_stride: U32 = 0
    post_extension: U8 = 0
    pixel_override: U8 = 0
    release: U16 = 0
    input_width_csc: U16 = 0
    input_height_csc: U16 = 0
    input_channel_csc: U16 = 0
    kernel_width_csc: U16 = 0
    kernel_height_csc: U16 = 0
    kernel_channel_csc: U16 = 0
    input_width_cmac: U16 = 0
    input_height_cmac: U16 = 0
    bytes_per_kernel: U32 = 0
    mean_ry: I16 = 0
    mean_gu: I16 = 0
    mean_bv: I16 = 0
    mean_ax: I16 = 0
    mean_format: U8 = 0
    conv_stride_x: U8 = 0
    conv_stride_y: U8 = 0
    pad_x_left: U8 = 0
    pad_x_right: U8 = 0
    pad_y_top: U8 = 0
    pad_y_bottom: U8 = 0
    dilation_x: U8 = 0
    dilation_y: U8 = 0
    reserved_2: Annotated[tuple[int, ...], Array("B", 2)] = (0,) * 2
    pra_truncate: U8 = 0
    in_precision: U8 = 0
    out_precision: U8 = 0
    pad_val: I16 = 0
    in_cvt: Converter = field(default_factory=Converter)
    out_cvt: Converter = field(default_factory=Converter)


@dataclass
class ConvolutionSurfaces(Record):
    SIZE: ClassVar[tuple[int, int]] = (644, 644)
    weight: Cube = field(default_factory=Cube)
    wmb: Cube = field(default_factory=Cube)
    wgs: Cube = field(default_factory=Cube)
    src: Cube = field(default_factory=Cube)
    dst: Cube = field(default_factory=Cube)
    offset_u: I64 = 0
    in_line_uv_stride: U32 = 0


@dataclass
class Stage(Record):
    """A stage of SDP: enable, what it does, where its operands come from (spec: loadable.md section 4)."""

    SIZE: ClassVar[tuple[int, int]] = (32, 32)
    enable: U8 = 0
    alu_type: U8 = 0
    type: U8 = 0
    mode: U8 = 0
    act: U8 = 0
    shift_value: U8 = 0
    truncate: U8 = 0
    precision: U8 = 0
    alu_operand: I32 = 0
    mul_operand: I32 = 0
    alu_cvt: Converter = field(default_factory=Converter)
    mul_cvt: Converter = field(default_factory=Converter)

    @property
    def reads(self) -> bool:
        """Whether operands come from memory."""
        return bool(self.enable and self.type and self.mode)


@dataclass
class SdpDescriptor(Record):
    SIZE: ClassVar[tuple[int, int]] = (116, 116)
    src_precision: U8 = 0
    dst_precision: U8 = 0
    lut_index: I16 = NONE
    out_cvt: Converter = field(default_factory=Converter)
    conv_mode: U8 = 0
    batch_num: U8 = 1
    batch_stride: U32 = 0
    x1_op: Stage = field(default_factory=Stage)
    x2_op: Stage = field(default_factory=Stage)
    y_op: Stage = field(default_factory=Stage)


@dataclass
class SdpSurfaces(Record):
    SIZE: ClassVar[tuple[int, int]] = (644, 644)
    src: Cube = field(default_factory=Cube)
    x1: Cube = field(default_factory=Cube)
    x2: Cube = field(default_factory=Cube)
    y: Cube = field(default_factory=Cube)
    dst: Cube = field(default_factory=Cube)


@dataclass
class PdpDescriptor(Record):
    """pool_width, pool_height: minus 1."""

    SIZE: ClassVar[tuple[int, int]] = (116, 116)
    partial_in_width_first: U16 = 0
    partial_in_width_mid: U16 = 0
    partial_in_width_last: U16 = 0
    partial_width_first: U16 = 0
    partial_width_mid: U16 = 0
    partial_width_last: U16 = 0
    split_num: U8 = 1
    pool_mode: U8 = 0
    pool_width: U8 = 0
    pool_height: U8 = 0
    stride_x: U8 = 1
    stride_y: U8 = 1
    pad_left: U8 = 0
    pad_right: U8 = 0
    pad_top: U8 = 0
    pad_bottom: U8 = 0
    precision: U8 = 0
    padding_value: Annotated[tuple[int, ...], Array("i", 7)] = (0,) * 7


@dataclass
class CdpDescriptor(Record):
    SIZE: ClassVar[tuple[int, int]] = (116, 116)
    in_precision: U8 = 0
    out_precision: U8 = 0
    lut_index: I16 = NONE
    in_cvt: Converter = field(default_factory=Converter)
    out_cvt: Converter = field(default_factory=Converter)
    local_size: U8 = 3
    bypass_sqsum: U8 = 0
    bypass_out_mul: U8 = 0


@dataclass
class PoolSurfaces(Record):
    """Cubes of PDP and CDP."""

    SIZE: ClassVar[tuple[int, int]] = (644, 644)
    src: Cube = field(default_factory=Cube)
    dst: Cube = field(default_factory=Cube)


@dataclass
class Slope(Record):
    SIZE: ClassVar[tuple[int, int]] = (4, 4)
    scale: I16 = 0
    shift: I8 = 0
    reserved: U8 = 0


@dataclass
class Lut(Record):
    """Look-up tables of CDP. le_index: offset (method 0) or index select (method 1)."""

    SIZE: ClassVar[tuple[int, int]] = (700, 700)
    le: Annotated[tuple[int, ...], Array("h", 65)] = (0,) * 65
    lo: Annotated[tuple[int, ...], Array("h", 257)] = (0,) * 257
    le_index: I8 = 0
    reserved_0: U8 = 0
    lo_index: I8 = 0
    reserved_1: U8 = 0
    le_start: U64 = 0
    le_end: U64 = 0
    lo_start: U64 = 0
    lo_end: U64 = 0
    le_underflow: Slope = field(default_factory=Slope)
    le_overflow: Slope = field(default_factory=Slope)
    lo_underflow: Slope = field(default_factory=Slope)
    lo_overflow: Slope = field(default_factory=Slope)
    hybrid_priority: U8 = 0
    underflow_priority: U8 = 0
    overflow_priority: U8 = 0
    method: U8 = 0


Descriptor = ConvolutionDescriptor | SdpDescriptor | PdpDescriptor | CdpDescriptor
Surfaces = ConvolutionSurfaces | SdpSurfaces | PoolSurfaces

SHAPES: dict[Kind, tuple[type[Descriptor], type[Surfaces]]] = {
    Kind.CONVOLUTION: (ConvolutionDescriptor, ConvolutionSurfaces),
    Kind.SDP: (SdpDescriptor, SdpSurfaces),
    Kind.PDP: (PdpDescriptor, PoolSurfaces),
    Kind.CDP: (CdpDescriptor, PoolSurfaces),
}
"""The two descriptors of an operation by its kind; nv_small has no others."""
