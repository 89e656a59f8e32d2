"""Device: registers and memory, executing register programs functionally.

A layer is computed at once, but not when it is enabled: only when the host waits for an interrupt
or polls a status register, one layer at a time and in the order of enabling. So S_STATUS, CONSUMER
and the interrupt bits read as they do on hardware (spec: programming.md section 9).
"""

from __future__ import annotations

from cocodla.errors import UserError
from cocodla.formats.feature import ByteArray
from cocodla.golden import execute
from cocodla.golden.hazards import SOURCES, Flight
from cocodla.golden.layers import Queues
from cocodla.golden.registers import IDLE
from cocodla.golden.rules import require
from cocodla.golden.state import State
from cocodla.golden.work import Counters, Work
from cocodla.registers import MAP, Register


class Device(State):
    """One accelerator with its memory and host; with batch > 1, that many of them in lock step on shared registers."""

    def __init__(self, batch: int = 1) -> None:
        super().__init__(batch)
        self.flight = Flight(self)
        self.serial = 0
        self.layers_run = 0

    # -- host side ---------------------------------------------------------------------------

    def load_memory(self, address: int, data: ByteArray) -> None:
        """Host write of bytes (1 or batch, length); RuleViolation when an enabled unit may use them."""
        self._check_host(address, data.shape[-1], write=True)
        self.memory.write(address, data)

    def fill_memory(self, address: int, length: int, value: int) -> None:
        """Host fill; RuleViolation when an enabled unit uses these bytes."""
        self._check_host(address, length, write=True)
        self.memory.fill(address, length, value)

    def read_memory(self, address: int, length: int) -> ByteArray:
        """Host read (1 or batch, length); RuleViolation when a layer may still write there."""
        self._check_host(address, length, write=False)
        return self.memory.read(address, length)

    def _check_host(self, address: int, length: int, write: bool) -> None:
        if length:
            self.flight.update()
            self.flight.check_host(address, length, write)

    def write_register(self, address: int, value: int) -> None:
        """A bus write. Undefined addresses are ignored, as on hardware."""
        register = MAP.find(address)
        if register is None:
            return
        if register.unit == "GLB":
            self.glb.write(register, value)
            if register.name == "S_INTR_STATUS":
                self.flight.interrupt_cleared(value)
        elif register.unit in self.plain:
            self.plain[register.unit].write(register, value)
        else:
            self._write_grouped(register, value)

    def _write_grouped(self, register: Register, value: int) -> None:
        unit = self.units[register.unit]
        if register.unit == "CDP" and register.name.startswith("S_LUT"):
            self._write_tables(register, value)
        if register.group == "dual":
            user = self.flight.user(unit.name, unit.producer)
            require(
                user is None,
                f"{register.path} written while {user} may still use group {unit.producer}: its end was not waited for",
            )
        self.serial += 1
        if unit.write(register, value, self.serial):
            self.flight.enabled()

    def _write_tables(self, register: Register, value: int) -> None:
        """A write of CDP's tables or their settings, which both groups share: not while a layer runs (cdp.md 1)."""
        self.flight.update()
        require(self.flight.user("CDP") is None, f"{register.path} written while a CDP layer runs (cdp.md 1)")
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
        """Read until equal to `expected` under `mask`; UserError when no layer is left that could change it."""
        self.flight.update()
        while True:
            value = self.read_register(address)
            if value & mask == expected & mask:
                self.rely_on(address, mask, value)
                return value
            if not self.run_layer():
                register = MAP.find(address)
                name = register.path if register else f"{address:#x}"
                raise UserError(
                    f"poll of {name} for {expected:#x} under {mask:#x} never ends: "
                    f"it reads {value:#x}; {self.blocked()}"
                )

    def rely_on(self, address: int, mask: int, value: int) -> None:
        """The host has read a register and goes on because it had these bits: what they tell of layers is known now."""
        register = MAP.find(address)
        if register is None or register.name not in ("S_INTR_STATUS", "S_STATUS"):
            return
        self.flight.update()
        if register.unit == "GLB":
            self.flight.interrupt_seen(value & mask)
        else:
            for group in range(2):
                if mask >> 16 * group & 3 == 3 and value >> 16 * group & 3 == IDLE:
                    self.flight.idle_seen(register.unit, group)

    def wait_interrupt(self, bits: int, clear: bool = True) -> None:
        """Wait until all `bits` of S_INTR_STATUS are set; UserError when that can never happen."""
        self.flight.update()
        while self.glb.status & bits != bits:
            if not self.run_layer():
                missing = bits & ~self.glb.status
                raise UserError(
                    f"wait for interrupt {bits:#x} never ends: {interrupt_names(missing)} cannot come; {self.blocked()}"
                )
        self.flight.interrupt_seen(bits)
        if clear:
            self.glb.status &= ~bits
            self.flight.interrupt_cleared(bits)

    # -- layers ------------------------------------------------------------------------------

    def run_layer(self) -> bool:
        """Execute the layer that was completely enabled first; False when none can run."""
        self.flight.update()
        plan = Queues.of(self.units).first()
        if plan is None:
            return False
        try:
            interrupts = execute.finish(self, plan, self.compute(execute.decode(self, plan)))
        except UserError as error:
            raise type(error)(f"layer {self.layers_run} ({plan.name}): {error}") from None
        self.flight.ran(plan, interrupts)
        self.layers_run += 1
        return True

    def compute(self, work: Work) -> Counters:
        """Compute a decoded layer; its counters."""
        return work.run(self.memory, self.cbuf, counted=True)

    def run_all(self) -> None:
        """Execute every layer that can run, and know that they have."""
        while self.run_layer():
            pass
        self.flight.all_seen()

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
        missing = [f"{p.name} lacks {', '.join(p.missing)}" for p in Queues.of(self.units).plans() if p.missing]
        return "enabled: " + ", ".join(enabled) + ("; " + "; ".join(missing) if missing else "")


def interrupt_names(bits: int) -> str:
    """Names of status bits, e.g. "SDP group 0"."""
    names = []
    for bit in range(32):
        if bits >> bit & 1:
            known = bit // 2 < len(SOURCES) and SOURCES[bit // 2]
            names.append(f"{SOURCES[bit // 2]} group {bit % 2}" if known else f"bit {bit} (no source)")
    return ", ".join(names)
