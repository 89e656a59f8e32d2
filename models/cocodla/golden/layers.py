"""Which units form a layer, and which layers can run as things stand (spec: programming.md sections 2 to 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cocodla.golden.config import StageConfig
from cocodla.golden.registers import GroupedUnit
from cocodla.golden.snapshot import Snapshot

Units = Mapping[str, GroupedUnit]

CONVOLUTION_UNITS = ("CACC", "CMAC_A", "CMAC_B", "CSC", "CDMA")


@dataclass
class Plan:
    """A layer whose leading unit is enabled.

    lead: the unit whose registers tell what the layer is. units: all it needs, the one that writes memory first.
    groups: the group of each that is the layer's. missing: units not enabled there yet. serial: when the
    last of the others was enabled.
    """

    name: str
    lead: str
    units: list[str]
    groups: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    serial: int = 0

    def __str__(self) -> str:
        return f"{self.name} ({self.lead} group {self.groups[self.lead]})"


@dataclass
class Queues:
    """CONSUMER and OP_EN of every unit: as they are, or as they will be after some layers."""

    units: Units
    consumer: dict[str, int]
    enabled: dict[str, list[bool]]

    @staticmethod
    def of(units: Units) -> Queues:
        """The queues as they are; `units` are not changed."""
        return Queues(units, {n: u.consumer for n, u in units.items()}, {n: [*u.enabled] for n, u in units.items()})

    def running(self, unit: str) -> bool:
        """Whether the group the unit's datapath looks at is enabled."""
        return self.enabled[unit][self.consumer[unit]]

    def snapshot(self, unit: str) -> Snapshot:
        """The registers of the group the unit's datapath looks at."""
        return self.units[unit].snapshot(self.consumer[unit])

    def finish(self, plan: Plan) -> None:
        """A layer has run: its groups are idle, its units look at the other ones."""
        for name, group in plan.groups.items():
            self.enabled[name][group] = False
            self.consumer[name] = group ^ 1

    def plans(self) -> list[Plan]:
        """All layers in progress at the consumer groups of the units."""
        found = [plan for lead in ("SDP", "PDP", "CDP") if self.running(lead) and (plan := self._plan(lead))]
        if self.running("SDP_RDMA") and _nothing_to_read(self.snapshot("SDP_RDMA")):
            found.append(Plan("SDP_RDMA without engines", "SDP_RDMA", ["SDP_RDMA"]))
        for plan in found:
            self._place(plan)
        return found

    def first(self) -> Plan | None:
        """The layer that was completely enabled first; None when none can run."""
        return min((plan for plan in self.plans() if not plan.missing), key=lambda plan: plan.serial, default=None)

    def _plan(self, lead: str) -> Plan | None:
        """The layer SDP, PDP or CDP is at; None for PDP behind SDP, which is part of SDP's layer."""
        snapshot = self.snapshot(lead)
        if lead == "SDP":
            return _sdp_plan(snapshot)
        if lead == "CDP":
            return Plan("CDP", "CDP", ["CDP", "CDP_RDMA"])
        return Plan("PDP", "PDP", ["PDP", "PDP_RDMA"]) if _from_memory(snapshot) else None

    def _place(self, plan: Plan) -> None:
        for name in plan.units:
            plan.groups[name] = group = self.consumer[name]
            if not self.enabled[name][group]:
                plan.missing.append(name)
            elif name == "PDP" and "SDP" in plan.units and _from_memory(self.snapshot("PDP")):
                plan.missing.append("PDP (which has a layer from memory to do first)")
            plan.serial = max(plan.serial, self.units[name].order[group])


def _sdp_plan(sdp: Snapshot) -> Plan:
    units, name = ["SDP"], "SDP"
    if sdp.flag("D_FEATURE_MODE_CFG.FLYING_MODE"):
        units, name = [*units, *CONVOLUTION_UNITS], "convolution"
        if any(StageConfig.from_registers(sdp, stage).needs is not None for stage in ("BS", "BN")):
            units.append("SDP_RDMA")
    else:
        units.append("SDP_RDMA")
    if sdp.flag("D_FEATURE_MODE_CFG.OUTPUT_DST"):
        units, name = ["PDP", *units], f"{name} with PDP"
    return Plan(name, "SDP", units)


def _from_memory(pdp: Snapshot) -> bool:
    return pdp.flag("D_OPERATION_MODE_CFG.FLYING_MODE")


def _nothing_to_read(rdma: Snapshot) -> bool:
    return rdma.flag("D_FEATURE_MODE_CFG.FLYING_MODE") and not has_operands(rdma)


def has_operands(rdma: Snapshot) -> bool:
    """Whether a group of SDP_RDMA reads operands for BS or BN."""
    return not (rdma.flag("D_BRDMA_CFG.BRDMA_DISABLE") and rdma.flag("D_NRDMA_CFG.NRDMA_DISABLE"))
