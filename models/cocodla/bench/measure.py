"""Measuring cases of the benchmark on the RTL. Finished measurements are kept in build/bench.

A measurement is identified by the model (sources of RTL and bench, tools), the commands of the program and the
timing of the memory, so an interrupted or repeated run takes up where nothing has changed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

from cocodla.bench.layers import LAYERS, BenchLayer, Traffic
from cocodla.bench.program import layer_program
from cocodla.golden import run as run_golden
from cocodla.hw import ACC_DEPTH
from cocodla.latency import layer_of, predict
from cocodla.program.commands import CheckMemory
from cocodla.program.program import Program
from cocodla.program.trace import read_trace
from cocodla.runtime import player, rtl
from cocodla.runtime.memories import MEMORIES, memory_of
from cocodla.runtime.recording import Recorded, Stages
from cocodla.runtime.traces import layer_cycles
from cocodla.sim import parameters, project
from cocodla.sim.build import cache_key

Record = Callable[[Recorded], None]
"""Called with what was counted in a run, as it ends."""


@dataclass(frozen=True)
class Case:
    """A layer, or a public trace in folder `trace`. kind: conv, fc, sdp, pdp or cdp; of a trace dc, img, sdp, ...

    spacing: see layer_program.
    """

    name: str
    kind: str
    seed: int
    layer: BenchLayer | None = None
    trace: Path | None = None
    spacing: int = 256

    @cached_property
    def program(self) -> Program:
        """The program; built or read at the first use."""
        if self.layer:
            return layer_program(self.layer, self.seed, self.spacing)
        assert self.trace is not None
        return read_trace(self.trace)

    @property
    def traffic(self) -> Traffic | None:
        """Of a layer; that of a trace is measured."""
        return self.layer.shape.traffic if self.layer else None


@dataclass(frozen=True)
class Measurement:
    """One case on one memory. cycles: last D_OP_ENABLE to the interrupt of the last unit; failures: empty where it
    ran and, if checked, every byte equals the golden model (of a trace: its own checks hold)."""

    name: str
    memory: str
    cycles: int
    read_beats: int
    write_beats: int
    checked: bool
    failures: tuple[str, ...] = ()


def layer_cases(seed: int) -> list[Case]:
    """The layers of the benchmark."""
    return [Case(layer.name, layer.kind, seed, layer=layer) for layer in LAYERS]


def trace_cases(folder: Path) -> list[Case]:
    """The public traces in a folder, none where it is absent."""
    if not folder.is_dir():
        return []
    paths = sorted(path.parent for path in folder.glob("*/*.cfg"))
    return [Case(path.name, path.name.partition("_")[0], 0, trace=path) for path in paths]


def measure_all(
    cases: Sequence[Case],
    memories: Iterable[str],
    check: bool = True,
    progress: Callable[[int, int], None] | None = None,
    watchdog: int | None = None,
    record: Record | None = None,
) -> Iterator[Measurement]:
    """Measure each case on each memory, in order; yields as they end. progress: measurements done, in all.

    watchdog: see rtl.Simulation. record: what takes the counts of each run; then all are measured anew.
    """
    names = list(memories)
    total, done = len(cases) * len(names), 0
    for case in cases:
        for measurement in measure(case, names, check, watchdog, record):
            done += 1
            if progress:
                progress(done, total)
            yield measurement
        case.__dict__.pop("program", None)


def measure(
    case: Case,
    memories: Sequence[str],
    check: bool = True,
    watchdog: int | None = None,
    record: Record | None = None,
) -> Iterator[Measurement]:
    """One case on some memories. The golden model runs once, and only if something is not known yet."""
    program = case.program
    commands = b"".join(player.encode(program))
    design = rtl.chip_design(rtl.Simulation())
    model = cache_key(design, "verilator", None)
    expected: Program | None = None
    for memory in memories:
        place = _place(model, commands, memory)
        known = None if record else _load(place)
        if known is None or (check and not known.checked):
            if expected is None:
                expected = _with_expectations(program) if check and case.layer else program
            known = _simulate(case, expected, memory, check, watchdog, record)
            if not known.failures:
                _store(place, known)
        yield known


def predicted_cycles(case: Case, memory: str) -> int:
    """What the latency model says about a case on a memory."""
    depth = parameters.chosen().get("ACC_DEPTH", ACC_DEPTH)
    return predict(layer_of(case.program), memory_of(memory).timing, depth)


def _with_expectations(program: Program) -> Program:
    """The program, with the golden model's bytes in its memory checks."""
    seen = {o.index: o.data for o in run_golden(program).observations}
    commands = [
        replace(command, expected=seen[index]) if isinstance(command, CheckMemory) else command
        for index, command in enumerate(program.commands)
    ]
    return Program(commands, program.meta)


def _simulate(
    case: Case, program: Program, memory: str, check: bool, watchdog: int | None, record: Record | None
) -> Measurement:
    chosen = memory_of(memory)
    simulation = rtl.Simulation(seed=case.seed, memory=chosen, watchdog=watchdog, activity=record is not None)
    execution = rtl.run(program, simulation)
    stages = Stages(simulation)
    stages.add(program, execution)
    if record and (counted := stages.of_program(f"{case.name}-{memory}")):
        record(counted)
    cycles = layer_cycles(program, execution)
    failures = list(execution.failures)
    if cycles < 0 and not failures:
        failures.append("no interrupt was waited for")
    reads, writes = (int(execution.counters.get(name, 0)) for name in ("read_beats", "write_beats"))
    return Measurement(case.name, memory, cycles, reads, writes, check or case.layer is None, tuple(failures))


def _place(model: str, commands: bytes, memory: str) -> Path:
    digest = hashlib.sha256(commands)
    digest.update(json.dumps([model, asdict(memory_of(memory))]).encode())
    return project.build() / "bench" / "measured" / f"{digest.hexdigest()[:24]}.json"


def _load(path: Path) -> Measurement | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return Measurement(**{**values, "failures": ()})
    except (OSError, ValueError, TypeError):
        return None


def _store(path: Path, measurement: Measurement) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(f".{os.getpid()}")
    scratch.write_text(json.dumps(asdict(measurement)), encoding="utf-8")
    scratch.replace(path)


def check_memories(names: Sequence[str]) -> list[str]:
    """The names, each of them known, once; those of MEMORIES first. UserError otherwise."""
    for name in names:
        memory_of(name)
    fixed = [name for name in MEMORIES if name in names]
    return fixed + [name for name in dict.fromkeys(names) if name not in MEMORIES]
