"""Write tb/hdl/sim_streams.v, the checkers of all streams of rtl/interfaces.toml; widths are the elaborated top's."""

from __future__ import annotations

from typing import Any

from pyslang.driver import Driver

from cocodla.sim.filelist import own_list, read_file_list
from cocodla.sim.stream_checks import as_verilog, own_file
from cocodla.waves.interfaces import load_description
from cocodla.waves.interfaces import own_file as interfaces_file


def widths() -> dict[str, int]:
    """Bits of every net and variable of NV_nvdla with its default parameters."""
    driver = Driver()
    driver.addStandardArgs()
    files = " ".join(f'"{path}"' for path in read_file_list(own_list()).sources)
    assert driver.parseCommandLine(f"slang --top NV_nvdla --timescale 1ns/1ps {files}") and driver.processOptions()
    driver.parseAllSources()
    body: Any = driver.createCompilation().getRoot().topInstances[0].body
    return {
        member.name: member.type.bitWidth
        for member in body
        if str(member.kind).rpartition(".")[2] in ("Net", "Variable")
    }


def text() -> str:
    """The file as it should be."""
    return as_verilog(load_description(interfaces_file()), widths())


if __name__ == "__main__":
    own_file().write_text(text(), encoding="utf-8")
