"""The benchmark's layers, programs, results and comparison; the measurement itself on the smallest layers."""

from __future__ import annotations

import io
import json
import math
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from cocodla.bench import measure, results
from cocodla.bench.layers import LAYERS, BenchLayer, ConvShape, SdpShape, Traffic
from cocodla.bench.measure import Case, Measurement, layer_cases
from cocodla.bench.program import layer_program
from cocodla.datasets import shared_folder
from cocodla.errors import UserError
from cocodla.golden import run
from cocodla.report.bench import run_bench, select
from cocodla.report.screen import Screen
from cocodla.sim import project

REFERENCE = shared_folder() / "reference" / "nv_small_layers.json"
BY_NAME = {layer.name: layer for layer in LAYERS}


def measurement(name: str, memory: str = "full32", cycles: int = 1000) -> Measurement:
    return Measurement(name, memory, cycles, 1, 1, True)


def test_names_are_unique() -> None:
    assert len(BY_NAME) == len(LAYERS) == 53


@pytest.mark.skipif(not REFERENCE.is_file(), reason="skipped: no ../shared")
def test_shapes_traffic_and_bounds_are_those_of_the_reference() -> None:
    entries = json.loads(REFERENCE.read_text())["layers"]
    assert [entry["name"] for entry in entries] == [layer.name for layer in LAYERS]
    for entry, layer in zip(entries, LAYERS, strict=True):
        shape, traffic = layer.shape, layer.shape.traffic
        beats = (traffic.read_beats, traffic.write_beats, traffic.bound())
        assert beats == (entry["read_beats"], entry["write_beats"], entry["bound"]), layer.name
        if isinstance(shape, ConvShape):
            ours = (shape.out_width, shape.out_height, shape.operations, shape.data_banks, shape.weight_banks)
            theirs = tuple(entry[key] for key in ("OW", "OH", "n_ops", "data_banks", "weight_banks"))
            assert ours == theirs, layer.name


@pytest.mark.parametrize("name", [layer.name for layer in LAYERS if layer.shape.traffic.bound() < 9000])
def test_programs_run_and_their_outputs_are_not_trivial(name: str) -> None:
    program = layer_program(BY_NAME[name], seed=3)
    assert layer_program(BY_NAME[name], seed=3) == program
    assert layer_program(BY_NAME[name], seed=4).commands != program.commands
    seen = run(program)
    assert seen.passed
    assert len(set(seen.observations[-1].data)) > 8


def test_bounds() -> None:
    assert Traffic(100, 70, 20).bound() == 100
    assert Traffic(100, 70, 20).bound(every=2) == 140
    assert BenchLayer("x", "n", SdpShape(4, 4, 16, "add")).shape.traffic == Traffic(0, 64, 32)
    assert BY_NAME["lenetc_fc1"].kind == "fc"
    assert BY_NAME["lenetc_conv2"].kind == "conv"


def test_rows_of_the_half_rate_memory_have_a_bound_of_their_own() -> None:
    case = Case("r18_add_8x8x64", "sdp", 1, layer=BY_NAME["r18_add_8x8x64"])
    reference = {case.name: results.Reference({"full32": 4000}, 1024)}
    full = results.make_row(case, measurement(case.name, cycles=2000), reference, predicted=1900)
    assert (full.bound, full.efficiency, full.speed_up) == (1024, 0.512, 2.0)
    assert full.error == pytest.approx(-0.05)
    half = results.make_row(case, measurement(case.name, "half32", 4000), reference)
    assert (half.bound, half.speed_up, half.error) == (2048, None, None)


def test_goals_name_the_layers_that_miss_them() -> None:
    cases = {case.name: case for case in layer_cases(1)}
    cycles = {"lenetc_conv2": 34_000, "r18_32x32x16": 50_000, "m_1x1_28x28_c8_k64": 6_500, "lenetc_fc1": 51_000}
    references = {name: results.Reference({"full32": 60_000}, 1) for name in cycles}
    rows = [results.make_row(cases[n], measurement(n, cycles=c), references) for n, c in cycles.items()]
    found = {goal.what: goal for goal in results.goals(rows)}
    wide = found["worst bound/measured, conv > 5,000"]
    assert (wide.count, wide.reached) == (2, False)
    assert wide.missed == ("r18_32x32x16 full32 0.737",)
    assert found["worst bound/measured, 1x1 with C <= 16 > 5,000"].reached
    assert found["worst bound/measured, memory-bound > 2,000, latency 8, 32, 64"].count == 1
    mean = found["geometric mean speed-up, all layers"]
    assert mean.value == pytest.approx(math.prod(60_000 / c for c in cycles.values()) ** 0.25)
    failed = [results.Row(r.case, replace(r.measured, failures=("x",)), r.bound, r.reference) for r in rows]
    assert results.goals(failed) == []


def test_committed_results_are_the_base_of_the_comparison(tmp_path: Path) -> None:
    path = tmp_path / "cycles.json"
    results.save(path, [measurement("a"), measurement("b", cycles=500), measurement("a", "full8", 900)])
    git = ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@localhost"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "base"]):
        subprocess.run([*git, *command], check=True)
    results.save(path, [measurement("a", cycles=2000), replace(measurement("c"), failures=("hang",))])
    base = results.committed(path)
    assert base == {"a": {"full32": 1000, "full8": 900}, "b": {"full32": 500}}
    assert results.regressions(base, [measurement("a", cycles=1020), measurement("new")]) == []
    assert results.regressions(base, [measurement("a", cycles=1021)]) == ["a full32: 1,000 -> 1,021 cycles (+2.1%)"]
    assert json.loads(path.read_text())["cycles"]["a"] == {"full32": 2000, "full8": 900}


def test_a_damaged_result_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cycles.json"
    path.write_text('{"cycles": 3}')
    with pytest.raises(UserError, match=r"cycles\.json: not a result"):
        results.committed(path)


def test_wrong_choices_are_named() -> None:
    with pytest.raises(UserError, match="no case of the benchmark matches 'vgg99'"):
        select(layer_cases(1), "vgg99")
    with pytest.raises(UserError, match="not a regular expression"):
        select(layer_cases(1), "(")
    with pytest.raises(UserError, match="memory 'slow'"):
        measure.check_memories(["slow"])


def test_small_layers_are_measured_once_and_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "_place", lambda *key: tmp_path / f"{abs(hash(key))}.json")
    result, console = tmp_path / "cycles.json", Screen(width=120, quiet=True)
    arguments = (console, tmp_path / "nothing", result, "^(lenet5_fc3|r18_gap)", ["full8"])
    assert run_bench(*arguments)["passed"]
    cycles = json.loads(result.read_text())["cycles"]
    assert set(cycles) == {"lenet5_fc3", "r18_gap_8x8x64"}
    for name, entry in cycles.items():
        bound = BY_NAME[name].shape.traffic.bound()
        assert bound < entry["full8"] < bound + 300
    monkeypatch.setattr(measure.rtl, "run", lambda *_: pytest.fail("measured twice"))
    assert run_bench(*arguments)["passed"]
    faster = {name: {"full8": entry["full8"] // 2} for name, entry in cycles.items()}
    result.write_text(json.dumps({"cycles": faster}))
    assert not run_bench(*arguments)["passed"]
    assert json.loads(result.read_text())["cycles"] == faster
    assert run_bench(*arguments, accept=True)["passed"]
    assert json.loads(result.read_text())["cycles"] == cycles


def test_a_wrong_result_is_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(measure, "_place", lambda *key: tmp_path / "measured.json")
    case = next(case for case in layer_cases(1) if case.name == "r18_gap_8x8x64")
    good = run(case.program)
    data = bytearray(good.observations[-1].data)
    data[5] ^= 1
    good.observations[-1] = replace(good.observations[-1], data=bytes(data))
    monkeypatch.setattr(measure, "run_golden", lambda _: good)
    (found,) = measure.measure(case, ["full8"])
    assert len(found.failures) == 1
    assert "1 of 64 bytes differ, first at offset 0x5" in found.failures[0]
    assert not (tmp_path / "measured.json").exists()


def test_another_dut_is_held_against_nothing_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No goals, no latency model, no committed cycles to keep: its cycles stand beside ours."""
    long = next(x.name for x in LAYERS if x.kind in ("sdp", "pdp", "cdp") and 2000 < x.shape.traffic.bound() < 9000)
    names = ["r18_gap_8x8x64", long]
    measured = [measurement(name, "full8", 4000) for name in names]
    monkeypatch.setattr("cocodla.report.bench.measure_all", lambda *_: iter(measured))
    result = tmp_path / "cycles.json"
    results.save(result, [measurement(names[0], "full8", 1000)])
    before, told = result.read_text(), {}
    for dut in ("", str(project.root() / "tb" / "hdl" / "standin" / "files.f")):
        monkeypatch.setenv("DUT_FILELIST", dut)
        console = Screen(width=160, file=io.StringIO())
        found = run_bench(console, tmp_path, result, f"^({'|'.join(names)})$", ["full8"])
        told[bool(dut)] = console.file.getvalue()  # type: ignore[attr-defined]
        assert found["passed"] == bool(dut) and bool(found["goals"]) != bool(dut)
        assert result.read_text() == before
    assert "numbers to reach" in told[False] and "latency model: mean error" in told[False]
    assert not re.search("numbers to reach|latency|predicted|error", told[True])
    assert "this project's RTL" in told[True] and re.search(r"r18_gap_8x8x64.* 4,000 .* 1,000 .* 4\.000", told[True])
