"""Configuration of CDP, CDP_RDMA and the look-up tables, decoded from registers (see config; spec: cdp.md 2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cocodla.formats.feature import CubeLayout
from cocodla.golden.arithmetic import IntArray, sign_extend
from cocodla.golden.rules import require
from cocodla.golden.snapshot import Snapshot

LE_ENTRIES, LO_ENTRIES = 65, 257


@dataclass(frozen=True)
class TableConfig:
    """One table: covered interval (38-bit signed) and slopes beyond its ends (scale 16 bit, shift 5 bit signed)."""

    start: int = 0
    end: int = 0
    select: int = 0
    """Index shift of the linear function, -31..31: positive right, negative left."""
    underflow_scale: int = 0
    underflow_shift: int = 0
    overflow_scale: int = 0
    overflow_shift: int = 0


@dataclass(frozen=True)
class LutConfig:
    """Both tables and the choice between them. Priorities: False LE, True LO."""

    le: TableConfig = TableConfig()
    lo: TableConfig = TableConfig()
    exponential: bool = False
    offset: int = 0
    """LE_INDEX_OFFSET of the exponential function."""
    underflow_lo: bool = False
    overflow_lo: bool = False
    hybrid_lo: bool = False

    @staticmethod
    def from_registers(cdp: Snapshot) -> LutConfig:
        cfg, info = "S_LUT_CFG.LUT_", "S_LUT_INFO.LUT_"
        exponential = not cdp.flag(cfg + "LE_FUNCTION")
        config = LutConfig(
            le=_table(cdp, "LE", cdp.signed(info + "LE_INDEX_SELECT", 6)),
            lo=_table(cdp, "LO", cdp.signed(info + "LO_INDEX_SELECT", 6)),
            exponential=exponential,
            offset=cdp.signed(info + "LE_INDEX_OFFSET", 8),
            underflow_lo=cdp.flag(cfg + "UFLOW_PRIORITY"),
            overflow_lo=cdp.flag(cfg + "OFLOW_PRIORITY"),
            hybrid_lo=cdp.flag(cfg + "HYBRID_PRIORITY"),
        )
        require(
            not exponential or config.offset <= 21, f"CDP.LUT_LE_INDEX_OFFSET {config.offset} is above 21 (cdp.md 5)"
        )
        require(exponential or config.le.select != -32, "CDP.LUT_LE_INDEX_SELECT -32 is unspecified (cdp.md 5)")
        require(config.lo.select != -32, "CDP.LUT_LO_INDEX_SELECT -32 is unspecified (cdp.md 5)")
        return config


def _table(cdp: Snapshot, name: str, select: int) -> TableConfig:
    def wide(which: str) -> int:
        low, high = (cdp.get(f"S_LUT_{name}_{which}_{part}") for part in ("LOW", "HIGH"))
        return sign_extend(high << 32 | low, 38)

    scale, shift = f"S_LUT_{name}_SLOPE_SCALE.LUT_{name}_SLOPE_", f"S_LUT_{name}_SLOPE_SHIFT.LUT_{name}_SLOPE_"
    return TableConfig(
        start=wide("START"),
        end=wide("END"),
        select=select,
        underflow_scale=cdp.signed(scale + "UFLOW_SCALE", 16),
        underflow_shift=cdp.signed(shift + "UFLOW_SHIFT", 5),
        overflow_scale=cdp.signed(scale + "OFLOW_SCALE", 16),
        overflow_shift=cdp.signed(shift + "OFLOW_SHIFT", 5),
    )


@dataclass(frozen=True)
class CdpConfig:
    """CDP: normalisation window of 2*reach + 1 channels and the converters; the size comes from CDP_RDMA."""

    reach: int = 1
    square_bypass: bool = False
    multiply_bypass: bool = False
    in_offset: int = 0
    in_scale: int = 1
    in_shift: int = 0
    out_offset: int = 0
    out_scale: int = 1
    out_shift: int = 0
    address: int = 0
    line_stride: int = 0
    surface_stride: int = 0

    @staticmethod
    def from_registers(cdp: Snapshot) -> CdpConfig:
        require(cdp.flag("D_DST_DMA_CFG"), "CDP.D_DST_DMA_CFG.DST_RAM_TYPE 0: there is no such memory")
        return CdpConfig(
            reach=cdp.size("D_LRN_CFG"),
            square_bypass=cdp.flag("D_FUNC_BYPASS.SQSUM_BYPASS"),
            multiply_bypass=cdp.flag("D_FUNC_BYPASS.MUL_BYPASS"),
            in_offset=cdp.signed("D_DATIN_OFFSET", 8),
            in_scale=cdp.signed("D_DATIN_SCALE", 16),
            in_shift=cdp.get("D_DATIN_SHIFTER"),
            out_offset=cdp.signed("D_DATOUT_OFFSET", 25),
            out_scale=cdp.signed("D_DATOUT_SCALE", 16),
            out_shift=cdp.get("D_DATOUT_SHIFTER"),
            address=cdp.address("D_DST_BASE_ADDR_LOW"),
            line_stride=cdp.address("D_DST_LINE_STRIDE"),
            surface_stride=cdp.address("D_DST_SURFACE_STRIDE"),
        )

    def destination(self, source: CubeLayout) -> CubeLayout:
        """Output cube of a given input cube; strides always apply."""
        return CubeLayout(source.width, source.height, source.channels, self.line_stride, self.surface_stride)


def cdp_source(rdma: Snapshot) -> tuple[int, CubeLayout]:
    """Address and layout of the cube CDP_RDMA reads."""
    require(rdma.flag("D_SRC_DMA_CFG"), "CDP_RDMA.D_SRC_DMA_CFG.SRC_RAM_TYPE 0: there is no such memory")
    layout = CubeLayout(
        rdma.size("D_DATA_CUBE_WIDTH"),
        rdma.size("D_DATA_CUBE_HEIGHT"),
        rdma.size("D_DATA_CUBE_CHANNEL"),
        rdma.address("D_SRC_LINE_STRIDE"),
        rdma.address("D_SRC_SURFACE_STRIDE"),
    )
    return rdma.address("D_SRC_BASE_ADDR_LOW"), layout


@dataclass(frozen=True)
class Tables:
    """Contents of the tables: LE 65 and LO 257 signed 16-bit values, as int64 arrays."""

    le: IntArray
    lo: IntArray

    @staticmethod
    def zeros() -> Tables:
        return Tables(np.zeros(LE_ENTRIES, np.int64), np.zeros(LO_ENTRIES, np.int64))
