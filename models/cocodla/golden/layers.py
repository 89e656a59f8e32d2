"""Which units form a layer, whether it can run, and what runs it (spec: programming.md sections 2 to 4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cocodla.golden.config import SdpConfig
from cocodla.golden.execute import run_cdp, run_idle_rdma, run_pdp, run_sdp

if TYPE_CHECKING:
    from cocodla.golden.device import Device

CONVOLUTION_UNITS = ("CACC", "CMAC_A", "CMAC_B", "CSC", "CDMA")


@dataclass
class Plan:
    """A layer whose consuming unit is enabled: the units it needs, and those of them not enabled yet."""

    name: str
    units: list[str]
    run: Callable[[Device], None]
    missing: list[str] = field(default_factory=list)
    serial: int = 0


def plans(device: Device) -> list[Plan]:
    """All layers in progress at the consumer groups of the units."""
    found = []
    running = {name for name, unit in device.units.items() if unit.running}
    if "SDP" in running:
        found.append(_sdp_plan(device))
    if "SDP_RDMA" in running and _nothing_to_read(device):
        found.append(Plan("SDP_RDMA without engines", ["SDP_RDMA"], run_idle_rdma))
    if "PDP" in running and device.units["PDP"].snapshot().flag("D_OPERATION_MODE_CFG.FLYING_MODE"):
        found.append(Plan("PDP", ["PDP", "PDP_RDMA"], run_pdp))
    if "CDP" in running:
        found.append(Plan("CDP", ["CDP", "CDP_RDMA"], run_cdp))
    for plan in found:
        plan.missing = [name for name in plan.units if name not in running]
        units = [device.units[name] for name in plan.units]
        plan.serial = max(unit.order[unit.consumer] for unit in units)
    return found


def _sdp_plan(device: Device) -> Plan:
    snapshot = device.units["SDP"].snapshot()
    flying = snapshot.flag("D_FEATURE_MODE_CFG.FLYING_MODE")
    units, name = ["SDP"], "SDP"
    if flying:
        units, name = [*units, *CONVOLUTION_UNITS], "convolution"
        config = SdpConfig.from_registers(snapshot)
        if config.needs_rdma:
            units.append("SDP_RDMA")
    else:
        units.append("SDP_RDMA")
    if snapshot.flag("D_FEATURE_MODE_CFG.OUTPUT_DST"):
        units, name = ["PDP", *units], f"{name} with PDP"
    return Plan(name, units, run_sdp)


def _nothing_to_read(device: Device) -> bool:
    rdma = device.units["SDP_RDMA"].snapshot()
    return (
        rdma.flag("D_FEATURE_MODE_CFG.FLYING_MODE")
        and rdma.flag("D_BRDMA_CFG.BRDMA_DISABLE")
        and rdma.flag("D_NRDMA_CFG.NRDMA_DISABLE")
    )
