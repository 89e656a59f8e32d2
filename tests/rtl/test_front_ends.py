"""Front ends besides those of `make lint` take the RTL without a word."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from cocodla.errors import UserError
from cocodla.sim.filelist import read_file_list
from cocodla.synth.yosys import find_yosys

RTL = Path(__file__).resolve().parents[2] / "rtl"
SOURCES = read_file_list(RTL / "files.f").sources


def test_icarus_takes_the_whole_as_verilog_2005() -> None:
    if not shutil.which("iverilog"):
        pytest.skip("no iverilog")
    command = [
        "iverilog",
        "-g2005",
        "-Wall",
        "-Wno-sensitivity-entire-array",
        "-tnull",
        "-s",
        "NV_nvdla",
        *map(str, SOURCES),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stdout + done.stderr == ""


def test_yosys_finds_no_fault() -> None:
    """Small arrays that are read whole become registers, as they are meant to: the one warning."""
    try:
        program = find_yosys()
    except UserError:
        pytest.skip("no Yosys")
    sources = " ".join(path.relative_to(RTL.parent).as_posix() for path in SOURCES)
    script = f"read_verilog {sources}; hierarchy -check -top NV_nvdla; proc; check -assert"
    done = subprocess.run([program, "-q", "-p", script], cwd=RTL.parent, capture_output=True, text=True, check=False)
    lines = [line for line in (done.stdout + done.stderr).splitlines() if "with list of registers" not in line]
    assert done.returncode == 0
    assert lines == []
