"""Order of a trace's commands: streams, events, interrupts; and the lexical freedom the format gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from cocodla.errors import UserError
from cocodla.program import CheckMemory, FillMemory, LoadMemory, Mark, Program, ReadRegister, WaitInterrupt
from cocodla.program import WriteRegister as Write
from cocodla.program.trace import read_trace
from cocodla.registers import MAP


def read(folder: Path, text: str | bytes, name: str = "t") -> Program:
    path = folder / f"{name}.cfg"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_trace(path)


def order(program: Program) -> list[str]:
    """What a program does, one word a command: enables, writes of other registers, waits, checks, loads."""
    words = []
    for command in program.commands[1:]:
        match command:
            case Write(address, value):
                register = MAP.at(address)
                enable = register.name == "D_OP_ENABLE"
                words.append(f"{register.unit} on" if enable else f"{register.unit}={value}")
            case WaitInterrupt(bits):
                words.append(f"wait {bits:#x}")
            case CheckMemory(address):
                words.append(f"check {address:#x}")
            case LoadMemory(address) | FillMemory(address):
                words.append(f"load {address:#x}")
            case _:
                words.append(type(command).__name__)
    return words


def on(unit: str) -> str:
    return f"reg_write(NVDLA_{unit}.D_OP_ENABLE_0, 1);\n"


def put(unit: str, value: int) -> str:
    return f"reg_write(NVDLA_{unit}.D_DST_BASE_ADDR_LOW_0, {value});\n"


def group(unit: str, value: int) -> str:
    return f"reg_write(NVDLA_{unit}.S_POINTER_0, {value});\n"


def test_a_block_waits_for_an_interrupt_and_the_others_go_on(tmp_path: Path) -> None:
    text = on("SDP") + "sync_wait(SDP, a);\n" + put("SDP", 7) + put("PDP", 8) + on("PDP")
    text += "intr_notify(PDP_0, b);\nintr_notify(SDP_0, a);\ncheck_nothing(b);\n"
    assert order(read(tmp_path, text)) == ["SDP on", "PDP=8", "PDP on", "wait 0x1", "SDP=7", "wait 0x10"]


def test_the_interrupt_of_a_unit_at_work_comes_first(tmp_path: Path) -> None:
    """PDP's is first in the file, but PDP starts only when SDP has ended."""
    text = "intr_notify(PDP_0, b);\nintr_notify(SDP_0, a);\nsync_wait(PDP, a);\n" + on("PDP") + on("SDP")
    assert order(read(tmp_path, text)) == ["SDP on", "wait 0x1", "PDP on", "wait 0x10"]


def test_streams_notify_each_other(tmp_path: Path) -> None:
    text = "sync_wait(NVDLA_SDP, go);\n" + put("SDP", 1) + put("CDP", 2) + "sync_notify(NVDLA_CDP, go);\n"
    text += put("CDP", 3) + "check_crc(go, pri_mem, 0x40, 4, 0x2144df1c);\nmem_init(1, 0x40, 4, ALL_ZERO);\n"
    assert order(read(tmp_path, text)) == ["load 0x40", "CDP=2", "check 0x40", "CDP=3", "SDP=1"]


def test_what_hangs_on_an_interrupt_is_done_at_once_in_file_order(tmp_path: Path) -> None:
    text = on("SDP") + group("SDP", 1) + on("SDP")
    text += "mem_init(pri_mem, 0x100, 8, ONES, first);\nintr_notify(SDP_0, first);\nintr_notify(SDP_1, second);\n"
    text += "check_crc(first, pri_mem, 0x100, 8, 0);\nmem_release(pri_mem, 0x100, first);\n"
    text += "mem_reserve(pri_mem, 0x300, 0x100);\ncheck_crc(second, pri_mem, 0x200, 8, 0);\n"
    assert order(read(tmp_path, text)) == [
        "SDP on", "SDP=1", "SDP on", "wait 0x1", "load 0x100", "check 0x100", "wait 0x2", "check 0x200",
    ]  # fmt: skip


def test_a_group_used_again_is_waited_for_first(tmp_path: Path) -> None:
    """Two interrupts of one source and group could not be told apart."""
    idle = "poll_reg_equal(NVDLA_SDP.S_STATUS_0, 0);\n"
    text = on("SDP") + idle + group("SDP", 0) + put("SDP", 2) + on("SDP")
    text += "intr_notify(SDP_0, a);\ncheck_crc(a, 1, 0x0, 8, 0);\nintr_notify(SDP_0, b);\n"
    assert order(read(tmp_path, text)) == [
        "SDP on", "PollRegister", "SDP=0", "SDP=2", "wait 0x1", "check 0x0", "SDP on", "wait 0x1",
    ]  # fmt: skip


def test_an_interrupt_that_lets_a_block_go_on_comes_first(tmp_path: Path) -> None:
    """Layer 2 of SDP, whose interrupt is first in the file, needs CDMA, which waits for layer 1."""
    text = on("SDP") + group("SDP", 1) + on("SDP") + on("CDMA") + "sync_wait(CDMA, a);\n" + on("CDMA")
    text += "intr_notify(SDP_1, b);\nintr_notify(SDP_0, a);\n"
    assert order(read(tmp_path, text)) == [
        "SDP on", "SDP=1", "SDP on", "CDMA on", "wait 0x1", "CDMA on", "wait 0x2",
    ]  # fmt: skip


def test_interrupts_of_one_source_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    """A stream waits for the second one of SDP; that does not make it the first."""
    text = on("SDP") + "sync_wait(GLB, b);\nreg_read(NVDLA_GLB.S_INTR_MASK_0, 1);\n"
    text += "intr_notify(SDP_0, a);\nintr_notify(SDP_0, b);\nsync_wait(SDP, a);\n" + on("SDP")
    text += "check_crc(a, 1, 0x10, 8, 0);\ncheck_crc(b, 1, 0x20, 8, 0);\n"
    assert order(read(tmp_path, text)) == [
        "SDP on", "wait 0x1", "check 0x10", "SDP on", "wait 0x1", "check 0x20", "ReadRegister",
    ]  # fmt: skip


@pytest.mark.parametrize(("mask", "bits"), [("0", "0x20"), ("0x3ffffc", "0x1"), ("0x3fffdf", "0x20")])
def test_an_interrupt_without_source_is_that_of_the_unit_at_work(tmp_path: Path, mask: str, bits: str) -> None:
    text = f"reg_write(NVDLA_GLB.S_INTR_MASK_0, {mask});\n" + group("PDP", 1) + on("PDP") + on("SDP")
    program = read(tmp_path, text + "intr_notify(done);\ncheck_crc(done, 1, 0, 8, 0);\n")
    assert order(program)[-2:] == [f"wait {bits}", "check 0x0"]


def test_an_interrupt_without_source_leaves_named_ones_alone(tmp_path: Path) -> None:
    text = on("PDP") + on("SDP") + "intr_notify(x);\nintr_notify(PDP_0, y);\n"
    assert order(read(tmp_path, text))[-2:] == ["wait 0x1", "wait 0x10"]


@pytest.mark.parametrize(("text", "reason"), [
    ("sync_wait(SDP, a);\nsync_wait(PDP, a);\nsync_notify(PDP, a);\n", "t.cfg:1: the wait for 'a' never ends"),
    ("intr_notify(a);\n", "t.cfg:1: no enabled unit"),
    ("reg_write(NVDLA_GLB.S_INTR_MASK_0, 1);\n" + on("SDP") + "intr_notify(a);\n", "t.cfg:3: no enabled unit"),
    ("sync_notify(XYZ, a);\n", "t.cfg:1: unknown unit 'XYZ'"),
    ("check_nothing(a);\nsync_notify(SDP, b);\n", "t.cfg:1: 'a' is announced by no intr_notify or sync_notify"),
    ("mem_release(pri_mem, 0, a);\n", "t.cfg:1: 'a' is announced by no"),
    ("mem_reserve(pri_mem, 0xffffffff, 2);\n", "t.cfg:1: .* outside the 32-bit memory"),
    ("intr_notify(SDP_0, a b);\n", "t.cfg:1: 'a b' is not a sync id"),
    ("intr_notify(SDP_0, a);\nintr_notify(PDP_0, a);\n", "t.cfg:2: 'a' is announced twice"),
    ("mem_init(1, 0, 0xf0000000, RANDOM);\n", "t.cfg:1: 4,026,531,840 bytes .*at most 268,435,456"),
    ("sync_notify(SDP, a);\ncheck_file(a, 1, 0, 0xf0000000, \"t.cfg\");\n", "t.cfg:2: 4,026,531,840 bytes"),
    ("check_nothing();\n", "t.cfg:1: '' is not a sync id"),
])  # fmt: skip
def test_events_that_cannot_happen_are_named(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        read(tmp_path, text)


SDP_POINTER = Write(MAP["SDP.S_POINTER"].address, 0x1F)


@pytest.mark.parametrize("line", [
    b"reg_write(NVDLA_SDP.S_POINTER_0, 0x1F);\r\n",
    b"\xef\xbb\xbfreg_write(NVDLA_SDP.S_POINTER_0,31);",
    b"\t reg_write\t( NVDLA_SDP.S_POINTER_0\t,\t0X1f )\t; \t// x\r\n\r\n  // reg_write(NVDLA_SDP.S_POINTER_0, 2);\n",
    b"reg_write(NVDLA_SDP.S_POINTER_0, 0x1f); // was: reg_write(NVDLA_SDP.S_POINTER_0, 0x20);\n",
    b"//reg_write(A, 1);\nreg_write(NVDLA_SDP.S_POINTER_0, 0x0000001f);//\n   //\n//// x\n",
    "reg_write(NVDLA_SDP.S_POINTER_0, 0x1f); // 5 µm © example\n".encode(),
])  # fmt: skip
def test_spelling_is_free(tmp_path: Path, line: bytes) -> None:
    assert read(tmp_path, line).commands == [Mark("t"), SDP_POINTER]


def test_file_names_may_hold_anything_but_quotes(tmp_path: Path) -> None:
    record = "{offset : 0x0 , size : 0X4 , payload : 0x01 0XAB 3 }\r\n# end\r\n}\r\n"
    (tmp_path / "sub").mkdir()
    for name in ("a,b (1); x//y.dat".replace("/", "_"), "sub/in.MEM"):
        (tmp_path / name).write_text(record)
        program = read(tmp_path, f'mem_load( pri_mem , 16 , "{name}" ) ; // "quoted"\n')
        assert program.commands[1:] == [LoadMemory(16, b"\x01\xab\x03\x00")]
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_text(record)
    assert len(read(tmp_path, 'mem_load(1, 16, "a//x");\n')) == 2


def test_records_in_any_order_and_twice(tmp_path: Path) -> None:
    """Later records win; bytes no record mentions are left alone."""
    (tmp_path / "in.dat").write_text(
        "{offset:0x8, size:4, payload:0x01 0x02 0x03 0x04} ,\n{offset:12, size:1, payload:0x05 },"
        "\n{offset:0, size:2, payload:0x06}\n{offset:0x9, size:1, payload:0x07} ,\n"
    )
    program = read(tmp_path, 'mem_init(1, 0x100, "in.dat", AFIVE);\nmem_load(1, 0x100, "in.dat");\n')
    memory = bytearray(16)
    for command in program.commands[1:]:
        data = bytes([command.value]) * command.length if isinstance(command, FillMemory) else command.data
        memory[command.address - 0x100 : command.address - 0x100 + len(data)] = data
    assert bytes(memory) == bytes.fromhex("0600a5a5a5a5a5a50107030405000000")


def test_reads_keep_their_place_among_writes(tmp_path: Path) -> None:
    text = put("SDP", 3) + "reg_read_check(NVDLA_SDP.D_DST_BASE_ADDR_LOW_0, 3);\nreg_read(NVDLA_SDP.S_STATUS_0, 7);\n"
    address = MAP["SDP.D_DST_BASE_ADDR_LOW"].address
    assert read(tmp_path, text).commands[2:] == [
        ReadRegister(address, 0xFFFFFFFF, 3), ReadRegister(MAP["SDP.S_STATUS"].address, 0, 0),
    ]  # fmt: skip


def test_the_script_of_a_folder(tmp_path: Path) -> None:
    """The one with the folder's name; a lone one may have any name, also in capitals."""
    (tmp_path / "OTHER.CFG").write_text(put("SDP", 1))
    assert order(read_trace(tmp_path)) == ["SDP=1"]
    (tmp_path / f"{tmp_path.name}.cfg").write_text(put("SDP", 2))
    assert order(read_trace(tmp_path)) == ["SDP=2"]
    assert order(read_trace(tmp_path / "OTHER.CFG")) == ["SDP=1"]
    (tmp_path / f"{tmp_path.name}.cfg").rename(tmp_path / "third.cfg")
    with pytest.raises(UserError, match=r"2 \.cfg files, one is expected"):
        read_trace(tmp_path)
