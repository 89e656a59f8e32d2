"""Registers of PDP_RDMA and PDP (spec: loadable.md section 6.2)."""

from __future__ import annotations

from cocodla.loadable.descriptors import Cube, PdpDescriptor, Place
from cocodla.loadable.registers.words import Words, address, memory, raw, word
from cocodla.loadable.task import Operation, Task


def words(task: Task, operation: Operation) -> Words:
    """All settings of a pooling. D_FLYING_MODE of PDP_RDMA is never written."""
    op, cubes = operation.pdp, operation.pool_cubes
    fly = cubes.src.type == Place.UNIT
    found = [] if fly else _reader(op, cubes.src, task.device(cubes.src))
    for name, cube in (("IN", cubes.src), ("OUT", cubes.dst)):
        found += _size("PDP", name, cube)
    found += [
        word(
            "PDP.D_OPERATION_MODE_CFG",
            POOLING_METHOD=op.pool_mode, FLYING_MODE=int(not fly), SPLIT_NUM=op.split_num - 1,
        ),
        _strips("PDP.D_PARTIAL_WIDTH_IN", *_inputs(op)),
        _strips(
            "PDP.D_PARTIAL_WIDTH_OUT", op.partial_width_first, op.partial_width_mid, op.partial_width_last
        ),
        word(
            "PDP.D_POOLING_KERNEL_CFG",
            KERNEL_WIDTH=op.pool_width, KERNEL_HEIGHT=op.pool_height,
            KERNEL_STRIDE_WIDTH=op.stride_x - 1, KERNEL_STRIDE_HEIGHT=op.stride_y - 1,
        ),
        raw("PDP.D_RECIP_KERNEL_WIDTH", 65536 // (op.pool_width + 1)),
        raw("PDP.D_RECIP_KERNEL_HEIGHT", 65536 // (op.pool_height + 1)),
        word(
            "PDP.D_POOLING_PADDING_CFG",
            PAD_LEFT=op.pad_left, PAD_RIGHT=op.pad_right, PAD_TOP=op.pad_top, PAD_BOTTOM=op.pad_bottom,
        ),
    ]  # fmt: skip
    found += [
        word(f"PDP.D_POOLING_PADDING_VALUE_{n}_CFG", **{f"PAD_VALUE_{n}X": value})
        for n, value in enumerate(op.padding_value, 1)
    ]
    if not fly:
        found += [
            word("PDP.D_SRC_LINE_STRIDE", SRC_LINE_STRIDE=cubes.src.line_stride),
            word("PDP.D_SRC_SURFACE_STRIDE", SRC_SURFACE_STRIDE=cubes.src.surf_stride),
        ]
    return [
        *found,
        *address("PDP.D_DST_BASE_ADDR", "", task.device(cubes.dst)),
        word("PDP.D_DST_LINE_STRIDE", DST_LINE_STRIDE=cubes.dst.line_stride),
        word("PDP.D_DST_SURFACE_STRIDE", DST_SURFACE_STRIDE=cubes.dst.surf_stride),
        word("PDP.D_DST_RAM_CFG", DST_RAM_TYPE=memory(cubes.dst)),
        word("PDP.D_DATA_FORMAT", INPUT_DATA=op.precision),
    ]


def _reader(op: PdpDescriptor, src: Cube, source: int) -> Words:
    return [
        *_size("PDP_RDMA", "IN", src),
        *address("PDP_RDMA.D_SRC_BASE_ADDR", "", source, high_first=True),
        word("PDP_RDMA.D_SRC_LINE_STRIDE", SRC_LINE_STRIDE=src.line_stride),
        word("PDP_RDMA.D_SRC_SURFACE_STRIDE", SRC_SURFACE_STRIDE=src.surf_stride),
        word("PDP_RDMA.D_DATA_FORMAT", INPUT_DATA=op.precision),
        word("PDP_RDMA.D_SRC_RAM_CFG", SRC_RAM_TYPE=memory(src)),
        word("PDP_RDMA.D_OPERATION_MODE_CFG", SPLIT_NUM=op.split_num - 1),
        word("PDP_RDMA.D_POOLING_KERNEL_CFG", KERNEL_WIDTH=op.pool_width, KERNEL_STRIDE_WIDTH=op.stride_x - 1),
        word("PDP_RDMA.D_POOLING_PADDING_CFG", PAD_WIDTH=op.pad_left),
        _strips("PDP_RDMA.D_PARTIAL_WIDTH_IN", *_inputs(op)),
    ]


def _size(unit: str, name: str, cube: Cube) -> Words:
    return [
        word(f"{unit}.D_DATA_CUBE_{name}_{extent}", **{f"CUBE_{name}_{extent}": value - 1})
        for extent, value in (("WIDTH", cube.width), ("HEIGHT", cube.height), ("CHANNEL", cube.channel))
    ]


def _inputs(op: PdpDescriptor) -> tuple[int, int, int]:
    return op.partial_in_width_first, op.partial_in_width_mid, op.partial_in_width_last


def _strips(path: str, first: int, middle: int, last: int) -> tuple[str, int]:
    """Widths of strips: minus 1, but 0 where there is none."""
    prefix = path.partition(".D_")[2]
    named = zip(("FIRST", "MID", "LAST"), (first, middle, last), strict=True)
    return word(path, **{f"{prefix}_{name}": max(value - 1, 0) for name, value in named})
