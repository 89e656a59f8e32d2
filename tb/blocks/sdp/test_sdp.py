"""SDP and its read DMA against the golden model."""

from __future__ import annotations

from typing import Any

import cocotb
from cocodla.golden.config import StageConfig
from sdp_bench import Bench
from sdp_layers import random_layer


@cocotb.test()
async def copy(dut: Any) -> None:
    """A cube passes through unchanged, from memory to memory."""
    bench = Bench(dut, stalls=False)
    await bench.start()
    plain = (StageConfig(), StageConfig())
    layer = random_layer(
        bench.rng, bench.space, (5, 3, 20), plain,
        from_cacc=False, to_pdp=False, cvt_offset=0, cvt_scale=1, cvt_shift=0,
    )  # fmt: skip
    assert (layer.expected() == layer.x).all()
    await bench.run([layer])


@cocotb.test()
async def random_layers(dut: Any) -> None:
    """Random layers of every kind, queued in both groups, all interfaces stalling at random."""
    bench = Bench(dut)
    await bench.start()
    for _ in range(6):
        await bench.run([random_layer(bench.rng, bench.space) for _ in range(10)])
