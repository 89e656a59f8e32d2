"""Integer inputs and outputs are codes; codes of whole networks against onnxruntime's integers, layer by layer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto
from qdq_builder import QdqBuilder

from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.compiler.quantisation.layers import QuantisedConv
from cocodla.errors import UserError
from cocodla.runtime.accuracy import measure
from cocodla.runtime.diverge import search
from cocodla.runtime.integers import against_onnxruntime
from cocodla.runtime.quality import Study

KINDS = (np.int8, np.uint8)


def integer_model(
    path: Path, kind: type, zero: int = 3, shape: tuple[int, ...] = (8, 6, 6), last: bool = False
) -> Path:
    """Codes in; codes out, or with `last` real values. Channels last if the input has 3."""
    b = QdqBuilder(shape, seed=1)
    b.input.type.tensor_type.elem_type = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    if shape[-1] == 3:
        b.node("Transpose", perm=[0, 3, 1, 2])
        b.channels = 3
    middle = 0 if kind is np.int8 else 128
    b.node("DequantizeLinear", b.constant(np.float32(0.0311)), b.constant(np.array(zero + middle, kind)))
    b.qconv(8, 3).node("Relu").codes(0.0311, -128)
    b.qconv(5, 1).codes(0.0523, 7 + middle, kind)
    if not last:
        del b.nodes[-1]
        b.last = b.nodes[-1].output[0]
    model = b.model()
    if not last:
        model.graph.output[0].type.tensor_type.elem_type = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    onnx.save(model, path)
    return path


def in_onnxruntime(path: Path, codes: np.ndarray) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), options)
    return np.concatenate([session.run(None, {session.get_inputs()[0].name: image[None]})[0] for image in codes])


def draw(kind: type, *shape: int) -> np.ndarray:
    info = np.iinfo(kind)
    return np.random.default_rng(4).integers(info.min, info.max + 1, shape).astype(kind)


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_codes_go_in_and_out(kind: type, last: bool, tmp_path: Path) -> None:
    """Without calibration data; real values mean the same as their codes, and a saved network the same as before."""
    path = integer_model(tmp_path / "m.onnx", kind, last=last)
    network = compile_model(path, None, CompileOptions(strict=True))
    codes = draw(kind, 8, 8, 6, 6)
    got, wanted = network.golden_batch(codes), in_onnxruntime(path, codes)
    assert got.dtype == wanted.dtype and got.shape == wanted.shape
    step = 0.0523 if last else 1
    off = np.abs(got.astype(float) - wanted) / step
    assert off.max() <= 1.01 and (off > 0.5).mean() < 0.002
    middle = 0 if kind is np.int8 else 128
    reals = ((codes.astype(np.float32) - middle - 3) * np.float32(0.0311)).astype(np.float32)
    assert (network.golden_batch(reals) == got).all()
    network.save(tmp_path / "m.dla")
    assert (Network.load(tmp_path / "m.dla").golden_batch(codes) == got).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_byte_of_a_picture_is_a_code(kind: type, tmp_path: Path) -> None:
    """Of a uint8 input as it is, of an int8 input less 128, as TFLite's converter has it; fetched as pixels."""
    path = integer_model(tmp_path / "m.onnx", kind, zero=-128, shape=(6, 6, 3))
    network = compile_model(path, None, CompileOptions(strict=True))
    assert network.tensors[network.input.tensor].form == "pixels"
    pictures = draw(np.uint8, 8, 3, 6, 6)
    codes = (pictures.astype(np.int16) - (128 if kind is np.int8 else 0)).astype(kind)
    got = network.golden_batch(pictures)
    assert (network.golden_batch(codes) == got).all()
    wanted = in_onnxruntime(path, codes.transpose(0, 2, 3, 1))
    assert np.abs(got.astype(int) - wanted).max() <= 1 and (got != wanted).mean() < 0.002
    told = compile_model(path, None, CompileOptions(strict=True, pixel_scale=0.0311 / 2))
    assert (told.golden_batch(pictures) != got).any()  # the user's word goes before


def test_codes_of_another_type_are_refused(tmp_path: Path) -> None:
    network = compile_model(integer_model(tmp_path / "m.onnx", np.uint8), None)
    with pytest.raises(UserError, match="images are int8, the codes of the network's input are uint8"):
        network.golden_batch(draw(np.int8, 2, 8, 6, 6))


def test_an_integer_input_whose_meaning_nobody_tells_is_refused(tmp_path: Path) -> None:
    b = QdqBuilder((8, 6, 6))
    b.input.type.tensor_type.elem_type = TensorProto.INT8
    weights = b.constant(draw(np.int8, 4, 8, 1, 1))
    b.node("ConvInteger", weights).node("Cast", to=TensorProto.FLOAT)
    with pytest.raises(UserError, match="input 'image' has element type INT8, and no operator that reads it tells"):
        compile_model(b.save(tmp_path / "m.onnx"), None)


def test_operators_on_integers_from_end_to_end(tmp_path: Path) -> None:
    """QOperator format: what QLinearConv says of its input holds for the model's."""
    b = QdqBuilder((8, 6, 6))
    b.input.type.tensor_type.elem_type = TensorProto.UINT8
    numbers = [np.float32(0.0311), np.uint8(120), np.float32(0.01), np.int8(0), np.float32(0.0523), np.uint8(90)]
    scale, zero, step, none, after, behind = map(b.constant, numbers)
    weights = b.constant(draw(np.int8, 12, 8, 3, 3))
    b.node("QLinearConv", inputs=["image", scale, zero, weights, step, none, after, behind])
    b.node("MaxPool", kernel_shape=[2, 2])
    model = b.model()
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.UINT8
    onnx.save(model, tmp_path / "m.onnx")
    network = compile_model(tmp_path / "m.onnx", None, CompileOptions(strict=True))
    codes = draw(np.uint8, 8, 8, 6, 6)
    got, wanted = network.golden_batch(codes), in_onnxruntime(tmp_path / "m.onnx", codes)
    assert got.dtype == np.uint8 and np.abs(got.astype(int) - wanted).max() <= 1 and (got != wanted).mean() < 0.002


def test_codes_as_calibration_data(tmp_path: Path) -> None:
    """Where the model leaves a tensor without a scale, int8 data are codes as well."""
    b = QdqBuilder((8, 6, 6))
    b.input.type.tensor_type.elem_type = TensorProto.INT8
    b.node("DequantizeLinear", b.constant(np.float32(0.0311)), b.constant(np.int8(3))).qconv(8, 3).qconv(4, 1)
    path, codes = b.codes(0.0523).save(tmp_path / "m.onnx"), draw(np.int8, 16, 8, 6, 6)
    with pytest.raises(UserError, match="no calibration data"):
        compile_model(path, None)
    network = compile_model(path, codes, CompileOptions(strict=True))
    wanted = in_onnxruntime(path, codes)
    noise = ((network.golden_batch(codes) - wanted) ** 2).mean()
    assert 10 * np.log10((wanted**2).mean() / noise) > 30


def deep(seed: int) -> QdqBuilder:
    """Residual blocks with pooling, every tensor with codes of its own."""
    b = QdqBuilder((8, 8, 8), seed).codes(0.0311, 4)
    b.qconv(16, 3).node("Relu").codes(0.0311, -128)
    for block in range(4):
        start = b.last
        b.qconv(16, 3).node("Relu").codes(0.0217 + 0.003 * block, -128)
        b.qconv(16, 3).codes(0.0423 + 0.002 * block, 5)
        b.node("Add", start).node("Relu").codes(0.0511 - 0.004 * block, -128)
    b.node("MaxPool", kernel_shape=[2, 2], strides=[2, 2]).codes(0.0391, -128)
    return b.qconv(16, 1).codes(0.0523, 3)


@pytest.mark.parametrize("seed", range(3))
def test_each_layer_makes_of_onnxruntimes_codes_what_it_does(seed: int, tmp_path: Path) -> None:
    """Ideal rounding; what differs lies within float32's noise of a tie. Behind many layers it has grown."""
    path = deep(seed).save(tmp_path / "m.onnx")
    study = Study.of(path, None, CompileOptions(strict=True))
    images = np.random.default_rng(1).normal(size=(64, 8, 8, 8)).astype(np.float32) * 1.5
    found = against_onnxruntime(study, path, images)
    assert len(found) >= len(study.network.layers) - 1 >= 14
    for layer in found:
        assert layer.own_distance is not None and layer.own_distance <= 1, layer
        assert layer.own_differing is not None and layer.own_differing < 1e-4, layer
        assert layer.differing < 0.02 and layer.distance <= 6, layer


def test_resnet8_of_mlperf(shared: Path) -> None:
    """Fully integer, converted from TFLite: the class of every picture is onnxruntime's. There float32's noise decides
    ties of averages; that is what the last layer's codes differ by.
    """
    path = shared / "models" / "mlperf_resnet8_int8.onnx"
    records = np.fromfile(shared / "data" / "cifar10" / "test_subset.bin", np.uint8).reshape(-1, 3073)
    pictures, labels = records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0]
    study = Study.of(path, None, CompileOptions())
    assert {entry["operator"] for entry in study.network.meta["host"]} == {"Softmax", "QuantizeLinear"}
    got = study.network.golden_batch(pictures)
    codes = (pictures.astype(np.int16) - 128).astype(np.int8)
    wanted = in_onnxruntime(path, codes.transpose(0, 2, 3, 1))
    assert got.dtype == np.int8 and (got.argmax(1) == wanted.argmax(1)).all()
    assert (study.network.golden_batch(codes[:8]) == got[:8]).all()
    assert measure(study.network, pictures, labels).top1 > 0.9
    *layers, average, last = against_onnxruntime(study, path, pictures)
    for layer in layers:
        assert layer.differing < 0.002 and layer.own_differing is not None and layer.own_differing < 1e-5, layer
    assert average.differing < 0.01 and average.distance == 1
    assert last.own_differing == 0 and last.differing < 0.25


def test_diverge_names_the_layer_that_makes_other_codes(tmp_path: Path) -> None:
    """A layer one code off is found with onnxruntime's codes as its inputs, however little those before it differ."""
    path = deep(0).save(tmp_path / "m.onnx")
    study = Study.of(path, None, CompileOptions(strict=True))
    images = np.random.default_rng(1).normal(size=(8, 8, 8, 8)).astype(np.float32) * 1.5
    found = search(study, path, images, 0.0)
    assert found.first is None
    assert all(any(step.stage == "integers" for step in steps) for _, steps in found.layers)
    layer = study.quantised.layers[4]
    assert isinstance(layer, QuantisedConv)
    layer.offset += 1 << layer.scale_shift
    wrong = {quality.tensor for quality, steps in search(study, path, images, 0.0).layers
             if not all(step.good for step in steps if step.stage == "integers")}  # fmt: skip
    assert wrong == {layer.target}
