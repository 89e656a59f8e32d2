"""Running loadables: images in, tasks on golden model, RTL and CPU, outputs held against each other and a golden."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cocodla.errors import UserError
from cocodla.files.images import load_images, load_inputs
from cocodla.files.inputs import read_input
from cocodla.files.pictures import SUFFIXES
from cocodla.golden import Device, run
from cocodla.loadable.emu import EmuTask
from cocodla.loadable.images import HALF, PIXELS, Preparation, from_pixels, read_dimg, read_text
from cocodla.loadable.network import LoadedNetwork
from cocodla.loadable.ports import Port
from cocodla.program import Execution, Mismatch, Program, compare
from cocodla.program.commands import CheckMemory
from cocodla.runtime import rtl
from cocodla.runtime.traces import program_cycles

Inputs = Mapping[str, bytes]
"""Bytes of each input's buffer, by name."""


@dataclass
class LoadableRun:
    """What came of one image.

    buffers: bytes of each output by name. tensors: memory contents that RTL and golden model were compared in;
    mismatches: those that differ. cycles: from the first D_OP_ENABLE to the last interrupt, of all stages.
    """

    buffers: dict[str, bytes]
    mismatches: list[Mismatch] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    tensors: int = 0
    cycles: int = 0
    waves: list[Path] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not self.mismatches and not self.failures


def run_image(
    network: LoadedNetwork,
    inputs: Inputs,
    simulation: rtl.Simulation | None = None,
    observe: Callable[[Program, Execution], None] | None = None,
) -> LoadableRun:
    """One image through all tasks: on the golden model, with `simulation` on the RTL as well.

    UserError for a task that breaks a rule of the hardware. observe: is shown each run on the RTL.
    """
    memory, found = network.memory(inputs), LoadableRun({})
    for stage in network.stages:
        if isinstance(stage, EmuTask):
            stage.run(memory)
            continue
        program, device = stage.program(network.name, memory), Device()
        device.memory = memory
        golden = run(program, device)
        if simulation is not None:
            _on_rtl(program, golden, simulation, found, observe)
    found.buffers = {port.name: memory.dump(port.address, port.size) for port in network.outputs}
    return found


def _on_rtl(
    program: Program, golden: Execution, simulation: rtl.Simulation, found: LoadableRun,
    observe: Callable[[Program, Execution], None] | None,
) -> None:  # fmt: skip
    execution = rtl.run(program, simulation)
    found.failures += execution.failures
    found.mismatches += compare(program, golden, execution)
    found.tensors += sum(isinstance(command, CheckMemory) for command in program)
    found.cycles += max(program_cycles(program, execution), 0)
    if execution.waves:
        found.waves.append(execution.waves)
    if observe:
        observe(program, execution)


# -- inputs ------------------------------------------------------------------------------------


def read_inputs(
    network: LoadedNetwork, paths: Sequence[Path], resize: bool, count: int | None,
    preparation: Preparation | None = None,
) -> list[Inputs]:  # fmt: skip
    """The buffers of each image; one of nothing for a loadable without inputs. UserError for what does not fit.

    paths: pictures, a folder of them, arrays (uint8: pixels; int8: codes; floats for half precision), .dimg files, .bin
    files of whole buffers. preparation: of pixels for half precision.
    """
    if not network.inputs:
        if paths:
            raise UserError(f"{paths[0]}: {network.name} takes no input: what it reads is in the loadable")
        return [{}]
    if not paths:
        shapes = ", ".join(f"{port.name} ({' x '.join(map(str, port.form.shape))})" for port in network.inputs)
        raise UserError(f"{network.name} takes an input: {shapes}; --input gives it")
    found: list[Inputs]
    if len(network.inputs) > 1:
        arrays = load_inputs(paths, [(port.name, port.form.shape) for port in network.inputs])
        parts = {port.name: _fit(arrays[port.name], port, paths[0], preparation) for port in network.inputs}
        images = min(len(values) for values in parts.values())
        found = [{port.name: _packed(parts[port.name][n], port) for port in network.inputs} for n in range(images)]
    else:
        found = [{network.inputs[0].name: data} for data in _images(network.inputs[0], paths, resize, preparation)]
    return found[:count]


def _images(
    port: Port, paths: Sequence[Path], resize: bool, preparation: Preparation | None
) -> list[bytes]:  # fmt: skip
    raw = [path for path in paths if path.suffix.lower() in (".dimg", ".bin")]
    if raw and len(raw) < len(paths):
        raise UserError(f"{raw[0]}: inputs are of one kind")
    if raw:
        if preparation is not None:
            raise UserError(f"{raw[0]}: mean and normalize are for pixels")
        return [_whole(path, port) for path in raw]
    images = load_images(paths, port.form.shape, resize)
    pictures = all(path.is_dir() or path.suffix.lower() in SUFFIXES for path in paths)
    found = []
    for index in range(len(images)):
        values = images[index : index + 1][0]
        if pictures and port.form.channels == 3 and port.form.pixel_format not in PIXELS:
            values = values[::-1]  # the public application hands colours over as B, G, R
        found.append(_packed(_codes(values, port, paths[0], preparation), port))
    return found


def _whole(path: Path, port: Port) -> bytes:
    """A .dimg's elements, or the bytes of a buffer."""
    if path.suffix.lower() == ".dimg":
        values = read_dimg(path)
        if values.shape != port.form.shape:
            raise UserError(f"{path}: {_text(values.shape)} elements, input {port.name} has {_text(port.form.shape)}")
        if (values.dtype == np.float16) != (port.form.data_type == HALF):
            raise UserError(f"{path}: holds {values.dtype}, input {port.name} has {port.form.dtype}")
        return _packed(values.view(port.form.dtype), port)
    data = read_input(path)
    if len(data) != port.size:
        raise UserError(f"{path}: {len(data):,} bytes, the buffer of input {port.name} has {port.size:,}")
    return data


def _fit(values: NDArray[Any], port: Port, path: Path, preparation: Preparation | None) -> NDArray[Any]:
    """An array as (images, channels, height, width) of codes."""
    batch = values[None] if values.shape == port.form.shape else values
    if batch.shape[1:] != port.form.shape:
        raise UserError(f"{path}: {port.name}: holds {_text(values.shape)}, wanted is N x {_text(port.form.shape)}")
    return _codes(batch, port, path, preparation)


def _codes(values: NDArray[Any], port: Port, path: Path, preparation: Preparation | None) -> NDArray[Any]:
    """Elements as the port has them: pixels made so, codes or numbers as they are."""
    if values.dtype == np.uint8:
        try:
            return from_pixels(values, port.form, preparation)
        except UserError as error:
            raise UserError(f"{path}, input {port.name}: {error}") from None
    if preparation is not None:
        raise UserError(f"{path}: holds {values.dtype}; mean and normalize are for pixels")
    if port.form.data_type == HALF and np.issubdtype(values.dtype, np.floating):
        with np.errstate(over="ignore"):
            return values.astype(np.float16)
    if port.form.data_type == HALF or values.dtype != np.int8:
        taken = "numbers (floats)" if port.form.data_type == HALF else "codes (int8)"
        raise UserError(f"{path}: holds {values.dtype}; pixels (uint8) or {taken} are taken")
    return values


def _packed(values: NDArray[Any], port: Port) -> bytes:
    return port.form.pack(values, port.size)


# -- outputs -----------------------------------------------------------------------------------


def elements(network: LoadedNetwork, runs: Sequence[LoadableRun]) -> dict[str, NDArray[Any]]:
    """The outputs (images, channels, height, width) by name, as the public application reads them."""
    return {
        port.name: np.stack([port.form.unpack(run.buffers[port.name]) for run in runs]) for port in network.outputs
    }


@dataclass(frozen=True)
class Expected:
    """A golden of the first output. values: its elements; data: the first bytes of its buffer."""

    path: Path
    values: NDArray[Any] | None = None
    data: bytes = b""

    def difference(self, port: Port, run: LoadableRun) -> str:
        """What differs, in words; empty if nothing does."""
        buffer = run.buffers[port.name]
        if self.values is None:
            ours, theirs = np.frombuffer(buffer[: len(self.data)], np.int8), np.frombuffer(self.data, np.int8)
        else:
            ours, theirs = port.form.unpack(buffer), self.values
        bits = f"u{ours.dtype.itemsize}"  # NaN is NaN
        places = np.argwhere(ours.view(bits) != theirs.view(bits))
        if not len(places):
            return ""
        first = tuple(int(part) for part in places[0])
        named = f"byte {first[0]:#x}" if self.values is None else "channel {}, line {}, column {}".format(*first)
        return (
            f"output {port.name}, {named}: expected {theirs[first]}, got {ours[first]} "
            f"({len(places):,} of {ours.size:,} differ from {self.path})"
        )


def read_expected(path: Path, port: Port) -> Expected:
    """The golden in a .dimg, an .npy, decimal text (.txt), or a file of the buffer's first bytes; UserError for one of
    another size.
    """
    if path.suffix.lower() == ".txt":
        return Expected(path, read_text(path, port.form))
    if path.suffix.lower() not in (".dimg", ".npy"):
        data = read_input(path)
        if not 0 < len(data) <= port.size:
            raise UserError(f"{path}: {len(data):,} bytes, the buffer of output {port.name} has {port.size:,}")
        return Expected(path, None, data)
    values = read_dimg(path) if path.suffix.lower() == ".dimg" else load_images([path], port.form.shape)[:1][0]
    if values.shape != port.form.shape or values.dtype.itemsize != port.form.dtype.itemsize:
        told = f"{_text(values.shape)} {values.dtype}"
        raise UserError(f"{path}: {told}, output {port.name} has {_text(port.form.shape)} {port.form.dtype}")
    return Expected(path, values.view(port.form.dtype))


def _text(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))
