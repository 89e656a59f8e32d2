"""Memory that units read and layers write, as regions of runs of bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from cocodla.formats.feature import CubeLayout
from cocodla.golden import pdp
from cocodla.golden.cbuf import Kept
from cocodla.golden.config import OperandConfig, PdpConfig, SdpConfig, SdpRdmaConfig
from cocodla.golden.config_cdp import CdpConfig, cdp_source
from cocodla.golden.config_conv import CdmaConfig
from cocodla.golden.layers import Plan, Units
from cocodla.golden.rules import RuleViolation
from cocodla.golden.snapshot import Snapshot
from cocodla.hw import ATOM, surfaces


@dataclass(frozen=True)
class Region:
    """Runs of `run` bytes at address + i*outer + j*inner, i < rows, j < columns."""

    address: int
    run: int
    rows: int = 1
    outer: int = 0
    columns: int = 1
    inner: int = 0

    @staticmethod
    def cube(address: int, layout: CubeLayout) -> Region:
        if layout.is_packed:
            return Region(address, layout.size)
        line = ATOM * layout.width
        return Region(address, line, layout.surfaces, layout.surface_stride, layout.height, layout.line_stride)

    @property
    def end(self) -> int:
        return self.address + (self.rows - 1) * self.outer + (self.columns - 1) * self.inner + self.run

    def overlaps(self, other: Region) -> bool:
        """True when a byte belongs to both."""
        if self.address >= other.end or other.address >= self.end:
            return False
        ours, theirs = self._starts(), other._starts()
        # the last run of theirs that starts before the end of each of ours
        before = np.searchsorted(theirs, ours + self.run) - 1
        return bool(((before >= 0) & (theirs[before] + other.run > ours)).any())

    def _starts(self) -> np.ndarray:
        rows = np.arange(self.rows, dtype=np.int64)[:, None] * self.outer
        return np.sort((self.address + rows + np.arange(self.columns, dtype=np.int64) * self.inner).reshape(-1))


def meet(some: Iterable[Region], others: list[Region]) -> bool:
    """True when a region of one side overlaps one of the other."""
    return any(one.overlaps(other) for one in some for other in others)


def written(units: Units, plan: Plan) -> list[Region]:
    """Memory a layer writes; nothing for registers that break a rule."""

    def find() -> Iterator[Region]:
        writer = plan.units[0]
        registers = units[writer].snapshot(plan.groups[writer])
        if writer == "SDP":
            sdp = SdpConfig.from_registers(registers)
            yield Region.cube(sdp.address, sdp.destination)
        elif writer == "PDP":
            config = PdpConfig.from_registers(registers)
            yield Region.cube(config.address, config.destination)
        elif writer == "CDP":
            cdp = CdpConfig.from_registers(registers)
            _, layout = cdp_source(units["CDP_RDMA"].snapshot(plan.groups["CDP_RDMA"]))
            yield Region.cube(cdp.address, cdp.destination(layout))

    return _legal(find)


def read(unit: str, registers: Snapshot, part: str, kept: Kept) -> list[Region]:
    """Memory a reading unit reads; nothing for registers that break a rule.

    part: of CDMA, "lines" or "weights", which it does not read when `kept` in CBUF serves them.
    """

    def find() -> Iterator[Region]:
        if unit == "SDP_RDMA":
            return _sdp_rdma(registers)
        if unit == "PDP_RDMA":
            return iter([Region.cube(*pdp.source_cube(registers))])
        if unit == "CDP_RDMA":
            return iter([Region.cube(*cdp_source(registers))])
        config = CdmaConfig.from_registers(registers)
        return _weights(config, kept) if part == "weights" else _lines(config, kept)

    return _legal(find)


def _legal(find: Callable[[], Iterator[Region]]) -> list[Region]:
    try:
        return list(find())
    except RuleViolation:
        return []  # reported when the layer runs


def _weights(config: CdmaConfig, kept: Kept) -> Iterator[Region]:
    if not kept.serves_weights(config):
        yield Region(config.weight_address, config.weight_bytes)


def _lines(config: CdmaConfig, kept: Kept) -> Iterator[Region]:
    if kept.serves_lines(config):
        return
    if config.pixel_format is None:
        yield Region.cube(config.address, config.layout)
        return
    spans = config.pixel_format.line_bytes(config.width, config.x_offset)
    planes = ((config.address, config.line_stride), (config.chroma_address, config.chroma_stride))
    for span, (address, stride) in zip(spans, planes, strict=False):
        yield Region(address, span, config.height, stride)


def _sdp_rdma(registers: Snapshot) -> Iterator[Region]:
    config = SdpRdmaConfig.from_registers(registers)
    if config.main:
        yield Region.cube(config.address, config.source)
    for engine in (config.bs, config.bn):
        if engine:
            yield _operand(engine, config)


def _operand(engine: OperandConfig, config: SdpRdmaConfig) -> Region:
    count = surfaces(config.channels)
    if not engine.per_element or (config.width == 1 and config.height == 1):
        return Region(engine.address, count * engine.group_bytes)
    line = config.width * engine.group_bytes
    return Region(engine.address, line, count, engine.surface_stride, config.height, engine.line_stride)
