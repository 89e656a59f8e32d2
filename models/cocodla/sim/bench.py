"""Block benches: tb/blocks/<block>/ with bench.toml, test_*.py and Verilog; found, listed, run.

bench.toml (paths are globs from the project's root, in compile order):

    top = "sdp"                       # module cocotb sees as dut
    sources = ["rtl/lib/*.v", "rtl/sdp/*.v"]
    includes = ["rtl/include"]        # optional
    parameters = { DEPTH = 4 }        # optional, of the top
    defines = { FAST = 1 }            # optional; DLA_ASSERT=1 is always set
    public = ["count", "dla_fifo.mem"]  # optional: what Python touches besides the top's ports
    dut = true                        # optional: the files of the DUT (DUT_FILELIST) come before the sources
    timeout = 600                     # optional, seconds of wall time

Parameter sets: a table [variants.<name>] with `parameters` (and `defines`) of its own; every variant is
built and run with all tests, or those whose name its `test` (a regular expression) matches, under every simulator
or the one its `sim` names. Without variants there is one, "default".

With `dut`, a source is left out when the DUT brings its module itself.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cocodla.errors import UserError
from cocodla.sim import project
from cocodla.sim.build import Design, build
from cocodla.sim.filelist import FileList, dut_list, read_file_list
from cocodla.sim.run import Run, new_seed, run_folder, simulate

_KEYS = {"top", "sources", "includes", "parameters", "defines", "public", "dut", "timeout", "variants"}
DEFAULT_TIMEOUT = 900.0


@dataclass(frozen=True)
class TestInfo:
    """One cocotb test as its source tells it."""

    module: str
    name: str
    summary: str
    parametrized: bool


@dataclass(frozen=True)
class Bench:
    """One block bench. designs: variant name -> Design. only: variant name -> pattern of its tests, if it has one.
    sims: variant name -> the simulator it is for, if not for all.
    """

    block: str
    folder: Path
    designs: dict[str, Design]
    timeout: float
    tests: list[TestInfo] = field(default_factory=list)
    only: dict[str, str] = field(default_factory=dict)
    sims: dict[str, str] = field(default_factory=dict)

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
    if not file.is_file():
        raise UserError(f"unknown block {block!r}: there are {', '.join(block_names()) or 'none'}")
    try:
        config = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{file}: {error}") from None
    if unknown := sorted(set(config) - _KEYS):
        raise UserError(f"{file}: unknown key {unknown[0]!r}")
    for key in ("top", "sources"):
        if key not in config:
            raise UserError(f"{file}: key {key!r} is missing")
    variants = config.get("variants") or {"default": {}}
    designs = {name: _design(block, name, file, config, variant) for name, variant in variants.items()}
    tests = [test for path in sorted(folder.glob("test_*.py")) for test in find_tests(path)]
    only = {name: str(variant["test"]) for name, variant in variants.items() if "test" in variant}
    sims = {name: str(variant["sim"]) for name, variant in variants.items() if "sim" in variant}
    bench = Bench(block, folder, designs, float(config.get("timeout", DEFAULT_TIMEOUT)), tests, only, sims)
    for name, pattern in only.items():
        if not _may_match(tests, _pattern(f"{file}: variants.{name}.test", pattern)):
            raise UserError(f"{file}: variants.{name}.test={pattern!r} matches no test")
    return bench


def load_benches() -> list[Bench]:
    """Every bench, sorted by block."""
    return [load_bench(block) for block in block_names()]


def _design(block: str, variant: str, file: Path, config: dict[str, Any], extra: dict[str, Any]) -> Design:
    dut = read_file_list(dut_list()) if config.get("dut") else FileList()
    own = [path for path in _expand(config["sources"], file) if not _is_among(path, dut.sources)]
    return Design(
        name=block if variant == "default" else f"{block}-{variant}",
        top=config["top"],
        sources=(*dut.sources, *own),
        includes=(*dut.includes, *(project.root() / path for path in config.get("includes", []))),
        parameters={**config.get("parameters", {}), **extra.get("parameters", {})},
        defines={"DLA_ASSERT": 1, **dut.defines, **config.get("defines", {}), **extra.get("defines", {})},
        public=tuple(config.get("public", [])),
    )


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


def find_tests(path: Path) -> list[TestInfo]:
    """cocotb tests of a module, by reading its syntax only."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    except SyntaxError as error:
        raise UserError(f"{path}:{error.lineno}: {error.msg}") from None
    tests = []
    for node in tree.body:
        if not isinstance(node, ast.AsyncFunctionDef):
            continue
        decorators = {_decorator_name(decorator) for decorator in node.decorator_list}
        if decorators & {"test", "parametrize"}:
            summary = (ast.get_docstring(node) or "").partition("\n")[0]
            tests.append(TestInfo(path.stem, node.name, summary, "parametrize" in decorators))
    return tests


def _decorator_name(node: ast.expr) -> str:
    """Last name of a decorator: cocotb.test(...) -> test."""
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def run_bench(
    block: str,
    sim: str = "verilator",
    test: str | None = None,
    seed: int | None = None,
    waves: bool = False,
    echo: Callable[[str], None] | None = None,
    say: Callable[[str], None] | None = None,
) -> BenchRun:
    """Build and run the bench of a block.

    test: regular expression searched in the test names. echo gets the simulator's output, say what
    happens around it. Raises UserError for an unknown block, a test filter that matches nothing, no
    simulator, a design that does not compile.
    """
    bench = load_bench(block)
    _check_filter(bench, test)
    seed = new_seed() if seed is None else seed
    say = say or (lambda text: None)
    runs = {}
    for variant, design in bench.designs.items():
        if bench.sims.get(variant, sim) != sim:
            continue
        own = bench.only.get(variant)
        if own and test and not _may_match([info for info in bench.tests if _matches(own, info)], re.compile(test)):
            continue
        both = f"^(?=.*(?:{own}))(?=.*(?:{test or ''}))" if own else test
        model = build(design, sim, waves)
        say(f"{design.name}: {'built' if model.fresh else 'cached'} {model.folder}")
        with run_folder(project.build() / "runs" / f"{design.name}-{model.sim}") as folder:
            run = simulate(
                model, bench.modules, folder,
                seed=seed, test_filter=both, path=[bench.folder], timeout=bench.timeout, echo=echo,
            )  # fmt: skip
        none = test and not run.results and "no test ran" in run.error
        if none and own:
            continue
        runs[variant] = run
        if none:
            raise UserError(f"block {block}: no test matches {test!r}")
    if not runs:
        raise UserError(f"block {block}: no variant is for {sim}")
    return BenchRun(bench, sim, seed, runs)


def _check_filter(bench: Bench, test: str | None) -> None:
    if not bench.tests:
        raise UserError(f"block {bench.block}: {bench.folder} has no cocotb test")
    if test is None:
        return
    if not _may_match(bench.tests, _pattern("TEST", test)):
        names = ", ".join(info.name for info in bench.tests)
        raise UserError(f"block {bench.block}: no test matches {test!r}; there are {names}")


def _pattern(name: str, text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise UserError(f"{name}={text!r} is no regular expression: {error}") from None


def _matches(pattern: str, info: TestInfo) -> bool:
    return re.search(pattern, f"{info.module}.{info.name}") is not None


def _may_match(tests: list[TestInfo], pattern: re.Pattern[str]) -> bool:
    """Whether the pattern can match a test: a parametrised one has more to its name than the source tells."""
    return any(info.parametrized or _matches(pattern.pattern, info) for info in tests)
