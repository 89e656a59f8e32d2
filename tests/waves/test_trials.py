"""A few of the faults and slowed runs of scripts/try_*.py on the chip; all of them take minutes."""

from __future__ import annotations

from pathlib import Path

import pytest

import try_handshake_faults as faults
import try_slow_units as slowed


@pytest.mark.parametrize("name", ["one_lane_of_pdp", "read_data_every_4th_cycle"])
def test_the_slowed_unit_is_named_on_icarus(name: str, tmp_path: Path) -> None:
    run = next(run for run in slowed.RUNS if run.name == name)
    cause = slowed.cause_of(run, tmp_path)
    assert slowed.right(run, cause), cause


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return faults.dump_of(faults.FAULTS[0].shape, tmp_path_factory.mktemp("good"), (), "good")


@pytest.mark.parametrize("name", ["payload_changed", "order_swapped", "answer_invented"])
def test_a_planted_fault_is_found_on_icarus(name: str, tmp_path: Path, good: Path) -> None:
    fault = next(fault for fault in faults.FAULTS if fault.name == name)
    assert not faults.verdict(fault, faults.dump_of(fault.shape, tmp_path, fault.changes, name), good)
