"""Wrong cubes in the log of a block's bench, as beats and as writes to memory."""

from __future__ import annotations

from cocotbext.dla import Cube
from cubelib.views import view_beats, view_writes

CUBE = Cube(4, 2, 2, address=0x1000, line_stride=64, surface_stride=256)


def test_a_beat_that_is_wrong_and_one_that_never_came() -> None:
    due = [0x0101010101010101 * (1 + k) for k in range(16)]
    assert list(view_beats("layer 1", CUBE, due, due)) == []
    got = [*due[:9], due[9] ^ 0x100, *due[10:15]]
    lines = list(view_beats("layer 1", CUBE, due, got))
    assert lines[0].startswith("layer 1: 9 of 128 elements differ") and lines[2].startswith("channel block 1")
    assert lines[3:5] == ["  .1..", "  ...8"]


def test_lanes_of_four_bytes() -> None:
    due = [1 << 32 * 3] * 16
    lines = list(view_beats("sums", CUBE, due, [2 << 32 * 3, *due[1:]], 4))
    assert lines[0].startswith("sums: a single element differs; ") and "one too large" in lines[0]


def test_a_write_to_another_place() -> None:
    places = [0x1000 + 256 * s + 64 * y + 8 * x for s in range(2) for y in range(2) for x in range(4)]
    due = [(place, bytes(range(8)), False) for place in places]
    got = [(address + 8 * (k == 5), atom, last) for k, (address, atom, last) in enumerate(due)]
    assert list(view_writes("layer 1", CUBE, due, due)) == []
    lines = list(view_writes("layer 1", CUBE, due, got))
    assert "zeros instead of values" in lines[0] and lines[4] == "  .7.."
