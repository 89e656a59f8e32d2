"""Tiles and banks against what else there is, by the latency model (docs/performance.md)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from comparison import compile_and_compare
from onnx_builder import Builder

from cocodla import hw
from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.compiler.hardware import schedule, tiles
from cocodla.compiler.prediction import Prediction, predict_network
from cocodla.latency import MemoryTiming

LAYERS = {
    "fits": (32, 28, 16, 3, 1), "full buffer": (128, 28, 32, 3, 2), "rows": (192, 28, 16, 3, 1),
    "rows, one bank of weights": (256, 40, 16, 1, 2), "large kernels": (64, 20, 32, 5, 1),
    "few positions": (256, 7, 64, 3, 1), "fetch counts": (128, 28, 16, 1, 2),
}  # fmt: skip
"""Channels, extent, kernels, kernel extent, stride."""


def compiled(name: str, folder: Path) -> Network:
    channels, extent, kernels, kernel, stride = LAYERS[name]
    builder = Builder((channels, extent, extent))
    builder.conv(kernels, (kernel, kernel), strides=[stride, stride], pads=[kernel // 2] * 4)
    images = np.random.default_rng(0).normal(size=(2, channels, extent, extent)).astype(np.float32)
    return compile_model(builder.save(folder / "m.onnx"), images, CompileOptions(verify=False))


def traffic(network: Network) -> int:
    return sum(layer.read_beats + tiles.TILE_COST for layer in network.layers)


def predicted(name: str, folder: Path) -> Prediction:
    return predict_network(compiled(name, folder), MemoryTiming())


@pytest.mark.parametrize("name", LAYERS)
def test_fewest_tiles_are_best(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More bands gain less than 2 % (the first is fetched sooner)."""
    chosen, genuine = predicted(name, tmp_path), tiles._fitting_rows
    for share in (0.7, 0.5):
        monkeypatch.setattr(
            tiles, "_fitting_rows", lambda conv, source, target, lines, computed, share=share: genuine(
                conv, source, target, max(int(lines * share), 1), computed
            )
        )  # fmt: skip
        other = predicted(name, tmp_path)
        assert chosen.image <= 1.02 * other.image and sum(chosen.alone) <= 1.02 * sum(other.alone), share


@pytest.mark.parametrize("name", ["rows", "rows, one bank of weights", "large kernels", "wide"])
def test_no_other_number_of_columns_fetches_less(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chosen bands are those of the least traffic, and take no longer than others."""
    monkeypatch.setitem(LAYERS, "wide", (128, 112, 8, 5, 1))
    chosen = compiled(name, tmp_path)
    cycles, least, tried = predict_network(chosen, MemoryTiming()).image, traffic(chosen), set()
    for count in (1, 2, 3, 4, 6):

        def distance(_: object, __: object, columns: list[object], ___: object, count: int = count) -> int:
            return abs(len(columns) - count)

        monkeypatch.setattr(tiles, "_traffic", distance)
        other = compiled(name, tmp_path)
        tried.add(tuple(layer.input_shape for layer in other.layers))
        assert traffic(other) >= least, count
        assert cycles <= 1.001 * predict_network(other, MemoryTiming()).image, count
        if (name, count) == ("wide", 1):
            assert sum(layer.read_beats for layer in chosen.layers) == 338_784
            assert sum(layer.read_beats for layer in other.layers) == 587_672
    assert len(tried) > 1


def test_columns_with_a_pooling_behind(tmp_path: Path) -> None:
    """Bands of three columns and two rows, whose poolings share what the convolution computes for both."""
    builder = Builder((120, 48, 56)).conv(8, (5, 5), pads=[2] * 4).node("Relu")
    builder.node("MaxPool", kernel_shape=[3, 3], strides=[2, 2])
    images = np.random.default_rng(0).normal(size=(2, 120, 48, 56)).astype(np.float32)
    network = compile_and_compare(builder.save(tmp_path / "m.onnx"), images, CompileOptions())
    assert [layer.output_shape[1:] for layer in network.layers] == [(rows, 9) for _ in range(3) for rows in (11, 12)]


@pytest.mark.parametrize("name", LAYERS)
def test_no_other_split_of_the_banks_is_better(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen, tried = sum(predicted(name, tmp_path).alone), 0
    for data in (4, 8, 12, 16, 20, 24, 28, 31):

        def split(run: list[schedule.HardwareLayer], data: int = data) -> None:
            nonlocal tried
            least, weight = schedule.needed_banks(run) if run else (0, 0)
            banks = min(max(data, least), hw.CBUF_BANKS - weight)
            for layer in run:
                layer.data_banks, layer.weight_banks = banks, hw.CBUF_BANKS - banks
                tried += banks == data

        monkeypatch.setattr(schedule, "_split", split)
        assert chosen <= 1.002 * sum(predicted(name, tmp_path).alone), data
    assert tried


@pytest.mark.parametrize(("shape", "kernels", "kernel", "stride", "group", "columns"), [
    ((128, 28, 28), 16, (1, 1), (2, 2), 1, 1), ((16, 13, 12), 8, (1, 3), (3, 1), 1, 1),
    ((16, 14, 14), 16, (1, 1), (2, 2), 2, 1), ((256, 40, 40), 16, (1, 1), (2, 2), 1, 2),
    ((12, 9, 9), 20, (1, 1), (4, 2), 1, 1),
])  # fmt: skip
def test_lines_that_a_stride_passes_over_are_not_read(
    shape: tuple[int, int, int], kernels: int, kernel: tuple[int, int], stride: tuple[int, int], group: int,
    columns: int, tmp_path: Path,
) -> None:  # fmt: skip
    builder = Builder(shape).conv(shape[0], (1, 1))
    builder.conv(kernels, kernel, strides=list(stride), pads=[0, kernel[1] // 2] * 2, group=group)
    images = np.random.default_rng(0).normal(size=(2, *shape)).astype(np.float32)
    network = compile_and_compare(builder.save(tmp_path / "m.onnx"), images, CompileOptions())
    parts = [layer for layer in network.layers if layer.target == builder.last]
    lines = -(-shape[1] // stride[0])
    assert sum(layer.input_shape[1] for layer in parts) == lines * columns
    beats = sum(layer.read_beats for layer in parts)
    data = lines * shape[2] * hw.surfaces(shape[0])
    passed_over = lines * stride[1] * (columns - 1) * hw.surfaces(shape[0])  # nor columns between two bands
    assert data - passed_over <= beats < 1.2 * data + len(parts) * 8 * shape[0] * kernel[1] + 100
