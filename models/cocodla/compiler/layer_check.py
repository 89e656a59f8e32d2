"""Whether the registers of a network's layers are ones that run, and stay in the memory of the tensors they name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from cocodla.compiler.hardware.tensors import Tensor
from cocodla.compiler.parts import Layer, NetworkParts
from cocodla.errors import UserError
from cocodla.golden import execute, regions
from cocodla.golden.cbuf import Kept
from cocodla.golden.layers import Plan, Queues
from cocodla.golden.regions import Region
from cocodla.golden.state import State
from cocodla.registers import MAP

IN_SOME = re.compile(
    r".*\.D_OP_ENABLE|.*\.S_LUT_ACCESS_.*"
    r"|(SDP|SDP_RDMA)\.D_(SRC|DST|BS|BN)_(BASE_ADDR|LINE_STRIDE|SURFACE_STRIDE|BATCH_STRIDE).*"
    r"|SDP\.D_DP_B[SN]_(ALU|MUL)_(CFG|SRC_VALUE)|CSC\.D_PRA_CFG|PDP_RDMA\.D_POOLING_PADDING_CFG"
    r"|CDMA\.D_(CVT_OFFSET|CVT_SCALE|DAIN_ADDR_LOW_1|LINE_UV_STRIDE|BATCH_STRIDE|DATAIN_SIZE_EXT_0|MEAN_GLOBAL_[01]"
    r"|PERF_ENABLE)"
)
"""Registers that matter in some layers only."""
CUBES = ("SRC_BASE_ADDR_LOW", "DST_BASE_ADDR_LOW")
"""Registers that strides belong to."""
TABLES = {"LE": 65, "LO": 257}
"""Entries of CDP's look-up tables (spec: cdp.md)."""
READERS = ("CDMA", "SDP_RDMA", "PDP_RDMA", "CDP_RDMA")
NOTHING_KEPT = Kept((0, 0), None, False, False)
FOR_THE_EMITTER = ("D_OP_ENABLE", "S_POINTER", "S_LUT_ACCESS_CFG", "S_LUT_ACCESS_DATA")
"""Registers that are written when a layer starts, not with its settings."""


def check_layers(network: NetworkParts, layers: Sequence[Layer] | None = None) -> None:
    """ValueError that names the first layer whose registers are unknown, break a rule or leave its memory.

    layers: the only ones that are looked at.
    """
    state = State()
    for layer in network.layers if layers is None else layers:
        try:
            _check_words(layer, network)
            plan = _program(state, layer)
            execute.decode(state, plan)
            _check_regions(state, plan, layer, network)
        except (ValueError, UserError) as error:
            raise ValueError(f"layer {layer.name!r}: {error}") from None


def _check_words(layer: Layer, network: NetworkParts) -> None:
    if not 1 <= layer.readers <= len(layer.units) or len(set(layer.units)) < len(layer.units):
        raise ValueError(f"{layer.readers} readers of units {', '.join(layer.units)}, or one is there twice")
    for words, group in ((layer.registers, "dual"), (layer.shared, "single")):
        for path, word in words.items():
            register = MAP.find_path(path)
            if register is None or register.group != group or register.name in FOR_THE_EMITTER:
                raise ValueError(f"there is no register {path[:80]!r} to be set")
            if register.unit not in layer.units:
                raise ValueError(f"register {path} of a unit that the layer does not use")
            if word & ~register.write_mask:
                raise ValueError(f"register {path} holds {word:#x}, its fields have the bits {register.write_mask:#x}")
    _check_complete(layer)
    for path, word in layer.registers.items():
        to_tensor = "_ADDR_LOW" in path and word >= network.memory_base + len(network.memory)
        if to_tensor and path not in layer.address_registers:
            raise ValueError(f"register {path} holds {word:#x}, which is in no tensor that it names")
    for path, (name, offset) in layer.address_registers.items():
        tensor = network.tensors[name]
        if tensor.root or offset >= tensor.size or layer.registers.get(path) != tensor.address + offset:
            raise ValueError(f"register {path} is not the address of tensor {name!r} with offset {offset}")
    for name, values in layer.tables.items():
        if "CDP" not in layer.units or TABLES.get(name) != len(values):
            raise ValueError(f"table {name[:80]!r} of {len(values)} entries; known are {TABLES} of CDP")
    for name, box in (*layer.reads, *layer.writes):
        tensor = network.tensors[name]
        inside = all(first < last <= end for (first, last), (_, end) in zip(box, tensor.box, strict=True))
        if tensor.root or not inside:
            raise ValueError(f"part {box} does not lie in tensor {name!r}, which has {tensor.box}")


@cache
def _needed(unit: str) -> list[str]:
    """Registers that every layer of a unit sets."""
    registers = (entry for entry in MAP.units[unit].registers if entry.write_mask and not entry.storage_only)
    own = [entry for entry in registers if not IN_SOME.fullmatch(entry.path)]
    return [entry.path for entry in own if entry.group == "dual" or (unit == "CDP" and entry.name.startswith("S_LUT"))]


def _check_complete(layer: Layer) -> None:
    """ValueError for a register that is not set: it would hold what the layer before has left there."""
    wanted = [path for unit in layer.units for path in _needed(unit)]
    missing = next((path for path in wanted if path not in layer.registers and path not in layer.shared), None)
    if missing is not None:
        raise ValueError(f"register {missing} is not set")
    for path in (entry for entry in layer.registers if entry.endswith(CUBES)):
        for stride in ("LINE_STRIDE", "SURFACE_STRIDE"):
            if (other := path.replace("BASE_ADDR_LOW", stride)) not in layer.registers:
                raise ValueError(f"register {path} is set, {other} is not")
    if "CDP" in layer.units and "LO" not in layer.tables:
        raise ValueError("CDP has no table LO")


def _program(state: State, layer: Layer) -> Plan:
    """Write a layer's registers to the first group of its units and enable them; ValueError if that is no layer."""
    for unit in state.units.values():
        unit.enabled, unit.order = [False, False], [0, 0]
        unit.producer = unit.consumer = 0
    for name in layer.units:
        group = state.units[name].groups[0]
        group.update((entry.name, entry.reset) for entry in MAP.units[name].registers if entry.name in group)
    for path, word in (*layer.shared.items(), *layer.registers.items()):
        register = MAP[path]
        state.units[register.unit].write(register, word)
    for name in layer.units:
        state.units[name].enabled[0] = True
    plans = Queues.of(state.units).plans()
    if len(plans) != 1 or plans[0].missing:
        lacking = ", ".join(plans[0].missing) if plans else "SDP, PDP or CDP"
        raise ValueError(f"its units {', '.join(layer.units)} make no layer that runs; it lacks {lacking}")
    return plans[0]


def _check_regions(state: State, plan: Plan, layer: Layer, network: NetworkParts) -> None:
    tensors = network.tensors
    targets = [_span(tensors[name]) for name, _ in layer.writes]
    sources = [_span(tensors[name]) for name, _ in layer.reads]
    sources.append((network.memory_base, network.memory_base + len(network.memory)))
    for region in regions.written(state.units, plan):
        _check_inside(region, targets, "writes")
    for region in _reads(state, layer):
        _check_inside(region, sources, "reads")


def _span(tensor: Tensor) -> tuple[int, int]:
    return tensor.address, tensor.address + tensor.size


def _reads(state: State, layer: Layer) -> Iterator[Region]:
    for unit in READERS:
        if unit in layer.units:
            for part in ("lines", "weights") if unit == "CDMA" else ("",):
                yield from regions.read(unit, state.units[unit].snapshot(0), part, NOTHING_KEPT)


def _check_inside(region: Region, spans: list[tuple[int, int]], does: str) -> None:
    if not any(start <= region.address and region.end <= end for start, end in spans):
        raise ValueError(f"it {does} bytes {region.address:#x}..{region.end:#x}, outside its tensors and constants")
