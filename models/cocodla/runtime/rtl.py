"""Runs a Program on the RTL, in a simulator, as a process of its own.

The program becomes a command file that HDL plays (tb/hdl); Python in the simulator only reports progress.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from random import Random

from cocodla.errors import UserError
from cocodla.latency import DramTiming, MemoryTiming, longest_layer
from cocodla.program.activity import read_activity
from cocodla.program.execution import Execution
from cocodla.program.program import Program
from cocodla.runtime import layer_texts, player, windows
from cocodla.sim import lean, parameters, project, timing
from cocodla.sim.build import Design, Model, build
from cocodla.sim.filelist import dut_list, is_foreign, read_file_list
from cocodla.sim.folders import run_folder
from cocodla.sim.run import new_seed, simulate
from cocodla.sim.waves import Waves
from cocodla.waves.texts import Texts

Progress = Callable[[int, int], None]
"""Called with (commands done, commands in all) while the simulation runs."""

_MARK = "@progress "

FIRST_CYCLE_PS = 385_000
"""When sim_top.cycle would become 0 if it had not been in reset before: it is 1 at the 40th edge (tb/hdl/sim_top.v)."""

_LARGEST = 1 << 30
"""Bytes of the memory at most (sim_memory.PAGES)."""

SLOWEST = 16
"""How many times slower than this project's RTL another design may be (the public one: up to 8)."""

TOP = "NV_nvdla"
"""The module that every DUT has."""


@dataclass(frozen=True)
class MemoryModel:
    """Timing of the simulated memory, in core cycles. The default is `full` of the reference measurements.

    latency: from a read request to its data, at the earliest. write_latency: from the last of address and
    data to the response (None: as latency). jitter: random cycles on top of both. ar_every, aw_every, w_every:
    a request is accepted every n-th cycle. r_every: a read beat every n cycles. stall: chance, of 256, that a
    channel stalls in a cycle. reorder: answers of different ids overtake each other. dram: a DRAM, which says itself
    how long reads and writes take (docs/memory.md).
    """

    latency: int = 32
    write_latency: int | None = None
    jitter: int = 0
    ar_every: int = 1
    aw_every: int = 1
    w_every: int = 1
    r_every: int = 1
    stall: int = 0
    reorder: bool = False
    dram: DramTiming | None = None

    @property
    def timing(self) -> MemoryTiming:
        """What the latency model knows of it."""
        answer = self.latency if self.write_latency is None else self.write_latency
        return MemoryTiming(self.latency, answer, self.ar_every, self.dram)

    @staticmethod
    def half(latency: int) -> MemoryModel:
        """The `half_lat8/32/64` models: AR and AW every second cycle, response in the next cycle."""
        return MemoryModel(latency=latency, write_latency=1, ar_every=2, aw_every=2)

    @staticmethod
    def of_dram(dram: DramTiming) -> MemoryModel:
        """A DRAM, whose controller answers writes when it has taken them."""
        return MemoryModel(write_latency=dram.write_latency, dram=dram)

    @staticmethod
    def random(rng: Random) -> MemoryModel:
        """A random legal memory, from fast to nasty."""
        return MemoryModel(
            latency=rng.choice([1, 2, 8, 32, 64, 100]),
            write_latency=rng.choice([1, 8, 32, 100]),
            jitter=rng.choice([0, 0, 3, 50]),
            ar_every=rng.choice([1, 1, 2, 3]),
            aw_every=rng.choice([1, 1, 2, 5]),
            w_every=rng.choice([1, 1, 2, 5]),
            r_every=rng.choice([1, 1, 1, 2, 4]),
            stall=rng.choice([0, 0, 30, 130, 200]),
            reorder=rng.random() < 0.5,
        )

    def plusargs(self, seed: int) -> list[str]:
        """Arguments of tb/hdl/sim_memory.v."""
        values = asdict(self)
        values.pop("dram")
        values["read_latency"] = values.pop("latency")
        if values["write_latency"] is None:
            values["write_latency"] = values["read_latency"]
        return [f"+{name}={int(value)}" for name, value in values.items()] + [
            f"+memory_seed={seed}", *(self.dram.plusargs() if self.dram else [])
        ]


WAITING = {"COCOTB_REWRITE_ASSERTION_FILES": "", lean.VARIABLE: "1"}
"""Environment of a run whose Python only waits for the end: no assertions to be made readable, no use of pytest."""


@dataclass(frozen=True)
class Simulation:
    """How a program is run.

    file_list: the DUT, a module NV_nvdla (default: environment DUT_FILELIST, else rtl/files.f).
    watchdog: cycles without a memory beat or a finished command after which a run has hung; None: `patience`, or for
    another DUT than the project's own SLOWEST times what its longest layer is predicted to take here, if that is more.
    limit: cycles one command may take even if memory beats keep moving.
    csb_period_ps: period of dla_csb_clk; 0: the core clock itself. The core period is 10,000 ps.
    shell: "axi": the chip in its AXI shell (tb/hdl/sim_axi_dut.v), "": the bare chip.
    guard: dla_reset_guard stands between accelerator and memory.
    activity: what every unit does is counted (Execution.activity).
    stream_checks: the rules of every stream between units are checked (tb/hdl/sim_streams.v).
    ungated: the pin global_clk_ovr_on is 1: no clock of the accelerator stops.
    plusargs: more arguments of the simulator, for a DUT that takes some.
    replaced: sources of the DUT, each with the file that takes its place (mutants).
    run_name: first part of the name of the folder in build/runs (cocodla.sim.folders says how long it stays).
    """

    sim: str = "verilator"
    seed: int | None = None
    waves: Waves | None = None
    memory: MemoryModel = field(default_factory=MemoryModel)
    file_list: Path | None = None
    assertions: bool = False
    watchdog: int | None = None
    patience: int = 200_000
    limit: int = 200_000_000
    csb_period_ps: int = 0
    guard: bool = False
    shell: str = ""
    activity: bool = False
    stream_checks: bool = True
    ungated: bool = False
    plusargs: tuple[str, ...] = ()
    replaced: tuple[tuple[Path, Path], ...] = ()
    run_name: str = "chip"


def chip_design(simulation: Simulation) -> Design:
    """The chip-level bench around the DUT. Memory and clocks are chosen when it runs."""
    root = project.root()
    dut = read_file_list(dut_list(simulation.file_list))
    own = not is_foreign(simulation.file_list)
    check_shell(simulation)
    bare = own and not simulation.shell  # units have the places that activity and layers are looked for in
    guard = ("mcif/dla_reset_guard.v", "lib/dla_sync.v") if simulation.guard else ()
    # The bench comes first: a `timescale of the DUT's files goes on in what follows them.
    bench = (*sorted((root / "tb" / "hdl").glob("*.v")), *(root / "rtl" / name for name in guard))
    replaced = dict(simulation.replaced)
    return Design(
        name="chip",
        top="sim_top",
        sources=tuple(dict.fromkeys((*bench, *(replaced.get(path, path) for path in dut.sources)))),
        includes=tuple(dut.includes),
        parameters={"GUARD": 1} if simulation.guard else {},
        defines={
            **({"DLA_ASSERT": "1"} if own and simulation.assertions else {}),
            **({"ACTIVITY_UNITS": "1"} if bare else {}),
            **({"STREAM_CHECKS": "1"} if bare and simulation.stream_checks else {}),
            **({"LAYER_ROWS": "1"} if bare and simulation.waves else {}),
            **({"SIM_AXI": ""} if simulation.shell else {}),
            **parameters.define(parameters.chosen(simulation.file_list)),
            **dut.defines,
        },
        optimize=True,
        origin_ps=FIRST_CYCLE_PS,
        main_clock=True,
        libraries=tuple(dut.libraries),
        library_files=tuple(dut.library_files),
        extensions=tuple(dut.extensions),
        delays=timing.are_kept(),
    )


def check_shell(simulation: Simulation) -> None:
    """UserError for a shell that does not exist, or around a chip that is not the one it is made for."""
    if simulation.shell not in ("", "axi"):
        raise UserError(f"no shell {simulation.shell!r}; there is axi")
    if simulation.shell and is_foreign(simulation.file_list):
        raise UserError("the AXI shell is run around the chip of rtl/files.f only: no DUT_FILELIST with SHELL=axi")
    if simulation.shell and parameters.chosen(simulation.file_list):
        raise UserError("the AXI shell has parameters of its own: no DUT_PARAMETERS with SHELL=axi")


def check_memory(pages: int) -> None:
    """UserError for more pages than a simulation has."""
    size = pages * player.PAGE
    if size > _LARGEST:
        raise UserError(f"the program uses {size >> 20} MiB of memory, a simulation has at most {_LARGEST >> 20} MiB")


def build_model(simulation: Simulation, pages: int = 1, echo: Callable[[str], None] | None = None) -> Model:
    """Build the chip-level model, or take it from the cache; UserError for more pages than its memory has."""
    check_memory(pages)
    design = chip_design(simulation)
    try:
        return build(design, simulation.sim, simulation.waves, echo)
    except UserError as error:
        raise UserError(_dut_fault(str(error), design, dut_list(simulation.file_list)) or str(error)) from None


_FAULTS = (
    (re.compile(r"Pin not found: '(\w+)'|port ``(\w+)'' is not a port of"), "NV_nvdla has no port '{}'"),
    (re.compile(r"Parameter not found: '(\w+)'"), "NV_nvdla has no parameter {} (DUT_PARAMETERS)"),
)
"""What compilers say of a top that does not fit, and what it means."""


_INCLUDE = re.compile(r"(\S+?:\d+)(?::\d+)?: (?:Cannot find include file: '|Include file )([^' ]+)")
_MODULE = re.compile(
    r"(\S[^\n]*?:\d+)(?::\d+)?: (?:Cannot find file containing module: '|Can't resolve module reference: '|"
    r"(?:error: )?Unknown module type: )(\w+)"
)
_PREFIX = re.compile(r"^.*?%Error(?:-\w+)?: |^.*? under \w+: ")


def _dut_fault(text: str, design: Design, file_list: Path) -> str | None:
    """The compiler's complaint in terms of the DUT's file list; None for any other error."""
    found = re.search(r"\(log: .*\)$", text)
    log = found.group() if found else ""
    plain = _PREFIX.sub("", text)
    if match := _INCLUDE.search(plain):
        place, name = match.groups()
        return f"{place}: include file {name} is in no include folder of {file_list} {log}".strip()
    if match := _MODULE.search(plain):
        place, name = match.groups()
        if name == TOP:
            return f"{file_list}: no file has module {TOP} {log}".strip()
        return f"{place}: no file of {file_list} has module {name}, which is instantiated here {log}".strip()
    for pattern, meaning in _FAULTS:
        if match := pattern.search(text):
            name = next(group for group in match.groups() if group)
            top = read_file_list(file_list).find_module(TOP)
            place = f"{top[0]}:{top[1]}" if top else str(file_list)
            return f"{place}: {meaning.format(name)} {log}".strip()
    return None


def run(program: Program, simulation: Simulation | None = None, progress: Progress | None = None) -> Execution:
    """Execute a program on the RTL.

    Broken expectations, protocol errors and hangs are lines in Execution.failures. Counters: cycles,
    read_beats, write_beats, *_beats_id<n>, wall_seconds and cpu_seconds of the simulation process, seed.
    UserError: no simulator, a DUT that does not compile, a program that is malformed.
    """
    program.validate()
    return play(program, player.encode(program), simulation or Simulation(), progress)


def play(
    program: Program,
    commands: Iterable[bytes],
    simulation: Simulation,
    progress: Progress | None = None,
    texts: Mapping[str, Texts] | None = None,
) -> Execution:
    """Execute a command file, which is that of `program`, perhaps with records of its own between the commands.

    texts: of signals of its waveform (default: those of a program that runs as it is).
    """
    if waves := simulation.waves:
        if waves.layer:
            waves = replace(waves, positions=windows.of_layers(program, waves.layer))
        if waves.scopes and not is_foreign(simulation.file_list):
            waves = replace(waves, scopes=(*waves.scopes, layer_texts.SCOPE))
        simulation = replace(simulation, waves=waves)
    model = build_model(simulation, player.page_count(program))
    seed = new_seed() if simulation.seed is None else simulation.seed
    if simulation.waves and texts is None:
        texts = layer_texts.texts_of(program)
    with run_folder(simulation.run_name, model.sim, seed) as folder:
        with (folder / "commands.bin").open("wb") as file:
            file.writelines(commands)
        arguments = plusargs(simulation, seed, program)
        started = time.monotonic()
        outcome = simulate(
            model,
            ["test_program"],
            folder,
            seed=seed,
            path=[project.root() / "tb" / "system"],
            env=WAITING,
            plusargs=arguments,
            echo=_progress_reader(len(program.commands), progress),
            texts=texts,
        )
        execution = player.decode(program, folder / "results.txt", model.sim)
        execution.counters.update(_usage(folder))
        execution.waves = outcome.waves
        if simulation.activity and (folder / "activity.bin").exists():
            execution.activity = read_activity(folder / "activity.bin")
    execution.counters["wall_seconds"] = time.monotonic() - started
    execution.counters["seed"] = seed
    if not outcome.passed:
        message = outcome.error or next((r.message for r in outcome.results if r.message), "failed")
        execution.failures.append(f"simulation: {message}")
    if progress:
        progress(len(program.commands), len(program.commands))
    return execution


def watchdog_of(program: Program, simulation: Simulation) -> int:
    """Cycles without progress after which a run of the program has hung."""
    if simulation.watchdog is not None:
        return simulation.watchdog
    if not is_foreign(simulation.file_list):
        return simulation.patience
    return max(simulation.patience, SLOWEST * longest_layer(program, simulation.memory.timing))


def plusargs(simulation: Simulation, seed: int, program: Program | None = None) -> list[str]:
    """Arguments of the simulator: everything about a run that its model does not fix."""
    return [
        f"+watchdog={watchdog_of(program or Program(), simulation)}",
        f"+limit={simulation.limit}",
        f"+csb_period={simulation.csb_period_ps}",
        f"+idle_payload={int(not is_foreign(simulation.file_list))}",
        *simulation.memory.plusargs(seed % 2**31),
        *(["+activity=activity.bin"] if simulation.activity else []),
        *(["+ungated"] if simulation.ungated else []),
        *simulation.plusargs,
    ]


def _progress_reader(total: int, progress: Progress | None) -> Callable[[str], None] | None:
    if progress is None:
        return None
    report = progress

    def echo(line: str) -> None:
        if line.startswith(_MARK):
            report(int(line.removeprefix(_MARK)) + 1, total)

    return echo


def _usage(folder: Path) -> dict[str, float]:
    """CPU seconds of the simulator process, as its last act has written them."""
    try:
        return {"cpu_seconds": float(json.loads((folder / "usage.json").read_text())["cpu_seconds"])}
    except (OSError, ValueError, KeyError):
        return {}
