"""The SDP bench: streams from CACC and to PDP beside the memory agents, a driver that queues layers in both groups."""

from __future__ import annotations

from collections import deque
from typing import Any

from sdp_layers import Layer, rdma_registers, sdp_registers

from cocodla.hw import ATOM
from cocotbext.dla import StreamChecker, StreamSink, StreamSource, described, expect, expect_beats, expect_lanes
from postlib import PostBench, check_writes

READERS = ("sdp_rd", "sdp_b_rd", "sdp_n_rd")


class Bench(PostBench):
    """`run` executes layers and checks everything they do."""

    def __init__(self, dut: Any, latency: tuple[int, int] = (1, 20), stalls: bool = True) -> None:
        super().__init__(dut, "SDP", READERS, latency, stalls)

    def attach_streams(self) -> None:
        """CACC in front of SDP, PDP behind it."""
        dut, clk, rst = self.dut, self.dut.clk, self.dut.rst_n
        self.cacc = StreamSource(dut, "cacc2sdp", clk, idle=self.pattern())
        self.pdp = StreamSink(dut, "sdp2pdp", clk, reset_n=rst, backpressure=self.pressure())
        self.pdp_rules = StreamChecker(dut, "sdp2pdp", clk, reset_n=rst)

    def renew_sources(self) -> None:
        """CACC sends nothing of before."""
        self.cacc.kill()
        self.cacc = StreamSource(self.dut, "cacc2sdp", self.dut.clk, idle=self.pattern())

    async def enqueue(self, layer: Layer) -> dict[str, int]:
        """Put a layer into the next group of each unit it uses, enabled; returns unit -> group."""
        units = ["SDP"] if layer.rdma is None else ["SDP", "SDP_RDMA"]
        for address, data in layer.input_memory():
            self.memory.write(address, data)
        used = await self.claim(units)
        writes = sdp_registers(layer) + rdma_registers(layer)
        self.rng.shuffle(writes)
        await self.write_all(writes)
        self.rng.shuffle(units)
        for unit in units:
            await self.write(f"{unit}.D_OP_ENABLE", 1)
        if layer.sdp.from_cacc:
            for atom in layer.x.reshape(-1, ATOM):
                self.cacc.append(sum((int(v) & 0xFFFFFFFF) << 32 * i for i, v in enumerate(atom)))
        return used

    async def run(self, layers: list[Layer], limit: int = 200_000) -> None:
        """Run layers, two queued whenever the groups allow, and check all they did."""
        start = len(self.writer.writes), len(self.pdp.items), len(self.interrupts), self.writer.done_count
        waiting: deque[tuple[str, Layer, dict[str, int]]] = deque()
        sums = dict.fromkeys(self.stalled, 0)
        before = dict(self.stalled)
        finished = 0
        for number, layer in enumerate(layers, 1):
            if len(waiting) == 2:
                finished += 1
                await self.wait_interrupts(start[2] + finished, limit)
                await self._check_status(*waiting.popleft(), sums)
            waiting.append((f"layer {number} of {len(layers)}", layer, await self.enqueue(layer)))
        await self.wait_interrupts(start[2] + len(layers), limit)
        for place, layer, used in waiting:
            await self._check_status(place, layer, used, sums)
        self._check_data(layers, start)
        with described(layers):
            self.check_seen()
        if all(layer.perf for layer in layers):
            self.check_stall_counters(sums, before)

    async def _check_status(self, place: str, layer: Layer, used: dict[str, int], sums: dict[str, int]) -> None:
        """Counters and status of a finished layer, in the group that ran it."""
        await self.select_finished(used)
        read = self.read
        await self.see("SDP.D_PERF_OUT_SATURATION", layer.expected_saturation(), place)
        nonzero = not layer.sdp.to_pdp and bool(layer.expected().any())
        await self.see("SDP.D_STATUS", int(nonzero), place)
        sums["wr"] += await read("SDP.D_PERF_WDMA_WRITE_STALL")
        if layer.rdma is not None:
            for name, register in zip(READERS, "MBN", strict=True):
                sums[name] += await read(f"SDP_RDMA.D_PERF_{register}RDMA_READ_STALL")
            await self.see("SDP_RDMA.D_PERF_ERDMA_READ_STALL", 0, place)

    def _check_data(self, layers: list[Layer], start: tuple[int, int, int, int]) -> None:
        check_writes(self.writer.writes[start[0] :], self.writer.times[start[0] :], layers)
        atoms = [
            (number, index, int.from_bytes(atom.tobytes(), "little"))
            for number, layer in enumerate(layers)
            if layer.sdp.to_pdp
            for index, atom in enumerate(layer.expected().reshape(-1, ATOM))
        ]

        def place(beat: int) -> str:
            number, index, _ = atoms[beat]
            return f"layer {number + 1} of {len(layers)}, {layers[number].output_cube().cell(index)}"

        with described(layers):
            expected = [atom for _, _, atom in atoms]
            got, times = self.pdp.items[start[1] :], self.pdp.times[start[1] :]
            expect_beats("sdp2pdp", got, expected, times, place, expect_lanes)
        self._check_interrupts(layers, start)

    def _check_interrupts(self, layers: list[Layer], start: tuple[int, int, int, int]) -> None:
        """One interrupt a layer in the bit of its group; those of memory layers after their acknowledge.

        A layer to PDP may overtake the acknowledge of memory layers before it.
        """
        got = self.interrupts[start[2] :]
        first = self.groups["SDP"] ^ (len(layers) & 1)
        groups = [first ^ (index & 1) for index in range(len(layers))]
        expect("groups of the interrupts, sorted", sorted(group for group, _ in got), sorted(groups))
        if all(not layer.sdp.to_pdp for layer in layers):
            expected = [(group, start[3] + index + 1) for index, group in enumerate(groups)]
            self.check_interrupts(got, expected)
