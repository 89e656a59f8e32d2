"""Counts and violations against a straightforward reading, cycle by cycle, of small random dumps."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.waves.dump_writer import write_vcd

from cocodla.waves.analysis import Options, analyse
from cocodla.waves.violations import CHANGED, DROPPED, READY_WAITS, X_CONTROL, X_READY

WIDTHS = {"clk": 1, "rst_n": 1, "s_valid": 1, "s_ready": 1, "s_data": 4}
BIT = st.sampled_from("000111x")
CHANGE = st.one_of(
    st.tuples(st.sampled_from(["s_valid", "s_ready"]), BIT),
    st.tuples(st.just("s_data"), st.sampled_from(["0000", "0001", "1x00", "xxxx"])),
    st.tuples(st.just("rst_n"), st.sampled_from("01111")),
)
CLOCK = st.sampled_from("01010101x")


@st.composite
def dumps(draw: st.DrawFn) -> list[tuple[int, list[tuple[str, str]]]]:
    """Changes of all signals at random times; several at one time, also of the clock."""
    steps, time = [(0, [("clk", "0"), ("s_valid", draw(BIT)), ("rst_n", "1")])], 0
    for _ in range(draw(st.integers(2, 40))):
        time += draw(st.integers(1, 3))
        changes = draw(st.lists(CHANGE, max_size=4))
        clock = [("clk", draw(CLOCK)) for _ in range(draw(st.sampled_from([1, 1, 1, 2])))]
        steps.append((time, [*clock, *changes]))
    return steps


@dataclass
class Plain:
    """What an interface did, counted one cycle after the other."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(
        ("transfers", "stalled", "starved", "idle", "unknown", "reset", "bursts", "longest_burst", "longest"), 0
    ))  # fmt: skip
    broken: dict[str, list[int]] = field(default_factory=dict)


@dataclass
class Cycle:
    """Values before a rising edge, and whether the clock was lost since the last one."""

    values: dict[str, str]
    after_gap: bool


def plain_cycles(steps: list[tuple[int, list[tuple[str, str]]]]) -> list[Cycle]:
    """Walk through the changes time by time."""
    values = {name: "x" * width for name, width in WIDTHS.items()}
    clock, lost, cycles = "x", False, []
    for _, changes in steps:
        before = dict(values)
        for name, value in changes:
            values[name] = value
        if clock == "0" and values["clk"] == "1":
            cycles.append(Cycle(before, lost and bool(cycles)))
            lost = False
        lost = lost or values["clk"] == "x"
        clock = values["clk"]
    return cycles


def plain_states(cycles: list[Cycle]) -> list[str]:
    """reset, unknown, transfer, stalled, open or closed for each cycle. Resets of the first 100 cycles are power-up."""
    resets = [n for n, cycle in enumerate(cycles) if cycle.values["rst_n"] == "0"]
    states = []
    for number, cycle in enumerate(cycles):
        valid, ready = cycle.values["s_valid"], cycle.values["s_ready"]
        if cycle.values["rst_n"] != "1" or (resets and number < resets[-1]):
            states.append("reset")
        elif valid == "x" or (valid == "1" and ready == "x"):
            states.append("unknown")
        elif valid == "1":
            states.append("transfer" if ready == "1" else "stalled")
        else:
            states.append("open" if ready == "1" else "closed")
    return states


def runs(flags: list[bool], cycles: list[Cycle]) -> list[tuple[int, int]]:
    """(start, end) of each run of true flags; a gap of the dump ends one."""
    found: list[tuple[int, int]] = []
    for number, flag in enumerate(flags):
        if flag and found and found[-1][1] == number and not cycles[number].after_gap:
            found[-1] = (found[-1][0], number + 1)
        elif flag:
            found.append((number, number + 1))
    return found


def plain(cycles: list[Cycle], idle_after: int) -> Plain:
    """Count."""
    states, result = plain_states(cycles), Plain()
    for name, state in (("transfers", "transfer"), ("stalled", "stalled"), ("unknown", "unknown"), ("reset", "reset")):
        result.counts[name] = states.count(state)
    for start, end in runs([state in ("open", "closed") for state in states], cycles):
        inner = start > 0 and end < len(states) and not cycles[start].after_gap and not cycles[end].after_gap
        inner = inner and {states[start - 1], states[end]} <= {"transfer", "stalled"} and end - start <= idle_after
        starved = states[start:end].count("open") if inner else 0
        result.counts["starved"] += starved
        result.counts["idle"] += end - start - starved
    bursts = runs([state == "transfer" for state in states], cycles)
    result.counts["bursts"] = len(bursts)
    result.counts["longest_burst"] = max((end - start for start, end in bursts), default=0)
    stalls = runs([state == "stalled" for state in states], cycles)
    result.counts["longest"] = max((end - start for start, end in stalls), default=0)
    result.broken = plain_violations(cycles, states)
    return result


def plain_violations(cycles: list[Cycle], states: list[str]) -> dict[str, list[int]]:
    broken: dict[str, list[int]] = {}
    for n, (cycle, state) in enumerate(zip(cycles, states, strict=True)):
        follows = n > 0 and not cycle.after_gap and states[n - 1] == "stalled"
        if follows and state in ("open", "closed"):
            broken.setdefault(DROPPED, []).append(n)
        if follows and state in ("stalled", "transfer") and cycle.values["s_data"] != cycles[n - 1].values["s_data"]:
            broken.setdefault(CHANGED, []).append(n)
    for rule, flags in (
        (X_CONTROL, [state == "unknown" for state in states]),
        (X_READY, [s == "closed" and c.values["s_ready"] == "x" for c, s in zip(cycles, states, strict=True)]),
    ):
        if found := [start for start, _ in runs(flags, cycles)]:
            broken[rule] = found
    return broken


@settings(max_examples=150, deadline=None)
@example(  # a payload that is first dumped, as x, while it waits: it was x before
    steps=[
        (0, [("clk", "0"), ("s_valid", "1"), ("rst_n", "1")]), (1, [("clk", "0"), ("s_ready", "0")]),
        (2, [("clk", "1")]), (3, [("clk", "0"), ("s_data", "xxxx")]), (4, [("clk", "1")]),
    ],
    idle_after=1,
)  # fmt: skip
@given(dumps(), st.sampled_from([1, 2, 64]))
def test_counts_are_those_of_a_cycle_by_cycle_reading(
    steps: list[tuple[int, list[tuple[str, str]]]], idle_after: int
) -> None:
    cycles = plain_cycles(steps)
    if not cycles:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = write_vcd(Path(folder) / "dump.vcd", WIDTHS, steps)
        result = analyse(path, None, Options(idle_after=idle_after)).results[0]
    expected = plain(cycles, idle_after)
    counts = result.statistics
    longest = counts.longest.length if counts.longest else 0
    names = ("transfers", "stalled", "starved", "idle", "unknown", "reset", "bursts", "longest_burst")
    assert {name: getattr(counts, name) for name in names} | {"longest": longest} == expected.counts
    assert counts.cycles == len(cycles)
    found = {one.rule: (one.cycle, one.count) for one in result.violations if one.rule != READY_WAITS}
    assert {rule: (cycles[0], len(cycles)) for rule, cycles in expected.broken.items()} == found
