"""Odd ONNX files: each is compiled to what onnxruntime computes, or refused in one line that names the node."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from .conftest import complaint, invoke

Make = Callable[[], onnx.ModelProto]
RANDOM = np.random.default_rng(0)
WEIGHTS = {"w": RANDOM.normal(size=(4, 1, 3, 3)), "v": RANDOM.normal(size=(4, 4, 3, 3))}


def conv(source: str = "x", output: str = "a", name: str = "first", weight: str = "w") -> onnx.NodeProto:
    return helper.make_node("Conv", [source, weight], [output], name, kernel_shape=[3, 3], pads=[1, 1, 1, 1])


def node(kind: str, inputs: str, outputs: str, name: str, **attributes: object) -> onnx.NodeProto:
    return helper.make_node(kind, inputs.split(), outputs.split(), name, **attributes)


RELU = node("Relu", "a", "y", "second")


def model(
    *nodes: onnx.NodeProto, outputs: str = "y", domains: tuple[str, ...] = (),
    functions: tuple[onnx.FunctionProto, ...] = (), **constants: object,
) -> onnx.ModelProto:  # fmt: skip
    """A model of an 8 x 8 image, all weights in it; outputs without shapes."""
    values = {**WEIGHTS, **constants}
    tensors = [
        numpy_helper.from_array(np.asarray(value, np.float32 if np.asarray(value).dtype == np.float64 else None), name)
        for name, value in values.items()
    ]
    graph = helper.make_graph(
        list(nodes), "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 1, 8, 8])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs.split()], tensors,
    )  # fmt: skip
    imports = [helper.make_opsetid("", 13), *(helper.make_opsetid(domain, 1) for domain in domains)]
    return helper.make_model(graph, opset_imports=imports, ir_version=9, functions=list(functions))


@pytest.fixture
def images(tmp_path: Path) -> Path:
    path = tmp_path / "images.npy"
    np.save(path, np.random.default_rng(1).normal(size=(6, 1, 8, 8)).astype(np.float32))
    return path


def write(path: Path, made: onnx.ModelProto) -> Path:
    path.write_bytes(made.SerializeToString())
    return path


REFUSED: dict[str, tuple[Make, list[str]]] = {
    "no outputs": (lambda: model(conv(), RELU, outputs=""), ["m.onnx", "no outputs"]),
    "unsorted": (lambda: model(RELU, conv()), ["Relu 'second'", "'a'", "only Conv 'first' behind it makes"]),
    "cyclic": (
        lambda: model(
            conv(), node("Add", "a c", "b", "sum"), node("Relu", "b", "c", "back"), node("Relu", "c", "y", "r")
        ),
        ["Add 'sum'", "'c'", "only Relu 'back' behind it makes"],
    ),
    "no such tensor": (lambda: model(conv(weight="nope"), RELU), ["Conv 'first'", "'nope'", "nothing makes"]),
    "made twice": (lambda: model(conv(), conv(name="again"), RELU), ["Conv 'first'", "Conv 'again'", "'a'"]),
    "output of nobody": (lambda: model(conv(), RELU, outputs="z"), ["nothing makes output 'z'"]),
    "output twice": (lambda: model(conv(), RELU, outputs="y y"), ["'y'", "twice"]),
    "no such operator": (lambda: model(conv(), node("Foo", "a", "y", "foo")), ["Foo 'foo'", "no such operator"]),
    "no such domain": (
        lambda: model(conv(), node("Foo", "a", "y", "foo", domain="com.acme"), domains=("com.acme",)),
        ["Foo 'foo'", "'com.acme'"],
    ),
    "infinite products": (lambda: model(conv(), RELU, w=WEIGHTS["w"] * 1e38), ["Conv 'first'", "infinite or NaN"]),
    "logarithm of negative numbers": (
        lambda: model(conv(), node("Log", "a", "b", "log"), conv("b", "y", "last", "v")), ["'log'", "infinite or NaN"],
    ),
    "random weights": (
        lambda: model(node("RandomNormal", "", "r", "noise", shape=[4, 1, 3, 3]), conv(weight="r"), RELU),
        ["Conv 'first'", "'r'"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_compiled_is_named(case: str, tmp_path: Path, images: Path) -> None:
    make, words = REFUSED[case]
    line = complaint("compile", write(tmp_path / "m.onnx", make()), "--calib", images, "-o", tmp_path / "m.dla")
    assert all(word in line for word in words), line
    assert not list(tmp_path.glob("*.dla*"))


def branch(name: str, kind: str) -> onnx.GraphProto:
    """A branch of If that reads tensor `a` from outside."""
    value = helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
    return helper.make_graph([helper.make_node(kind, ["a"], [name])], name, [], [value])


def choice(condition: str, output: str) -> onnx.NodeProto:
    return helper.make_node(
        "If", [condition], [output], "choice", then_branch=branch("t", "Relu"), else_branch=branch("e", "Neg")
    )


def loop() -> onnx.NodeProto:
    """Three times the same function of tensor `a`; tensor `k` is read from outside."""
    inputs = [
        helper.make_tensor_value_info(name, kind, [] if kind != TensorProto.FLOAT else None)
        for name, kind in (("i", TensorProto.INT64), ("on", TensorProto.BOOL), ("s", TensorProto.FLOAT))
    ]
    outputs = [helper.make_tensor_value_info("go", TensorProto.BOOL, []),
               helper.make_tensor_value_info("u", TensorProto.FLOAT, None)]  # fmt: skip
    nodes = [node("Identity", "on", "go", "on"), node("Mul", "s k", "u", "times")]
    body = helper.make_graph(nodes, "body", inputs, outputs)
    return helper.make_node("Loop", ["m", "", "a"], ["y"], "loop", body=body)


def own_function() -> onnx.FunctionProto:
    body = [helper.make_node("Relu", ["i"], ["o"])]
    return helper.make_function("mine", "Rectify", ["i"], ["o"], body, [helper.make_opsetid("", 13)])


MEAN = node("ReduceMean", "x", "m0", "mean", keepdims=0)
COMPILED: dict[str, Make] = {
    "function of the model": lambda: model(
        conv(), node("Rectify", "a", "y", "call", domain="mine"), domains=("mine",), functions=(own_function(),)
    ),
    "constant choice": lambda: model(conv(), choice("c", "y"), c=np.array(False)),
    "computed choice": lambda: model(
        conv(), MEAN, node("Greater", "m0 zero", "c", "compare"), choice("c", "y"), zero=np.float32(0)
    ),
    "choice in the middle": lambda: model(
        conv(), MEAN, node("Greater", "m0 zero", "c", "compare"), choice("c", "b"), conv("b", "y", "last", "v"),
        zero=np.float32(0),
    ),
    "choice of another name": lambda: model(
        conv(output="a0"), node("Identity", "a0", "a", "name"), MEAN, node("Greater", "m0 zero", "c", "compare"),
        choice("c", "y"), zero=np.float32(0),
    ),
    "loop": lambda: model(conv(), loop(), m=np.int64(3), k=np.float32(0.5)),
    "operator of onnxruntime": lambda: model(
        conv(), node("Gelu", "a", "y", "gelu", domain="com.microsoft"), domains=("com.microsoft",)
    ),
    "no batch at the output": lambda: model(
        conv(), node("GlobalAveragePool", "a", "b", "mean"), node("Squeeze", "b axes", "y", "squeeze"),
        axes=np.array([0, 2, 3]),
    ),
    "first axis of the output is no batch": lambda: model(
        conv(), node("Transpose", "a", "y", "turn", perm=[1, 0, 2, 3])
    ),
    "names that look like markup": lambda: model(conv(name="[/red]"), node("Relu", "a", "y", "[bold]")),
}  # fmt: skip


@pytest.mark.parametrize("case", COMPILED)
def test_odd_models_that_run(case: str, tmp_path: Path, images: Path) -> None:
    path, target = write(tmp_path / "m.onnx", COMPILED[case]()), tmp_path / "m.dla"
    outcome = invoke("compile", path, "--calib", images, "-o", target)
    assert outcome.exit_code == 0, outcome.output
    outcome = invoke("run", target, "--input", images, "-o", tmp_path / "y.npy")
    assert outcome.exit_code == 0, outcome.output
    got, session = np.load(tmp_path / "y.npy"), onnxruntime.InferenceSession(path)
    wanted = np.stack([session.run(None, {"x": image[None]})[0] for image in np.load(images)])
    assert got.size == wanted.size and len(got) == 6
    assert np.abs(got.reshape(wanted.shape) - wanted).max() < 0.05 * np.abs(wanted).max()


def test_two_nodes_of_one_name(tmp_path: Path, images: Path) -> None:
    made = model(conv(), node("Softmax", "a", "b", "first"), conv("b", "y", "first", "v"))
    outcome = invoke("compile", write(tmp_path / "m.onnx", made), "--calib", images)
    assert outcome.exit_code == 0 and "Softmax 'b'" in outcome.stdout, outcome.output


def test_outputs_whose_shape_depends_on_the_image(tmp_path: Path, images: Path) -> None:
    target = tmp_path / "m.dla"
    made = model(conv(), node("NonZero", "a", "n", "where"), node("Cast", "n", "y", "cast", to=TensorProto.FLOAT))
    made.graph.node[0].CopyFrom(node("Conv", "x w", "a", "first", kernel_shape=[3, 3], pads=[1, 1, 1, 1]))
    made.graph.node.insert(1, node("Relu", "a", "r", "relu"))
    made.graph.node[2].input[0] = "r"
    assert invoke("compile", write(tmp_path / "m.onnx", made), "--calib", images, "-o", target).exit_code == 0
    assert invoke("run", target, "--input", images, "--count", 1).exit_code == 0
    assert "one at a time" in complaint("run", target, "--input", images)


def batch_of_four(*nodes: onnx.NodeProto, **constants: object) -> onnx.ModelProto:
    made = model(conv(), *nodes, **constants)
    made.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 4
    return made


def test_shapes_for_a_batch_are_those_of_one_image(tmp_path: Path, images: Path) -> None:
    """Reshape to (4, -1) of four images is (1, -1) of one."""
    made = batch_of_four(
        node("Reshape", "a s", "b", "reshape"), node("Gemm", "b g", "c", "dense"), node("Softmax", "c", "y", "best"),
        s=np.array([4, -1]), g=RANDOM.normal(size=(256, 5)) / 16,
    )  # fmt: skip
    path, target = write(tmp_path / "m.onnx", made), tmp_path / "m.dla"
    outcome = invoke("compile", path, "--calib", images, "-o", target)
    assert outcome.exit_code == 0 and "Reshape" not in outcome.stdout, outcome.output
    assert invoke("run", target, "--input", images, "--count", 4, "-o", tmp_path / "y.npy").exit_code == 0
    wanted = onnxruntime.InferenceSession(path).run(None, {"x": np.load(images)[:4]})[0]
    assert np.abs(np.load(tmp_path / "y.npy") - wanted).max() < 0.05
    np.save(tmp_path / "labels.npy", np.arange(6) % 5)
    outcome = invoke("accuracy", target, "--images", images, "--labels", tmp_path / "labels.npy", "--model", path)
    assert outcome.exit_code == 0 and "same class 100.00%" in outcome.stdout, outcome.output


@pytest.mark.parametrize(("last", "constants", "words"), [
    (node("Reshape", "a s", "y", "mix"), {"s": np.array([2, 512])}, ["'mix'"]),
    (node("Expand", "a s", "y", "repeat"), {"s": np.array([4, 4, 8, 8])}, ["'y'", "(4, 4, 8, 8)"]),
])  # fmt: skip
def test_batches_that_cannot_be_taken_apart(
    last: onnx.NodeProto, constants: dict[str, object], words: list[str], tmp_path: Path, images: Path
) -> None:
    made = write(tmp_path / "m.onnx", batch_of_four(last, **constants))
    line = complaint("compile", made, "--calib", images)
    assert "batch of 4" in line and "onnxruntime_src" not in line and all(word in line for word in words), line


def test_input_without_a_shape(tmp_path: Path, images: Path) -> None:
    made = model(conv(), RELU)
    made.graph.input[0].type.tensor_type.ClearField("shape")
    assert "input 'x' has no shape" in complaint("compile", write(tmp_path / "m.onnx", made), "--calib", images)


def test_onnxruntime_keeps_quiet(tmp_path: Path, images: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What onnxruntime would write to the terminal is in the one line."""
    made = model(conv(), node("Reshape", "a s", "y", "reshape"), s=np.array([1, 7]))
    line = complaint("compile", write(tmp_path / "m.onnx", made), "--calib", images)
    assert "reshape" in line and "onnxruntime" not in capfd.readouterr().err
