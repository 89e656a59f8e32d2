"""Rules, latency, credits and comparison on dumps of a few cycles, written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tests.waves.dump_writer import write_cycles

from cocodla.errors import UserError
from cocodla.waves import violations as rules
from cocodla.waves.analysis import Analysis, Options, analyse
from cocodla.waves.clock import Sampled
from cocodla.waves.interfaces import Description, Interface
from cocodla.waves.runs import CLOSED, Runs

DATA = {"s_data": 8, "m_data": 8}


def rows(**signals: str) -> list[dict[str, str]]:
    """One row a cycle from strings of one character a cycle; data are a hexadecimal digit."""
    length = len(next(iter(signals.values())))
    return [
        {name: f"{int(bits[n], 16):08b}" if name in DATA else bits[n] for name, bits in signals.items()}
        for n in range(length)
    ]


def looked(folder: Path, table: Sequence[dict[str, str]], options: Options | None = None, name: str = "d") -> Analysis:
    return analyse(write_cycles(folder / f"{name}.vcd", table, DATA), None, options)


def broken(found: Analysis) -> list[tuple[str, int, int]]:
    return [(one.rule, one.cycle, one.count) for one in found.results[0].violations]


@pytest.mark.parametrize(
    ("valid", "ready", "data", "expected"),
    [
        ("0110110", "0010010", "0110220", []),
        ("0110100", "0010001", "0110220", [(rules.DROPPED, 5, 1)]),
        ("1010100", "0000000", "0000000", [(rules.DROPPED, 1, 3)]),
        ("0111110", "0010010", "0115560", [(rules.CHANGED, 5, 1)]),
        ("0111110", "0111110", "0123450", []),
        ("01x0000", "0100000", "0000000", [(rules.X_CONTROL, 2, 1)]),
        ("0110000", "0x10000", "0110000", [(rules.X_CONTROL, 1, 1)]),
        ("0000000", "0xx0x00", "0000000", [(rules.X_READY, 1, 2)]),
        ("1" * 10, "0101010101", "0011223344", []),
        ("01" * 9, "01" * 9, "0" * 18, [(rules.READY_WAITS, 1, 9)]),
    ],
)
def test_rules_of_valid_and_ready(
    tmp_path: Path, valid: str, ready: str, data: str, expected: list[tuple[str, int, int]]
) -> None:
    found = looked(tmp_path, rows(s_valid=valid, s_ready=ready, s_data=data))
    assert broken(found) == expected
    assert found.failed == any(rule not in rules.WARNINGS for rule, _, _ in expected)


def test_a_range_all_of_which_is_reset_has_no_states() -> None:
    """A reset can leave an interface without a single cycle: its ready is then no fault, and no exception."""
    nothing = np.array([], np.int64)
    runs = Runs(nothing, nothing, nothing.astype(np.int8), nothing)
    ready = Sampled(np.array([0, 4], np.int64), np.array([-1, 1], np.int64))
    assert not rules.handshake_violations(runs, ready, {"data": ready}, 0)


def test_an_unknown_ready_counts_only_inside_the_range() -> None:
    start, length = np.array([3], np.int64), np.array([4], np.int64)
    runs = Runs(start, length, np.array([CLOSED], np.int8), np.array([], np.int64))
    for unknown_from, expected in ((0, [(3, 1)]), (5, [(5, 1)]), (7, [])):
        changes = {0: 0, unknown_from: -1}
        ready = Sampled(np.array([*changes], np.int64), np.array([*changes.values()], np.int64))
        found = rules.handshake_violations(runs, ready, {}, 3)
        assert [(one.cycle, one.count) for one in found if one.rule == rules.X_READY] == expected


def test_a_stall_the_end_cuts_off(tmp_path: Path) -> None:
    long = rules.STUCK_AFTER
    assert broken(looked(tmp_path, rows(s_valid="01" + "1" * (long - 1), s_ready="0" * (long + 1)))) == [
        (rules.STUCK, 1, 1)
    ]
    assert not broken(looked(tmp_path, rows(s_valid="01" + "1" * (long - 2), s_ready="0" * long)))


@pytest.mark.parametrize(
    ("valid", "credit", "credits", "most", "expected"),
    [
        ("0110000", "0001010", 2, 2, []),
        ("0111000", "0001110", 2, 2, []),  # one comes back in the cycle it is spent
        ("0111000", "0000111", 2, 3, [(rules.OVERDRAWN, 3, 1)]),
        ("0011000", "0100100", 2, 1, [(rules.SURPLUS, 1, 1)]),
        ("0101100", "0010010", 4, 2, [(rules.KEPT, 3, 1)]),
    ],
)
def test_rules_of_credits(
    tmp_path: Path, valid: str, credit: str, credits: int, most: int, expected: list[tuple[str, int, int]]
) -> None:
    face = Interface("s", ("s_valid",), "clk", credit="s_credit", credits=credits)
    path = write_cycles(tmp_path / "d.vcd", rows(s_valid=valid, s_credit=credit))
    found = analyse(path, Description("top", {}, (face,)))
    assert broken(found) == expected
    assert found.results[0].most_in_flight == most


PIPE = rows(s_valid="1101100000", s_ready="1" * 10, m_valid="0011011000", m_ready="1111101000")


def test_latency_is_first_in_first_out(tmp_path: Path) -> None:
    latency = looked(tmp_path, PIPE, Options(between=("top.s", "m"))).latency
    assert latency is not None
    assert (latency.matched, latency.unmatched) == (3, 1)
    assert (latency.least, latency.median, latency.most, latency.worst_cycle) == (2, 2, 3, 3)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (("m", "s"), "transfer 0 of top.s comes before that of top.m"),
        (("s", "q"), "--between q: no such interface"),
    ],
)
def test_points_that_do_not_fit(tmp_path: Path, points: tuple[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        looked(tmp_path, PIPE, Options(between=points))


@pytest.mark.parametrize(
    ("data", "valid", "what", "number", "cycle"),
    [
        ("01223000", "01111000", "s_data differs", 2, 3),
        ("01320000", "01110000", "s_data differs", 1, 2),
        ("01230000", "01100000", "transfers are missing", 2, 2),
        ("01233000", "01111100", "s_data differs", 3, 4),
    ],
)
def test_comparison_with_a_good_dump(tmp_path: Path, data: str, valid: str, what: str, number: int, cycle: int) -> None:
    """The good run moves 1, 2, 3 and 4, later: timing does not count."""
    good = write_cycles(tmp_path / "g.vcd", rows(s_valid="00101011", s_ready="11111111", s_data="00102034"), DATA)
    same = write_cycles(tmp_path / "s.vcd", rows(s_valid="01111000", s_ready="11111111", s_data="01234000"), DATA)
    bad = write_cycles(tmp_path / "b.vcd", rows(s_valid=valid, s_ready="11111111", s_data=data), DATA)
    assert analyse(same, None, good=good).results[0].difference is None
    difference = analyse(bad, None, good=good).results[0].difference
    assert difference is not None
    assert (difference.what, difference.number, difference.cycle) == (what, number, cycle)


def test_a_range_and_its_cycles(tmp_path: Path) -> None:
    table = rows(s_valid="0111101100", s_ready="0010101010")
    part = looked(tmp_path, table, Options(start=3, end=8)).results[0].statistics
    assert (part.cycles, part.transfers, part.stalled) == (5, 2, 2)
    assert part.longest is not None and (part.longest.cycle, part.longest.length) == (3, 1)
