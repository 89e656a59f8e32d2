"""The promise of the tutorial: break a block, and one line says what is wrong, where and when, and how to see it again.

Three blocks here; scripts/try_faults.py does all.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import try_faults
from cocodla import cli
from cocodla.sim import bench


def invoke(*words: object) -> Result:
    return CliRunner().invoke(cli.app, [str(word) for word in words])


@pytest.mark.parametrize("block", ["glb", "pdp", "async_fifo"])
def test_a_broken_block_is_told_in_one_line_on_icarus(block: str) -> None:
    fault = try_faults.FAULTS[block]
    line, again = try_faults.first_failure(block, fault)
    assert re.match(fault.says, line), line
    assert again[:3] == [block, "--sim", "icarus"] and again[-3:] == ["--seed", 1, "--waves"]


def test_the_command_that_is_told_repeats_the_failure_with_waves_on_icarus() -> None:
    with try_faults.broken(try_faults.FAULTS["glb"]):
        first = invoke("sim", "glb", "--sim", "icarus", "--seed", 5, "--test", "set_wins")
        assert first.exit_code == 1
        again = next(line for line in first.stdout.splitlines() if line.startswith("again with waves: "))
        done = subprocess.run(again.partition(": ")[2], shell=True, capture_output=True, text=True)
        assert done.returncode == 1
        told = [line for line in first.stdout.splitlines() if line.startswith("glb, set_wins_over_clear: ")]
        assert len(told) == 1 and told[0] in done.stdout
        waves = re.search(r"^waves in (.*glb-icarus-0002-seed5\.fst)$", done.stdout, re.MULTILINE)
        assert waves and Path(waves[1]).is_file()


def test_every_block_has_a_fault() -> None:
    """agents has no RTL of the accelerator."""
    assert sorted(try_faults.FAULTS) == [name for name in bench.block_names() if name != "agents"]
