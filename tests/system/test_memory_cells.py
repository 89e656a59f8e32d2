"""Memories of a compiler in place of ours (docs/memories.md): a cell with a defect that its test pins bring out."""

from __future__ import annotations

from pathlib import Path

import pytest

from cocodla import datasets, zoo
from cocodla.runtime import rtl
from cocodla.runtime.verify import NetworkRun, verify_network
from cocodla.sim import project

CELL = project.root() / "tb" / "hdl" / "cells" / "sim_ram_cell.v"
ABOVE = "sim_top.u_dla."
OUTPUTS = "u_sdp.u_output.u_buffer.u_ram"
"""Every byte that LeNet's layers give goes through it."""


def run_lenet(folder: Path, *plusargs: str) -> NetworkRun:
    """One picture through the chip whose memories are all cells of CELL."""
    chip = folder / "chip.f"
    own = project.root() / "rtl" / "files.f"
    chip.write_text(f"+define+DLA_RAM_CELL=sim_ram_cell +define+DLA_ASSERT\n-f {own}\n{CELL}\n")
    pictures, labels = datasets.sklearn_digits()
    simulation = rtl.Simulation(seed=1, file_list=chip, plusargs=plusargs)
    return verify_network(zoo.lenet5(), pictures[:1], labels[:1], simulation)


def test_lenet_is_bit_exact_with_cells_of_the_users(tmp_path: Path) -> None:
    """With the assertions of the RTL, and the collision check of the wrapper."""
    run = run_lenet(tmp_path)
    assert run.passed, run.first_mismatch or run.failures


@pytest.mark.parametrize(
    ("path", "bus"),
    [(OUTPUTS, "p"), ("u_cbuf.g_pair[0].u_pair.g_shared.u_even", "c"), ("u_cacc.u_accumulators", "a")],
)
def test_a_stuck_bit_of_one_memory_shows_when_its_pins_turn_it_on(tmp_path: Path, path: str, bus: str) -> None:
    stuck = f"+stuck_ram={ABOVE}{path}"
    run = run_lenet(tmp_path, stuck, f"+ram_{bus}_pd=00000001")
    assert not run.passed and run.first_mismatch, "the stuck bit is not seen"


def test_the_pins_of_other_memories_leave_it_alone(tmp_path: Path) -> None:
    """All buses but its own, and all its own pins but the one with a function."""
    others = [f"+ram_{bus}_pd=ffffffff" for bus in ("c", "ma", "mb", "o", "a")]
    run = run_lenet(tmp_path, f"+stuck_ram={ABOVE}{OUTPUTS}", *others, "+ram_p_pd=fffffffe")
    assert run.passed, run.first_mismatch or run.failures
