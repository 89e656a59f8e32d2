"""Registers of CDP: those of a layer, and those that both groups share (spec: cdp.md section 2).

A normalisation uses both tables, a function of one number LO alone: entry i is for the code i - 129, whole codes apart,
so that nothing is interpolated. The last code lies where LO ends, and takes its last entry; the first entry is never
read. LE begins behind all codes.
"""

from __future__ import annotations

from cocodla.compiler.hardware.tensors import Tensor
from cocodla.compiler.quantisation.curves import QuantisedCurve
from cocodla.compiler.quantisation.lrn import LE_INTERVALS, QuantisedLrn, Table
from cocodla.registers import MAP

RANGE_BITS = 38
"""Width of the register pairs that tell where tables begin and end."""


def layer_words(layer: QuantisedLrn | QuantisedCurve, source: Tensor, target: Tensor) -> dict[str, int]:
    """Register path -> word of CDP and CDP_RDMA, addresses and D_OP_ENABLE excepted."""
    channels, height, width = source.shape
    return {
        **_function(layer),
        **_unit(
            "CDP",
            D_DST_LINE_STRIDE=target.line_strides[0],
            D_DST_SURFACE_STRIDE=target.surface_stride,
            D_DST_DMA_CFG=1,
            D_DATA_FORMAT=0,
            D_DATIN_SCALE=1,
            D_DATIN_SHIFTER=0,
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


def _function(layer: QuantisedLrn | QuantisedCurve) -> dict[str, int]:
    """What is done with the elements."""
    bypass = MAP["CDP.D_FUNC_BYPASS"]
    if isinstance(layer, QuantisedCurve):
        both = bypass.encode(0, SQSUM_BYPASS=1, MUL_BYPASS=1)
        values = {"D_DATIN_OFFSET": 0, "D_DATOUT_OFFSET": 0, "D_DATOUT_SCALE": 1, "D_DATOUT_SHIFTER": 0}
        return {bypass.path: both, **_unit("CDP", D_LRN_CFG=0, **values)}
    return {
        bypass.path: 0,
        **_unit(
            "CDP",
            D_LRN_CFG=(layer.function.size - 3) // 2,
            D_DATIN_OFFSET=layer.in_zero,
            D_DATOUT_OFFSET=layer.offset,
            D_DATOUT_SCALE=layer.scale,
            D_DATOUT_SHIFTER=layer.shift,
        ),
    }


def _tables(layer: QuantisedLrn | QuantisedCurve) -> tuple[Table, Table]:
    """LE and LO."""
    if isinstance(layer, QuantisedLrn):
        return layer.le, layer.lo
    return Table(128, 0, (0,) * (LE_INTERVALS + 1)), Table(-129, 0, (layer.codes[0], *layer.codes))


def shared_words(layer: QuantisedLrn | QuantisedCurve) -> dict[str, int]:
    """Register path -> word of the S_LUT registers: both tables linear, and where values fall in them.

    Every sum of squares but 0 is in exactly one table, or on the border, where their values are equally good; every
    code is below LE and in LO or at its end, which the last priority decides. So the others and slopes do not matter.
    """
    le, lo = _tables(layer)
    last = "LO" if isinstance(layer, QuantisedCurve) else "LE"
    words = {
        "CDP.S_LUT_CFG": MAP["CDP.S_LUT_CFG"].encode(
            0, LUT_LE_FUNCTION="LINEAR", LUT_UFLOW_PRIORITY="LE", LUT_OFLOW_PRIORITY="LE", LUT_HYBRID_PRIORITY=last
        ),
        "CDP.S_LUT_INFO": MAP["CDP.S_LUT_INFO"].encode(
            0, LUT_LE_INDEX_OFFSET=0, LUT_LE_INDEX_SELECT=le.select, LUT_LO_INDEX_SELECT=lo.select
        ),
    }
    for name, table in (("LE", le), ("LO", lo)):
        for end, value in (("START", table.start), ("END", table.end)):
            wide = value & ((1 << RANGE_BITS) - 1)
            words[f"CDP.S_LUT_{name}_{end}_LOW"] = wide & 0xFFFFFFFF
            words[f"CDP.S_LUT_{name}_{end}_HIGH"] = wide >> 32
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


def tables(layer: QuantisedLrn | QuantisedCurve) -> dict[str, tuple[int, ...]]:
    """Contents of the tables it reads, by name."""
    le, lo = _tables(layer)
    return {"LO": lo.entries} if isinstance(layer, QuantisedCurve) else {"LE": le.entries, "LO": lo.entries}


def _unit(unit: str, **values: int) -> dict[str, int]:
    """Words of registers with a single field."""
    words = {}
    for name, value in values.items():
        register = MAP[f"{unit}.{name}"]
        words[register.path] = register.encode(0, **{register.fields[0].name: value})
    return words
