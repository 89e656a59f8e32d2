"""Memory interface at its limits: every bit of its registers, weights of 0 and of 255, both ends of memory."""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.triggers import ClockCycles
from test_mcif import READ_IDS, WRITE_IDS, Bench, seeded

from cocodla.registers import MAP
from cocotbext.dla import DbbTiming, expect, expect_range

LAST_ATOM = (1 << 29) - 1
WEIGHTS = [f"CFG_{kind}_WEIGHT_{number}" for kind, count in (("RD", 3), ("WR", 2)) for number in range(count)]


@cocotb.test()
async def every_bit_of_the_registers(dut: Any) -> None:
    """Each register keeps each of its bits, by itself; what lies outside the unit reads 0 and keeps nothing."""
    rng = seeded()
    bench = await Bench.start(dut, rng, DbbTiming())
    registers = [MAP[f"MCIF.{name}"] for name in [*WEIGHTS, "CFG_OUTSTANDING_CNT"]]
    for values in (lambda: 0, lambda: 0xFFFFFFFF, lambda: rng.getrandbits(32), lambda: 0):
        written = {register.path: values() for register in registers}
        await bench.bus.write_all([(register.address, written[register.path]) for register in registers])
        for register in registers:
            kept = written[register.path] & register.write_mask
            expect(register.path, await bench.bus.read(register.address), kept, show=hex)
    base = registers[0].address & ~0xFFF
    for bit in range(5, 12):
        await bench.bus.write(base | 1 << bit, 0xFFFFFFFF)
        expect(f"MCIF at {1 << bit:#x}", await bench.bus.read(base | 1 << bit), 0, show=hex)
    for register in registers:
        expect(register.path, await bench.bus.read(register.address), 0, show=hex)
    # The word that was written last is read in the next cycle.
    bus = bench.bus
    bus.append((registers[0].address, 0x12345678))
    expect(registers[0].path, await bus.read(registers[0].address), 0x12345678, show=hex)


def request(address: int, client: str) -> Any:
    """A request of a client at an atom: a read's address, or a write of one beat."""
    beat = {"addr": address, "data": address * 0x9E3779B97F4A7C15 % 2**64, "last": 1}
    return beat if client in WRITE_IDS else address


@cocotb.test()
@cocotb.parametrize(kind=["rd", "wr"])
async def weight_of_0_keeps_a_client_out(dut: Any, kind: str) -> None:
    """Each client alone has weight 0 while all ask: the others are served, it is not; with a weight of 1 it is."""
    bench = await Bench.start(dut, seeded(kind), DbbTiming(read_latency=(5, 5)))
    ids, sources = (READ_IDS, bench.readers) if kind == "rd" else (WRITE_IDS, bench.writers)
    statistics = bench.dbb.statistics.reads if kind == "rd" else bench.dbb.statistics.writes
    for client in ids:
        await bench.set_weights(*({client: 0} if which == kind else {} for which in ("rd", "wr")))
        before = {name: statistics[ids[name]] for name in ids}
        for name in ids:
            items = [request(64 * ids[name] + i, name if kind == "wr" else "") for i in range(3)]
            cocotb.start_soon(sources[name].send_all(items))
        await ClockCycles(dut.clk, 60)
        for name in ids:
            served = statistics[ids[name]] - before[name]
            expect(f"beats of {name} while {client} has weight 0", served, 0 if name == client else 3)
        await bench.set_weights({}, {})
        await ClockCycles(dut.clk, 30)
        expect(f"beats of {client} with weight 1", statistics[ids[client]] - before[client], 3)


@cocotb.test()
@cocotb.parametrize(kind=["rd", "wr"])
async def who_leaves_off_gives_way(dut: Any, kind: str) -> None:
    """Weights of 255 for all: each client in turn sends two beats and stops, and the next one is served at once."""
    bench = await Bench.start(dut, seeded(kind), DbbTiming(read_latency=(5, 5)))
    ids, sources = (READ_IDS, bench.readers) if kind == "rd" else (WRITE_IDS, bench.writers)
    await bench.set_weights(dict.fromkeys(READ_IDS, 255), dict.fromkeys(WRITE_IDS, 255))
    for name in [*ids, *reversed(ids)]:
        items = [request(64 * ids[name] + i, name if kind == "wr" else "") for i in range(2)]
        task = cocotb.start_soon(sources[name].send_all(items))
        cycles = await bench.wait(task.done, limit=100, what=f"two beats of {name} taken")
        expect_range(f"{kind} arbiter, cycles for two beats of {name} while nobody else asks", cycles, most=12)


@cocotb.test()
async def both_ends_of_memory(dut: Any) -> None:
    """Every client reaches the first and the last atom, and those at a bit of the address each."""
    bench = await Bench.start(dut, seeded(), DbbTiming(read_latency=(5, 5)))
    places = [0, *(1 << bit for bit in range(29)), LAST_ATOM]
    writers = list(WRITE_IDS)
    for number, place in enumerate(places):
        client = writers[number % len(writers)]
        await bench.writers[client].send_all([request(place, client)])
    await bench.wait(lambda: bench.dbb.idle, what="the last acknowledge")
    for client in WRITE_IDS:
        await bench.writers[client].send_all([request(LAST_ATOM, client)])
    await bench.wait(lambda: bench.dbb.idle, what="the last acknowledge")
    for client in READ_IDS:
        seen = len(bench.answers[client].items)
        await bench.readers[client].send_all(places)
        await bench.wait(lambda c=client, n=seen: len(bench.answers[c].items) >= n + len(places), what="all answers")
        for place, found in zip(places, bench.answers[client].items[seen:], strict=True):
            expect(f"{client}: atom at {8 * place:#010x}", found, request(place, writers[0])["data"], show=hex)
