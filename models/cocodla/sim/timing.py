"""Delays in the files of a DUT: whether Verilator simulates them.

Delays of RAM and cell models (`q <= #1 d`) are for people who look at waveforms. Verilator with --timing makes a clock
of its own of all that they touch, and is many times slower; with --no-timing it passes over them, and the design does
what it would do in synthesis. So a DUT is first built without. What cannot be without (a generator of clocks, a process
that waits in its middle) is found by what Verilator then says, and the design is built again with its delays.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from cocodla.errors import UserError

ENVIRONMENT = "DUT_DELAYS"
FLAGS = ("--no-timing", "-Wwarn-STMTDLY", "-Wwarn-ASSIGNDLY", "--timescale-override", "1ns/1ps")
"""Of a build that passes over delays, and says where. One unit of time, whatever the files ask for."""

_NEEDED = re.compile(
    r"%Error-(?:NOTIMING|NEEDTIMINGOPT): (.+?:\d+):\d+: (.*?)(?: in this location requires --timing)?\s*$",
    re.MULTILINE,
)
_DELAY = re.compile(r"%Warning-(?:STMTDLY|ASSIGNDLY): (.+?):(\d+):(\d+): ")
_ENDLESS = re.compile(r"\b(?:always|forever)\s*(?:begin\b\s*(?::\s*\w+)?)?\s*$")
"""What stands before a delay that is all that a process waits for."""


def are_kept() -> bool:
    """Whether the environment asks for the delays of the DUT (DUT_DELAYS=1). UserError unless it is 1 or 0."""
    text = os.environ.get(ENVIRONMENT, "")
    if text not in ("", "0", "1"):
        raise UserError(f"{ENVIRONMENT}={text[:60]}: takes 1 or 0")
    return text == "1"


def need(log: str) -> str:
    """What in the log of a build without delays needs them, with its place; empty if nothing does."""
    if found := _NEEDED.search(log):
        return f"{found[1]}: {found[2]}"
    for path, line, column in _delays(log):
        if _is_endless(path, line, column):
            return f"{path}:{line}: a process that waits for nothing but time"
    return ""


def told(log: str) -> str:
    """The remark about delays that a build passed over; empty if there were none."""
    places = list(dict.fromkeys((path, line) for path, line, _ in _delays(log)))
    if not places:
        return ""
    (path, line), count = places[0], len(places)
    many = f"{count:,} lines with delays, the first" if count > 1 else "a delay,"
    return f"{path}:{line}: {many} passed over under Verilator as in synthesis; {ENVIRONMENT}=1 keeps them (slow)"


def kept(reason: str) -> str:
    """The remark about a design that is simulated with its delays."""
    return f"{reason}: needs time, so all delays of the DUT are simulated, which is slow"


def _delays(log: str) -> Sequence[tuple[str, int, int]]:
    return [(path, int(line), int(column)) for path, line, column in _DELAY.findall(log)]


def _is_endless(path: str, line: int, column: int) -> bool:
    """Whether a delay begins an `always` or `forever`."""
    try:
        lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    before = " ".join([*lines[max(0, line - 3) : line - 1], lines[line - 1][: column - 1]])
    return bool(_ENDLESS.search(before))
