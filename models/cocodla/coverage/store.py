"""Where coverage is kept: build/coverage/runs/NAME-seedSEED.cov for each run of a bench, build/coverage/merged.cov.

A file is gzip of msgpack of data.Data, and the form's number. Each names the sources it was counted on by their
digests: data of other sources are refused, because their points lie elsewhere.
"""

from __future__ import annotations

import gzip
import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import msgspec
import numpy as np

from cocodla.coverage.data import Data, Point, TestRun, merge, pack
from cocodla.coverage.verilator import BINS, DESIGN, MACROS, Reader
from cocodla.errors import UserError
from cocodla.files.inputs import gunzipped, read_input
from cocodla.files.outputs import write_whole
from cocodla.sim import project
from cocodla.sim.bench import BenchRun
from cocodla.sim.build import Design
from cocodla.sim.filelist import dut_list, own_list
from cocodla.sim.folders import COVERAGE
from cocodla.sim.run import Run

FORM = 1
LARGEST = 1 << 30
"""Bytes of a file, unpacked: all benches with ten seeds take some 100 MB."""
INDEX = "tests.txt"


class _File(msgspec.Struct, array_like=True):
    form: int
    data: Data


def folder() -> Path:
    """Folder of all coverage data."""
    return project.build() / "coverage"


def merged_file() -> Path:
    """The last merge."""
    return folder() / "merged.cov"


def run_files() -> list[Path]:
    """Data of all runs that are kept, the newest last: of a test that was run twice it is the one that counts."""
    return sorted((folder() / "runs").glob("*.cov"), key=lambda path: (path.stat().st_mtime_ns, path))


class Counting:
    """Designs that count coverage, and the sources as they are when these are built: they may change while it is
    counted.
    """

    def __init__(self) -> None:
        self._digests: dict[str, dict[str, str]] = {}
        self._macros: dict[str, str] = {}

    def design(self, design: Design) -> Design:
        """The design with coverage counted, and the bins of tb/hdl/coverage for the modules that it has."""
        known = {source.stem for source in design.sources}
        root, bins = project.root(), project.root() / BINS
        own = [path for path in sorted(bins.glob("*_cover.sv")) if path.stem.removesuffix("_cover") in known]
        sources = (*design.sources, *own)
        names = [path.relative_to(root).as_posix() for path in sources if path.is_relative_to(root)]
        self._digests[design.name] = {name: digest(name) for name in names}
        self._macros = {f"{MACROS}{path.name}": digest(f"{MACROS}{path.name}") for path in (root / MACROS).iterdir()}
        return replace(design, coverage=True, sources=sources, includes=(*design.includes, root / MACROS))

    def sources(self, design: str, points: Sequence[Point]) -> dict[str, str]:
        """Digests of the sources of a design, given by its name, that have points."""
        found = {point.file: self._digests[design].get(point.file) or digest(point.file) for point in points}
        return found | (self._macros if any(name.startswith(BINS) for name in found) else {})


def check_design() -> None:
    """UserError where the design would be another than the project's own: its points have no place in the store."""
    if dut_list() != own_list().resolve():
        raise UserError(f"coverage is counted on the project's own RTL, not on {dut_list()} (DUT_FILELIST)")


# -- runs ----------------------------------------------------------------------------------------------


def collect(outcome: BenchRun, counting: Counting, test: str | None) -> list[Path]:
    """Keep what a bench that was run with designs of `counting` has counted, in a file for each variant; the files.

    Tests that failed or were skipped are left out. test: the filter of the run; one of all tests replaces what is
    kept of its seed.
    """
    found = []
    for variant, run in outcome.runs.items():
        design = outcome.bench.designs[variant]
        data = _read_run(counting, design.name, outcome.bench.block, variant, run)
        if data.tests:
            found.append(_keep(data, design.name, run.seed, test))
        shutil.rmtree(run.folder / COVERAGE, ignore_errors=True)
    return found


def _read_run(counting: Counting, design: str, block: str, variant: str, run: Run) -> Data:
    raw = run.folder / COVERAGE
    passed = {f"{result.module}.{result.name}" for result in run.results if result.status == "passed"}
    index = (raw / INDEX).read_text(encoding="utf-8").splitlines() if (raw / INDEX).exists() else []
    reader, total, tests = Reader(project.root()), None, []
    for line in index:
        number, _, name = line.partition("\t")
        if name not in passed:
            continue
        counts = reader.read(raw / f"{number}.dat")
        total = counts if total is None else total + counts
        tests.append(TestRun(block, variant, name, run.seed, pack(counts > 0)))
    points = reader.points
    order = sorted(range(len(points)), key=points.__getitem__)
    sources = counting.sources(design, points)
    counts = [] if total is None else total[order].tolist()
    whole = Data(sources, points, [0] * len(points), tests)
    packed = [msgspec.structs.replace(test, reached=pack(whole.bits(test)[order])) for test in tests]
    return Data(sources, [points[place] for place in order], counts, packed)


def _keep(data: Data, name: str, seed: int, test: str | None) -> Path:
    start = folder() / "runs" / f"{name}-seed{seed}"
    start.parent.mkdir(parents=True, exist_ok=True)
    if test is None:
        for old in start.parent.glob(f"{start.name}-only*.cov"):
            old.unlink()
        path = start.with_name(f"{start.name}.cov")
    else:
        path = start.with_name(f"{start.name}-only{hashlib.sha256(test.encode()).hexdigest()[:8]}.cov")
    save(path, data)
    return path


# -- files ---------------------------------------------------------------------------------------------


def save(path: Path, data: Data) -> None:
    """Write a file of coverage data."""
    write_whole(path, gzip.compress(msgspec.msgpack.encode(_File(FORM, data)), 6, mtime=0))


def load(path: Path) -> Data:
    """Read a file of coverage data. UserError, one line, for what is none, damaged, or of other sources than these."""
    packed = read_input(path, LARGEST)
    if not packed.startswith(b"\x1f\x8b"):
        raise UserError(f"{path}: is no coverage data of cocodla")
    try:
        file = msgspec.msgpack.decode(gunzipped(path, packed, LARGEST), type=_File)
    except msgspec.MsgspecError as error:
        raise UserError(f"{path}: is no coverage data of cocodla, or damaged ({error})") from None
    if file.form != FORM:
        raise UserError(f"{path}: is coverage data of form {file.form}, this reads {FORM}")
    data = file.data
    size = -(-len(data.points) // 8)
    if len(data.counts) != len(data.points) or any(len(test.reached) != size for test in data.tests):
        raise UserError(f"{path}: is damaged: its tests and its {len(data.points)} points do not fit")
    check_sources(path, data)
    return data


def check_sources(path: Path, data: Data) -> None:
    """UserError for coverage data that was counted on other sources than those that are here."""
    for name, known in data.sources.items():
        inside = name.startswith((DESIGN, BINS)) and ".." not in Path(name).parts
        if not inside or not (project.root() / name).is_file():
            raise UserError(f"{path}: is coverage of another build: there is no {name} here")
        if digest(name) != known:
            raise UserError(f"{path}: is coverage of another build: {name} has changed since; run the block again")


@cache
def _digest(path: Path, size: int, changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def digest(name: str) -> str:
    """Digest of a source, given from the project's root."""
    path = project.root() / name
    about = path.stat()
    return _digest(path, about.st_size, about.st_mtime_ns)


def merge_files(
    paths: Sequence[Path], progress: Callable[[int, int], None] | None = None, skip: Callable[[str], None] | None = None
) -> Data:
    """The data of several files as one. UserError for no file, and for what `load` refuses, which is told to `skip` and
    left out where there is one.
    """
    if not paths:
        raise UserError(f"{folder() / 'runs'}: no coverage data; `cocodla coverage run` counts some")
    parts = []
    for done, path in enumerate(paths):
        try:
            parts.append(load(path))
        except UserError as error:
            if skip is None:
                raise
            skip(f"left out: {error}")
        if progress:
            progress(done + 1, len(paths))
    return merge(parts)


def load_merged() -> Data:
    """The last merge. UserError if there is none, or if sources have changed since."""
    if not merged_file().exists():
        raise UserError(f"{merged_file()}: no such file; `cocodla coverage run` and `merge` make it")
    return load(merged_file())


def reached_items(data: Data) -> dict[str, bool]:
    """The bins of tb/hdl/coverage by name, and whether a test reached each."""
    bits = np.array(data.reached())
    found: dict[str, bool] = {}
    for point, hit in zip(data.points, bits, strict=True):
        if point.file.startswith(BINS):
            found[point.name] = found.get(point.name, False) or bool(hit)
    return found
