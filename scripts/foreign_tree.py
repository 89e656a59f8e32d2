"""A foreign nv_small to try the bench on: this project's RTL written out as another one's tree, with its own habits.

    python scripts/foreign_tree.py FOLDER

One module a file, found by -y; names of modules, instances and signals that are not ours; RAM models in .vlib files
whose outputs come `#1` late; a header with macros in an include folder; `timescale in some files only; a list with
everything that lists hold. The folder's files.f needs the environment variable FOREIGN_HOME=FOLDER.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from cocodla.sim.filelist import read_file_list

RTL = Path(__file__).resolve().parent.parent / "rtl"
RAMS = ("dla_ram_1r1w", "dla_regfile_1r1w")
PINS = {"dla_core_clk", "dla_csb_clk", "dla_reset_rstn", "dla_intr"}
_OWN = re.compile(r"\b(?:dla|cdma|csc|cacc|cmac|cbuf|sdp|pdp|cdp|mcif|csb|glb)(?:_\w+)?\b")

LIST = """\
// Made by scripts/foreign_tree.py
# verilator and others
--top-module NV_nvdla -Wno-fatal -Wno-WIDTH
+libext+.v+.vlib  /* libraries:
   units by name, RAMs of the vendor */
-y ${FOREIGN_HOME}/vmod/units
-v vmod/rams/regfile.vlib
+incdir+vmod/include
-f lists/defines.f
-F vmod/top/top.f
"""
DEFINES = """\
+define+FOREIGN_SYNC_STAGES=2+FOREIGN_RAM_DELAY=1
-D FOREIGN_ASIC
-sverilog +nospecify \\
  +notimingcheck
vmod/rams/ram.vlib
"""
TOP = "-I../include NV_nvdla.v // the top alone; the rest is found\n"
HEADER = """\
`ifndef FOREIGN_HEAD_VH
`define FOREIGN_HEAD_VH
`ifdef FOREIGN_ASIC
`define FOREIGN_TICK #`FOREIGN_RAM_DELAY
`endif
`endif
"""


def write_tree(folder: Path, delays: bool = True) -> Path:
    """Write the tree; its file list. delays: the RAM models have some."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in read_file_list(RTL / "files.f").sources}
    for name in ("units", "rams", "include", "top"):
        (folder / "vmod" / name).mkdir(parents=True, exist_ok=True)
    (folder / "lists").mkdir(exist_ok=True)
    (folder / "vmod" / "include" / "foreign_head.vh").write_text(HEADER)
    for number, (stem, text) in enumerate(texts.items()):
        ram = stem in RAMS
        place = {"dla_ram_1r1w": "rams/ram.vlib", "dla_regfile_1r1w": "rams/regfile.vlib", "NV_nvdla": "top/NV_nvdla.v"}
        target = folder / "vmod" / place.get(stem, f"units/{renamed(stem)}.{'vlib' if number % 5 == 0 else 'v'}")
        head = '`include "foreign_head.vh"\n' if ram or number % 3 == 0 else ""
        head = f"`timescale 1ns/{'100ps' if ram else '1ns'}\n{head}" if ram or number % 7 == 0 else head
        target.write_text(head + renamed(late(text) if ram and delays else text))
    (folder / "files.f").write_text(LIST)
    (folder / "lists" / "defines.f").write_text(DEFINES)
    (folder / "vmod" / "top" / "top.f").write_text(TOP)
    return folder / "files.f"


def late(text: str) -> str:
    """The outputs and contents of a RAM model change a while after the clock."""
    return re.sub(r"(<=) (?=mem|wr_data)", r"\1 `FOREIGN_TICK ", text)


def renamed(text: str) -> str:
    """Our names in other words, but for the pins of the chip."""
    text = _OWN.sub(lambda match: match[0] if match[0] in PINS else f"XV_{match[0]}_z", text)
    return re.sub(r"\bu_(\w+)", r"\1_inst", text)


if __name__ == "__main__":
    print(write_tree(Path(sys.argv[1])))
