"""Convolution layers at the top of their fields, small enough to simulate; crossed where fields share an adder."""

from __future__ import annotations

from cocodla.golden.config_conv import CscConfig
from convlib.layer import config_of, image_config

SMALL: dict[str, CscConfig] = {
    "channels": config_of(1, 1, 8192, 1),
    "kernel_32x32": config_of(3, 2, 5, 8, (32, 32), pad_left=31, pad_top=31, pad_right=0, pad_bottom=0),
    "released_lines": config_of(1, 4096, 1, 1, stride_y=8),
}
"""Some thousand cycles."""

LARGE: dict[str, CscConfig] = {
    "columns": config_of(8192, 1, 1, 1, stride_x=1),
    "columns_strided": config_of(8192, 1, 1, 1, (32, 1), stride_x=8, dilation_x=32, pad_left=31),
    "lines_strided": config_of(1, 8192, 1, 1, (1, 32), stride_y=8, dilation_y=32, pad_top=31, release_lines=4096),
    "kernels": config_of(1, 1, 8, 8192),
    # 8 * 31 * 32 * 16 bytes of weights: all of 31 banks
    "kernel_group": config_of(1, 1, 16, 8, (31, 32), pad_left=30, pad_top=31, pad_right=0, pad_bottom=0),
    # 15,872 entries a line, and 2 of 7,936: products of entries and rows beyond 15 bits
    "entries_padding": config_of(
        7936, 1, 16, 1, (1, 2), stride_x=8, dilation_y=31, pad_top=31, pad_bottom=0, weight_banks=1
    ),
    "entries_dilation": config_of(
        7936, 2, 8, 1, (1, 2), stride_x=8, dilation_y=32, pad_top=31, pad_bottom=0, weight_banks=1
    ),
    "entries_stride": config_of(1763, 9, 8, 1, stride_x=8, stride_y=8),
    "pixels": image_config(8192, 1, 4, 1, (32, 1), stride_x=8, pad_left=31),
    "pixel_lines": image_config(1, 8192, 1, 1, (1, 32), stride_y=8, pad_top=31, release_lines=4096),
    "pixel_lines_merged": image_config(
        2, 8192, 1, 1, (2, 32), stride_y=8, pad_top=31, rows_merged=4, release_lines=4096
    ),
}
"""Ten to thirty thousand cycles."""

BITS: list[CscConfig] = [
    config_of(
        across + 2, down + 2, 9, 3, (3, 2), dilation_x=across, dilation_y=down, pad_left=across - 1, pad_top=down - 1,
        stride_x=stride, stride_y=9 - stride, pad_value=3,
    )
    for across, down, stride in [(2, 32, 1), (3, 17, 2), (5, 9, 3), (9, 5, 5), (17, 3, 8), (32, 2, 7)]
]  # fmt: skip
"""Each bit of dilation, padding and stride, and of the steps made of them, is set and clear in one of them at least,
with several rows and columns of the kernel on data."""
