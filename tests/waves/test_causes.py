"""Root causes, units and clocks of a small described pipeline: source -> middle -> sink, and a memory."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.cli.conftest import complaint, invoke
from tests.waves.dump_writer import write_cycles, write_vcd

from cocodla.waves.analysis import Analysis, Options, analyse
from cocodla.waves.interfaces import load_description

PIPELINE = """
top = "top"
clock = "clk"
idle_unit = "cpu"
[units]
cpu = ""
memory = ""
source = "u_source"
middle = "u_middle"
sink = "u_sink"
[[interface]]
name = "orders"
valid = "o_valid"
sender = "cpu"
receiver = "source"
[[interface]]
name = "ask"
valid = "q_valid"
ready = "q_ready"
sender = "source"
receiver = "memory"
[[interface]]
name = "answer"
valid = "a_valid"
sender = "memory"
receiver = "source"
answers = "ask"
[[interface]]
name = "first"
valid = "f_valid"
ready = "f_ready"
sender = "source"
receiver = "middle"
[[interface]]
name = "second"
valid = "s_valid"
ready = "s_ready"
sender = "middle"
receiver = "sink"
"""
NAMES = ("o_valid", "q_valid", "q_ready", "a_valid", "f_valid", "f_ready", "s_valid", "s_ready")
LENGTH = 120


def looked(folder: Path, options: Options | None = None, **signals: str) -> Analysis:
    """A run of LENGTH cycles; each signal repeats its pattern, and is 0 where it is not given."""
    toml = folder / "pipeline.toml"
    toml.write_text(PIPELINE, encoding="utf-8")
    patterns = {name: signals.get(name, "0") for name in NAMES}
    rows = [{name: bits[n % len(bits)] for name, bits in patterns.items()} for n in range(LENGTH)]
    return analyse(write_cycles(folder / "d.vcd", rows), load_description(toml), options)


FLOW = {"f_valid": "1", "f_ready": "1", "s_valid": "1", "s_ready": "1"}


@pytest.mark.parametrize(
    ("signals", "root", "chain"),
    [
        # the sink takes one of four
        ({"f_valid": "1", "f_ready": "1000", "s_valid": "1", "s_ready": "1000"}, "sink",
         (("source", "first"), ("middle", "second"), ("sink", ""))),
        # the middle takes one of four, and the sink would take more
        ({"f_valid": "1", "f_ready": "1000", "s_valid": "0100", "s_ready": "1"}, "middle",
         (("source", "first"), ("middle", ""))),
        # the source sends one of four, and has no request open
        ({"f_valid": "1000", "f_ready": "1", "s_valid": "0100", "s_ready": "1"}, "source",
         (("sink", "second"), ("middle", "first"), ("source", ""))),
        # the memory does not take the requests
        ({"f_valid": "1000", "f_ready": "1", "s_valid": "0100", "s_ready": "1",
          "q_valid": "1", "q_ready": "0010", "a_valid": "0001"}, "memory",
         (("sink", "second"), ("middle", "first"), ("source", "ask"), ("memory", ""))),
        ({}, "cpu", None),  # nothing under way
    ],
)  # fmt: skip
def test_the_root_of_a_pipeline(
    tmp_path: Path, signals: dict[str, str], root: str, chain: tuple[tuple[str, str], ...] | None
) -> None:
    whole = looked(tmp_path, Options(start=8), **signals).whole
    assert whole is not None and whole.root == root
    assert chain is None or whole.chain == chain


def test_nobody_waits_where_all_flows(tmp_path: Path) -> None:
    found = looked(tmp_path, **FLOW)
    assert found.whole is None and not found.causes


def test_windows(tmp_path: Path) -> None:
    """First the sink is slow, then the source."""
    half = LENGTH // 2
    found = looked(
        tmp_path, Options(window=half),
        f_valid="1" * half + "1000" * (half // 4), f_ready="1000" * (half // 4) + "1" * half,
        s_valid="1" * half + "0100" * (half // 4), s_ready="1000" * (half // 4) + "1" * half,
    )  # fmt: skip
    assert [(cause.start, cause.end, cause.root) for cause in found.causes] == [
        (0, half, "sink"), (half, LENGTH, "source"),
    ]  # fmt: skip


def test_two_clocks(tmp_path: Path) -> None:
    """Each interface counts its own cycles; a range is of the clock most of them have."""
    widths = dict.fromkeys(
        ["clk", "a_valid", "a_ready", "b_valid", "b_ready", "slow_clk", "slow_valid", "slow_ready"], 1
    )
    steps: list[tuple[int, list[tuple[str, str]]]] = [(0, [(name, "1") for name in widths if "_clk" not in name])]
    steps[0][1][0] = ("clk", "0")
    for time in range(5, 200, 5):
        changes = [("clk", str(time // 5 % 2))]
        if not time % 20:
            changes.append(("slow_clk", str(time // 20 % 2)))
        steps.append((time, changes))
    steps[0][1].append(("slow_clk", "0"))
    path = write_vcd(tmp_path / "d.vcd", widths, steps)
    counts = {one.interface.name: one.statistics.transfers for one in analyse(path, None).results}
    assert counts == {"top.a": 20, "top.b": 20, "top.slow": 5}
    part = {one.interface.name: one.statistics.cycles for one in analyse(path, None, Options(start=10)).results}
    assert part == {"top.a": 10, "top.b": 10, "top.slow": 2}


def test_a_description_on_the_command_line(tmp_path: Path) -> None:
    looked(tmp_path, **FLOW)
    dump, toml = tmp_path / "d.vcd", tmp_path / "pipeline.toml"
    outcome = invoke("waves", "stalls", dump, "--interfaces", toml)
    assert outcome.exit_code == 0 and re.search(r"first +│ +120 │ +1\.000", outcome.output)
    toml.write_text(PIPELINE.replace("_valid", "_vld"), encoding="utf-8")
    assert "has none of its interfaces" in complaint("waves", "stalls", dump, "--interfaces", toml)
