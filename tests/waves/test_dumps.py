"""Dumps as they are met: windows, several changes at a time, odd variables, and those that cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.cli.conftest import complaint, invoke
from tests.waves.dump_writer import write_cycles

from cocodla.waves import analysis
from cocodla.waves.analysis import Options, analyse
from cocodla.waves.clock import Clock
from cocodla.waves.dump import UNKNOWN, Changes, Dump

HEAD = """$timescale 10 ps $end
$scope module top $end
$var wire 1 ! clk $end
$var wire 1 " s_valid $end
$var wire 1 # s_ready $end
$var wire 100 $ s_data [99:0] $end
$var real 64 % power $end
$var string 1 & state $end
$var event 1 ' done $end
$var wire 1 ( \\bus[0].valid $end
$var wire 1 ) mem [0] $end
$var wire 1 * mem [1] $end
$scope module unit $end
$var wire 1 ! clock $end
$var wire 1 " in_valid $end
$upscope $end
$upscope $end
$enddefinitions $end
"""


def vcd(folder: Path, body: str, head: str = HEAD) -> Path:
    path = folder / "dump.vcd"
    path.write_text(head + body, encoding="ascii")
    return path


def read(path: Path, name: str) -> tuple[Dump, Changes]:
    dump = Dump(path)
    variable = dump.variables[name]
    return dump, dump.read([variable])[variable.key]


def test_odd_variables(tmp_path: Path) -> None:
    """Reals, strings and events are no signals of bits; escaped names, vectors in pieces and aliases are."""
    dump = Dump(vcd(tmp_path, "#0\n0!\nr1.5 %\nsidle &\n1'\n1)\n0*\n#1\nr2 %\n1!\n"))
    assert not {"top.power", "top.state", "top.done"} & dump.variables.keys()
    assert {"top.mem", "top.bus"} <= {path.partition("[")[0] for path in dump.variables}
    assert dump.variables["top.unit.clock"].key == dump.variables["top.clk"].key
    assert dump.time_text(123) == "1.23 ns"


def test_values(tmp_path: Path) -> None:
    """Equal values have equal numbers, wide and unknown ones below zero; nothing but x is UNKNOWN."""
    wide = "1" * 90
    _, changes = read(vcd(tmp_path, f"#0\nb101 $\n#1\nb{wide} $\n#2\nbx $\n#3\nb{wide} $\n#4\nb1x $\n"), "top.s_data")
    values = changes.values.tolist()
    assert values[0] == 5 and values[1] == values[3] and len(set(values)) == 4
    assert values[2] == UNKNOWN and max(values[1], values[4]) < UNKNOWN


def test_the_last_of_several_changes_counts(tmp_path: Path) -> None:
    body = '#0\n0!\n0"\n1#\n#5\n1!\n0!\n1!\n1"\n0"\n1"\n#10\n0!\n#15\n1!\n0"\n#20\n0!\n1!\n0!\n#25\n1!\n'
    found = analyse(vcd(tmp_path, body), None)
    assert len(found.clock) == 3
    assert found.results[0].statistics.transfers == 1


def test_a_window_that_opens_on_an_edge(tmp_path: Path) -> None:
    """$dumpoff writes x; $dumpon writes the old value and, in an edge, the new one at the same time: no edge."""
    window = '#20\n$dumpoff\nx!\nx"\nx#\n$end\n#45\n$dumpon\n0!\n0"\n1#\n$end\n1!\n1"\n#50\n0!\n#55\n1!\n'
    found = analyse(vcd(tmp_path, '#0\n0!\n1"\n0#\n#5\n1!\n#10\n0!\n#15\n1!\n' + window), None)
    assert found.clock.edges.tolist() == [5, 15, 55] and found.clock.gaps.tolist() == [2]
    counts = found.results[0].statistics
    assert (counts.stalled, counts.transfers, counts.unknown) == (2, 1, 0)
    assert not found.results[0].violations


def test_an_edge_is_from_0_to_1() -> None:
    clock = Clock.of("c", Changes(np.arange(6), np.array([1, 0, 1, UNKNOWN, 1, 0])))
    assert clock.edges.tolist() == [2] and clock.period() == 1


def test_undefined_until_the_first_known_valid(tmp_path: Path) -> None:
    table = [{"s_valid": "x", "s_ready": "x"}] * 3 + [{"s_valid": "1", "s_ready": "1"}]
    found = analyse(write_cycles(tmp_path / "d.vcd", table), None).results[0]
    assert (found.statistics.reset, found.statistics.transfers) == (3, 1) and not found.violations


def test_a_clock_named_by_hand(tmp_path: Path) -> None:
    head = HEAD.replace(" clk ", " tick ").replace(" clock ", " tock ")
    path = vcd(tmp_path, '#0\n0!\n1"\n1#\n#5\n1!\n', head)
    assert "no pair like" in complaint("waves", "stalls", path)
    assert len(analyse(path, None, Options(clock="tick")).clock) == 1
    assert "--clock tack: " in complaint("waves", "stalls", path, "--clock", "tack")
    assert "--clock s_valid" not in invoke("waves", "stalls", path, "--clock", "top.tick").output


GOOD = '#0\n0!\n1"\n0#\n#5\n1!\n#10\n0!\n#15\n1!\n'


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"\x00\x01\x02", "cannot be read as VCD or FST"),
        (HEAD.encode()[:200], "cannot be read as VCD or FST"),
        ((HEAD + GOOD).encode()[:-2], "cut off: it ends in the middle of a line"),
        ((HEAD + "#0\n0!\n").encode(), "the clock top.clk never rises"),
        (b"$timescale 1ns $end\n$scope module a $end\n$upscope $end\n$enddefinitions $end\n#0\n", "names no signal"),
        (b"no dump at all\n", "cannot be read as VCD or FST"),
    ],
)
def test_a_file_that_cannot_be_analysed(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "dump.vcd"
    path.write_bytes(data)
    line = complaint("waves", "stalls", path)
    assert message in line and str(path) in line


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--from", 2], "--from 2: "),
        (["--to", 3], "has 2 cycles of top.clk"),
        (["--from", 1, "--to", 1], "--to 1: is not behind --from 1"),
        (["--match", "("], "--match (: no regular expression"),
        (["--match", "nothing"], "fits none of the 1 interfaces"),
        (["--between", "s", "t"], "--between t: no such interface"),
        (["--against", "no.vcd"], "no.vcd: does not exist"),
        (["--interfaces", "no.toml"], "no.toml: no such file"),
        (["--root"], "root causes need interfaces whose units are described"),
    ],
)
def test_wrong_options(tmp_path: Path, options: list[object], message: str) -> None:
    assert message in complaint("waves", "stalls", vcd(tmp_path, GOOD), *options)


def test_names_do_not_act_on_the_terminal(tmp_path: Path) -> None:
    path = vcd(tmp_path, GOOD, HEAD.replace("s_valid", "s\x1b[2J_valid").replace("s_ready", "s\x1b[2J_ready"))
    outcome = invoke("waves", "stalls", path)
    assert outcome.exit_code == 0 and "\x1b[2J" not in outcome.output and "\\x1b[2J" in outcome.output


def test_windows_have_a_least_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "MOST_WINDOWS", 1)
    assert "--window 1: makes more than 1 windows of 2 cycles" in complaint(
        "waves", "stalls", vcd(tmp_path, GOOD), "--window", 1
    )


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    assert "does not exist" in complaint("waves", "stalls", tmp_path / "none.fst")
    assert "is no file" in complaint("waves", "stalls", tmp_path)


def test_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    path = vcd(tmp_path, GOOD)
    dump = Dump(path)
    with path.open("a", encoding="ascii") as file:
        file.write("#20\n0!\n")
    with pytest.raises(Exception, match="changed while it was read"):
        dump.read([dump.variables["top.clk"]])


def test_what_is_printed(tmp_path: Path) -> None:
    path = vcd(tmp_path, GOOD)
    outcome = invoke("waves", "stalls", path)
    assert outcome.exit_code == 0 and "2 @ 0" in outcome.output and "no rule broken" in outcome.output
    found = json.loads(invoke("waves", "stalls", path, "--json").output)
    assert (found["cycles"], found["tick_ns"]) == (2, 0.01)
    (face,) = found["interfaces"]
    assert face["name"] == "top.s" and face["longest_stall"] == {"cycle": 0, "length": 2, "time": 5}
    worse = vcd(tmp_path, GOOD.replace("#10\n", '#10\n0"\n'))
    outcome = invoke("waves", "stalls", worse)
    assert outcome.exit_code == 1 and "valid dropped before ready" in outcome.output
