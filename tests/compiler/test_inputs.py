"""Models with several inputs: the host takes them apart, the accelerator computes with each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx_builder import Builder

from cocodla.compiler import Network, compile_model, original
from cocodla.errors import UserError

RANDOM = np.random.default_rng(7)


def second(model: onnx.ModelProto, name: str, shape: list[int | str], kind: int = TensorProto.FLOAT) -> None:
    model.graph.input.append(helper.make_tensor_value_info(name, kind, shape))


def siamese() -> onnx.ModelProto:
    """Two images, joined behind a convolution of each."""
    builder = Builder((3, 12, 10)).conv(8, (3, 3)).node("Relu")
    left = builder.last
    builder.last, builder.channels = "other", 3
    builder.conv(8, (3, 3)).node("Relu").node("Concat", left, axis=1)
    builder.channels = 16
    model = builder.conv(4, (1, 1)).model()
    second(model, "other", ["N", 3, 12, 10])
    return model


def features() -> onnx.ModelProto:
    """An image, and a vector that joins it before the fully connected layer."""
    builder = Builder((3, 12, 10)).conv(8, (3, 3)).node("Relu").node("GlobalAveragePool").node("Flatten")
    builder.node("Concat", "other", axis=1).node("Gemm", builder.constant(builder.floats(8 + 5, 6)))
    model = builder.model()
    second(model, "other", ["N", 5])
    return model


def scaled_behind() -> onnx.ModelProto:
    """The size of the picture, whole numbers without a batch, which boxes are scaled with behind everything."""
    builder = Builder((3, 12, 10)).conv(4, (12, 10)).node("Flatten")
    boxes = builder.last
    builder.node("Cast", inputs=["other"], to=TensorProto.FLOAT).node("Mul", boxes)
    model = builder.model()
    second(model, "other", [4], TensorProto.INT64)
    return model


MODELS: dict[str, tuple[Callable[[], onnx.ModelProto], np.ndarray]] = {
    "siamese": (siamese, RANDOM.normal(size=(6, 3, 12, 10)).astype(np.float32) * 5),
    "features": (features, RANDOM.normal(size=(6, 5)).astype(np.float32)),
    "behind": (scaled_behind, RANDOM.integers(100, 900, (6, 4))),
}
IMAGES = RANDOM.normal(size=(6, 3, 12, 10)).astype(np.float32)


def saved(case: str, folder: Path) -> tuple[Path, dict[str, np.ndarray]]:
    build, other = MODELS[case]
    onnx.save(build(), folder / "m.onnx")
    return folder / "m.onnx", {"image": IMAGES, "other": other}


def exact(path: Path, given: dict[str, np.ndarray]) -> np.ndarray:
    model = onnx.load(path)
    runner, name = original.session(model), model.graph.output[0].name
    whole = {value.name: len(value.type.tensor_type.shape.dim) == 1 for value in model.graph.input}
    rows = []
    for index in range(len(IMAGES)):
        feeds = {key: value[index] if whole[key] else value[index : index + 1] for key, value in given.items()}
        rows.append(original.run(runner, [name], feeds)[0])
    return np.concatenate(rows)


@pytest.mark.parametrize("case", MODELS)
def test_several_inputs(case: str, tmp_path: Path) -> None:
    path, given = saved(case, tmp_path)
    network = compile_model(path, given)
    network.save(tmp_path / "m.dla")
    network = Network.load(tmp_path / "m.dla")
    assert [name for name, _ in network.input.parts] == ["image", "other"]
    wanted = exact(path, given)
    error = network.golden_batch(given).reshape(wanted.shape) - wanted
    assert 10 * np.log10((wanted.astype(np.float64) ** 2).sum() / (error.astype(np.float64) ** 2).sum()) > 28
    np.testing.assert_array_equal(network.golden_batch(network.input.packed(given)), network.golden_batch(given))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda given: given.pop("other"), "the model takes image, other"),
        (lambda given: given.update(third=IMAGES), "the model takes image, other"),
        (lambda given: given.update(other=given["other"][:, :4]), "input 'other'"),
        (lambda given: given.update(other=given["other"][:3]), "6 of image, 3 of other"),
    ],
)
def test_inputs_that_do_not_fit(change: Callable[[dict[str, np.ndarray]], object], words: str, tmp_path: Path) -> None:
    path, given = saved("features", tmp_path)
    change(given)
    with pytest.raises(UserError, match=words):
        compile_model(path, given)


def test_open_extents_are_named(tmp_path: Path) -> None:
    model = siamese()
    model.graph.input[1].type.tensor_type.shape.dim[2].dim_param = "h"
    onnx.save(model, tmp_path / "m.onnx")
    with pytest.raises(UserError, match=r"input 'other': of several inputs each must hold numbers in a fixed shape"):
        compile_model(tmp_path / "m.onnx", {"image": IMAGES, "other": IMAGES})


def test_the_host_reads_the_input_as_it_is(tmp_path: Path) -> None:
    """A host operator at the end that adds the input to the result: no int8 copy of it is made."""
    builder = Builder((3, 12, 10)).conv(3, (1, 1)).node("LogSoftmax", axis=1).node("Add", "image")
    path = builder.save(tmp_path / "m.onnx")
    network = compile_model(path, IMAGES)
    assert len(network.layers) == 1
    assert [value for value in network.fetched] == ["t0"]
