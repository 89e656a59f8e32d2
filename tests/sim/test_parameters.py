"""Parameters of the chip from the environment: their ranges, and that they reach simulation and repeated commands."""

from __future__ import annotations

import re

import pytest

from cocodla.cli.base import command_line
from cocodla.errors import UserError
from cocodla.runtime import rtl
from cocodla.sim import parameters, project


def test_ranges_are_those_of_the_chip() -> None:
    top = (project.root() / "rtl" / "top" / "NV_nvdla.v").read_text()
    defaults = {name: int(value) for name, value in re.findall(r"^ +parameter (\w+) += (\d+)", top, re.MULTILINE)}
    assert list(parameters.RANGES) == list(defaults)
    assert all(low <= defaults[name] <= high for name, (low, high) in parameters.RANGES.items())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ACC_DEPTH", "DUT_PARAMETERS: 'ACC_DEPTH' is not NAME=number"),
        ("SDP_LANES=2 ACC_DEPTH=-8", "'ACC_DEPTH=-8' is not NAME=number"),
        ("DEPTH=8", "NV_nvdla has no parameter DEPTH; there are SDP_LANES, "),
        ("ACC_DEPTH=24", "ACC_DEPTH is a power of two from 8 to 512, not 24"),
        ("CLOCK_GATES=2", "CLOCK_GATES is 0 or 1, not 2"),
        ("SDP_LANES=16", "SDP_LANES is a power of two from 1 to 8, not 16"),
    ],
)
def test_wrong_parameters_are_named(monkeypatch: pytest.MonkeyPatch, text: str, message: str) -> None:
    monkeypatch.setenv("DUT_PARAMETERS", text)
    with pytest.raises(UserError, match=re.escape(message)):
        parameters.chosen()


def test_parameters_reach_the_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DUT_PARAMETERS", raising=False)
    assert "DUT_PARAMETERS" not in rtl.chip_design(rtl.Simulation()).defines
    monkeypatch.setenv("DUT_PARAMETERS", "ACC_DEPTH=64 SDP_LANES=2")
    assert not parameters.is_default_chip()
    assert rtl.chip_design(rtl.Simulation()).defines["DUT_PARAMETERS"] == "#(.ACC_DEPTH(64), .SDP_LANES(2))"
    assert command_line("random").startswith("env DUT_PARAMETERS='ACC_DEPTH=64 SDP_LANES=2' ")
