"""The layers of a program on the golden model, with what passes between the units in each.

A stream is an array (beats, bytes) uint8 of what crosses one boundary in a layer, in the RTL's order, lane 0 lowest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cocodla.errors import UserError
from cocodla.formats.feature import ByteArray, CubeLayout, Int8Array
from cocodla.golden import Device
from cocodla.golden.config import OperandUse
from cocodla.golden.run import step
from cocodla.golden.work import CdpWork, Counters, PdpWork, SdpValues, SdpWork, Work
from cocodla.hw import ATOM, surfaces
from cocodla.program import Execution, Program, WriteRegister
from cocodla.registers import MAP

Streams = Mapping[str, ByteArray]

_ENABLES = {register.address: register.unit for register in MAP if register.name == "D_OP_ENABLE"}


@dataclass(eq=False)
class Inside:
    """All values of one layer. values: of SDP; source: the cube PDP or CDP reads; before: what was where it writes."""

    streams: Streams
    before: Int8Array
    values: SdpValues | None = None
    source: Int8Array | None = None


@dataclass(eq=False)
class Layer:
    """A layer that the golden model has computed.

    number: in the order of computation. name, start: from the Mark in front of the command that enables it. client: of
    mcif, which writes the cube at `address`; result: its atoms (S, H, W, 8). beats: of each stream. reads: addresses of
    the atoms that clients of mcif ask for, in order, where they are those of a cube or a run of bytes. inside: of one
    layer.
    """

    number: int
    kind: str
    name: str
    start: int
    work: SdpWork | PdpWork | CdpWork
    client: str
    address: int
    layout: CubeLayout
    result: Int8Array
    beats: Mapping[str, int]
    reads: Mapping[str, NDArray[np.int64]]
    inside: Inside | None = None

    def __str__(self) -> str:
        return f"layer {self.name or self.number} ({self.kind})"

    def addresses(self) -> NDArray[np.int64]:
        """Address of each atom of the cube, (S * H * W,)."""
        return cube_addresses(self.address, self.layout)


def cube_addresses(address: int, layout: CubeLayout) -> NDArray[np.int64]:
    """Address of each atom of a cube, (S * H * W,)."""
    s, y, x = (np.arange(n, dtype=np.int64) for n in (layout.surfaces, layout.height, layout.width))
    offsets = s[:, None, None] * layout.surface_stride + (y * layout.line_stride)[:, None] + x * ATOM
    return (address + offsets).reshape(-1)


class _Watcher(Device):
    """A Device that notes its layers; of number `wanted` everything."""

    def __init__(self, program: Program, wanted: int | None) -> None:
        super().__init__()
        self.program, self.wanted = program, wanted
        self.layers: list[Layer] = []
        self.enabled: dict[str, list[int]] = defaultdict(list)

    def compute(self, work: Work) -> Counters:
        if not isinstance(work, (SdpWork, PdpWork, CdpWork)):
            return super().compute(work)
        streams, values, source = _streams(work, self)
        address, layout = _target(work)
        before = self.memory.read_cube(address, layout)[0]
        counters = super().compute(work)
        result = self.memory.read_cube(address, layout)[0]
        units = [unit for unit in _units(work) if self.enabled[unit]]
        start = min((self.enabled[unit].pop(0) for unit in units), default=0)
        number = len(self.layers)
        inside = Inside(streams, before, values, source) if number == self.wanted else None
        self.layers.append(
            Layer(
                number, _kind(work), self.program.layer_of(start), start, work, _units(work)[0].lower(), address,
                layout, result, {name: len(stream) for name, stream in streams.items()}, _reads(work, streams), inside,
            )
        )  # fmt: skip
        return counters


def layers_of(program: Program, end: int | None = None, wanted: int | None = None) -> list[Layer]:
    """The layers that the golden model computes before command `end` (default: all); of number `wanted` everything.

    A program that breaks a rule ends there: the layers before it.
    """
    device, execution = _Watcher(program, wanted), Execution("golden")
    for index, command in enumerate(program.commands[:end]):
        if isinstance(command, WriteRegister) and command.address in _ENABLES and command.value & 1:
            device.enabled[_ENABLES[command.address]].append(index)
        try:
            step(device, command, index, execution)
        except UserError:
            break
        if wanted is not None and len(device.layers) > wanted:
            break
    return device.layers


def _units(work: SdpWork | PdpWork | CdpWork) -> tuple[str, ...]:
    """The units whose enabling makes the layer: the one that writes memory first."""
    if isinstance(work, SdpWork):
        return ("PDP", "SDP") if work.pool else ("SDP",)
    return ("PDP",) if isinstance(work, PdpWork) else ("CDP",)


def _kind(work: SdpWork | PdpWork | CdpWork) -> str:
    if not isinstance(work, SdpWork):
        return _units(work)[0]
    return ("convolution" if work.convolution else "SDP") + (" with PDP" if work.pool else "")


def _target(work: SdpWork | PdpWork | CdpWork) -> tuple[int, CubeLayout]:
    if isinstance(work, CdpWork):
        return work.config.address, work.config.destination(work.layout)
    config = work.pool or work.config if isinstance(work, SdpWork) else work.config
    return config.address, config.destination


def _walked(address: int, layout: CubeLayout, order: tuple[int, int, int]) -> NDArray[np.int64]:
    """Addresses of the atoms of a cube in another order than surface, line, column (axes 0, 1, 2)."""
    shape = layout.surfaces, layout.height, layout.width
    return cube_addresses(address, layout).reshape(shape).transpose(order).reshape(-1)


def _reads(work: SdpWork | PdpWork | CdpWork, streams: Streams) -> dict[str, NDArray[np.int64]]:
    if isinstance(work, CdpWork):
        return {"cdp": _walked(work.address, work.layout, (1, 2, 0))}
    if isinstance(work, PdpWork):
        places = cube_addresses(work.address, work.layout).reshape(-1, work.layout.width)
        strips = [places[:, first : first + width] for first, width, _, _ in work.config.strips()]
        return {"pdp": np.concatenate([strip.reshape(-1) for strip in strips])}
    found: dict[str, NDArray[np.int64]] = {}
    if work.convolution:
        cdma = work.convolution.cdma
        found["cdma_wt"] = cdma.weight_address + ATOM * np.arange(len(streams["cbuf_wt"]), dtype=np.int64)
        if cdma.pixel_format is None:
            fetched = len(streams["cbuf_dat"]) > 0
            found["cdma_dat"] = _walked(cdma.address, cdma.layout, (1, 0, 2))[: None if fetched else 0]
    elif work.rdma:
        found["sdp"] = cube_addresses(work.rdma.address, work.rdma.source)
    return found


def _streams(work: SdpWork | PdpWork | CdpWork, device: Device) -> tuple[Streams, SdpValues | None, Int8Array | None]:
    if isinstance(work, SdpWork):
        values = work.values(device.memory, device.cbuf)
        return dict(_sdp_streams(work, values)), values, None
    source = device.memory.read_cube(work.address, work.layout)[0]
    if isinstance(work, CdpWork):
        return {"cdp_rd": _beats(source.transpose(1, 2, 0, 3))}, None, source
    strips = [source[:, :, first : first + width] for first, width, _, _ in work.config.strips()]
    return {"pdp_rd": np.concatenate([_beats(strip) for strip in strips])}, None, source


def _sdp_streams(work: SdpWork, values: SdpValues) -> dict[str, ByteArray]:
    found: dict[str, ByteArray] = {}
    if work.convolution:
        lines, stream = values.lines_fetched, values.weights_fetched
        none = np.empty((0, ATOM), np.uint8)
        found["cbuf_dat"] = none if lines is None else _beats(lines[0])
        found["cbuf_wt"] = none if stream is None else stream[0].reshape(-1, ATOM)
        found["cacc2sdp"] = _beats(values.x.astype("<i4"))
    else:
        found["mrd"] = _beats(values.x.astype(np.int8))
    engines = (work.rdma.bs, work.rdma.bn) if work.rdma else (None, None)
    for name, engine, read in zip("bn", engines, values.operands, strict=True):
        for part, operands, other in (("alu", read.alu, OperandUse.MUL), ("mul", read.mul, OperandUse.ALU)):
            if engine and engine.use is not other and operands is not None:
                found[f"{name}rd_{part}"] = _beats(operands[0].astype("<i2"))
    if work.pool:
        found["sdp2pdp"] = _beats(values.y)
    return found


def used_bytes(work: SdpWork) -> NDArray[np.bool_]:
    """Which bytes of a line of a convolution's input count, (entries, 8): the rest of its entries may hold anything."""
    assert work.convolution is not None
    cdma = work.convolution.cdma
    count = ATOM * cdma.width * surfaces(cdma.channels)
    if cdma.pixel_format is not None:
        count = (cdma.pad_left + cdma.width + cdma.pad_right) * cdma.channels
    return (np.arange(cdma.entries * ATOM) < count).reshape(-1, ATOM)


def _beats(atoms: NDArray[np.generic]) -> ByteArray:
    """(..., 8) of any type -> (beats, bytes)."""
    return np.ascontiguousarray(atoms).reshape(-1, ATOM).view(np.uint8)
