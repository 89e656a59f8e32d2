"""Registers of PDP and PDP_RDMA (spec: pdp.md)."""

from __future__ import annotations

from cocodla.compiler import limits
from cocodla.compiler.hardware.tensors import Tensor
from cocodla.compiler.hardware.words import Words, put, put_fields, put_zero
from cocodla.compiler.ir import PoolFunction
from cocodla.compiler.quantisation.layers import QuantisedPool, QuantisedPooling
from cocodla.units.strips import strip_widths


def pooling(words: Words, pool: QuantisedPool, extent: tuple[int, int], target: Tensor, on_the_fly: bool) -> None:
    """`extent`: (height, width) of the input."""
    function = pool.function
    behind = [function.covered(axis) - extent[axis] for axis in (0, 1)]
    for side, (height, width) in (("IN", extent), ("OUT", (target.height, target.width))):
        put(words, f"PDP.D_DATA_CUBE_{side}_WIDTH", width - 1)
        put(words, f"PDP.D_DATA_CUBE_{side}_HEIGHT", height - 1)
        put(words, f"PDP.D_DATA_CUBE_{side}_CHANNEL", target.channels - 1)
    inputs, outputs = strips(function, extent[1], limits.pdp_columns(function))
    put_fields(
        words,
        "PDP.D_OPERATION_MODE_CFG",
        POOLING_METHOD=f"POOLING_METHOD_{function.kind.upper()}",
        FLYING_MODE="ON_FLYING" if on_the_fly else "OFF_FLYING",
        SPLIT_NUM=len(outputs) - 1,
    )
    _strip_widths(words, "PDP", "IN", inputs)
    _strip_widths(words, "PDP", "OUT", outputs)
    put_fields(
        words, "PDP.D_POOLING_KERNEL_CFG", KERNEL_WIDTH=function.kernel[1] - 1, KERNEL_HEIGHT=function.kernel[0] - 1,
        KERNEL_STRIDE_WIDTH=function.stride[1] - 1, KERNEL_STRIDE_HEIGHT=function.stride[0] - 1,
    )  # fmt: skip
    put(words, "PDP.D_RECIP_KERNEL_WIDTH", pool.recip_width)
    put(words, "PDP.D_RECIP_KERNEL_HEIGHT", pool.recip_height)
    put_fields(
        words, "PDP.D_POOLING_PADDING_CFG", PAD_LEFT=function.pad[1], PAD_TOP=function.pad[0],
        PAD_RIGHT=max(0, behind[1]), PAD_BOTTOM=max(0, behind[0]),
    )  # fmt: skip
    for count in range(1, 8):
        put(words, f"PDP.D_POOLING_PADDING_VALUE_{count}_CFG", count * pool.pad_value)
    put(words, "PDP.D_DST_LINE_STRIDE", target.line_strides[0])
    put(words, "PDP.D_DST_SURFACE_STRIDE", target.surface_stride)
    put(words, "PDP.D_DST_RAM_CFG", 1)
    put_zero(words, "PDP.D_DATA_FORMAT", "PDP.D_PERF_ENABLE")


def pooling_rdma(words: Words, layer: QuantisedPooling, source: Tensor) -> None:
    function = layer.pool.function
    height, width = (min(extent, function.covered(axis)) for axis, extent in enumerate(source.shape[1:]))
    for path, value in (("WIDTH", width), ("HEIGHT", height), ("CHANNEL", source.channels)):
        put(words, f"PDP_RDMA.D_DATA_CUBE_IN_{path}", value - 1)
    put(words, "PDP_RDMA.D_FLYING_MODE", 1)
    put(words, "PDP_RDMA.D_SRC_LINE_STRIDE", source.line_strides[0])
    put(words, "PDP_RDMA.D_SRC_SURFACE_STRIDE", source.surface_stride)
    put(words, "PDP_RDMA.D_SRC_RAM_CFG", 1)
    put_zero(words, "PDP_RDMA.D_DATA_FORMAT", "PDP_RDMA.D_PERF_ENABLE")
    inputs, outputs = strips(function, width, limits.pdp_columns(function))
    put_fields(words, "PDP_RDMA.D_OPERATION_MODE_CFG", SPLIT_NUM=len(outputs) - 1)
    _strip_widths(words, "PDP_RDMA", "IN", inputs)
    put_fields(
        words, "PDP_RDMA.D_POOLING_KERNEL_CFG",
        KERNEL_WIDTH=function.kernel[1] - 1, KERNEL_STRIDE_WIDTH=function.stride[1] - 1,
    )  # fmt: skip


def strips(function: PoolFunction, width: int, columns: int) -> tuple[list[int], list[int]]:
    """(input, output) widths of the vertical strips PDP works in (spec: pdp.md section 5).

    columns: most output columns of a strip. Input widths of all strips but the first are without the overlap that
    is read again.
    """
    return strip_widths(
        function.size[1], function.kernel[1], function.stride[1], function.pad[1], width, columns
    )


def _strip_widths(words: Words, unit: str, side: str, widths: list[int]) -> None:
    """First, middle and last strip; nothing reads them where there is one strip only."""
    register = f"{unit}.D_PARTIAL_WIDTH_{side}"
    words[register] = 0
    if len(widths) > 1:
        values = {"FIRST": widths[0], "LAST": widths[-1], "MID": widths[min(1, len(widths) - 2)]}
        put_fields(words, register, **{f"PARTIAL_WIDTH_{side}_{strip}": value - 1 for strip, value in values.items()})
