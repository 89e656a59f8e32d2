"""What a compiled network becomes for others: firmware, or a loadable."""

from __future__ import annotations

from pathlib import Path

import typer

from cocodla.cli.base import command, console, emit
from cocodla.cli.model_options import NETWORK
from cocodla.errors import UserError

MOST_CHANNELS = 16
"""Of a tensor that the public application can fill (spec: loadable.md section 11)."""


@command
def export(
    network: Path = NETWORK,
    c: Path = typer.Option(None, "--c", help="a new folder with firmware: register sequence, driver, memory image"),
    name: str = typer.Option(None, "--name", help="of files and constants in C (default: near the file's name)"),
    array: bool = typer.Option(False, "--array", help="the memory image as a C array, too"),
    loadable: Path = typer.Option(None, "--loadable", help="a loadable for the official runtime and kernel driver"),
) -> None:
    """Write a compiled network in a form that others use."""
    if (c is None) == (loadable is None):
        what = "is missing: there is nothing to write" if c is None else "are two results: one at a time"
        raise UserError(f"--c FOLDER {'or' if c is None else 'and'} --loadable FILE {what}")
    if c is not None:
        _export_firmware(network, c, name, array)
        return
    if name is not None or array:
        raise UserError(f"{'--array' if name is None else '--name'} belongs to --c, not to --loadable")
    _export_loadable(network, loadable)


def _export_firmware(source: Path, folder: Path, name: str | None, array: bool) -> None:
    """The folder of C, and what is in it."""
    from cocodla import firmware
    from cocodla.compiler import Network

    chosen = firmware.identifier_of(source.stem) if name is None else firmware.identifier(name)
    loaded = Network.load(source)
    done = firmware.export(loaded, folder, chosen, array)
    console.print(
        f"written: {folder}: {len(done.files)} files of {done.name}: {done.image:,} bytes of constants, "
        f"{done.memory:,} of memory in all, {done.steps:,} words of register sequence",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    if done.host:
        console.note(f"left to the host, which makes them of the outputs: {', '.join(done.host)}")
    facts = {"name": done.name, "files": list(done.files), "image": done.image, "memory": done.memory}
    emit(lambda: {"folder": str(folder), **facts, "steps": done.steps, "host": list(done.host)})


def _export_loadable(source: Path, target: Path) -> None:
    """The file, and what the application brings and gets."""
    from cocodla.compiler import Network
    from cocodla.files.outputs import check_target, write_whole
    from cocodla.loadable.export import export_network

    check_target(target, [source])
    network = Network.load(source)
    done = export_network(network)
    write_whole(target, done.data)
    console.print(
        f"written: {target}: {len(done.data):,} bytes, {done.operations} operations; input {', '.join(done.inputs)}, "
        f"output {', '.join(done.outputs)}",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    channels = network.tensors[network.input.tensor].channels
    if channels > MOST_CHANNELS:
        console.note(f"the public application fills inputs of at most {MOST_CHANNELS} channels; this has {channels}")
    if len(done.outputs) > 1:
        console.note(f"the public application takes output 0 only, not {', '.join(done.outputs[1:])}")
    facts = {"bytes": len(done.data), "operations": done.operations}
    emit(lambda: {"loadable": str(target), **facts, "inputs": list(done.inputs), "outputs": list(done.outputs)})
