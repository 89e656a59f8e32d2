"""What the words of a layer mean: its fields without those that nothing looks at (spec: sdp.md, pdp.md, cdma.md).

The driver writes other values than our compiler into registers of stages that are off.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cocodla.loadable.export.values import Values
from cocodla.registers import MAP

Fields = dict[tuple[str, str], int]
"""(register, field) -> value."""
_STAGES = (("BS", "BRDMA"), ("BN", "NRDMA"), ("EW", "ERDMA"))


def meaning(words: Mapping[str, int]) -> Fields:
    """The fields that matter."""
    off = set(_unused(Values(words)))
    found: Fields = {}
    for path, word in words.items():
        register = MAP[path]
        if register.storage_only or path in off or path.endswith(".D_PERF_ENABLE"):
            continue
        for field, value in register.decode(word).items():
            described = register.field(field)
            if not (described.storage_only or described.absent or f"{path}.{field}" in off):
                found[path, field] = value
    return found


def _unused(v: Values) -> Iterator[str]:
    """Registers and fields that nothing looks at: UNIT.REGISTER or UNIT.REGISTER.FIELD."""
    if "SDP.D_FEATURE_MODE_CFG" in v.words:
        if v.field("SDP.D_FEATURE_MODE_CFG", "FLYING_MODE"):
            yield "SDP_RDMA.D_SRC_DMA_CFG"
        if v.field("SDP.D_FEATURE_MODE_CFG", "OUTPUT_DST"):
            yield "SDP.D_DST_DMA_CFG"
        for name, reader in _STAGES:
            yield from _stage(v, name)
            yield from _reader(v, name, reader)
    if "PDP.D_OPERATION_MODE_CFG" in v.words:
        if v.field("PDP.D_OPERATION_MODE_CFG", "POOLING_METHOD"):
            yield from ("PDP.D_RECIP_KERNEL_WIDTH", "PDP.D_RECIP_KERNEL_HEIGHT")
        if not v.field("PDP.D_OPERATION_MODE_CFG", "SPLIT_NUM"):
            yield from ("PDP.D_PARTIAL_WIDTH_IN", "PDP.D_PARTIAL_WIDTH_OUT", "PDP_RDMA.D_PARTIAL_WIDTH_IN")
    if "CDMA.D_DATAIN_FORMAT" in v.words:
        yield from _cdma(v)


def _stage(v: Values, name: str) -> Iterator[str]:
    config, alu, mul = f"SDP.D_DP_{name}_CFG", f"SDP.D_DP_{name}_ALU_CFG", f"SDP.D_DP_{name}_MUL_CFG"
    bypassed = v.field(config, f"{name}_BYPASS")
    if bypassed:
        yield from (f"{config}.{field.name}" for field in MAP[config].fields if field.name != f"{name}_BYPASS")
        yield mul
    if bypassed or v.field(config, f"{name}_ALU_BYPASS"):
        yield from (f"{config}.{name}_ALU_ALGO", alu, f"SDP.D_DP_{name}_ALU_SRC_VALUE")
    elif v.field(alu, f"{name}_ALU_SRC"):
        yield f"SDP.D_DP_{name}_ALU_SRC_VALUE"
    if bypassed or v.field(config, f"{name}_MUL_BYPASS"):  # the shift behind it acts all the same
        yield from (f"{config}.{name}_MUL_PRELU", f"{mul}.{name}_MUL_SRC", f"SDP.D_DP_{name}_MUL_SRC_VALUE")
    elif v.field(mul, f"{name}_MUL_SRC"):
        yield f"SDP.D_DP_{name}_MUL_SRC_VALUE"


def _reader(v: Values, name: str, reader: str) -> Iterator[str]:
    config = f"SDP_RDMA.D_{reader}_CFG"
    strides = (f"SDP_RDMA.D_{name}_LINE_STRIDE", f"SDP_RDMA.D_{name}_SURFACE_STRIDE")
    if v.field(config, f"{reader}_DISABLE"):
        yield from (f"{config}.{field.name}" for field in MAP[config].fields if field.name != f"{reader}_DISABLE")
        yield from (*strides, f"SDP_RDMA.D_{name}_BASE_ADDR_LOW")
    elif not v.field(config, f"{reader}_DATA_MODE"):
        yield from strides


def _cdma(v: Values) -> Iterator[str]:
    yield "CDMA.D_DAIN_MAP"  # allows for fetching several lines at a time, or one pixel's surfaces: same data
    if not v.field("CDMA.D_DATAIN_FORMAT", "DATAIN_FORMAT"):
        yield from (f"CDMA.D_DATAIN_FORMAT.{name}" for name in ("PIXEL_FORMAT", "PIXEL_SIGN_OVERRIDE"))
    if not v.field("CDMA.D_CVT_CFG", "CVT_EN"):
        yield from ("CDMA.D_CVT_CFG.CVT_TRUNCATE", "CDMA.D_CVT_OFFSET", "CDMA.D_CVT_SCALE")
    if not v.word("CDMA.D_MEAN_FORMAT"):
        yield from ("CDMA.D_MEAN_GLOBAL_0", "CDMA.D_MEAN_GLOBAL_1")
