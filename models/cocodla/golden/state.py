"""What an accelerator and its memory hold between two layers."""

from __future__ import annotations

from cocodla.golden.cbuf import Cbuf
from cocodla.golden.lut import Lut
from cocodla.golden.memory import Memory
from cocodla.golden.registers import Glb, GroupedUnit, PlainUnit

GROUPED = (
    "CDMA", "CSC", "CMAC_A", "CMAC_B", "CACC", "SDP_RDMA", "SDP", "PDP_RDMA", "PDP", "CDP_RDMA", "CDP",
)  # fmt: skip


class State:
    """Memory, registers and buffers; with batch > 1 those of that many accelerators in lock step on shared registers.

    cacc_group, cdp_group: the private toggles of CACC's interrupt and CDP's counters (system.md 6.1, 10).
    """

    def __init__(self, batch: int = 1) -> None:
        self.memory = Memory(batch)
        self.glb = Glb()
        self.plain = {name: PlainUnit(name) for name in ("CFGROM", "MCIF")}
        self.units = {name: GroupedUnit(name) for name in GROUPED}
        self.cbuf = Cbuf()
        self.lut = Lut()
        self.cacc_group = 0
        self.cdp_group = 0

    @property
    def batch(self) -> int:
        return self.memory.batch
