"""Registers as the host sees them: plain copies, ping-pong groups, OP_EN (spec: system.md section 5)."""

from __future__ import annotations

from collections.abc import Mapping

from cocodla.golden.snapshot import Snapshot
from cocodla.registers import MAP, Register

IDLE, RUNNING, PENDING = 0, 1, 2


class PlainUnit:
    """A unit without groups (CFGROM, MCIF): storage and constants."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.words = {r.name: r.reset for r in MAP.units[name].registers}

    def write(self, register: Register, value: int) -> None:
        kept = self.words[register.name] & ~register.write_mask
        self.words[register.name] = kept | (value & register.write_mask)

    def read(self, register: Register) -> int:
        return self.words[register.name] & register.read_mask


class GroupedUnit:
    """A unit with S_ registers and two groups of D_ registers.

    enabled[g]: OP_EN of group g. order[g]: serial number of the write that enabled it.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        registers = MAP.units[name].registers
        self.single = {r.name: r.reset for r in registers if r.group == "single"}
        self.groups = [{r.name: r.reset for r in registers if r.group == "dual"} for _ in range(2)]
        self.clearable = [r.name for r in registers if r.group == "dual" and not r.write_mask and not r.held]
        self.producer = 0
        self.consumer = 0
        self.enabled = [False, False]
        self.order = [0, 0]

    @property
    def running(self) -> bool:
        """True when the group the datapath looks at is enabled."""
        return self.enabled[self.consumer]

    def write(self, register: Register, value: int, serial: int = 0) -> bool:
        """A bus write; True when it raised OP_EN. Writes to an enabled group are dropped."""
        if register.group == "single":
            if register.name == "S_POINTER":
                self.producer = value & 1
            else:
                kept = self.single[register.name] & ~register.write_mask
                self.single[register.name] = kept | (value & register.write_mask)
            return False
        group = self.producer
        if self.enabled[group]:
            return False
        if register.name == "D_OP_ENABLE":
            if value & 1:
                self.enabled[group] = True
                self.order[group] = serial
                for name in self.clearable:
                    self.groups[group][name] = MAP[f"{self.name}.{name}"].reset
            return bool(value & 1)
        kept = self.groups[group][register.name] & ~register.write_mask
        self.groups[group][register.name] = kept | (value & register.write_mask)
        return False

    def read(self, register: Register) -> int:
        if register.name == "S_POINTER":
            return self.producer | self.consumer << 16
        if register.name == "S_STATUS":
            return self.status(0) | self.status(1) << 16
        if register.name == "D_OP_ENABLE":
            return int(self.enabled[self.producer])
        words = self.single if register.group == "single" else self.groups[self.producer]
        return words[register.name] & register.read_mask

    def status(self, group: int) -> int:
        """S_STATUS field of a group, derived from OP_EN and CONSUMER."""
        if not self.enabled[group]:
            return IDLE
        return RUNNING if self.consumer == group else PENDING

    def snapshot(self, group: int | None = None) -> Snapshot:
        """The registers of a group (default: the one that runs), single ones included."""
        return Snapshot(self.name, {**self.single, **self.groups[self.consumer if group is None else group]})

    def finish(self, counters: Mapping[str, int] | None = None) -> int:
        """Layer done: store status counters, clear OP_EN, flip CONSUMER. Returns the group that ran."""
        group = self.consumer
        self.groups[group].update(counters or {})
        self.enabled[group] = False
        self.consumer ^= 1
        return group


class Glb:
    """Interrupt unit (system.md section 6)."""

    IMPLEMENTED = 0x003F003F

    def __init__(self) -> None:
        self.mask = 0
        self.status = 0

    def write(self, register: Register, value: int) -> None:
        if register.name == "S_INTR_MASK":
            self.mask = value & register.write_mask
        elif register.name == "S_INTR_SET":
            self.status |= value & self.IMPLEMENTED
        elif register.name == "S_INTR_STATUS":
            self.status &= ~value

    def read(self, register: Register) -> int:
        values = {"S_INTR_MASK": self.mask, "S_INTR_STATUS": self.status}
        return values.get(register.name, register.reset & register.read_mask)
