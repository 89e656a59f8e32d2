"""What all commands share: the application, its options, and how errors end."""

from __future__ import annotations

import functools
import inspect
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from cocodla.errors import Fault, UserError
from cocodla.sim import project

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console(width=None if sys.stdout.isatty() else 120, markup=False)  # names may look like markup

SIM = typer.Option("verilator", "--sim", help="simulator: verilator or icarus")
SEED = typer.Option(None, "--seed", help="seed of everything random; printed, and chosen where none is given")
WATCHDOG = typer.Option(
    200_000, "--watchdog", min=100, help="cycles without a memory beat or a finished command that mean a run hangs"
)
UsageError: Any = typer.BadParameter.__base__
"""What typer raises for wrong options and arguments."""
WAVES = typer.Option(False, "--waves", help="record a waveform")
BUILD = typer.Option(None, "--build", help="folder for everything generated, instead of COCODLA_BUILD")


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Register a command whose foreseeable errors end in one line and status 2, faults of the project itself in 1.

    It has the option --build besides its own.
    """

    @functools.wraps(function)
    def guarded(*args: Any, build: Path | None = None, **kwargs: Any) -> None:
        try:
            choose_build(build)
            function(*args, **kwargs)
        except UserError as error:
            _fail(str(error))
        except Fault as error:
            _fail(f"{error} (a fault of cocodla, not of its input)", 1)
        except KeyboardInterrupt:
            _fail("interrupted")
        except OSError as error:
            _fail(f"{error.filename or 'file system'}: {error.strerror or error}")

    own = inspect.signature(function)
    common = inspect.Parameter("build", inspect.Parameter.KEYWORD_ONLY, default=BUILD, annotation=Path)
    guarded.__signature__ = own.replace(parameters=[*own.parameters.values(), common])  # type: ignore[attr-defined]
    guarded.__annotations__ = {**function.__annotations__, "build": Path}
    return app.command()(guarded)


def choose_build(folder: Path | None) -> None:
    """Generate everything in `folder`, if one is given: this process, and those it starts."""
    if folder is not None:
        os.environ[project.BUILD] = str(folder.resolve())


def run_app() -> None:
    """Run the command of this process; a wrong option or argument ends in one line, too."""
    try:
        sys.exit(app(sys.argv[1:] or ["--help"], prog_name="cocodla", standalone_mode=False))
    except UsageError as error:
        place = error.ctx.command_path if error.ctx else "cocodla"
        _fail(f"{error.format_message()} (see {place} --help)")


def command_line(*words: object) -> str:
    """The shell command that calls this project with `words`, on the same DUT and in the same build folder."""
    same = {}
    if dut := os.environ.get("DUT_FILELIST"):
        same["DUT_FILELIST"] = str(Path(dut).resolve())
    if values := os.environ.get("DUT_PARAMETERS"):
        same["DUT_PARAMETERS"] = values
    if os.environ.get(project.BUILD):
        same[project.BUILD] = str(project.build())
    prefix = "".join(f"{name}={shlex.quote(value)} " for name, value in same.items())
    return ("env " if same else "") + prefix + shlex.join([sys.executable, "-m", "cocodla", *map(str, words)])


def _fail(message: str, status: int = 2) -> None:
    line = " ".join(message.split())
    print(f"cocodla: {line}", file=sys.stderr)  # noqa: T201 (rich would wrap the line)
    sys.exit(status)
