"""Damaged traces, logs, pictures, arrays, labels and file lists, and what reads them."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cocodla.datasets import digits
from cocodla.files.images import load_images, load_inputs, load_labels
from cocodla.program.commands import CheckMemory, LoadMemory, WaitInterrupt, WriteRegister
from cocodla.program.platform_log import read_platform_log
from cocodla.program.program import Program
from cocodla.program.trace import read_trace
from cocodla.program.txn import read_txn, write_txn
from cocodla.registers import MAP
from cocodla.runtime.scoreboard import Scoreboard
from cocodla.sim.filelist import read_file_list
from cocodla.stimulus.program import build_program, random_plan
from cocodla.stimulus.sequencer import Sequencer

from .archives import damaged_bytes, damaged_members, damaged_sizes
from .texts import damaged_text
from .trial import Damage

Entry = tuple[str, Iterable[Damage], Callable[[Path], object], str]
"""Name, damages, what reads a damaged file, and the file's suffix."""

COUNT = 2000
"""Random damages of each sample."""
SHAPE = (3, 9, 8)


def golden(program: Program) -> object:
    """What a program leaves on the golden model."""
    return Scoreboard(program).golden_failures


# -- traces and logs ---------------------------------------------------------------------------


def layer(folder: Path) -> list[WriteRegister]:
    """The register writes of a layer of PDP; its data are in in.dat and in.bin, at `base`."""
    made = build_program(random_plan(11, 1, ["pdp"], 8)).layers[0]
    data = made.loads[0].data
    records = (data[place : place + 32] for place in range(0, len(data), 32))
    lines = (
        f"{{offset:{32 * number:#x}, size:{len(part)}, payload:{' '.join(f'{byte:#04x}' for byte in part)}}} ,"
        for number, part in enumerate(records)
    )
    (folder / "in.dat").write_text("{\n" + "\n".join(lines) + "\n}\n")
    (folder / "in.bin").write_bytes(data)
    (folder / "base").write_text(f"{made.loads[0].address:#x} {made.address:#x} {made.layout.size}")
    return [command for command in Sequencer().enable(made.words)[0] if isinstance(command, WriteRegister)]


def trace_text(folder: Path, surface: str = "in.dat") -> bytes:
    """A trace with every kind of command."""
    writes = layer(folder)
    source, target, size = (folder / "base").read_text().split()
    lines = [
        "// a trace", f"mem_init(pri_mem, {target}, {size}, ALL_ZERO);", f'mem_load(pri_mem, {source}, "{surface}");',
        "mem_init(1, 64, 0x40, RANDOM); // filler", f'mem_init(1, 0x80, "{surface}", ADDR);', "mem_reserve(1, 0, 64);",
        'mem_init(1, 0xc0, 16, ONES, done);', "mem_release(1, 0, done);",
        *(f"reg_write(NVDLA_{MAP.at(c.address).unit}.{MAP.at(c.address).name}_0, {c.value:#x});" for c in writes),
        "poll_reg_equal(NVDLA_CDMA.S_CBUF_FLUSH_STATUS_0, 0x1);", "reg_read(NVDLA_SDP.S_STATUS_0, x);",
        "reg_read_check(NVDLA_SDP.S_STATUS_0, 0);", "intr_notify(PDP_0, done);", "sync_wait(GLB, done);",
        "sync_notify(NVDLA_GLB, end);", f"check_crc(done, 1, {target}, {size}, 0x12345678);", "check_nothing(end);",
        f'check_file(end, 1, {source}, 8, "small.dat");', "",
    ]  # fmt: skip
    (folder / "small.dat").write_text("{offset:0, size:4, payload:0x1 0x2}\n")
    return "\n".join(lines).encode()


def log_texts(folder: Path) -> dict[str, bytes]:
    """A register log, its memory list and its expected output."""
    writes = layer(folder)
    source, target, size = (folder / "base").read_text().split()
    status = MAP["GLB.S_INTR_STATUS"].address
    log = [f"write_reg {command.address:#x} {command.value:#x}" for command in writes]
    log += [f"read_reg {status:#x} 0xffffffff 0x10  # wait", "read_reg 0x300c 0xffffffff 1"]
    log += [f"write_reg {status:#x} 16", ""]
    memory = f"# image\nmem_fill {target} {size} 0\nmem_fill 0x100 0x20 255\nmem_load {source} in.bin\n"
    return {".txn": "\n".join(log).encode(), ".txt": memory.encode(), ".hex": f"{target} 0102 03\n0x0 00\n".encode()}


def _traces(folder: Path) -> Iterator[Entry]:
    text = trace_text(folder)
    yield "scripts", damaged_text(text, COUNT, 1), lambda path: golden(read_trace(path)), ".cfg"
    (folder / "whole.cfg").write_bytes(trace_text(folder, "damaged.dat"))
    surface = damaged_text((folder / "in.dat").read_bytes(), COUNT, 2)
    yield "surfaces", surface, lambda path: golden(read_trace(path.with_name("whole.cfg"))), ".dat"


def _logs(folder: Path) -> Iterator[Entry]:
    texts = log_texts(folder)
    names = {suffix: folder / f"whole{suffix}" for suffix in texts}
    for suffix, text in texts.items():
        names[suffix].write_bytes(text)

    def read(path: Path) -> object:
        chosen = {**names, path.suffix: path}
        return golden(read_txn(chosen[".txn"], chosen[".txt"], chosen[".hex"]))

    for number, (suffix, name) in enumerate(((".txn", "logs"), (".txt", "memory lists"), (".hex", "expected bytes"))):
        yield name, damaged_text(texts[suffix], COUNT, 3 + number), read, suffix
    program = read_txn(names[".txn"], names[".txt"], names[".hex"])
    write_txn(program, folder / "written.txn")
    damages = damaged_text((folder / "written.txn").read_bytes(), COUNT, 6)
    yield "written logs", damages, lambda path: golden(read_txn(path)), ".txn"
    text = platform_text(program)
    yield "platform logs", damaged_text(text, COUNT, 7), lambda path: golden(read_platform_log(path)), ".log"


def platform_text(program: Program) -> bytes:
    """What the virtual platform would log of a program: registers, and memory that it reads and writes."""
    head, tail = "1 ms: Info: nvdla.{}_adaptor: GP: iswrite={} addr={:#x} len={} data=0x", "resp=TLM_OK_RESPONSE"
    lines = ["2 ms: Info: nvdla.irq_adaptor: IRQ: irq_line=176 value=1"]
    for command in program:
        if isinstance(command, WriteRegister):
            lines.append(f"{head.format('csb', 1, command.address, 4)} {command.value:08x} {tail}")
        elif isinstance(command, WaitInterrupt):
            lines.append(f"{head.format('csb', 0, MAP['GLB.S_INTR_STATUS'].address, 4)} {command.bits:08x} {tail}")
        elif isinstance(command, LoadMemory | CheckMemory):
            data = command.data if isinstance(command, LoadMemory) else command.expected or b""
            words = [f"{int.from_bytes(data[n : n + 4], 'little'):08x}" for n in range(0, len(data) // 4 * 4, 4)]
            kind = int(isinstance(command, CheckMemory))
            lines.append(f"{head.format('dbb', kind, command.address, 4 * len(words))} {' '.join(words)} {tail}")
    return "\n".join([*lines, ""]).encode()


# -- pictures, arrays, labels ------------------------------------------------------------------


def picture(suffix: str, mode: str = "RGB", **options: str) -> bytes:
    """A small picture of many colours; options: of Pillow."""
    pixels = np.random.default_rng(3).integers(0, 256, (SHAPE[1], SHAPE[2], 3)).astype(np.uint8)
    file = io.BytesIO()
    kind = {"jpg": "JPEG", "tif": "TIFF"}.get(suffix, suffix.upper())
    Image.fromarray(pixels).convert(mode).save(file, kind, **options)
    return file.getvalue()


def _pictures(folder: Path) -> Iterator[Entry]:
    def read(path: Path) -> object:
        return load_images([path], SHAPE, resize=True)[:]

    samples = [("png", "RGB"), ("png", "P"), ("png", "1"), ("png", "LA"), ("jpg", "CMYK"), ("gif", "RGB")]
    samples += [("bmp", "RGB"), ("ppm", "RGB"), ("tif", "RGB"), ("webp", "RGB")]
    for number, (suffix, mode) in enumerate(samples):
        damages = damaged_bytes(picture(suffix, mode), COUNT // 4, 20 + number)
        yield f"{suffix} {mode}", damages, read, f".{suffix}"
    for number, packed in enumerate(("tiff_lzw", "jpeg", "tiff_deflate", "group4")):
        whole = picture("tif", "1" if packed == "group4" else "RGB", compression=packed)
        yield f"tif {packed}", damaged_bytes(whole, COUNT // 4, 35 + number), read, ".tif"


def _array() -> np.ndarray:
    return np.random.default_rng(4).integers(0, 256, (4, *SHAPE)).astype(np.uint8)


def saved(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def _arrays(folder: Path) -> Iterator[Entry]:
    plain, real = saved(_array()), saved(np.asfortranarray(_array().astype(">f4")))
    members = {"x.npy": plain, "y.npy": saved(np.zeros((4, 5), np.float32))}
    archive = io.BytesIO()
    np.savez_compressed(archive, x=_array(), y=np.zeros((4, 5), np.float32))
    packed = archive.getvalue()

    def read(path: Path) -> object:
        return load_images([path, path], SHAPE)[:]

    def read_parts(path: Path) -> object:
        return load_inputs([path], [("x", SHAPE), ("y", (5,))])

    yield "npy", chain(damaged_bytes(plain[:200], COUNT // 2, 40), damaged_bytes(plain, COUNT // 2, 41)), read, ".npy"
    yield "npy headers", _headers(real), read, ".npy"
    damages = chain(damaged_members(members), damaged_sizes(packed), damaged_bytes(packed, COUNT, 42))
    yield "npz", damages, read_parts, ".npz"


def _headers(whole: bytes) -> Iterator[Damage]:
    """An .npy file with its header's text damaged, its length kept or told anew."""
    length = int.from_bytes(whole[8:10], "little")
    for name, text in damaged_text(whole[10 : 10 + length], COUNT, 43):
        yield name, whole[:8] + (len(text) & 0xFFFF).to_bytes(2, "little") + text + whole[10 + length :]
        yield f"{name} fit", whole[:10] + text.ljust(length)[:length] + whole[10 + length :]


def idx(array: np.ndarray) -> bytes:
    return b"\0\0\x08" + bytes([array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def _idx(folder: Path) -> Iterator[Entry]:
    def read(path: Path) -> object:
        return load_images([path], SHAPE)[:]

    whole, drawn = idx(_array()), idx(np.zeros((3, 28, 28), np.uint8))
    yield "digits", damaged_bytes(drawn, COUNT, 54), lambda path: digits([path], 3, 1), ".idx"
    yield "idx", chain(damaged_bytes(whole[:24], COUNT, 50), damaged_bytes(whole, COUNT, 51)), read, "-idx3"
    yield "idx.gz", damaged_bytes(gzip.compress(whole), COUNT, 52), read, ".gz"
    yield "cifar", damaged_bytes(bytes(2 * 3073), 50, 53), lambda path: load_images([path], (3, 32, 32))[:], ".bin"


def _labels(folder: Path) -> Iterator[Entry]:
    def read(path: Path) -> object:
        return load_labels(path, 3, first=True)

    yield "text", damaged_text(b"1, 2, 3\n4 5\t6\n", COUNT, 60), read, ".txt"
    yield "npy", damaged_bytes(saved(np.arange(9)), COUNT, 61), read, ".npy"
    yield "idx", damaged_bytes(idx(np.arange(9).astype(np.uint8)), COUNT, 62), read, "-idx1"


# -- file lists --------------------------------------------------------------------------------


def _file_lists(folder: Path) -> Iterator[Entry]:
    (folder / "inc").mkdir(exist_ok=True)
    for name in ("a.v", "b c.v"):
        (folder / name).touch()
    (folder / "more.f").write_text("a.v\n")
    text = b"# list\n+incdir+inc+.\n+define+X=3+Y\na.v // first\n-f more.f\nb c.v\n$PWD/none.v\n"
    good = text.replace(b"$PWD/none.v\n", b"")
    yield "lists", chain(damaged_text(text, COUNT // 4, 70), damaged_text(good, COUNT, 71)), read_file_list, ".f"


ALL: dict[str, Callable[[Path], Iterator[Entry]]] = {
    "traces": _traces, "logs": _logs, "pictures": _pictures, "arrays": _arrays, "idx": _idx, "labels": _labels,
    "lists": _file_lists,
}  # fmt: skip
