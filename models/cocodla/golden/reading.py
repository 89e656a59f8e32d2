"""Reading units: which of their groups can start, and the memory they read then (spec: system.md 5, cdma.md 7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from cocodla.golden import regions
from cocodla.golden.cbuf import Kept
from cocodla.golden.config_conv import CdmaConfig
from cocodla.golden.layers import Queues, has_operands
from cocodla.golden.regions import Region
from cocodla.golden.rules import RuleViolation
from cocodla.golden.snapshot import Snapshot


@dataclass(eq=False)
class Reading:
    """Reads of one group of a unit.

    part: "lines" or "weights" of CDMA, else empty. serial: when the group was enabled. kept: in CBUF before.
    """

    unit: str
    group: int
    part: str
    serial: int
    registers: Snapshot
    kept: Kept
    over: bool = False

    @property
    def key(self) -> tuple[str, int, str]:
        return self.unit, self.group, self.part

    @cached_property
    def regions(self) -> list[Region]:
        """Memory it reads; nothing for registers that break a rule."""
        return regions.read(self.unit, self.registers, self.part, self.kept)

    def __str__(self) -> str:
        return f"{self.unit} group {self.group}"


def startable(queues: Queues, kept: Kept) -> Iterator[Reading]:
    """Readings of all groups that can start; `kept` is what CBUF holds.

    A reader may have done with its group before the rest of the layer is enabled, and go on with the other
    group, unless it must wait: SDP_RDMA behind a convolution until its operands are taken, CDMA for banks of other
    sizes.
    """
    for unit in ("CDMA", "SDP_RDMA", "PDP_RDMA", "CDP_RDMA"):
        if not queues.running(unit):
            continue
        group, front = queues.consumer[unit], queues.snapshot(unit)
        parts = ["lines", "weights"] if unit == "CDMA" else [""]
        order = queues.units[unit].order
        yield from (Reading(unit, group, part, order[group], front, kept) for part in parts)
        if queues.enabled[unit][group ^ 1]:
            behind = queues.units[unit].snapshot(group ^ 1)
            left = kept_behind(front, kept) if unit == "CDMA" else kept
            passing = (part for part in parts if _passes(unit, part, front, behind))
            yield from (Reading(unit, group ^ 1, part, order[group ^ 1], behind, left) for part in passing)


def _passes(unit: str, part: str, front: Snapshot, behind: Snapshot) -> bool:
    """Whether a reader can go on to the group behind with nothing else of the layer in front enabled."""
    if unit == "CDMA":
        data, weights = (front.get(bank) == behind.get(bank) for bank in ("D_BANK.DATA_BANK", "D_BANK.WEIGHT_BANK"))
        return data and (weights or part == "lines")
    return not (unit == "SDP_RDMA" and front.flag("D_FEATURE_MODE_CFG.FLYING_MODE") and has_operands(front))


def kept_behind(cdma: Snapshot, kept: Kept) -> Kept:
    """What CBUF holds when the layer with these registers of CDMA has run."""
    try:
        return Kept.behind(CdmaConfig.from_registers(cdma))
    except RuleViolation:
        return kept  # reported when the layer runs
