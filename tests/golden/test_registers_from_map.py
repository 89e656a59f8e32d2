"""The golden Device under the same checks from the register map as the RTL (tb/reglib)."""

from __future__ import annotations

import random
from collections.abc import Coroutine
from typing import Any

import pytest

from cocodla.golden import Device
from cocodla.registers import MAP
from reglib import Board, checks


class DeviceHost:
    """A Device as a host sees it; nothing takes time."""

    def __init__(self) -> None:
        self.device = Device()

    async def read(self, address: int) -> int:
        """The word at an address."""
        return self.device.read_register(address)

    async def write(self, address: int, data: int, nposted: bool = False) -> None:
        """Write a word."""
        self.device.write_register(address, data)

    async def line(self, level: bool) -> None:
        """The interrupt line: any status bit that is not masked."""
        glb = self.device.glb
        assert bool(glb.status & ~glb.mask) == level


def finish(check: Coroutine[Any, Any, None]) -> None:
    """Run a check that never waits."""
    with pytest.raises(StopIteration):
        check.send(None)


@pytest.fixture
def host() -> DeviceHost:
    random.seed(1)
    return DeviceHost()


def test_reset_values(host: DeviceHost) -> None:
    finish(checks.reset_values(Board(host), list(MAP)))


def test_storage(host: DeviceHost) -> None:
    """All 15 rounds: every writable bit of the map is a cell of its own."""
    finish(checks.storage(Board(host), checks.plain_registers()))


def test_undefined_addresses(host: DeviceHost) -> None:
    finish(checks.undefined_addresses(Board(host), 200, checks.plain_registers()))


@pytest.mark.parametrize("unit", checks.GROUPED)
def test_a_layer_in_the_other_group(host: DeviceHost, unit: str) -> None:
    finish(checks.pending_layer(Board(host), unit))


def test_interrupts(host: DeviceHost) -> None:
    finish(checks.interrupts(Board(host), host.line, 200))


def test_tables(host: DeviceHost) -> None:
    finish(checks.tables(Board(host), 500))
