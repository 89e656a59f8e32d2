"""A host on some bus, next to the model that tells what it must see."""

from __future__ import annotations

from typing import Protocol

from cocodla.registers import MAP, Register
from cocotbext.dla import ApbDriver, expect
from reglib.model import RegisterModel


class Host(Protocol):
    """Anything that reads and writes 32-bit words at byte addresses; CsbDriver is one."""

    async def read(self, address: int) -> int:
        """The word at an address."""

    async def write(self, address: int, data: int, nposted: bool = False) -> None:
        """Write a word; returns when the bus has taken it, with `nposted` when it is done."""


class ApbHost:
    """APB as a Host: the bridge makes every write a posted one (system.md section 4.4)."""

    def __init__(self, driver: ApbDriver) -> None:
        self.driver = driver

    async def read(self, address: int) -> int:
        """The word at an address."""
        return await self.driver.read(address)

    async def write(self, address: int, data: int, nposted: bool = False) -> None:
        """Write a word; `nposted` does not exist here."""
        await self.driver.write(address, data)


class Board:
    """Every access goes to the design and to the model."""

    def __init__(self, host: Host, model: RegisterModel | None = None) -> None:
        self.host = host
        self.model = model or RegisterModel()

    async def write(self, address: int, data: int, nposted: bool = False) -> None:
        """Write design and model."""
        await self.host.write(address, data, nposted)
        self.model.write(address, data)

    async def check(self, address: int) -> None:
        """Read; the model must agree."""
        value = await self.host.read(address)
        expected = self.model.read(address)
        register = MAP.find(address)
        group = ""
        if register and register.group == "dual" and register.unit in self.model.units:
            group = f" of group {self.model.units[register.unit].producer}"
        expect_register(address, value, expected, group)

    async def select(self, unit: str, group: int) -> None:
        """Accesses go to this group of the unit from now on."""
        await self.write(MAP[f"{unit}.S_POINTER"].address, group)

    async def settle(self) -> None:
        """Wait until every write has reached its unit: accesses are executed in order."""
        await self.host.read(0)

    async def enable(self, unit: str, data: int = 1) -> None:
        """Write D_OP_ENABLE of the selected group."""
        await self.write(MAP[f"{unit}.D_OP_ENABLE"].address, data)

    async def check_unit(self, unit: str, writable_only: bool = False) -> None:
        """Read all registers of a unit; of the dual ones those of the selected group.

        writable_only: of those that only tell something no more than S_STATUS (counters depend on time).
        """
        for register in MAP.units[unit].registers:
            if not writable_only or register.write_mask or register.name == "S_STATUS":
                await self.check(register.address)


def expect_register(address: int, got: int, expected: int, more: str = "") -> None:
    """Mismatch, by the name of the register at a byte address, unless both words are equal."""
    register = MAP.find(address)
    name = register.path if register else "no register"
    expect(f"{name} ({address:#07x}){more}", got, expected, show="{:#010x}".format)


def dual(unit: str) -> list[Register]:
    """Registers of a unit that exist in both groups, without the enable."""
    return [r for r in MAP.units[unit].registers if r.group == "dual" and r.name != "D_OP_ENABLE"]
