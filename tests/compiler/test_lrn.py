"""Local response normalisation: table errors against exact results, rules, loading of tables, networks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from cocodla import zoo
from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.compiler.frontend import importer
from cocodla.compiler.ir import Lrn, LrnFunction, Quantisation
from cocodla.compiler.limits import Refused
from cocodla.compiler.quantisation.ideal import ideal_codes
from cocodla.compiler.quantisation.lrn import QuantisedLrn, normalisation
from cocodla.compiler.reference import normalise
from cocodla.errors import UserError
from cocodla.golden.device import Device
from cocodla.golden.rules import RuleViolation
from cocodla.golden.run import run
from cocodla.nets import oracle
from cocodla.nets.builder import Builder
from cocodla.program.commands import WaitInterrupt, WriteRegister
from cocodla.program.program import Program
from cocodla.registers import MAP
from cocodla.report.annotate import placement
from cocodla.report.compiled import describe
from cocodla.runtime.quality import Study, measure_quality

DIFFERING = {0.1: 0.002, 1.0: 0.002, 10.0: 0.005, 30.0: 0.01, 300.0: 0.04}
"""Steepness (alpha / size times the largest sum of squares, over bias) -> share of outputs that may be not ideal."""
DATA = MAP["CDP.S_LUT_ACCESS_DATA"].address


def quantised(steepness: float, size: int, beta: float, zero: int, scale: float = 0.03) -> QuantisedLrn:
    """A layer whose output range is what Laplacian inputs give."""
    peak = max(127 - zero, 128 + zero)
    function = LrnFunction(size, steepness * 2.0 / (scale * peak) ** 2, beta, 2.0)
    source = Quantisation(scale, zero)
    real = normalise(source.dequantise(codes(zero)).astype(np.float64), function)
    out = Quantisation(float(np.abs(real).max()) / (255 if zero else 127), zero)
    return normalisation(Lrn("lrn", ["x"], "y", function), (32, 6, 6), source, out)


def codes(zero: int) -> np.ndarray:
    """Laplacian int8 codes (4, 32, 6, 6), never negative with a zero point, that use the whole range."""
    values = np.random.default_rng(7).laplace(size=(4, 32, 6, 6))
    values = np.abs(values) if zero else values
    span = 255 if zero else 127
    return np.clip(np.rint(values / np.abs(values).max() * span) + zero, -128, 127).astype(np.int8)


@pytest.mark.parametrize("zero", [0, -128])
@pytest.mark.parametrize("size", [3, 5, 7, 9])
@pytest.mark.parametrize("steepness", DIFFERING)
def test_share_of_outputs_other_than_ideal(steepness: float, size: int, zero: int) -> None:
    for beta in (0.5, 0.75, 1.0):
        layer = quantised(steepness, size, beta, zero)
        got = oracle.normalise(codes(zero), layer)
        ideal = ideal_codes(layer, [codes(zero)], {"x": Quantisation(0.03, zero)})
        distance = np.abs(got - ideal.astype(np.int64))
        assert distance.max() <= 1
        assert (distance > 0).mean() <= DIFFERING[steepness], f"beta {beta}: {(distance > 0).mean():.3%}"


@pytest.mark.parametrize("zero", [0, -128, 37])
@pytest.mark.parametrize("beta", [-0.5, 0.0, 0.75, 2.0])
def test_the_error_told_bounds_all_sums_and_values(beta: float, zero: int) -> None:
    """Every sum of squares with the largest element it can belong to, over the whole range of both tables."""
    layer = quantised(60.0, 3, beta, zero)
    peak = max(127 - zero, 128 + zero)
    total = np.arange(1, 3 * peak**2 + 1)
    y = np.minimum(np.floor(np.sqrt(total)), peak)
    inside = (total > layer.le.start) & (total <= layer.le.end)
    value = np.where(inside, oracle.look_up(layer.le, total), oracle.look_up(layer.lo, total))
    got = (value * y - layer.offset) * layer.scale / 2.0**layer.shift
    function = layer.function
    exact = 0.03 * y / (function.bias + function.alpha / function.size * 0.03**2 * total) ** function.beta
    exact = exact / layer.out.scale + zero
    within = exact <= 128
    assert np.abs(got - exact)[within].max() <= layer.error
    assert layer.error < 1


def test_both_tables_end_where_the_other_begins() -> None:
    for steepness in (0.1, 5.0, 300.0):
        layer = quantised(steepness, 5, 0.75, 0)
        fine, coarse = sorted((layer.le, layer.lo), key=lambda table: table.start)
        assert fine.start == 0 and coarse.start == fine.end and coarse.end >= 5 * 128**2
        assert (len(layer.le.entries), len(layer.lo.entries)) == (65, 257)


def test_a_curve_too_steep_is_refused() -> None:
    with pytest.raises(Refused, match=r"look-up tables would be .* output steps off"):
        quantised(1e5, 5, 0.75, 0)


@pytest.mark.parametrize(("attributes", "reason"), [
    ({"size": 11}, "size must be 3, 5, 7 or 9, it is 11"),
    ({"size": 1}, "size must be 3, 5, 7 or 9, it is 1"),
    ({"size": 3, "bias": -1.0}, "bias must be above 0, it is -1"),
    ({"size": 3, "alpha": -0.5}, "alpha must be at least 0, it is -0.5"),
])  # fmt: skip
def test_what_the_unit_cannot_do_goes_to_the_host(attributes: dict[str, float], reason: str) -> None:
    builder = Builder((8, 4, 4)).conv(8, (1, 1)).node("LRN", **attributes)
    imported = importer.import_model(builder.model(), "m", CompileOptions())
    assert [(entry.operator, entry.reason) for entry in imported.placements] == [("LRN", reason)]


def test_an_even_size_is_refused_with_its_node() -> None:
    builder = Builder((8, 4, 4)).conv(8, (1, 1)).node("LRN", size=4)
    with pytest.raises(UserError, match="LRN 'lrn1': size must be odd, it is 4"):
        importer.import_model(builder.model(), "m", CompileOptions())


def compiled(build: Callable[[Builder], object], path: Path, flight: int) -> tuple[Network, Program]:
    """A network of LRN layers that has run on the Device, which refuses writes of tables in use."""
    builder = Builder((16, 6, 6), 5)
    build(builder)
    images = np.random.default_rng(2).normal(size=(4, 16, 6, 6)).astype(np.float32)
    network = compile_model(builder.save(path / "m.onnx"), images, CompileOptions(images_in_flight=flight))
    network.save(path / "m.dla")
    program = Network.load(path / "m.dla").program(images)
    assert program.commands == network.program(images).commands
    assert run(program).passed
    return network, program


def loads(program: Program) -> int:
    """How many table entries a program writes."""
    return sum(isinstance(c, WriteRegister) and c.address == DATA for c in program)


@pytest.mark.parametrize("flight", [1, 2])
def test_one_table_is_loaded_once(flight: int, tmp_path: Path) -> None:
    network, program = compiled(lambda b: b.node("LRN", size=5, alpha=1.0).conv(8, (1, 1)), tmp_path, flight=flight)
    assert loads(program) == 65 + 257
    found = describe(network)["layers"]
    assert [layer["operation"] for layer in found] == ["lrn5", "conv1x1"]
    fine, coarse = sorted(found[0]["tables"].values())
    assert fine[0] == 0 and fine[1] == coarse[0] < coarse[1] and not found[1]["tables"]


@pytest.mark.parametrize("flight", [1, 2])
def test_tables_of_neighbouring_layers_wait_for_each_other(flight: int, tmp_path: Path) -> None:
    network, program = compiled(
        lambda b: b.node("LRN", size=3, alpha=1.0).node("LRN", size=5, alpha=9.0, beta=1.0), tmp_path, flight=flight
    )
    assert [layer.operation for layer in network.layers] == ["lrn3", "lrn5"]
    assert network.layers[0].tables != network.layers[1].tables
    assert loads(program) > 65 + 257
    waits = [isinstance(command, WaitInterrupt) for command in program]
    assert sum(waits) == 8


def test_writing_a_table_in_use_is_a_violation() -> None:
    device = Device()
    device.write_register(MAP["CDP.D_OP_ENABLE"].address, 1)
    device.write_register(MAP["CDP.S_LUT_ACCESS_DATA"].address, 1)  # the layer waits for its reader
    device.write_register(MAP["CDP_RDMA.D_OP_ENABLE"].address, 1)
    with pytest.raises(RuleViolation, match=r"CDP\.S_LUT_ACCESS_DATA written while a CDP layer runs"):
        device.write_register(MAP["CDP.S_LUT_ACCESS_DATA"].address, 1)


def test_host_takes_over_where_tables_do_not_do(tmp_path: Path) -> None:
    """Found at quantisation only; the rest stays on the accelerator and the result is right."""
    builder = Builder((8, 5, 5), 1).conv(8, (3, 3)).node("LRN", size=3, alpha=1e6).conv(4, (1, 1))
    images = np.random.default_rng(2).normal(size=(6, 8, 5, 5)).astype(np.float32)
    path = builder.save(tmp_path / "m.onnx")
    network = compile_model(path, images)
    assert network.stages == 2 and "look-up tables" in network.meta["host"][0]["reason"]
    with pytest.raises(UserError, match=r"LRN 'lrn1': the look-up tables"):
        compile_model(path, images, CompileOptions(strict=True))


def test_alexnet_in_small(tmp_path: Path) -> None:
    """Layers, quality of each, annotation; channels that do not fill a surface."""
    path = tmp_path / "alexnet.onnx"
    model = zoo.alexnet(67, seed=3, width=1 / 16, classes=10)
    onnx.save(model, path)
    pictures = np.random.default_rng(4).integers(0, 256, (10, 3, 67, 67), dtype=np.uint8)
    study = Study.of(path, pictures[:6], CompileOptions(pixel_scale=1.0))
    operations = [layer.operation for layer in study.network.layers]
    assert operations.count("lrn5") == 2 and operations.count("maxpool3x3") == 2
    assert [entry["operator"] for entry in study.network.meta["host"]] == ["Softmax"]
    quality = {layer.operation: layer for layer in measure_quality(study, pictures[6:])}
    assert quality["lrn5"].distance <= 1 and quality["lrn5"].differing <= 0.003
    assert quality["lrn5"].own.sqnr > 35 and quality["fc10"].total.sqnr > 25
    assert placement(study.network, model)["t3"] == "accelerator: lrn3 (lrn5)"


def test_alexnet_has_a_smallest_size() -> None:
    with pytest.raises(UserError, match="at least 67 x 67, not 66"):
        zoo.alexnet(66)
