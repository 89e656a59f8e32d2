"""Mismatches are told as tensor coordinates."""

import numpy as np

from cocodla.formats import CubeLayout, tensor_to_bytes
from cocodla.program import (
    CheckMemory,
    Event,
    Execution,
    Mark,
    Observation,
    Program,
    ReadRegister,
    WriteRegister,
    compare,
)
from cocodla.registers import MAP

LAYOUT = CubeLayout(width=3, height=2, channels=11, line_stride=32, surface_stride=72)
TENSOR = {"name": "conv1", "address": 0x100, **LAYOUT.to_json()}
PROGRAM = Program(
    [
        Mark("image0/conv1", {"layer": "conv1", "tensor": TENSOR}),
        Mark("later", {"tensor": {**TENSOR, "address": 0}}),
        CheckMemory(0x100, LAYOUT.size, "image0/conv1"),
        CheckMemory(0x200, 4, "plain"),
        ReadRegister(0x9000, 0, 0),
        ReadRegister(0x90CC, 0, 0),
        ReadRegister(0x9004, 0x1, 0),
    ]
)
CUBE = np.arange(-33, 33, dtype=np.int8).reshape(11, 2, 3)


def execution(cube: bytes, plain: bytes, *registers: int) -> Execution:
    names = ("SDP.S_STATUS", "SDP.D_STATUS", "SDP.S_POINTER")
    data = [cube, plain, *(value.to_bytes(4, "little") for value in registers)]
    return Execution(
        "golden", [Observation(2 + i, ("image0/conv1", "plain", *names)[i], d) for i, d in enumerate(data)]
    )


def test_equal_executions_have_no_mismatch() -> None:
    data = tensor_to_bytes(CUBE, LAYOUT).tobytes()
    one, other = execution(data, b"abcd", 1, 1, 0x10001), execution(data, b"abcd", 2, 1, 0x00001)
    assert compare(PROGRAM, one, other) == []


def test_a_tensor_is_told_in_coordinates() -> None:
    wrong = CUBE.copy()
    wrong[9, 1, 2] += 5
    one = execution(tensor_to_bytes(CUBE, LAYOUT).tobytes(), b"abcd", 0, 0, 0)
    other = execution(tensor_to_bytes(wrong, LAYOUT).tobytes(), b"abzd", 0, 1, 1)
    other.events.append(Event(1, "later", 1234))
    texts = [str(m) for m in compare(PROGRAM, one, other)]
    when = "(seen after cycle 1,234)"
    first, last = CUBE[9, 1, 2], wrong[9, 1, 2]
    assert texts == [
        f"layer conv1: image0/conv1, channel 9, line 1, column 2: expected {first}, got {last} "
        f"(1 of {LAYOUT.size} bytes differ) {when}",
        f"layer later: plain, offset 0x2: expected 99, got 122 {when}",
        f"layer later: SDP.D_STATUS: expected 0, got 1 {when}",
        f"layer later: SDP.S_POINTER: expected 0, got 1 {when}",
    ]
    padding = bytearray(tensor_to_bytes(CUBE, LAYOUT).tobytes())
    padding[72 + 5] ^= 1
    assert "channel 13 (padding lane)" in str(compare(PROGRAM, one, execution(bytes(padding), b"abcd", 0, 0, 0))[0])
    gap = bytearray(tensor_to_bytes(CUBE, LAYOUT).tobytes())
    gap[26] ^= 1
    assert "offset 0x1a" in str(compare(PROGRAM, one, execution(bytes(gap), b"abcd", 0, 0, 0))[0])


def test_an_execution_that_ended_early_is_a_mismatch() -> None:
    data = tensor_to_bytes(CUBE, LAYOUT).tobytes()
    one = execution(data, b"abcd", 0, 0, 0)
    other = Execution("rtl", one.observations[:3])
    found = compare(PROGRAM, one, other)
    assert [m.index for m in found] == [5, 6]
    assert str(found[0]) == "layer later: SDP.D_STATUS: not observed on rtl"
    assert len(compare(PROGRAM, other, one)) == 2


def test_layer_names() -> None:
    assert PROGRAM.layer_of(0) == "conv1"
    assert PROGRAM.layer_of(4) == "later"
    assert Program().layer_of(-1) == ""


def test_counters_that_a_layer_did_not_enable_are_not_compared() -> None:
    """sdp.md 2.2: the public SDP shows what the last layer with SAT_EN counted, ours 0."""
    pointer, enable, start, count = (
        MAP[f"SDP.{name}"].address for name in ("S_POINTER", "D_PERF_ENABLE", "D_OP_ENABLE", "D_PERF_OUT_SATURATION")
    )
    program = Program([ReadRegister(count, 0, 0)])
    for group, perf in ((0, 0b100), (1, 0b011), (0, 0b001), (1, 0b100)):
        program.append(WriteRegister(pointer, group), WriteRegister(enable, perf), WriteRegister(start, 1))
        program.append(WriteRegister(enable, 0b100), ReadRegister(count, 0, 0), ReadRegister(count, 0xFF, 0))
    reads = [i for i, command in enumerate(program) if isinstance(command, ReadRegister)]

    def seen(values: list[int]) -> Execution:
        name = "SDP.D_PERF_OUT_SATURATION"
        pairs = zip(reads, values, strict=True)
        return Execution("golden", [Observation(index, name, value.to_bytes(4, "little")) for index, value in pairs])

    expected, got = seen([0, 7, 7, 0, 0, 0, 0, 3, 3]), seen([0, 7, 7, 5, 0, 7, 0, 3, 3])
    assert compare(program, expected, got) == []
    for place in (0, 1, 2, 4, 6, 7, 8):
        values = [0, 7, 7, 5, 0, 7, 0, 3, 3]
        values[place] += 1
        assert [m.index for m in compare(program, expected, seen(values))] == [reads[place]]
