"""Registers of CACC, CMAC, CSC and CDMA (spec: loadable.md section 5)."""

from __future__ import annotations

from cocodla.loadable.descriptors import ConvolutionDescriptor, ConvolutionSurfaces, Cube
from cocodla.loadable.registers.words import Words, address, memory, raw, word
from cocodla.loadable.task import Operation, Task

FEATURE = 36
"""data_format of feature data; smaller numbers are pixel formats."""


def words(task: Task, operation: Operation) -> Words:
    """All settings of a convolution."""
    op, cubes = operation.convolution, operation.convolution_cubes
    source, weight, target = (task.device(cube) for cube in (cubes.src, cubes.weight, cubes.dst))
    return [
        *_cacc(op, cubes.dst, target),
        word("CMAC_A.D_MISC_CFG", CONV_MODE=0, PROC_PRECISION=op.out_precision),
        word("CMAC_B.D_MISC_CFG", CONV_MODE=0, PROC_PRECISION=op.out_precision),
        *_csc(op, cubes),
        *_cdma_data(op, cubes, source),
        *_cdma_weights(op, cubes, weight),
        *_cdma_pixels(op),
    ]


def _size(path: str, cube: Cube) -> tuple[str, int]:
    return word(path, DATAOUT_WIDTH=cube.width - 1, DATAOUT_HEIGHT=cube.height - 1)


def _cacc(op: ConvolutionDescriptor, dst: Cube, target: int) -> Words:
    single = int(dst.width == 1 and dst.height == 1)
    return [
        word("CACC.D_MISC_CFG", CONV_MODE=0, PROC_PRECISION=op.out_precision),
        _size("CACC.D_DATAOUT_SIZE_0", dst),
        word("CACC.D_DATAOUT_SIZE_1", DATAOUT_CHANNEL=dst.channel - 1),
        raw("CACC.D_DATAOUT_ADDR", target),
        word("CACC.D_BATCH_NUMBER", BATCHES=op.batch - 1),
        word("CACC.D_LINE_STRIDE", LINE_STRIDE=dst.line_stride),
        word("CACC.D_SURF_STRIDE", SURF_STRIDE=dst.surf_stride),
        word("CACC.D_DATAOUT_MAP", LINE_PACKED=single, SURF_PACKED=single),
        word("CACC.D_CLIP_CFG", CLIP_TRUNCATE=op.out_cvt.truncate),
    ]


def _reuse(op: ConvolutionDescriptor) -> dict[str, int]:
    return {
        "DATA_REUSE": op.data_reuse, "WEIGHT_REUSE": op.weight_reuse,
        "SKIP_DATA_RLS": op.skip_data_rls, "SKIP_WEIGHT_RLS": op.skip_weight_rls,
    }  # fmt: skip


def _csc(op: ConvolutionDescriptor, cubes: ConvolutionSurfaces) -> Words:
    dst, precision = cubes.dst, op.out_precision
    return [
        word("CSC.D_MISC_CFG", IN_PRECISION=precision, PROC_PRECISION=precision, **_reuse(op)),
        word("CSC.D_DATAIN_FORMAT", DATAIN_FORMAT=int(op.data_format != FEATURE)),
        word(
            "CSC.D_DATAIN_SIZE_EXT_0",
            DATAIN_WIDTH_EXT=op.input_width_csc - 1, DATAIN_HEIGHT_EXT=op.input_height_csc - 1,
        ),
        word("CSC.D_DATAIN_SIZE_EXT_1", DATAIN_CHANNEL_EXT=op.input_channel_csc - 1),
        word("CSC.D_BATCH_NUMBER", BATCHES=op.batch - 1),
        word("CSC.D_POST_Y_EXTENSION", Y_EXTENSION=op.post_extension),
        word("CSC.D_ENTRY_PER_SLICE", ENTRIES=op.entry_per_slice - 1),
        word("CSC.D_WEIGHT_FORMAT", WEIGHT_FORMAT=0),
        word(
            "CSC.D_WEIGHT_SIZE_EXT_0",
            WEIGHT_WIDTH_EXT=op.kernel_width_csc - 1, WEIGHT_HEIGHT_EXT=op.kernel_height_csc - 1,
        ),
        word(
            "CSC.D_WEIGHT_SIZE_EXT_1", WEIGHT_CHANNEL_EXT=op.kernel_channel_csc - 1, WEIGHT_KERNEL=dst.channel - 1
        ),
        word("CSC.D_WEIGHT_BYTES", WEIGHT_BYTES=cubes.weight.size),
        word("CSC.D_WMB_BYTES", WMB_BYTES=cubes.wmb.size),
        word("CSC.D_DATAOUT_SIZE_0", DATAOUT_WIDTH=op.input_width_cmac - 1, DATAOUT_HEIGHT=op.input_height_cmac - 1),
        word("CSC.D_DATAOUT_SIZE_1", DATAOUT_CHANNEL=dst.channel - 1),
        word("CSC.D_ATOMICS", ATOMICS=dst.width * dst.height - 1),
        word("CSC.D_RELEASE", RLS_SLICES=op.release - 1),
        word(
            "CSC.D_CONV_STRIDE_EXT", CONV_X_STRIDE_EXT=op.conv_stride_x - 1, CONV_Y_STRIDE_EXT=op.conv_stride_y - 1
        ),
        word("CSC.D_DILATION_EXT", X_DILATION_EXT=op.dilation_x - 1, Y_DILATION_EXT=op.dilation_y - 1),
        word("CSC.D_ZERO_PADDING", PAD_LEFT=op.pad_x_left, PAD_TOP=op.pad_y_top),
        word("CSC.D_ZERO_PADDING_VALUE", PAD_VALUE=op.pad_val),
        word("CSC.D_BANK", DATA_BANK=op.data_bank - 1, WEIGHT_BANK=op.weight_bank - 1),
        word("CSC.D_PRA_CFG", PRA_TRUNCATE=op.pra_truncate),
    ]  # fmt: skip


def _cdma_data(op: ConvolutionDescriptor, cubes: ConvolutionSurfaces, source: int) -> Words:
    src, pixels = cubes.src, op.data_format != FEATURE
    return [
        word("CDMA.D_MISC_CFG", IN_PRECISION=op.in_precision, PROC_PRECISION=op.out_precision, **_reuse(op)),
        word(
            "CDMA.D_DATAIN_FORMAT",
            DATAIN_FORMAT=int(pixels), PIXEL_FORMAT=op.data_format if pixels else 0,
            PIXEL_MAPPING=op.pixel_mapping, PIXEL_SIGN_OVERRIDE=op.pixel_override,
        ),
        word("CDMA.D_DATAIN_SIZE_0", DATAIN_WIDTH=src.width - 1, DATAIN_HEIGHT=src.height - 1),
        word("CDMA.D_DATAIN_SIZE_1", DATAIN_CHANNEL=src.channel - 1),
        word(
            "CDMA.D_DATAIN_SIZE_EXT_0",
            DATAIN_WIDTH_EXT=op.input_width_csc - 1, DATAIN_HEIGHT_EXT=op.input_height_csc - 1,
        ),
        word("CDMA.D_DAIN_RAM_TYPE", DATAIN_RAM_TYPE=memory(src)),
        *address("CDMA.D_DAIN_ADDR", "_0", source, high_first=True),
        *address("CDMA.D_DAIN_ADDR", "_1", source + cubes.offset_u, high_first=True),
        word("CDMA.D_LINE_STRIDE", LINE_STRIDE=src.line_stride),
        word("CDMA.D_SURF_STRIDE", SURF_STRIDE=src.surf_stride),
        word("CDMA.D_LINE_UV_STRIDE", UV_LINE_STRIDE=cubes.in_line_uv_stride),
        word(
            "CDMA.D_DAIN_MAP",
            LINE_PACKED=int(src.line_stride == src.width * 8),
            SURF_PACKED=int(src.surf_stride == src.width * src.height * 8),
        ),
        word("CDMA.D_BATCH_NUMBER", BATCHES=op.batch - 1),
        word("CDMA.D_BATCH_STRIDE", BATCH_STRIDE=op.batch_stride),
        word("CDMA.D_ENTRY_PER_SLICE", ENTRIES=op.entry_per_slice - 1),
        word("CDMA.D_FETCH_GRAIN", GRAINS=op.fetch_grain - 1),
    ]  # fmt: skip


def _cdma_weights(op: ConvolutionDescriptor, cubes: ConvolutionSurfaces, weight: int) -> Words:
    return [
        word("CDMA.D_WEIGHT_FORMAT", WEIGHT_FORMAT=0),
        word("CDMA.D_WEIGHT_SIZE_0", BYTE_PER_KERNEL=op.bytes_per_kernel - 1),
        word("CDMA.D_WEIGHT_SIZE_1", WEIGHT_KERNEL=cubes.dst.channel - 1),
        word("CDMA.D_WEIGHT_RAM_TYPE", WEIGHT_RAM_TYPE=memory(cubes.weight)),
        *address("CDMA.D_WEIGHT_ADDR", "", weight, high_first=True),
        word("CDMA.D_WEIGHT_BYTES", WEIGHT_BYTES=cubes.weight.size),
    ]


def _cdma_pixels(op: ConvolutionDescriptor) -> Words:
    """Mean and converter: what is off is not written, so it keeps its old values."""
    found = [word("CDMA.D_MEAN_FORMAT", MEAN_FORMAT=int(op.mean_format == 1))]
    if op.mean_format == 1:
        found += [
            word("CDMA.D_MEAN_GLOBAL_0", MEAN_RY=op.mean_ry, MEAN_GU=op.mean_gu),
            word("CDMA.D_MEAN_GLOBAL_1", MEAN_BV=op.mean_bv, MEAN_AX=op.mean_ax),
        ]
    if op.in_cvt.enable:
        found += [
            word("CDMA.D_CVT_CFG", CVT_EN=1, CVT_TRUNCATE=op.in_cvt.truncate),
            raw("CDMA.D_CVT_OFFSET", op.in_cvt.offset),
            raw("CDMA.D_CVT_SCALE", op.in_cvt.scale),
        ]
    else:
        found.append(raw("CDMA.D_CVT_CFG", 0))
    return [
        *found,
        word("CDMA.D_CONV_STRIDE", CONV_X_STRIDE=op.conv_stride_x - 1, CONV_Y_STRIDE=op.conv_stride_y - 1),
        word(
            "CDMA.D_ZERO_PADDING",
            PAD_LEFT=op.pad_x_left, PAD_RIGHT=op.pad_x_right, PAD_TOP=op.pad_y_top, PAD_BOTTOM=op.pad_y_bottom,
        ),
        word("CDMA.D_ZERO_PADDING_VALUE", PAD_VALUE=op.pad_val),
        word("CDMA.D_BANK", DATA_BANK=op.data_bank - 1, WEIGHT_BANK=op.weight_bank - 1),
    ]  # fmt: skip
