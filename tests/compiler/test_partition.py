"""Networks of which the host runs a part, at the end or in the middle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx_builder import Builder

from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.compiler.frontend.importer import load_model
from cocodla.compiler.original import outputs_of
from cocodla.errors import UserError
from cocodla.golden.run import run
from cocodla.report.annotate import placement
from cocodla.report.compiled import folded


def compiled(builder: Builder, path: Path, images: np.ndarray, options: CompileOptions | None = None) -> Network:
    """The compiled network, its results close to onnxruntime, and the same after saving and loading."""
    file = builder.save(path / "m.onnx")
    network = compile_model(file, images, options or CompileOptions())
    network.save(path / "m.dla")
    network = Network.load(path / "m.dla")
    model = onnx.load(file)
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    name = model.graph.output[0].name
    exact = outputs_of(model, [name], images)[name]
    got = network.golden_batch(images)
    assert got.shape == exact.shape
    assert 10 * np.log10((exact**2).sum() / ((exact - got) ** 2).sum()) > 20
    return network


def images(*shape: int, count: int = 6) -> np.ndarray:
    return np.random.default_rng(3).normal(size=(count, *shape)).astype(np.float32)


def skip(builder: Builder) -> Builder:
    """conv(elu(x)) + x: the sum reads one tensor of each stage."""
    start = builder.conv(9, (3, 3)).last
    builder.node("LogSoftmax").conv(9, (1, 1)).node("Relu")
    return builder.node("Add", inputs=[builder.last, start])


def concat_of_stages(builder: Builder) -> Builder:
    """Concat of a tensor before and one behind the host, read by both stages."""
    start = builder.conv(8, (3, 3)).last
    early = builder.conv(5, (1, 1)).last
    builder.node("LogSoftmax", inputs=[start])
    builder.channels = 8
    late = builder.conv(8, (1, 1)).last
    builder.node("Concat", inputs=[late, early], axis=1)
    builder.channels = 13
    return builder.conv(4, (3, 3))


def softmax_of_channels(builder: Builder) -> Builder:
    """Two branches through the host at the same level."""
    start = builder.conv(8, (3, 3)).last
    one = builder.node("Softmax", axis=1).last
    two = builder.node("LpNormalization", inputs=[start]).last
    builder.node("Add", inputs=[one, two])
    return builder.conv(6, (3, 3)).gemm(6 * 16, 5)


def parts_of_host(builder: Builder) -> Builder:
    """A tensor of the host is split: one part goes on, the other one straight back to the host."""
    builder.conv(9, (3, 3)).node("LogSoftmax").node("Split", builder.constant(np.array([8, 1])), axis=1)
    builder.nodes[-1].output.append("one")
    back = builder.node("LpNormalization").last
    builder.last, builder.channels = "one", 1
    return builder.conv(8, (1, 1)).node("Mul", inputs=[builder.last, back])


CASES: dict[str, tuple[tuple[int, ...], Callable[[Builder], Builder], int, list[str]]] = {
    "tail": ((8, 8, 8), lambda b: b.conv(4, (3, 3)).node("LogSoftmax"), 1, ["LogSoftmax"]),
    "middle": ((8, 8, 8), lambda b: b.conv(9, (3, 3)).node("Softmax").conv(4, (3, 3)).node("Relu"), 2, ["Softmax"]),
    "twice": (
        (8, 8, 8),
        lambda b: b.conv(9, (3, 3)).node("LogSoftmax").conv(4, (3, 3)).node("LpNormalization").conv(4, (1, 1)),
        3, ["LogSoftmax", "LpNormalization"],
    ),
    "first": ((6, 7, 3), lambda b: transposed(b), 1, ["Transpose"]),
    "skip": ((8, 8, 8), skip, 2, ["LogSoftmax"]),
    "concat": ((8, 8, 8), concat_of_stages, 2, ["LogSoftmax"]),
    "branches": ((8, 8, 8), softmax_of_channels, 2, ["Softmax", "LpNormalization"]),
    "parts": ((8, 8, 8), parts_of_host, 2, ["LogSoftmax", "LpNormalization", "Mul"]),
    "vector": (
        (8, 8, 8), lambda b: b.gemm(512, 12).node("Softmax").node("Gemm", b.constant(b.floats(12, 5))), 2, ["Softmax"],
    ),
    "found_late": (
        (8, 60, 60),
        lambda b: b.conv(8, (3, 3)).node("MaxPool", kernel_shape=[20, 20], strides=[17, 17]).conv(8, (2, 2)),
        2, ["MaxPool"],
    ),
}  # fmt: skip


def transposed(builder: Builder) -> Builder:
    builder.node("Transpose", perm=[0, 2, 1, 3])
    builder.channels = 7
    return builder.conv(8, (3, 3)).node("Relu")


@pytest.mark.parametrize("in_flight", [1, 2])
@pytest.mark.parametrize("case", CASES)
def test_partition(case: str, in_flight: int, tmp_path: Path) -> None:
    shape, build, stages, operators = CASES[case]
    builder = build(Builder(shape, seed=5))
    data = images(*shape)
    network = compiled(builder, tmp_path, data, CompileOptions(images_in_flight=in_flight))
    assert network.stages == stages
    assert [entry["operator"] for entry in network.meta["host"]] == operators
    assert all(entry["reason"] for entry in network.meta["host"])
    for program in network.programs(data[:3]):
        assert run(program).passed


@pytest.mark.parametrize("case", CASES)
def test_strict_refuses_what_the_host_would_do(case: str, tmp_path: Path) -> None:
    shape, build, _, operators = CASES[case]
    path = build(Builder(shape, seed=5)).save(tmp_path / "m.onnx")
    with pytest.raises(UserError, match=operators[0]):
        compile_model(path, images(*shape), CompileOptions(strict=True))


def test_one_program_is_refused_where_there_are_several(tmp_path: Path) -> None:
    shape, build, _, _ = CASES["middle"]
    network = compiled(build(Builder(shape, seed=5)), tmp_path, images(*shape))
    with pytest.raises(UserError, match="needs 2 programs"):
        network.program(images(*shape))


def diamond(builder: Builder) -> Builder:
    """Two branches that need the host after one layer and after two: it runs once for both."""
    start = builder.conv(8, (3, 3), pads=[1, 1, 1, 1]).last
    first = builder.node("Softmax").conv(8, (1, 1)).last
    builder.node("Identity", inputs=[start])
    builder.conv(8, (1, 1)).node("LogSoftmax").conv(8, (1, 1))
    return builder.node("Add", inputs=[builder.last, first])


def island(builder: Builder) -> Builder:
    """A ReLU and a product between two host operators: no reason to leave the host."""
    start = builder.conv(8, (3, 3)).last
    builder.node("Softmax").node("Relu")
    builder.node("Mul", inputs=[builder.last, start])
    return builder.node("LogSoftmax").conv(4, (1, 1))


def product_beside_work(builder: Builder) -> Builder:
    """The accelerator has work in the stage of the product: it makes the product, too."""
    start = builder.conv(8, (3, 3)).node("Softmax").last
    work = builder.conv(8, (1, 1)).last
    builder.node("Mul", inputs=[work, start])
    return builder.node("LogSoftmax").conv(4, (1, 1))


@pytest.mark.parametrize(("grow", "runs", "on_host"), [
    (diamond, 1, ["Softmax", "LogSoftmax"]), (island, 1, ["LogSoftmax", "Mul", "Relu", "Softmax"]),
    (product_beside_work, 2, ["Softmax", "LogSoftmax"]),
])  # fmt: skip
def test_the_host_runs_as_rarely_as_it_can(
    grow: Callable[[Builder], Builder], runs: int, on_host: list[str], tmp_path: Path
) -> None:
    network = compiled(grow(Builder((3, 8, 8))), tmp_path, images(3, 8, 8))
    assert network.host_runs == runs and network.stages == runs + 1
    assert sorted(entry["operator"] for entry in network.meta["host"]) == sorted(on_host)


def test_annotation_of_host_operators_in_the_middle(tmp_path: Path) -> None:
    network = compiled(island(Builder((3, 8, 8))), tmp_path, images(3, 8, 8))
    places = placement(network, load_model(tmp_path / "m.onnx"))
    model = onnx.load(tmp_path / "m.onnx")
    for node in model.graph.node:
        assert (places[node.output[0]] == "host") == (node.op_type != "Conv"), node.name


def one_pixel(builder: Builder, kernels: int) -> Builder:
    """A network, host operators, a convolution of one pixel, host operators again."""
    builder.conv(32, (3, 3)).node("Relu").conv(32, (3, 3)).node("GlobalAveragePool").node("LogSoftmax", axis=1)
    builder.conv(kernels, (1, 1), bias=False).node("Relu")
    return builder.node("LogSoftmax", axis=1)


def test_no_run_for_a_negligible_part(tmp_path: Path) -> None:
    small = compiled(one_pixel(Builder((8, 20, 20)), 2), tmp_path, images(8, 20, 20))
    assert small.stages == 1 and small.host_runs == 1
    assert any("0.00% of the multiplications" in entry["reason"] for entry in small.meta["host"])
    large = compiled(one_pixel(Builder((8, 20, 20)), 256), tmp_path, images(8, 20, 20))
    assert large.stages == 2 and large.host_runs == 2


def test_a_block_of_host_operators_is_one_line(tmp_path: Path) -> None:
    """What runs on the host only because of the operator before it is told with that."""
    builder = Builder((8, 8, 8)).conv(8, (3, 3)).node("Softmax", axis=1).node("Relu").node("Mul", "t1").node("Exp")
    network = compiled(builder, tmp_path, images(8, 8, 8))
    assert len(network.meta["host"]) == 4
    (line,) = folded(network.meta["host"])
    assert line.startswith("Softmax 'softmax1': ") and "3 operators behind it" in line


def test_what_the_host_makes_is_fetched_once(tmp_path: Path) -> None:
    """An operator that reads one tensor of the host twice gets it from one run."""
    builder = Builder((8, 6, 6)).conv(8, (3, 3), pads=[1] * 4).node("LogSoftmax")
    builder.node("Add", inputs=[builder.last, builder.last]).conv(8, (3, 3))
    network = compiled(builder, tmp_path, images(8, 6, 6))
    assert len(network.steps) == 1
