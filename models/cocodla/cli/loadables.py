"""Loadables of the public NVDLA compiler: load, and what run and inspect do with one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from cocodla.cli.base import command, console, emit
from cocodla.cli.cycles import keep_report
from cocodla.cli.model_options import COUNT, OUTSIDE, RESIZE, address, numbers
from cocodla.errors import UserError
from cocodla.files.outputs import check_target, write_whole

if TYPE_CHECKING:
    from cocodla.loadable.images import Preparation
    from cocodla.loadable.network import LoadedNetwork
    from cocodla.program import Program
    from cocodla.runtime.loadables import LoadableRun
    from cocodla.runtime.rtl import Simulation

_PLACE = re.compile(r"(\d{1,5})=(0[xX][0-9a-fA-F]{1,8}|\d{1,10})")
_MOST_TOLD = 8
"""Broken items of the drivers' checklist that are told."""
_FORMATS = (".dimg", ".npy", ".npz", ".bin", ".txt")
MEAN = typer.Option(
    None, "--mean", help="of pixels for a loadable's input in half precision, taken off first: a number, or R,G,B"
)
NORMALIZE = typer.Option(None, "--normalize", help="what such pixels are divided by then: a number, or R,G,B")


@command
def load(
    source: Path = typer.Argument(help="a loadable, a compiled network, a register log, or a program file"),
    output: Path = typer.Option(..., "-o", "--output", help="a program file, or a register log (.txn, data in .bin)"),
    inputs: list[Path] = typer.Option([], "--input", help="what the network gets: as for run; without it zeros"),
    base: str = typer.Option(
        None, "--base-address", help="where the buffers of a loadable are placed (default: 0x80000000)"
    ),
    place: list[str] = typer.Option([], "--place", help="MEMORY=ADDRESS: a memory of a loadable that is elsewhere"),
    mean: str = MEAN,
    normalize: str = NORMALIZE,
    resize: bool = RESIZE,
    count: int = COUNT,
    outside: bool = OUTSIDE,
) -> None:
    """Make a program of a loadable, a network or a log: register writes, waits and memory, in the driver's order."""
    from cocodla.program.txn import write_txn

    check_target(output, [source, *inputs])
    if output.suffix.lower() == ".txn":
        data = output.with_suffix(".bin")
        check_target(data, [source, *inputs])
        if data.exists() and not output.exists():
            raise UserError(f"{data}: belongs to no {output.name}; the data of the log would replace it")
    prepared = preparation(mean, normalize)
    program = _program(
        source, inputs, address(base) if base else None, _places(place), resize, count, outside, prepared
    )  # fmt: skip
    if output.suffix.lower() == ".txn":
        write_txn(program, output)
    else:
        program.save(output)
    facts = _facts(program)
    console.print(f"written: {output}: " + ", ".join(f"{n:,} {what}" for what, n in facts.items()), highlight=False)
    emit(lambda: {"output": str(output), **facts})


def _program(
    source: Path, inputs: list[Path], base: int | None, places: Mapping[int, int], resize: bool, count: int | None,
    outside: bool, prepared: Preparation | None,
) -> Program:  # fmt: skip
    """The program of a file, whatever it is."""
    from cocodla.compiler import Network
    from cocodla.compiler.network_file import is_network
    from cocodla.program import Program
    from cocodla.program.allowance import Limits
    from cocodla.runtime.loadables import read_inputs
    from cocodla.runtime.traces import find_traces

    loadable = open_if_loadable(source, base, places)
    if loadable is not None:
        if not inputs:
            return loadable.program({})
        images = read_inputs(loadable, inputs, resize, count, prepared)
        if len(images) != 1:
            raise UserError(f"{source}: {len(images)} images; a program of a loadable takes one (--count 1)")
        return loadable.program(images[0])
    if prepared is not None:
        raise UserError(f"{source}: is no loadable: --mean and --normalize do not belong to it")
    if places or base is not None:
        raise UserError(f"{source}: is no loadable: --place and --base-address do not belong to it")
    if is_network(source):
        return _network_program(Network.load(source), inputs, resize, count)
    if inputs or resize or count is not None:
        raise UserError(f"{source}: takes no input: its program is complete")
    if source.suffix.lower() in (".txn", ".cfg", ".log"):
        return find_traces(source)[0].read(Limits(outside=outside))
    return Program.load(source)


def _network_program(network: Any, inputs: list[Path], resize: bool, count: int | None) -> Program:
    """The program of a compiled network for some images."""
    from cocodla.cli.model_options import loader

    if not inputs:
        raise UserError(f"{network.name}: --input is missing: pictures, an .npy, IDX or CIFAR-10 file")
    images = loader(inputs, resize, count)(network.input.shape, network.input.parts)
    program: Program = network.program(images[:])
    return program


def preparation(mean: str | None, normalize: str | None) -> Preparation | None:
    """What --mean and --normalize say; None if they are not given."""
    from cocodla.loadable.images import Preparation

    given = {"mean": numbers(mean, "--mean"), "normalize": numbers(normalize, "--normalize")}
    named = {name: tuple(found) for name, found in given.items() if found is not None}
    return Preparation(**named) if named else None


def _places(texts: Sequence[str]) -> dict[int, int]:
    """Addresses of memories by number."""
    found = {}
    for text in texts:
        match = _PLACE.fullmatch(text)
        if not match:
            raise UserError(f"--place takes MEMORY=ADDRESS, not {text[:60]!r}")
        found[int(match[1])] = int(match[2], 0)
    return found


def _facts(program: Program) -> dict[str, int]:
    from cocodla.program import LoadMemory, WaitInterrupt, WriteRegister

    commands = list(program)
    return {
        "commands": len(commands),
        "writes": sum(isinstance(entry, WriteRegister) for entry in commands),
        "interrupts": sum(isinstance(entry, WaitInterrupt) for entry in commands),
        "bytes": sum(len(entry.data) for entry in commands if isinstance(entry, LoadMemory)),
    }


def open_if_loadable(path: Path, base: int | None = None, places: Mapping[int, int] | None = None) -> Any:
    """The loadable in a file, None if its content is something else. UserError for one that cannot run."""
    from cocodla.files.inputs import read_input
    from cocodla.loadable.container import looks_like_loadable
    from cocodla.loadable.network import BASE, open_network

    data = read_input(path)
    return open_network(path, data, BASE if base is None else base, places) if looks_like_loadable(data) else None


def inspect_loadable(network: LoadedNetwork, path: Path) -> None:
    """Show what is in a loadable, and what the official drivers for nv_small would not take of it."""
    from cocodla.files.inputs import read_input
    from cocodla.loadable.checklist import complaints
    from cocodla.report import loadables as report

    report.show_loadable(network, console)
    broken = [f"item {item}: {text}" for item, text in islice(complaints(read_input(path)), _MOST_TOLD)]
    told = "; ".join(broken) or "kept"
    console.print(f"checklist of the official drivers: {told}", highlight=False, soft_wrap=True)
    emit(lambda: {**report.describe(network), "checklist": broken})


@dataclass(frozen=True)
class Wanted:
    """What `run` was asked to do with a loadable. simulation: None for the golden model only."""

    source: Path
    inputs: list[Path]
    resize: bool
    count: int | None
    output: Path | None
    expect: Path | None
    prepared: Preparation | None
    simulation: Simulation | None


def run_loadable(network: LoadedNetwork, wanted: Wanted, rerun: str) -> None:
    """Run a loadable as the official runtime does; status 1 if something differs."""
    from cocodla.report import compiled
    from cocodla.report import loadables as report
    from cocodla.report.progress import progress_bar
    from cocodla.runtime.loadables import elements, read_expected, read_inputs, run_image
    from cocodla.runtime.recording import Stages

    images = read_inputs(network, wanted.inputs, wanted.resize, wanted.count, wanted.prepared)
    if not network.outputs:
        raise UserError(f"{network.name}: nothing of it is an output")
    targets = _targets(wanted, network, len(images))
    expected = read_expected(wanted.expect, network.outputs[0]) if wanted.expect else None
    if expected and len(images) != 1:
        raise UserError(f"{wanted.expect}: is what one image gives, there are {len(images)} (--count 1)")
    stages = Stages(wanted.simulation) if wanted.simulation else None
    runs: list[LoadableRun] = []
    where = wanted.simulation.sim if wanted.simulation else "golden"
    with progress_bar(console, f"{network.name} on {where}") as progress:
        for number, image in enumerate(images):
            progress(number, len(images))
            runs.append(run_image(network, image, wanted.simulation, stages.add if stages else None))
    found = elements(network, runs)
    for name, values in found.items():
        compiled.show_outputs(name, values, console)
    difference = expected.difference(network.outputs[0], runs[0]) if expected else ""
    compared = [report.compared_on_rtl(runs)] if wanted.simulation else []
    compared += [f"output equal to {wanted.expect}"] if expected else []
    passed = report.show_runs(runs, difference, compared, console)
    if not passed and wanted.simulation:
        console.print(f"To rerun with waves: {rerun}", highlight=False, markup=False, soft_wrap=True)
    _save(targets, network, runs, found)
    if stages and wanted.simulation and wanted.simulation.activity:
        keep_report(stages.of_program(network.name))
    emit(lambda: {"passed": passed, "outputs": compiled.outputs_json(found)})
    if not passed:
        raise typer.Exit(1)


def _targets(wanted: Wanted, network: LoadedNetwork, images: int) -> dict[str, Path]:
    """The file of each output, judged before anything runs: the first at the wanted place, others beside it."""
    output = wanted.output
    if output is None:
        return {}
    if output.suffix.lower() not in _FORMATS:
        raise UserError(f"{output}: outputs of a loadable are written as {', '.join(_FORMATS)}")
    if output.suffix.lower() in (".dimg", ".bin", ".txt") and images != 1:
        raise UserError(f"{output}: holds one image, there are {images}; take .npy or .npz, or --count 1")
    names = [port.name for port in network.outputs]
    if output.suffix.lower() == ".npz":
        found = dict.fromkeys(names, output)
    else:
        found = {names[0]: output}
        found |= {
            name: output.with_name(f"{output.stem}.{number}{output.suffix}") for number, name in enumerate(names[1:], 1)
        }
    for target in found.values():
        check_target(target, [wanted.source, *wanted.inputs, *([wanted.expect] if wanted.expect else [])])
    return found


def _save(targets: Mapping[str, Path], network: LoadedNetwork, runs: Sequence[LoadableRun], found: Any) -> None:
    """Write outputs: elements, the .dimg or the decimal text of the public application, or the bytes of the buffer."""
    import io

    import numpy as np

    from cocodla.loadable.images import to_dimg, to_text

    for port in network.outputs if targets else ():
        target, buffer = targets[port.name], io.BytesIO()
        match target.suffix.lower():
            case ".dimg":
                buffer.write(to_dimg(found[port.name][0], port.form, port.size))
            case ".bin":
                buffer.write(runs[0].buffers[port.name])
            case ".txt":
                buffer.write(to_text(found[port.name][0]))
            case ".npy":
                np.save(buffer, found[port.name])
            case _:
                np.savez(buffer, **found)
        write_whole(target, buffer.getvalue())
        console.print(f"written: {target}", highlight=False, soft_wrap=True)
        if target.suffix.lower() == ".npz":
            break
