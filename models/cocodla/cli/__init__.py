"""The command line: thin commands over the library, one module for commands that belong together."""

from __future__ import annotations

import signal

from cocodla.cli import (
    blocks,
    chip,
    compiling,
    coverage,
    cycles,
    detecting,
    exporting,
    finetuning,
    fuzzing,
    general,
    loadables,
    mutation,
    nets,
    operators,
    planning,
    proving,
    pruning,
    quality,
    regress,
    running,
    traces,
    verifying,
    waves,
)
from cocodla.cli.base import app, run_app

__all__ = [
    "app",
    "blocks",
    "chip",
    "compiling",
    "coverage",
    "cycles",
    "detecting",
    "exporting",
    "finetuning",
    "fuzzing",
    "general",
    "loadables",
    "main",
    "mutation",
    "nets",
    "operators",
    "planning",
    "proving",
    "pruning",
    "quality",
    "regress",
    "running",
    "traces",
    "verifying",
    "waves",
]


def main() -> None:
    """Entry point. Exit status: 0 done, 1 something differed or failed, 2 the user's input or machine was wrong."""
    # Ended from outside is as good as Ctrl-C: simulators end, too, and nothing is left half-written.
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
    run_app()
