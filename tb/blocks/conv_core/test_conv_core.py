"""Convolution core (csc, cbuf, cmac x 2, cacc) against the golden convolution."""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles

from cocotbext.dla import expect, expect_range
from convlib.layer import Layer, config_of, image_config, make_layer, random_config, random_sequence
from convlib.limits import LARGE, SMALL

sys.path.insert(0, str(Path(__file__).parent))
from core import Core

from cocotbext.dla import ICARUS, repeats
from cocotbext.dla.stalls import some_stalls

SHAPES = {
    "one_position": config_of(1, 1, 8, 1),
    "one_kernel_many_blocks": config_of(4, 1, 512, 1),
    "fully_connected": config_of(1, 1, 200, 25),
    "fully_connected_5x5": config_of(5, 5, 16, 20, (5, 5)),
    "partial_channels": config_of(9, 7, 13, 11, (3, 3), pad_left=1, pad_top=1),
    "stride_2": config_of(15, 15, 3, 8, (3, 3), stride_x=2, stride_y=2, pad_left=1, pad_top=1),
    "dilation": config_of(20, 20, 9, 5, (3, 3), dilation_x=3, dilation_y=5, pad_left=2, pad_value=-7),
    "all_padding": config_of(2, 2, 5, 9, (1, 1), pad_left=31, pad_top=3, pad_value=77),
    "wide_kernel": config_of(40, 3, 2, 3, (32, 2), pad_left=5),
    "tall_kernel": config_of(3, 40, 2, 3, (2, 32), pad_top=5),
    "two_columns": config_of(9, 6, 4, 9, (6, 3), pad_left=3, pad_top=1, pad_value=21),
    "two_columns_odd": config_of(11, 6, 1, 15, (5, 5), pad_left=2, pad_top=2),
    "two_columns_stride": config_of(31, 7, 3, 8, (3, 3), stride_x=5, stride_y=2, pad_left=1, pad_value=-9),
    "two_columns_dilation": config_of(20, 9, 2, 7, (4, 3), dilation_x=2, dilation_y=3, pad_left=2),
    "image_3x3": image_config(20, 10, 4, 9, (3, 3), pad_left=1, pad_top=1, pad_value=9),
    "image_unaligned": image_config(30, 9, 3, 8, (3, 3), stride_x=3, stride_y=2),
    "image_grey": image_config(28, 28, 1, 6, (5, 5), pad_left=2, pad_top=2),
    "image_merge_2": image_config(20, 9, 1, 9, (3, 5), rows_merged=2, stride_x=2),
    "image_merge_4": image_config(17, 11, 1, 12, (2, 7), rows_merged=4, pad_top=3, pad_value=-3),
    "image_odd_block": image_config(40, 3, 1, 4, (17, 2)),
}


LATENCY = 26
"""Cycles from OP_EN of csc to the first atom out: registers, setup, weights of the first operation, pipeline."""


def generator(dut: Any) -> Random:
    """Random source of one test, from the seed of the run."""
    seed = random.getrandbits(32)
    dut._log.info("layer seed %d", seed)
    return Random(seed)


@cocotb.test()
@cocotb.parametrize(shape=list(SHAPES))
async def directed_shape(dut: Any, shape: str) -> None:
    """One layer of a shape that is a corner of its own."""
    rng = generator(dut)
    core = Core(dut, rng)
    await core.start()
    layers = [make_layer(rng, SHAPES[shape])]
    await core.run(layers)
    core.check_freed(layers)


@cocotb.test()
@cocotb.parametrize(shape=list(SMALL if ICARUS else {**SMALL, **LARGE}))
async def largest(dut: Any, shape: str) -> None:
    """A layer at the top of some fields."""
    rng = generator(dut)
    core = Core(dut, rng)
    await core.start()
    layers = [make_layer(rng, {**SMALL, **LARGE}[shape])]
    await core.run(layers)
    core.check_freed(layers)


@cocotb.test()
@cocotb.parametrize(image=[False, True])
async def random_layers(dut: Any, image: bool) -> None:
    """Single random layers one after the other, random fetch and sink rates."""
    rng = generator(dut)
    core = Core(dut, rng, some_stalls(rng), some_stalls(rng))
    await core.start()
    for _ in range(repeats(12)):
        layers = [make_layer(rng, random_config(rng, image))]
        await core.run(layers)
        core.check_freed(layers)


@cocotb.test()
@cocotb.parametrize(part=range(repeats(4)))
async def random_sequences(dut: Any, part: int) -> None:
    """Layers queued in both groups that reuse data and weights, split heights and move banks."""
    rng = generator(dut)
    core = Core(dut, rng, some_stalls(rng), some_stalls(rng))
    await core.start()
    layers = random_sequence(rng, 20)
    for layer in layers:
        dut._log.info("%d new lines, new weights %s: %s", layer.new_lines, layer.fetch_weights, layer.config)
    await core.run(layers)
    core.check_freed(layers)
    core.check_interrupts(layers)


@cocotb.test()
@cocotb.parametrize(channels=[8, 40])
async def stripes_of_a_slow_sink(dut: Any, channels: int) -> None:
    """Stripes of any length drain through a sink that stops for long, also where CACC's FIFO is shorter than one."""
    rng = generator(dut)
    left = 0

    def backpressure() -> bool:
        nonlocal left
        left = left - 1 if left else rng.choice([0, 0, 0, 150])
        return left > 0

    core = Core(dut, rng, backpressure=backpressure)
    await core.start()
    layers = [make_layer(rng, config_of(13, 11, channels, 16)) for _ in range(2)]
    await core.run(layers)
    core.check_interrupts(layers)


@cocotb.test()
async def fewer_lines_than_were_kept(dut: Any) -> None:
    """A layer may look at fewer lines than SKIP_DATA_RLS kept; all of them count as its lines (cdma.md 7.4)."""
    rng = generator(dut)
    core = Core(dut, rng)
    await core.start()
    banks = {"data_banks": 1, "weight_banks": 1}
    first = make_layer(rng, config_of(5, 10, 8, 8, skip_data_release=True, **banks))
    config = config_of(5, 8, 8, 8, (1, 3), data_reuse=True, release_lines=7, **banks)
    second = replace(make_layer(rng, config), lines=first.lines[:8], new_lines=0)
    third = make_layer(rng, config_of(6, 9, 8, 8, **banks))
    layers = [first, second, third]
    await core.run(layers)
    core.check_freed(layers)


@cocotb.test()
@cocotb.parametrize(moved=["weight_banks", "data_banks"])
async def reuse_is_void_after_a_bank_change(dut: Any, moved: str) -> None:
    """What SKIP kept is dropped when the split changes, although REUSE is set (programming.md 5.1)."""
    rng = generator(dut)
    core = Core(dut, rng)
    await core.start()
    keep = {"skip_weight_release": True, "skip_data_release": moved == "data_banks"}
    old = config_of(6, 7, 9, 11, (3, 3), data_banks=2, weight_banks=2, **keep)
    reuse = {"data_reuse": moved == "data_banks", "weight_reuse": True}
    first = make_layer(rng, old)
    layers = [first, make_layer(rng, replace(old, **{moved: 3}, **reuse), first)]
    assert layers[1].fetch_weights and layers[1].new_lines == old.height
    await core.run(layers)
    core.check_freed(layers)


@cocotb.test()
@cocotb.parametrize(channels=[1, 2, 3, 4])
async def two_columns_with_kept_weights(dut: Any, channels: int) -> None:
    """Weights of two columns an operation are kept, used again in another geometry, and freed to the last entry."""
    rng = generator(dut)
    core = Core(dut, rng)
    await core.start()
    more = {"data_banks": 1, "weight_banks": 1, "pad_left": 1, "pad_top": 1}
    first = make_layer(rng, config_of(9, 8, channels, 13, (5, 3), skip_weight_release=True, **more))
    again = config_of(12, 7, channels, 13, (5, 3), stride_x=2, weight_reuse=True, skip_weight_release=True, **more)
    second = make_layer(rng, again, first)
    assert not second.fetch_weights
    layers = [first, second, make_layer(rng, config_of(7, 9, channels, 11, (4, 2), **more), second)]
    await core.run(layers)
    core.check_freed(layers)


@cocotb.test()
async def resets_in_the_middle(dut: Any) -> None:
    """Resets at any moment of two queued layers, at times with a sink that has stopped: later layers run as ever."""
    rng = generator(dut)
    stopped = False
    slow = some_stalls(rng)
    core = Core(dut, rng, some_stalls(rng), lambda: stopped or slow())
    await core.start()
    for _ in range(repeats(12)):
        layers = random_sequence(rng, 2, 300)
        stopped = rng.random() < 0.3
        core.fetch.layers += layers
        for layer in layers:
            await core.program(layer)
        await ClockCycles(dut.clk, rng.randrange(1, rng.choice([30, 300, 1500])))
        await core.reset()
        stopped = False
        layers = [make_layer(rng, random_config(rng, None, 100)) for _ in range(2)]
        await core.run(layers)
        core.check_freed(layers)
        core.check_interrupts(layers)
        await core.reset()


# ---------------------------------------------------------------- speed

RATES = {
    "one_operation": (config_of(24, 24, 8, 8), 0.97),
    "one_operation_groups": (config_of(14, 20, 8, 48), 0.97),
    "small_map": (config_of(7, 7, 32, 32, (3, 3), pad_left=1, pad_top=1), 0.97),
    "odd_map": (config_of(5, 7, 24, 40, (3, 3), pad_left=1, pad_top=1), 0.97),
    "eight_positions": (config_of(4, 2, 64, 64), 0.97),
    "strided": (config_of(33, 33, 16, 16, (3, 3), stride_x=2, stride_y=2), 0.97),
    "partial": (config_of(16, 12, 13, 21, (3, 3), pad_left=1, pad_top=1), 0.97),
    "two_columns": (config_of(28, 28, 1, 16, (5, 5)), 0.97),
    "two_columns_strided": (config_of(33, 33, 3, 16, (3, 3), stride_x=2, stride_y=2), 0.97),
    "image": (image_config(40, 30, 3, 8, (3, 3), stride_x=2, stride_y=2), 0.97),
    "image_unaligned": (image_config(28, 28, 1, 16, (5, 5), pad_left=2, pad_top=2), 0.97),
}


@cocotb.test(skip=ICARUS)
@cocotb.parametrize(name=list(RATES))
async def full_rate(dut: Any, name: str) -> None:
    """With data in CBUF and a free sink: first to last atom takes the MAC cycles and hardly more."""
    rng = generator(dut)
    core = Core(dut, rng)
    await core.start()
    config, goal = RATES[name]
    layer = make_layer(rng, config)
    started = await core.run([layer], fetch_first=True)
    cycles = core.taken[-1] - started
    log_rate(dut, name, [layer], cycles)
    expect_range("use of the MAC array", layer.mac_cycles / (cycles - LATENCY), goal)


@cocotb.test()
async def back_to_back(dut: Any) -> None:
    """Layers that are queued follow each other without draining."""
    rng = generator(dut)
    core = Core(dut, rng)
    await core.start()
    banks = {"data_banks": 16, "weight_banks": 16}
    sizes = [(32, 32, 8, 8), (16, 16, 16, 24), (20, 18, 8, 16), (12, 12, 40, 16)]
    layers = [make_layer(rng, config_of(*size, **banks)) for size in sizes]
    started = await core.run(layers, fetch_first=True)
    cycles = core.taken[-1] - started
    log_rate(dut, "back to back", layers, cycles)
    use = sum(layer.mac_cycles for layer in layers) / (cycles - LATENCY)
    expect_range("use of the MAC array", use, 0.97)


@cocotb.test()
async def starts_before_the_input_is_complete(dut: Any) -> None:
    """The first outputs come while most of the input is still missing (csc_cmac_cacc.md section 8)."""
    rng = generator(dut)
    core = Core(dut, rng)
    await core.start()
    await core.run([make_layer(rng, config_of(16, 30, 16, 8, (3, 3), pad_left=1, pad_top=1))])
    line_7 = core.fetch.slices[6]
    expect_range("cacc2sdp, cycle of the first atom, before line 7 is there", core.taken[0], most=line_7 - 1)
    first = len(core.taken)
    await core.run([make_layer(rng, config_of(16, 30, 8, 8))])
    behind = core.taken[-1] - core.fetch.slices[-1]
    expect_range("cacc2sdp, cycles from the last line to the last atom", behind, most=59)
    expect("atoms out", len(core.taken) - first, 16 * 30)


@cocotb.test(skip=ICARUS)
async def releases_while_it_computes(dut: Any) -> None:
    """Lines and weights are freed as they are used, so that the next layer can be fetched meanwhile."""
    rng = generator(dut)
    core = Core(dut, rng)
    await core.start()
    half = config_of(16, 32, 16, 8, (3, 3), pad_left=1, pad_top=1, data_banks=3, weight_banks=1)
    layers = [make_layer(rng, half) for _ in range(3)]  # 1024 of 1536 entries each: two do not fit
    await core.run(layers)
    second_line = core.fetch.slices[half.height * 2 - 1]
    expect_range("cycle of a line of the second layer", second_line, most=core.fetch.csc_dones[0] + 199)
    core.check_freed(layers)


def log_rate(dut: Any, name: str, layers: list[Layer], cycles: int) -> None:
    """One line for the reader of the log."""
    ideal = sum(layer.mac_cycles for layer in layers)
    dut._log.info("%s: %d cycles from OP_EN to the last atom, %d MAC cycles, %.3f", name, cycles, ideal, ideal / cycles)
