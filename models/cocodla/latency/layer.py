"""What the latency model knows of a layer and of the memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cocodla.formats.feature import CubeLayout
from cocodla.golden.config import PdpConfig, SdpConfig, SdpRdmaConfig
from cocodla.golden.config_cdp import CdpConfig, cdp_source
from cocodla.golden.config_conv import CdmaConfig, ConvConfig, CscConfig
from cocodla.golden.device import Device
from cocodla.golden.pdp import source_cube
from cocodla.latency.dram import DramTiming
from cocodla.program.commands import Command, WriteRegister
from cocodla.program.program import Program
from cocodla.registers import MAP


@dataclass(frozen=True)
class MemoryTiming:
    """Core cycles. latency: from a read request to its data. write_latency: from a write to its response.

    every: a request is accepted (each of reads and writes) every n-th cycle. dram: in place of all this, a DRAM.
    """

    latency: int = 32
    write_latency: int = 32
    every: int = 1
    dram: DramTiming | None = None


@dataclass(frozen=True)
class Places:
    """Address and layout of what PDP or CDP reads from memory, and of what CDP writes: a DRAM's time depends on it."""

    source: tuple[int, CubeLayout] | None = None
    target: tuple[int, CubeLayout] | None = None


@dataclass(frozen=True)
class Layer:
    """The units of one layer: conv and sdp, sdp alone, pdp alone or behind sdp, or cdp (its input cube)."""

    conv: ConvConfig | None = None
    sdp: SdpConfig | None = None
    rdma: SdpRdmaConfig | None = None
    pdp: PdpConfig | None = None
    cdp: CubeLayout | None = None
    places: Places = field(default=Places(), compare=False)


def layer_of_registers(words: Mapping[str, int], units: Iterable[str]) -> Layer:
    """The layer that some units run with these register words (by path). UserError as `layer_of`."""
    writes: list[Command] = [WriteRegister(MAP[path].address, word) for path, word in words.items()]
    writes += [WriteRegister(MAP[f"{unit}.D_OP_ENABLE"].address, 1) for unit in units]
    return layer_of(Program(writes))


def layer_of(program: Program) -> Layer:
    """The layer that the register writes of a program enable; of several, those pending in the group that runs first.

    UserError for registers that mean nothing on nv_small.
    """
    device = Device()
    for command in program:
        if isinstance(command, WriteRegister):
            device.write_register(command.address, command.value)
    units = device.units

    def running(name: str) -> bool:
        return units[name].running

    sdp = SdpConfig.from_registers(units["SDP"].snapshot()) if running("SDP") else None
    conv = None
    if sdp and sdp.from_cacc:
        csc = CscConfig.from_registers(units["CSC"].snapshot(), units["CACC"].snapshot())
        conv = ConvConfig(CdmaConfig.from_registers(units["CDMA"].snapshot()), csc)
    places = Places(source=source_cube(units["PDP_RDMA"].snapshot())) if running("PDP_RDMA") else Places()
    if running("CDP"):
        address, cube = cdp_source(units["CDP_RDMA"].snapshot())
        target = CdpConfig.from_registers(units["CDP"].snapshot())
        places = Places((address, cube), (target.address, target.destination(cube)))
    return Layer(
        conv=conv,
        sdp=sdp,
        rdma=SdpRdmaConfig.from_registers(units["SDP_RDMA"].snapshot()) if sdp and sdp.needs_rdma else None,
        pdp=PdpConfig.from_registers(units["PDP"].snapshot()) if running("PDP") else None,
        cdp=cdp_source(units["CDP_RDMA"].snapshot())[1] if running("CDP") else None,
        places=places,
    )
