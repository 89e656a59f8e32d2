"""What the HDL itself reported in a run, and in which test: read out of the log of the simulator."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

FIRST_RESET = "the first reset begins"
"""A bench whose reset is not asserted from the beginning logs this when it is. Until then registers are at random
(Verilator), and what assertions say of them is no fault."""
_BEGUN = re.compile(r"cocotb\.regression\s+running (\S+) \(\d+/\d+\)")
_ERROR = re.compile(r"(%Error|%Fatal|ERROR|FATAL): (\S+?:\d+): (.*)")


def running_test(log: Path) -> str:
    """" in TEST" for the test that the end of the simulator has cut off, as cocotb logs it; empty if there is none."""
    running = ""
    for line, following in pairwise([*_lines(log), ""]):
        if begun := _BEGUN.search(line):
            running = begun[1]
        elif running and _ended(running, line):
            running = running if "SimFailure" in following else ""
    return f" in {running}" if running else ""


def first_complaint(log: Path) -> str:
    """": " and the first error the HDL reported itself, an assertion for instance; empty if there is none."""
    for line, early in _judged(log):
        if not early and (found := _ERROR.search(line)):
            return f": {found[3].strip()}"
    return ""


def complaints_by_test(log: Path) -> dict[str, str]:
    """The first error that the HDL reported while each test ran, by the test's name; "" for outside of all tests."""
    running, complaints = "", dict[str, str]()
    for line, early in _judged(log):
        if begun := _BEGUN.search(line):
            running = begun[1]
        elif running and _ended(running, line):
            running = ""
        elif not early and (found := _ERROR.search(line)) and found[1] in ("%Error", "ERROR"):
            said = found[3].removeprefix("Assertion failed in ").strip()
            complaints.setdefault(running, f"{said} ({found[2]})")
    return complaints


def early_complaints(log: Path) -> int:
    """How many errors Verilator reported that are no faults, since nothing had been reset yet."""
    return sum(early and "%Error" in line for line, early in _judged(log))


def _ended(test: str, line: str) -> bool:
    return bool(re.search(rf"cocotb\.regression\s+{re.escape(test)} (?:passed|failed|skipped)", line))


def _judged(log: Path) -> Iterator[tuple[str, bool]]:
    """Lines of a log, and whether they are of a time before anything was reset.

    At time 0 registers and pins begin at random (bench.start_values), a clock perhaps with an edge, and no bench has
    driven its reset yet; FIRST_RESET tells that this took longer, if the first test says so: others begin with what it
    has left.
    """
    lines = _lines(log)
    tests = [number for number, line in enumerate(lines) if _BEGUN.search(line)]
    first = lines[: tests[1]] if len(tests) > 1 else lines
    reset = next((number for number, line in enumerate(first) if FIRST_RESET in line), 0)
    for number, line in enumerate(lines):
        yield line, number < reset or line.startswith("[0] ")


def _lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8", errors="replace").splitlines()
