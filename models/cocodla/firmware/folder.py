"""A compiled network as a folder of C: sequence, slots, driver, packing, host program, memory image."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from cocodla.compiler.hardware.allocate import ALIGNMENT
from cocodla.compiler.hardware.emit import emit
from cocodla.compiler.network import Network
from cocodla.errors import UserError
from cocodla.firmware import names, sequence, slots

_FOLDER = Path(__file__).parent / "c"
FIXED = ("cocodla_driver.h", "cocodla_driver.c", "cocodla_pack.h", "cocodla_pack.c")
"""Files that are the same for every network."""
MOST_ARRAY = 64 << 20
"""Bytes of an image that may become a C array: compilers need a hundred times as much."""
_WORD = 8
"""Bytes of a line of the .hex file: a beat of the memory."""


@dataclass(frozen=True)
class Exported:
    """What was written. Sizes in bytes; steps: words of the register sequence. host: outputs that the host makes."""

    name: str
    files: tuple[str, ...]
    image: int
    memory: int
    steps: int
    host: tuple[str, ...]


def export(network: Network, folder: Path, name: str, array: bool = False) -> Exported:
    """Write the folder, whole or not at all.

    name: a C identifier, that of files and constants. array: the memory image as C, too. UserError for a network that
    needs the host between its layers, and for a folder that cannot be written or has something in it.
    """
    check(network, folder, array)
    names.identifier(name)
    folder = folder.resolve()
    facts = _facts(network, name, array)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    try:
        temporary.mkdir()
        for file, write in _files(network, facts).items():
            write(temporary / file)
        written = tuple(sorted(path.name for path in temporary.iterdir()))
        temporary.replace(folder)
    except OSError as error:
        raise UserError(f"{folder}: cannot be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return Exported(name, written, facts["image_size"], facts["memory_size"], facts["length"], facts["host"])


def check(network: Network, folder: Path, array: bool = False) -> None:
    """UserError for what cannot be exported, or not to this place."""
    if network.steps or network.stages > 1:
        made = ", ".join(repr(step.output) for step in network.steps[:3]) + ", ..." * (len(network.steps) > 3)
        raise UserError(
            f"{network.name}: the host makes {made} between its layers, in {network.stages} stages; firmware has no "
            "host: it runs networks of one stage"
        )
    if array and len(network.memory) > MOST_ARRAY:
        raise UserError(f"{network.name}: {len(network.memory):,} bytes are too many for a C array ({MOST_ARRAY:,})")
    if not folder.parent.is_dir():
        raise UserError(f"{folder}: its folder does not exist")
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise UserError(f"{folder}: exists and is no folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise UserError(f"{folder}: exists and is not empty; firmware gets a folder of its own")


def memory_of(network: Network) -> tuple[int, int]:
    """First and last + 1 address of what one image needs: constants, then the tensors of the first image in flight."""
    addresses = network.tensors[network.input.tensor].addresses
    return network.memory_base, addresses[1] if len(addresses) > 1 else network.memory_end


def sections_of(network: Network) -> list[sequence.Section]:
    """The register sequence for one image."""
    nothing = np.zeros((1, network.tensors[network.input.tensor].size), np.uint8)
    return sequence.sections_of(emit(network, nothing, tensors=()), memory_of(network))


def _facts(network: Network, name: str, array: bool) -> dict[str, Any]:
    """What the templates know."""
    first, end = memory_of(network)
    sections = sections_of(network)
    given = slots.slot(network.tensors[network.input.tensor], first)
    outputs = [slots.slot(network.tensors[tensor], first) for tensor in network.fetched]
    host = tuple(output.name for output in network.outputs if output.tensor is None)
    title = f"{name}: network {network.name!r}, compiled by cocodla"
    return {
        "name": name, "network": network.name, "title": names.c_comment(title), "array": array, "parts": sections,
        "length": len(sequence.words_of(sections)), "units": sequence.units_of(sections),
        "memory_size": end - first, "image_size": len(network.memory), "alignment": ALIGNMENT,
        "input": given, "values": slots.values(network), "maps": slots.maps(network), "outputs": outputs, "host": host,
        "codes": slots.codes(network), "remarks": _remarks(network, given, outputs, host),
    }  # fmt: skip


def _remarks(
    network: Network, given: dict[str, Any], outputs: list[dict[str, Any]], host: tuple[str, ...]
) -> list[str]:
    """The head of net.h."""
    lines = ["Input", f"  {slots.description(given, network.input.shape)}"]
    lines += [f"  {network.input.codes} codes: cocodla_pack_codes"] if network.input.codes else []
    lines += ["Outputs"]
    shapes = network.fetched.values()
    lines += [f"  {slots.description(slot, shape)}" for slot, shape in zip(outputs, shapes, strict=True)]
    if host:
        lines.append(f"Left to the host, which makes them of the outputs: {', '.join(host)}")
    if network.images_in_flight > 1:
        lines.append("One image a call; the simulator's program keeps two in flight.")
    return [part for line in lines for part in textwrap.wrap(names.c_comment(line), 112, subsequent_indent="    ")]


def _files(network: Network, facts: dict[str, Any]) -> dict[str, Callable[[Path], object]]:
    """What writes each file."""
    name = facts["name"]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER), undefined=jinja2.StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True, autoescape=False,
    )  # fmt: skip
    for made in (names.c_string, names.c_comment, names.c_word, names.c_double, names.c_doubles, names.c_list):
        environment.filters[made.__name__] = made

    def render(template: str) -> Callable[[Path], object]:
        return lambda path: path.write_text(environment.get_template(template).render(facts), encoding="ascii")

    def copy(file: str) -> Callable[[Path], object]:
        return lambda path: shutil.copyfile(_FOLDER / file, path)

    files: dict[str, Callable[[Path], object]] = {file: copy(file) for file in FIXED}
    files |= {f"{name}.{kind}": render(f"net.{kind}.j2") for kind in "hc"}
    files |= {"Makefile": render("Makefile.j2"), f"{name}_host.c": render("host.c.j2")}
    files[f"{name}.bin"] = lambda path: path.write_bytes(network.memory)
    files[f"{name}.hex"] = lambda path: _write_hex(path, network.memory)
    if facts["array"]:
        files[f"{name}_image.c"] = lambda path: _write_array(path, name, network.memory)
    return files


def _write_hex(path: Path, data: bytes) -> None:
    """For $readmemh: a 64-bit word a line, word 0 at the base."""
    words = np.frombuffer(data.ljust(-(-len(data) // _WORD) * _WORD, b"\0"), "<u8")
    with path.open("w", encoding="ascii") as file:
        file.write("// 64-bit words, little-endian: byte 0 of the image is bits 7..0 of word 0, which is at the base\n")
        file.writelines(f"{word:016x}\n" for word in words.tolist())


def _write_array(path: Path, name: str, data: bytes) -> None:
    with path.open("w", encoding="ascii") as file:
        file.write(f'#include "{name}.h"\n\nconst uint8_t {name}_image[] = {{\n')
        for start in range(0, len(data), 24):
            file.write("    " + ",".join(map(str, data[start : start + 24])) + ",\n")
        file.write("};\n" if data else "    0};\n")
