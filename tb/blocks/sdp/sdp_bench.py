"""The SDP bench: agents around sdp_rdma and sdp, a driver that queues layers in both groups, all checks."""

from __future__ import annotations

import random
from collections import deque
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge
from sdp_layers import Layer, Space, Writes, rdma_registers, sdp_registers

from cocodla.hw import ATOM
from cocodla.registers import MAP
from cocotbext.dla import (
    ReadResponder,
    RegisterBus,
    SparseMemory,
    StreamChecker,
    StreamSink,
    StreamSource,
    Unwritten,
    WriteAcceptor,
    never,
    reset,
    start_clock,
)
from cocotbext.dla.stalls import Stall, some_stalls

READERS = ("sdp", "sdp_b", "sdp_n")
IDLE, PENDING = 0, 2


class Bench:
    """Clock, reset, agents; `run` executes layers and checks everything they do.

    latency: of the reads, inclusive range. stalls: give every interface its own random stall pattern.
    """

    def __init__(self, dut: Any, latency: tuple[int, int] = (1, 20), stalls: bool = True) -> None:
        self.dut = dut
        self.rng = random.Random(random.getrandbits(64))
        self.space = Space(self.rng)
        self.latency = latency
        self.memory = SparseMemory(Unwritten.ERROR)
        self.output = SparseMemory()
        self.groups = {"SDP": 0, "SDP_RDMA": 0}
        self.interrupts: list[tuple[int, int]] = []  # (group, writes acknowledged before it)
        self.stalled = {name: 0 for name in (*READERS, "wr")}
        self.cycle = 0
        self.write_cycles: list[int] = []
        self._stalls = stalls

    def _pattern(self) -> Stall:
        return some_stalls(self.rng) if self._stalls else never

    async def start(self) -> None:
        """Create the agents, start the clock, reset."""
        dut, clk, rst = self.dut, self.dut.clk, self.dut.rst_n
        self.regs = {
            "SDP": RegisterBus(dut, clk, "sdp_reg", rst),
            "SDP_RDMA": RegisterBus(dut, clk, "rdma_reg", rst),
        }
        self.readers = {
            name: ReadResponder(
                dut, clk, self.memory, f"{name}_rd", rst, self.latency, self._pattern(), self._pattern(), self.rng
            )
            for name in READERS
        }
        self.writer = WriteAcceptor(
            dut, clk, self.output, "wr", rst, (1, 30) if self._stalls else (32, 32), self._pattern(), self.rng
        )
        self.cacc = StreamSource(dut, "cacc2sdp", clk, idle=self._pattern())
        self.pdp = StreamSink(dut, "sdp2pdp", clk, reset_n=rst, backpressure=self._pattern())
        self.pdp_rules = StreamChecker(dut, "sdp2pdp", clk, reset_n=rst)
        start_clock(clk)
        await reset(clk, rst)
        cocotb.start_soon(self._watch())

    async def _watch(self) -> None:
        dut = self.dut
        ports = {name: (getattr(dut, f"{name}_rd_req_valid"), getattr(dut, f"{name}_rd_req_ready")) for name in READERS}
        ports["wr"] = (dut.wr_req_valid, dut.wr_req_ready)
        while True:
            await FallingEdge(dut.clk)
            self.cycle += 1
            for name, (valid, ready) in ports.items():
                self.stalled[name] += bool(valid.value) and not bool(ready.value)
            if dut.wr_req_valid.value and dut.wr_req_ready.value:
                self.write_cycles.append(self.cycle)
            pulses = int(dut.sdp_intr.value)
            for group in (0, 1):
                if pulses >> group & 1:
                    self.interrupts.append((group, self.writer.done_count))

    # ------------------------------------------------------------ registers

    async def read(self, path: str, unit: str) -> int:
        return await self.regs[unit].read(MAP[f"{unit}.{path}"].address)

    async def write_all(self, writes: Writes) -> None:
        for unit in ("SDP", "SDP_RDMA"):
            own = [(MAP[path].address, value) for path, value in writes if path.partition(".")[0] == unit]
            await self.regs[unit].write_all(own)

    async def status(self, unit: str, group: int) -> int:
        return await self.read("S_STATUS", unit) >> 16 * group & 3

    # ------------------------------------------------------------ layers

    async def enqueue(self, layer: Layer) -> dict[str, int]:
        """Put a layer into the next group of each unit it uses, enabled; returns unit -> group."""
        units = ["SDP"] if layer.rdma is None else ["SDP", "SDP_RDMA"]
        used = {}
        for address, data in layer.input_memory():
            self.memory.write(address, data)
        for unit in units:
            used[unit] = group = self.groups[unit]
            while await self.status(unit, group) != IDLE:
                pass
            await self.regs[unit].write(MAP[f"{unit}.S_POINTER"].address, group)
            self.groups[unit] ^= 1
        writes = sdp_registers(layer) + rdma_registers(layer)
        self.rng.shuffle(writes)
        await self.write_all(writes)
        self.rng.shuffle(units)
        for unit in units:
            await self.regs[unit].write(MAP[f"{unit}.D_OP_ENABLE"].address, 1)
        if layer.sdp.from_cacc:
            for atom in layer.x.reshape(-1, ATOM):
                self.cacc.append(sum((int(v) & 0xFFFFFFFF) << 32 * i for i, v in enumerate(atom)))
        return used

    async def run(self, layers: list[Layer], limit: int = 200_000) -> None:
        """Run layers, two queued whenever the groups allow, and check all they did."""
        start = len(self.writer.writes), len(self.pdp.items), len(self.interrupts), self.writer.done_count
        waiting: deque[tuple[Layer, dict[str, int]]] = deque()
        sums = dict.fromkeys(self.stalled, 0)
        before = dict(self.stalled)
        finished = 0
        for layer in layers:
            if len(waiting) == 2:
                finished += 1
                await self._wait_interrupts(start[2] + finished, limit)
                await self._check_status(*waiting.popleft(), sums)
            waiting.append((layer, await self.enqueue(layer)))
        await self._wait_interrupts(start[2] + len(layers), limit)
        for layer, used in waiting:
            await self._check_status(layer, used, sums)
        self._check_data(layers, start)
        if all(layer.perf for layer in layers):
            moved = {name: self.stalled[name] - before[name] for name in sums}
            assert sums == moved, f"stall counters {sums}, stalls seen {moved}"

    async def _wait_interrupts(self, count: int, limit: int) -> None:
        for _ in range(limit):
            if len(self.interrupts) >= count:
                return
            await RisingEdge(self.dut.clk)
        raise AssertionError(f"{len(self.interrupts)} interrupts after {limit} cycles, {count} expected")

    async def _check_status(self, layer: Layer, used: dict[str, int], sums: dict[str, int]) -> None:
        """Counters and status of a finished layer, in the group that ran it."""
        for unit, group in used.items():
            assert await self.status(unit, group) == IDLE, f"{unit} group {group} is not idle after the interrupt"
            await self.regs[unit].write(MAP[f"{unit}.S_POINTER"].address, group)
        read = self.read
        saturated = await read("D_PERF_OUT_SATURATION", "SDP")
        assert saturated == layer.expected_saturation(), f"saturation {saturated}, {layer}"
        nonzero = not layer.sdp.to_pdp and bool(layer.expected().any())
        assert await read("D_STATUS", "SDP") == nonzero, "STATUS_UNEQUAL"
        sums["wr"] += await read("D_PERF_WDMA_WRITE_STALL", "SDP")
        if layer.rdma is not None:
            for name, register in zip(READERS, "MBN", strict=True):
                sums[name] += await read(f"D_PERF_{register}RDMA_READ_STALL", "SDP_RDMA")
            assert await read("D_PERF_ERDMA_READ_STALL", "SDP_RDMA") == 0

    def _check_data(self, layers: list[Layer], start: tuple[int, int, int, int]) -> None:
        writes = [write for layer in layers for write in layer.expected_writes()]
        _compare(self.writer.writes[start[0] :], writes, layers)
        atoms = [
            int.from_bytes(atom.tobytes(), "little")
            for layer in layers
            if layer.sdp.to_pdp
            for atom in layer.expected().reshape(-1, ATOM)
        ]
        _compare(self.pdp.items[start[1] :], atoms, layers)
        self._check_interrupts(layers, start)

    def _check_interrupts(self, layers: list[Layer], start: tuple[int, int, int, int]) -> None:
        """One interrupt a layer in the bit of its group; those of memory layers after their acknowledge.

        A layer to PDP may overtake the acknowledge of memory layers before it.
        """
        got = self.interrupts[start[2] :]
        first = self.groups["SDP"] ^ (len(layers) & 1)
        groups = [first ^ (index & 1) for index in range(len(layers))]
        assert sorted(group for group, _ in got) == sorted(groups), f"interrupts {got}"
        if all(not layer.sdp.to_pdp for layer in layers):
            expected = [(group, start[3] + index + 1) for index, group in enumerate(groups)]
            assert got == expected, f"interrupts (group, acknowledges) {got}, expected {expected}"


def _compare(got: list[Any], expected: list[Any], layers: list[Layer]) -> None:
    for index, (one, other) in enumerate(zip(got, expected, strict=False)):
        if one != other:
            raise AssertionError(f"transfer {index}: got {one}, expected {other}; layers {layers}")
    assert len(got) == len(expected), f"{len(got)} transfers, {len(expected)} expected"
