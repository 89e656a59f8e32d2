"""Exported firmware on the RTL: the C driver, compiled for this machine, is the host of a simulation.

Its hooks are pipes to the command player (tb/system/firmware_rtl.c, tb/hdl/sim_player.v).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cocodla.compiler.network import Network
from cocodla.errors import UserError
from cocodla.firmware.folder import FIXED, memory_of
from cocodla.formats import bytes_to_tensor
from cocodla.runtime import rtl
from cocodla.runtime.player import PAGE
from cocodla.sim import project
from cocodla.sim.folders import run_folder
from cocodla.sim.run import new_seed, simulate

WARNINGS = ("-std=c99", "-Wall", "-Wextra", "-Werror")
"""Everything exported compiles without a word under these."""


@dataclass(frozen=True)
class Image:
    """How an image went. result: enum cocodla_result; waits: calls of the wait hook."""

    mode: str
    result: int
    cycles: int
    waits: int


@dataclass(frozen=True)
class FirmwareRun:
    """outputs: int8 codes (images, C, H, W) by the accelerator's tensor. failures: empty if all went well."""

    images: list[Image] = field(default_factory=list)
    outputs: dict[str, np.ndarray] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


def compiler() -> str:
    """The C compiler of this machine; UserError if there is none."""
    found = shutil.which("cc") or shutil.which("gcc")
    if found is None:
        raise UserError("no C compiler (cc or gcc) is on the PATH")
    return found


def compile_c(folder: Path, name: str, main: Path, target: Path, *flags: str) -> None:
    """Link a program with an exported folder's sources; UserError with the compiler's first complaint."""
    sources = [folder / f"{name}.c", *(folder / file for file in FIXED if file.endswith(".c"))]
    words = [compiler(), "-O2", *WARNINGS, *flags, f"-I{folder}", "-o", str(target), str(main), *map(str, sources)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"{main.name} does not compile: {(done.stderr.strip().splitlines() or ['no word why'])[0]}")


def run_on_rtl(
    network: Network,
    folder: Path,
    name: str,
    images: np.ndarray,
    modes: str,
    base: int,
    simulation: rtl.Simulation | None = None,
) -> FirmwareRun:
    """Run the firmware in `folder`, exported of `network` as `name`, for `images` (batch, *shape; uint8 or float32).

    modes: for each image "i" (interrupts) or "p" (polling). base: where its memory is. One simulation runs all.
    """
    simulation = simulation or rtl.Simulation(run_name="firmware")
    first, end = memory_of(network)
    model = rtl.build_model(simulation, -(-(end - first) // PAGE) + 1)
    seed = new_seed() if simulation.seed is None else simulation.seed
    with run_folder(simulation.run_name, model.sim, seed) as place:
        program = _compile(folder, name, place)
        arguments = []
        for index, mode in enumerate(modes):
            (place / f"image{index}").write_bytes(np.ascontiguousarray(images[index]).tobytes())
            arguments += [mode, f"image{index}"]
        constants = (folder / f"{name}.bin").resolve()
        words = [str(program), "commands", "results", hex(base), str(constants), "outputs", *arguments]
        with _beside(words, place) as host:
            outcome = simulate(
                model, ["test_program"], place, seed=seed, path=[project.root() / "tb" / "system"],
                env=rtl.WAITING, plusargs=["+commands=commands", "+results=results", *rtl.plusargs(simulation, seed)],
            )  # fmt: skip
            try:
                told, complaint = host.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                return FirmwareRun(failures=[outcome.error or "the host program does not end"])
        failures = [text for text in (outcome.error, complaint.strip()) if text]
        failures += [line[2:] for line in told.splitlines() if line[:2] in ("F ", "H ")]
        if host.returncode and not failures:
            failures.append(f"the host program ended with status {host.returncode}")
        return FirmwareRun(_images(told), _outputs(network, place / "outputs", len(modes)), failures)


def _compile(folder: Path, name: str, place: Path) -> Path:
    program = place / "firmware_rtl"
    facts = {
        "HEADER": f'"{name}.h"', "NETWORK": f"{name}_network", "INPUT": f"{name}_input", "SLOTS": f"{name}_outputs",
        "SLOT_COUNT": f"{name.upper()}_OUTPUTS",
    }  # fmt: skip
    defines = [f"-D{macro}={value}" for macro, value in facts.items()]
    source = project.root() / "tb" / "system" / "firmware_rtl.c"
    compile_c(folder, name, source, program, "-D_POSIX_C_SOURCE=200809L", *defines)
    return program


@contextlib.contextmanager
def _beside(words: Sequence[str], place: Path) -> Iterator[subprocess.Popen[str]]:
    """The host program while the simulator runs; it does not outlive it."""
    for pipe in ("commands", "results"):
        os.mkfifo(place / pipe)
    host = subprocess.Popen(words, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield host
    finally:
        if host.poll() is None:
            host.kill()
            host.wait()


def _images(told: str) -> list[Image]:
    rows = (line.split()[1:] for line in told.splitlines() if line.startswith("image "))
    return [Image(mode, *map(int, numbers)) for mode, *numbers in rows]


def _outputs(network: Network, path: Path, count: int) -> dict[str, np.ndarray]:
    """What is in the output slots; nothing where the file is cut off."""
    tensors = [network.tensors[name] for name in network.fetched]
    data = np.frombuffer(path.read_bytes() if path.exists() else b"", np.uint8)
    if data.size != count * sum(tensor.size for tensor in tensors):
        return {}
    rows, at, found = data.reshape(count, -1), 0, {}
    for tensor in tensors:
        found[tensor.name] = bytes_to_tensor(np.ascontiguousarray(rows[:, at : at + tensor.size]), tensor.layout)
        at += tensor.size
    return found
