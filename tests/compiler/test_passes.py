"""Passes leave what the graph computes unchanged, and one that does not is named at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from onnx_builder import Builder, small_network

from cocodla.compiler import CompileOptions, original, passes, reference
from cocodla.compiler.frontend import importer
from cocodla.compiler.ir import ActivationFunction, Conv, Graph, Pool
from cocodla.compiler.passes import move
from cocodla.errors import UserError


def verified(builder: Builder, path: Path) -> tuple[Graph, passes.Verifier]:
    """A freshly imported graph with its verifier."""
    return verified_model(builder.model(), path)


def verified_model(model: onnx.ModelProto, path: Path) -> tuple[Graph, passes.Verifier]:
    onnx.save(model, path / "m.onnx")
    imported = importer.import_model(importer.load_model(path / "m.onnx"), "m", CompileOptions())
    graph = imported.graph
    images = np.random.default_rng(0).normal(size=(3, *graph.shapes[graph.input])).astype(np.float32)
    outputs = list(graph.outputs)
    return graph, passes.Verifier(images, lambda x: original.outputs_of(imported.model, outputs, x))


def optimised(builder: Builder, path: Path) -> Graph:
    graph, verifier = verified(builder, path)
    passes.run_passes(graph, verifier)
    return graph


def normalised(builder: Builder, channels: int) -> Builder:
    positive = np.abs(builder.floats(channels)) + 0.5
    parameters = [builder.floats(channels), builder.floats(channels), builder.floats(channels), positive]
    return builder.node("BatchNormalization", *map(builder.constant, parameters))


def test_batch_normalisation_scales_and_bias_fold_into_one_convolution(tmp_path: Path) -> None:
    builder = Builder((3, 9, 9)).conv(6, (3, 3), bias=False)
    normalised(builder, 6).node("Mul", builder.constant(builder.floats(1, 6, 1, 1)))
    builder.node("Add", builder.constant(builder.floats(6, 1, 1))).node("Relu")
    graph = optimised(builder, tmp_path)
    assert [type(node) for node in graph.nodes] == [Conv]


def test_normalisation_before_a_convolution_folds_only_without_padding(tmp_path: Path) -> None:
    plain = normalised(Builder((4, 9, 9)).node("MaxPool", kernel_shape=[2, 2]), 4).conv(5, (3, 3))
    padded = normalised(Builder((4, 9, 9)).node("MaxPool", kernel_shape=[2, 2]), 4).conv(5, (3, 3), pads=[0, 0, 1, 1])
    assert [type(node) for node in optimised(plain, tmp_path).nodes] == [Pool, Conv]
    assert [type(node) for node in optimised(padded, tmp_path).nodes] == [Pool, Conv, Conv]


def test_input_preprocessing_joins_the_input(tmp_path: Path) -> None:
    builder = Builder((3, 8, 8))
    builder.node("Div", builder.constant(np.float32(255)))
    builder.node("Sub", builder.constant(np.array([0.4, 0.5, 0.6], np.float32).reshape(3, 1, 1)))
    graph = optimised(builder.conv(4, (3, 3), pads=[1, 1, 1, 1]), tmp_path)
    assert [type(node) for node in graph.nodes] == [Conv]
    assert graph.input_map is not None
    np.testing.assert_allclose(graph.input_map.scale, 1 / 255, rtol=1e-6)


def test_input_with_a_second_reader_is_not_folded(tmp_path: Path) -> None:
    builder = Builder((2, 8, 8)).node("Mul", "two").node("Relu", inputs=["image"]).conv(2, (1, 1))
    builder.initializers.append(numpy_helper.from_array(np.float32(2), "two"))
    model = builder.model()
    model.graph.output.append(onnx.ValueInfoProto(name="t0", type=model.graph.output[0].type))
    graph, verifier = verified_model(model, tmp_path)
    passes.run_passes(graph, verifier)
    assert graph.input_map is None
    assert len(graph.nodes) == 3


def test_pooling_joins_and_rows_no_window_reaches_are_not_computed(tmp_path: Path) -> None:
    builder = Builder((4, 14, 15)).conv(4, (1, 1)).node("MaxPool", kernel_shape=[3, 3], strides=[3, 3])
    (node,) = optimised(builder, tmp_path).nodes
    assert isinstance(node, Conv) and node.pool is not None
    assert node.size == (12, 15)


def test_pooling_wider_than_the_line_buffer_stays_alone(tmp_path: Path) -> None:
    builder = Builder((4, 4, 40)).conv(4, (1, 1)).node("MaxPool", kernel_shape=[3, 3], strides=[1, 1])
    assert [type(node) for node in optimised(builder, tmp_path).nodes] == [Conv, Pool]


def test_convolution_read_twice_keeps_its_own_output(tmp_path: Path) -> None:
    builder = Builder((4, 8, 8)).conv(4, (1, 1))
    shared = builder.last
    builder.node("Softmax").node("Relu", inputs=[shared])
    model = builder.model()
    model.graph.output.append(onnx.ValueInfoProto(name="t1", type=model.graph.output[0].type))
    graph, verifier = verified_model(model, tmp_path)
    assert set(graph.outputs) == {shared, "t2"}
    passes.run_passes(graph, verifier)
    assert [type(node) for node in graph.nodes] == [Conv, Conv]


def test_flatten_orders_weights_like_the_image(tmp_path: Path) -> None:
    graph = optimised(Builder((3, 4, 5)).conv(7, (2, 2)).node("Relu").gemm(7 * 3 * 4, 6), tmp_path)
    last = graph.nodes[-1]
    assert isinstance(last, Conv)
    assert last.weight.shape == (6, 7, 3, 4)


@pytest.mark.parametrize("target", ["weight", "bias"])
def test_wrong_pass_is_named(target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph, verifier = verified(small_network(), tmp_path)

    def faulty(graph: Graph) -> None:
        node = next(node for node in graph.nodes if isinstance(node, Conv))
        setattr(node, target, getattr(node, target) * 1.01)

    monkeypatch.setattr(passes, "PASSES", (*passes.PASSES[:5], faulty, *passes.PASSES[5:]))
    with pytest.raises(passes.PassError, match=r"pass test_passes\.faulty: output"):
        passes.run_passes(graph, verifier)


def test_malformed_graph_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph, verifier = verified(small_network(), tmp_path)

    def forgetful(graph: Graph) -> None:
        graph.nodes.pop(0)

    monkeypatch.setattr(passes, "PASSES", (forgetful,))
    with pytest.raises(passes.PassError, match=r"forgetful: .* reads"):
        passes.run_passes(graph, verifier)


def test_a_small_difference_of_large_tensors_passes(tmp_path: Path) -> None:
    """What float32 rounding leaves of x - lrn(x), far below x, is no fault of a pass."""
    builder = Builder((8, 6, 6)).conv(8, (3, 3))
    large = builder.last
    builder.node("LRN", size=5, alpha=1e-6).node("Sub", large)
    graph, verifier = verified(builder, tmp_path)
    passes.run_passes(graph, verifier)


def test_scales_behind_an_activation_join_the_convolution(tmp_path: Path) -> None:
    """A hard sigmoid as exporters write it: relu6(x + 3) / 6."""
    builder = Builder((4, 8, 8)).conv(4, (1, 1)).node("Add", "three").node("Clip", "zero", "six").node("Div", "six")
    builder.initializers += [
        onnx.numpy_helper.from_array(np.float32(value), name) for name, value in (("zero", 0), ("three", 3), ("six", 6))
    ]
    (node,) = optimised(builder, tmp_path).nodes
    assert isinstance(node, Conv) and node.activation == ActivationFunction(high=1.0)
    builder = Builder((4, 8, 8)).conv(4, (1, 1)).node("Relu")
    (node,) = optimised(builder.node("Mul", builder.constant(np.full((4, 1, 1), 0.3, np.float32))), tmp_path).nodes
    assert isinstance(node, Conv) and node.activation == ActivationFunction()


@pytest.mark.parametrize("factors", [[1, 2, -1, 1], [1, 0, 1, 1]])
def test_scales_that_are_not_positive_stay_behind_a_relu(factors: list[float], tmp_path: Path) -> None:
    builder = Builder((4, 8, 8)).conv(4, (1, 1)).node("Relu")
    graph = optimised(builder.node("Mul", builder.constant(np.array(factors, np.float32)[:, None, None])), tmp_path)
    assert len(graph.nodes) == 2


def amplifier(gain: float) -> Builder:
    """sin(gain * x) twice: what float32 leaves of x is seen in the output, the larger the gain the more."""
    builder = Builder((1, 6, 6)).conv(1, (1, 1))
    for _ in range(2):
        builder.node("Mul", builder.constant(np.float32(gain))).node("Sin")
    return builder.conv(1, (1, 1))


def test_noise_of_floats_is_told_from_a_wrong_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that amplifies roundings beyond the fixed bound passes; a layer that is off by 2 % does not."""
    graph, verifier = verified(amplifier(60.0), tmp_path)

    def rounding(graph: Graph) -> None:
        node = next(node for node in graph.nodes if isinstance(node, Conv))
        node.weight = node.weight * (1 + 2.0**-23)

    monkeypatch.setattr(passes, "PASSES", (rounding,))
    monkeypatch.setattr(passes, "TOLERANCE", 1e-9)  # as if the fixed bounds were too narrow for it
    monkeypatch.setattr(passes, "ROUNDING", 0.0)
    passes.run_passes(graph, verifier)
    assert max(verifier.noise.values()) > 0

    def faulty(graph: Graph) -> None:
        node = [node for node in graph.nodes if isinstance(node, Conv)][-1]
        node.weight = node.weight * 1.02

    monkeypatch.setattr(passes, "PASSES", (faulty,))
    with pytest.raises(passes.PassError, match="changed by"):
        passes.run_passes(graph, verifier)


def test_another_shape_in_onnxruntime_is_one_line(tmp_path: Path) -> None:
    graph, verifier = verified(small_network(), tmp_path)
    verifier.expected = {name: value[..., :1] for name, value in verifier.expected.items()}
    with pytest.raises(UserError, match="onnxruntime makes"):
        passes.run_passes(graph, verifier)


@pytest.mark.parametrize("picks", [1, 2, 3, 4])
def test_chains_of_picks_join_the_convolution_before(picks: int, tmp_path: Path) -> None:
    """A pass that absorbs a node goes on with its reader, and never works on a node it has taken out."""
    builder = Builder((4, 6, 7)).conv(9, (3, 3))
    graph, verifier = verified(builder, tmp_path)
    (first,) = graph.nodes
    random = np.random.default_rng(picks)
    for index in range(picks):
        source, target = graph.nodes[-1].output, f"picked{index}"
        weight = np.eye(9)[random.permutation(9)][:, :, None, None]
        size = graph.shapes[source][1:]
        graph.nodes.append(Conv(f"pick{index}", [source], target, weight, np.zeros(9), (1, 1), (0, 0), size))
        graph.shapes[target] = graph.shapes[source]
    graph.outputs = [target]
    image = verifier.images
    wanted = reference.run(graph, image)[target]
    move.picks_into_layer_before(graph)
    assert graph.nodes == [first] and first.output == target and set(graph.shapes) == {graph.input, target}
    np.testing.assert_allclose(reference.run(graph, image)[target], wanted, atol=1e-5)
