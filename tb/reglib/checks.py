"""Checks made from the register map, for any Host: values after reset, access, groups, interrupts, tables.

They look at nothing but what a host reads back, and assume no timing: a written value is seen by a later read, and the
interrupt line follows its registers some time later. Spec: system.md sections 4 to 6, 12; cdp.md section 2.3.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence

from cocodla.registers import MAP, Register
from cocotbext.dla import hang
from reglib.board import Board, dual, expect_register
from reglib.model import GLB_PRESENT

GROUPED = [name for name, unit in MAP.units.items() if unit.has_groups]
FLUSH = MAP["CDMA.S_CBUF_FLUSH_STATUS"]
OPERATED = ("GLB.S_INTR_SET", "GLB.S_INTR_STATUS", "CDP.S_LUT_ACCESS_CFG", "CDP.S_LUT_ACCESS_DATA")
"""Registers where an access does more than store; they have checks of their own, as have pointers and enables."""

ROUNDS = 15
LineCheck = Callable[[bool], Awaitable[None]]
"""Raises AssertionError unless the interrupt line takes this level and stays there."""


def plain_registers() -> list[Register]:
    """Registers that only store, or only tell."""
    special = ("S_POINTER", "D_OP_ENABLE")
    return [r for r in MAP if r.name not in special and r.path not in OPERATED and r is not FLUSH]


async def reset_values(board: Board, registers: Sequence[Register]) -> None:
    """Registers read their reset values, in both groups."""
    for group in (0, 1):
        for unit in GROUPED:
            await board.select(unit, group)
        for register in registers:
            value = await board.host.read(register.address)
            if register is FLUSH:
                expect_register(register.address, value, value & 1)
            elif register.name == "S_POINTER" and register.unit in GROUPED:
                expect_register(register.address, value, group)
            elif group == 0 or register.group == "dual":
                expected = register.reset & register.read_mask
                expect_register(register.address, value, expected, f" of group {group}")


async def flush_ends(board: Board) -> None:
    """CDMA.S_CBUF_FLUSH_STATUS becomes 1 after reset and a write does not change it."""
    for _ in range(20_000):
        if await board.host.read(FLUSH.address) == 1:
            break
    else:
        raise hang(f"{FLUSH.path} never became 1")
    await board.host.write(FLUSH.address, 0)
    expect_register(FLUSH.address, await board.host.read(FLUSH.address), 1)


async def storage(board: Board, registers: Sequence[Register], rounds: Sequence[int] = range(ROUNDS)) -> None:
    """Every writable bit stores, no other bit does, and no two bits of the map are the same cell.

    Bit b of copy n of a register has the number 32 n + b. In round k every bit is given bit k of its number; two more
    rounds write all 1 to one group and all 0 to the other, and the reverse. All registers are written before any is
    read. Fewer `rounds` find most such faults, and always groups that share a cell.
    """
    copies = [(r, g) for r in registers for g in ((0, 1) if r.group == "dual" else (0,))]
    words = [[_number_bits(n, k) for n in range(len(copies))] for k in rounds]
    first, last = ([0xFFFFFFFF * (group == full) for _, group in copies] for full in (0, 1))
    for data in [first, *words, last]:
        for (register, group), word in zip(copies, data, strict=True):
            await _reach(board, register, group)
            await board.write(register.address, word, nposted=random.random() < 0.1)
        for register, group in copies:
            await _reach(board, register, group)
            await board.check(register.address)


def _number_bits(copy: int, k: int) -> int:
    """The word whose bit b is bit k of 32 * copy + b."""
    return sum(((32 * copy + b) >> k & 1) << b for b in range(32))


async def _reach(board: Board, register: Register, group: int) -> None:
    """Select a register's group where it is not selected yet."""
    if register.group == "dual" and board.model.units[register.unit].producer != group:
        await board.select(register.unit, group)


async def undefined_addresses(board: Board, holes: int, registers: Sequence[Register]) -> None:
    """Holes, absent units and the rest of the window read 0, swallow writes, and answer to non-posted ones.

    holes: how many of each kind. registers: those that are looked at for damage afterwards.
    """
    edges = [0xE000, 0xEFFC, 0xF000, 0x10000, 0x11000, 0x11FFC, 0x12000, 0x20000, 0x3FFFC]
    empty = [a for a in range(0, 0xE000, 4) if MAP.find(a) is None]
    aliases = [a for r in MAP for a in (r.address + 0x400, r.address + 0x800) if MAP.find(a) is None]
    for address in edges + random.sample(empty, holes) + random.sample(aliases, holes):
        await board.write(address, 0xFFFFFFFF, nposted=random.random() < 0.5)
        await board.check(address)
    for register in registers:
        await board.check(register.address)


async def pending_layer(board: Board, unit: str, full: bool = True) -> None:
    """A layer enabled in group 1 of a unit that never ran waits: its registers are closed, the others are open.

    Nothing moves, so this needs no data path. full: read everything back after each step, not a sample.
    """
    status, pointer = MAP[f"{unit}.S_STATUS"].address, MAP[f"{unit}.S_POINTER"].address
    registers = dual(unit) if full else random.sample(dual(unit), min(4, len(dual(unit))))
    enable = MAP[f"{unit}.D_OP_ENABLE"].address
    for producer in (0xFFFFFFFE, 0xFFFFFFFF):  # only bit 0 counts; CONSUMER cannot be written
        await board.write(pointer, producer)
        await board.check(pointer)
        for register in registers:
            await board.write(register.address, random.getrandbits(32))
        await board.enable(unit, 0xFFFFFFFE)  # bit 0 is 0: no effect
        await board.check(status)
    await board.enable(unit, 0xFFFFFFFF)
    expect_register(status, await board.host.read(status), 2 << 16, ", group 1 PENDING")
    await board.check(enable)
    for register in registers:
        await board.write(register.address, random.getrandbits(32), nposted=random.random() < 0.3)
    await board.enable(unit, 0)  # cannot be taken back
    for register in registers:
        await board.check(register.address)
    await board.select(unit, 0)
    await board.check(enable)
    for register in registers:
        await board.write(register.address, random.getrandbits(32))
    for register in [r for r in MAP.units[unit].registers if r.group == "single" and r.path not in OPERATED]:
        if register.name != "S_POINTER" and register is not FLUSH:
            await board.write(register.address, random.getrandbits(32))
            await board.check(register.address)
    for group in (0, 1):
        await board.select(unit, group)
        for register in [*registers, MAP.at(enable), MAP.at(status), MAP.at(pointer)]:
            await board.check(register.address)


async def interrupts(board: Board, line: LineCheck, steps: int, bits: Sequence[int] = range(32)) -> None:
    """Set, clear and mask of each of `bits`, then `steps` at random, seen in the registers and at the pin."""
    mask, force, status = (MAP[f"GLB.S_INTR_{n}"].address for n in ("MASK", "SET", "STATUS"))

    async def look() -> None:
        for address in (mask, force, status):
            await board.check(address)
        await line(board.model.line())

    for bit in bits:
        await board.write(mask, 0)
        await board.write(force, 1 << bit)
        expect_register(status, await board.host.read(status), 1 << bit & GLB_PRESENT, f" after S_INTR_SET bit {bit}")
        await line(bool(1 << bit & GLB_PRESENT))
        await board.write(status, ~(1 << bit) & 0xFFFFFFFF)  # clears the others only
        await board.write(mask, 1 << bit)
        await look()
        await board.write(mask, ~(1 << bit) & 0xFFFFFFFF)
        await look()
        await board.write(status, 1 << bit)
        await look()
    for _ in range(steps):
        await board.write(random.choice((mask, force, status)), random.getrandbits(32) & random.getrandbits(32))
        await look()
    await board.write(force, 0xFFFFFFFF)
    await look()
    await board.write(status, 0xFFFFFFFF)
    await look()


async def tables(board: Board, steps: int) -> None:
    """CDP tables: zero after reset, full load, read back, the address stops at the end, wrong mode does nothing."""
    port = MAP["CDP.S_LUT_ACCESS_CFG"]
    data = MAP["CDP.S_LUT_ACCESS_DATA"].address
    for table, entries in ((0, 65), (1, 257)):
        await board.write(port.address, port.encode(LUT_TABLE_ID=table))
        for _ in range(entries + 3):
            await board.check(data)
        await board.write(port.address, port.encode(LUT_TABLE_ID=table, LUT_ACCESS_TYPE="WRITE"))
        for _ in range(entries + 3):
            await board.write(data, random.getrandbits(32))
        await board.check(data)
        await board.check(port.address)
    for table, entries in ((0, 65), (1, 257)):
        await board.write(port.address, port.encode(LUT_TABLE_ID=table))
        await board.write(data, 0)  # ignored in read mode
        for _ in range(entries + 3):
            await board.check(data)
        await board.check(port.address)
    for _ in range(steps):
        if random.random() < 0.3:
            limit = (65, 257)[table := random.randrange(2)]
            mode = random.choice(("READ", "WRITE"))
            word = port.encode(LUT_ADDR=random.randrange(limit), LUT_TABLE_ID=table, LUT_ACCESS_TYPE=mode)
            await board.write(port.address, word)
        elif random.random() < 0.5:
            await board.write(data, random.getrandbits(32))
        else:
            await board.check(data)
        await board.check(port.address)


async def random_accesses(board: Board, steps: int) -> None:
    """Writes and reads of everything in random order; no unit starts, because only group 1 is ever enabled."""
    addresses = [r.address for r in MAP if r is not FLUSH]
    for _ in range(steps):
        address = random.choice(addresses) if random.random() < 0.85 else random.randrange(0x40000) & ~3
        register = MAP.find(address)
        if random.random() < 0.5:
            if register is not FLUSH:
                await board.check(address)
            continue
        data = random.choice([random.getrandbits(32), 0, 0xFFFFFFFF])
        if register and register.name == "D_OP_ENABLE" and board.model.units[register.unit].producer == 0:
            data &= ~1
        elif register and register.path == "CDP.S_LUT_ACCESS_CFG":
            data &= ~0x3C0  # entries that both tables have
        await board.write(address, data, nposted=random.random() < 0.3)
