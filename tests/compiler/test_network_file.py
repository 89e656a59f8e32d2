"""Network files of others: what their parts assume of each other is checked, and so is what the host would run."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_builder import Builder

from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.errors import UserError

Edit = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two convolutions with a host operator between them, and one behind."""
    folder = tmp_path_factory.mktemp("network")
    builder = Builder((8, 6, 6)).conv(9, (3, 3)).node("LogSoftmax").conv(4, (1, 1)).node("Softmax", axis=1)
    images = np.random.default_rng(1).normal(size=(4, 8, 6, 6)).astype(np.float32)
    compile_model(builder.save(folder / "m.onnx"), images, CompileOptions(effort="fast")).save(folder / "n.dla")
    return folder / "n.dla"


def edited(path: Path, target: Path, edit: Edit, host: Callable[[onnx.ModelProto], object] | None = None) -> Path:
    """A network file with another description, or another model of the host's last part."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    values = json.loads(members["network.json"])
    edit(values)
    members["network.json"] = json.dumps(values).encode()
    if host is not None:
        model = onnx.load_model_from_string(members["host.onnx"])
        host(model)
        members["host.onnx"] = model.SerializeToString()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return target


def tensor(values: dict[str, Any], **changes: Any) -> None:
    values["tensors"][values["layers"][0]["target"]].update(changes)


def swap_stages(values: dict[str, Any]) -> None:
    for layer in values["layers"]:
        layer["stage"] = 1 - layer["stage"]


def same_place(values: dict[str, Any]) -> None:
    one, other = (values["tensors"][layer["target"]] for layer in values["layers"])
    one["addresses"] = other["addresses"]


@pytest.mark.parametrize(("edit", "words"), [
    (lambda values: tensor(values, scale=-1.0), "scale: Expected `float` > 0.0, it is -1.0"),
    (lambda values: tensor(values, zero=300), "zero: Expected `int` <= 127, it is 300"),
    (lambda values: tensor(values, channels=4000), "its shape and strides give"),
    (lambda values: tensor(values, addresses=[0, 0]), "among the constants"),
    (lambda values: tensor(values, addresses=[1 << 40, 1 << 40]), "addresses"),
    (lambda values: tensor(values, colour="red"), "unknown field 'colour'"),
    (lambda values: values.pop("fetched"), "no field 'fetched'"),
    (lambda values: values.update(memory_end=1 << 32), "memory_end is 0x100000000"),
    (lambda values: values["layers"][0].update(units=["FFT"]), "units[0]"),
    (lambda values: values["layers"][0]["registers"].update({"SDP.D_CVT_SHIFT": 1 << 20}), "SDP.D_CVT_SHIFT holds"),
    (lambda values: values["layers"][0]["registers"].update({"CSC.D_ATOMICS": 3}), "layer 'conv0'"),
    (lambda values: values["layers"][0]["registers"].pop("SDP.D_CVT_SCALE"), "SDP.D_CVT_SCALE is not set"),
    (lambda values: values["layers"][0]["address_registers"].clear(), "no tensor that it names"),
    (lambda values: values["layers"][0].update(completes=[]), "nothing has made by then"),
    (lambda values: values["layers"][1].update(macs=-5), "macs: Expected `int` >= 0, it is -5"),
    (swap_stages, "not in the order of stages"), (same_place, "share memory"),
    (lambda values: values["steps"][0].update(sources=[values["steps"][0]["output"]]), "nothing has made by then"),
    (lambda values: values["steps"][0].update(model="AAAA"), "the model of host step"),
    (lambda values: values["steps"].clear(), "layer 'conv2' reads tensor 't1'"),
    (lambda values: values["input"].update(shape=[8, 6, 7]), "input of shape"),
    (lambda values: values["input"].update(pixel_scale=[0.0]), "must not be 0"),
    (lambda values: values["outputs"].append(values["outputs"][0]), "is there twice"),
    (lambda values: values["meta"]["quantisation"].update(layers=7), "quantisation.layers"),
])  # fmt: skip
def test_parts_that_do_not_fit(edit: Edit, words: str, network: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"n\.dla: not a compiled network") as told:
        Network.load(edited(network, tmp_path / "n.dla", edit))
    assert words in str(told.value) and "\n" not in str(told.value), told.value


def constant(model: onnx.ModelProto, name: str, value: object) -> None:
    model.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))


def from_outside(model: onnx.ModelProto) -> None:
    part = onnx.TensorProto(name="t", data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    part.external_data.add(key="location", value="n.dla")
    model.graph.node.insert(0, helper.make_node("Constant", [], ["t"], value=part))


def bomb(model: onnx.ModelProto) -> None:
    constant(model, "s", np.array([1 << 33]))
    model.graph.node.append(helper.make_node("ConstantOfShape", ["s"], ["bomb"], "bomb"))


def endless(model: onnx.ModelProto) -> None:
    constant(model, "t", True)
    kinds = (("i", TensorProto.INT64), ("on", TensorProto.BOOL))
    body = helper.make_graph(
        [helper.make_node("Identity", ["on"], ["go"])], "body",
        [helper.make_tensor_value_info(name, kind, []) for name, kind in kinds],
        [helper.make_tensor_value_info("go", TensorProto.BOOL, [])],
    )  # fmt: skip
    model.graph.node.append(helper.make_node("Loop", ["", "t"], [], "endless", body=body))


def own_function(model: onnx.ModelProto) -> None:
    body = [helper.make_node("Relu", ["i"], ["o"])]
    model.functions.append(helper.make_function("mine", "F", ["i"], ["o"], body, [helper.make_opsetid("", 13)]))


@pytest.mark.parametrize(("host", "words"), [
    (from_outside, "lies in another file"), (bomb, "ConstantOfShape 'bomb'"), (endless, "might never end"),
    (own_function, "functions of its own"), (lambda model: model.graph.ClearField("output"), "no output"),
    (lambda model: model.graph.node.add(op_type="F", domain="com.acme"), "'com.acme'"),
    (lambda model: model.graph.input[0].type.tensor_type.shape.dim[1].Clear(), "in the network"),
    (lambda model: setattr(model.graph.input[0], "name", "other"), "no float tensor that the network has"),
])  # fmt: skip
def test_what_the_host_would_run(
    host: Callable[[onnx.ModelProto], object], words: str, network: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"n\.dla: not a compiled network \(host\.onnx") as told:
        Network.load(edited(network, tmp_path / "n.dla", lambda values: None, host))
    assert words in str(told.value)
