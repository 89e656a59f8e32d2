"""Device: registers and memory, executing register programs functionally.

A layer is computed at once, but not when it is enabled: only when the host waits for an interrupt
or polls a status register, one layer at a time and in the order of enabling. So S_STATUS, CONSUMER
and the interrupt bits read as they do on hardware (spec: programming.md section 9).
"""

from __future__ import annotations

from cocodla.errors import UserError
from cocodla.formats.feature import ByteArray
from cocodla.golden import hazards, layers
from cocodla.golden.cbuf import Cbuf
from cocodla.golden.lut import Lut
from cocodla.golden.memory import Memory
from cocodla.golden.registers import Glb, GroupedUnit, PlainUnit
from cocodla.golden.rules import require
from cocodla.registers import MAP, Register

GROUPED = (
    "CDMA", "CSC", "CMAC_A", "CMAC_B", "CACC", "SDP_RDMA", "SDP", "PDP_RDMA", "PDP", "CDP_RDMA", "CDP",
)  # fmt: skip


class Device:
    """One accelerator with its memory; with batch > 1, that many of them in lock step on shared registers."""

    def __init__(self, batch: int = 1) -> None:
        self.memory = Memory(batch)
        self.glb = Glb()
        self.plain = {name: PlainUnit(name) for name in ("CFGROM", "MCIF")}
        self.units = {name: GroupedUnit(name) for name in GROUPED}
        self.cbuf = Cbuf()
        self.lut = Lut()
        self.cacc_group = 0
        self.cdp_group = 0
        self.serial = 0
        self.layers_run = 0

    @property
    def batch(self) -> int:
        return self.memory.batch

    # -- host side ---------------------------------------------------------------------------

    def load_memory(self, address: int, data: ByteArray) -> None:
        """Host write of bytes (1 or batch, length); RuleViolation when an enabled unit uses them."""
        self._check_host(address, data.shape[-1], write=True)
        self.memory.write(address, data)

    def fill_memory(self, address: int, length: int, value: int) -> None:
        """Host fill; RuleViolation when an enabled unit uses these bytes."""
        self._check_host(address, length, write=True)
        self.memory.fill(address, length, value)

    def read_memory(self, address: int, length: int) -> ByteArray:
        """Host read (1 or batch, length); RuleViolation when an enabled unit still writes there."""
        self._check_host(address, length, write=False)
        return self.memory.read(address, length)

    def _check_host(self, address: int, length: int, write: bool) -> None:
        if length and any(any(unit.enabled) for unit in self.units.values()):
            current = layers.plans(self)
            complete = [plan for plan in (*current, *layers.queued(self, current)) if not plan.missing]
            hazards.check_host(self.units, complete, address, length, write)

    def write_register(self, address: int, value: int) -> None:
        """A bus write. Undefined addresses are ignored, as on hardware."""
        register = MAP.find(address)
        if register is None:
            return
        if register.unit == "GLB":
            self.glb.write(register, value)
        elif register.unit in self.plain:
            self.plain[register.unit].write(register, value)
        else:
            if register.unit == "CDP" and register.name.startswith("S_LUT"):
                self._write_tables(register, value)
            self.serial += 1
            self.units[register.unit].write(register, value, self.serial)

    def _write_tables(self, register: Register, value: int) -> None:
        """A write of CDP's tables or their settings, which both groups share: not while a layer runs (cdp.md 1)."""
        running = any(plan.name == "CDP" and not plan.missing for plan in layers.plans(self))
        require(not running, f"{register.path} written while a CDP layer runs (cdp.md 1)")
        if register.name.startswith("S_LUT_ACCESS"):
            self.lut.access(register.name, value)

    def read_register(self, address: int) -> int:
        """A bus read. Undefined addresses read 0."""
        register = MAP.find(address)
        if register is None:
            return 0
        if register.unit == "GLB":
            return self.glb.read(register)
        if register.unit in self.plain:
            return self.plain[register.unit].read(register)
        if register.path == "CDMA.S_CBUF_FLUSH_STATUS":
            return 1
        if register.path == "SDP.S_LUT_ACCESS_DATA":
            return 0
        if register.unit == "CDP" and register.name.startswith("S_LUT_ACCESS"):
            return self.lut.read(register.name)
        return self.units[register.unit].read(register)

    def poll_register(self, address: int, mask: int, expected: int) -> int:
        """Read until (value & mask) == expected; UserError when no layer is left that could change it."""
        while True:
            value = self.read_register(address)
            if value & mask == expected:
                return value
            if not self.run_layer():
                register = MAP.find(address)
                name = register.path if register else f"{address:#x}"
                raise UserError(
                    f"poll of {name} for {expected:#x} under {mask:#x} never ends: "
                    f"it reads {value:#x}; {self.blocked()}"
                )

    def wait_interrupt(self, bits: int, clear: bool = True) -> None:
        """Wait until all `bits` of S_INTR_STATUS are set; UserError when that can never happen."""
        while self.glb.status & bits != bits:
            if not self.run_layer():
                missing = bits & ~self.glb.status
                raise UserError(
                    f"wait for interrupt {bits:#x} never ends: {interrupt_names(missing)} cannot come; {self.blocked()}"
                )
        if clear:
            self.glb.status &= ~bits

    # -- layers ------------------------------------------------------------------------------

    def run_layer(self) -> bool:
        """Execute the layer that was completely enabled first; False when none can run."""
        current = layers.plans(self)
        ready = [plan for plan in current if not plan.missing]
        if not ready:
            return False
        plan = min(ready, key=lambda p: p.serial)
        try:
            others = [p for p in (*ready, *layers.queued(self, current)) if p is not plan and not p.missing]
            hazards.check_layer(self.units, plan, others)
            plan.run(self)
        except UserError as error:
            raise type(error)(f"layer {self.layers_run} ({plan.name}): {error}") from None
        self.layers_run += 1
        return True

    def run_all(self) -> None:
        """Execute every layer that can run."""
        while self.run_layer():
            pass

    def blocked(self) -> str:
        """One line: what is enabled, and what each layer in progress lacks."""
        enabled = [
            f"{unit.name} group {group}" + ("" if unit.consumer == group else f" (pending behind group {group ^ 1})")
            for unit in self.units.values()
            for group in range(2)
            if unit.enabled[group]
        ]
        if not enabled:
            return "no unit is enabled"
        missing = [f"{p.name} lacks {', '.join(p.missing)}" for p in layers.plans(self) if p.missing]
        return "enabled: " + ", ".join(enabled) + ("; " + "; ".join(missing) if missing else "")


def interrupt_names(bits: int) -> str:
    """Names of status bits, e.g. "SDP group 0"."""
    sources = ("SDP", "CDP", "PDP", "BDMA", "RUBIK", "", "", "", "CDMA data", "CDMA weight", "CACC")
    names = []
    for bit in range(32):
        if bits >> bit & 1:
            known = bit // 2 < len(sources) and sources[bit // 2]
            names.append(f"{sources[bit // 2]} group {bit % 2}" if known else f"bit {bit} (no source)")
    return ", ".join(names)
