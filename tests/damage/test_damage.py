"""A seeded part of all damages (scripts/damage.py tries all of them): one clear line or a result, within the limits."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from . import kinds
from .trial import SEED, Tally, try_all

SHARES = {"networks": 0.025, "programs": 0.07, "models": 0.02, "loadables": 0.01}
"""What share of the damages is tried here."""
OTHERS = 0.05
"""Of readers, which are faster."""


@pytest.mark.parametrize("kind", kinds.ALL)
def test_damaged_files_end_in_one_line_or_a_result(kind: str, tmp_path: Path) -> None:
    random = Random(SEED)
    total = Tally()
    for sample in kinds.ALL[kind](tmp_path):
        chosen = (damage for damage in sample.damages if random.random() < SHARES.get(kind, OTHERS))
        tally = try_all(chosen, sample.read, tmp_path, sample.suffix)
        assert tally.good, f"{sample.name}: {tally}: {tally.unfit}"
        total.add(tally)
    assert total.outcomes["refused"] and total.outcomes["results"], str(total)
