"""Vertical strips in which PDP works through a cube wider than its line buffer (spec: pdp.md section 5)."""

from __future__ import annotations

from cocodla import hw

MAX_STRIP = 1024
"""Columns of a strip: the partial width fields have 10 bits."""


def strip_widths(
    total: int, kernel: int, stride: int, pad: int, width: int, columns: int
) -> tuple[list[int], list[int]]:
    """(input, output) widths of the strips of an output of `total` columns, each of at most `columns`.

    Input widths of all strips but the first are without the overlap that is read again; they add up to `width`.
    """
    count = hw.ceil_div(total, min(columns, (MAX_STRIP - hw.PDP_MAX_KERNEL) // stride))
    outputs = [hw.ceil_div(total, count)] * (count - 1)
    outputs.append(total - sum(outputs))
    inputs = [out * stride for out in outputs]
    inputs[0] += kernel - stride - pad
    inputs[-1] += width - sum(inputs)
    return inputs, outputs
