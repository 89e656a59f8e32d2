"""Registers of CDP for a normalisation: those of a layer, and those that both groups share (spec: cdp.md section 2)."""

from __future__ import annotations

from cocodla.compiler.lrn import QuantisedLrn, Table
from cocodla.compiler.tensors import Tensor
from cocodla.registers import MAP


def layer_words(layer: QuantisedLrn, source: Tensor, target: Tensor) -> dict[str, int]:
    """Register path -> word of CDP and CDP_RDMA, addresses and D_OP_ENABLE excepted."""
    channels, height, width = source.shape
    return {
        **_unit(
            "CDP",
            D_FUNC_BYPASS=0,
            D_DST_LINE_STRIDE=target.line_strides[0],
            D_DST_SURFACE_STRIDE=target.surface_stride,
            D_DST_DMA_CFG=1,
            D_DATA_FORMAT=0,
            D_LRN_CFG=(layer.function.size - 3) // 2,
            D_DATIN_OFFSET=layer.in_zero,
            D_DATIN_SCALE=1,
            D_DATIN_SHIFTER=0,
            D_DATOUT_OFFSET=layer.offset,
            D_DATOUT_SCALE=layer.scale,
            D_DATOUT_SHIFTER=layer.shift,
            D_PERF_ENABLE=0,
        ),
        **_unit(
            "CDP_RDMA",
            D_DATA_CUBE_WIDTH=width - 1,
            D_DATA_CUBE_HEIGHT=height - 1,
            D_DATA_CUBE_CHANNEL=channels - 1,
            D_SRC_LINE_STRIDE=source.line_strides[0],
            D_SRC_SURFACE_STRIDE=source.surface_stride,
            D_SRC_DMA_CFG=1,
            D_DATA_FORMAT=0,
            D_PERF_ENABLE=0,
        ),
    }


def shared_words(layer: QuantisedLrn) -> dict[str, int]:
    """Register path -> word of the S_LUT registers: both tables linear, and where the sums of squares fall in them.

    Every sum but 0 is in exactly one table, or on the border, where their values are equally good; so neither
    priorities nor slopes matter.
    """
    words = {
        "CDP.S_LUT_CFG": MAP["CDP.S_LUT_CFG"].encode(
            0, LUT_LE_FUNCTION="LINEAR", LUT_UFLOW_PRIORITY="LE", LUT_OFLOW_PRIORITY="LE", LUT_HYBRID_PRIORITY="LE"
        ),
        "CDP.S_LUT_INFO": MAP["CDP.S_LUT_INFO"].encode(
            0, LUT_LE_INDEX_OFFSET=0, LUT_LE_INDEX_SELECT=layer.le.select, LUT_LO_INDEX_SELECT=layer.lo.select
        ),
    }
    for name, table in (("LE", layer.le), ("LO", layer.lo)):
        for end, value in (("START", table.start), ("END", table.end)):
            words[f"CDP.S_LUT_{name}_{end}_LOW"] = value
            words[f"CDP.S_LUT_{name}_{end}_HIGH"] = 0
        words[f"CDP.S_LUT_{name}_SLOPE_SCALE"] = words[f"CDP.S_LUT_{name}_SLOPE_SHIFT"] = 0
    return words


def table_writes(entries: dict[str, tuple[int, ...]]) -> list[tuple[str, int]]:
    """(register path, word) in the order of writing that fill tables: name -> entries."""
    writes = []
    for name, values in entries.items():
        access = MAP["CDP.S_LUT_ACCESS_CFG"].encode(0, LUT_ADDR=0, LUT_TABLE_ID=name, LUT_ACCESS_TYPE="WRITE")
        writes.append(("CDP.S_LUT_ACCESS_CFG", access))
        writes += [("CDP.S_LUT_ACCESS_DATA", value & 0xFFFF) for value in values]
    return writes


def tables(layer: QuantisedLrn) -> dict[str, tuple[int, ...]]:
    """Contents of both tables by name."""
    named: dict[str, Table] = {"LE": layer.le, "LO": layer.lo}
    return {name: table.entries for name, table in named.items()}


def _unit(unit: str, **values: int) -> dict[str, int]:
    """Words of registers with a single field."""
    words = {}
    for name, value in values.items():
        register = MAP[f"{unit}.{name}"]
        words[register.path] = register.encode(0, **{register.fields[0].name: value})
    return words
