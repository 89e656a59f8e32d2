"""Which units form a layer, whether it can run, and what runs it (spec: programming.md sections 2 to 4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cocodla.golden.config import StageConfig
from cocodla.golden.execute import run_cdp, run_idle_rdma, run_pdp, run_sdp
from cocodla.golden.snapshot import Snapshot

if TYPE_CHECKING:
    from cocodla.golden.device import Device

CONVOLUTION_UNITS = ("CACC", "CMAC_A", "CMAC_B", "CSC", "CDMA")


@dataclass
class Plan:
    """A layer whose consuming unit is enabled.

    units: the units it needs, the one that writes memory first. groups: the group of each that is the
    layer's. missing: units not enabled there yet. serial: when the last of the others was enabled.
    """

    name: str
    units: list[str]
    run: Callable[[Device], None]
    groups: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    serial: int = 0


def plans(device: Device) -> list[Plan]:
    """All layers in progress at the consumer groups of the units."""
    found = [
        plan
        for name in ("SDP", "PDP", "CDP")
        if device.units[name].running and (plan := _plan(device, name, device.units[name].consumer))
    ]
    if device.units["SDP_RDMA"].running and _nothing_to_read(device.units["SDP_RDMA"].snapshot()):
        found.append(Plan("SDP_RDMA without engines", ["SDP_RDMA"], run_idle_rdma))
    for plan in found:
        _place(device, plan, [])
    return found


def queued(device: Device, current: list[Plan]) -> list[Plan]:
    """Layers in the groups behind those in progress, which start as soon as these end.

    SDP (of PDP after SDP too), PDP and CDP decide what a layer is; each has at most one behind it.
    """
    found = []
    for first in current:
        leader = "SDP" if "SDP" in first.units else first.units[0]
        behind = device.units[leader].consumer ^ 1
        plan = _plan(device, leader, behind) if device.units[leader].enabled[behind] else None
        if plan:
            _place(device, plan, first.units)
            found.append(plan)
    return found


def _plan(device: Device, name: str, group: int) -> Plan | None:
    """The layer that SDP, PDP or CDP has in a group; None for PDP behind SDP, which is part of SDP's layer."""
    snapshot = device.units[name].snapshot(group)
    if name == "SDP":
        return _sdp_plan(snapshot)
    if name == "CDP":
        return Plan("CDP", ["CDP", "CDP_RDMA"], run_cdp)
    if name == "PDP" and snapshot.flag("D_OPERATION_MODE_CFG.FLYING_MODE"):
        return Plan("PDP", ["PDP", "PDP_RDMA"], run_pdp)
    return None


def _place(device: Device, plan: Plan, ahead: list[str]) -> None:
    """Find the layer's group in each unit; units of `ahead` have one layer in front of it."""
    for name in plan.units:
        unit = device.units[name]
        group = unit.consumer ^ int(name in ahead)
        plan.groups[name] = group
        if not unit.enabled[group]:
            plan.missing.append(name)
        elif name == "PDP" and "SDP" in plan.units and unit.snapshot(group).flag("D_OPERATION_MODE_CFG.FLYING_MODE"):
            plan.missing.append("PDP (which has a layer from memory to do first)")
        plan.serial = max(plan.serial, unit.order[group])


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
    return Plan(name, units, run_sdp)


def _nothing_to_read(rdma: Snapshot) -> bool:
    return (
        rdma.flag("D_FEATURE_MODE_CFG.FLYING_MODE")
        and rdma.flag("D_BRDMA_CFG.BRDMA_DISABLE")
        and rdma.flag("D_NRDMA_CFG.NRDMA_DISABLE")
    )
