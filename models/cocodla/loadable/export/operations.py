"""Layers of a compiled network -> operations of a loadable: the register words read backwards.

What comes out need not say what the layer said (a register that no descriptor has): proof.py holds both against each
other.
"""

from __future__ import annotations

from dataclasses import dataclass

from cocodla.compiler.parts import Layer
from cocodla.errors import UserError
from cocodla.hw import ATOM
from cocodla.loadable.descriptors import (
    CdpDescriptor,
    CommonDescriptor,
    Converter,
    ConvolutionDescriptor,
    ConvolutionSurfaces,
    Cube,
    Descriptor,
    Kind,
    Lut,
    PdpDescriptor,
    Place,
    PoolSurfaces,
    SdpDescriptor,
    SdpSurfaces,
    Slope,
    Stage,
    Surfaces,
)
from cocodla.loadable.export.places import Places
from cocodla.loadable.export.values import Values
from cocodla.loadable.registers.convolution import FEATURE
from cocodla.loadable.registers.sdp import ADD, BOTH, MULTIPLY, PER_KERNEL, PRELU, RELU
from cocodla.loadable.task import Operation

MOST_STRIDE = 8
"""Largest stride of a pooling that the driver takes."""
_PER_ELEMENT = 2


@dataclass(frozen=True)
class Step:
    """A layer as operations, each fed by the one before."""

    layer: Layer
    operations: list[Operation]


def steps_of(layers: list[Layer], places: Places) -> tuple[list[Step], list[Lut]]:
    """The operations of all layers, numbered, with the look-up tables they use; UserError for what none can be."""
    steps: list[Step] = []
    luts: list[Lut] = []
    count = 0
    for layer in layers:
        try:
            made = list(_Layer(layer, places, luts).parts())
        except UserError as error:
            raise UserError(f"layer {layer.name!r}: {error}") from None
        operations = [
            Operation(count + n, kind, CommonDescriptor(count + n, op_type=kind), descriptor, surfaces)
            for n, (kind, descriptor, surfaces) in enumerate(made)
        ]
        count += len(operations)
        steps.append(Step(layer, operations))
    return steps, luts


class _Layer:
    """Reads one layer."""

    def __init__(self, layer: Layer, places: Places, luts: list[Lut]) -> None:
        self.layer, self.places, self.luts = layer, places, luts
        self.values = Values(layer.registers)

    def parts(self) -> list[tuple[Kind, Descriptor, Surfaces]]:
        """The operations in the order of data."""
        found: list[tuple[Kind, Descriptor, Surfaces]] = []
        units = self.layer.units
        if "CDMA" in units:
            found.append((Kind.CONVOLUTION, *self._convolution()))
        if "SDP" in units:
            found.append((Kind.SDP, *self._sdp()))
        if "PDP" in units:
            found.append((Kind.PDP, *self._pdp()))
        if "CDP" in units:
            found.append((Kind.CDP, *self._cdp()))
        return found

    def _memory(self, path: str, extents: tuple[int, int, int], line: int, surface: int, size: int = 0) -> Cube:
        """A cube in memory at what an address register holds; extents: width, height, channels."""
        entry, offset = self.places.register(self.layer, path)
        return Cube(Place.MEMORY, entry, offset, size, *extents, 0, line, surface)

    # -- convolution ---------------------------------------------------------------------------

    def _convolution(self) -> tuple[ConvolutionDescriptor, ConvolutionSurfaces]:
        v = self.values
        width, height = (v.size("CSC.D_DATAOUT_SIZE_0", f"DATAOUT_{name}") for name in ("WIDTH", "HEIGHT"))
        kernels = v.size("CSC.D_DATAOUT_SIZE_1", "DATAOUT_CHANNEL")
        op = ConvolutionDescriptor(
            entry_per_slice=v.size("CSC.D_ENTRY_PER_SLICE", "ENTRIES"), fetch_grain=v.word("CDMA.D_FETCH_GRAIN") + 1,
            batch=1, data_bank=v.size("CSC.D_BANK", "DATA_BANK"), weight_bank=v.size("CSC.D_BANK", "WEIGHT_BANK"),
            post_extension=v.field("CSC.D_POST_Y_EXTENSION", "Y_EXTENSION"),
            release=v.size("CSC.D_RELEASE", "RLS_SLICES"),
            input_width_csc=v.size("CSC.D_DATAIN_SIZE_EXT_0", "DATAIN_WIDTH_EXT"),
            input_height_csc=v.size("CSC.D_DATAIN_SIZE_EXT_0", "DATAIN_HEIGHT_EXT"),
            input_channel_csc=v.size("CSC.D_DATAIN_SIZE_EXT_1", "DATAIN_CHANNEL_EXT"),
            kernel_width_csc=v.size("CSC.D_WEIGHT_SIZE_EXT_0", "WEIGHT_WIDTH_EXT"),
            kernel_height_csc=v.size("CSC.D_WEIGHT_SIZE_EXT_0", "WEIGHT_HEIGHT_EXT"),
            kernel_channel_csc=v.size("CSC.D_WEIGHT_SIZE_EXT_1", "WEIGHT_CHANNEL_EXT"),
            input_width_cmac=width, input_height_cmac=height, bytes_per_kernel=v.word("CDMA.D_WEIGHT_SIZE_0") + 1,
            conv_stride_x=v.size("CSC.D_CONV_STRIDE_EXT", "CONV_X_STRIDE_EXT"),
            conv_stride_y=v.size("CSC.D_CONV_STRIDE_EXT", "CONV_Y_STRIDE_EXT"),
            pad_x_left=v.field("CDMA.D_ZERO_PADDING", "PAD_LEFT"),
            pad_x_right=v.field("CDMA.D_ZERO_PADDING", "PAD_RIGHT"),
            pad_y_top=v.field("CDMA.D_ZERO_PADDING", "PAD_TOP"),
            pad_y_bottom=v.field("CDMA.D_ZERO_PADDING", "PAD_BOTTOM"),
            dilation_x=v.size("CSC.D_DILATION_EXT", "X_DILATION_EXT"),
            dilation_y=v.size("CSC.D_DILATION_EXT", "Y_DILATION_EXT"),
            pad_val=v.signed("CDMA.D_ZERO_PADDING_VALUE"), out_cvt=Converter(1, v.word("CACC.D_CLIP_CFG")),
        )  # fmt: skip
        self._pixels(op)
        stream = v.word("CDMA.D_WEIGHT_BYTES")
        taps = op.kernel_width_csc, op.kernel_height_csc, op.kernel_channel_csc
        weight = self._memory("CDMA.D_WEIGHT_ADDR_LOW", taps, 0, 0, stream)
        extents = (
            v.size("CDMA.D_DATAIN_SIZE_0", "DATAIN_WIDTH"), v.size("CDMA.D_DATAIN_SIZE_0", "DATAIN_HEIGHT"),
            v.size("CDMA.D_DATAIN_SIZE_1", "DATAIN_CHANNEL"),
        )  # fmt: skip
        strides = v.word("CDMA.D_LINE_STRIDE"), v.word("CDMA.D_SURF_STRIDE")
        src = self._memory("CDMA.D_DAIN_ADDR_LOW_0", extents, *strides)
        dst = Cube(Place.UNIT, -1, 0, 0, width, height, kernels, 0, ATOM * width, ATOM * width * height)
        plane = 0
        if "CDMA.D_DAIN_ADDR_LOW_1" in self.layer.address_registers:
            plane = self.places.register(self.layer, "CDMA.D_DAIN_ADDR_LOW_1")[1] - src.offset
        return op, ConvolutionSurfaces(weight, Cube(), Cube(), src, dst, plane, v.word("CDMA.D_LINE_UV_STRIDE"))

    def _pixels(self, op: ConvolutionDescriptor) -> None:
        """What an image needs besides; feature data are signed and pass as they are."""
        v = self.values
        op.data_format, op.pixel_override = FEATURE, 1
        if not v.field("CDMA.D_DATAIN_FORMAT", "DATAIN_FORMAT"):
            return
        op.data_format = v.field("CDMA.D_DATAIN_FORMAT", "PIXEL_FORMAT")
        op.pixel_override = v.field("CDMA.D_DATAIN_FORMAT", "PIXEL_SIGN_OVERRIDE")
        op.mean_format = v.word("CDMA.D_MEAN_FORMAT")
        for place, name in enumerate(("mean_ry", "mean_gu", "mean_bv", "mean_ax")):
            setattr(op, name, _signed(v.field(f"CDMA.D_MEAN_GLOBAL_{place // 2}", name.upper()), 16))
        op.in_cvt = Converter(
            v.signed("CDMA.D_CVT_SCALE"), v.field("CDMA.D_CVT_CFG", "CVT_TRUNCATE"),
            v.field("CDMA.D_CVT_CFG", "CVT_EN"), v.signed("CDMA.D_CVT_OFFSET"),
        )  # fmt: skip

    # -- SDP -----------------------------------------------------------------------------------

    def _sdp(self) -> tuple[SdpDescriptor, SdpSurfaces]:
        v = self.values
        extents = self._extents("SDP.D_DATA_CUBE_")
        op = SdpDescriptor(
            out_cvt=Converter(v.signed("SDP.D_CVT_SCALE"), v.word("SDP.D_CVT_SHIFT"), 1, v.signed("SDP.D_CVT_OFFSET"))
        )
        op.x1_op, x1 = self._stage("BS", "BRDMA", extents)
        op.x2_op, x2 = self._stage("BN", "NRDMA", extents)
        if v.field("SDP.D_FEATURE_MODE_CFG", "FLYING_MODE"):
            src = Cube(Place.UNIT, -1, 0, 0, *extents)
        else:
            strides = v.word("SDP_RDMA.D_SRC_LINE_STRIDE"), v.word("SDP_RDMA.D_SRC_SURFACE_STRIDE")
            src = self._memory("SDP_RDMA.D_SRC_BASE_ADDR_LOW", extents, *strides)
        if v.field("SDP.D_FEATURE_MODE_CFG", "OUTPUT_DST"):
            dst = Cube(Place.UNIT, -1, 0, 0, *extents)
        else:
            strides = v.word("SDP.D_DST_LINE_STRIDE"), v.word("SDP.D_DST_SURFACE_STRIDE")
            dst = self._memory("SDP.D_DST_BASE_ADDR_LOW", extents, *strides)
        return op, SdpSurfaces(src, x1, x2, Cube(), dst)

    def _stage(self, name: str, reader: str, extents: tuple[int, int, int]) -> tuple[Stage, Cube]:
        """Stage BS or BN, and where its operands are."""
        v, config = self.values, f"SDP.D_DP_{name}_CFG"
        if v.field(config, f"{name}_BYPASS"):
            return Stage(), Cube()
        adds, multiplies = (not v.field(config, f"{name}_{unit}_BYPASS") for unit in ("ALU", "MUL"))
        stage = Stage(
            1, v.field(config, f"{name}_ALU_ALGO"), (ADD if adds else 0) | (MULTIPLY if multiplies else 0),
            act=0 if v.field(config, f"{name}_RELU_BYPASS") else RELU,
            shift_value=v.field(f"SDP.D_DP_{name}_ALU_CFG", f"{name}_ALU_SHIFT_VALUE"),
            truncate=v.field(f"SDP.D_DP_{name}_MUL_CFG", f"{name}_MUL_SHIFT_VALUE"),
            alu_operand=v.signed(f"SDP.D_DP_{name}_ALU_SRC_VALUE"),
            mul_operand=v.signed(f"SDP.D_DP_{name}_MUL_SRC_VALUE"),
        )  # fmt: skip
        if multiplies and v.field(config, f"{name}_MUL_PRELU"):
            if stage.act == RELU:
                raise UserError(f"stage {name} has both ReLU and PReLU; the driver has one activation a stage")
            stage.act = PRELU
        sources = {
            v.field(f"SDP.D_DP_{name}_{unit}_CFG", f"{name}_{unit}_SRC")
            for unit, used in (("ALU", adds), ("MUL", multiplies))
            if used
        }
        if len(sources) > 1:
            raise UserError(
                f"stage {name} takes one operand from memory, one from a register; the driver has one source a stage"
            )
        if sources != {1}:
            return stage, Cube()
        return stage, self._operands(name, reader, stage, extents)

    def _operands(self, name: str, reader: str, stage: Stage, extents: tuple[int, int, int]) -> Cube:
        v, path = self.values, f"SDP_RDMA.D_{reader}_CFG"
        stage.mode = _PER_ELEMENT if v.field(path, f"{reader}_DATA_MODE") else PER_KERNEL
        stage.precision = v.field(path, f"{reader}_DATA_SIZE")
        if stage.mode == PER_KERNEL:
            group = ATOM * (2 if stage.precision else 1) * (2 if stage.type == BOTH else 1)
            extents, line, surface = (1, 1, extents[2]), group, group
        else:
            line, surface = (v.word(f"SDP_RDMA.D_{name}_{what}_STRIDE") for what in ("LINE", "SURFACE"))
        return self._memory(f"SDP_RDMA.D_{name}_BASE_ADDR_LOW", extents, line, surface)

    # -- PDP, CDP ------------------------------------------------------------------------------

    def _pdp(self) -> tuple[PdpDescriptor, PoolSurfaces]:
        v = self.values
        kernel = "PDP.D_POOLING_KERNEL_CFG"
        strides = v.size(kernel, "KERNEL_STRIDE_WIDTH"), v.size(kernel, "KERNEL_STRIDE_HEIGHT")
        if max(strides) > MOST_STRIDE:
            raise UserError(f"a pooling with a stride of {max(strides)}; the driver takes 1 to {MOST_STRIDE}")
        split = v.size("PDP.D_OPERATION_MODE_CFG", "SPLIT_NUM")
        padding = {f"pad_{side}": v.field("PDP.D_POOLING_PADDING_CFG", f"PAD_{side.upper()}") for side in _SIDES}
        op = PdpDescriptor(
            **self._strips(split), split_num=split, pool_mode=v.field("PDP.D_OPERATION_MODE_CFG", "POOLING_METHOD"),
            pool_width=v.field(kernel, "KERNEL_WIDTH"), pool_height=v.field(kernel, "KERNEL_HEIGHT"),
            stride_x=strides[0], stride_y=strides[1], **padding,
            padding_value=tuple(v.signed(f"PDP.D_POOLING_PADDING_VALUE_{n}_CFG") for n in range(1, 8)),
        )  # fmt: skip
        fly = "PDP_RDMA" not in self.layer.units
        extents = self._extents("PDP.D_DATA_CUBE_IN_")
        src = Cube(Place.UNIT, -1, 0, 0, *extents)
        if not fly:
            strides = v.word("PDP_RDMA.D_SRC_LINE_STRIDE"), v.word("PDP_RDMA.D_SRC_SURFACE_STRIDE")
            src = self._memory("PDP_RDMA.D_SRC_BASE_ADDR_LOW", extents, *strides)
        strides = v.word("PDP.D_DST_LINE_STRIDE"), v.word("PDP.D_DST_SURFACE_STRIDE")
        return op, PoolSurfaces(
            src, self._memory("PDP.D_DST_BASE_ADDR_LOW", self._extents("PDP.D_DATA_CUBE_OUT_"), *strides)
        )

    def _strips(self, split: int) -> dict[str, int]:
        """Widths of strips, where there is more than one."""
        if split == 1:
            return {}
        return {
            f"partial_{name}width_{strip.lower()}": self.values.size(
                f"PDP.D_PARTIAL_WIDTH_{side}", f"PARTIAL_WIDTH_{side}_{strip}"
            )
            for name, side in (("in_", "IN"), ("", "OUT"))
            for strip in ("FIRST", "MID", "LAST")
        }

    def _extents(self, prefix: str) -> tuple[int, int, int]:
        width, height, channels = (self.values.word(f"{prefix}{name}") + 1 for name in ("WIDTH", "HEIGHT", "CHANNEL"))
        return width, height, channels

    def _cdp(self) -> tuple[CdpDescriptor, PoolSurfaces]:
        v = self.values
        before, behind = (
            Converter(v.signed(f"CDP.{name}_SCALE"), v.word(f"CDP.{name}_SHIFTER"), 1, v.signed(f"CDP.{name}_OFFSET"))
            for name in ("D_DATIN", "D_DATOUT")
        )
        op = CdpDescriptor(
            lut_index=self._lut(), in_cvt=before, out_cvt=behind,
            local_size=2 * v.field("CDP.D_LRN_CFG", "NORMALZ_LEN") + 3,
            bypass_sqsum=v.field("CDP.D_FUNC_BYPASS", "SQSUM_BYPASS"),
            bypass_out_mul=v.field("CDP.D_FUNC_BYPASS", "MUL_BYPASS"),
        )  # fmt: skip
        extents = self._extents("CDP_RDMA.D_DATA_CUBE_")
        reader = v.word("CDP_RDMA.D_SRC_LINE_STRIDE"), v.word("CDP_RDMA.D_SRC_SURFACE_STRIDE")
        writer = v.word("CDP.D_DST_LINE_STRIDE"), v.word("CDP.D_DST_SURFACE_STRIDE")
        src = self._memory("CDP_RDMA.D_SRC_BASE_ADDR_LOW", extents, *reader)
        return op, PoolSurfaces(src, self._memory("CDP.D_DST_BASE_ADDR_LOW", extents, *writer))

    def _lut(self) -> int:
        """The index of the layer's tables in the list; equal ones are there once."""
        v, tables = Values(self.layer.shared), self.layer.tables
        config, info = "CDP.S_LUT_CFG", "CDP.S_LUT_INFO"
        method = v.field(config, "LUT_LE_FUNCTION")
        lut = Lut(
            tables.get("LE", (0,) * 65), tables.get("LO", (0,) * 257),
            _signed(v.field(info, "LUT_LE_INDEX_SELECT" if method else "LUT_LE_INDEX_OFFSET"), 8), 0,
            _signed(v.field(info, "LUT_LO_INDEX_SELECT"), 8), method=method,
            hybrid_priority=v.field(config, "LUT_HYBRID_PRIORITY"),
            underflow_priority=v.field(config, "LUT_UFLOW_PRIORITY"),
            overflow_priority=v.field(config, "LUT_OFLOW_PRIORITY"),
        )  # fmt: skip
        for table in ("le", "lo"):
            for end in ("start", "end"):
                low, high = (v.word(f"CDP.S_LUT_{table}_{end}_{half}".upper()) for half in ("low", "high"))
                setattr(lut, f"{table}_{end}", low | high << 32)
            for side in ("under", "over"):
                setattr(lut, f"{table}_{side}flow", _slope(v, table.upper(), side[0].upper()))
        if lut not in self.luts:
            self.luts.append(lut)
        return self.luts.index(lut)


_SIDES = ("left", "right", "top", "bottom")


def _signed(value: int, width: int) -> int:
    """Bits of a field as a number with a sign."""
    return value - (1 << width) if value >> width - 1 & 1 else value


def _slope(v: Values, table: str, side: str) -> Slope:
    """The slope beyond an end of a table; side: U or O."""
    name = f"LUT_{table}_SLOPE"
    scale, shift = (v.field(f"CDP.S_{name}_{what}", f"{name}_{side}FLOW_{what}") for what in ("SCALE", "SHIFT"))
    return Slope(_signed(scale, 16), _signed(shift, 5))
