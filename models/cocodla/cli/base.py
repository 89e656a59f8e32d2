"""What all commands share: the application, its options, and how errors end."""

from __future__ import annotations

import functools
import inspect
import os
import shlex
import sys
import tempfile
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import platformdirs
import typer
from rich.console import Console

from cocodla.cli.numbers import CYCLES, LATENCIES, SEEDS, whole
from cocodla.errors import Fault, UserError, one_line
from cocodla.sim import project

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console(width=None if sys.stdout.isatty() else 120, markup=False)  # names may look like markup

SIM = typer.Option("verilator", "--sim", help="simulator: verilator or icarus")
SEED = whole("--seed", None, "seed of everything random; printed, and chosen where none is given", *SEEDS)
WATCHDOG = whole(
    "--watchdog", 200_000, "cycles without a memory beat or a finished command that mean a run hangs", 100, CYCLES[1]
)
LATENCY = whole("--latency", 32, "memory read latency in cycles", *LATENCIES)
UsageError: Any = typer.BadParameter.__base__
"""What typer raises for wrong options and arguments."""
DEBUG = "COCODLA_DEBUG"
"""Environment variable: if set, unexpected errors end with a traceback."""
WAVES = typer.Option(False, "--waves", help="record a waveform")
BUILD = typer.Option(None, "--build", help="folder for everything generated, instead of COCODLA_BUILD")


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Register a command whose foreseeable errors end in one line and status 2, faults and unexpected ones in 1.

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
        except MemoryError:
            _fail("not enough memory")
        except (typer.Exit, typer.Abort, UsageError):
            raise
        except Exception as error:
            _fail_unexpectedly(error)

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


def _fail_unexpectedly(error: Exception) -> NoReturn:
    """What nobody foresaw: one line with the place of the traceback; the traceback itself if DEBUG is set."""
    if os.environ.get(DEBUG):
        raise error
    _fail(f"unexpected error: {type(error).__name__}: {str(error)[:200]} (details: {_log_of(error)})", 1)


def _log_of(error: Exception) -> str:
    """A new file with the traceback: in the user's folder for states of programs, or where temporary files are."""
    name = f"{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}.log"
    text = f"{shlex.join(sys.argv)}\n\n{''.join(traceback.format_exception(error))}"
    for folder in (platformdirs.user_state_path("cocodla"), Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"error-{name}"
            path.write_text(text, encoding="utf-8", errors="backslashreplace")
            return str(path)
        except OSError:
            continue
    return f"{DEBUG}=1 shows them"


def _fail(message: str, status: int = 2) -> NoReturn:
    print(f"cocodla: {one_line(message)}", file=sys.stderr)  # noqa: T201 (rich would wrap the line)
    sys.exit(status)
