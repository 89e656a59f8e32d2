"""Random networks through compiler, golden model and onnxruntime, and each network that once came out wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx_builder import Builder

from cocodla.compiler import CompileOptions, compile_model
from cocodla.compiler.frontend.importer import load_model
from cocodla.compiler.original import outputs_of
from cocodla.fuzz.check import check, shrink
from cocodla.fuzz.export import needed
from cocodla.fuzz.networks import random_network

SEEDS = range(60)


@pytest.mark.parametrize("first", SEEDS[::20])
def test_random_networks(first: int, tmp_path: Path) -> None:
    findings = [check(seed, tmp_path) for seed in range(first, first + 20)]
    assert not [f"{f.seed}: {f.kind} {f.text}" for f in findings if not f.good]
    assert sum(f.kind == "equal" for f in findings) >= 12


def test_constants_of_old_opsets_are_floats() -> None:
    """Before opset 9 a Constant has no other type: such networks hold their integers as initializers."""
    old = [model for model in map(random_network, range(200)) if model.opset_import[0].version < 9]
    integers = [model for model in old if any(t.data_type == TensorProto.INT64 for t in model.graph.initializer)]
    nodes = [node for model in old for node in model.graph.node if node.op_type == "Constant"]
    assert integers and nodes and all(node.attribute[0].t.data_type == TensorProto.FLOAT for node in nodes)


@pytest.mark.parametrize(("attributes", "opset"), [({"mode": "DCR"}, 11), ({"mode": "CRD"}, 11), ({}, 7)])
def test_order_of_depth_to_space_needs_its_opset(attributes: dict[str, str], opset: int) -> None:
    """Before opset 11 the operator has no attribute for it."""
    assert needed(helper.make_node("DepthToSpace", ["x"], ["y"], blocksize=2, **attributes), {}) == opset


def test_fault_is_found_and_shrunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cocodla.compiler.passes import fold

    def wrong(graph: object) -> None:
        raise KeyError("t7")

    monkeypatch.setattr("cocodla.compiler.passes.PASSES", [fold.affine_chains, wrong])
    finding = check(3, tmp_path)
    assert finding.kind == "crash" and finding.nodes > 1
    assert shrink(finding, tmp_path).nodes < finding.nodes


def worst_sqnr(builder: Builder, outputs: list[str], folder: Path, options: CompileOptions | None = None) -> float:
    """dB at the worst of some outputs, golden model against onnxruntime."""
    model = builder.model()
    del model.graph.output[:]
    model.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs)
    path = folder / "network.onnx"
    onnx.save(onnx.shape_inference.infer_shapes(model), path)
    shape = [extent.dim_value for extent in builder.input.type.tensor_type.shape.dim[1:]]
    images = np.random.default_rng(5).normal(size=(6, *shape)).astype(np.float32)
    exact = outputs_of(load_model(path), outputs, images)
    got = compile_model(path, images, options).golden_outputs(images)
    worst = np.inf
    for name in outputs:
        noise = float(((got[name].reshape(exact[name].shape) - exact[name]) ** 2).sum())
        worst = min(worst, 10 * np.log10(float((exact[name] ** 2).sum()) / max(noise, 1e-30)))
    return float(worst)


def test_tensor_leaves_in_several_shapes(tmp_path: Path) -> None:
    builder = Builder((4, 6, 5)).conv(8, (3, 3))
    builder.node("Flatten").node("Reshape", builder.constant(np.array([1, -1])), inputs=["t0", "c2"])
    assert worst_sqnr(builder, ["t0", "t1", "t2"], tmp_path) > 30


def test_reshaped_tensor_of_the_host_leaves(tmp_path: Path) -> None:
    builder = Builder((4, 6, 5)).conv(8, (3, 3)).node("Softmax").node("Flatten", inputs=["t1"])
    builder.last = "t1"
    builder.conv(5, (1, 1))
    assert worst_sqnr(builder, ["t2", "t3"], tmp_path) > 30


def test_slopes_of_a_flattened_tensor(tmp_path: Path) -> None:
    builder = Builder((4, 3, 5)).conv(8, (1, 1)).node("Flatten")
    builder.node("PRelu", builder.constant(np.abs(builder.floats(120)))).node(
        "Gemm", builder.constant(builder.floats(120, 9, scale=0.1))
    )
    assert worst_sqnr(builder, ["t3"], tmp_path) > 30


def test_inexact_pooling_behind_a_sum(tmp_path: Path) -> None:
    builder = Builder((3, 10, 12)).node("Concat", "image", axis=1)
    builder.node("AveragePool", kernel_shape=[2, 2], strides=[2, 3])
    assert worst_sqnr(builder, ["t1"], tmp_path) > 30


def test_preprocessing_that_the_host_reads(tmp_path: Path) -> None:
    builder = Builder((8, 6, 6))
    builder.node("Add", builder.constant(np.float32(2.0))).node("Softmax").conv(5, (3, 3))
    assert worst_sqnr(builder, ["t2"], tmp_path) > 30


def test_slice_of_the_input_that_the_host_reads(tmp_path: Path) -> None:
    builder = Builder((16, 6, 6))
    bounds = [builder.constant(np.array([bound])) for bound in (8, 16, 1)]
    builder.node("Slice", *bounds).node("Softmax")
    builder.channels = 8
    builder.conv(5, (3, 3))
    assert worst_sqnr(builder, ["t2"], tmp_path) > 30


def test_part_of_a_tensor_of_the_host_leaves(tmp_path: Path) -> None:
    builder = Builder((8, 6, 6)).conv(16, (3, 3)).node("Softmax")
    builder.node("Slice", *(builder.constant(np.array([bound])) for bound in (0, 8, 1))).node("Relu", inputs=["t1"])
    builder.conv(5, (3, 3))
    assert worst_sqnr(builder, ["t2", "t4"], tmp_path) > 30


def test_concat_across_stages(tmp_path: Path) -> None:
    builder = Builder((8, 6, 6)).conv(8, (3, 3)).node("Softmax").conv(8, (1, 1)).node("Concat", "t0", axis=1)
    assert worst_sqnr(builder, ["t3"], tmp_path) > 30


def test_maximum_of_padded_zeros(tmp_path: Path) -> None:
    builder = Builder((4, 4, 8)).node("Pad", builder_pads := "pads")
    builder.initializers.append(onnx.numpy_helper.from_array(np.array([0, 0, 1, 1, 0, 0, 2, 0]), builder_pads))
    builder.node("MaxPool", kernel_shape=[3, 5], pads=[0, 0, 0, 2], strides=[1, 2])
    assert worst_sqnr(builder, ["t1"], tmp_path) > 30


def test_input_that_the_host_reads_at_the_end(tmp_path: Path) -> None:
    builder = Builder((4, 6, 6)).conv(4, (3, 3), pads=[1, 1, 1, 1]).node("Softmax")
    builder.node("Mul", "image").node("Identity", inputs=["image"])
    assert worst_sqnr(builder, ["t2", "t3"], tmp_path) > 30


def test_relu_of_a_sum_that_a_maximum_reads(tmp_path: Path) -> None:
    """With `asymmetric` the sum's operands would have a zero point, the maximum's may not: the ReLU was misplaced."""
    builder = Builder((8, 6, 6)).conv(8, (3, 3)).node("Relu").node("MaxPool", kernel_shape=[2, 2])
    builder.node("Add", "t2").node("Relu").conv(8, (1, 1)).node("Max", "t4")
    assert worst_sqnr(builder, ["t6"], tmp_path, CompileOptions(asymmetric=True)) > 28


def test_zero_point_of_a_summand_behind_kernels_of_zeros(tmp_path: Path) -> None:
    """Parts of an unaligned Concat are kernels of zeros elsewhere; the bias takes the summand's zero point back."""
    builder = Builder((4, 7, 8)).node("MaxPool", kernel_shape=[4, 4]).node("Concat", "t0", "t0", axis=1).node("Abs")
    assert worst_sqnr(builder, ["t2"], tmp_path, CompileOptions(asymmetric=True)) > 30
