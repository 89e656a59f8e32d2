"""Layers of SDP and its read DMA: geometry, operand formats, sequencing, random ones against the golden model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge
from sdp_bench import Bench
from sdp_layers import Layer, random_layer, rdma_registers, sdp_registers

from cocodla.golden.config import StageConfig
from cocotbext.dla import ICARUS, expect, expect_beats, repeats, require
from postlib import check_writes

PLAIN = (StageConfig(), StageConfig())
NEUTRAL = {"cvt_offset": 0, "cvt_scale": 1, "cvt_shift": 0}
MEMORY = {"from_cacc": False, "to_pdp": False}


def plain_copy(bench: Bench, size: tuple[int, int, int], **overrides: Any) -> Layer:
    """A layer that changes nothing, memory to memory unless told otherwise."""
    return random_layer(bench.rng, bench.space, size, PLAIN, **{**NEUTRAL, **MEMORY, **overrides})


@cocotb.test()
async def copy(dut: Any) -> None:
    """A cube passes through unchanged, from memory to memory."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    layer = plain_copy(bench, (5, 3, 20))
    assert (layer.expected() == layer.x).all()
    await bench.run([layer])


@cocotb.test()
@cocotb.parametrize(size=[(1, 1, 1), (1, 1, 200), (1, 7, 17), (7, 1, 17), (2, 2, 8), (3, 3, 9)])
async def geometry(dut: Any, size: tuple[int, int, int]) -> None:
    """Edge shapes with random strides, packed 1x1 cubes among them, in all four source/destination modes."""
    bench = Bench(dut)
    await bench.start()
    layers = [
        random_layer(bench.rng, bench.space, size, from_cacc=from_cacc, to_pdp=to_pdp)
        for from_cacc in (False, True)
        for to_pdp in (False, True)
    ]
    await bench.run(layers)


@cocotb.test()
@cocotb.parametrize(size=[(1, 1, 8192)] if ICARUS else [(8192, 1, 8), (1, 8192, 1), (1, 1, 8192)])
async def largest_sizes(dut: Any, size: tuple[int, int, int]) -> None:
    """The largest width, height and channel count, one at a time."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    await bench.run([plain_copy(bench, size)])


@cocotb.test()
@cocotb.parametrize(
    use=["alu", "mul", "both"], operand_bytes=[1, 2], per_element=[False, True], from_cacc=[False, True]
)
async def operand_formats(dut: Any, use: str, operand_bytes: int, per_element: bool, from_cacc: bool) -> None:
    """Each format of operands from memory, for BS alone, BN alone and both; 1x1 cubes as well."""
    bench = Bench(dut)
    await bench.start()
    stage = StageConfig(
        bypass=False, alu_bypass=False, alu_from_memory=use != "mul", alu_operand=5,
        mul_bypass=False, mul_from_memory=use != "alu", mul_operand=-3, mul_shift=2,
    )  # fmt: skip
    off = StageConfig()
    visible = {"cvt_offset": 0, "cvt_scale": 1, "cvt_shift": 24 if from_cacc else 2}
    mode = {"from_cacc": from_cacc, "to_pdp": False}
    layers = [
        random_layer(bench.rng, bench.space, size, stages, operand_bytes, per_element, **visible, **mode)
        for size in ((3, 4, 20), (1, 1, 40))
        for stages in ((stage, off), (off, stage), (stage, stage))
    ]
    await bench.run(layers)


@cocotb.test()
async def operand_layers_in_turn(dut: Any) -> None:
    """Queued layers with different operand formats: SDP_RDMA works ahead, each layer keeps its own format."""
    bench = Bench(dut)
    await bench.start()
    rng = bench.rng
    layers = []
    for _ in range(30):
        stage = StageConfig(
            bypass=False, alu_bypass=False, alu_from_memory=True,
            mul_bypass=rng.random() < 0.5, mul_from_memory=True, mul_shift=rng.randrange(12),
        )  # fmt: skip
        stages = (stage, StageConfig()) if rng.random() < 0.3 else (stage, stage)
        size = (rng.randint(1, 3), rng.randint(1, 2), rng.randint(1, 20))
        layers.append(random_layer(rng, bench.space, size, stages, **{**NEUTRAL, "cvt_shift": rng.randrange(10)}))
    await bench.run(layers)


@cocotb.test()
async def queued_groups(dut: Any) -> None:
    """Status of both groups while a layer runs and the next is queued; the next starts by itself."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    layers = [plain_copy(bench, (16, 4, 8)) for _ in range(2)]
    for layer in layers:
        await bench.enqueue(layer)
    expect("SDP.S_STATUS", await bench.read("SDP.S_STATUS"), 0x00020001, show=hex)
    while await bench.read("SDP.S_STATUS") != 0x00010000:
        status = await bench.read("SDP.S_STATUS")
        legal = status in (0x00020001, 0x00010000)
        require(legal, f"SDP.S_STATUS: got {status:#010x}, expected 0x00020001 or 0x00010000")
    expect("SDP.S_POINTER.CONSUMER", await bench.read("SDP.S_POINTER") >> 16, 1)
    while await bench.read("SDP.S_STATUS") != 0:
        pass
    expect("SDP.S_POINTER.CONSUMER", await bench.read("SDP.S_POINTER") >> 16, 0)
    await ClockCycles(dut.clk, 60)
    expect("groups of the interrupts", [group for group, _ in bench.interrupts], [0, 1])


@cocotb.test()
async def reads_ahead(dut: Any) -> None:
    """While the first layer cannot write, SDP_RDMA fetches the second layer as far as its buffer goes."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    bench.writer.stall = lambda: True
    layers = [plain_copy(bench, (8, 2, 8)), plain_copy(bench, (8, 2, 8))]
    for layer in layers:
        await bench.enqueue(layer)
    await ClockCycles(dut.clk, 100)
    reads = bench.readers["sdp_rd"]
    expected = [place for layer in layers for place, _ in layer.input_memory()]
    expect_beats("reads (addresses)", reads.addresses, expected, reads.times)
    bench.writer.stall = lambda: False
    await ClockCycles(dut.clk, 200)
    check_writes(bench.writer.writes, bench.writer.times, layers)


@cocotb.test()
async def done_before_acknowledge(dut: Any) -> None:
    """OP_EN clears with the last write beat, the interrupt waits for the acknowledge, also of many layers."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    bench.writer.done_latency = (300, 300)
    layers = [plain_copy(bench, (2, 1, 8)) for _ in range(4)]
    for layer in layers:
        await bench.enqueue(layer)
    while await bench.read("SDP.S_STATUS") != 0:
        pass
    expect("interrupts", bench.interrupts, [])
    late = [plain_copy(bench, (1, 1, 8)) for _ in range(2)]
    for layer in late:
        await bench.enqueue(layer)
    await ClockCycles(dut.clk, 700)
    expect("groups of the interrupts", [group for group, _ in bench.interrupts], [0, 1] * 3)
    check_writes(bench.writer.writes, bench.writer.times, layers + late)


@cocotb.test()
async def pdp_layer_interrupts_at_once(dut: Any) -> None:
    """Output to PDP: the interrupt comes with the last atom, ahead of an unacknowledged write."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    bench.writer.done_latency = (400, 400)
    await bench.enqueue(plain_copy(bench, (2, 1, 8)))
    await bench.enqueue(plain_copy(bench, (2, 1, 8), to_pdp=True))
    await ClockCycles(dut.clk, 200)
    expect("interrupts", bench.interrupts, [(1, 0)])
    await ClockCycles(dut.clk, 400)
    expect("interrupts", bench.interrupts, [(1, 0), (0, 1)])


@cocotb.test()
async def interrupts_of_two_layers_at_any_distance(dut: Any) -> None:
    """An acknowledge before, in and after the cycle in which a layer to PDP ends: two interrupts, each its own bit."""
    bench = Bench(dut, latency=(4, 4), stalls=False)
    await bench.start()
    stopped = True
    bench.pdp.backpressure = lambda: stopped
    bench.writer.done_latency = (300, 300)
    distances = []
    for early in range(12):
        seen, stopped = len(bench.interrupts), True
        await bench.enqueue(plain_copy(bench, (1, 1, 8)))
        await bench.enqueue(plain_copy(bench, (1, 1, 8), to_pdp=True))
        while len(bench.write_cycles) == early:
            await FallingEdge(dut.clk)
        await ClockCycles(dut.clk, bench.write_cycles[-1] + 294 + early - bench.cycle)
        stopped = False
        await bench.wait_interrupts(seen + 2, 1000)
        cycles = {group: bench.interrupt_cycles[seen + i] for i, (group, _) in enumerate(bench.interrupts[seen:])}
        expect("groups of the interrupts", sorted(cycles), [0, 1])
        distances.append(cycles[1] - cycles[0])
    met = {-1, 0, 1} <= set(distances)
    require(met, f"cycles from the acknowledge to the end of PDP's layer: got {distances}, expected -1, 0, 1 in it")


@cocotb.test()
async def idle_rdma_flips(dut: Any) -> None:
    """SDP_RDMA enabled with nothing to read ends at once and flips its consumer."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    layer = plain_copy(bench, (4, 1, 8), from_cacc=True)
    assert layer.rdma is None
    await bench.write("SDP_RDMA.D_FEATURE_MODE_CFG", 1)
    await bench.write("SDP_RDMA.D_OP_ENABLE", 1)
    await ClockCycles(dut.clk, 10)
    expect("SDP_RDMA.S_STATUS", await bench.read("SDP_RDMA.S_STATUS"), 0, show=hex)
    expect("SDP_RDMA.S_POINTER.CONSUMER", await bench.read("SDP_RDMA.S_POINTER") >> 16, 1)


@cocotb.test()
@cocotb.parametrize(unit=["main", "bs", "bn", "destination"])
async def wrong_ram_type_waits(dut: Any, unit: str) -> None:
    """RAM type 0: there is no such memory, the engine never sends a request."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    stage = StageConfig(bypass=False, alu_bypass=False, alu_from_memory=True)
    layer = random_layer(bench.rng, bench.space, (4, 2, 8), (stage, stage), **MEMORY)
    words = dict(sdp_registers(layer) + rdma_registers(layer))
    register, bit = {
        "main": ("SDP_RDMA.D_SRC_DMA_CFG", 0),
        "bs": ("SDP_RDMA.D_BRDMA_CFG", 5),
        "bn": ("SDP_RDMA.D_NRDMA_CFG", 5),
        "destination": ("SDP.D_DST_DMA_CFG", 0),
    }[unit]
    words[register] &= ~(1 << bit)
    for address, data in layer.input_memory():
        bench.memory.write(address, data)
    await bench.write_all(list(words.items()))
    for name in bench.units:
        await bench.write(f"{name}.D_OP_ENABLE", 1)
    await ClockCycles(dut.clk, 300)
    reader = {"main": "sdp_rd", "bs": "sdp_b_rd", "bn": "sdp_n_rd"}.get(unit)
    for name, responder in bench.readers.items():
        expect(f"{name}_req, whether it asks", bool(responder.addresses), name != reader)
    expect("writes", bench.writer.writes, [])
    expect("SDP.S_STATUS", await bench.read("SDP.S_STATUS"), 1, show=hex)


@cocotb.test()
async def random_layers(dut: Any) -> None:
    """Random layers of every kind, queued in both groups, all interfaces stalling at random."""
    bench = Bench(dut)
    await bench.start()
    for _ in range(repeats(6)):
        await bench.run([random_layer(bench.rng, bench.space) for _ in range(10)])


@cocotb.test()
async def random_layers_full_rate(dut: Any) -> None:
    """Random layers without stalls at fixed latency: the other end of the timing space."""
    bench = Bench(dut, latency=(64, 64), stalls=False)
    await bench.start()
    await bench.run([random_layer(bench.rng, bench.space) for _ in range(repeats(60))])


@cocotb.test()
async def random_layers_counted(dut: Any) -> None:
    """Random layers with every counter enabled: the stall counters equal what the bench saw."""
    bench = Bench(dut)
    await bench.start()
    for _ in range(repeats(3)):
        layers = [replace(random_layer(bench.rng, bench.space), perf=True) for _ in range(8)]
        await bench.run(layers)
