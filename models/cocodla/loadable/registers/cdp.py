"""Registers of CDP_RDMA and CDP, with their look-up tables (spec: loadable.md section 6.3)."""

from __future__ import annotations

from cocodla.loadable.descriptors import Lut
from cocodla.loadable.registers.words import Words, address, memory, raw, word
from cocodla.loadable.task import Operation, Task


def words(task: Task, operation: Operation) -> Words:
    """All settings of a normalisation."""
    op, cubes = operation.cdp, operation.pool_cubes
    src, dst = cubes.src, cubes.dst
    found = [
        word("CDP_RDMA.D_DATA_CUBE_WIDTH", WIDTH=src.width - 1),
        word("CDP_RDMA.D_DATA_CUBE_HEIGHT", HEIGHT=src.height - 1),
        word("CDP_RDMA.D_DATA_CUBE_CHANNEL", CHANNEL=src.channel - 1),
        *address("CDP_RDMA.D_SRC_BASE_ADDR", "", task.device(src)),
        word("CDP_RDMA.D_SRC_LINE_STRIDE", SRC_LINE_STRIDE=src.line_stride),
        word("CDP_RDMA.D_SRC_SURFACE_STRIDE", SRC_SURFACE_STRIDE=src.surf_stride),
        word("CDP_RDMA.D_SRC_DMA_CFG", SRC_RAM_TYPE=memory(src)),
        word("CDP_RDMA.D_DATA_FORMAT", INPUT_DATA=op.in_precision),
    ]
    if op.lut_index >= 0:
        found += _tables(task.luts[op.lut_index])
    return [
        *found,
        *address("CDP.D_DST_BASE_ADDR", "", task.device(dst)),
        word("CDP.D_DST_LINE_STRIDE", DST_LINE_STRIDE=dst.line_stride),
        word("CDP.D_DST_SURFACE_STRIDE", DST_SURFACE_STRIDE=dst.surf_stride),
        word("CDP.D_DST_DMA_CFG", DST_RAM_TYPE=memory(dst)),
        word("CDP.D_DATA_FORMAT", INPUT_DATA_TYPE=op.in_precision),
        word("CDP.D_LRN_CFG", NORMALZ_LEN=(op.local_size - 1) // 2 - 1),
        raw("CDP.D_DATIN_OFFSET", op.in_cvt.offset),
        raw("CDP.D_DATIN_SCALE", op.in_cvt.scale),
        word("CDP.D_DATIN_SHIFTER", DATIN_SHIFTER=op.in_cvt.truncate),
        raw("CDP.D_DATOUT_OFFSET", op.out_cvt.offset),
        raw("CDP.D_DATOUT_SCALE", op.out_cvt.scale),
        word("CDP.D_DATOUT_SHIFTER", DATOUT_SHIFTER=op.out_cvt.truncate),
        word("CDP.D_FUNC_BYPASS", SQSUM_BYPASS=int(op.bypass_sqsum != 0), MUL_BYPASS=int(op.bypass_out_mul != 0)),
    ]


def _tables(lut: Lut) -> Words:
    """The tables' entries, where they lie, and what is beyond them."""
    found = []
    for number, table in enumerate((lut.le, lut.lo)):
        found.append(word("CDP.S_LUT_ACCESS_CFG", LUT_TABLE_ID=number, LUT_ACCESS_TYPE=1))
        found += [raw("CDP.S_LUT_ACCESS_DATA", value) for value in table]
    index = "LUT_LE_INDEX_SELECT" if lut.method else "LUT_LE_INDEX_OFFSET"
    found += [
        word(
            "CDP.S_LUT_CFG",
            LUT_LE_FUNCTION=lut.method, LUT_HYBRID_PRIORITY=lut.hybrid_priority,
            LUT_UFLOW_PRIORITY=lut.underflow_priority, LUT_OFLOW_PRIORITY=lut.overflow_priority,
        ),
        word("CDP.S_LUT_INFO", **{index: lut.le_index}, LUT_LO_INDEX_SELECT=lut.lo_index),
    ]  # fmt: skip
    for name in ("le_start", "le_end", "lo_start", "lo_end"):
        found += address(f"CDP.S_LUT_{name.upper()}", "", getattr(lut, name))
    slopes = (("LE", lut.le_underflow, lut.le_overflow), ("LO", lut.lo_underflow, lut.lo_overflow))
    for table_name, under, over in slopes:
        for what in ("scale", "shift"):
            prefix = f"LUT_{table_name}_SLOPE"
            fields = {
                f"{prefix}_UFLOW_{what.upper()}": getattr(under, what),
                f"{prefix}_OFLOW_{what.upper()}": getattr(over, what),
            }
            found.append(word(f"CDP.S_{prefix}_{what.upper()}", **fields))
    return found
