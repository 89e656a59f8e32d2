"""The dump of a design of another house: an AXI slice driven by cocotbext-axi, interfaces found by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from cocodla.sim.build import Design, build
from cocodla.sim.run import simulate
from cocodla.sim.waves import Waves
from cocodla.waves.analysis import Analysis, Options, analyse
from cocodla.waves.violations import DROPPED

pytest.importorskip("cocotbext.axi", reason="cocotbext-axi is a package of development")
HERE = Path(__file__).parent
BEATS = 1 + 16 + 5 + 32  # of the lengths in axi_traffic.py


def dump(folder: Path, sim: str, drop: int) -> Path:
    design = Design(
        name=f"axi_slice{drop}", top="axi_slice", sources=(HERE / "axi_slice.v",), parameters={"DROP": drop}
    )
    run = simulate(build(design, sim, waves=Waves()), ["axi_traffic"], folder, seed=1, path=[HERE])
    assert run.waves is not None, run.error
    assert run.passed or drop
    return run.waves


def counts(found: Analysis) -> dict[str, tuple[int, int, int]]:
    return {
        one.interface.name.removeprefix("axi_slice."): (
            one.statistics.transfers, one.statistics.stalled, one.statistics.starved
        )
        for one in found.results
    }  # fmt: skip


def test_an_axi_slice_on_icarus(tmp_path: Path) -> None:
    path = dump(tmp_path, "icarus", 0)
    found = analyse(path, None, Options(between=("s_axi_ar", "m_axi_ar")))
    seen = counts(found)
    assert set(seen) == {f"{side}_axi_{channel}" for side in "sm" for channel in ("aw", "w", "b", "ar", "r")} | {
        "u_w.out"  # inside, where the gate of the fault is
    }
    for side in "sm":
        assert [seen[f"{side}_axi_{channel}"][0] for channel in ("aw", "ar", "b")] == [4, 4, 4]
        assert [seen[f"{side}_axi_{channel}"][0] for channel in "wr"] == [BEATS, BEATS]
    assert seen["m_axi_w"][1] > BEATS  # two of three cycles are lost to the memory
    assert seen["s_axi_r"][2] >= BEATS // 2  # and every second one of reads, to the sender
    assert found.latency is not None and (found.latency.least, found.latency.most) == (1, 1)
    assert not found.failed


def test_verilator_and_icarus_tell_the_same(tmp_path: Path) -> None:
    (tmp_path / "v").mkdir()
    (tmp_path / "i").mkdir()
    one = analyse(dump(tmp_path / "v", "verilator", 0), None, Options(match="_axi_"))
    other = analyse(dump(tmp_path / "i", "icarus", 0), None, Options(match="_axi_"))
    assert counts(one) == counts(other)
    assert [result.violations for result in one.results] == [result.violations for result in other.results]


def test_a_fault_of_the_slice_is_found_on_icarus(tmp_path: Path) -> None:
    found = analyse(dump(tmp_path, "icarus", 1), None)
    broken = {one.interface.name: [v.rule for v in one.violations if not v.is_warning] for one in found.results}
    assert {name: wrong for name, wrong in broken.items() if wrong} == {"axi_slice.m_axi_w": [DROPPED]}
