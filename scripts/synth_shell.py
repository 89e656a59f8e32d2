"""Area of the AXI shell, by the method of `make synth`: LUTs and flip-flops of an UltraScale+ part, without the chip.

    .venv/bin/python scripts/synth_shell.py [DATA_W=64 MAX_BEATS=16 ...]
"""

from __future__ import annotations

import sys

from cocodla.synth.units import Cost
from cocodla.synth.yosys import STEPS, find_yosys, synthesize

MODULES = {
    "dla_axil2csb": (), "dla_shell_regs": ("DATA_W", "MAX_BEATS"), "dla_reset_guard": (),
    "dla_dbb2axi": ("DATA_W", "MAX_BEATS", "WAIT", "READ_DEPTH", "WRITE_DEPTH"),
}  # fmt: skip
"""Modules of rtl/soc/cocodla_axi.v around NV_nvdla, and the parameters they take."""


def main() -> None:
    given = {name: int(value) for name, _, value in (word.partition("=") for word in sys.argv[1:])}
    find_yosys()
    (fpga,) = (step for step in STEPS if step.name == "fpga")
    total = Cost()
    for module, names in MODULES.items():
        cost = synthesize(module, {name: given[name] for name in names if name in given}, fpga)
        total += cost
        print(f"{module:16} {cost.luts:6,} LUTs {cost.flip_flops:6,} flip-flops")
    print(f"{'shell':16} {total.luts:6,} LUTs {total.flip_flops:6,} flip-flops")


if __name__ == "__main__":
    main()
