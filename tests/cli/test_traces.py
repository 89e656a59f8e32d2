"""The command `traces`: outcomes, exit status, what is kept of a failure, register logs, and bad input."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cocodla.cli.base import command_line
from cocodla.errors import UserError
from cocodla.golden import run as run_golden
from cocodla.program import Execution, Program
from cocodla.program.execution import Observation
from cocodla.registers import MAP
from cocodla.runtime import rtl
from cocodla.sim import project

from .conftest import complaint, invoke
from .trace_files import LAYER, STANDIN, copy_trace, expected, write_log, write_trace


def as_golden(program: Program, *_: object, **__: object) -> Execution:
    """The golden model in place of the RTL."""
    return run_golden(program)


def faulty(program: Program, *_: object, **__: object) -> Execution:
    """As the golden model, but the ninth byte that is read back is wrong."""
    execution = run_golden(program)
    for place, seen in enumerate(execution.observations):
        if len(seen.data) > 8:
            data = seen.data[:8] + bytes([seen.data[8] ^ 1]) + seen.data[9:]
            execution.observations[place] = Observation(seen.index, seen.name, data)
            execution.failures.append(f"command {seen.index}: {seen.name} differs")
    return execution


@pytest.fixture
def build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A build folder of its own; the golden model plays the RTL."""
    monkeypatch.setattr(rtl, "run", as_golden)
    monkeypatch.setenv("COCODLA_BUILD", str(tmp_path / "build"))
    return tmp_path / "build"


def test_a_folder_of_traces_and_logs(build: Path, tmp_path: Path) -> None:
    write_trace(tmp_path / "t" / "deep", "first")
    write_trace(tmp_path / "t", "second", lambda text: text.replace("\n", "\r\n"))
    write_log(tmp_path / "t", "a_log", expected())
    outcome = invoke("traces", tmp_path / "t", "--jobs", 3)
    assert outcome.exit_code == 0, outcome.output
    assert [line.split()[1] for line in outcome.stdout.splitlines() if "│" in line] == ["a_log", "first", "second"]
    assert "a_log: golden: 2 of 2 reads equal, output equal; RTL: 2 of 2 reads equal, output equal" in outcome.stdout
    assert "3 passed, 0 failed" in outcome.stdout
    result = json.loads((build / "traces" / "result.json").read_text())
    assert [run["passed"] for run in result] == [True] * 3
    assert invoke("traces", tmp_path / "t", "--only", "sec").stdout.count("pass") == 3


def test_one_failure_fails_the_run_and_is_kept(build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_trace(tmp_path / "t", "good")
    write_trace(tmp_path / "t", "wrong", lambda text: re.sub(r"0x\w+\);\n$", "0x12345678);\n", text))
    outcome = invoke("traces", tmp_path / "t", "--seed", 5, "--watchdog", 7000)
    assert outcome.exit_code == 1
    assert "1 passed, 1 failed" in outcome.stdout
    assert re.search(r"wrong: \S+wrong\.cfg:\d+: command \d+: .*expected 0x12345678", outcome.stdout)
    folder = build / "traces" / "wrong"
    assert f"wrong: see {folder}/report.txt" in outcome.stdout
    assert [path.name for path in (build / "traces").iterdir() if path.is_dir()] == ["wrong"]
    report = (folder / "report.txt").read_text()
    assert str(tmp_path / "t" / "wrong" / "wrong.cfg") in report and "CRC-32" in report
    assert "--watchdog 7000 --seed 5 --waves" in report and f"traces --rerun {folder} --waves" in report
    again = invoke("traces", "--rerun", folder)
    assert again.exit_code == 1 and "expected 0x12345678" in again.stdout
    write_trace(tmp_path / "mended", "wrong")
    assert invoke("traces", tmp_path / "mended").exit_code == 0
    assert not folder.exists()


def test_the_first_wrong_byte_of_the_rtl_is_told_in_words(
    build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rtl, "run", faulty)
    outcome = invoke("traces", write_trace(tmp_path, "t"))
    assert outcome.exit_code == 1
    place = "channel {}, line {}, column {}".format(*LAYER.layout.locate(8))  # type: ignore[misc]
    assert f"byte 0x8 (address {LAYER.address + 8:#x}, {place} of the cube at {LAYER.address:#x})" in outcome.stdout
    assert f"(1 of {LAYER.layout.size} bytes differ)" in outcome.stdout
    report = (build / "traces" / "t" / "report.txt").read_text()
    assert place in report and "golden model: pass" in report


@pytest.mark.parametrize("kind", ["trace", "log"])
def test_memory_nobody_checks_is_compared(
    kind: str, build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trace with check_nothing, and a log without expected bytes, still need the golden model's memory."""
    path = write_log(tmp_path, "t") if kind == "log" else write_trace(tmp_path, "t", check="check_nothing(done);")
    assert invoke("traces", path).exit_code == 0
    monkeypatch.setattr(rtl, "run", faulty)
    outcome = invoke("traces", path)
    assert outcome.exit_code == 1 and "memory at 0x" in outcome.stdout and "bytes differ" in outcome.stdout


def test_a_log_with_other_bytes_fails(build: Path, tmp_path: Path) -> None:
    right = expected()
    outcome = invoke("traces", write_log(tmp_path, "t", bytes([right[0] ^ 1]) + right[1:]))
    assert outcome.exit_code == 1
    assert "golden: 2 of 2 reads equal, output 0 of 1 equal" in outcome.stdout


def test_image_and_output_of_a_log_from_the_command_line(build: Path, tmp_path: Path) -> None:
    folder = write_log(tmp_path, "t", expected())
    (tmp_path / "elsewhere").mkdir()
    log = (folder / "t.txn").rename(tmp_path / "elsewhere" / "other.TXN")
    files = ["--image", folder / "memory.txt", "--expect", folder / "expected_output.txt"]
    outcome = invoke("traces", log, *files)
    assert outcome.exit_code == 0 and "output equal" in outcome.stdout, outcome.output
    assert invoke("traces", log, "--expect", folder / "expected_output.txt").exit_code == 1, "memory is all zero"
    assert "belong to one register log" in complaint("traces", write_trace(tmp_path / "c", "t"), *files)
    assert "m.txt: no such file" in complaint("traces", log, "--image", tmp_path / "m.txt")


def test_long_traces_are_skipped(build: Path, tmp_path: Path) -> None:
    write_trace(tmp_path / "t", "one")
    outcome = invoke("traces", tmp_path / "t", "--max-cycles", 10)
    assert outcome.exit_code == 1, "nothing has run"
    assert re.search(r"skipped: \d+ cycles", outcome.stdout) and "0 passed, 0 failed, 1 skipped" in outcome.stdout
    assert invoke("traces", tmp_path / "t", "--max-cycles", 100_000).exit_code == 0


POINTER = "NVDLA_PDP.S_POINTER_0"


@pytest.mark.parametrize(("change", "words"), [
    (lambda text: text.replace(POINTER, "NVDLA_PDP.S_POINTERS_0"), ["unknown register 'PDP.S_POINTERS'"]),
    (lambda text: text.replace(POINTER, "NVDLA_PDQ.S_POINTER_0"), ["unknown unit"]),
    (lambda text: text.replace("in0.dat", "gone.dat"), ["t.cfg:1: gone.dat: no such file"]),
    (lambda text: text[: text.rindex(",")], ["not a command: 'check_crc("]),
    (lambda text: text.replace("pri_mem, 0x", "pri_mem, 0xfffffffff", 1), ["t.cfg:1: ", "outside 0..0xffffffff"]),
    (lambda text: text.replace("check_crc(done", "check_crc(undone"), ["'undone' is announced by no intr_notify"]),
    (lambda text: text.replace("intr_notify(PDP_0", "intr_notify(CDP_0"), ["CDP group 0 cannot come"]),
])  # fmt: skip
def test_bad_traces(build: Path, tmp_path: Path, change: Callable[[str], str], words: list[str]) -> None:
    line = complaint("traces", write_trace(tmp_path, "t", change))
    assert all(word in line for word in words), line
    assert re.search(r"t\.cfg:\d+: ", line), line


@pytest.mark.parametrize(("field", "value", "rule"), [
    ("D_DATA_CUBE_OUT_WIDTH", 0x1FFF, "PDP: output width is 8192, the input gives"),
    ("D_POOLING_KERNEL_CFG", 0xFFFF_FFFF, "PDP.KERNEL_WIDTH is above 8"),
])  # fmt: skip
def test_a_broken_rule_is_named(build: Path, tmp_path: Path, field: str, value: int, rule: str) -> None:
    change = re.compile(rf"(NVDLA_PDP\.{field}_0), 0x\w+")
    line = complaint("traces", write_trace(tmp_path, "t", lambda text: change.sub(rf"\1, {value:#x}", text)))
    assert re.search(r"t\.cfg:\d+: command \d+ \(WaitInterrupt\): layer 0 \(PDP\)", line) and rule in line, line


def test_a_cut_surface_file(build: Path, tmp_path: Path) -> None:
    folder = write_trace(tmp_path, "t")
    text = (folder / "in0.dat").read_text()
    (folder / "in0.dat").write_text(text[: len(text) // 2])
    assert "in0.dat:1: not a surface record" in complaint("traces", folder)


@pytest.mark.parametrize(("file", "old", "new", "words"), [
    ("t.txn", "read_reg 0x1004 0xffffffff 0", "read_reg 0x1004 0xffffffff", "t.txn:{}: not a register access"),
    ("t.txn", "read_reg 0x1004", "read_reg 0x40004", "t.txn:{}: 0x40004 is outside 0..0x3ffff"),
    ("t.txn", "read_reg 0x1004", "read_reg 0x1002", "t.txn:{}: register address 0x1002 is not a multiple of 4"),
    ("t.txn", "read_reg 0x1004", "reed_reg 0x1004", "t.txn:{}: not a register access: 'reed_reg"),
    ("t.txn", "0xffffffff 0\n", "0xffffffff none\n", "t.txn:{}: 'none' is not a number"),
    ("memory.txt", "m0.bin", "gone.bin", "memory.txt:1: gone.bin: no such file"),
    ("memory.txt", "mem_fill 0x", "mem_fill 0xf0000000", "memory.txt:2: "),
    ("memory.txt", "mem_fill", "mem_full", "memory.txt:2: not a memory command"),
    ("expected_output.txt", "# output", "0x0 xyz", "expected_output.txt:1: not bytes in hexadecimal: 'xyz'"),
    ("expected_output.txt", "# output", "0x0", "expected_output.txt:1: no bytes after the address 0x0"),
    ("expected_output.txt", "# output", "0xffffffff 0000", "expected_output.txt:1: .* outside the 32-bit memory"),
])  # fmt: skip
def test_bad_logs(build: Path, tmp_path: Path, file: str, old: str, new: str, words: str) -> None:
    folder = write_log(tmp_path, "t", expected())
    text = (folder / file).read_text()
    assert old in text
    number = text[: text.index(old)].count("\n") + 1
    (folder / file).write_text(text.replace(old, new, 1))
    line = complaint("traces", folder)
    assert re.search(words.format(number), line), line


def test_a_bad_trace_does_not_stop_the_others(build: Path, tmp_path: Path) -> None:
    write_trace(tmp_path / "t", "bad", lambda text: "jump();\n" + text)
    write_trace(tmp_path / "t", "good")
    outcome = invoke("traces", tmp_path / "t")
    assert outcome.exit_code == 2
    assert outcome.stderr.splitlines() == [f"cocodla: {tmp_path}/t/bad/bad.cfg:1: unknown command 'jump'"]
    assert "bad input" in outcome.stdout and "1 passed, 0 failed, 1 refused" in outcome.stdout


def test_files_outside_and_memory_are_options(build: Path, tmp_path: Path) -> None:
    folder = write_trace(tmp_path, "t", lambda text: text.replace('"in0.dat"', '"../in0.dat"'))
    (folder / "in0.dat").rename(tmp_path / "in0.dat")
    assert "t.cfg:1: '../in0.dat' lies outside" in complaint("traces", folder)
    assert invoke("traces", folder, "--allow-outside").exit_code == 0
    line = complaint("traces", folder, "--allow-outside", "--memory-limit", 16)
    assert "are declared up to here; at most 16" in line


def test_names_do_not_act_on_the_terminal(build: Path, tmp_path: Path) -> None:
    folder = write_trace(tmp_path, "t", lambda text: text.replace("in0.dat", "\x1b[2J\x07.dat"))
    assert r"\x1b[2J\x07.dat: no such file" in complaint("traces", folder)
    assert r"no\x1b[2J: no such folder" in complaint("traces", tmp_path / "no\x1b[2J")


def test_links_beside_a_log_are_not_overlooked(build: Path, tmp_path: Path) -> None:
    """A memory image that cannot be read is not the same as none."""
    folder = write_log(tmp_path, "t", expected())
    (folder / "memory.txt").rename(tmp_path / "memory.txt")
    (folder / "memory.txt").symlink_to("gone")
    assert "memory.txt: no such file" in complaint("traces", folder)


def test_memory_beyond_a_simulation_stops_only_its_trace(build: Path, tmp_path: Path) -> None:
    everything = "mem_init(1, 0, 0xe0000000, ALL_ZERO);\n"
    write_trace(tmp_path / "t", "large", lambda text: everything + text)
    write_trace(tmp_path / "t", "unchecked", lambda text: everything + text, check="check_nothing(done);")
    write_trace(tmp_path / "t", "good")
    outcome = invoke("traces", tmp_path / "t")
    assert outcome.exit_code == 2 and "1 passed, 0 failed, 2 refused" in outcome.stdout, outcome.output
    assert "uses 3584 MiB of memory, a simulation has at most 1024 MiB" in outcome.stderr
    assert "checks no memory, and the " in outcome.stderr


def test_a_trace_keeps_its_failure_in_its_own_folder(build: Path, tmp_path: Path) -> None:
    """Whatever its name: of "...cfg" it is "..", and the folder above was emptied."""
    folder = write_trace(tmp_path, "t", lambda text: re.sub(r"0x\w+\);\n$", "0x12345678);\n", text))
    script = (folder / "t.cfg").rename(folder / "...cfg")
    (build / "kept").mkdir(parents=True)
    assert invoke("traces", script).exit_code == 1
    assert (build / "kept").is_dir() and (build / "traces" / "_" / "report.txt").is_file()


def test_not_all_of_many_failures_are_shown(build: Path, tmp_path: Path) -> None:
    reads = "reg_read_check(NVDLA_SDP.S_STATUS_0, 0x5);\n" * 150
    outcome = invoke("traces", write_trace(tmp_path, "t", lambda text: reads + text))
    assert outcome.exit_code == 1 and "t: 200 more failures" in outcome.stdout
    report = (build / "traces" / "t" / "report.txt").read_text()
    assert report.count("expected 0x00000005") == 300


def test_no_traces_at_all(build: Path, tmp_path: Path) -> None:
    assert "no folder of traces given" in complaint("traces")
    assert "no folder of traces given" in complaint("traces", "")
    assert "no such folder" in complaint("traces", tmp_path / "absent")
    assert "no trace (a folder with a .cfg or .txn file) in it" in complaint("traces", tmp_path)
    (tmp_path / "x.dat").write_text("")
    assert "neither a trace (.cfg) nor a register log (.txn)" in complaint("traces", tmp_path / "x.dat")
    write_trace(tmp_path, "t")
    assert "no trace has 'u' in its name" in complaint("traces", tmp_path, "--only", "u")
    assert "program.zip: cannot read" in complaint("traces", "--rerun", tmp_path)


@pytest.mark.parametrize("command", ["traces", "random", "lenet", "bench"])
def test_the_watchdog_is_chosen_on_the_command_line(
    command: str, build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(program: Program, simulation: rtl.Simulation, *_: object, **__: object) -> Execution:
        raise UserError(f"watchdog {simulation.watchdog}")

    monkeypatch.setattr(rtl, "run", stop)
    arguments = {
        "traces": [write_trace(tmp_path / "t", "t")],
        "random": ["--count", 1],
        "lenet": ["--count", 1],
        "bench": ["--only", "sdp_", "--memory", "full32", "--no-check"],
    }
    assert "watchdog 4321" in complaint(command, *arguments[command], "--watchdog", 4321)
    assert invoke(command, *arguments[command], "--watchdog", 5).exit_code == 2


@pytest.mark.parametrize("sim", ["verilator", "icarus"])
def test_a_trace_on_another_dut(sim: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DUT_FILELIST, here relative to the working folder, is part of the commands that repeat a failure."""
    monkeypatch.chdir(project.root())
    monkeypatch.setenv("DUT_FILELIST", str(STANDIN.relative_to(project.root())))
    assert invoke("traces", copy_trace(tmp_path / "a", bytes(range(128))), "--sim", sim).exit_code == 0
    wrong = copy_trace(tmp_path / "b", bytes(128)).rename(tmp_path / f"standin_{sim}")
    outcome = invoke("traces", wrong, "--sim", sim, "--seed", 3)
    assert outcome.exit_code == 1, outcome.output
    folder = project.build() / "traces" / f"standin_{sim}"
    report = (folder / "report.txt").read_text()
    assert f"DUT_FILELIST={STANDIN} " in report and f"--sim {sim}" in report
    monkeypatch.delenv("DUT_FILELIST")
    assert f"--rerun {folder} --waves" in (folder / "rerun.sh").read_text()
    again = invoke("traces", "--rerun", folder)
    assert again.exit_code == 1 and "CRC-32" in again.stdout
    shutil.rmtree(folder)


def test_commands_that_repeat_a_run_are_for_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also behind exec, as rerun.sh has them, and with a DUT in a folder with a blank."""
    monkeypatch.setenv("DUT_FILELIST", "/a b/files.f")
    monkeypatch.setattr("sys.executable", "/bin/echo")
    script = f"exec {command_line('traces', Path('x y'), '--seed', 3)}; exit 7"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "-m cocodla traces x y --seed 3\n"


def dut(folder: Path, text: str, **files: str) -> Path:
    """A file list of a DUT made from the stand-in."""
    for name, content in files.items():
        (folder / f"{name}.v").write_text(content)
    (folder / "files.f").write_text(text.replace("FIFO", str(project.root() / "rtl" / "lib" / "dla_fifo.v")))
    return folder / "files.f"


@pytest.mark.parametrize(("text", "reason"), [
    ("FIFO\nNV_nvdla.v\n", r"files\.f:2: file NV_nvdla\.v does not exist"),
    ("+incdir+inc\n", r"files\.f:1: include folder inc does not exist"),
    ("-f more.f\n", r"more\.f does not exist"),
    ("-wurble x\n", r"files\.f:1: unknown option '-wurble'"),
    ("+define+\n", r"files\.f:1: \+define\+ without a name"),
])  # fmt: skip
@pytest.mark.parametrize("command", ["traces", "random", "lenet"])
def test_a_bad_file_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, text: str, reason: str) -> None:
    monkeypatch.setenv("DUT_FILELIST", str(dut(tmp_path, text)))
    arguments = {"traces": [write_trace(tmp_path / "t", "t")], "random": ["--count", 1], "lenet": ["--count", 1]}
    line = complaint(command, *arguments[command])
    assert re.search(reason, line), line


@pytest.mark.parametrize("sim", ["verilator", "icarus"])
@pytest.mark.parametrize(("old", "new", "reason"), [
    ("dla_intr", "interrupt", r"NV_nvdla\.v:\d+: NV_nvdla has no port 'dla_intr'"),
    ("module NV_nvdla", '`include "gone.vh"\nmodule NV_nvdla', r"NV_nvdla\.v:\d+: .*include file gone\.vh"),
    ("module NV_nvdla", "module nvdla", "no file has module NV_nvdla"),
])  # fmt: skip
def test_a_dut_that_does_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sim: str, old: str, new: str, reason: str
) -> None:
    if sim == "icarus" and not shutil.which("iverilog"):
        pytest.skip("no iverilog")
    text = STANDIN.with_name("NV_nvdla.v").read_text().replace(old, new)
    monkeypatch.setenv("DUT_FILELIST", str(dut(tmp_path, "FIFO\nNV_nvdla.v\n", NV_nvdla=text)))
    line = complaint("traces", write_trace(tmp_path / "t", "t"), "--sim", sim)
    assert re.search(reason, line), line


@pytest.mark.parametrize("form", ["trace", "log"])
def test_a_program_for_the_y_stage_is_refused_in_one_line(build: Path, tmp_path: Path, form: str) -> None:
    """nv_small has no EW: no CRC is compared, nothing runs on the RTL. A bypassed one may hold anything."""

    def write(name: str, word: int) -> Path:
        script = copy_trace(tmp_path / name, bytes(range(128))) / "copy.cfg"
        text = f"reg_write(NVDLA_SDP.D_DP_EW_CFG_0, {word:#x});\n" + script.read_text()
        if form == "trace":
            script.write_text(text)
            return script
        writes = re.findall(r"reg_write\(NVDLA_(\w+)\.(\w+)_0, (\w+)\)", text)
        lines = [f"write_reg {MAP[f'{unit}.{register}'].address:#x} {value}" for unit, register, value in writes]
        log = tmp_path / name / f"{name}.txn"
        log.write_text("\n".join([*lines, f"read_reg {MAP['GLB.S_INTR_STATUS'].address:#x} 0x1 0x1", ""]))
        return log

    for name, word in (("alu", 0x50), ("table", 0x12)):
        place = write(name, word)
        line = complaint("traces", place)
        assert name in line and "SDP.D_DP_EW_CFG.EW_BYPASS is 0: the layer uses the Y stage (EW)" in line
        outcome = invoke("traces", place)
        assert "refused" in outcome.stdout and "CRC" not in outcome.output and "FAIL" not in outcome.stdout
    for name, word in (("bypassed", 0x21), ("nothing_on", 0x52)):
        assert invoke("traces", write(name, word)).exit_code == 0
