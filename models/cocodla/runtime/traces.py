"""Run public nv_small trace tests on the golden model and on the RTL (spec: trace_format.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cocodla.errors import UserError
from cocodla.golden import run as run_golden
from cocodla.program.commands import WaitInterrupt
from cocodla.program.execution import Execution
from cocodla.program.program import Program
from cocodla.program.trace import read_trace
from cocodla.runtime import rtl


@dataclass(frozen=True)
class TraceRun:
    """One trace. golden, rtl: failures of each (empty: passed). cycles: from the last D_OP_ENABLE to its interrupt.

    refused: the golden model found a broken rule, or a wait that never ends; golden[0] tells which.
    """

    name: str
    golden: list[str]
    rtl: list[str]
    cycles: int
    reference_cycles: int | None
    refused: bool = False

    @property
    def passed(self) -> bool:
        return not self.golden and not self.rtl


def find_traces(folder: Path) -> list[Path]:
    """Trace directories in `folder` (or `folder` itself), sorted by name. UserError if there is none."""
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder of traces")
    if any(folder.glob("*.cfg")):
        return [folder]
    found = sorted(path.parent for path in folder.glob("*/*.cfg"))
    if not found:
        raise UserError(f"{folder}: no trace (a folder with a .cfg file) in it")
    return list(dict.fromkeys(found))


def run_traces(
    traces: list[Path], simulation: rtl.Simulation, reference: dict[str, int] | None = None
) -> Iterator[TraceRun]:
    """Run each trace on both backends, in order; yields as they end."""
    for path in traces:
        yield run_trace(path.name, read_trace(path), simulation, (reference or {}).get(path.name))


def run_trace(name: str, program: Program, simulation: rtl.Simulation, reference: int | None = None) -> TraceRun:
    """Run one program that checks itself on both backends."""
    refused = False
    try:
        golden = run_golden(program).failures
    except UserError as error:
        golden, refused = [str(error)], True
    on_rtl = rtl.run(program, simulation)
    return TraceRun(name, golden, on_rtl.failures, layer_cycles(program, on_rtl), reference, refused)


def layer_cycles(program: Program, execution: Execution) -> int:
    """Core cycles from the last D_OP_ENABLE write to the last interrupt; -1 where one is missing."""
    enables = [event.cycle for event in execution.events if event.name.endswith("D_OP_ENABLE")]
    waits = [e.cycle for e in execution.events if isinstance(program.commands[e.index], WaitInterrupt)]
    return waits[-1] - enables[-1] if enables and waits else -1


def reference_cycles(path: Path) -> dict[str, int]:
    """Cycles of the public design with the `full` memory, by trace name; empty where the file is absent."""
    if not path.is_file():
        return {}
    return {name: entry["full"] for name, entry in json.loads(path.read_text())["traces"].items()}
