"""Traces and register logs of one small layer, for the tests of the command that runs them."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

from cocodla.golden import Device
from cocodla.golden.config import SdpConfig, SdpRdmaConfig
from cocodla.golden.encode import encode_sdp, encode_sdp_rdma, merge
from cocodla.program import WriteRegister
from cocodla.registers import MAP
from cocodla.sim import project
from cocodla.stimulus.program import build_program, random_plan
from cocodla.stimulus.sequencer import Sequencer

STANDIN = project.root() / "tb" / "hdl" / "standin" / "files.f"

LAYER = build_program(random_plan(11, 1, ["pdp"], 8)).layers[0]
"""One PDP layer from memory to memory."""


def registers() -> list[tuple[str, int]]:
    return [
        (f"NVDLA_{MAP.at(c.address).unit}.{MAP.at(c.address).name}_0", c.value)
        for c in Sequencer().enable(LAYER.words)[0]
        if isinstance(c, WriteRegister)
    ]


def expected() -> bytes:
    """What the layer leaves at its output."""
    device = Device()
    for load in LAYER.loads:
        device.memory.load(load.address, load.data)
    for command in Sequencer().enable(LAYER.words)[0]:
        if isinstance(command, WriteRegister):
            device.write_register(command.address, command.value)
    device.run_all()
    return device.memory.dump(LAYER.address, LAYER.layout.size)


def write_trace(folder: Path, name: str, change: Callable[[str], str] = lambda text: text, check: str = "") -> Path:
    """A trace of the layer. change: applied to its script. check: in place of its CRC check."""
    target = folder / name
    target.mkdir(parents=True)
    lines = []
    for number, load in enumerate(LAYER.loads):
        payload = " ".join(f"{byte:#04x}" for byte in load.data)
        text = f"{{offset:0x0, size:{len(load.data)}, payload:{payload}}} ,\n"
        (target / f"in{number}.dat").write_text(text)
        lines.append(f'mem_load(pri_mem, {load.address:#x}, "in{number}.dat");')
    lines += [f"reg_write({register}, {value:#x});" for register, value in registers()]
    size = LAYER.layout.size
    crc = f"check_crc(done, 1, {LAYER.address:#x}, {size:#x}, {zlib.crc32(expected()):#x});"
    lines += ["intr_notify(PDP_0, done);", check or crc, ""]
    (target / f"{name}.cfg").write_text(change("\n".join(lines)))
    return target


def write_log(folder: Path, name: str, output: bytes | None = None) -> Path:
    """The same layer as a register log with its memory image."""
    target = folder / name
    target.mkdir(parents=True)
    image = []
    for number, load in enumerate(LAYER.loads):
        (target / f"m{number}.bin").write_bytes(load.data)
        image.append(f"mem_load {load.address:#x} m{number}.bin")
    (target / "memory.txt").write_text("\n".join([*image, f"mem_fill {LAYER.address:#x} {LAYER.layout.size} 0"]))
    writes = [
        f"write_reg {c.address:#x} {c.value:#x}"
        for c in Sequencer().enable(LAYER.words)[0]
        if isinstance(c, WriteRegister)
    ]
    status, mask = MAP["GLB.S_INTR_STATUS"].address, MAP["GLB.S_INTR_MASK"].address
    reads = [
        f"read_reg {mask:#x} 0xffffffff 0",
        f"read_reg {status:#x} 0xffffffff 0x10  # wait",
        f"write_reg {status:#x} 0x10",
    ]
    (target / f"{name}.txn").write_text("\n".join([*writes, *reads, f"read_reg {status:#x} 0x10 0", ""]))
    if output is not None:
        (target / "expected_output.txt").write_text(f"# output\n{LAYER.address:#x} {output.hex(' ', 2)}\n")
    return target


def copy_trace(folder: Path, crc_of: bytes) -> Path:
    """16 atoms from place to place by SDP, which is what the stand-in can do, with the CRC of some bytes."""
    source, target, size = 0x8000_0000, 0x8000_1000, 128
    config = SdpConfig(16, 1, 8, address=target, line_stride=size, surface_stride=size)
    rdma = SdpRdmaConfig(16, 1, 8, True, source, size, size, None, None)
    commands = Sequencer().enable(merge(encode_sdp(config), encode_sdp_rdma(rdma)), reverse=True)[0]
    payload = " ".join(f"{byte:#04x}" for byte in range(size))
    (folder / "copy").mkdir(parents=True)
    (folder / "copy" / "in.dat").write_text(f"{{offset:0, size:{size}, payload:{payload}}}\n")
    lines = [f'mem_load(pri_mem, {source:#x}, "in.dat");', f"mem_init(pri_mem, {target:#x}, {size}, ALL_ZERO);"]
    lines += [
        f"reg_write(NVDLA_{MAP.at(c.address).unit}.{MAP.at(c.address).name}_0, {c.value});"
        for c in commands
        if isinstance(c, WriteRegister)
    ]
    lines += ["intr_notify(SDP_0, end);", f"check_crc(end, 1, {target:#x}, {size}, {zlib.crc32(crc_of)});"]
    (folder / "copy" / "copy.cfg").write_text("\n".join(lines))
    return folder / "copy"
