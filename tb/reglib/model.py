"""What software must see of all registers (spec: system.md sections 4 to 6, 10; cdp.md 2.3), written from the map."""

from __future__ import annotations

from collections.abc import Sequence

from cocodla.registers import MAP, Register

GLB_STATUS, GLB_SET, GLB_MASK = "GLB.S_INTR_STATUS", "GLB.S_INTR_SET", "GLB.S_INTR_MASK"
GLB_PRESENT = 0x003F003F
LUT_LAST = (64, 256)  # last entry of LE, LO
OWN = ("S_STATUS", "S_POINTER", "D_OP_ENABLE")


class UnitGroups:
    """Pointers, enables and values of one unit."""

    def __init__(self) -> None:
        self.producer = 0
        self.consumer = 0
        self.enabled = [False, False]

    def status(self) -> int:
        """The word S_STATUS."""
        word = 0
        for group in (0, 1):
            state = (1 if self.consumer == group else 2) if self.enabled[group] else 0
            word |= state << (16 * group)
        return word


class RegisterModel:
    """Values of all registers after any sequence of accesses and layer ends."""

    def __init__(self, status: Sequence[int] = ()) -> None:
        self.units = {name: UnitGroups() for name, unit in MAP.units.items() if unit.has_groups}
        self.values: dict[tuple[str, int], int] = {}
        self.lut_address = 0
        self.lut = {0: [0] * 65, 1: [0] * 257}
        names = [(r, f) for r in MAP for f in r.fields if f.access == "ro" and not f.absent and r.name not in OWN]
        self.status = {(r.path, f.name): i for i, (r, f) in enumerate(names)}
        self.inputs = list(status) or [0] * len(names)

    def _group(self, register: Register) -> int:
        return self.units[register.unit].producer if register.group == "dual" else 0

    def value(self, register: Register, group: int) -> int:
        """The word as stored, of one group."""
        return self.values.get((register.path, group), register.reset)

    # -- bus

    def read(self, address: int) -> int:
        """What a read at a byte address returns; acts on the look-up table port."""
        register = MAP.find(address)
        if register is None:
            return 0
        unit = self.units.get(register.unit)
        if register.name == "S_STATUS" and unit:
            return unit.status()
        if register.name == "S_POINTER" and unit:
            return unit.producer | unit.consumer << 16
        if register.name == "D_OP_ENABLE" and unit:
            return int(unit.enabled[unit.producer])
        if register.path == "CDP.S_LUT_ACCESS_DATA":
            return self._lut_read()
        if register.path == GLB_SET:
            return 0
        word = self.value(register, self._group(register)) & register.read_mask
        if register.path == "CDP.S_LUT_ACCESS_CFG":
            word = word & ~0x3FF | self.lut_address
        if register.path == "CDMA.S_CBUF_FLUSH_STATUS":
            word = self.inputs[self.status[register.path, "FLUSH_DONE"]] & 1
        return word

    def write(self, address: int, data: int) -> None:
        """A write at a byte address."""
        register = MAP.find(address)
        if register is None:
            return
        unit = self.units.get(register.unit)
        if register.group == "dual" and unit:
            group = unit.producer
            if unit.enabled[group]:
                return
            if register.name == "D_OP_ENABLE":
                if data & 1:
                    unit.enabled[group] = True
                    self._clear_counters(register.unit, group)
                return
            self._store(register, group, data)
        elif register.name == "S_POINTER" and unit:
            unit.producer = data & 1
        elif register.path in (GLB_SET, GLB_STATUS):
            self._interrupts(register.path, data)
        elif register.path == "CDP.S_LUT_ACCESS_DATA":
            self._lut_write(data)
        else:
            self._store(register, 0, data)
            if register.path == "CDP.S_LUT_ACCESS_CFG":
                self.lut_address = data & 0x3FF

    def _store(self, register: Register, group: int, data: int) -> None:
        mask = sum(f.mask for f in register.fields if f.writable and not f.absent)
        self.values[register.path, group] = self.value(register, group) & ~mask | data & mask

    # -- datapath

    def done(self, name: str) -> None:
        """The unit ends the layer of its consumer group."""
        unit = self.units[name]
        group = unit.consumer
        for register in MAP.units[name].registers:
            words = [(f, self.status.get((register.path, f.name))) for f in register.fields]
            if register.group == "dual" and any(i is not None for _, i in words):
                word = sum((self.inputs[i] << f.lsb) & f.mask for f, i in words if i is not None)
                self.values[register.path, group] = word
        unit.enabled[group] = False
        unit.consumer ^= 1

    def _clear_counters(self, name: str, group: int) -> None:
        for register in MAP.units[name].registers:
            counts = any((register.path, f.name) in self.status for f in register.fields)
            if register.group == "dual" and counts and not register.held:
                self.values[register.path, group] = 0

    def interrupt(self, bits: int) -> None:
        """Done pulses arrive at GLB."""
        self.values[GLB_STATUS, 0] = self.value(MAP[GLB_STATUS], 0) | bits & GLB_PRESENT

    def _interrupts(self, path: str, data: int) -> None:
        status = self.value(MAP[GLB_STATUS], 0)
        status = status | data & GLB_PRESENT if path == GLB_SET else status & ~data
        self.values[GLB_STATUS, 0] = status

    def line(self) -> bool:
        """Level of dla_intr once everything has settled."""
        return bool(self.value(MAP[GLB_STATUS], 0) & ~self.value(MAP[GLB_MASK], 0))

    # -- look-up tables

    def _lut_port(self) -> tuple[list[int], int, bool]:
        word = self.value(MAP["CDP.S_LUT_ACCESS_CFG"], 0)
        table = word >> 16 & 1
        return self.lut[table], LUT_LAST[table], bool(word >> 17 & 1)

    def _lut_step(self, last: int) -> None:
        if self.lut_address != last:
            self.lut_address = (self.lut_address + 1) & 0x3FF

    def _lut_read(self) -> int:
        table, last, writing = self._lut_port()
        data = table[self.lut_address if self.lut_address <= last else 0]
        if not writing:
            self._lut_step(last)
        return data

    def _lut_write(self, data: int) -> None:
        table, last, writing = self._lut_port()
        if not writing:
            return
        if self.lut_address <= last:
            table[self.lut_address] = data & 0xFFFF
        self._lut_step(last)
