"""The PDP bench: a stream from SDP beside the memory agents, a driver that queues layers in both groups, all checks."""

from __future__ import annotations

from collections import deque
from typing import Any

from pdp_layers import Layer, pdp_registers, rdma_registers

from cocodla.hw import ATOM
from cocotbext.dla import StreamSource
from postlib import PostBench, check_reads, check_writes


class Bench(PostBench):
    """`run` executes layers and checks everything they do."""

    def __init__(self, dut: Any, latency: tuple[int, int] = (1, 20), stalls: bool = True) -> None:
        super().__init__(dut, "PDP", ("rd",), latency, stalls)

    def attach_streams(self) -> None:
        """SDP in front of PDP."""
        self.sdp = StreamSource(self.dut, "sdp2pdp", self.dut.clk, idle=self.pattern())

    def renew_sources(self) -> None:
        """SDP sends nothing of before."""
        self.sdp.kill()
        self.sdp = StreamSource(self.dut, "sdp2pdp", self.dut.clk, idle=self.pattern())

    async def program(self, layer: Layer) -> dict[str, int]:
        """Write all registers of a layer into the next group of each unit it uses; returns unit -> group."""
        for address, data in layer.input_memory():
            self.memory.write(address, data)
        used = await self.claim(["PDP"] if layer.config.from_sdp else self.units)
        writes = pdp_registers(layer, self.rng) + rdma_registers(layer, self.rng)
        self.rng.shuffle(writes)
        await self.write_all(writes)
        return used

    async def enable(self, layer: Layer, units: list[str]) -> None:
        """Start a programmed layer and feed it where SDP is its source."""
        for unit in units:
            await self.write(f"{unit}.D_OP_ENABLE", 1)
        if layer.config.from_sdp:
            for atom in layer.x.reshape(-1, ATOM):
                self.sdp.append(int.from_bytes(atom.tobytes(), "little"))

    async def run(self, layers: list[Layer], limit: int = 200_000) -> None:
        """Run layers, two queued whenever the groups allow, and check all they did."""
        first = self.groups["PDP"]
        reads = self.readers["rd"].addresses
        start = len(self.writer.writes), len(reads), len(self.interrupts), self.writer.done_count
        before = dict(self.stalled)
        waiting: deque[tuple[str, dict[str, int]]] = deque()
        sums = dict.fromkeys(self.stalled, 0)
        for index, layer in enumerate(layers):
            if len(waiting) == 2:
                await self.wait_interrupts(start[2] + index - 1, limit)
                await self._collect(*waiting.popleft(), sums)
            used = await self.program(layer)
            await self.enable(layer, self.rng.sample(list(used), len(used)))
            waiting.append((f"layer {index + 1} of {len(layers)}", used))
        await self.wait_interrupts(start[2] + len(layers), limit)
        for place, used in waiting:
            await self._collect(place, used, sums)
        check_reads(reads[start[1] :], self.readers["rd"].times[start[1] :], layers)
        check_writes(self.writer.writes[start[0] :], self.writer.times[start[0] :], layers)
        self.check_seen()
        expected = [(first ^ (i & 1), start[3] + i + 1) for i in range(len(layers))]
        self.check_interrupts(self.interrupts[start[2] :], expected)
        if all(layer.perf for layer in layers):
            self.check_stall_counters(sums, before)

    async def _collect(self, place: str, used: dict[str, int], sums: dict[str, int]) -> None:
        """Add up the stall counters of a finished layer, from the groups that ran it."""
        await self.select_finished(used)
        sums["wr"] += await self.read("PDP.D_PERF_WRITE_STALL")
        if "PDP_RDMA" in used:
            sums["rd"] += await self.read("PDP_RDMA.D_PERF_READ_STALL")
        for name in ("INF_INPUT_NUM", "NAN_INPUT_NUM", "NAN_OUTPUT_NUM"):
            await self.see(f"PDP.D_{name}", 0, place)
