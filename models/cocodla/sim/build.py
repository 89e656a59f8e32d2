"""Build cache: a Design and a simulator in, a ready-to-run simulator model out.

build/sim/<key>/ holds one finished model. The key is a hash of everything that shapes it: the text of
sources and include files, parameters, defines, flags, public signals, and the versions of the tools.
A build happens in a scratch folder under a lock and is renamed when it is complete, so that two runs
never collide and a broken or interrupted build is never taken for a model.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import cocotb
import cocotb_tools.config
from cocotb_tools import runner as cocotb_runner

from cocodla.errors import UserError
from cocodla.remarks import remark
from cocodla.sim import plain, project, timing, tools, untraced
from cocodla.sim.runner import COUNTING_MAIN, MAIN_PROGRAMS, CommandFailed, Echo, make_runner
from cocodla.sim.waves import BOUNDARIES, SCOPES, Waves, icarus_scopes, resolve, verilator_scopes

KEEP_MODELS = 60
"""Models left in the cache; the least recently used are deleted after a build."""

MOST_ENTRIES = 20_000
"""In an include folder and below; a build's key depends on all headers there."""

COMPILER_FLAGS = "-O1"
"""C++ optimisation of Verilator's models: as fast as -O2 on the chip (measured), built in a third of the time."""

NOTES = "notes.txt"
"""In the folder of a model: the remark that comes with it."""

_HEADER_SUFFIXES = (".vh", ".svh", ".v", ".sv", ".inc", ".h", ".vlib", ".vi", ".svi", ".def", ".defs")
_TIMESCALE = ("1ns", "1ps")
_ALL = ("all",)
_UNREADABLE = '"$'
"""Characters that Verilator takes apart in the path of a source, quoted or not."""


@dataclass(frozen=True)
class Design:
    """What is compiled.

    sources: files in order. includes: folders searched for `include files.
    public: signals Python touches besides the top's ports, each "signal" (of the top) or
    "module.signal"; * matches any text.
    optimize: spend compile time for speed (chip level). assertions of the RTL are on with define DLA_ASSERT.
    origin_ps: when cycle 0 begins, for waveforms.
    main_clock: under Verilator the main program drives the top's clocks (tb/hdl/sim_clock.h), define SIM_CLOCK.
    coverage: Verilator counts what is reached (cocodla.coverage).
    libraries, library_files, extensions: where modules are looked for that no source has (see FileList).
    delays: Verilator simulates them; if not, only where the files cannot do without (sim/timing.py).
    """

    name: str
    top: str
    sources: tuple[Path, ...]
    includes: tuple[Path, ...] = ()
    parameters: Mapping[str, object] = field(default_factory=dict)
    defines: Mapping[str, object] = field(default_factory=dict)
    public: tuple[str, ...] = ()
    optimize: bool = False
    origin_ps: int = 0
    main_clock: bool = False
    coverage: bool = False
    libraries: tuple[Path, ...] = ()
    library_files: tuple[Path, ...] = ()
    extensions: tuple[str, ...] = ()
    delays: bool = True


@dataclass(frozen=True)
class Model:
    """A finished model in the cache."""

    design: Design
    sim: str
    waves: Waves | None
    folder: Path
    fresh: bool


def build(design: Design, sim: str = "verilator", waves: Waves | None = None, echo: Echo | None = None) -> Model:
    """The model of `design` for `sim`, out of the cache or built now.

    waves: what its runs record, with whole paths of instances in the Model.
    echo receives the output of the compiler line by line. Raises UserError where a source file or the
    simulator is missing or the compilation fails; the message names the log.
    """
    sim = tools.check_simulator(sim)
    if design.coverage and (sim != "verilator" or waves):
        raise UserError(f"{design.name}: coverage is counted under Verilator, in a run without waves")
    for source in (*design.sources, *design.library_files):
        if not source.is_file():
            raise UserError(f"{design.name}: source file {source} does not exist")
    for path in (*design.sources, *design.library_files, *design.includes, *design.libraries):
        if any(character in str(path) for character in _UNREADABLE):
            raise UserError(f"{design.name}: {path}: simulators read no path with {' or '.join(_UNREADABLE)}")
    if waves and waves.scopes:
        # The instances are those of a model; one that records all of them is to be had for Verilator anyway.
        known = _build(design, sim, replace(waves, scopes=_ALL if sim == "verilator" else ()), echo)
        waves = replace(waves, scopes=resolve(waves.scopes, _scopes(known)))
    return _build(design, sim, waves, echo)


def _build(design: Design, sim: str, waves: Waves | None, echo: Echo | None) -> Model:
    key = cache_key(design, sim, waves)
    cache = project.build() / "sim"
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / key
    with _locked(cache / f"{key}.lock"):
        fresh = not folder.is_dir()
        if fresh:
            _build_into(folder, design, sim, waves, echo)
        os.utime(folder)
    if fresh:
        prune(cache, KEEP_MODELS)
    if (notes := folder / NOTES).is_file():
        remark(notes.read_text(encoding="utf-8").strip())
    return Model(design, sim, waves, folder, fresh)


def _scopes(model: Model) -> list[str]:
    """Paths of all instances of a model with waveforms."""
    if model.sim == "icarus":
        return icarus_scopes(model.folder / "sim.vvp")
    return (model.folder / SCOPES).read_text(encoding="utf-8").splitlines()


def cache_key(design: Design, sim: str, waves: Waves | None) -> str:
    """Hash of everything that shapes the model."""
    digest = hashlib.sha256()
    facts = {
        "sim": sim,
        "tool": tools.find_verilator().version if sim == "verilator" else tools.find_icarus().version,
        "cocotb": [cocotb.__version__, str(cocotb_tools.config.libs_dir)],
        "top": design.top,
        "parameters": {name: str(value) for name, value in design.parameters.items()},
        "defines": {name: str(value) for name, value in _defines(design, sim).items()},
        "public": public_signals(design),
        "flags": [*_flags(design, sim), COMPILER_FLAGS],
        "waves": waves and [tools.has_fst_headers(), _traced(design, sim, waves), untraced.control()],
    }
    digest.update(json.dumps(facts, sort_keys=True).encode())
    own_main = sim == "verilator" and (waves or design.main_clock)
    main = [project.root() / name for name in MAIN_PROGRAMS] if own_main else []
    main += [project.root() / COUNTING_MAIN] if design.coverage else []
    for path in [*design.sources, *design.library_files, *_headers(design.includes), *_library(design), *main]:
        digest.update(os.path.relpath(path, project.root()).encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return f"{design.name}-{sim}-{digest.hexdigest()[:16]}"


def _headers(includes: Sequence[Path]) -> list[Path]:
    """Files that may be included."""
    return [
        path for folder in includes for path in _entries(folder, "include folder", "**/*")
        if path.suffix in _HEADER_SUFFIXES
    ]  # fmt: skip


def _library(design: Design) -> list[Path]:
    """Files in which modules are looked for by name."""
    ends = design.extensions or (".v", ".sv")
    return [
        path for folder in design.libraries for path in _entries(folder, "library folder", "*")
        if path.name.endswith(ends)
    ]  # fmt: skip


def _entries(folder: Path, what: str, pattern: str) -> list[Path]:
    """Files of a folder. UserError for one of so many entries that it can hardly be meant."""
    entries = list(islice(folder.glob(pattern), MOST_ENTRIES + 1))
    if len(entries) > MOST_ENTRIES:
        raise UserError(f"{what} {folder}: more than {MOST_ENTRIES:,} files and folders in it")
    return sorted(path for path in entries if path.is_file())


def _flags(design: Design, sim: str) -> list[str]:
    """Of the simulator, besides what names files."""
    if sim == "icarus":
        return []
    flags = ["-Wno-fatal", "-Wno-lint", "-Wno-style", "-Wno-TIMESCALEMOD", "--assert"]
    flags += ["--timing"] if design.delays else timing.FLAGS
    if design.optimize:
        flags += ["-O3", "--x-assign", "fast", "--x-initial", "fast"]
    if design.coverage:
        flags += [f"--coverage-{kind}" for kind in ("line", "toggle", "expr", "user")]
    return flags


def _library_flags(design: Design, sim: str) -> list[str]:
    """Where the simulator looks for modules that no source has."""
    words = [word for folder in design.libraries for word in ("-y", str(folder))]
    words += [word for file in design.library_files for word in ("-l" if sim == "icarus" else "-v", str(file))]
    if sim == "icarus":
        return [*words, *(f"-Y{end}" for end in design.extensions or (".v", ".sv") if design.libraries)]
    return [*words, *(f"+libext+{end}" for end in design.extensions)]


def _defines(design: Design, sim: str) -> dict[str, object]:
    return {**design.defines, **({"SIM_CLOCK": 1} if design.main_clock and sim == "verilator" else {})}


def _traced(design: Design, sim: str, waves: Waves) -> list[str]:
    """What is fixed when a model is built: the instances that Icarus records; whether Verilator can record all."""
    if sim == "icarus":
        return [BOUNDARIES] if waves.boundaries else list(waves.scopes)
    return ["all"] if waves.scopes or not design.optimize else []


def _build_into(folder: Path, design: Design, sim: str, waves: Waves | None, echo: Echo | None) -> None:
    """Build; a design without its delays is built again with them, where it cannot do without."""
    log = folder.with_name(f"{folder.name}.failed.log")
    try:
        reason = _build_once(folder, design, sim, waves, echo)
    except UserError:
        if design.delays or sim != "verilator" or not (reason := timing.need(_read(log))):
            raise
    if reason:
        shutil.rmtree(folder, ignore_errors=True)
        _build_once(folder, replace(design, delays=True), sim, waves, echo)
        (folder / NOTES).write_text(f"{timing.kept(reason)}\n", encoding="utf-8")


def _build_once(folder: Path, design: Design, sim: str, waves: Waves | None, echo: Echo | None) -> str:
    """Build once. What in the files needs the delays that were left out, empty if nothing does."""
    final = folder.with_name(f"{folder.name}.tmp")
    scratch = final if plain.is_plain(final) else plain.scratch() / folder.name
    for path in (final, scratch):
        shutil.rmtree(path, ignore_errors=True)
    scratch.mkdir(parents=True)
    sources: list[Path | cocotb_runner.Verilog] = [cocotb_runner.Verilog(path) for path in design.sources]
    if sim == "verilator":
        # First in the list: cocotb takes the language from the last source.
        control = scratch / "public.vlt"
        lean = untraced.control() if waves and not _traced(design, sim, waves) else ""
        control.write_text(public_signals(design) + lean, encoding="utf-8")
        sources.insert(0, control)
    runner = make_runner(sim)
    runner.echo = echo
    runner.want_waves = waves
    runner.main_clock = design.main_clock
    runner.coverage = design.coverage
    runner.compiler_flags = COMPILER_FLAGS
    failed = folder.with_name(f"{folder.name}.failed.log")
    log = scratch / "build.log"
    try:
        runner.build(
            sources=sources,
            includes=list(design.includes),
            defines=_defines(design, sim),
            parameters=design.parameters,
            build_args=[*_flags(design, sim), *_library_flags(design, sim)],
            hdl_toplevel=design.top,
            build_dir=scratch,
            cwd=project.root(),
            timescale=_TIMESCALE,
            waves=waves is not None,
            log_file=log,
        )
        failed.unlink(missing_ok=True)
    except CommandFailed:
        shutil.copyfile(log, failed)
        raise UserError(f"{design.name} does not compile under {sim}: {_first_error(log)} (log: {failed})") from None
    finally:
        if not _complete(scratch, design, sim) or failed.exists():
            shutil.rmtree(scratch, ignore_errors=True)
    reason = ""
    if sim == "verilator" and not design.delays:
        reason = timing.need(_read(log))
        if note := timing.told(_read(log)):
            (scratch / NOTES).write_text(f"{note}\n", encoding="utf-8")
    if waves and sim == "verilator":
        scopes = verilator_scopes(sorted(scratch.glob("*Trace*Slow.cpp")))
        (scratch / SCOPES).write_text("".join(f"{scope}\n" for scope in scopes), encoding="utf-8")
    _drop_objects(scratch)
    shutil.move(scratch, final)
    final.rename(folder)
    return reason


def _read(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""


def _complete(folder: Path, design: Design, sim: str) -> bool:
    return (folder / ("sim.vvp" if sim == "icarus" else design.top)).is_file()


def _first_error(log: Path) -> str:
    """The first line of a build log that tells of an error."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    for line in lines:
        if not line.startswith("$ ") and ("error" in line.lower() or "not found" in line):
            return line.strip()
    return lines[-1].strip() if lines else "no output"


def _drop_objects(folder: Path) -> None:
    """The model is one program: its objects and generated C++ only fill the disk."""
    for path in folder.iterdir():
        if path.suffix in (".o", ".d", ".a", ".gch", ".cpp", ".h", ".fast", ".slow"):
            path.unlink()


def public_signals(design: Design) -> str:
    """Text of the Verilator control file that makes exactly the top's ports and the wanted signals public."""
    # Ports are seen through VPI only if they are public, too.
    lines = ["`verilator_config", f'public_flat_rw -module "{design.top}" -port "*"']
    for name in design.public:
        module, _, signal = name.rpartition(".")
        lines.append(f'public_flat_rw -module "{module or design.top}" -var "{signal}"')
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Exclusive lock on a file; another process that builds the same model is waited for."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def prune(cache: Path, keep: int) -> None:
    """Delete the least recently used models beyond `keep`."""
    models = [path for path in cache.iterdir() if path.is_dir() and path.suffix != ".tmp"]
    models.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in models[keep:]:
        shutil.rmtree(path, ignore_errors=True)
        path.with_name(f"{path.name}.lock").unlink(missing_ok=True)
