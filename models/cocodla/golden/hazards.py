"""Memory races between layers, and between layers and host (spec: programming.md sections 1 and 9).

The hardware checks no dependencies: a layer enabled while another runs works at the same time. The
golden model computes one layer after the other, so a race would give it one of several possible
results; it is reported instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cocodla.formats.feature import CubeLayout
from cocodla.golden import pdp
from cocodla.golden.config import OperandConfig, PdpConfig, SdpConfig, SdpRdmaConfig
from cocodla.golden.config_cdp import CdpConfig, cdp_source
from cocodla.golden.config_conv import CdmaConfig
from cocodla.golden.registers import GroupedUnit
from cocodla.golden.rules import RuleViolation
from cocodla.golden.snapshot import Snapshot
from cocodla.hw import ATOM, surfaces

if TYPE_CHECKING:
    from cocodla.golden.layers import Plan

Units = dict[str, GroupedUnit]


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


def check_layer(units: Units, plan: Plan, others: list[Plan]) -> None:
    """Before a layer runs: no unit enabled beside it may depend on its memory.

    others: complete layers in progress or queued. Layers that follow in the same units may overwrite
    what this one reads or writes: they come later in every unit on the way. Only reading its output
    too early is a race then. Units read as soon as they are enabled, complete layers only write.
    """
    beside = [(u, g) for u in units.values() for g in range(2) if u.enabled[g] and plan.groups.get(u.name, -1) != g]
    if not beside:
        return
    written = writes(units, plan)
    for unit, group in beside:
        if _meet(reads(unit, group), written):
            raise RuleViolation(f"{unit.name} group {group} was enabled to read what this layer still writes")
    used = [*written, *(r for name, group in plan.groups.items() for r in reads(units[name], group))]
    for other in others:
        if not set(other.units) & set(plan.units) and _meet(writes(units, other), used):
            raise RuleViolation(f"{other.name} was enabled to write what this layer still uses")


def check_host(units: Units, complete: list[Plan], address: int, length: int, write: bool) -> None:
    """The host may not write what an enabled unit uses, nor read what a complete layer writes."""
    region = [Region(address, length)]
    verb = f"host {'writes' if write else 'reads'} {address:#x}..{address + length:#x}"
    for plan in complete:
        if _meet(region, writes(units, plan)):
            raise RuleViolation(f"{verb} while the enabled layer {plan.name} writes there")
    if not write:
        return
    for unit in units.values():
        for group in range(2):
            if unit.enabled[group] and _meet(region, reads(unit, group)):
                raise RuleViolation(f"{verb} while {unit.name} group {group} reads there")


def _meet(some: list[Region], others: list[Region]) -> bool:
    return any(one.overlaps(other) for one in some for other in others)


Finder = Callable[[Snapshot], Iterator[Region]]


def reads(unit: GroupedUnit, group: int) -> list[Region]:
    """Memory a unit reads with the registers of a group; nothing for registers that break a rule."""
    finder = _READS.get(unit.name)
    return _legal(lambda: finder(unit.snapshot(group))) if finder else []


def writes(units: Units, plan: Plan) -> list[Region]:
    """Memory a layer writes."""

    def find() -> Iterator[Region]:
        first = plan.units[0]
        registers = {name: units[name].snapshot(group) for name, group in plan.groups.items()}
        if first == "SDP":
            sdp = SdpConfig.from_registers(registers["SDP"])
            yield Region.cube(sdp.address, sdp.destination)
        elif first == "PDP":
            config = PdpConfig.from_registers(registers["PDP"])
            yield Region.cube(config.address, config.destination)
        elif first == "CDP":
            cdp, (_, layout) = CdpConfig.from_registers(registers["CDP"]), cdp_source(registers["CDP_RDMA"])
            yield Region.cube(cdp.address, cdp.destination(layout))

    return _legal(find)


def _legal(find: Callable[[], Iterator[Region]]) -> list[Region]:
    try:
        return list(find())
    except RuleViolation:
        return []  # reported when the layer runs


def _cdma(registers: Snapshot) -> Iterator[Region]:
    config = CdmaConfig.from_registers(registers)
    if not config.weight_reuse:
        yield Region(config.weight_address, config.weight_bytes)
    if config.data_reuse:
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


def _pdp_rdma(registers: Snapshot) -> Iterator[Region]:
    yield Region.cube(*pdp.source_cube(registers))


def _cdp_rdma(registers: Snapshot) -> Iterator[Region]:
    yield Region.cube(*cdp_source(registers))


_READS: dict[str, Finder] = {"CDMA": _cdma, "SDP_RDMA": _sdp_rdma, "PDP_RDMA": _pdp_rdma, "CDP_RDMA": _cdp_rdma}
