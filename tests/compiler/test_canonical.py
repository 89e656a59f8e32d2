"""Models as other exporters write them: channels last, bytes, old opsets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from comparison import floats, pixels
from onnx import TensorProto, helper, numpy_helper
from onnx_builder import Builder

from cocodla.compiler import CompileOptions, compile_model
from cocodla.errors import UserError

CASES = Path(onnx.__file__).parent / "backend" / "test" / "data" / "pytorch-converted"


def channels_last(builder: Builder, flatten: str = "Flatten") -> Builder:
    """A convolution behind a Transpose, then flattened as rows, columns, channels for two fully connected layers."""
    builder.channels = 3
    builder.node("Transpose", perm=[0, 3, 1, 2]).conv(10, (3, 3)).node("Relu").node("Transpose", perm=[0, 2, 3, 1])
    builder.node(flatten, *([builder.constant(np.array([-1, 360]))] if flatten == "Reshape" else []))
    flat = builder.last
    left = builder.node("MatMul", builder.constant(builder.floats(360, 7, scale=0.08))).last
    weight = builder.constant(builder.floats(7, 360, scale=0.08))
    return builder.node("Gemm", inputs=[flat, weight], transB=1).node("Add", left)


@pytest.mark.parametrize("flatten", ["Flatten", "Reshape"])
def test_channels_last(flatten: str, tmp_path: Path) -> None:
    """Nothing is left for the host, pictures are fetched as pixels, and the result is the model's own."""
    path = channels_last(Builder((8, 8, 3), 1), flatten).save(tmp_path / "m.onnx")
    images = pixels((3, 8, 8), 16)
    network = compile_model(path, images, CompileOptions(strict=True, pixel_scale=1 / 255))
    assert network.input.shape == (3, 8, 8) and network.tensors[network.input.tensor].form == "pixels"
    session = onnxruntime.InferenceSession(str(path))
    exact = session.run(None, {"image": (images / np.float32(255)).transpose(0, 2, 3, 1).astype(np.float32)})[0]
    assert np.abs(network.golden_batch(images) - exact).max() < 0.03 * np.abs(exact).max()


def test_channels_last_stay_where_something_else_reads_them(tmp_path: Path) -> None:
    builder = Builder((3, 8, 8), 1).conv(10, (3, 3)).node("Transpose", perm=[0, 2, 3, 1])
    kept = builder.last
    builder.node("Flatten").node("MatMul", builder.constant(builder.floats(360, 7, scale=0.08)))
    model = builder.model()
    model.graph.output.append(helper.make_tensor_value_info(kept, TensorProto.FLOAT, ["N", 6, 6, 10]))
    onnx.save(model, tmp_path / "m.onnx")
    images = floats((3, 8, 8), 16)
    network = compile_model(tmp_path / "m.onnx", images)
    for found, exact in zip(
        network.golden_outputs(images).values(),
        onnxruntime.InferenceSession(str(tmp_path / "m.onnx")).run(None, {"image": images}), strict=True,
    ):  # fmt: skip
        assert np.abs(found - exact).max() < 0.03 * np.abs(exact).max()


def test_bytes(tmp_path: Path) -> None:
    builder = Builder((8, 8, 3), 2)
    builder.node("Cast", to=TensorProto.FLOAT)
    model = channels_last(builder).model()
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    onnx.save(model, tmp_path / "m.onnx")
    images = pixels((3, 8, 8), 16)
    network = compile_model(tmp_path / "m.onnx", images, CompileOptions(strict=True))
    session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"))
    exact = session.run(None, {"image": images.transpose(0, 2, 3, 1)})[0]
    assert np.abs(network.golden_batch(images) - exact).max() < 0.03 * np.abs(exact).max()


def old_model(nodes: list[onnx.NodeProto], opset: int, **constants: np.ndarray) -> onnx.ModelProto:
    """A model x -> y of 5 x 5 images of 5 channels as it was written before opset 7."""
    known = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in constants.items()]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 5, 5, 5])]
    inputs += [helper.make_tensor_value_info(tensor.name, TensorProto.FLOAT, tensor.dims) for tensor in known]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 5, 5, 5])
    graph = helper.make_graph(nodes, "old", inputs, [output], known)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=3)


@pytest.mark.parametrize("opset", [5, 6])
def test_old_opsets_broadcast_along_an_axis(opset: int, tmp_path: Path) -> None:
    """Five channels, rows and columns: only the axis tells which of them a vector belongs to."""
    random = np.random.default_rng(3)
    shift, factor, slope = random.normal(size=5), random.uniform(0.5, 2, 5), random.uniform(0.1, 0.9, 5)
    weight = random.normal(size=(5, 5, 1, 1))
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], kernel_shape=[1, 1]),
        helper.make_node("Add", ["a", "b"], ["s"], broadcast=1, axis=1),
        helper.make_node("Mul", ["s", "f"], ["m"], broadcast=1, axis=1),
        helper.make_node("PRelu", ["m", "p"], ["y"]),
    ]
    onnx.save(old_model(nodes, opset, w=weight, b=shift, f=factor, p=slope), tmp_path / "m.onnx")
    images = floats((5, 5, 5), 16)
    network = compile_model(tmp_path / "m.onnx", images, CompileOptions(strict=True))
    shift, factor, slope = (value[:, None, None] for value in (shift, factor, slope))
    sums = (np.einsum("kc,nchw->nkhw", weight[:, :, 0, 0], images) + shift) * factor
    exact = np.where(sums >= 0, sums, sums * slope)
    assert np.abs(network.golden_batch(images) - exact).max() < 0.03 * np.abs(exact).max()


def test_an_old_operator_that_cannot_be_converted_is_named(tmp_path: Path) -> None:
    nodes = [helper.make_node("Pow", ["x", "e"], ["y"], name="square", broadcast=1)]
    onnx.save(old_model(nodes, 6, e=np.array([2.0])), tmp_path / "m.onnx")
    with pytest.raises(UserError, match="Pow 'square' of opset 6 cannot be converted to opset 7"):
        compile_model(tmp_path / "m.onnx", floats((5, 5, 5)))


def test_cases_exported_from_pytorch(tmp_path: Path) -> None:
    """Opset 6, with weights, inputs and outputs of their own: right, or refused."""
    right = set()
    for folder in sorted(CASES.iterdir()):
        data = folder / "test_data_set_0"
        image, expected = (
            numpy_helper.to_array(onnx.TensorProto.FromString((data / name).read_bytes()))
            for name in ("input_0.pb", "output_0.pb")
        )
        noise = np.random.default_rng(0).normal(size=(7, *image.shape[1:])) * image.std() / 10
        images = np.concatenate([image[:1], image[:1] + noise]).astype(np.float32)
        try:
            network = compile_model(folder / "model.onnx", images)
        except UserError:
            continue
        error = np.abs(network.golden_batch(image[:1]) - expected[:1]).max() / np.abs(expected[:1]).max()
        assert error < 0.025, f"{folder.name}: {error:.3f}"
        right.add(folder.name)
    assert len(right) >= 24
