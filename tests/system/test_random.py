"""Random legal programs: all memory, registers and interrupts of RTL and golden model are equal."""

from __future__ import annotations

import pytest

from cocodla.runtime.campaign import make_case, run_case

SEEDS = (1, 2, 3, 4)
"""About 60 layers each."""


@pytest.mark.parametrize("seed", SEEDS)
def test_random_programs(seed: int) -> None:
    outcome = run_case(make_case(seed))
    assert not outcome.differences, f"python -m cocodla random --count 1 --seed {seed}"
    assert len(outcome.layers) >= 50
    assert outcome.cycles > 10_000


SMALL = "ACC_DEPTH=64 CACC_DEPTH=16 SDP_LANES=1 PDP_LANES=2 CDP_LANES=4 READ_DEPTH=32 OPERAND_DEPTH=16"


def test_random_program_on_a_chip_of_other_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUT_PARAMETERS", SMALL)
    outcome = run_case(make_case(6, "icarus", pieces=6))
    assert not outcome.differences, f"{len(outcome.layers)} layers"


def test_random_program_on_icarus() -> None:
    outcome = run_case(make_case(5, "icarus", pieces=6))
    assert not outcome.differences, f"{len(outcome.layers)} layers"
