"""Configurations -> register words: the inverse of from_registers, for tests and program generators.

Every function returns {unit: {register: word}} with the registers that differ from "don't care" for
nv_small; precisions are int8 and RAM types MC (spec: programming.md section 6).
"""

from __future__ import annotations

from collections.abc import Mapping

from cocodla.formats.feature import CubeLayout
from cocodla.golden.config import OperandConfig, PdpConfig, SdpConfig, SdpRdmaConfig, Split, StageConfig
from cocodla.golden.config_cdp import CdpConfig, LutConfig, Tables
from cocodla.golden.config_conv import CdmaConfig, ConvConfig, CscConfig
from cocodla.registers import MAP

Words = dict[str, dict[str, int]]


class _Writer:
    """Collects fields of one unit into words."""

    def __init__(self, unit: str) -> None:
        self.unit = unit
        self.words: dict[str, int] = {}

    def set(self, register: str, **fields: int | bool) -> None:
        """Fields of a register that may be written in several steps; others start at 0."""
        base = self.words.get(register, 0)
        values = {name: int(value) for name, value in fields.items()}
        self.words[register] = MAP[f"{self.unit}.{register}"].encode(base, **values)

    def put(self, **registers: int | bool) -> None:
        """Registers with a single field, given by register name."""
        for name, value in registers.items():
            field = MAP[f"{self.unit}.{name}"].fields[0]
            self.set(name, **{field.name: int(value)})


def merge(*parts: Words) -> Words:
    """Join the results of several functions."""
    result: Words = {}
    for part in parts:
        for unit, words in part.items():
            result.setdefault(unit, {}).update(words)
    return result


def encode_sdp(config: SdpConfig) -> Words:
    """SDP registers of a layer; EW stays bypassed."""
    w = _Writer("SDP")
    w.put(
        D_DATA_CUBE_WIDTH=config.width - 1,
        D_DATA_CUBE_HEIGHT=config.height - 1,
        D_DATA_CUBE_CHANNEL=config.channels - 1,
        D_DST_BASE_ADDR_LOW=config.address,
        D_DST_BASE_ADDR_HIGH=0,
        D_DST_LINE_STRIDE=config.line_stride,
        D_DST_SURFACE_STRIDE=config.surface_stride,
        D_DST_DMA_CFG=1,
        D_CVT_OFFSET=config.cvt_offset,
        D_CVT_SCALE=config.cvt_scale,
        D_CVT_SHIFT=config.cvt_shift,
    )
    w.set("D_FEATURE_MODE_CFG", FLYING_MODE=config.from_cacc, OUTPUT_DST=config.to_pdp)
    w.set("D_DATA_FORMAT", PROC_PRECISION=0, OUT_PRECISION=0)
    _stage(w, "BS", config.bs)
    _stage(w, "BN", config.bn)
    return {"SDP": w.words}


def _stage(w: _Writer, name: str, stage: StageConfig) -> None:
    cfg = {
        "BYPASS": stage.bypass,
        "ALU_BYPASS": stage.alu_bypass,
        "ALU_ALGO": stage.alu_operation,
        "MUL_BYPASS": stage.mul_bypass,
        "MUL_PRELU": stage.prelu,
        "RELU_BYPASS": stage.relu_bypass,
    }
    w.set(f"D_DP_{name}_CFG", **{f"{name}_{field}": value for field, value in cfg.items()})
    for kind, source, operand, shift in (
        ("ALU", stage.alu_from_memory, stage.alu_operand, stage.alu_shift),
        ("MUL", stage.mul_from_memory, stage.mul_operand, stage.mul_shift),
    ):
        fields = {f"{name}_{kind}_SRC": source, f"{name}_{kind}_SHIFT_VALUE": shift}
        w.set(f"D_DP_{name}_{kind}_CFG", **fields)
        w.put(**{f"D_DP_{name}_{kind}_SRC_VALUE": operand})


def encode_sdp_rdma(config: SdpRdmaConfig) -> Words:
    """SDP_RDMA registers of a layer."""
    w = _Writer("SDP_RDMA")
    w.put(
        D_DATA_CUBE_WIDTH=config.width - 1,
        D_DATA_CUBE_HEIGHT=config.height - 1,
        D_DATA_CUBE_CHANNEL=config.channels - 1,
        D_SRC_BASE_ADDR_LOW=config.address,
        D_SRC_BASE_ADDR_HIGH=0,
        D_SRC_LINE_STRIDE=config.line_stride,
        D_SRC_SURFACE_STRIDE=config.surface_stride,
        D_SRC_DMA_CFG=1,
    )
    w.set("D_FEATURE_MODE_CFG", FLYING_MODE=not config.main, IN_PRECISION=0, PROC_PRECISION=0, OUT_PRECISION=0)
    w.set("D_ERDMA_CFG", ERDMA_DISABLE=1)
    _engine(w, "BRDMA", "BS", config.bs)
    _engine(w, "NRDMA", "BN", config.bn)
    return {"SDP_RDMA": w.words}


def _engine(w: _Writer, engine: str, name: str, config: OperandConfig | None) -> None:
    if config is None:
        w.set(f"D_{engine}_CFG", **{f"{engine}_DISABLE": 1})
        return
    fields = {
        "DISABLE": 0,
        "DATA_USE": config.use,
        "DATA_SIZE": config.two_bytes,
        "DATA_MODE": config.per_element,
        "RAM_TYPE": 1,
    }
    w.set(f"D_{engine}_CFG", **{f"{engine}_{field}": value for field, value in fields.items()})
    w.put(
        **{
            f"D_{name}_BASE_ADDR_LOW": config.address,
            f"D_{name}_BASE_ADDR_HIGH": 0,
            f"D_{name}_LINE_STRIDE": config.line_stride,
            f"D_{name}_SURFACE_STRIDE": config.surface_stride,
        }
    )


def encode_pdp(config: PdpConfig) -> Words:
    """PDP registers of a layer."""
    w = _Writer("PDP")
    w.put(
        D_DATA_CUBE_IN_WIDTH=config.width - 1,
        D_DATA_CUBE_IN_HEIGHT=config.height - 1,
        D_DATA_CUBE_IN_CHANNEL=config.channels - 1,
        D_DATA_CUBE_OUT_WIDTH=config.out_width - 1,
        D_DATA_CUBE_OUT_HEIGHT=config.out_height - 1,
        D_DATA_CUBE_OUT_CHANNEL=config.channels - 1,
        D_RECIP_KERNEL_WIDTH=config.reciprocal_width,
        D_RECIP_KERNEL_HEIGHT=config.reciprocal_height,
        D_DST_BASE_ADDR_LOW=config.address,
        D_DST_BASE_ADDR_HIGH=0,
        D_DST_LINE_STRIDE=config.line_stride,
        D_DST_SURFACE_STRIDE=config.surface_stride,
        D_DST_RAM_CFG=1,
        D_DATA_FORMAT=0,
        **{f"D_POOLING_PADDING_VALUE_{n}_CFG": value for n, value in enumerate(config.pad_values, 1)},
    )
    strips = config.split.count if config.split else 1
    w.set(
        "D_OPERATION_MODE_CFG",
        POOLING_METHOD=config.method,
        FLYING_MODE=not config.from_sdp,
        SPLIT_NUM=strips - 1,
    )
    w.set(
        "D_POOLING_KERNEL_CFG",
        KERNEL_WIDTH=config.kernel_width - 1,
        KERNEL_HEIGHT=config.kernel_height - 1,
        KERNEL_STRIDE_WIDTH=config.stride_width - 1,
        KERNEL_STRIDE_HEIGHT=config.stride_height - 1,
    )
    w.set(
        "D_POOLING_PADDING_CFG",
        PAD_LEFT=config.pad_left,
        PAD_TOP=config.pad_top,
        PAD_RIGHT=config.pad_right,
        PAD_BOTTOM=config.pad_bottom,
    )
    _partial(w, config.split, "IN")
    _partial(w, config.split, "OUT")
    return {"PDP": w.words}


def encode_pdp_rdma(config: PdpConfig, address: int, line_stride: int, surface_stride: int) -> Words:
    """PDP_RDMA registers of a memory-to-memory layer whose input cube is at `address`."""
    w = _Writer("PDP_RDMA")
    w.put(
        D_DATA_CUBE_IN_WIDTH=config.width - 1,
        D_DATA_CUBE_IN_HEIGHT=config.height - 1,
        D_DATA_CUBE_IN_CHANNEL=config.channels - 1,
        D_FLYING_MODE=1,
        D_SRC_BASE_ADDR_LOW=address,
        D_SRC_BASE_ADDR_HIGH=0,
        D_SRC_LINE_STRIDE=line_stride,
        D_SRC_SURFACE_STRIDE=surface_stride,
        D_SRC_RAM_CFG=1,
        D_DATA_FORMAT=0,
        D_OPERATION_MODE_CFG=(config.split.count if config.split else 1) - 1,
    )
    w.set(
        "D_POOLING_KERNEL_CFG",
        KERNEL_WIDTH=config.kernel_width - 1,
        KERNEL_STRIDE_WIDTH=config.stride_width - 1,
    )
    _partial(w, config.split, "IN")
    return {"PDP_RDMA": w.words}


def _partial(w: _Writer, split: Split | None, side: str) -> None:
    widths = {"FIRST": 1, "MID": 1, "LAST": 1}
    if split:
        widths = {part: getattr(split, f"{part.lower()}_{side.lower()}") for part in widths}
    w.set(
        f"D_PARTIAL_WIDTH_{side}",
        **{f"PARTIAL_WIDTH_{side}_{part}": width - 1 for part, width in widths.items()},
    )


def encode_convolution(config: ConvConfig) -> Words:
    """Registers of CDMA, CSC, CMAC_A, CMAC_B and CACC of a layer."""
    cacc = _Writer("CACC")
    csc = config.csc
    cacc.put(D_MISC_CFG=0, D_CLIP_CFG=csc.clip_truncate)
    cacc.set("D_DATAOUT_SIZE_0", DATAOUT_WIDTH=csc.out_width - 1, DATAOUT_HEIGHT=csc.out_height - 1)
    cacc.put(D_DATAOUT_SIZE_1=csc.kernels - 1)
    return {
        "CDMA": encode_cdma(config.cdma),
        "CSC": encode_csc(csc),
        "CMAC_A": {"D_MISC_CFG": 0},
        "CMAC_B": {"D_MISC_CFG": 0},
        "CACC": cacc.words,
    }


def encode_cdma(config: CdmaConfig) -> dict[str, int]:
    """CDMA registers of a layer."""
    w = _Writer("CDMA")
    _shared(w, config)
    w.set("D_DATAIN_SIZE_0", DATAIN_WIDTH=config.width - 1, DATAIN_HEIGHT=config.height - 1)
    w.set("D_WEIGHT_SIZE_0", BYTE_PER_KERNEL=config.kernel_bytes - 1)
    w.put(
        D_DATAIN_SIZE_1=config.channels - 1,
        D_DAIN_RAM_TYPE=1,
        D_DAIN_ADDR_HIGH_0=0,
        D_DAIN_ADDR_LOW_0=config.address,
        D_DAIN_ADDR_HIGH_1=0,
        D_DAIN_ADDR_LOW_1=config.chroma_address,
        D_LINE_STRIDE=config.line_stride,
        D_LINE_UV_STRIDE=config.chroma_stride,
        D_SURF_STRIDE=config.surface_stride,
        D_BATCH_NUMBER=0,
        D_FETCH_GRAIN=config.grains - 1,
        D_WEIGHT_FORMAT=0,
        D_WEIGHT_SIZE_1=config.kernels - 1,
        D_WEIGHT_RAM_TYPE=1,
        D_WEIGHT_ADDR_HIGH=0,
        D_WEIGHT_ADDR_LOW=config.weight_address,
    )
    w.set("D_DAIN_MAP", LINE_PACKED=config.grains > 1, SURF_PACKED=config.packed_1x1)
    w.set("D_DATAIN_FORMAT", DATAIN_FORMAT=config.pixel_format is not None)
    if config.pixel_format:
        w.set("D_DATAIN_FORMAT", PIXEL_FORMAT=config.pixel_format.code, PIXEL_SIGN_OVERRIDE=config.signed_pixels)
    w.set("D_PIXEL_OFFSET", PIXEL_X_OFFSET=config.x_offset)
    w.set("D_ZERO_PADDING", PAD_LEFT=config.pad_left, PAD_RIGHT=config.pad_right)
    w.put(D_ZERO_PADDING_VALUE=config.pad_value)
    converter = config.converter
    w.set("D_CVT_CFG", CVT_EN=converter is not None, CVT_TRUNCATE=converter.truncate if converter else 0)
    w.put(
        D_CVT_OFFSET=converter.offset if converter else 0,
        D_CVT_SCALE=converter.scale if converter else 0,
        D_MEAN_FORMAT=converter is not None and converter.means is not None,
    )
    means = (converter.means if converter else None) or (0, 0, 0, 0)
    w.set("D_MEAN_GLOBAL_0", MEAN_RY=means[0], MEAN_GU=means[1])
    w.set("D_MEAN_GLOBAL_1", MEAN_BV=means[2], MEAN_AX=means[3])
    return w.words


def encode_csc(config: CscConfig) -> dict[str, int]:
    """CSC registers of a layer."""
    c, w = config, _Writer("CSC")
    _shared(w, c)
    w.set("D_DATAIN_SIZE_EXT_0", DATAIN_WIDTH_EXT=c.width - 1, DATAIN_HEIGHT_EXT=c.height - 1)
    w.set("D_WEIGHT_SIZE_EXT_0", WEIGHT_WIDTH_EXT=c.kernel_width - 1, WEIGHT_HEIGHT_EXT=c.kernel_height - 1)
    w.set("D_WEIGHT_SIZE_EXT_1", WEIGHT_CHANNEL_EXT=c.channels - 1, WEIGHT_KERNEL=c.kernels - 1)
    w.set("D_DATAOUT_SIZE_0", DATAOUT_WIDTH=c.out_width - 1, DATAOUT_HEIGHT=c.out_height - 1)
    w.set("D_CONV_STRIDE_EXT", CONV_X_STRIDE_EXT=c.stride_x - 1, CONV_Y_STRIDE_EXT=c.stride_y - 1)
    w.set("D_DILATION_EXT", X_DILATION_EXT=c.dilation_x - 1, Y_DILATION_EXT=c.dilation_y - 1)
    w.set("D_ZERO_PADDING", PAD_LEFT=c.pad_left, PAD_TOP=c.pad_top)
    w.put(
        D_DATAIN_FORMAT=c.image,
        D_DATAIN_SIZE_EXT_1=(c.pixel_channels if c.image else c.channels) - 1,
        D_BATCH_NUMBER=0,
        D_POST_Y_EXTENSION={1: 0, 2: 1, 4: 2}[c.rows_merged],
        D_WEIGHT_FORMAT=0,
        D_DATAOUT_SIZE_1=c.kernels - 1,
        D_ATOMICS=c.out_width * c.out_height - 1,
        D_RELEASE=c.release_lines - 1,
        D_ZERO_PADDING_VALUE=c.pad_value,
    )
    return w.words


def _shared(w: _Writer, config: CdmaConfig | CscConfig) -> None:
    """Registers CDMA and CSC have in common."""
    w.set(
        "D_MISC_CFG",
        DATA_REUSE=config.data_reuse,
        WEIGHT_REUSE=config.weight_reuse,
        SKIP_DATA_RLS=config.skip_data_release,
        SKIP_WEIGHT_RLS=config.skip_weight_release,
    )
    w.set("D_BANK", DATA_BANK=config.data_banks - 1, WEIGHT_BANK=config.weight_banks - 1)
    w.put(D_ENTRY_PER_SLICE=config.entries - 1, D_WEIGHT_BYTES=config.weight_bytes)


def encode_cdp(config: CdpConfig) -> Words:
    """CDP registers of a layer, without the tables."""
    w = _Writer("CDP")
    w.put(
        D_DST_BASE_ADDR_LOW=config.address,
        D_DST_BASE_ADDR_HIGH=0,
        D_DST_LINE_STRIDE=config.line_stride,
        D_DST_SURFACE_STRIDE=config.surface_stride,
        D_DST_DMA_CFG=1,
        D_DATA_FORMAT=0,
        D_LRN_CFG=config.reach - 1,
        D_DATIN_OFFSET=config.in_offset,
        D_DATIN_SCALE=config.in_scale,
        D_DATIN_SHIFTER=config.in_shift,
        D_DATOUT_OFFSET=config.out_offset,
        D_DATOUT_SCALE=config.out_scale,
        D_DATOUT_SHIFTER=config.out_shift,
    )
    w.set("D_FUNC_BYPASS", SQSUM_BYPASS=config.square_bypass, MUL_BYPASS=config.multiply_bypass)
    return {"CDP": w.words}


def encode_cdp_rdma(address: int, layout: CubeLayout) -> Words:
    """CDP_RDMA registers of a layer whose input cube is at `address`."""
    w = _Writer("CDP_RDMA")
    w.put(
        D_DATA_CUBE_WIDTH=layout.width - 1,
        D_DATA_CUBE_HEIGHT=layout.height - 1,
        D_DATA_CUBE_CHANNEL=layout.channels - 1,
        D_SRC_BASE_ADDR_LOW=address,
        D_SRC_BASE_ADDR_HIGH=0,
        D_SRC_LINE_STRIDE=layout.line_stride,
        D_SRC_SURFACE_STRIDE=layout.surface_stride,
        D_SRC_DMA_CFG=1,
        D_DATA_FORMAT=0,
    )
    return {"CDP_RDMA": w.words}


def lut_writes(config: LutConfig, tables: Tables) -> list[tuple[int, int]]:
    """(byte address, value) of the writes that load both tables and their parameters; CDP must be idle."""
    access, data = MAP["CDP.S_LUT_ACCESS_CFG"], MAP["CDP.S_LUT_ACCESS_DATA"]
    writes = []
    for number, entries in enumerate((tables.le, tables.lo)):
        writes.append((access.address, access.encode(LUT_ADDR=0, LUT_TABLE_ID=number, LUT_ACCESS_TYPE=1)))
        writes += [(data.address, int(entry) & 0xFFFF) for entry in entries]
    return writes + register_writes({"CDP": lut_words(config)})


def lut_words(config: LutConfig) -> dict[str, int]:
    """Words of the registers that say how the tables are looked up."""
    w = _Writer("CDP")
    w.set(
        "S_LUT_CFG",
        LUT_LE_FUNCTION=not config.exponential,
        LUT_UFLOW_PRIORITY=config.underflow_lo,
        LUT_OFLOW_PRIORITY=config.overflow_lo,
        LUT_HYBRID_PRIORITY=config.hybrid_lo,
    )
    w.set(
        "S_LUT_INFO",
        LUT_LE_INDEX_OFFSET=config.offset,
        LUT_LE_INDEX_SELECT=config.le.select,
        LUT_LO_INDEX_SELECT=config.lo.select,
    )
    for name, table in (("LE", config.le), ("LO", config.lo)):
        for which, value in (("START", table.start), ("END", table.end)):
            w.words[f"S_LUT_{name}_{which}_LOW"] = value & 0xFFFFFFFF
            w.words[f"S_LUT_{name}_{which}_HIGH"] = value >> 32 & 0x3F
        for kind in ("SCALE", "SHIFT"):
            under, over = (getattr(table, f"{end}flow_{kind.lower()}") for end in ("under", "over"))
            prefix = f"LUT_{name}_SLOPE_"
            fields = {f"{prefix}UFLOW_{kind}": under, f"{prefix}OFLOW_{kind}": over}
            w.set(f"S_LUT_{name}_SLOPE_{kind}", **fields)
    return w.words


def register_writes(words: Mapping[str, Mapping[str, int]]) -> list[tuple[int, int]]:
    """(byte address, value) of every word, unit by unit."""
    return [(MAP[f"{unit}.{name}"].address, word) for unit, part in words.items() for name, word in part.items()]
