"""The units that are synthesized, and their cost as Yosys reports it.

Method: every unit on its own, hierarchy kept, RAM wrappers as black boxes (their bits are counted apart).

* FPGA: `synth_xilinx -family xcup -noiopad -noclkbuf`, a Xilinx UltraScale+ part.
* Gates: `synth`, cells weighted in gate equivalents (a NAND of two inputs is 1).
* Longest path: `synth -flatten -lut 6; ltp -noff`, LUT6 between flip-flops, RAMs and ports.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cocodla.hw import ceil_div

RAM_MODULES = ("dla_ram_1r1w", "dla_regfile_1r1w")
MOST_LUT_WORDS = 32
"""Words up to which a dla_ram_1r1w with LUTS = 1 is LUT RAM."""


@dataclass(frozen=True)
class Unit:
    """A row of the table: modules counted together. count: how often the chip has it."""

    name: str
    modules: tuple[str, ...]
    count: int = 1


UNITS: tuple[Unit, ...] = (
    Unit("csb_master", ("csb_master",)),
    Unit("glb", ("glb",)),
    Unit("cfgrom", ("cfgrom",)),
    Unit("mcif", ("mcif",)),
    Unit("cdma", ("cdma",)),
    Unit("cbuf", ("cbuf",)),
    Unit("csc", ("csc",)),
    Unit("cmac", ("cmac",), count=2),
    Unit("cacc", ("cacc",)),
    Unit("sdp", ("sdp", "sdp_rdma")),
    Unit("pdp", ("pdp", "pdp_rdma")),
    Unit("cdp", ("cdp", "cdp_rdma")),
)

_GATES = (
    (("NOT",), 0.67),
    (("NAND", "NOR"), 1.0),
    (("AND", "OR", "ANDNOT", "ORNOT", "AOI3", "OAI3"), 1.33),
    (("AOI4", "OAI4"), 1.67),
    (("XOR", "XNOR", "MUX", "NMUX"), 2.33),
)
GATE_WEIGHTS: dict[str, float] = {f"$_{gate}_": weight for gates, weight in _GATES for gate in gates}
FLIP_FLOP_GATES = 6.0

_FLIP_FLOP = re.compile(r"\$_(?:S?DFF|ALDFF|DLATCH|SR)\w*_")
_LUT = re.compile(r"LUT[1-6]")
_FPGA_FF = re.compile(r"FD[RSCP]E(?:_1)?")


@dataclass(frozen=True)
class Ram:
    """One memory behind a wrapper. clocked: it is block RAM (its read is registered), else LUT RAM."""

    width: int
    depth: int
    clocked: bool

    @property
    def bits(self) -> int:
        return self.width * self.depth

    @property
    def half_blocks(self) -> int:
        """RAMB18 it takes: 512 words of 36 bits with one read and one write port. 0 for LUT RAM."""
        return ceil_div(self.width, 36) * ceil_div(self.depth, 512) if self.clocked else 0

    @property
    def luts(self) -> int:
        """LUTs it takes as distributed memory: 8 LUTs give 14 bits of 32 words. 0 for block RAM."""
        return 0 if self.clocked else ceil_div(self.width, 14) * 8 * ceil_div(self.depth, 32)


@dataclass(frozen=True)
class Cost:
    """Cost of a module, a unit or the chip. levels: the longest path of any of them, in LUT6."""

    luts: int = 0
    flip_flops: int = 0
    dsps: int = 0
    gates: float = 0.0
    levels: int = 0
    rams: tuple[Ram, ...] = ()

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.luts + other.luts,
            self.flip_flops + other.flip_flops,
            self.dsps + other.dsps,
            self.gates + other.gates,
            max(self.levels, other.levels),
            self.rams + other.rams,
        )

    def __mul__(self, count: int) -> Cost:
        return Cost(
            self.luts * count,
            self.flip_flops * count,
            self.dsps * count,
            self.gates * count,
            self.levels,
            self.rams * count,
        )

    @property
    def blocks(self) -> float:
        """Block RAMs of 36 kbit."""
        return sum(ram.half_blocks for ram in self.rams) / 2

    @property
    def ram_luts(self) -> int:
        """LUTs of the small memories; not part of `luts`."""
        return sum(ram.luts for ram in self.rams)

    @property
    def ram_bits(self) -> int:
        return sum(ram.bits for ram in self.rams)


def gate_equivalents(cells: Mapping[str, int]) -> float:
    """Gate equivalents of cells by type; black boxes weigh nothing. ValueError for a cell without a weight."""
    total = 0.0
    for kind, count in cells.items():
        if kind in GATE_WEIGHTS:
            total += GATE_WEIGHTS[kind] * count
        elif _FLIP_FLOP.fullmatch(kind):
            total += FLIP_FLOP_GATES * count
        elif kind.startswith("$_"):
            raise ValueError(f"no weight for cell {kind}")
    return total


def fpga_cost(cells: Mapping[str, int]) -> tuple[int, int, int]:
    """(LUTs, flip-flops, DSPs) of the cells of an FPGA netlist."""

    def total(pattern: re.Pattern[str]) -> int:
        return sum(count for kind, count in cells.items() if pattern.fullmatch(kind))

    return total(_LUT), total(_FPGA_FF), cells.get("DSP48E2", 0)
