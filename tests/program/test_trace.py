"""The trace reader: order of what it makes, and one line with file and line number for bad input."""

import zlib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cocodla import cli
from cocodla.errors import UserError
from cocodla.golden import run
from cocodla.program import (
    CheckMemory,
    FillMemory,
    LoadMemory,
    Mark,
    PollRegister,
    Program,
    ReadRegister,
    WaitInterrupt,
)
from cocodla.program import WriteRegister as Write
from cocodla.program.trace import read_trace

DAT = """{
# comment
{offset:0x0, size:4, payload:0x01 0x02 0x03 0x04} ,
{offset:0x4, size:4, payload:0x05 0x6 7},

{offset:0x20, size:0x2, payload:0xff 0xfe}
}
"""


def trace(folder: Path, text: str, **files: str) -> Path:
    folder = folder / "some_trace"
    folder.mkdir(exist_ok=True)
    (folder / "some_trace.cfg").write_text(text)
    (folder / "in.dat").write_text(DAT)
    for name, content in files.items():
        (folder / f"{name}.dat").write_text(content)
    return folder


def test_every_command(tmp_path: Path) -> None:
    folder = trace(
        tmp_path,
        """
// NVDLA_SDP.D_CVT_SHIFT_0.CVT_SHIFT:0x0
 reg_write( NVDLA_SDP.S_POINTER_0 , 0x1 ) ; // trailing
mem_init(pri_mem, 0x100, 0x40, ALL_ZERO);
mem_init(1, 0x200, 4, ADDR);
mem_init(pri_mem, 0x300, 2, FIVEA);
mem_init(pri_mem, 0x400, "in.dat", ONES);
mem_load(pri_mem, 0x1000, "in.dat");
mem_reserve(pri_mem, 0x8000, 0x100);
poll_reg_equal(NVDLA_CDMA.S_CBUF_FLUSH_STATUS_0,0x1);
reg_read_check(NVDLA_GLB.S_INTR_MASK_0, 0);
reg_read(NVDLA_GLB.S_INTR_MASK_0, 5);
intr_notify(PDP_1, b);
intr_notify(CDMA_WT_0, a);
check_nothing(a);
check_crc(b, 1, 0x100, 0x40, 0x758d6336);
check_file(b, pri_mem, 0x400, 4, "four");
""".replace('"four"', '"four.dat"'),
        four="{offset:1, size:2, payload:0x11 0x22}\n",
    )
    program = read_trace(folder)
    assert program.meta["name"] == "some_trace"
    runs = [(0, b"\1\2\3\4\5\6\7\0"), (0x20, b"\xff\xfe")]
    assert program.commands == [
        Mark("some_trace"),
        FillMemory(0x100, 0x40, 0),
        LoadMemory(0x200, b"\0\1\2\3"),
        FillMemory(0x300, 2, 0x5A),
        FillMemory(0x400, 0x22, 0xFF),
        *(LoadMemory(0x1000 + offset, data) for offset, data in runs),
        Write(0x9004, 1),
        PollRegister(0x300C, 0xFFFFFFFF, 1),
        ReadRegister(0x1004, 0xFFFFFFFF, 0),
        ReadRegister(0x1004, 0, 0),
        WaitInterrupt(1 << 5),
        CheckMemory(0x100, 0x40, "b output", crc=zlib.crc32(bytes(0x40))),
        CheckMemory(0x400, 4, "b output", expected=b"\0\x11\x22\0"),
        WaitInterrupt(1 << 18),
    ]


def test_random_fill_repeats(tmp_path: Path) -> None:
    folder = trace(tmp_path, "mem_init(pri_mem, 0x100, 0x40, RANDOM);\n")
    first, second = (read_trace(folder).commands[1] for _ in "ab")
    assert isinstance(first, LoadMemory)
    assert first == second
    assert len(set(first.data)) > 20


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("reg_write(NVDLA_SDP.S_POINTER_0, 0x1)", "not a command"),
        ("reg_write(NVDLA_SDP.S_POI", "not a command"),
        ("reg_write(NVDLA_SDP.S_NOTHING_0, 0x1);", "unknown register 'SDP.S_NOTHING'"),
        ("reg_write(NVDLA_XYZ.S_POINTER_0, 0x1);", "unknown unit"),
        ("reg_write(SDP.S_POINTER, 0x1);", "not a register name"),
        ("reg_write(NVDLA_SDP.S_POINTER_0, 0x100000000);", "is outside 0..0xffffffff"),
        ("reg_write(NVDLA_SDP.S_POINTER_0);", "1 arguments, 2 expected"),
        ("reg_write(NVDLA_SDP.S_POINTER_0, one);", "'one' is not a number"),
        ("jump(1);", "unknown command 'jump'"),
        ('mem_load(pri_mem, 0x0, "missing.dat");', "missing.dat: no such file"),
        ('mem_load(sec_mem, 0x0, "in.dat");', "memory 'sec_mem' does not exist"),
        ('mem_load(pri_mem, 0xfffffff0, "in.dat");', "outside the 32-bit memory"),
        ("mem_load(pri_mem, 0x0, in.dat);", "not a file name in double quotes"),
        ("mem_init(pri_mem, 0x0, 0x10, STRIPES);", "unknown pattern"),
        ("mem_init(pri_mem, 0xffffffff, 0x10, ALL_ZERO);", "outside the 32-bit memory"),
        ("check_crc(nobody, 1, 0x0, 0x10, 0x0);", "'nobody' is announced by no intr_notify"),
        ("intr_notify(XYZ_0, a);", "unknown interrupt"),
        ("sync_wait(SDP, a);", "'a' is announced by no"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, line: str, reason: str) -> None:
    folder = trace(tmp_path, f"// first line\n{line}\n")
    with pytest.raises(UserError, match=reason) as caught:
        read_trace(folder)
    text = str(caught.value)
    assert "some_trace.cfg:2: " in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{\n{offset:0x0, size:4, payload:0x01 0x02\n", "bad.dat:2: not a surface record"),
        ("{offset:0x0, size:1, payload:0x01 0x02} ,\n", "bad.dat:1: 2 bytes in a record of size 1"),
        ("{offset:0x0, size:1, payload:0x100} ,\n", "bad.dat:1: not a number or not a byte"),
        ("{offset:zero, size:1, payload:0x10} ,\n", "bad.dat:1: not a number or not a byte"),
        ("hello\n", "bad.dat:1: not a surface record"),
    ],
)
def test_bad_surface_files_are_named(tmp_path: Path, content: str, reason: str) -> None:
    folder = trace(tmp_path, 'mem_load(pri_mem, 0x0, "bad.dat");\n', bad=content)
    with pytest.raises(UserError, match=reason):
        read_trace(folder)


def test_folders_without_a_script_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such trace directory"):
        read_trace(tmp_path / "nothing")
    with pytest.raises(UserError, match=r"0 \.cfg files"):
        read_trace(tmp_path)
    folder = trace(tmp_path, "")
    (folder / "some_trace.cfg").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="not a text file"):
        read_trace(folder)


def test_an_interrupt_nobody_enables_is_told(tmp_path: Path) -> None:
    folder = trace(tmp_path, "reg_write(NVDLA_PDP.D_OP_ENABLE_0, 1);\nintr_notify(SDP_0, a);\n")
    with pytest.raises(UserError, match=r"command 2 \(WaitInterrupt\).*SDP group 0 cannot come; enabled: PDP group 0"):
        run(read_trace(folder))


def test_a_rule_broken_by_a_trace_is_told_with_its_line(tmp_path: Path) -> None:
    """SDP's RAM type is still that of reset, which is no memory."""
    enable = "reg_write(NVDLA_SDP.D_OP_ENABLE_0, 1);\nreg_write(NVDLA_SDP_RDMA.D_OP_ENABLE_0, 1);\n"
    folder = trace(tmp_path, f"// a broken trace\n{enable}intr_notify(SDP_0, a);\n")
    with pytest.raises(UserError, match=r"some_trace.cfg:4: command 3 \(WaitInterrupt\): .*RAM_TYPE 0"):
        run(read_trace(folder))
    outcome = CliRunner().invoke(cli.app, ["traces", str(folder)])
    assert outcome.exit_code == 2
    assert "some_trace.cfg:4: command 3 (WaitInterrupt): layer 0 (SDP): SDP.D_DST_DMA_CFG" in outcome.output


@pytest.mark.parametrize("text", ["reg_write(NVDLA_SDP.S_NOTHING_0, 0x1);\n", "check_crc(a, 1, 0x0, 0x10"])
def test_the_command_refuses_a_bad_trace(tmp_path: Path, text: str) -> None:
    folder = trace(tmp_path, text)
    assert CliRunner().invoke(cli.app, ["traces", str(folder)]).exit_code == 2


def test_places_survive_a_program_file(tmp_path: Path) -> None:
    program = Program()
    program.append(Mark("x"))
    program.append_from("a.cfg", 7, Write(0x9004, 1))
    program.append(Mark("y"))
    program.save(tmp_path / "p.zip")
    assert [Program.load(tmp_path / "p.zip").origin(i) for i in range(3)] == ["", "a.cfg:7: ", ""]
