"""Use of multipliers and memory by layer: figures of all hardware layers are in them, bands together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rich.console import Console

from cocodla import zoo
from cocodla.compiler import CompileOptions, compile_model
from cocodla.compiler.prediction import predict_network
from cocodla.latency import MemoryTiming
from cocodla.nets.builder import Builder
from cocodla.report.efficiency import table, together, uses_of


def test_bands_and_summands_are_told_as_the_layer_they_make(tmp_path: Path) -> None:
    builder = Builder((64, 60, 60), 1, batch=1).conv(40, (3, 3), pads=[1] * 4).node("Relu")
    builder.conv(16, (1, 1)).node("MaxPool", kernel_shape=[2, 2], strides=[2, 2]).gemm(16 * 900, 64)
    images = np.random.default_rng(1).normal(size=(2, 64, 60, 60)).astype(np.float32)
    options = CompileOptions(effort="fast", adaptive_rounding=False)
    network = compile_model(builder.save(tmp_path / "m.onnx"), images, options)
    uses = uses_of(network)
    assert [use.name for use in uses] == ["conv0", "conv2", "gemm5"] and len(network.layers) > 3
    assert [use.target for use in uses] == [(40, 60, 60), (16, 30, 30), (64, 1, 1)]
    assert uses[0].macs == 40 * 64 * 9 * 3600 and uses[1].macs == 16 * 40 * 3600 and uses[2].macs == 64 * 14400
    whole = together("all", uses)
    assert whole.cycles == sum(predict_network(network, MemoryTiming()).alone)
    assert whole.bound == network.bound and whole.macs == sum(layer.macs for layer in network.layers)
    assert all(0 < use.mac_use <= use.of_bound <= 1 for use in uses)
    assert (uses[0].limit, uses[2].limit) == ("MAC", "read") and uses[2].memory_use == uses[2].of_bound
    console = Console(width=200)
    with console.capture() as shown:
        console.print(table("t", uses, 100.0, [whole]))
    assert f"{whole.cycles:,}" in shown.get() and f"{uses[0].milliseconds(100):,.2f}" in shown.get()


def test_a_slower_memory_shows() -> None:
    """With a request every second cycle a layer that the memory bounds takes twice as long."""
    network = zoo.lenet5()
    fast, slow = (together("all", uses_of(network, MemoryTiming(every=every))) for every in (1, 2))
    assert slow.cycles > 1.1 * fast.cycles and slow.bound == fast.bound


def test_summands_read_the_input_together(tmp_path: Path) -> None:
    builder = Builder((600, 6, 6), 1, batch=1).gemm(600 * 36, 8)
    images = np.random.default_rng(1).normal(size=(2, 600, 6, 6)).astype(np.float32)
    options = CompileOptions(effort="fast", adaptive_rounding=False)
    network = compile_model(builder.save(tmp_path / "m.onnx"), images, options)
    (use,) = uses_of(network)
    assert len(network.layers) > 1 and use.source == (600, 6, 6) and use.macs == 8 * 600 * 36
