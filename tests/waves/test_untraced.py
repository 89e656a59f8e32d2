"""What waveforms of the chip leave out is there to be left out: renamed in the RTL, it would be recorded again."""

from __future__ import annotations

import re

from cocodla.sim import project, untraced


def test_what_is_left_out_exists() -> None:
    for name in untraced.MODULES:
        assert list((project.root() / "rtl").glob(f"{name}.v")), name
    for name in untraced.BENCH:
        assert (project.root() / "tb" / "hdl" / f"{name}.v").is_file(), name


def test_words_left_out_are_declared() -> None:
    """Each word of DATAPATH begins one declaration of its module."""
    lines = re.findall(r'-file "\*/rtl/(\S+)\.v" -lines (\d+)', untraced.control())
    for name, words in untraced.DATAPATH.items():
        source = (project.root() / "rtl" / f"{name}.v").read_text().splitlines()
        left_out = [source[int(number) - 1] for file, number in lines if file == name]
        for word in words.split():
            declaration = re.compile(rf"\s*(reg|wire)\s.*?\]\s+{word}\b")
            assert len([line for line in left_out if declaration.match(line)]) == 1, (name, word)
