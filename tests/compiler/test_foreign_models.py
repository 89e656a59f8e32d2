"""ONNX models that would fill the memory, never end, or read what is not theirs: refused before anything runs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_builder import Builder

from cocodla.compiler import CompileOptions, compile_model
from cocodla.errors import UserError

IMAGES = np.random.default_rng(1).normal(size=(4, 1, 8, 8)).astype(np.float32)
WEIGHT = np.random.default_rng(0).normal(size=(4, 1, 3, 3)).astype(np.float32)


def node(kind: str, inputs: str, output: str, **attributes: object) -> onnx.NodeProto:
    """A node whose name is its output's; "_" is an input that is left out."""
    names = ["" if name == "_" else name for name in inputs.split()]
    return helper.make_node(kind, names, [output], output, **attributes)


CONV = node("Conv", "x w", "a", kernel_shape=[3, 3], pads=[1, 1, 1, 1])


def model(*nodes: onnx.NodeProto, tensors: tuple[onnx.TensorProto, ...] = (), **constants: object) -> onnx.ModelProto:
    """A convolution of an image, and other nodes; the output is y."""
    values = [numpy_helper.from_array(np.asarray(value), name) for name, value in {"w": WEIGHT, **constants}.items()]
    graph = helper.make_graph(
        [CONV, *nodes], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 1, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], [*values, *tensors],
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=9)


def refusal(made: onnx.ModelProto, folder: Path) -> str:
    """Why a model is refused, in less than ten seconds."""
    (folder / "m.onnx").write_bytes(made.SerializeToString())
    started = time.monotonic()
    with pytest.raises(UserError) as told:
        compile_model(folder / "m.onnx", IMAGES, CompileOptions(effort="fast"))
    assert time.monotonic() - started < 10 and "\n" not in str(told.value)
    return str(told.value)


def added(kind: str, inputs: str, **attributes: object) -> tuple[onnx.NodeProto, ...]:
    """A constant made by an operator, of which the sum is added to the image."""
    made, total = node(kind, inputs, "bomb", **attributes), node("ReduceSum", "bomb", "sum", keepdims=0)
    return made, total, node("Add", "a sum", "y")


BOMBS: dict[str, tuple[onnx.ModelProto, str]] = {
    "resize": (
        model(node("Resize", "a _ s", "y", mode="nearest"), s=np.array([1, 1, 1e5, 1e5], np.float32)), "Resize 'y'",
    ),
    "pad": (model(node("Pad", "a p", "y"), p=np.array([0, 0, 0, 0, 0, 0, 1 << 20, 1 << 20])), "Pad 'y'"),
    "tile": (model(node("Tile", "a s", "y"), s=np.array([1, 1, 1 << 14, 1 << 14])), "Tile 'y'"),
    "transposed": (
        model(node("ConvTranspose", "a v", "y", strides=[99_999] * 2), v=np.ones((4, 4, 3, 3), np.float32)),
        "ConvTranspose 'y'",
    ),
    "constant of shape": (model(*added("ConstantOfShape", "s"), s=np.array([1 << 33])), "ConstantOfShape 'bomb'"),
    "expand": (model(*added("Expand", "o s"), o=np.ones(1, np.float32), s=np.array([1 << 33])), "Expand 'bomb'"),
    "range": (
        model(*added("Range", "o n d"), o=np.float32(0), n=np.float32(1e10), d=np.float32(1)), "Range 'bomb'",
    ),
    "outer product": (
        model(*added("MatMul", "p q"), p=np.ones((99_999, 1), np.float32), q=np.ones((1, 99_999), np.float32)),
        "MatMul 'bomb'",
    ),
    "many parts": (
        model(
            *(node("ConstantOfShape", "s", f"b{index}") for index in range(9)),
            node("Concat", " ".join(f"b{index}" for index in range(9)), "c", axis=0),
            node("ReduceSum", "c", "sum", keepdims=0), node("Add", "a sum", "y"), s=np.array([5_000_000]),
        ), "bytes of constants",
    ),
    "operators": (
        model(
            node("Relu", "a", "r0"), *(node("Relu", f"r{index}", f"r{index + 1}") for index in range(5_000)),
            node("Relu", "r5000", "y"),
        ), "5,003 operators; at most 4,000",
    ),
    "layers": (
        model(
            node("Relu", "a", "r0"), *(node("Relu", f"r{index}", f"r{index + 1}") for index in range(1_200)),
            node("Relu", "r1200", "y"),
        ), "layers; at most 1,000",
    ),
    "a long name": (model(node("Relu", "a", "n" * 2_000), node("Relu", "n" * 2_000, "y")), "2,000 letters"),
}  # fmt: skip


@pytest.mark.parametrize("case", BOMBS)
def test_bombs(case: str, tmp_path: Path) -> None:
    made, words = BOMBS[case]
    assert words in refusal(made, tmp_path)


def loop(count: str) -> onnx.NodeProto:
    """A loop around tensor a."""
    kinds = (("i", TensorProto.INT64, []), ("on", TensorProto.BOOL, []), ("s", TensorProto.FLOAT, None))
    body = helper.make_graph(
        [node("Identity", "on", "go"), node("Relu", "s", "u")], "body",
        [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in kinds],
        [helper.make_tensor_value_info("go", TensorProto.BOOL, []),
         helper.make_tensor_value_info("u", TensorProto.FLOAT, None)],
    )  # fmt: skip
    return node("Loop", f"{count} t a", "y", body=body)


@pytest.mark.parametrize(("made", "words"), [
    (model(loop("_"), t=np.array(True)), "not constant"),
    (model(loop("m"), t=np.array(True), m=np.int64(10**9)), "1,000,000,000 turns"),
    (
        model(node("ReduceMax", "a", "f", keepdims=0), node("Cast", "f", "m", to=TensorProto.INT64), loop("m"),
              t=np.array(True)), "not constant",
    ),
])  # fmt: skip
def test_loops_without_end(made: onnx.ModelProto, words: str, tmp_path: Path) -> None:
    assert words in refusal(made, tmp_path)


def tensor(name: str, *dims: int, data: bytes = b"") -> onnx.TensorProto:
    return onnx.TensorProto(name=name, data_type=TensorProto.FLOAT, dims=dims, raw_data=data)


@pytest.mark.parametrize(("dims", "data", "words"), [
    ((1 << 20, 1 << 20), b"", "more than 268,435,456 bytes"), ((2,), bytes(400), "has 400 bytes, not 8"),
    ((-1,), bytes(4), "shape (-1,)"), ((1 << 62, 1 << 62), b"", "more than"), ((4, 1, 1), bytes(15), "15 bytes"),
])  # fmt: skip
def test_tensors_that_lie(dims: tuple[int, ...], data: bytes, words: str, tmp_path: Path) -> None:
    made = model(node("Add", "a t", "y"), tensors=(tensor("t", *dims, data=data),))
    assert words in refusal(made, tmp_path)


def outside(location: str, **more: int) -> onnx.TensorProto:
    """Four numbers in another file."""
    made = onnx.TensorProto(name="t", data_type=TensorProto.FLOAT, dims=[4, 1, 1], data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, **more}.items():
        made.external_data.add(key=key, value=str(value))
    return made


def as_initializer(part: onnx.TensorProto) -> onnx.ModelProto:
    return model(node("Add", "a t", "y"), tensors=(part,))


def as_attribute(part: onnx.TensorProto) -> onnx.ModelProto:
    return model(node("Constant", "", "t", value=part), node("Add", "a t", "y"))


def as_sparse(part: onnx.TensorProto) -> onnx.ModelProto:
    made = model(node("Add", "a t", "y"))
    made.graph.sparse_initializer.add(values=part, indices=numpy_helper.from_array(np.arange(4)), dims=[4])
    return made


def in_a_branch(part: onnx.TensorProto) -> onnx.ModelProto:
    value = helper.make_tensor_value_info("b", TensorProto.FLOAT, None)
    graph = helper.make_graph([node("Add", "a t", "b")], "branch", [], [value], [part])
    return model(node("If", "c", "y", then_branch=graph, else_branch=graph), c=np.array(True))


def in_a_function(part: onnx.TensorProto) -> onnx.ModelProto:
    body = [node("Constant", "", "t", value=part), node("Add", "i t", "o")]
    made = model(helper.make_node("Mine", ["a"], ["y"], domain="mine"))
    made.opset_import.add(domain="mine", version=1)
    made.functions.append(helper.make_function("mine", "Mine", ["i"], ["o"], body, [helper.make_opsetid("", 13)]))
    return made


@pytest.mark.parametrize("place", [as_initializer, as_attribute, as_sparse, in_a_branch, in_a_function])
@pytest.mark.parametrize(("location", "more", "words"), [
    ("/dev/zero", {}, "not below"), ("../x", {}, "not below"), ("link", {}, "not below"), ("fifo", {}, "is a pipe"),
    (".", {}, "is a folder"), ("none", {}, "no such file"), ("", {}, "not below"), ("short", {}, "ends at byte 16"),
    ("good", {"offset": 1 << 40}, "ends at byte"), ("good", {"length": 99}, "99 are declared"),
    ("good", {"offset": -1}, "no number"),
])  # fmt: skip
def test_data_of_others(
    location: str, more: dict[str, int], words: str, place: Callable[[onnx.TensorProto], onnx.ModelProto],
    tmp_path: Path,
) -> None:  # fmt: skip
    folder = tmp_path / "models"
    folder.mkdir()
    for path in (tmp_path / "x", folder / "good"):
        path.write_bytes(np.ones(4, np.float32).tobytes())
    (folder / "short").write_bytes(b"12")
    (folder / "link").symlink_to(tmp_path / "x")
    os.mkfifo(folder / "fifo")
    assert words in refusal(place(outside(location, **more)), folder)


@pytest.mark.parametrize("place", [as_initializer, as_attribute, in_a_branch, in_a_function])
def test_data_beside_the_model(place: Callable[[onnx.TensorProto], onnx.ModelProto], tmp_path: Path) -> None:
    """Wherever the tensor is in the model, its file below the model's folder is read."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "t").write_bytes(b"12345678" + np.ones(4, np.float32).tobytes())
    found = []
    for part in (outside("data/t", offset=8), numpy_helper.from_array(np.ones((4, 1, 1), np.float32), "t")):
        (tmp_path / "m.onnx").write_bytes(place(part).SerializeToString())
        found.append(compile_model(tmp_path / "m.onnx", IMAGES, CompileOptions(effort="fast")).golden_batch(IMAGES))
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("broken", ["rank", "kernel"])
def test_shapes_that_make_no_sense_end_in_one_line(broken: str, tmp_path: Path) -> None:
    """onnxruntime 1.23 ends the process over such models when it is asked whether they are valid all the same."""
    builder = Builder((8, 6, 6)).conv(9, (3, 3), pads=[1, 1, 1, 1]).node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    model = builder.model()
    if broken == "rank":
        del model.graph.input[0].type.tensor_type.shape.dim[-1]
    else:
        del model.graph.node[-1].attribute[0].ints[:]
    onnx.save(model, tmp_path / "m.onnx")
    images = np.zeros((4, 8, 6), np.float32) if broken == "rank" else np.zeros((4, 8, 6, 6), np.float32)
    with pytest.raises(UserError):
        compile_model(tmp_path / "m.onnx", images)
