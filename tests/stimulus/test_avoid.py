"""Random programs without classes of layers, without reads of some registers, and failing ones within bounds."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cocodla import cli
from cocodla.errors import UserError
from cocodla.golden.run import register_name
from cocodla.latency import MemoryTiming, layer_of, longest_layer, predict
from cocodla.program.commands import ReadRegister
from cocodla.program.leaving_out import check_patterns, without_reads
from cocodla.program.program import Program
from cocodla.runtime import campaign, rtl
from cocodla.runtime.campaign import Outcome, make_case
from cocodla.sim import project
from cocodla.stimulus.avoid import CLASSES, chosen
from cocodla.stimulus.program import Plan, build_program, random_plan
from cocodla.stimulus.shrink import shrink

KINDS = ["convolution", "image", "image_reuse"]


@pytest.mark.parametrize("name", ["pixel-strides", "pixel-paddings", "weight-tails"])
def test_a_class_of_layers_is_left_out_and_nothing_else(name: str) -> None:
    has = CLASSES[name].has
    found = 0
    for seed in range(12):
        plan = random_plan(seed, 20, KINDS, 40)
        every = build_program(plan).layers
        left = build_program(replace(plan, avoid=(name,))).layers
        found += sum(map(has, every))
        assert not any(map(has, left))
        kept = [str(layer.convolution and layer.convolution.csc) for layer in left]
        assert all(str(layer.convolution and layer.convolution.csc) in kept for layer in every
                   if not has(layer) and "reuse" not in layer.kind)  # fmt: skip
        if found > 3:
            return
    raise AssertionError(f"only {found} layers of class {name}")


def test_classes_that_are_rare() -> None:
    """Made of others: the generator makes hardly any, or none."""
    image = next(layer for layer in build_program(random_plan(2, 4, ["image"], 12)).layers if layer.convolution)
    assert image.convolution and image.convolution.csc.image
    plain, conv = replace(image.convolution.csc, channels=16, out_width=16), image.convolution
    for changed, names in (
        ({}, set()), ({"channels": 9}, set()),
        ({"channels": 17}, {"kernel-lines"}), ({"channels": 33}, {"kernel-lines"}),
        ({"channels": 27, "out_width": 33}, {"single-positions"}), ({"channels": 32, "out_width": 33}, set()),
        ({"channels": 27, "out_width": 18}, set()),
        ({"channels": 25, "out_width": 1}, {"kernel-lines", "single-positions"}),
    ):  # fmt: skip
        image.convolution = replace(conv, csc=replace(plain, **changed))
        assert {n for n in ("kernel-lines", "single-positions") if CLASSES[n].has(image)} == names, changed
    layers = build_program(random_plan(3, 40, ["convolution", "pdp"], 12)).layers
    wide = next(layer for layer in layers if layer.convolution)
    assert wide.convolution and not CLASSES["wide-surfaces"].has(wide)
    csc = replace(wide.convolution.csc, width=4096, channels=9)
    wide.convolution = replace(wide.convolution, csc=csc)
    assert CLASSES["wide-surfaces"].has(wide)
    pool = next(layer for layer in layers if layer.pdp and layer.pdp.stride_width > 1)
    assert pool.pdp and not CLASSES["pooling-rest"].has(pool)
    pool.pdp = replace(pool.pdp, width=pool.pdp.width + 1)
    assert CLASSES["pooling-rest"].has(pool)


def test_names_of_classes() -> None:
    assert chosen(["public"]) == tuple(CLASSES) and chosen(["weight-tails"] * 2) == ("weight-tails",)
    with pytest.raises(UserError, match=r"unknown class 'weight-tail' of layers \(is it weight-tails\?\)"):
        chosen(["weight-tail"])


def test_the_page_tells_every_class() -> None:
    page = (project.root() / "docs" / "verification.md").read_text()
    assert all(f"`{name}`" in page for name in CLASSES)


def test_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cocodla.stimulus.program.is_avoided", lambda layers, names: True)
    with pytest.raises(UserError, match=r"20 programs without a layer: --avoid weight-tails leaves none of sdp"):
        next(campaign.run_cases(1, 5, "verilator", ["sdp"], avoid=["weight-tails"]))


def read_in(program: Program) -> set[str]:
    """Registers that a program reads."""
    return {register_name(command.address) for command in program.commands if isinstance(command, ReadRegister)}


def test_registers_that_are_not_read() -> None:
    program = build_program(random_plan(1, 30, ["cdp", "sdp"])).program
    names, kept = read_in(program), read_in(without_reads(program, ["CDP.D_PERF_LUT_*"]))
    assert kept == {name for name in names if not name.startswith("CDP.D_PERF_LUT_")} != names
    assert without_reads(program, []) is program
    with pytest.raises(UserError, match=r"no register is called 'CDP\.D_LUT'"):
        check_patterns(["CDP.D_LUT"])


def test_shrinking_ends_in_time() -> None:
    plan, calls = random_plan(1, 12), []

    def fails(small: Plan) -> bool:
        calls.append(small)
        time.sleep(0.02)
        return True

    assert shrink(plan, fails, 100, time.monotonic() - 1) == plan and not calls
    began = time.monotonic()
    small = shrink(plan, fails, 100_000, began + 0.3)
    assert time.monotonic() - began < 5 and len(small.pieces) < len(plan.pieces)


def test_the_watchdog_follows_the_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of another DUT; a limit that is given stays; the prediction is of the longest layer, whatever is in flight."""
    case = make_case(4, pieces=12)
    program, timing = build_program(case.plan).program, case.simulation.memory.timing
    assert rtl.watchdog_of(program, case.simulation) == campaign.PATIENCE
    longest = longest_layer(program, timing)
    singles = [build_program(replace(case.plan, pieces=(piece,))) for piece in case.plan.pieces]
    alone = [predict(layer_of(made.program), timing) for made in singles if len(made.layers) == 1]
    assert longest >= max(alone) > 100
    monkeypatch.setenv("DUT_FILELIST", str(project.root() / "tb" / "hdl" / "standin" / "files.f"))
    patient = replace(case.simulation, patience=10)
    assert rtl.watchdog_of(program, patient) == rtl.SLOWEST * longest
    assert rtl.watchdog_of(program, replace(patient, watchdog=77)) == 77
    assert longest_layer(type(program)(), MemoryTiming()) == 0


def test_enough_failures_end_a_campaign(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two programs that differ end one of --max-failures 2."""

    def differs(case: campaign.Case) -> Outcome:
        made = build_program(case.plan)
        return Outcome(case, made.program, made.layers, ["layer 0 differs"], 100)

    monkeypatch.setattr(campaign, "run_case", differs)
    monkeypatch.setattr(campaign, "check", lambda program, simulation: ([], None))
    monkeypatch.setenv("COCODLA_BUILD", str(tmp_path))
    words = ["random", "--count", "5000", "--seed", "3", "--max-failures", "2", "--trials", "2", "--avoid", "public",
             "--ignore", "CDP.D_PERF_*"]  # fmt: skip
    outcome = CliRunner().invoke(cli.app, words)
    assert outcome.exit_code == 1, outcome.output
    assert "stopped: 2 programs differ (--max-failures)" in outcome.stdout and "seeds 3 to 4" in outcome.stdout
    report = (project.build() / "random" / "seed-3" / "report.txt").read_text()
    assert "--avoid public --ignore 'CDP.D_PERF_*'" in report
