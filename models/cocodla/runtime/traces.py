"""Run programs of others on the golden model and on the RTL: public traces (spec: trace_format.md), register logs."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from cocodla.errors import UserError
from cocodla.latency import MemoryTiming, layer_of, predict
from cocodla.mismatch.study import Finding
from cocodla.program.allowance import Limits
from cocodla.program.commands import WaitInterrupt, WriteRegister
from cocodla.program.execution import Execution
from cocodla.program.platform_log import looks_like_platform_log, read_platform_log
from cocodla.program.program import Program
from cocodla.program.trace import read_trace
from cocodla.program.txn import read_txn
from cocodla.registers import MAP
from cocodla.runtime import rtl
from cocodla.runtime.investigate import investigate
from cocodla.runtime.jobs import run_jobs
from cocodla.runtime.kept import save_kept
from cocodla.runtime.recording import Stages, keep
from cocodla.runtime.scoreboard import Scoreboard, Tally
from cocodla.sim import project

SUFFIXES = (".cfg", ".txn", ".log")
"""Public traces, register logs, logs of the virtual platform."""

PUBLIC_UNDER_THIS_BENCH = {"official_lenet": 164_603}
"""Cycles of the public design in register logs, run as ours are: same player, same memory (latency 32). Those that
others have measured with drivers of their own count other things (156,943 for the same log)."""

_ENABLES = {register.address for register in MAP if register.name == "D_OP_ENABLE"}


@dataclass(frozen=True)
class Trace:
    """A program of others: a public trace (.cfg), a register log (.txn) with memory image and expected output, or the
    log of the public virtual platform (.log), which has both in it."""

    name: str
    script: Path
    memory: Path | None = None
    output: Path | None = None

    @property
    def is_log(self) -> bool:
        return self.script.suffix.lower() in (".txn", ".log")

    def read(self, limits: Limits | None = None) -> Program:
        """The program; UserError, with file and line, for what its files get wrong, and for more than `limits`."""
        if self.script.suffix.lower() == ".log":
            return read_platform_log(self.script, limits)
        if self.is_log:
            return read_txn(self.script, self.memory, self.output, limits)
        return read_trace(self.script, limits)

    @property
    def folder(self) -> Path:
        """Where a failure is kept: a folder of its own in build/traces, whatever the name."""
        parts = [part.strip(".") or "_" for part in Path(self.name).parts]
        return project.build() / "traces" / Path(*parts)


@dataclass(frozen=True)
class TraceRun:
    """One trace.

    golden, rtl: failures of each (empty: passed). cycles: see `program_cycles`; -1 where unknown. tallies: what each
    backend checked. error: what its files get wrong. refused: the golden model found a broken rule, or a wait that
    never ends; golden[0] tells which. absent: it needs what nv_small or a simulation does not have, so the RTL has
    not run. skipped: expected cycles of a trace not run. kept: folder of a failure. record:
    folder of what was counted (Simulation.activity). recorded, finding: the waveform a failure has led to, and what is
    known of it. unread: lines of a log that look like accesses and are none.
    """

    name: str
    golden: list[str] = field(default_factory=list)
    rtl: list[str] = field(default_factory=list)
    cycles: int = -1
    reference_cycles: int | None = None
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    error: str = ""
    refused: bool = False
    absent: bool = False
    skipped: int | None = None
    is_log: bool = False
    kept: Path | None = None
    record: Path | None = None
    waves: Path | None = None
    recorded: str = ""
    finding: Finding | None = field(default=None, repr=False)
    unread: int = 0

    @property
    def ran(self) -> bool:
        return not self.error and self.skipped is None

    @property
    def passed(self) -> bool:
        return self.ran and not self.golden and not self.rtl


@dataclass(frozen=True)
class Settings:
    """How traces are run.

    references: cycles of the public design by name. max_cycles: longer ones are skipped. repeat, rerun: commands that
    run a trace, and the program kept in a folder, again. limits: what a trace may take.
    """

    simulation: rtl.Simulation
    references: Mapping[str, int] = field(default_factory=dict)
    max_cycles: int | None = None
    repeat: Callable[[Trace], str] = lambda trace: ""
    rerun: Callable[[Path], str] = lambda folder: ""
    limits: Limits | None = None


def find_traces(place: Path) -> list[Trace]:
    """The traces in a folder and all folders below, or the one in a file; sorted. UserError if there is none."""
    if place.is_file():
        if place.suffix.lower() not in SUFFIXES:
            known = "a register log (.txn) nor the log of a virtual platform (.log)"
            raise UserError(f"{place}: neither a trace (.cfg) nor {known}")
        return [_trace(place, place.stem)]
    if not place.is_dir():
        raise UserError(f"{place}: no such folder or file of traces")
    found = []
    for folder, below, _ in os.walk(place):
        below[:] = sorted(name for name in below if not name.startswith("."))
        found += _in_folder(Path(folder))
    if not found:
        raise UserError(f"{place}: no trace (a folder with a .cfg or .txn file) in it")
    names = Counter(trace.name for trace in found)
    for index, trace in enumerate(found):
        if names[trace.name] > 1:
            found[index] = replace(trace, name=str(trace.script.relative_to(place).with_suffix("")))
    return sorted(found, key=lambda trace: trace.name)


def _in_folder(folder: Path) -> list[Trace]:
    """A folder's scripts: the one with the folder's name, else all; logs only where there is no trace."""
    for suffix in SUFFIXES:
        scripts = sorted(path for path in folder.iterdir() if path.suffix.lower() == suffix and path.is_file())
        if suffix == ".log":
            scripts = [path for path in scripts if looks_like_platform_log(path)]
        named = [path for path in scripts if path.stem == folder.resolve().name]
        if len(named or scripts) == 1:
            return [_trace((named or scripts)[0], folder.resolve().name)]
        if scripts:
            return [_trace(path, path.stem) for path in scripts]
    return []


def _trace(script: Path, name: str) -> Trace:
    """A trace; beside a log lie its memory image (memory.txt) and its output (expected_output.txt)."""
    trace = Trace(name, script)
    if script.suffix.lower() != ".txn":
        return trace
    beside = [script.with_name(text) for text in ("memory.txt", "expected_output.txt")]
    memory, output = (path if os.path.lexists(path) else None for path in beside)
    return replace(trace, memory=memory, output=output)


def run_traces(
    traces: Sequence[Trace], settings: Settings, jobs: int = 1
) -> Generator[tuple[int, TraceRun], None, None]:
    """(index, outcome) of each trace as they end, up to `jobs` at a time, those known to be long first."""
    order = sorted(range(len(traces)), key=lambda index: -settings.references.get(traces[index].name, 0))
    with closing(run_jobs(lambda index: run_one(traces[index], settings), order, jobs)) as outcomes:
        for place, outcome in outcomes:
            yield order[place], outcome


def run_one(trace: Trace, settings: Settings) -> TraceRun:
    """Read and run a trace; a failing one is kept in build/traces."""
    folder = trace.folder
    shutil.rmtree(folder, ignore_errors=True)
    try:
        program = trace.read(settings.limits)
    except UserError as error:
        return TraceRun(trace.name, error=str(error))
    reference = settings.references.get(trace.name)
    if settings.max_cycles is not None:
        expected = expected_cycles(program) or reference or 0
        if expected > settings.max_cycles:
            return TraceRun(trace.name, reference_cycles=reference, skipped=expected)
    simulation = settings.simulation
    if simulation.waves:
        simulation = replace(simulation, run_name=f"trace-{trace.name.replace(os.sep, '-')}")
    outcome = run_trace(trace.name, program, simulation, reference)
    outcome = replace(outcome, is_log=trace.is_log, unread=int(program.meta.get("unread", 0)))
    if outcome.passed:
        return outcome
    report = [f"{trace.script}", ""]
    report += [f"golden model: {line}" for line in outcome.golden or ["pass"]]
    report += [f"RTL: {line}" for line in outcome.rtl or ["pass"]]
    rerun = settings.rerun(folder)
    report += ["", f"the trace again: {settings.repeat(trace)}", f"this program again: {rerun}"]
    return replace(outcome, kept=save_kept(folder, program, settings.simulation, report, rerun))


def run_trace(name: str, program: Program, simulation: rtl.Simulation, reference: int | None = None) -> TraceRun:
    """Run one program that checks itself on both backends.

    A program that checks no memory is compared in all memory it names or uses. One that needs what nv_small does
    not have is refused without a run on the RTL, which could only give something else.
    """
    board = Scoreboard(program)
    if board.absent:
        return TraceRun(name, golden=board.golden_failures, reference_cycles=reference, refused=True, absent=True)
    on_rtl = rtl.run(board.program, simulation)
    failures = board.rtl_failures(on_rtl)
    stages = Stages(simulation)
    stages.add(board.program, on_rtl)
    counted = stages.of_program(name)
    found = None
    if failures and not board.refused:
        line = next(iter([*board.differences(on_rtl), *failures]))
        found = investigate(board.program, simulation, on_rtl, f"{name}: {line}")
    return TraceRun(
        name,
        golden=board.golden_failures,
        rtl=failures,
        cycles=program_cycles(board.program, on_rtl),
        reference_cycles=reference,
        tallies=board.tallies(on_rtl),
        waves=on_rtl.waves,
        recorded=found.waves if found else "",
        finding=found,
        refused=board.refused,
        record=keep(counted) if counted else None,
    )


def layer_cycles(program: Program, execution: Execution) -> int:
    """Core cycles from the last D_OP_ENABLE write to the last interrupt; -1 where one is missing."""
    return _cycles(program, execution, -1)


def program_cycles(program: Program, execution: Execution) -> int:
    """Cycles of a layer, or of several from the first D_OP_ENABLE write to the last interrupt; -1 if one is missing."""
    return _cycles(program, execution, -1 if _layers(program) <= 1 else 0)


def _cycles(program: Program, execution: Execution, which: int) -> int:
    enables = [event.cycle for event in execution.events if event.name.endswith("D_OP_ENABLE")]
    waits = [e.cycle for e in execution.events if isinstance(program.commands[e.index], WaitInterrupt)]
    return waits[-1] - enables[which] if enables and waits else -1


def _layers(program: Program) -> int:
    """How often the unit is enabled that is enabled most."""
    writes = [c.address for c in program if isinstance(c, WriteRegister) and c.address in _ENABLES and c.value & 1]
    return max((writes.count(address) for address in set(writes)), default=0)


def expected_cycles(program: Program) -> int | None:
    """What the latency model says about a program of one layer with a memory latency of 32; None if nothing."""
    if _layers(program) != 1:
        return None
    try:
        return predict(layer_of(program), MemoryTiming())
    except (UserError, ValueError):
        return None


def reference_cycles(path: Path) -> dict[str, int]:
    """Cycles of the public design with the `full` memory, by name; of traces only where the file is there."""
    known = json.loads(path.read_text()) if path.is_file() else {"traces": {}}
    return {name: entry["full"] for name, entry in known["traces"].items()} | PUBLIC_UNDER_THIS_BENCH
