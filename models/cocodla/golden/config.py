"""What a layer's registers mean: one frozen dataclass a unit, true values (minus-1 coding undone).

`from_registers` decodes a Snapshot of the running group and reports values that have no meaning on
nv_small. The units' functions take these objects only, so benches may also build them directly.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from cocodla.formats.feature import CubeLayout
from cocodla.golden.rules import require, require_present
from cocodla.golden.snapshot import Snapshot
from cocodla.hw import PDP_MAX_KERNEL, surfaces


class AluOperation(IntEnum):
    """SDP *_ALU_ALGO; code 3 acts as SUM."""

    MAX = 0
    MIN = 1
    SUM = 2


class OperandUse(IntEnum):
    """SDP_RDMA *_DATA_USE."""

    MUL = 0
    ALU = 1
    BOTH = 2


class Pooling(IntEnum):
    """PDP POOLING_METHOD."""

    AVERAGE = 0
    MAX = 1
    MIN = 2


@dataclass(frozen=True)
class StageConfig:
    """BS or BN stage of SDP (sdp.md 3.2). The defaults are a bypassed stage."""

    bypass: bool = True
    alu_bypass: bool = True
    alu_operation: AluOperation = AluOperation.SUM
    alu_from_memory: bool = False
    alu_operand: int = 0
    alu_shift: int = 0
    mul_bypass: bool = True
    mul_from_memory: bool = False
    mul_operand: int = 0
    mul_shift: int = 0
    prelu: bool = False
    relu_bypass: bool = True

    @property
    def needs(self) -> OperandUse | None:
        """Which operands the stage takes from memory."""
        alu = not self.bypass and not self.alu_bypass and self.alu_from_memory
        mul = not self.bypass and not self.mul_bypass and self.mul_from_memory
        if alu and mul:
            return OperandUse.BOTH
        if alu:
            return OperandUse.ALU
        return OperandUse.MUL if mul else None

    @staticmethod
    def from_registers(sdp: Snapshot, name: str) -> StageConfig:
        """`name` is BS or BN."""
        cfg, prefix = f"D_DP_{name}_CFG.{name}_", f"D_DP_{name}_"
        return StageConfig(
            bypass=sdp.flag(cfg + "BYPASS"),
            alu_bypass=sdp.flag(cfg + "ALU_BYPASS"),
            alu_operation=AluOperation(min(sdp.get(cfg + "ALU_ALGO"), 2)),
            alu_from_memory=sdp.flag(f"{prefix}ALU_CFG.{name}_ALU_SRC"),
            alu_operand=sdp.signed(f"{prefix}ALU_SRC_VALUE", 16),
            alu_shift=sdp.get(f"{prefix}ALU_CFG.{name}_ALU_SHIFT_VALUE"),
            mul_bypass=sdp.flag(cfg + "MUL_BYPASS"),
            mul_from_memory=sdp.flag(f"{prefix}MUL_CFG.{name}_MUL_SRC"),
            mul_operand=sdp.signed(f"{prefix}MUL_SRC_VALUE", 16),
            mul_shift=sdp.get(f"{prefix}MUL_CFG.{name}_MUL_SHIFT_VALUE") & 63,
            prelu=sdp.flag(cfg + "MUL_PRELU"),
            relu_bypass=sdp.flag(cfg + "RELU_BYPASS"),
        )


@dataclass(frozen=True)
class SdpConfig:
    """SDP (sdp.md 2.2). Stride and address fields are unused when `to_pdp`."""

    width: int
    height: int
    channels: int
    bs: StageConfig = StageConfig()
    bn: StageConfig = StageConfig()
    cvt_offset: int = 0
    cvt_scale: int = 1
    cvt_shift: int = 0
    from_cacc: bool = False
    to_pdp: bool = False
    address: int = 0
    line_stride: int = 0
    surface_stride: int = 0

    @property
    def needs_rdma(self) -> bool:
        """True when SDP_RDMA takes part in the layer. One that runs beside it serves a later layer."""
        return not self.from_cacc or self.bs.needs is not None or self.bn.needs is not None

    @property
    def destination(self) -> CubeLayout:
        """Output cube; a 1x1 cube is packed whatever the strides say (sdp.md 5)."""
        return cube_layout(self.width, self.height, self.channels, self.line_stride, self.surface_stride)

    @staticmethod
    def from_registers(sdp: Snapshot) -> SdpConfig:
        to_pdp = sdp.flag("D_FEATURE_MODE_CFG.OUTPUT_DST")
        require(sdp.get("D_DATA_FORMAT.PROC_PRECISION") == 0, "SDP.D_DATA_FORMAT.PROC_PRECISION must be 0 (int8)")
        require(sdp.get("D_DATA_FORMAT.OUT_PRECISION") == 0, "SDP.D_DATA_FORMAT.OUT_PRECISION must be 0 (int8)")
        require_present(not sdp.flag("D_FEATURE_MODE_CFG.WINOGRAD"), "SDP.D_FEATURE_MODE_CFG.WINOGRAD must be 0")
        batches = sdp.get("D_FEATURE_MODE_CFG.BATCH_NUMBER")
        require_present(batches == 0, "SDP.D_FEATURE_MODE_CFG.BATCH_NUMBER must be 0")
        _require_no_ew(sdp)
        require(to_pdp or sdp.flag("D_DST_DMA_CFG"), "SDP.D_DST_DMA_CFG.DST_RAM_TYPE 0: there is no such memory")
        return SdpConfig(
            width=sdp.size("D_DATA_CUBE_WIDTH"),
            height=sdp.size("D_DATA_CUBE_HEIGHT"),
            channels=sdp.size("D_DATA_CUBE_CHANNEL"),
            bs=StageConfig.from_registers(sdp, "BS"),
            bn=StageConfig.from_registers(sdp, "BN"),
            cvt_offset=sdp.signed("D_CVT_OFFSET", 32),
            cvt_scale=sdp.signed("D_CVT_SCALE", 16),
            cvt_shift=sdp.get("D_CVT_SHIFT"),
            from_cacc=sdp.flag("D_FEATURE_MODE_CFG.FLYING_MODE"),
            to_pdp=to_pdp,
            address=sdp.address("D_DST_BASE_ADDR_LOW"),
            line_stride=sdp.address("D_DST_LINE_STRIDE"),
            surface_stride=sdp.address("D_DST_SURFACE_STRIDE"),
        )


def _require_no_ew(sdp: Snapshot) -> None:
    """The Y stage (EW) is a wire in nv_small (sdp.md 2.2), so a layer may have nothing for it to do.

    That is: it is bypassed as a whole, or each of its parts is and nothing is shifted.
    """
    parts = all(sdp.flag(f"D_DP_EW_CFG.EW_{part}_BYPASS") for part in ("ALU", "MUL", "LUT"))
    require_present(
        sdp.flag("D_DP_EW_CFG.EW_BYPASS") or (parts and sdp.get("D_DP_EW_TRUNCATE_VALUE") == 0),
        "SDP.D_DP_EW_CFG.EW_BYPASS is 0: the layer uses the Y stage (EW), which nv_small does not have (sdp.md 3.3)",
    )


@dataclass(frozen=True)
class OperandConfig:
    """One operand engine of SDP_RDMA: B for BS, N for BN (sdp.md 4)."""

    use: OperandUse
    two_bytes: bool
    per_element: bool
    address: int
    line_stride: int = 0
    surface_stride: int = 0

    @property
    def group_bytes(self) -> int:
        """Bytes per 8 channels."""
        return 8 * (2 if self.use is OperandUse.BOTH else 1) * (2 if self.two_bytes else 1)

    @staticmethod
    def from_registers(rdma: Snapshot, engine: str, name: str) -> OperandConfig | None:
        """`engine` BRDMA or NRDMA, `name` BS or BN; None when the engine is disabled."""
        cfg = f"D_{engine}_CFG.{engine}_"
        if rdma.flag(cfg + "DISABLE"):
            return None
        require(rdma.get(cfg + "DATA_USE") != 3, f"SDP_RDMA.{engine}_DATA_USE 3 is illegal")
        require(rdma.flag(cfg + "RAM_TYPE"), f"SDP_RDMA.{engine}_RAM_TYPE 0: there is no such memory")
        return OperandConfig(
            use=OperandUse(rdma.get(cfg + "DATA_USE")),
            two_bytes=rdma.flag(cfg + "DATA_SIZE"),
            per_element=rdma.flag(cfg + "DATA_MODE"),
            address=rdma.address(f"D_{name}_BASE_ADDR_LOW"),
            line_stride=rdma.address(f"D_{name}_LINE_STRIDE"),
            surface_stride=rdma.address(f"D_{name}_SURFACE_STRIDE"),
        )


@dataclass(frozen=True)
class SdpRdmaConfig:
    """SDP_RDMA (sdp.md 2.1). `main` is False when the input comes from CACC."""

    width: int
    height: int
    channels: int
    main: bool
    address: int
    line_stride: int
    surface_stride: int
    bs: OperandConfig | None
    bn: OperandConfig | None

    @property
    def source(self) -> CubeLayout:
        """Input cube of the main reader."""
        return cube_layout(self.width, self.height, self.channels, self.line_stride, self.surface_stride)

    @staticmethod
    def from_registers(rdma: Snapshot) -> SdpRdmaConfig:
        for field in ("IN_PRECISION", "PROC_PRECISION", "OUT_PRECISION", "WINOGRAD", "BATCH_NUMBER"):
            require(rdma.get(f"D_FEATURE_MODE_CFG.{field}") == 0, f"SDP_RDMA.D_FEATURE_MODE_CFG.{field} must be 0")
        main = not rdma.flag("D_FEATURE_MODE_CFG.FLYING_MODE")
        require(
            not main or rdma.flag("D_SRC_DMA_CFG"), "SDP_RDMA.D_SRC_DMA_CFG.SRC_RAM_TYPE 0: there is no such memory"
        )
        return SdpRdmaConfig(
            width=rdma.size("D_DATA_CUBE_WIDTH"),
            height=rdma.size("D_DATA_CUBE_HEIGHT"),
            channels=rdma.size("D_DATA_CUBE_CHANNEL"),
            main=main,
            address=rdma.address("D_SRC_BASE_ADDR_LOW"),
            line_stride=rdma.address("D_SRC_LINE_STRIDE"),
            surface_stride=rdma.address("D_SRC_SURFACE_STRIDE"),
            bs=OperandConfig.from_registers(rdma, "BRDMA", "BS"),
            bn=OperandConfig.from_registers(rdma, "NRDMA", "BN"),
        )


@dataclass(frozen=True)
class Split:
    """Widths of the vertical strips of PDP (pdp.md 5), true values, as the registers count them."""

    count: int
    first_in: int
    mid_in: int
    last_in: int
    first_out: int
    mid_out: int
    last_out: int


@dataclass(frozen=True)
class PdpConfig:
    """PDP (pdp.md 2.2). pad_values: PAD_VALUE_1X..7X, signed 19 bits."""

    width: int
    height: int
    channels: int
    out_width: int
    out_height: int
    method: Pooling
    kernel_width: int
    kernel_height: int
    stride_width: int
    stride_height: int
    pad_left: int = 0
    pad_top: int = 0
    pad_right: int = 0
    pad_bottom: int = 0
    pad_values: tuple[int, ...] = (0,) * 7
    reciprocal_width: int = 0
    reciprocal_height: int = 0
    split: Split | None = None
    from_sdp: bool = False
    address: int = 0
    line_stride: int = 0
    surface_stride: int = 0

    @property
    def destination(self) -> CubeLayout:
        """Output cube; strides always apply."""
        return CubeLayout(self.out_width, self.out_height, self.channels, self.line_stride, self.surface_stride)

    def strips(self) -> list[tuple[int, int, int, int]]:
        """(first input column, input columns, output columns, left padding) of each strip."""
        if self.split is None:
            return [(0, self.width, self.out_width, self.pad_left)]
        s, overlap = self.split, self.kernel_width - self.stride_width
        result, start = [], 0
        for index in range(s.count):
            if index == 0:
                width, out = s.first_in, s.first_out
            elif index == s.count - 1:
                width, out = s.last_in + overlap, s.last_out
            else:
                width, out = s.mid_in + overlap, s.mid_out
            result.append((start, width, out, self.pad_left if index == 0 else 0))
            start += width - overlap
        return result

    def check(self) -> None:
        """Geometry (pdp.md 3), strips (5) and line buffer capacity (6)."""
        for name, size, out, kernel, stride, pads in (
            ("width", self.width, self.out_width, self.kernel_width, self.stride_width,
             (self.pad_left, self.pad_right)),
            ("height", self.height, self.out_height, self.kernel_height, self.stride_height,
             (self.pad_top, self.pad_bottom)),
        ):  # fmt: skip
            require(max(pads) < kernel, f"PDP: padding {max(pads)} in {name} is not smaller than the kernel {kernel}")
            expected = (size + sum(pads) - kernel) // stride + 1
            require(out == expected, f"PDP: output {name} is {out}, the input gives {expected} (pdp.md 3)")
        if self.split:
            self._check_split(self.split)
        lines, limit = self.capacity
        widest = max(out for _, _, out, _ in self.strips())
        require(
            widest <= limit,
            f"PDP: {widest} output columns exceed the line buffer, {limit} with {lines} open rows (pdp.md 6)",
        )

    @property
    def capacity(self) -> tuple[int, int]:
        """(open output rows, largest output width of a strip) of the line buffer (pdp.md 6)."""
        kernel, stride = self.kernel_height, self.stride_height
        if stride >= kernel:
            lines = 1
        elif stride == 1:
            lines = kernel
        elif stride == 2:
            lines = -(-kernel // 2)
        else:
            lines = 3 if stride == 3 and kernel > 6 else 2
        return lines, 128 if lines == 1 else 64 if lines == 2 else 32 if lines <= 4 else 16

    def _check_split(self, s: Split) -> None:
        """Section 5: the strips must cover the cube and fit their outputs."""
        kernel, stride = self.kernel_width, self.stride_width
        overlap, middle = kernel - stride, s.count - 2
        require(s.first_in + s.mid_in * middle + s.last_in == self.width, "PDP: strips do not add up to the width")
        require(
            s.first_out + s.mid_out * middle + s.last_out == self.out_width,
            "PDP: output strips do not add up to the output width",
        )
        fits = [
            (s.first_in + self.pad_left, s.first_out),
            (s.last_in + self.pad_right + overlap, s.last_out),
        ]
        if middle:
            fits.append((s.mid_in + overlap, s.mid_out))
        for extent, out in fits:
            require((extent - kernel) // stride + 1 == out, f"PDP: a strip of {extent} columns cannot give {out}")

    @staticmethod
    def from_registers(pdp: Snapshot) -> PdpConfig:
        mode, kernel, pad = "D_OPERATION_MODE_CFG.", "D_POOLING_KERNEL_CFG.", "D_POOLING_PADDING_CFG."
        method = pdp.get(mode + "POOLING_METHOD")
        require(method < 3, "PDP.POOLING_METHOD 3 is illegal")
        require(pdp.flag("D_DST_RAM_CFG"), "PDP.D_DST_RAM_CFG.DST_RAM_TYPE 0: there is no such memory")
        for name in ("KERNEL_WIDTH", "KERNEL_HEIGHT"):
            require(pdp.size(kernel + name) <= PDP_MAX_KERNEL, f"PDP.{name} is above {PDP_MAX_KERNEL}")
        channels = pdp.size("D_DATA_CUBE_IN_CHANNEL")
        require(
            surfaces(channels) == surfaces(pdp.size("D_DATA_CUBE_OUT_CHANNEL")),
            "PDP.CUBE_OUT_CHANNEL differs from CUBE_IN_CHANNEL",
        )
        return PdpConfig(
            width=pdp.size("D_DATA_CUBE_IN_WIDTH"),
            height=pdp.size("D_DATA_CUBE_IN_HEIGHT"),
            channels=channels,
            out_width=pdp.size("D_DATA_CUBE_OUT_WIDTH"),
            out_height=pdp.size("D_DATA_CUBE_OUT_HEIGHT"),
            method=Pooling(method),
            kernel_width=pdp.size(kernel + "KERNEL_WIDTH"),
            kernel_height=pdp.size(kernel + "KERNEL_HEIGHT"),
            stride_width=pdp.size(kernel + "KERNEL_STRIDE_WIDTH"),
            stride_height=pdp.size(kernel + "KERNEL_STRIDE_HEIGHT"),
            pad_left=pdp.get(pad + "PAD_LEFT"),
            pad_top=pdp.get(pad + "PAD_TOP"),
            pad_right=pdp.get(pad + "PAD_RIGHT"),
            pad_bottom=pdp.get(pad + "PAD_BOTTOM"),
            pad_values=tuple(pdp.signed(f"D_POOLING_PADDING_VALUE_{n}_CFG", 19) for n in range(1, 8)),
            reciprocal_width=pdp.get("D_RECIP_KERNEL_WIDTH"),
            reciprocal_height=pdp.get("D_RECIP_KERNEL_HEIGHT"),
            split=_split(pdp) if pdp.get(mode + "SPLIT_NUM") else None,
            from_sdp=not pdp.flag(mode + "FLYING_MODE"),
            address=pdp.address("D_DST_BASE_ADDR_LOW"),
            line_stride=pdp.address("D_DST_LINE_STRIDE"),
            surface_stride=pdp.address("D_DST_SURFACE_STRIDE"),
        )


def _split(pdp: Snapshot) -> Split:
    widths = {
        f"{part.lower()}_{side.lower()}": pdp.size(f"D_PARTIAL_WIDTH_{side}.PARTIAL_WIDTH_{side}_{part}")
        for side in ("IN", "OUT")
        for part in ("FIRST", "MID", "LAST")
    }
    return Split(count=pdp.size("D_OPERATION_MODE_CFG.SPLIT_NUM"), **widths)


def cube_layout(width: int, height: int, channels: int, line_stride: int, surface_stride: int) -> CubeLayout:
    """Layout of a cube of SDP and CDMA, where 1x1 cubes are packed."""
    if width == 1 and height == 1:
        return CubeLayout.packed(width, height, channels)
    return CubeLayout(width, height, channels, line_stride, surface_stride)
