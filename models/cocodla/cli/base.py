"""What all commands share: the application, its options, and how errors end."""

from __future__ import annotations

import functools
import inspect
import json
import math
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

from cocodla import remarks
from cocodla.cli.numbers import CYCLES, LATENCIES, SEEDS, whole
from cocodla.errors import Fault, UserError, one_line
from cocodla.report.screen import Screen
from cocodla.sim import project
from cocodla.sim.shell import command_line as command_line

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},  # subcommands inherit it
)
_WIDTH = None if sys.stdout.isatty() else 120
console = Screen(width=_WIDTH, markup=False)  # names may look like markup

SIM = typer.Option("verilator", "--sim", help="simulator: verilator or icarus")
SEED = whole("--seed", None, "seed of everything random; printed, and chosen where none is given", *SEEDS)
WATCHDOG = whole(
    "--watchdog", None, "cycles without a memory beat or a finished command that mean a run hangs (default: 200,000, "
    "for another DUT more, as its layers need)", 100, CYCLES[1]
)  # fmt: skip
LATENCY = whole("--latency", 32, "memory read latency in cycles", *LATENCIES)
MEMORY = typer.Option(
    "", "--memory", help="memory in place of --latency: full32, ..., ddr3_1066_x32, lpddr4_3200_x16, with :key=value "
    "behind it to change a parameter (docs/memory.md)"
)  # fmt: skip
UsageError: Any = typer.BadParameter.__base__
"""What typer raises for wrong options and arguments."""
DEBUG = "COCODLA_DEBUG"
"""Environment variable: if set, unexpected errors end with a traceback."""
WAVES = typer.Option(False, "--waves", help="record a waveform")
WINDOW: dict[str, tuple[Any, Any]] = {
    "waves_from": (int, whole("--waves-from", None, "record from this cycle on", 0, CYCLES[1])),
    "waves_to": (int, whole("--waves-to", None, "record to before this cycle", *CYCLES)),
    "waves_layer": (str, typer.Option("", "--waves-layer", help="record a layer of the first image, or FIRST..LAST")),
    "waves_scope": (str, typer.Option("", "--waves-scope", help="record these units only, between commas")),
}
"""Options of a command that has --waves; each of them implies it."""
BUILD = typer.Option(None, "--build", help="folder for everything generated, instead of COCODLA_BUILD")
QUIET = typer.Option(False, "--quiet", help="results and errors only")
JSON = typer.Option(False, "--json", help="the result as JSON (docs/commands.md), and nothing else, on stdout")


def command(function: Callable[..., None], group: typer.Typer = app) -> Callable[..., None]:
    """Register a command of the application, or of a group in it; its foreseeable errors end in one line and status 2,
    faults and unexpected ones in 1.

    It has the options --build, --quiet and --json besides its own. One with a parameter `waves` gets the options of
    WINDOW, too, and in `waves` what they ask for: Waves or None.
    """
    own = inspect.signature(function)
    common: dict[str, tuple[Any, Any]] = {
        "build": (Path, BUILD), "quiet": (bool, QUIET), "as_json": (bool, JSON),
        **(WINDOW if "waves" in own.parameters else {})
    }  # fmt: skip

    @functools.wraps(function)
    def guarded(
        *args: Any, build: Path | None = None, quiet: bool = False, as_json: bool = False, **kwargs: Any
    ) -> None:
        try:
            choose_build(build)
            console.quiet, console.remarks = as_json, not quiet
            remarks.hear(console.note)
            if "waves" in own.parameters:
                window = {name: kwargs.pop(name) for name in WINDOW}
                kwargs["waves"] = _waves(kwargs["waves"], **window)
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
        finally:
            console.quiet, console.remarks = False, True

    kinds = {name: kind for name, (kind, _) in common.items()} | ({"waves": bool} if "waves" in own.parameters else {})
    keyword = inspect.Parameter.KEYWORD_ONLY
    every = [*own.parameters.values(), *(inspect.Parameter(name, keyword, default=common[name][1]) for name in common)]
    parameters = [item.replace(annotation=kinds.get(item.name, item.annotation)) for item in every]
    guarded.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    guarded.__annotations__ = {**function.__annotations__, **kinds}
    return group.command()(guarded)


def memory_words(memory: str, latency: int) -> list[str]:
    """The options that choose the same memory again."""
    return ["--memory", memory] if memory else ["--latency", str(latency)]


def emit(result: Callable[[], Any]) -> None:
    """Print the result as JSON if that was asked for. It must be plain values; nan and infinity become null."""
    if console.quiet:
        print(json.dumps(_finite(result()), indent=1, default=_plain))  # noqa: T201 (rich would wrap the lines)


def _plain(value: Any) -> Any:
    """What json takes for a path, or a number of numpy."""
    return value.item() if hasattr(value, "item") else str(value)


def _finite(value: Any) -> Any:
    """The same values without the numbers that JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value


def _waves(wanted: bool, waves_from: int | None, waves_to: int | None, waves_layer: str, waves_scope: str) -> Any:
    """What is to be recorded, None for nothing."""
    from cocodla.sim.waves import Waves

    if not wanted and waves_from is None and waves_to is None and not waves_layer and not waves_scope:
        return None
    scopes = tuple(word.strip() for word in waves_scope.split(",")) if waves_scope else ()
    return Waves(waves_from or 0, waves_to, waves_layer, scopes)


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
