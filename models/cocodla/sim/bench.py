"""Block benches: tb/blocks/<block>/ with bench.toml, test_*.py and Verilog; found, listed, run.

bench.toml (paths are globs from the project's root, in compile order):

    about = "SDP with its read DMA"   # what the bench is about, in a line
    top = "sdp"                       # module cocotb sees as dut
    sources = ["rtl/lib/*.v", "rtl/sdp/*.v"]
    includes = ["rtl/include"]        # optional
    parameters = { DEPTH = 4 }        # optional, of the top
    defines = { FAST = 1 }            # optional; DLA_ASSERT=1 is always set
    public = ["count", "dla_fifo.mem"]  # optional: what Python touches besides the top's ports
    dut = true                        # optional: the files of the DUT (DUT_FILELIST) come before the sources
    timeout = 600                     # optional, seconds of wall time
    mutate = ["rtl/sdp/*.v"]          # optional: the sources that are its own, where `cocodla mutate` plants faults

Parameter sets: a table [variants.<name>] with `parameters` (and `defines`) of its own; every variant is
built and run with all tests, or those whose name its `test` (a regular expression) matches, under every simulator
or the one its `sim` names. Without variants there is one, "default".

With `dut`, a source is left out when the DUT brings its module itself.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cocodla.errors import UserError
from cocodla.files.inputs import read_toml
from cocodla.sim import project, timing
from cocodla.sim.bench_tests import TestInfo, choose, compile_filter, find_tests, test_names
from cocodla.sim.build import Design, build
from cocodla.sim.filelist import FileList, dut_list, is_foreign, read_file_list
from cocodla.sim.folders import COVERAGE, RULES, keep_report, run_folder
from cocodla.sim.run import GO_ON, Run, new_seed, simulate
from cocodla.sim.waves import Waves

_KEYS = {
    "about", "top", "sources", "includes", "parameters", "defines", "public", "dut", "timeout", "variants", "mutate",
}  # fmt: skip
DEFAULT_TIMEOUT = 900.0
COVERAGE_MODULE = "cocotbext.dla.coverage"
"""Python module, before those of the tests, that keeps the coverage of each of them apart."""
COUNTING = 4
"""How much longer a run may take that counts coverage."""
_SHARED = ("lib", "csb", "registers")
"""Folders of rtl/ that all units use."""


@dataclass(frozen=True)
class Bench:
    """One block bench. designs: variant name -> Design. only: variant name -> pattern of its tests, if it has one.
    sims: variant name -> the simulator it is for, if not for all. own: sources that it is about (_own_sources).
    """

    block: str
    about: str
    folder: Path
    designs: dict[str, Design]
    timeout: float
    tests: list[TestInfo] = field(default_factory=list)
    only: dict[str, str] = field(default_factory=dict)
    sims: dict[str, str] = field(default_factory=dict)
    own: tuple[Path, ...] = ()

    @property
    def modules(self) -> list[str]:
        """Python modules with tests, in order."""
        return list(dict.fromkeys(test.module for test in self.tests))


@dataclass(frozen=True)
class BenchRun:
    """Outcome of a bench: one Run for each variant."""

    bench: Bench
    sim: str
    seed: int
    runs: dict[str, Run]

    @property
    def passed(self) -> bool:
        return all(run.passed for run in self.runs.values())

    @property
    def silent_rules(self) -> list[str]:
        """Rules of checkers, "checker: rule", that have not shown that they would fire (cocotbext.dla.checks)."""
        told = read_rules(run.folder / RULES for run in self.runs.values())
        return sorted(rule for rule, shown in told.items() if not shown)


def read_rules(files: Iterable[Path]) -> dict[str, bool]:
    """Rules that checkers held, "checker: rule", and whether each has shown in one of the runs that it would fire."""
    told: dict[str, bool] = {}
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else []:
            what, checker, rule = line.split("\t")
            name = f"{checker}: {rule}"
            told[name] = told.get(name, False) or what == "shown"
    return told


def benches_folder() -> Path:
    """Folder of all block benches."""
    return project.root() / "tb" / "blocks"


def block_names() -> list[str]:
    """Names of all blocks that have a bench, sorted."""
    return sorted(path.parent.name for path in benches_folder().glob("*/bench.toml"))


def load_bench(block: str) -> Bench:
    """The bench of a block. Raises UserError for an unknown block or a wrong bench.toml."""
    folder = benches_folder() / block
    file = folder / "bench.toml"
    names = block_names()
    if block not in names:
        near = difflib.get_close_matches(block.lower(), names, 3, 0.5)
        hint = f" (is it {' or '.join(near)}?)" if near else ""
        raise UserError(f"unknown block {block!r}{hint}: there are {', '.join(names) or 'none'}")
    config = read_toml(file)
    if unknown := sorted(set(config) - _KEYS):
        raise UserError(f"{file}: unknown key {unknown[0]!r}")
    for key in ("about", "top", "sources"):
        if key not in config:
            raise UserError(f"{file}: key {key!r} is missing")
    variants = config.get("variants") or {"default": {}}
    designs = {name: _design(block, name, file, config, variant) for name, variant in variants.items()}
    tests = [test for path in sorted(folder.glob("test_*.py")) for test in find_tests(path)]
    only = {name: str(variant["test"]) for name, variant in variants.items() if "test" in variant}
    sims = {name: str(variant["sim"]) for name, variant in variants.items() if "sim" in variant}
    timeout = float(config.get("timeout", DEFAULT_TIMEOUT))
    own = _own_sources(config.get("mutate"), file, next(iter(designs.values())))
    bench = Bench(block, config["about"], folder, designs, timeout, tests, only, sims, own)
    for name, pattern in only.items():
        check = compile_filter(f"{file}: variants.{name}.test", pattern)
        if not any(test.parametrized or check.search(f"{test.module}.{test.name}") for test in tests):
            raise UserError(f"{file}: variants.{name}.test={pattern!r} matches no test")
    return bench


def load_benches() -> list[Bench]:
    """Every bench, sorted by block."""
    return [load_bench(block) for block in block_names()]


def _design(block: str, variant: str, file: Path, config: dict[str, Any], extra: dict[str, Any]) -> Design:
    dut = read_file_list(dut_list()) if config.get("dut") else FileList()
    own = [path for path in _expand(config["sources"], file) if not _is_among(path, dut.sources)]
    foreign = bool(config.get("dut")) and is_foreign()
    return Design(
        name=block if variant == "default" else f"{block}-{variant}",
        top=config["top"],
        sources=(*own, *dut.sources),  # a `timescale of the DUT's files goes on in what follows them
        includes=(*dut.includes, *(project.root() / path for path in config.get("includes", []))),
        parameters={**config.get("parameters", {}), **extra.get("parameters", {})},
        defines={
            **({} if foreign else {"DLA_ASSERT": 1}),
            **dut.defines, **config.get("defines", {}), **extra.get("defines", {}),
        },
        public=tuple(config.get("public", [])),
        libraries=tuple(dut.libraries),
        library_files=tuple(dut.library_files),
        extensions=tuple(dut.extensions),
        delays=timing.are_kept() or not config.get("dut"),
    )


def _own_sources(globs: list[str] | None, file: Path, design: Design) -> tuple[Path, ...]:
    """Sources that a bench is about: those it names, else the RTL that is not shared by all units, else all RTL."""
    if globs is not None:
        return tuple(_expand(globs, file))
    rtl = project.root() / "rtl"
    inside = [path for path in design.sources if path.is_relative_to(rtl) and path.parent.name != "formal"]
    own = [path for path in inside if path.relative_to(rtl).parts[0] not in _SHARED]
    return tuple(own or inside)


def _is_among(source: Path, others: list[Path]) -> bool:
    """Whether one of the other files defines the module a file is named after."""
    module = re.compile(rf"^\s*module\s+{source.stem}\b", re.MULTILINE)
    return any(module.search(path.read_text(encoding="utf-8", errors="replace")) for path in others)


def _expand(globs: list[str], file: Path) -> list[Path]:
    """Files of the globs, in order, each once."""
    found: dict[Path, None] = {}
    for pattern in globs:
        matches = sorted(project.root().glob(pattern))
        if not matches:
            raise UserError(f"{file}: sources {pattern!r} match no file")
        found.update(dict.fromkeys(matches))
    return list(found)


def run_bench(
    block: str,
    sim: str = "verilator",
    test: str | None = None,
    seed: int | None = None,
    waves: Waves | None = None,
    echo: Callable[[str], None] | None = None,
    say: Callable[[str], None] | None = None,
    counted: Callable[[Design], Design] | None = None,
) -> BenchRun:
    """Build and run the bench of a block.

    test: regular expression searched in the test names. echo gets the simulator's output, say what
    happens around it. counted: makes the designs count coverage, which is then left in the folders of the runs
    (cocotbext.dla.coverage). Raises UserError for an unknown block, a test filter that matches nothing, no
    simulator, a design that does not compile.
    """
    bench = load_bench(block)
    chosen = choose_tests(bench, sim, test)
    seed = new_seed() if seed is None else seed
    say = say or (lambda text: None)
    runs = {}
    for variant, design in variants(bench, sim).items():
        own = bench.only.get(variant)
        if own and chosen is not None and not any(re.search(f"(?i:{own})", name) for name in chosen):
            continue
        model = build(counted(design) if counted else design, sim, waves)
        say(f"{design.name}: {'built' if model.fresh else 'cached'} {model.folder}")
        with run_folder(design.name, model.sim, seed) as folder:
            modules = [COVERAGE_MODULE, *bench.modules] if counted else bench.modules
            runs[variant] = simulate(
                model, modules, folder, seed=seed, test_filter=both_patterns(own, test), path=[bench.folder],
                plusargs=[*start_values(sim, seed), *([GO_ON] if model.sim == "verilator" else [])],
                timeout=bench.timeout * (COUNTING if counted else 1), echo=echo,
                env={"COCOTBEXT_DLA_COVERAGE": str(folder / COVERAGE)} if counted else {},
            )  # fmt: skip
            keep_report(folder / "results.xml")
    if not runs:
        raise UserError(f"block {block}: no variant is for {sim}")
    return BenchRun(bench, sim, seed, runs)


def start_values(sim: str, seed: int) -> list[str]:
    """Arguments that let every register begin with a random value, which Verilator would make 0: what is not reset is
    seen then. (Icarus begins with x.)
    """
    return ["+verilator+rand+reset+2", f"+verilator+seed+{seed % (2**31 - 1) + 1}"] if sim == "verilator" else []


def variants(bench: Bench, sim: str) -> dict[str, Design]:
    """The variants that are for a simulator."""
    return {name: design for name, design in bench.designs.items() if bench.sims.get(name, sim) == sim}


def choose_tests(bench: Bench, sim: str, test: str | None) -> list[str] | None:
    """module.name of the tests a filter chooses; None without one: all. UserError, before anything is built."""
    if not bench.tests:
        raise UserError(f"block {bench.block}: {bench.folder} has no cocotb test")
    if test is None:
        return None
    pattern = compile_filter("TEST", test)
    return choose(bench.block, pattern, test, test_names(bench.folder, bench.modules, sim))


def both_patterns(own: str | None, test: str | None) -> str | None:
    """The pattern of the tests that both a variant and the user want."""
    parts = [f"(?=.*(?i:{text}))" for text in (own, test) if text]
    return f"^{''.join(parts)}" if parts else None
