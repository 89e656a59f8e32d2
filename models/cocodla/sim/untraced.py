"""Modules of the RTL that waveforms of the whole chip leave out, unless units are named (WAVES_SCOPE).

They compute or store, and what goes in and comes out is seen where they are used. They are two thirds of all signals:
recording everything takes one and a half times as long, and twice the space (docs/performance.md).
"""

from __future__ import annotations

import re

from cocodla.sim import project

MODULES = (
    "lib/dla_scale", "lib/dla_shift_right", "lib/dla_ram_1r1w", "lib/dla_regfile_1r1w",
    "lib/dla_delay", "lib/dla_fifo", "lib/dla_ram_fifo", "lib/dla_gather", "lib/dla_split",
    "lib/dla_clock_gate",
    "registers/gen/*",
    "conv/cmac_cell", "conv/cdma_cvt", "conv/cdma_pack", "conv/cacc_round", "conv/cbuf", "conv/cbuf_pair",
    "sdp/sdp_lane", "sdp/sdp_cvt_lane", "sdp/sdp_shift_operand",
    "pdp/pdp_combine", "pdp/pdp_scale", "pdp/pdp_average",
    "cdp/cdp_icvt_lane", "cdp/cdp_ocvt_lane", "cdp/cdp_lut_lane", "cdp/cdp_index", "cdp/cdp_value", "cdp/cdp_square",
    "cdp/cdp_choice", "cdp/cdp_tables", "cdp/cdp_window",
)  # fmt: skip
"""Files of rtl/, without suffix."""
BENCH = ("sim_activity", "sim_dram", "sim_memory", "sim_response", "sim_stream_check", "sim_streams", "sim_x_check")
"""Files of tb/hdl: they look on, or answer at pins that are recorded."""


DATAPATH = {
    "conv/cacc": "products stored sum", "conv/cmac": "tag_1", "conv/csc_dat": "ctl_1 pad_2 masked",
    "conv/csc_wt": "ctl_1 previous masked",
}  # fmt: skip
"""Words on their way through the convolution, declared without a value: they change in every cycle and are half of what
a recorded cycle would cost. Each stands for all that is declared in its line."""
_COMPUTED = re.compile(r"\s*wire\s+(?:signed\s+)?\[[^]]*\]\s+\w+\s*=")
"""A vector declared with what it is computed from: Verilator would store it in every cycle just to record it."""


def control() -> str:
    """Lines of a Verilator control file: modules, and vectors that are functions of what is recorded beside them."""
    files = [f"rtl/{name}" for name in MODULES] + [f"tb/hdl/{name}" for name in BENCH]
    lines = [f'tracing_off -file "*/{name}.v"' for name in files]
    root = project.root()
    for path in sorted(root.glob("rtl/*/*.v")):
        name = path.relative_to(root)
        words = "|".join(DATAPATH.get(f"{path.parent.name}/{path.stem}", "").split())
        through = re.compile(rf"\s*(wire|reg)\s+\[[^]]*\]\s+({words})\b" if words else r"(?!)")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if _COMPUTED.match(line) or through.match(line):
                lines.append(f'tracing_off -file "*/{name}" -lines {number}')
    return "".join(f"{line}\n" for line in lines)
