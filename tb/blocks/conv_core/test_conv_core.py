"""Convolution core (csc, cbuf, cmac x 2, cacc) against the golden convolution."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from random import Random
from typing import Any

import cocotb
from convlib.layer import config_of, image_config, make_layer, random_config

sys.path.insert(0, str(Path(__file__).parent))
from core import Core

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
    "image_3x3": image_config(20, 10, 4, 9, (3, 3), pad_left=1, pad_top=1, pad_value=9),
    "image_unaligned": image_config(30, 9, 3, 8, (3, 3), stride_x=3, stride_y=2),
    "image_grey": image_config(28, 28, 1, 6, (5, 5), pad_left=2, pad_top=2),
    "image_merge_2": image_config(20, 9, 1, 9, (3, 5), rows_merged=2, stride_x=2),
    "image_merge_4": image_config(17, 11, 1, 12, (2, 7), rows_merged=4, pad_top=3, pad_value=-3),
    "image_odd_block": image_config(40, 3, 1, 4, (17, 2)),
}


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
@cocotb.parametrize(image=[False, True])
async def random_layers(dut: Any, image: bool) -> None:
    """Single random layers one after the other, random fetch and sink rates."""
    rng = generator(dut)
    core = Core(dut, rng, some_stalls(rng), some_stalls(rng))
    await core.start()
    for _ in range(12):
        layers = [make_layer(rng, random_config(rng, image))]
        await core.run(layers)
        core.check_freed(layers)
