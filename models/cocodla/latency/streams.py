"""Addresses a layer reads and writes, in the order of its units: what a DRAM's rows and bursts depend on.

Arrays of int64 byte addresses, one for each beat of 8 bytes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cocodla.formats.feature import CubeLayout
from cocodla.golden.config import OperandConfig, PdpConfig, SdpRdmaConfig
from cocodla.golden.config_conv import CdmaConfig
from cocodla.hw import ATOM, surfaces

Addresses = NDArray[np.int64]


def cube(base: int, layout: CubeLayout, order: str = "syx") -> Addresses:
    """A cube, its axes named from the outermost to the innermost: s surface, y line, x column."""
    steps = {
        "s": np.arange(layout.surfaces) * layout.surface_stride,
        "y": np.arange(layout.height) * layout.line_stride,
        "x": np.arange(layout.width) * ATOM,
    }
    a, b, c = (steps[axis] for axis in order)
    return np.asarray(base + a[:, None, None] + b[:, None] + c, np.int64).ravel()


def lines(cdma: CdmaConfig) -> Addresses:
    """What CDMA fetches: line by line, of features all surfaces of a line. Of two-plane pixels the second plane is
    taken for the first."""
    if cdma.pixel_format is None:
        found = cube(cdma.address, cdma.layout, "ysx").reshape(cdma.layout.height, -1)
    else:
        steps = np.arange(cdma.entries) * ATOM
        found = cdma.address + (np.arange(cdma.height) * cdma.line_stride)[:, None] + steps
    surplus = cdma.entries - found.shape[1]
    return np.pad(found, ((0, 0), (0, max(surplus, 0))), mode="edge")[:, : cdma.entries].ravel()


def kernels(cdma: CdmaConfig) -> Addresses:
    """The weights, in increasing order."""
    return cdma.weight_address + np.arange(cdma.weight_bytes // ATOM, dtype=np.int64) * ATOM


def operands(rdma: SdpRdmaConfig | None) -> list[tuple[int, bool, Addresses]]:
    """Of each operand engine that takes part: bus id, whether it reads for each element, addresses."""
    found = []
    for id, engine in ((5, rdma.bs), (6, rdma.bn)) if rdma else ():
        if engine and rdma:
            found.append((id, engine.per_element, _operands(engine, rdma)))
    return found


def _operands(engine: OperandConfig, rdma: SdpRdmaConfig) -> Addresses:
    beats, count = engine.group_bytes // ATOM, surfaces(rdma.channels)
    if not engine.per_element:
        return engine.address + np.arange(count * beats, dtype=np.int64) * ATOM
    line, surface = engine.line_stride, engine.surface_stride
    if rdma.width == rdma.height == 1:
        surface = engine.group_bytes
    return cube(engine.address, CubeLayout(rdma.width * beats, rdma.height, rdma.channels, line, surface))


def strips(config: PdpConfig, base: int, layout: CubeLayout) -> Addresses:
    """What PDP reads from memory: strip, surface, line, column."""
    cut = [
        cube(base + ATOM * start, CubeLayout(width, layout.height, layout.channels, layout.line_stride,
                                             layout.surface_stride))
        for start, width, _, _ in config.strips()
    ]  # fmt: skip
    return np.concatenate(cut)


def pooled(config: PdpConfig) -> Addresses:
    """What PDP writes: strip, surface, line, column."""
    found, start = [], 0
    for _, _, width, _ in config.strips():
        place = CubeLayout(width, config.out_height, config.channels, config.line_stride, config.surface_stride)
        found.append(cube(config.address + ATOM * start, place))
        start += width
    return np.concatenate(found)
