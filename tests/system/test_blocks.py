"""Every block bench passes, on Verilator and on Icarus."""

from __future__ import annotations

import pytest

from cocodla.sim import bench

SEED = 1


@pytest.mark.parametrize("sim", ["verilator", "icarus"])
@pytest.mark.parametrize("block", bench.block_names())
def test_block(block: str, sim: str) -> None:
    outcome = bench.run_bench(block, sim, seed=SEED)
    for run in outcome.runs.values():
        failed = [f"{result.name}: {result.message}" for result in run.results if result.status == "failed"]
        assert not failed and not run.error, f"seed {outcome.seed}, log {run.log}: {failed} {run.error}"
        assert run.results
    assert not outcome.silent_rules, "these rules were never looked at, or let a broken value pass"
