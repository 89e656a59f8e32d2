"""Runs cocotb test modules on a built model and reads their JUnit results."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.etree import ElementTree

from cocodla.errors import UserError
from cocodla.sim import entry
from cocodla.sim.build import Model
from cocodla.sim.complaints import complaints_by_test, early_complaints, first_complaint, running_test
from cocodla.sim.folders import RULES
from cocodla.sim.runner import PART, CommandFailed, Echo, make_runner
from cocodla.sim.waves import is_complete
from cocodla.waves.interfaces import load_description, own_file
from cocodla.waves.texts import Texts, write_texts
from cocodla.waves.viewer.beside import write_view

ERROR_LIMIT = "+verilator+error+limit+"
"""Plusarg with the number of `$error`s that end Verilator's models."""
GO_ON = f"{ERROR_LIMIT}1000"
"""Plusarg with which a `$error` does not end Verilator's models: the test that runs then fails, and later ones run."""
_QUICK_START = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", entry.VARIABLE: os.environ.get(entry.VARIABLE, entry.NAME)}
"""cocotb rewrites assertions with pytest's help, which starts all its plugins (xdist, hypothesis, ...) in every
simulation: a tenth of a second for nothing. Its own entry points are called by ours, unless the user names others."""
LITTLE = 1 << 20
"""Free bytes of a disk that counts as full."""


@dataclass(frozen=True)
class TestResult:
    """One test of a run. message is the first line of the failure, empty where it passed. module is its Python module.

    nanoseconds: the time of the simulation when it ended, -1 where that is not known.
    """

    name: str
    status: str  # "passed", "failed" or "skipped"
    seconds: float
    message: str = ""
    module: str = ""
    nanoseconds: float = -1.0


@dataclass(frozen=True)
class Run:
    """Outcome of one simulator process."""

    folder: Path
    seed: int
    results: list[TestResult] = field(default_factory=list)
    error: str = ""
    """Why the process as a whole failed; empty if it ended by itself with status 0."""

    @property
    def log(self) -> Path:
        """Complete output of the simulator."""
        return self.folder / "sim.log"

    @property
    def waves(self) -> Path | None:
        """The waveform file, where one was recorded."""
        return next((path for path in sorted(self.folder.glob("*")) if path.suffix in (".fst", ".vcd")), None)

    @property
    def passed(self) -> bool:
        return not self.error and bool(self.results) and all(r.status != "failed" for r in self.results)


def new_seed() -> int:
    """A seed for a run that was given none; it is always reported so that the run can be repeated."""
    return secrets.randbelow(2**31)


def simulate(
    model: Model,
    modules: Sequence[str],
    folder: Path,
    *,
    seed: int | None = None,
    test_filter: str | None = None,
    path: Sequence[Path] = (),
    env: Mapping[str, str] | None = None,
    plusargs: Sequence[str] = (),
    timeout: float | None = None,
    cpu_limit: int | None = None,
    echo: Echo | None = None,
    texts: Mapping[str, Texts] | None = None,
) -> Run:
    """Run the cocotb `modules` (importable from `path`) on `model`, in `folder`.

    timeout is in seconds of wall time, cpu_limit of CPU time. echo receives the simulator's output line by line.
    A waveform gets files for viewers beside it. texts: names for values of its signals, by path.
    Failing tests are a normal outcome, told in the Run; nothing is raised for them.
    """
    seed = new_seed() if seed is None else seed
    folder.mkdir(parents=True, exist_ok=True)
    log, results = folder / "sim.log", folder / "results.xml"
    log.write_text(f"seed {seed}\n", encoding="utf-8")
    runner = make_runner(model.sim)
    runner.echo = echo
    runner.timeout = timeout
    runner.cpu_limit = cpu_limit
    runner.extra_path = path
    runner.want_waves = model.waves
    runner.parameters = dict(model.design.parameters)
    error = ""
    # The runner's own verdict (it exits, or raises) is replaced by ours.
    try:
        with contextlib.suppress(CommandFailed, SystemExit):
            runner.test(
                test_module=list(modules),
                hdl_toplevel=model.design.top,
                hdl_toplevel_lang="verilog",
                build_dir=model.folder,
                test_dir=folder,
                seed=seed,
                test_filter=test_filter,
                extra_env={"COCOTBEXT_DLA_RULES": str(folder / RULES), **_QUICK_START, **(env or {})},
                plusargs=[*plusargs, *_recorded(model)],
                results_xml=str(results),
                log_file=log,
                waves=model.waves is not None,
            )
    finally:
        incomplete = _settle_waves(folder) if model.waves else ""
    for dump in folder.glob("dump.*"):  # a name that tells the run, for viewers that show no more than that
        dump.rename(dump.with_stem(folder.name))
    complaint = first_complaint(log)
    found = [_cut_off(result, complaint) for result in read_results(results)]
    blamed = complaints_by_test(log)
    found = [_blame(result, blamed.get(f"{result.module}.{result.name}", "")) for result in found]
    _add_failures(results, blamed)
    early = 0 < runner.exit_code < 128 and early_complaints(log) > 0
    told = bool(blamed or early) and "" not in blamed and not running_test(log)  # by the tests that failed
    if runner.timed_out:
        error = f"ended after {timeout:g} s of wall time{running_test(log)} (log: {log})"
    elif runner.exit_code != 0 and not (found and told):
        error = f"simulator {_end(runner.exit_code)}{running_test(log)}{complaint} (log: {log})"
    elif not found:
        error = f"no test ran{running_test(log)} (log: {log})"
    run = Run(folder, seed, found, error or incomplete)
    if model.waves and not error and not incomplete and run.waves is None:
        raise UserError(f"the run ends before the cycles whose waves are wanted (log: {log})")
    if run.waves:
        _add_viewer_files(run.waves, texts or {}, log)
    return run


def _add_viewer_files(waves: Path, texts: Mapping[str, Texts], log: Path) -> None:
    """Viewers show the bare waveform, too: that there is no place for their files is a line of the log."""
    try:
        write_texts(waves, texts)
        write_view(waves, load_description(own_file()))
    except (UserError, OSError) as error:
        with log.open("a", encoding="utf-8") as file:
            file.write(f"no files for viewers: {error}\n")


def _recorded(model: Model) -> list[str]:
    """Plusargs that tell what is recorded."""
    return model.waves.arguments(model.design.top, model.design.origin_ps) if model.waves else []


def _settle_waves(folder: Path) -> str:
    """Leave a complete waveform or none; what is wrong in words, empty if nothing is.

    Simulators write into a file of another name, which gets its own when it is complete.
    """
    for path in folder.glob("dump.*"):
        target = path.with_suffix("") if path.suffix == PART else path
        if target.suffix not in (".fst", ".vcd"):
            path.unlink()
        elif is_complete(path, target.suffix):
            path.rename(target)
        else:
            full = shutil.disk_usage(folder).free < LITTLE
            path.unlink()
            if full:
                raise UserError(f"{folder}: no space is left for the waveform, which is removed")
            return "the waveform was cut off and is removed"
    return ""


def _end(status: int) -> str:
    """How a process ended: a status, or the signal that killed it (which shells tell as 128 and its number)."""
    number = -status if status < 0 else status - 128
    if number > 0 and number in {item.value for item in signal.Signals}:
        return f"was killed by {signal.Signals(number).name}"
    return f"ended with status {status}"


def _blame(result: TestResult, complaint: str) -> TestResult:
    """A test in which the HDL reported an error has failed, whatever else became of it.

    Where it has failed anyway, the error came before, and nearer to the fault.
    """
    if not complaint:
        return result
    if result.status == "failed":
        first, line_end, rest = result.message.partition("\n")
        return replace(result, message=f"{first}; before that the HDL said {complaint}{line_end}{rest}")
    return replace(result, status="failed", message=complaint)


def _add_failures(path: Path, complaints: Mapping[str, str]) -> None:
    """Tell the errors of the HDL in the JUnit file, too, which cocotb wrote without knowing of them."""
    if not complaints or not read_results(path):
        return
    tree = ElementTree.parse(path)
    for case in tree.iter("testcase"):
        complaint = complaints.get(f"{case.get('classname', '')}.{case.get('name', '')}", "")
        if complaint and not any(child.tag in ("failure", "error") for child in case):
            ElementTree.SubElement(case, "failure", {"error_type": "HDL", "error_msg": complaint})
    tree.write(path, encoding="utf-8", xml_declaration=True)


def _cut_off(result: TestResult, complaint: str) -> TestResult:
    """A test that the simulator ended is told by what the HDL said, not by what cocotb thinks of it."""
    if result.message.startswith("cocotb expected it would shut down the simulation"):
        return replace(result, message=f"the simulation ended by itself{complaint}")
    return result


def read_results(path: Path) -> list[TestResult]:
    """Results of a JUnit file as cocotb writes it; an empty list if there is none or it is cut off."""
    try:
        tree = ElementTree.parse(path)
    except (OSError, ElementTree.ParseError):
        return []
    return [_test_result(case) for case in tree.iter("testcase")]


def _test_result(case: ElementTree.Element) -> TestResult:
    status, message = "passed", ""
    for child in case:
        if child.tag == "skipped":
            status = "skipped"
        elif child.tag in ("failure", "error"):
            status = "failed"
            message = _first_line(child.get("error_msg") or child.get("message") or child.text or "failed")
    ends = [float(item.get("value", "-1")) for item in case.iter("property") if item.get("name") == "sim_time_stop"]
    seconds, module = float(case.get("time", "0")), case.get("classname", "")
    return TestResult(case.get("name", "?"), status, seconds, message, module, *ends[:1])


def _first_line(text: str) -> str:
    """What a failure says first; of a traceback the exception, which stands behind the indented frames."""
    _, traceback, frames = text.rpartition("Traceback (most recent call last):")
    lines = [line for line in (frames if traceback else text).strip("\n").splitlines() if line.strip()]
    plain = [line for line in lines if not line.startswith(" ")] if traceback else lines
    return (plain or lines or ["failed"])[0].strip()
