"""The latency model: its parts by hand, and its predictions against what was measured on the RTL."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cocodla import zoo
from cocodla.bench.layers import LAYERS
from cocodla.bench.measure import MEMORIES, layer_cases, predicted_cycles
from cocodla.bench.program import layer_program
from cocodla.compiler import compile_model
from cocodla.compiler.prediction import predict_network
from cocodla.formats.feature import CubeLayout
from cocodla.golden.config import PdpConfig, Pooling
from cocodla.latency import Layer, MemoryTiming, layer_of, layer_of_registers, predict, predict_overlapped
from cocodla.latency.convolution import Convolution, output_end, stripes
from cocodla.nets.registry import networks
from cocodla.sim import project

MEASURED = json.loads((project.root() / "benchmarks" / "results" / "cycles.json").read_text())["cycles"]
CASES = {case.name: case for case in layer_cases(1)}
BY_NAME = {layer.name: layer for layer in LAYERS}
FAST = MemoryTiming(latency=1, write_latency=1)


def layer(name: str) -> Layer:
    return layer_of(layer_program(BY_NAME[name], 1))


def test_every_layer_was_measured() -> None:
    assert set(CASES) <= set(MEASURED)
    assert all("full32" in MEASURED[name] for name in CASES)


@pytest.mark.parametrize("memory", list(MEMORIES))
def test_predictions_against_the_committed_measurements(memory: str) -> None:
    errors = {}
    for name, case in CASES.items():
        if memory in MEASURED[name]:
            errors[name] = abs(predicted_cycles(case, memory) / MEASURED[name][memory] - 1)
        case.__dict__.pop("program", None)
    if not errors:
        pytest.skip(f"nothing measured with {memory}")
    assert sum(errors.values()) / len(errors) <= 0.02
    worst = max(errors, key=errors.__getitem__)
    assert errors[worst] <= 0.08, worst


@pytest.mark.parametrize(
    ("positions", "expected"),
    [(1, [1]), (16, [16]), (17, [8, 9]), (23, [8, 15]), (24, [16, 8]), (49, [16, 16, 8, 9]), (100, [16] * 5 + [8, 12])],
)
def test_stripes(positions: int, expected: list[int]) -> None:
    assert stripes(positions).tolist() == expected


@pytest.mark.parametrize(
    ("positions", "depth", "expected"),
    [(15, 8, [8, 7]), (71, 64, [8, 63]), (72, 64, [64, 8]), (40, 32, [32, 8]), (39, 32, [8, 31])],
)
def test_stripes_of_other_depths(positions: int, depth: int, expected: list[int]) -> None:
    assert stripes(positions, depth).tolist() == expected


OTHER_DEPTHS = {
    ("lenet5_conv2", "full32"): {8: 5413, 32: 5166, 64: 5222},
    ("lenet5_conv2", "half32"): {8: 5684, 32: 5250, 64: 5402},
    ("r18_8x8x64", "half32"): {8: 38558, 32: 37802, 64: 38570},
    ("r18_ds_1x1s2", "full32"): {8: 3632, 32: 3633, 64: 3665},
    ("m_dw_3x3_c8_k8", "full32"): {8: 7244, 32: 7180, 64: 7180},
}
"""Cycles on the RTL by positions of a stripe: DUT_PARAMETERS=ACC_DEPTH=8 make bench."""


@pytest.mark.parametrize(("name", "memory"), list(OTHER_DEPTHS))
def test_predictions_at_other_accumulator_depths(monkeypatch: pytest.MonkeyPatch, name: str, memory: str) -> None:
    for depth, cycles in OTHER_DEPTHS[name, memory].items():
        monkeypatch.setenv("DUT_PARAMETERS", f"ACC_DEPTH={depth}")
        assert predicted_cycles(CASES[name], memory) == pytest.approx(cycles, rel=0.001)


def test_layers_are_read_from_register_writes() -> None:
    fused = layer("m_conv_pdp_28x28x16_k32")
    assert fused.conv and fused.sdp and fused.pdp and not fused.rdma and not fused.cdp
    assert (fused.conv.csc.kernels, fused.pdp.out_width) == (32, 14)
    add = layer("r18_add_8x8x64")
    assert add.sdp and add.rdma and not add.conv and not add.pdp
    assert layer("m_cdp_lrn5_28x28x64") == Layer(cdp=CubeLayout.packed(28, 28, 64))
    with pytest.raises(ValueError, match="no unit"):
        predict(Layer(), FAST)


def test_a_stream_is_bound_by_reads_writes_and_what_the_memory_accepts() -> None:
    add = layer("r18_add_8x8x64")
    base = predict(add, FAST) - 1024
    assert predict(add, MemoryTiming(31, 11)) == 1024 + base + 30 + 10
    assert predict(add, replace(FAST, every=2)) == 2048 + base
    assert predict(add, MemoryTiming(240, 1)) == 2048 + base + 239  # reads in flight limit the rate


def test_convolution_follows_lines_weights_and_operations() -> None:
    config = layer("r18_8x8x64").conv
    assert config is not None
    work = Convolution(config, FAST, 0)
    # lines and weights take turns: the first line of 64 entries is there after 127 or 128 beats
    assert work.data.shape == (8, 64)
    assert work.data[0, -1] - work.first in (127, 128)
    # 512 entries of data are in after 1,024 beats; then the weights come alone
    assert np.diff(work.data.ravel()).tolist() == [2.0] * 511
    assert np.diff(work.weights)[600:].max() == 1.0
    starts, ends = work.issue_times()
    assert len(starts) == 8 * len(stripes(64)) == 32
    steady = np.diff(starts)[4:]
    assert set(steady.tolist()) == {16.0 * 72}
    assert float(ends[-1] - starts[-1]) == 16.0


def test_few_channels_take_two_columns_an_operation() -> None:
    config = layer("lenetc_conv1_dc").conv
    assert config is not None
    work = Convolution(config, FAST, 0)
    assert work.op_columns.tolist() == [2, 2, 1] * 5
    assert work.op_bytes.tolist() == work.op_columns.tolist()
    assert set(np.diff(work.issue_times()[0])[40:-40].tolist()) == {16.0 * 15}
    apart = replace(config, csc=replace(config.csc, dilation_x=3))
    assert Convolution(apart, FAST, 0).op_columns.tolist() == [1] * 25


def test_narrow_kernels_are_loaded_two_a_cycle() -> None:
    config = layer("lenetc_fc2").conv
    assert config is not None and (config.csc.channels, config.csc.kernels) == (500, 10)
    work = Convolution(config, FAST, 0)
    assert work._load_cycles(8).tolist() == [8] * 62 + [4]
    assert work._load_cycles(5).tolist() == [5] * 62 + [3]
    wide = replace(config, csc=replace(config.csc, channels=504))
    assert Convolution(wide, FAST, 0)._load_cycles(5).tolist() == [5] * 63


def test_weights_wait_for_their_place_in_the_ring() -> None:
    config = layer("r50_fc").conv
    assert config is not None
    assert config.csc.weight_banks == 31
    small = replace(config, csc=replace(config.csc, weight_banks=4))
    slow = MemoryTiming(latency=3000, write_latency=1)
    assert predict_end(small, slow) > predict_end(config, slow) * 1.3
    assert predict_end(small, FAST) == pytest.approx(predict_end(config, FAST), rel=0.01)


def predict_end(config: object, memory: MemoryTiming) -> float:
    return float(Convolution(config, memory, 0).issue_times()[1][-1])  # type: ignore[arg-type]


def test_output_end_is_bound_by_the_writes() -> None:
    starts, ends = np.array([0.0, 100.0]), np.array([16.0, 116.0])
    assert output_end(starts, ends, 1) == 116
    assert output_end(starts, ends, 2) == 132
    assert output_end(np.array([0.0, 16.0]), np.array([16.0, 32.0]), 2) == 64


def pooling(**values: int) -> int:
    """Cycles over the input atoms of one surface of 8 lines of 8."""
    sizes = {"width": 8, "height": 8, "channels": 8, "kernel_width": 2, "kernel_height": 2, "stride_width": 2,
             "stride_height": 2, "out_width": 4, "out_height": 4}  # fmt: skip
    config = PdpConfig(**{**sizes, **values}, method=Pooling.MAX)  # type: ignore[arg-type]
    return predict(Layer(pdp=config), FAST) - predict(Layer(cdp=CubeLayout.packed(8, 8, 8)), FAST)


def test_pooling_pays_for_wide_windows_and_rows_without_a_line() -> None:
    plain = pooling()
    # last row and the padded one end with the last line: one leaves alone, of 8 columns
    both = {"stride_width": 1, "stride_height": 1, "pad_right": 1, "pad_bottom": 1, "out_width": 8, "out_height": 8}
    assert pooling(**both) == plain + 8
    # windows every 4 columns from -1 on reach beyond the line: 9 columns a line
    assert pooling(stride_width=4, out_width=3, pad_left=1, pad_right=2) == plain + 8
    # between surfaces the row leaves with the first line of the next one
    assert pooling(**both, channels=16) == plain + 64 + 8


def test_layers_of_a_compiled_network_are_read_from_their_words() -> None:
    layers = [layer_of_registers(entry.registers, entry.units) for entry in zoo.lenet5().layers]
    assert [found.pdp is not None for found in layers] == [True, True, False, False, False]
    assert all(found.conv and found.sdp and found.rdma for found in layers)
    assert [found.conv.csc.kernels for found in layers if found.conv] == [6, 16, 120, 84, 10]


NETWORK_CYCLES = {"lenet5": 16_378, "residual": 34_518}
"""Cycles an image on the RTL, two images in flight, memory latency 32 (`make nets`)."""


@pytest.mark.parametrize("name", NETWORK_CYCLES)
def test_networks_against_the_rtl(name: str) -> None:
    net = next(net for net in networks() if net.name == name)
    data = net.main.data()
    for in_flight in (1, 2):
        options = replace(net.main.options, images_in_flight=in_flight)
        found = predict_network(compile_model(net.main.model(Path()), data.calibration, options), MemoryTiming())
        if in_flight == 1:
            assert found.image == sum(found.alone) > 1.03 * NETWORK_CYCLES[name]
        else:
            assert abs(found.image / NETWORK_CYCLES[name] - 1) < 0.01


@pytest.mark.parametrize("name", BY_NAME)
def test_overlapped_layers_are_never_slower_than_alone(name: str) -> None:
    memory = MemoryTiming()
    assert 0 < predict_overlapped(layer(name), memory) < predict(layer(name), memory)
