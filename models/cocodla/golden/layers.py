"""Which units form a layer, whether it can run, and running it (spec: programming.md sections 2 to 4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cocodla.golden import cdma, convolution, pdp, sdp
from cocodla.golden.config import OperandConfig, PdpConfig, SdpConfig, SdpRdmaConfig
from cocodla.golden.config_conv import CdmaConfig, ConvConfig, CscConfig
from cocodla.golden.operands import fetch_operands
from cocodla.golden.rules import require
from cocodla.registers import MAP

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cocodla.golden.device import Device

CONVOLUTION_UNITS = ("CACC", "CMAC_A", "CMAC_B", "CSC", "CDMA")
INTERRUPT_BIT = {"SDP": 0, "CDP": 2, "PDP": 4, "CDMA_DAT": 16, "CDMA_WT": 18, "CACC": 20}


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
        found.append(Plan("SDP_RDMA without engines", ["SDP_RDMA"], _run_idle_rdma))
    if "PDP" in running and device.units["PDP"].snapshot().flag("D_OPERATION_MODE_CFG.FLYING_MODE"):
        found.append(Plan("PDP", ["PDP", "PDP_RDMA"], _run_pdp))
    if "CDP" in running:
        found.append(Plan("CDP", ["CDP", "CDP_RDMA"], _run_cdp))
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
    return Plan(name, units, _run_sdp)


def _nothing_to_read(device: Device) -> bool:
    rdma = device.units["SDP_RDMA"].snapshot()
    return (
        rdma.flag("D_FEATURE_MODE_CFG.FLYING_MODE")
        and rdma.flag("D_BRDMA_CFG.BRDMA_DISABLE")
        and rdma.flag("D_NRDMA_CFG.NRDMA_DISABLE")
    )


# -- running ---------------------------------------------------------------------------------


def _run_idle_rdma(device: Device) -> None:
    device.units["SDP_RDMA"].finish()


def _run_sdp(device: Device) -> None:
    """SDP from memory or CACC, to memory or PDP: one pass over the cube."""
    units = device.units
    config = SdpConfig.from_registers(units["SDP"].snapshot())
    rdma = None
    if config.needs_rdma:
        rdma = SdpRdmaConfig.from_registers(units["SDP_RDMA"].snapshot())
        _check_rdma(config, rdma)
    pool = PdpConfig.from_registers(units["PDP"].snapshot()) if config.to_pdp else None
    if pool:
        _check_fused(config, pool)
    x: NDArray[Any]
    if config.from_cacc:
        x = _convolution(device, config)
    else:
        assert rdma is not None
        _require_client(device, "RD", "SDP")
        x = device.memory.read_cube(rdma.address, rdma.source)
    operands = _operands(device, config, rdma)
    z = sdp.accumulate(x, config, operands)
    y = sdp.convert(z, config)
    if pool:
        _require_client(device, "WR", "PDP")
        device.memory.write_cube(pool.address, pool.destination, pdp.process(y, pool))
    else:
        _require_client(device, "WR", "SDP")
        device.memory.write_cube(config.address, config.destination, y)
    _finish_sdp(device, config, rdma is not None, z, y)


def _finish_sdp(device: Device, config: SdpConfig, with_rdma: bool, z: NDArray[np.int64], y: NDArray[np.int8]) -> None:
    units = device.units
    if with_rdma:
        units["SDP_RDMA"].finish()
    counters = {}
    if device.batch == 1:
        snapshot = units["SDP"].snapshot()
        counters["D_STATUS"] = int(not config.to_pdp and bool(y.any()))
        if snapshot.flag("D_PERF_ENABLE.PERF_SAT_EN"):
            counters["D_PERF_OUT_SATURATION"] = min(int(sdp.count_saturation(z, config)), 0xFFFFFFFF)
    interrupts = 1 << INTERRUPT_BIT["SDP"] + units["SDP"].finish(counters)
    if config.to_pdp:
        interrupts |= 1 << INTERRUPT_BIT["PDP"] + units["PDP"].finish()
    device.glb.status |= interrupts


def _operands(device: Device, config: SdpConfig, rdma: SdpRdmaConfig | None) -> sdp.SdpOperands:
    if rdma is None:
        return sdp.SdpOperands()

    def fetch(engine: OperandConfig | None, client: str) -> sdp.StageOperands:
        if engine is None:
            return sdp.StageOperands()
        _require_client(device, "RD", client)
        return fetch_operands(device.memory, engine, config.width, config.height, config.channels)

    return sdp.SdpOperands(bs=fetch(rdma.bs, "SDP_B"), bn=fetch(rdma.bn, "SDP_N"))


def _check_rdma(config: SdpConfig, rdma: SdpRdmaConfig) -> None:
    """sdp.md 4, programming.md 2 and 7: SDP_RDMA must deliver exactly what SDP consumes."""
    for name in ("width", "height", "channels"):
        ours, theirs = getattr(config, name), getattr(rdma, name)
        require(ours == theirs, f"SDP {name} is {ours}, SDP_RDMA {name} is {theirs}")
    require(rdma.main != config.from_cacc, "SDP and SDP_RDMA have different FLYING_MODE")
    for name, stage, engine in (("BS", config.bs, rdma.bs), ("BN", config.bn, rdma.bn)):
        needs, use = stage.needs, engine.use if engine else None
        require(
            needs == use,
            f"SDP {name} takes {_use(needs)} from memory, its SDP_RDMA engine delivers {_use(use)} (sdp.md 4)",
        )


def _use(use: object) -> str:
    return "nothing" if use is None else str(getattr(use, "name", use))


def _check_fused(config: SdpConfig, pool: PdpConfig) -> None:
    require(pool.from_sdp, "SDP sends to PDP, but PDP.FLYING_MODE is OFF_FLYING")
    require(pool.split is None, "PDP.SPLIT_NUM must be 0 when the input comes from SDP")
    for name in ("width", "height", "channels"):
        ours, theirs = getattr(config, name), getattr(pool, name)
        require(ours == theirs, f"SDP {name} is {ours}, PDP input {name} is {theirs}")
    pool.check()


def _run_pdp(device: Device) -> None:
    units = device.units
    snapshot = units["PDP_RDMA"].snapshot()
    config = PdpConfig.from_registers(units["PDP"].snapshot())
    address, layout = pdp.source(snapshot, config)
    config.check()
    _require_client(device, "RD", "PDP")
    _require_client(device, "WR", "PDP")
    y = pdp.process(device.memory.read_cube(address, layout), config)
    device.memory.write_cube(config.address, config.destination, y)
    units["PDP_RDMA"].finish()
    device.glb.status |= 1 << INTERRUPT_BIT["PDP"] + units["PDP"].finish()


def _run_cdp(device: Device) -> None:
    raise NotImplementedError


def _convolution(device: Device, config: SdpConfig) -> NDArray[np.int32]:
    """The five units in front of SDP; their registers are freed and their interrupts set here."""
    units = device.units
    layer = ConvConfig(
        CdmaConfig.from_registers(units["CDMA"].snapshot()),
        CscConfig.from_registers(units["CSC"].snapshot(), units["CACC"].snapshot()),
    )
    layer.check()
    csc = layer.csc
    for name, ours, theirs in (
        ("width", csc.out_width, config.width),
        ("height", csc.out_height, config.height),
        ("kernel count", csc.kernels, config.channels),
    ):
        require(ours == theirs, f"convolution output {name} is {ours}, SDP expects {theirs}")
    for client in ("CDMA_DAT", "CDMA_WT"):
        _require_client(device, "RD", client)
    memory, cdma_config = device.memory, layer.cdma
    lines, stream = device.cbuf.provide(
        layer,
        lambda: cdma.fetch(memory, cdma_config),
        lambda: memory.read(cdma_config.weight_address, cdma_config.weight_bytes),
    )
    sums = convolution.convolve_batch(lines, stream, csc)
    device.cbuf.release(layer, lines, stream)
    group = units["CDMA"].finish()
    for name in ("CSC", "CMAC_A", "CMAC_B"):
        units[name].finish()
    units["CACC"].finish({"D_OUT_SATURATION": 0})
    device.glb.status |= 1 << INTERRUPT_BIT["CDMA_DAT"] + group | 1 << INTERRUPT_BIT["CDMA_WT"] + group
    device.glb.status |= 1 << INTERRUPT_BIT["CACC"] + device.cacc_group
    device.cacc_group ^= 1
    return sums


def _require_client(device: Device, direction: str, client: str) -> None:
    """A memory client with arbitration weight 0 is never served (system.md 7)."""
    for name, word in device.plain["MCIF"].words.items():
        if name.startswith(f"CFG_{direction}_WEIGHT"):
            weights = MAP[f"MCIF.{name}"].decode(word)
            weight = weights.get(f"{direction}_WEIGHT_{client}")
            if weight is not None:
                require(weight > 0, f"MCIF.{direction}_WEIGHT_{client} is 0: the client is never served")
                return
