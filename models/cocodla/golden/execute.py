"""Running a layer: fetch, compute, store, finish the units, set the interrupts (spec: programming.md 2 to 4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cocodla.golden import cdma, cdp, convolution, pdp, sdp
from cocodla.golden.bounded import Bounded
from cocodla.golden.config import OperandConfig, PdpConfig, SdpConfig, SdpRdmaConfig
from cocodla.golden.config_cdp import CdpConfig, LutConfig, cdp_source
from cocodla.golden.config_conv import CdmaConfig, ConvConfig, CscConfig
from cocodla.golden.layers import Plan
from cocodla.golden.operands import fetch_operands
from cocodla.golden.rules import require
from cocodla.golden.state import State
from cocodla.hw import ATOM, surfaces
from cocodla.registers import MAP

INTERRUPT_BIT = {"SDP": 0, "CDP": 2, "PDP": 4, "CDMA_DAT": 16, "CDMA_WT": 18, "CACC": 20}

BLOCK_ELEMENTS = 1 << 16
"""Elements SDP handles at a time: images of a batch, and their lines, go through in blocks that fit the caches."""

Values = Callable[[slice], Bounded]
"""Input of SDP for a range of images: atoms (images or 1, S, H, W, 8)."""


def run(state: State, plan: Plan) -> int:
    """Compute a layer, all of whose units are enabled; returns the bits it sets in S_INTR_STATUS.

    RuleViolation for registers with which the units hang or have no defined result.
    """
    runners = {"SDP": _run_sdp, "PDP": _run_pdp, "CDP": _run_cdp, "SDP_RDMA": _run_idle_rdma}
    interrupts = runners[plan.lead](state)
    state.glb.status |= interrupts
    return interrupts


def _run_idle_rdma(state: State) -> int:
    """SDP_RDMA enabled with nothing to read: it only flips its CONSUMER."""
    state.units["SDP_RDMA"].finish()
    return 0


def _run_sdp(state: State) -> int:
    """SDP from memory or CACC, to memory or PDP: one pass over the cube."""
    units = state.units
    config = SdpConfig.from_registers(units["SDP"].snapshot())
    rdma = SdpRdmaConfig.from_registers(units["SDP_RDMA"].snapshot()) if config.needs_rdma else None
    if rdma:
        _check_rdma(config, rdma)
    pool = PdpConfig.from_registers(units["PDP"].snapshot()) if config.to_pdp else None
    if pool:
        _check_fused(config, pool)
    _require_client(state, "WR", "PDP" if pool else "SDP")
    if config.from_cacc:
        count, values = _convolution(state, config)
    else:
        assert rdma is not None
        _require_client(state, "RD", "SDP")
        cube = state.memory.read_cube(rdma.address, rdma.source)
        count, values = cube.shape[0], lambda images: Bounded(cube if cube.shape[0] == 1 else cube[images], 128)
    operands = _operands(state, config, rdma)
    stages = [
        sdp.Stage.of(stage, fetched).laid_out(config.width, channels_last=config.from_cacc)
        for stage, fetched in ((config.bs, operands.bs), (config.bn, operands.bn))
    ]
    count = max(count, *(array.shape[0] for stage in stages for array in stage.arrays), 1)
    count_saturated = units["SDP"].snapshot().flag("D_PERF_ENABLE.PERF_SAT_EN")
    y, counters = _stream(config, pool, values, stages, count, count_saturated)
    target = pool or config
    state.memory.write_cube(target.address, target.destination, y)
    if rdma:
        units["SDP_RDMA"].finish()
    interrupts = 1 << INTERRUPT_BIT["SDP"] + units["SDP"].finish(counters)
    if pool:
        interrupts |= 1 << INTERRUPT_BIT["PDP"] + units["PDP"].finish()
    return interrupts | (_finish_convolution(state) if config.from_cacc else 0)


def _stream(
    config: SdpConfig,
    pool: PdpConfig | None,
    values: Values,
    stages: list[sdp.Stage],
    count: int,
    count_saturated: bool,
) -> tuple[NDArray[np.int8], dict[str, int]]:
    """SDP, and PDP behind it, for `count` different images in blocks: output atoms and SDP's counters.

    The counters are those of the one image; with more they have no meaning.
    """
    line = surfaces(config.channels) * config.width * ATOM
    block = max(1, BLOCK_ELEMENTS // (line * config.height))
    step = max(1, BLOCK_ELEMENTS // line)
    parts = []
    saturated, unequal = 0, False
    for first in range(0, count, block):
        images = slice(first, min(first + block, count))
        x, done = values(images), []
        for top in range(0, config.height, step):
            lines = slice(top, top + step)
            z = Bounded(x.values[:, :, lines], x.bound)
            for stage in stages:
                z = stage.part(images, lines)(z)
            done.append(sdp.convert(z, config))
            if count_saturated:
                saturated += int(sdp.count_saturation(z, config))
        y = np.concatenate(done, axis=2) if len(done) > 1 else done[0]
        unequal = unequal or bool(y.any())
        parts.append(pdp.process(y, pool) if pool else y)
    counters = {"D_STATUS": int(unequal and not pool), "D_PERF_OUT_SATURATION": min(saturated, 0xFFFFFFFF)}
    return np.concatenate(parts) if len(parts) > 1 else parts[0], counters


def _operands(state: State, config: SdpConfig, rdma: SdpRdmaConfig | None) -> sdp.SdpOperands:
    if rdma is None:
        return sdp.SdpOperands()

    def fetch(engine: OperandConfig | None, client: str) -> sdp.StageOperands:
        if engine is None:
            return sdp.StageOperands()
        _require_client(state, "RD", client)
        return fetch_operands(state.memory, engine, config.width, config.height, config.channels)

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


def _run_pdp(state: State) -> int:
    """PDP from memory to memory."""
    units = state.units
    snapshot = units["PDP_RDMA"].snapshot()
    config = PdpConfig.from_registers(units["PDP"].snapshot())
    address, layout = pdp.source(snapshot, config)
    config.check()
    _require_client(state, "RD", "PDP")
    _require_client(state, "WR", "PDP")
    y = pdp.process(state.memory.read_cube(address, layout), config)
    state.memory.write_cube(config.address, config.destination, y)
    units["PDP_RDMA"].finish()
    return 1 << INTERRUPT_BIT["PDP"] + units["PDP"].finish()


def _run_cdp(state: State) -> int:
    """CDP, always from memory to memory."""
    units, memory = state.units, state.memory
    snapshot = units["CDP"].snapshot()
    config, lut = CdpConfig.from_registers(snapshot), LutConfig.from_registers(snapshot)
    address, layout = cdp_source(units["CDP_RDMA"].snapshot())
    _require_client(state, "RD", "CDP")
    _require_client(state, "WR", "CDP")
    y, statistics = cdp.process(memory.read_cube(address, layout), layout.channels, config, lut, state.lut.contents)
    memory.write_cube(config.address, config.destination(layout), y)
    units["CDP_RDMA"].finish()
    # the counters go to group 0, 1, 0, 1, ... whatever CONSUMER says (system.md 10)
    units["CDP"].groups[state.cdp_group].update(
        D_PERF_LUT_UFLOW=statistics.underflow,
        D_PERF_LUT_OFLOW=statistics.overflow,
        D_PERF_LUT_HYBRID=statistics.hybrid,
        D_PERF_LUT_LE_HIT=statistics.le_hit,
        D_PERF_LUT_LO_HIT=statistics.lo_hit,
    )
    state.cdp_group ^= 1
    return 1 << INTERRUPT_BIT["CDP"] + units["CDP"].finish()


def _convolution(state: State, config: SdpConfig) -> tuple[int, Values]:
    """The five units in front of SDP: number of different images, and their sums."""
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
    memory, cdma_config = state.memory, layer.cdma
    lines, stream = state.cbuf.provide(
        layer,
        lambda: cdma.fetch(memory, cdma_config),
        lambda: memory.read_common(cdma_config.weight_address, cdma_config.weight_bytes),
    )
    state.cbuf.release(layer, lines, stream)
    return max(lines.shape[0], stream.shape[0]), convolution.sums(lines, stream, csc)


def _finish_convolution(state: State) -> int:
    """Free the registers of the five units; returns their interrupt bits."""
    units = state.units
    group = units["CDMA"].finish()
    for name in ("CSC", "CMAC_A", "CMAC_B"):
        units[name].finish()
    units["CACC"].finish({"D_OUT_SATURATION": 0})
    interrupts = 1 << INTERRUPT_BIT["CDMA_DAT"] + group | 1 << INTERRUPT_BIT["CDMA_WT"] + group
    interrupts |= 1 << INTERRUPT_BIT["CACC"] + state.cacc_group
    state.cacc_group ^= 1
    return interrupts


def _require_client(state: State, direction: str, client: str) -> None:
    """A memory client with arbitration weight 0 is never served (system.md 7)."""
    for name, word in state.plain["MCIF"].words.items():
        if name.startswith(f"CFG_{direction}_WEIGHT"):
            weights = MAP[f"MCIF.{name}"].decode(word)
            weight = weights.get(f"{direction}_WEIGHT_{client}")
            if weight is not None:
                require(weight > 0, f"MCIF.{direction}_WEIGHT_{client} is 0: the client is never served")
                return
