"""Every parameter of the RTL has a rule, and each tool refuses an illegal value by naming the rule."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cocodla.errors import UserError
from cocodla.sim import parameters, slang, tools
from cocodla.sim.filelist import read_file_list
from cocodla.synth.yosys import find_yosys

RTL = Path(__file__).resolve().parents[2] / "rtl"
SOURCES = read_file_list(RTL / "files.f").sources
ANY_VALUE = {
    ("dla_regs", "STORED"),
    ("dla_regs", "FIRST_DUAL"),
    ("dla_dbb2axi", "PROT"),
    ("dla_dbb2axi", "CACHE"),
    ("dla_dbb2axi", "QOS"),
    ("dla_shell_regs", "WINDOW_BASE"),
    ("dla_shell_regs", "WINDOW_LIMIT"),
}

ILLEGAL = [
    ("NV_nvdla", "SDP_LANES", 3),
    ("NV_nvdla", "SDP_LANES", 16),
    ("NV_nvdla", "PDP_LANES", 6),
    ("NV_nvdla", "CDP_LANES", 0),
    ("NV_nvdla", "SDP_LANES", 100_000),
    ("NV_nvdla", "READ_DEPTH", -128),
    ("NV_nvdla", "READ_DEPTH", 100),
    ("NV_nvdla", "READ_DEPTH", 2048),
    ("NV_nvdla", "OPERAND_DEPTH", 8),
    ("NV_nvdla", "ACC_DEPTH", 0),
    ("NV_nvdla", "ACC_DEPTH", 24),
    ("NV_nvdla", "CACC_DEPTH", 1024),
    ("NV_nvdla", "RESET_QUIET", 600),
    ("NV_nvdla", "CLOCK_GATES", 2),
]
ILLEGAL_INSIDE = [
    ("mcif_arbiter", "N", 1),
    ("mcif_read", "N", 17),
    ("mcif_quiet", "QUIET", -1),
    ("dla_reset_guard", "HOLD", 1),
    ("sdp_rdma", "N_LATENCY", 2),
    ("sdp_rdma_operand", "LATENCY", 8),
    ("cmac", "HALF", 2),
    ("cmac", "INDEX_W", 3),
    ("csc_seq", "DEPTH", 12),
    ("pdp_vertical", "DEPTH", 32),
    ("pdp_control", "PARTS", 3),
    ("dla_async_fifo", "DEPTH", 6),
    ("dla_async_fifo", "DEPTH", 2),
    ("dla_clock_gate", "PRESENT", -1),
    ("dla_cube_fetch", "DEPTH", 100),
    ("dla_fifo", "DEPTH", 1),
    ("dla_split", "WIDTH", 0),
    ("dla_gather", "PARTS", 5),
    ("dla_reset_sync", "STAGES", 1),
    ("dla_scale", "R_W", 48),
    ("dla_shift_right", "OUT_W", 50),
    ("dla_regs", "WORD_W", 10),
    ("dla_burst", "MAX", 3),
    ("dla_axi_read", "DATA_W", 256),
    ("dla_axi_write", "DEPTH", 1),
    ("dla_dbb2axi", "MAX_BEATS", 32),
    ("dla_dbb2axi", "DATA_W", 16),
    ("dla_csb_link", "NPOSTED", 2),
    ("dla_axil2csb", "ADDR_W", 18),
]


def test_every_parameter_has_a_rule() -> None:
    missing = []
    for path in SOURCES:
        text = path.read_text()
        rules = re.findall(r"if \((.*)\)\s+begin : g_\w+_illegal (\w+) u_illegal", text)
        for name in re.findall(r"^ +parameter (?:\[.*?\] )?(\w+) +=", text, re.MULTILINE):
            ruled = any(
                re.search(rf"\b{name}\b", condition) and f"{path.stem}_{name}" in rule for condition, rule in rules
            )
            handed_on = re.search(rf"\.\w+ ?\({name}\)", text)  # the rule is there
            if not ruled and not handed_on and (path.stem, name) not in ANY_VALUE:
                missing.append(f"{path.stem}.{name}")
    assert not missing


def test_the_ranges_of_the_environment_are_those_of_the_rtl() -> None:
    rules = re.findall(r"NV_nvdla_([A-Z_]+)_is_([\w]+) u_illegal", (RTL / "top" / "NV_nvdla.v").read_text())
    spans = {
        name: tuple(map(int, re.findall(r"\d+", rule)))[:: len(re.findall(r"\d+", rule)) - 1] for name, rule in rules
    }
    assert spans == parameters.RANGES


@pytest.mark.parametrize(("module", "name", "value"), [*ILLEGAL, *ILLEGAL_INSIDE])
def test_slang_names_the_rule(module: str, name: str, value: int) -> None:
    if not slang.installed():
        pytest.skip("no pyslang")
    assert f"unknown module '{module}_{name}_is_" in slang.messages(module, SOURCES, (), {name: value})


@pytest.mark.parametrize(("module", "name", "value"), [*ILLEGAL, *ILLEGAL_INSIDE[::4]])
def test_icarus_names_the_rule(module: str, name: str, value: int) -> None:
    if not shutil.which("iverilog"):
        pytest.skip("no iverilog")
    command = ["iverilog", "-g2005", "-tnull", f"-P{module}.{name}={value}", "-s", module, *map(str, SOURCES)]
    _refused(command, f"{module}_{name}_is_")


@pytest.mark.parametrize(("module", "name", "value"), [*ILLEGAL[::3], *ILLEGAL_INSIDE[::6]])
def test_verilator_names_the_rule(module: str, name: str, value: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VERILATOR_ROOT", raising=False)
    program = str(tools.find_verilator().program)
    command = [program, "--lint-only", "--timing", "--top-module", module, f"-G{name}={value}", *map(str, SOURCES)]
    _refused(command, f"{module}_{name}_is_")


@pytest.mark.parametrize(("module", "name", "value"), [("NV_nvdla", "READ_DEPTH", 100), ("NV_nvdla", "SDP_LANES", 3)])
def test_yosys_names_the_rule(module: str, name: str, value: int) -> None:
    try:
        program = find_yosys()
    except UserError:
        pytest.skip("no Yosys")
    sources = " ".join(path.relative_to(RTL.parent).as_posix() for path in SOURCES)
    script = f"read_verilog {sources}; hierarchy -check -top {module} -chparam {name} {value}"
    _refused([program, "-q", "-p", script], f"{module}_{name}_is_")


def _refused(command: list[str], rule: str) -> None:
    done = subprocess.run(command, cwd=RTL.parent, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert rule in done.stdout + done.stderr
