"""Averages of all surfaces in one layer: the views a stack (compiler/stack.py) reads and writes, and its kernel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cocodla import hw
from cocodla.compiler.hardware.tensors import Tensor, strided
from cocodla.compiler.ir import PoolFunction
from cocodla.compiler.quantisation.layers import Positions, QuantisedConv
from cocodla.compiler.stack import Stack, stack_of

Part = tuple[QuantisedConv, tuple[Tensor, ...], Tensor]
"""A convolution, what it reads, what it writes."""


def stacked(conv: QuantisedConv, source: Tensor, target: Tensor) -> list[Part]:
    """An average as a convolution of 8 channels, or as one for each surface where these do not follow one another in
    memory; none if its windows do not stack.
    """
    if conv.mean is None or source.form != "cube":
        return []
    parts = [_stacked(conv, conv.mean.function, source, target)]
    if parts[0] is None:
        spans = [(first, min(first + hw.ATOM, source.channels)) for first in range(0, source.channels, hw.ATOM)]
        parts = [
            _stacked(conv, conv.mean.function, *(
                tensor.view(span, (0, tensor.height), (0, tensor.width)) for tensor in (source, target)
            ))
            for span in spans
        ]  # fmt: skip
    return [part for part in parts if part is not None] if None not in parts else []


def _stacked(conv: QuantisedConv, function: PoolFunction, source: Tensor, target: Tensor) -> Part | None:
    line, surface = source.line_strides[0] // hw.ATOM, source.surface_stride // hw.ATOM
    stack = stack_of(function, source.shape, line, surface)
    if stack is None or (step := _step(stack, target)) is None:
        return None
    distances = (stack.block * hw.ATOM, stack.line * hw.ATOM)
    read = strided(source, 0, (stack.blocks, stack.lines, stack.width), distances)
    written = strided(target, 0, (1, stack.lines, stack.windows), (stack.lines * step, step))
    part = replace(
        conv, weight=_kernel(stack, int(conv.weight.max())), multiplier=_lanes(conv.multiplier), bias=_lanes(conv.bias),
        early=None if conv.early is None else _lanes(conv.early), exact_bias=_lanes(conv.exact_bias),
        scales=_lanes(conv.scales), input_shape=read.shape, size=(stack.lines, stack.windows), stride=(1, stack.stride),
        pad=(0, stack.pad), group=1, positions=_repeated(conv.positions, stack),
    )  # fmt: skip
    return part, (read,), written


def _step(stack: Stack, target: Tensor) -> int | None:
    """Bytes from one line of windows to the next; None if those that are one line are not."""
    rows, columns = stack.joins
    several = target.channels > hw.ATOM
    if rows == columns == 1:
        return target.surface_stride if several else hw.ATOM * target.width
    if several and target.surface_stride != rows * target.line_strides[0]:
        return None
    if columns > 1 and not target.line_packed:
        return None
    return hw.ATOM if columns > 1 else target.line_strides[0]


def _kernel(stack: Stack, code: int) -> np.ndarray:
    """Weights (8, 8 * blocks, 1, columns): the code on the diagonal, for taps of blocks that overlap once."""
    taps = np.full((stack.blocks, stack.columns), code, np.int8)
    taps[:-1, stack.counted :] = 0
    eye = np.eye(hw.ATOM, dtype=np.int8)
    weight = eye[:, None, :, None] * taps[None, :, None, :]
    return weight.reshape(hw.ATOM, hw.ATOM * stack.blocks, 1, stack.columns)


def _lanes(values: np.ndarray) -> np.ndarray:
    """A value of all channels, for the 8 of a surface."""
    return np.full(hw.ATOM, values[0], values.dtype)


def _repeated(positions: Positions | None, stack: Stack) -> Positions | None:
    """Multipliers of a surface's windows, for those of all surfaces."""
    if positions is None:
        return None

    def lines(factors: np.ndarray) -> np.ndarray:
        return np.tile(factors.ravel(), stack.lines * stack.windows // factors.size).reshape(stack.lines, stack.windows)

    return replace(positions, first=lines(positions.first), second=lines(positions.second))
