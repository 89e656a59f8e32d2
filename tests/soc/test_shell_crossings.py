"""Ways between the clocks of the AXI shell: those listed and no others; constraints name them. Skipped: no Yosys."""

from __future__ import annotations

import re

import pytest

from cocodla.errors import UserError
from cocodla.sim import project
from cocodla.sim.filelist import own_list, read_file_list
from cocodla.synth import yosys
from cocodla.synth.crossings import check, read_expected
from cocodla.synth.netlist import read_design

FOLDER = project.root() / "rtl" / "constraints"
LIST = read_expected(FOLDER / "shell_crossings.toml")


def test_the_shell_has_the_listed_crossings_and_no_others() -> None:
    try:
        yosys.find_yosys()
    except UserError:
        pytest.skip("no Yosys")
    result = check(read_design(read_file_list(own_list()), "cocodla_axi"), LIST)
    assert result.findings == []
    assert all(result.ways.values())


def test_the_chip_in_it_has_those_of_its_own_list() -> None:
    chip = {c.about for c in read_expected(FOLDER / "crossings.toml").crossings} - {"reset of the chip"}
    assert {c.about.removeprefix("chip: ") for c in LIST.crossings if c.about.startswith("chip: ")} == chip


def test_the_constraints_name_every_way_of_the_shell() -> None:
    text = (FOLDER / "cocodla_axi.xdc").read_text(encoding="utf-8")
    fifos = re.findall(r"\bu_\w+(?= \$[sm]_clk \$[sm]_clk)", text)
    text += "".join(text.replace("$place", f"u_regs/g_cross.{fifo}") for fifo in fifos)
    for crossing in LIST.crossings:
        if crossing.about.startswith("chip: "):
            continue
        for name in crossing.sources:
            path = name.replace(".", "/").replace("g_cross/", "g_cross.")
            assert path in text, f"{crossing.about}: {name}"
