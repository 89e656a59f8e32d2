"""CSC: every atom and weight set against plain loops, credits, timing rules of the interfaces, releases."""

from __future__ import annotations

import random
from collections import deque
from itertools import pairwise
from random import Random
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from cocodla.registers import MAP
from cocotbext.dla import (
    ICARUS,
    RegisterBus,
    described,
    expect,
    expect_beats,
    expect_lanes,
    expect_range,
    hang,
    repeats,
    require,
    reset,
    start_clock,
)
from cocotbext.dla.pins import high, number
from cocotbext.dla.stalls import Stall, never, some_stalls, steps
from convlib.fetch import Fetch
from convlib.layer import Layer, config_of, image_config, make_layer, random_config, random_sequence, registers
from convlib.limits import BITS, LARGE, SMALL
from convlib.sequence import Operation, operations, stripes

SETUP, PIPELINE = 20, 20
"""Cycles from enabling to the first read of CBUF, and from an entry, or a free slot, to the atom on its way out."""

PATIENCE = 3000


class Sequencer:
    """csc with fetch, a MAC array that keeps its two weight sets, and a CACC that returns credits."""

    def __init__(self, dut: Any, rng: Random, idle: Stall = never, slow: Stall = never) -> None:
        self.dut, self.rng, self.slow = dut, rng, slow
        self.depth, self.credits = number(dut.ACC_DEPTH), number(dut.CACC_DEPTH)
        start_clock(dut.clk)
        self.bus = RegisterBus(dut, dut.clk, "reg", dut.rst_n)
        self.fetch = Fetch(dut, rng, idle)
        self.restart()

    def restart(self) -> None:
        """As after a reset: no layer, no weights, all credits."""
        self.dut.credit.value = 0
        self.plan: deque[Operation] = deque()
        self.shadow: dict[int, bytes] = {}
        self.upper = 0  # kernels of the shadow set with their upper lanes
        self.active: list[bytes] = []
        self.position = 0  # atom of the running operation that comes next
        self.spent = 0  # credits that csc has used and not got back
        self.most_spent = 0
        self.index = -1  # of the atom in the cycle before
        self.atoms = 0
        self.atom_cycles: list[int] = []
        self.enabled: list[int] = []  # cycle in which each layer was
        self.ends = 0
        self.programmed = 0

    async def reset(self) -> None:
        """Reset the unit with whatever is under way; all around it forget it."""
        self.fetch.restart()
        self.restart()
        await reset(self.dut.clk, self.dut.rst_n)

    async def start(self) -> None:
        await reset(self.dut.clk, self.dut.rst_n)
        cocotb.start_soon(self._watch())

    async def _watch(self) -> None:
        """What the MAC array and CACC see, cycle by cycle. Data first: swap takes the shadow set of before."""
        dut = self.dut
        while True:
            await FallingEdge(dut.clk)
            if high(dut.dat_valid):
                self._atom()
            else:
                self.index = -1
            if high(dut.wt_valid):
                self._weights()
            give = self.spent > 0 and not self.slow()
            self.spent -= give
            dut.credit.value = int(give)

    def _weights(self) -> None:
        """One kernel, or four lanes of two; the upper lanes of all kernels come after the lower ones."""
        dut = self.dut
        sel, data = number(dut.wt_sel), number(dut.wt_data).to_bytes(8, "little")
        weights = [data[:4], data[4:]] if high(dut.wt_pair) else [data]
        if high(dut.wt_upper):
            expect("wt_sel, next kernel with its upper lanes", sel, self.upper)
            for k, weight in enumerate(weights, sel):
                require(k in self.shadow, f"wt_sel, kernel {k}: its upper lanes come before its lower ones")
                self.shadow[k] = self.shadow[k][:4] + weight[:4]
            self.upper += len(weights)
            return
        if sel == 0:
            self.shadow.clear()
            self.upper = 0
        expect("wt_sel, next kernel", sel, len(self.shadow))
        for k, weight in enumerate(weights, sel):
            self.shadow[k] = weight.ljust(8, b"\0")

    def _atom(self) -> None:
        dut = self.dut
        require(self.plan, f"dat_valid behind the last of {self.atoms} atoms")
        op, index = self.plan[0], number(dut.dat_index)
        where = f"atom {self.atoms} (number {self.position} of its operation)"
        require(index != self.index, f"dat_index, {where}: {index} twice in successive cycles")
        expect(f"dat_index, {where}", index, self.position)
        expect(f"dat_swap, {where}", high(dut.dat_swap), index == 0)
        if index == 0:
            self.active = [self.shadow[k] for k in sorted(self.shadow)]
            expect(f"kernels of the weight set, {where}", len(self.active), len(op.weights))
            for kernel, (got, weights) in enumerate(zip(self.active, op.weights, strict=True)):
                expect_lanes(f"wt_data of kernel {kernel}, {where}", word(got), word(weights))
        expect_lanes(f"dat_data, {where}", number(dut.dat_data), word(op.atoms[index]))
        end = op.layer_end and index == len(op.atoms) - 1
        for name, wanted in (("dat_first", op.first), ("dat_last", op.last), ("dat_layer_end", end)):
            expect(f"{name}, {where}", high(getattr(dut, name)), wanted)
        self.spent += op.last
        self.most_spent = max(self.most_spent, self.spent)
        require(self.spent <= self.credits, f"credit, {where}: sent out without one of CACC's {self.credits} places")
        self.index, self.position, self.atoms = index, index + 1, self.atoms + 1
        self.atom_cycles.append(self.fetch.cycle)
        self.ends += end
        if self.position == len(op.atoms):
            self.plan.popleft()
            self.position = 0

    async def program(self, layer: Layer) -> None:
        group = self.programmed & 1
        self.programmed += 1
        await self.until(lambda: len(self.fetch.csc_dones) >= self.programmed - 2)
        while await self.bus.read(MAP["CSC.S_STATUS"].address) >> 16 * group & 3:
            pass
        writes = [(MAP["CSC.S_POINTER"].address, group), *registers(layer.config, self.rng)["CSC"]]
        await self.bus.write_all([*writes, (MAP["CSC.D_OP_ENABLE"].address, 1)])
        self.enabled.append(self.fetch.cycle)

    async def run(self, layers: list[Layer]) -> None:
        """Layers in order, fetch and program in any order; ends when csc has finished the last one."""
        for layer in layers:
            self.plan.extend(operations(layer, self.depth))
        goal = self.ends + len(layers)
        for layer in layers:
            if early := self.rng.random() < 0.5:
                self.fetch.layers.append(layer)
            await self.program(layer)
            if not early:
                self.fetch.layers.append(layer)
        await self.until(lambda: len(self.fetch.csc_dones) == goal and self.fetch.idle_now)
        for _ in range(10):
            await RisingEdge(self.dut.clk)
        expect("operations that were not sent out", len(self.plan), 0)
        expect("layers with their dat_layer_end", self.ends, goal)
        last = layers[-1].config
        keep = last.height if last.skip_data_release else last.height - last.release_lines
        expect("dat_rls, data entries left in the ring", len(self.fetch.data.held), keep * last.entries)
        left = last.weight_bytes // 8 if last.skip_weight_release else 0
        expect("wt_rls, weight entries left in the ring", len(self.fetch.weights.held), left)

    async def until(self, condition: Any) -> None:
        seen, since = None, self.fetch.cycle
        while not condition():
            await RisingEdge(self.dut.clk)
            now = (self.atoms, len(self.fetch.entries), self.fetch.weights.freed)
            if now != seen:
                seen, since = now, self.fetch.cycle
            if self.fetch.cycle - since >= PATIENCE:
                raise hang(
                    f"no progress for {PATIENCE} cycles: {now[0]} atoms out, {len(self.plan)} operations missing, "
                    f"{now[1]} data entries in, {now[2]} weight entries freed, "
                    f"{self.spent} of {self.credits} credits spent"
                )


def word(lanes: bytes) -> int:
    """Eight lanes as a word, the first one lowest."""
    return int.from_bytes(lanes, "little")


async def begin(dut: Any, stalls: bool = True) -> Sequencer:
    rng = Random(random.getrandbits(32))
    sequencer = Sequencer(dut, rng, some_stalls(rng), some_stalls(rng)) if stalls else Sequencer(dut, rng)
    await sequencer.start()
    return sequencer


@cocotb.test()
@cocotb.parametrize(image=[False, True])
async def random_layers(dut: Any, image: bool) -> None:
    """Order, padding, masks, alignment, weight sets of random layers."""
    unit = await begin(dut)
    for _ in range(repeats(10)):
        await unit.run([make_layer(unit.rng, random_config(unit.rng, image, 700))])


@cocotb.test()
@cocotb.parametrize(shape=list(SMALL if ICARUS else {**SMALL, **LARGE}))
async def largest(dut: Any, shape: str) -> None:
    """A layer at the top of some fields."""
    unit = await begin(dut, stalls=False)
    await unit.run([make_layer(unit.rng, {**SMALL, **LARGE}[shape])])


@cocotb.test()
async def each_bit_of_a_step(dut: Any) -> None:
    """Each bit of dilations, strides and paddings by itself."""
    unit = await begin(dut, stalls=False)
    await unit.run([make_layer(unit.rng, config) for config in BITS])


@cocotb.test()
async def random_sequences(dut: Any) -> None:
    """Reuse, height splits, kept weights and bank changes between queued layers."""
    unit = await begin(dut)
    await unit.run(random_sequence(unit.rng, 15, 300))


@cocotb.test()
async def resets_in_the_middle(dut: Any) -> None:
    """Resets at any moment of two queued layers, at times with no credit left: later layers run as ever."""
    rng = Random(random.getrandbits(32))
    stopped = False
    slow = some_stalls(rng)
    unit = Sequencer(dut, rng, some_stalls(rng), lambda: stopped or slow())
    await unit.start()
    for _ in range(repeats(15)):
        layers = random_sequence(rng, 2, 300)
        stopped = rng.random() < 0.3
        for layer in layers:
            unit.plan.extend(operations(layer, unit.depth))
        unit.fetch.layers += layers
        for layer in layers:
            await unit.program(layer)
        for _ in range(rng.randrange(1, rng.choice([30, 300, 1500]))):
            await RisingEdge(dut.clk)
        await unit.reset()
        stopped = False
        await unit.run([make_layer(rng, random_config(rng, None, 100)) for _ in range(2)])
        await unit.reset()


@cocotb.test()
@cocotb.parametrize(positions=[1, 2, 7, 8, 9, 15, 16, 17, 23, 24, 25, 31, 32, 33, 39, 40, 47, 48, 65, 71])
async def stripe_lengths(dut: Any, positions: int) -> None:
    """Tails are split so that no stripe is shorter than 8 if it can be avoided (the weights take 8 cycles)."""
    unit = await begin(dut, stalls=False)
    lengths = [len(stripe) for stripe in stripes(positions, unit.depth)]
    assert len(lengths) == -(-positions // unit.depth) and max(lengths) <= unit.depth
    assert positions < 8 or unit.depth == 8 or min(lengths) >= 8
    await unit.run([make_layer(unit.rng, config_of(positions, 1, 16, 8))])


@cocotb.test()
@cocotb.parametrize(kernels=range(1, 9), positions=[1, 2, 5, 8])
async def operation_time(dut: Any, kernels: int, positions: int) -> None:
    """An operation takes as long as its positions or its weights, at least 2 cycles, without bubbles."""
    unit = await begin(dut, stalls=False)
    few = unit.rng.randint(1, 4)
    for channels, kernel in [(80, (1, 1)), (80 + few, (1, 1)), (few, (6, 2)), (few, (5, 3))]:
        reach = positions + kernel[0] - 1
        layer = make_layer(unit.rng, config_of(reach, kernel[1], channels, kernels, kernel))
        await check_operation_time(unit, layer)


async def check_operation_time(unit: Sequencer, layer: Layer) -> None:
    """One stripe and group: the distances of the first atoms of its operations, all operands being there."""
    plan = list(operations(layer, unit.depth))
    unit.plan.extend(plan)
    unit.fetch.layers.append(layer)
    await unit.until(lambda: unit.fetch.idle_now)
    unit.atom_cycles.clear()
    ends = unit.ends
    await unit.program(layer)
    await unit.until(lambda: unit.ends > ends)
    positions = len(plan[0].atoms)
    swaps = unit.atom_cycles[::positions]
    expect("operations", len(swaps), len(plan))
    # from one operation to the next: its own positions, and the weights of the next one meanwhile
    times = [max(positions, following.load_cycles, 2) for following in plan[1:]]
    with described([layer.config]):
        found = [b - a for a, b in pairwise(swaps)]
        expect_beats("cycles between operations", found, times, place="operation {}".format)


@cocotb.test()
async def credits_stop_the_last_operation(dut: Any) -> None:
    """With CACC full nothing more is sent out, also within a stripe, and every credit is used."""
    stopped = True
    rng = Random(random.getrandbits(32))
    unit = Sequencer(dut, rng, never, lambda: stopped)
    await unit.start()
    layer = make_layer(rng, config_of(10 + unit.credits // 5, 10, 8, 8))
    unit.plan.extend(operations(layer, unit.depth))
    unit.fetch.layers.append(layer)
    await unit.program(layer)
    for _ in range(300 + 4 * unit.credits):
        await RisingEdge(dut.clk)
    expect("credits spent, atoms out", (unit.spent, unit.atoms), (unit.credits, unit.credits))
    stopped = False
    await unit.until(lambda: unit.ends)
    expect("atoms out", unit.atoms, 10 * layer.config.width)


@cocotb.test()
async def last_credit(dut: Any) -> None:
    """No credit is left, and 1, 2, ... 40 come back in a row: the last is spent as the next comes. None is lost."""
    rng, pattern, stopped = Random(random.getrandbits(32)), steps(), False
    unit = Sequencer(dut, rng, never, lambda: stopped or pattern())
    await unit.start()
    await unit.run([make_layer(rng, config_of(41, 12, 8, 16))])
    stopped = True
    layer = make_layer(rng, config_of(10 + unit.credits // 5, 10, 8, 8))
    unit.plan.extend(operations(layer, unit.depth))
    unit.fetch.layers.append(layer)
    await unit.program(layer)
    for _ in range(1500 + 4 * unit.credits):
        await RisingEdge(dut.clk)
    expect("credits spent when none comes back any more", unit.spent, unit.credits)
    stopped = False
    await unit.until(lambda: unit.ends == 2)


@cocotb.test()
async def waits_for_each_line_and_weight(dut: Any) -> None:
    """Atoms follow the fetch line by line; the first go out when the lines of the first output row are there."""
    rng = Random(random.getrandbits(32))
    unit = Sequencer(dut, rng, lambda: rng.random() < 0.9)
    await unit.start()
    await unit.run([make_layer(rng, config_of(6, 12, 8, 1, (3, 3), pad_left=1, pad_top=1))])
    first, middle = unit.atom_cycles[0], unit.atom_cycles[len(unit.atom_cycles) // 2]
    expect_range("cycle of the first atom (line 3 comes then)", first, most=unit.fetch.slices[2] - 1)
    expect_range("cycle of the middle atom (line 10 comes then)", middle, most=unit.fetch.slices[9] - 1)


@cocotb.test()
@cocotb.parametrize(shape=["columns", "two_columns", "padding", "blocks", "image"])
async def waits_for_each_entry(dut: Any, shape: str) -> None:
    """Atoms follow the fetch entry by entry within a line."""
    rng = Random(random.getrandbits(32))
    unit = Sequencer(dut, rng, lambda: rng.random() < 0.9)
    await unit.start()
    config = {
        "columns": config_of(40, 1, 8, 1),
        "two_columns": config_of(40, 1, 3, 1, (2, 1)),
        "padding": config_of(40, 1, 5, 1, (3, 1), pad_left=2, pad_right=0),
        "blocks": config_of(3, 1, 160, 1),
        "image": image_config(90, 1, 3, 1, (2, 1), stride_x=2),
    }[shape]
    layer = make_layer(rng, config)
    await unit.run([layer])
    entries, earliest = unit.fetch.entries, max(unit.fetch.weight_entries[-1], unit.enabled[-1] + SETUP)
    needs = [need for operation in operations(layer, unit.depth) for need in operation.needs]
    assert max(needs) == len(entries)
    for atom, (cycle, need) in enumerate(zip(unit.atom_cycles, needs, strict=True)):
        if need:
            expect_range(f"cycle of atom {atom}, behind its input", cycle, entries[need - 1] + 1)
        need = next(filter(None, needs[atom:]), 0)  # padding goes out with the atom behind it, at the latest
        earliest = max(earliest + 1, entries[need - 1] if need else 0)
        expect_range(f"cycle of atom {atom}, whose input is there in {earliest}", cycle, most=earliest + PIPELINE)


@cocotb.test()
@cocotb.parametrize(merge=[2, 4])
async def merged_rows(dut: Any, merge: int) -> None:
    """Post-extension: every rest of rows, weights that cross entries, more than one stripe and group."""
    unit = await begin(dut)
    for rows in range(1, 2 * merge + 2):
        config = image_config(20, 12, 1, 11, (8 // merge - unit.rng.randint(0, 1), rows), rows_merged=merge, pad_top=2)
        await unit.run([make_layer(unit.rng, config)])


@cocotb.test()
@cocotb.parametrize(merge=[2, 4])
async def merged_rows_one_weight_at_a_time(dut: Any, merge: int) -> None:
    """One position and one kernel with a slow fetch: the atom waits for the very weights that arrive."""
    rng = Random(random.getrandbits(32))
    unit = Sequencer(dut, rng, lambda: rng.random() < 0.85)
    await unit.start()
    for _ in range(25):
        rows, width = rng.randint(2, 3 * merge), rng.randint(1, 8 // merge)
        config = image_config(width, rows, 1, rng.choice([1, 1, 2, 9]), (width, rows), rows_merged=merge)
        await unit.run([make_layer(rng, config)])


@cocotb.test()
@cocotb.parametrize(channels=[1, 2, 3, 4])
async def two_columns(dut: Any, channels: int) -> None:
    """Two kernel columns in an operation: every stride, odd and even widths, padding of either column, dilation."""
    unit = await begin(dut)
    for stride in range(1, 9):
        width = unit.rng.randint(2, 7)
        sizes = {"pad_left": unit.rng.randint(0, width), "pad_right": unit.rng.randint(0, width), "pad_value": -3}
        dilation = unit.rng.choice([1, 1, 2])
        more = {"stride_x": stride, "stride_y": unit.rng.randint(1, 3), "dilation_x": dilation}
        shape = (unit.rng.randint(14, 20), 3, channels, unit.rng.randint(1, 10), (width, 2))
        await unit.run([make_layer(unit.rng, config_of(*shape, **sizes, **more))])


@cocotb.test()
@cocotb.parametrize(channels=[1, 4])
async def two_columns_across_the_end_of_the_rings(dut: Any, channels: int) -> None:
    """Line 73 begins in the last entry of the ring (7 entries a line, 512 in all): its columns 0 and 1 are apart."""
    unit = await begin(dut)
    sizes = {"data_banks": 1, "weight_banks": 1, "pad_left": 2, "pad_top": 1, "pad_value": 5}
    layers = [make_layer(unit.rng, config_of(7, 20, channels, 25, (5, 2 + (i & 1)), **sizes)) for i in range(5)]
    assert sum(layer.config.weight_bytes for layer in layers) > 512 * 8 or channels == 1
    await unit.run(layers)


@cocotb.test()
async def both_rings_wrap(dut: Any) -> None:
    """Many layers through one bank each: lines and weights cross the end of their rings at all offsets."""
    unit = await begin(dut)
    layers = []
    for _ in range(16):
        width, channels = unit.rng.randint(3, 9), unit.rng.randint(1, 20)
        sizes = {"data_banks": 1, "weight_banks": 1, "pad_left": 1, "pad_top": 1}
        layers.append(make_layer(unit.rng, config_of(width, 7, channels, unit.rng.randint(5, 20), (3, 3), **sizes)))
    await unit.run(layers)


@cocotb.test()
async def status_follows_the_layer(dut: Any) -> None:
    """RUNNING and PENDING while two layers are queued, IDLE after csc has issued the last package."""
    unit = await begin(dut, stalls=False)
    layers = [make_layer(unit.rng, config_of(9, 9, 8, 8, data_banks=2, weight_banks=2)) for _ in range(2)]
    for layer in layers:
        unit.plan.extend(operations(layer, unit.depth))
        await unit.program(layer)
    expect("CSC.S_STATUS", await unit.bus.read(MAP["CSC.S_STATUS"].address), 2 << 16 | 1, show=hex)
    unit.fetch.layers.append(layers[0])
    await unit.until(lambda: unit.ends == 1 and unit.fetch.csc_dones)
    expect("CSC.S_STATUS", await unit.bus.read(MAP["CSC.S_STATUS"].address), 1 << 16, show=hex)
    unit.fetch.layers.append(layers[1])
    await unit.until(lambda: unit.ends == 2 and len(unit.fetch.csc_dones) == 2)
    expect("CSC.S_STATUS", await unit.bus.read(MAP["CSC.S_STATUS"].address), 0, show=hex)


@cocotb.test()
async def resets_with_full_buffers(dut: Any) -> None:
    """A reset while CACC has no place, both rings are full and a layer waits behind: nothing of before is left."""
    stopped = True
    rng = Random(random.getrandbits(32))
    unit = Sequencer(dut, rng, never, lambda: stopped)
    await unit.start()
    for wait in (2000, rng.randint(100, 1500), rng.randint(100, 1500)):
        stopped = True
        layers = [make_layer(rng, config_of(16, 32, 8, 80, (3, 3), data_banks=1, weight_banks=1)) for _ in range(2)]
        for layer in layers:
            unit.plan.extend(operations(layer, unit.depth))
            unit.fetch.layers.append(layer)
            await unit.program(layer)
        for _ in range(wait):
            await RisingEdge(dut.clk)
        if wait == 2000:
            found = unit.spent, len(unit.fetch.data.held), len(unit.fetch.weights.held)
            expect("credits spent, data and weight entries in the rings", found, (unit.credits, 512, 512))
        await unit.reset()
        stopped = False
        await unit.run(random_sequence(rng, 3, 200))
        await unit.reset()
