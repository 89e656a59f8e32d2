"""Running a layer: its registers decoded, its units finished, its interrupts set (spec: programming.md 2 to 4)."""

from __future__ import annotations

from cocodla.golden import pdp
from cocodla.golden.config import PdpConfig, SdpConfig, SdpRdmaConfig
from cocodla.golden.config_cdp import CdpConfig, LutConfig, Tables, cdp_source
from cocodla.golden.config_conv import CdmaConfig, ConvConfig, CscConfig
from cocodla.golden.layers import Plan
from cocodla.golden.rules import require
from cocodla.golden.state import State
from cocodla.golden.work import CdpWork, Counters, IdleRdmaWork, PdpWork, SdpWork, Work
from cocodla.registers import MAP

INTERRUPTS = {"SDP": (0,), "CDP": (2,), "PDP": (4,), "CDMA": (16, 18)}
"""Bits of group 0 that a unit sets in S_INTR_STATUS; CACC's (20) have a group of their own."""


def decode(state: State, plan: Plan) -> Work:
    """What a layer does, all of whose units are enabled.

    RuleViolation for registers with which the units hang or have no defined result.
    """
    decoders = {"SDP": _decode_sdp, "PDP": _decode_pdp, "CDP": _decode_cdp, "SDP_RDMA": lambda state: IdleRdmaWork()}
    return decoders[plan.lead](state)


def finish(state: State, plan: Plan, counters: Counters) -> int:
    """Free the registers of a layer that was computed; returns the bits it sets in S_INTR_STATUS."""
    bits = 0
    for name in plan.units:
        values = counters.get(name, {})
        if name == "CDP":
            # the counters go to group 0, 1, 0, 1, ... whatever CONSUMER says (system.md 10)
            state.units["CDP"].groups[state.cdp_group].update(values)
            state.cdp_group ^= 1
            values = {}
        elif name == "CACC":
            values = {"D_OUT_SATURATION": 0}
            bits |= 1 << 20 + state.cacc_group
            state.cacc_group ^= 1
        group = state.units[name].finish(values)
        for bit in INTERRUPTS.get(name, ()):
            bits |= 1 << bit + group
    state.glb.status |= bits
    return bits


def _decode_sdp(state: State) -> Work:
    units = state.units
    registers = units["SDP"].snapshot()
    config = SdpConfig.from_registers(registers)
    rdma = SdpRdmaConfig.from_registers(units["SDP_RDMA"].snapshot()) if config.needs_rdma else None
    if rdma:
        _check_rdma(config, rdma)
    pool = PdpConfig.from_registers(units["PDP"].snapshot()) if config.to_pdp else None
    if pool:
        _check_fused(config, pool)
    _require_client(state, "WR", "PDP" if pool else "SDP")
    convolution = _decode_convolution(state, config) if config.from_cacc else None
    if not config.from_cacc:
        _require_client(state, "RD", "SDP")
    for client, engine in (("SDP_B", rdma and rdma.bs), ("SDP_N", rdma and rdma.bn)):
        if engine:
            _require_client(state, "RD", client)
    return SdpWork(config, rdma, pool, convolution, registers.flag("D_PERF_ENABLE.PERF_SAT_EN"))


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


def _decode_pdp(state: State) -> Work:
    units = state.units
    registers = units["PDP_RDMA"].snapshot()
    config = PdpConfig.from_registers(units["PDP"].snapshot())
    address, layout = pdp.source(registers, config)
    config.check()
    _require_client(state, "RD", "PDP")
    _require_client(state, "WR", "PDP")
    return PdpWork(config, address, layout)


def _decode_cdp(state: State) -> Work:
    units = state.units
    registers = units["CDP"].snapshot()
    config, lut = CdpConfig.from_registers(registers), LutConfig.from_registers(registers)
    address, layout = cdp_source(units["CDP_RDMA"].snapshot())
    _require_client(state, "RD", "CDP")
    _require_client(state, "WR", "CDP")
    contents = state.lut.contents
    return CdpWork(config, lut, Tables(contents.le.copy(), contents.lo.copy()), address, layout)


def _decode_convolution(state: State, config: SdpConfig) -> ConvConfig:
    """The five units in front of SDP."""
    units = state.units
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
        _require_client(state, "RD", client)
    return layer


def _require_client(state: State, direction: str, client: str) -> None:
    """A memory client with arbitration weight 0 is never served (system.md 7)."""
    for name, word in state.plain["MCIF"].words.items():
        if name.startswith(f"CFG_{direction}_WEIGHT"):
            weights = MAP[f"MCIF.{name}"].decode(word)
            weight = weights.get(f"{direction}_WEIGHT_{client}")
            if weight is not None:
                require(weight > 0, f"MCIF.{direction}_WEIGHT_{client} is 0: the client is never served")
                return
