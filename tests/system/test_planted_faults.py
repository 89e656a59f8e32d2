"""The promise of the tutorial: break a block, and one line says what is wrong, where and when, and how to see it again.

Three blocks here; scripts/try_faults.py does all.
"""

from __future__ import annotations

import re

import pytest

import try_faults
from cocodla.sim import bench


@pytest.mark.parametrize("block", ["glb", "pdp", "async_fifo"])
def test_a_broken_block_is_told_in_one_line_on_icarus(block: str) -> None:
    fault = try_faults.FAULTS[block]
    line, again = try_faults.first_failure(block, fault)
    assert re.match(fault.says, line), line
    assert again[:3] == [block, "--sim", "icarus"] and again[-3:] == ["--seed", 1, "--waves"]


def test_every_block_has_a_fault() -> None:
    """agents has no RTL of the accelerator."""
    assert sorted(try_faults.FAULTS) == [name for name in bench.block_names() if name != "agents"]
