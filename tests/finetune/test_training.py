"""Training in integers: values are the golden model's bit for bit, gradients bring them nearer to the float model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from tests.cli.conftest import invoke
from tests.prune.nets import branches, chain, pictures, residual

from cocodla.compiler import CompileOptions, compile_model
from cocodla.compiler.ir import Quantisation
from cocodla.finetune.coded import EXACT, folded
from cocodla.finetune.integers import Integers, rounded_tensors
from cocodla.formats import bytes_to_tensor
from cocodla.golden.run import run
from cocodla.nets.builder import Builder

torch = pytest.importorskip("torch", reason="skipped: no PyTorch (the extra `train`)")

from cocodla.finetune.train import Recipe, Trainer, fine_tune  # noqa: E402
from cocodla.prune.torch_model import TorchModel  # noqa: E402

FAST = CompileOptions(effort="fast")


def windows() -> Builder:
    """Strides, dilations, uneven padding, both poolings, a limit above."""
    net = Builder((3, 10, 8), seed=6).conv(8, (3, 2), strides=[2, 1], pads=[1, 0, 2, 1]).node("Relu")
    net.node("AveragePool", kernel_shape=[3, 3], strides=[1, 2], pads=[1, 1, 1, 1])
    net.conv(8, (3, 3), dilations=[2, 2], pads=[2] * 4)
    net.node("Clip", net.constant(np.float32(0)), net.constant(np.float32(1.5)))
    net.conv(8, (2, 2), auto_pad="SAME_UPPER")
    net.node("MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    return net.node("GlobalAveragePool").gemm(8, 4)


def functions() -> Builder:
    """Functions by table, a gate, products, slopes by channel, a fully connected layer as MatMul."""
    net = Builder((3, 8, 8), seed=3, opset=14)
    stem = net.conv(16, (3, 3), pads=[1] * 4).node("HardSwish").last
    gate = net.node("GlobalAveragePool").conv(16, (1, 1)).node("Sigmoid").last
    net.node("Mul", inputs=[stem, gate])
    net.conv(16, (3, 3), pads=[1] * 4).node("PRelu", net.constant(np.abs(net.floats(16, 1, 1)) / 4))
    net.conv(8, (3, 3)).node("Tanh").conv(8, (1, 1)).node("LeakyRelu", alpha=0.1)
    net.node("Flatten")
    return net.node("MatMul", net.constant(net.floats(8 * 36, 6, scale=0.1))).node("Softmax", axis=1)


def integers(grow: Callable[[], Builder], folder: Path) -> Integers:
    model = folded(grow().save(folder / "net.onnx"))
    return Integers.of(model, pictures(16, model.input_shape), FAST)


@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize("grow", [chain, residual, branches, windows, functions])
def test_values_are_those_of_the_device_bit_for_bit(grow: Callable[[], Builder], bits: int, tmp_path: Path) -> None:
    """Behind a step the loss sees what the written file computes on the golden Device, register by register."""
    found = integers(grow, tmp_path)
    images = pictures(8, found.model.input_shape, seed=9)
    trainer = Trainer(found, Recipe(bits=bits, rate=0.02, seed=1), 2, images)
    before = {name: each.codes for name, each in trainer.twin.weights().items()}
    trainer.step(images)
    assert all((before[name] != each.codes).any() for name, each in trainer.twin.weights().items())
    file = tmp_path / "tuned.onnx"
    onnx.save(trainer.proto(), file)
    network = compile_model(file, None, found.options)
    seen = trainer.forward(images[:2], [name for node in found.model.nodes for name in node.output])
    codes = network.read(run(network.program(images[:2])), [layer.target for layer in network.layers], 2)
    compared = 0
    for name, data in codes.items():
        tensor, known = network.tensors[name], name.removesuffix(EXACT)
        if known in seen:
            real = Quantisation(tensor.scale, tensor.zero).dequantise(bytes_to_tensor(data, tensor.layout))
            np.testing.assert_array_equal(seen[known].detach().numpy().reshape(real.shape), real, name)
            compared += 1
    weighted = sum(node.op_type in ("Conv", "Gemm", "MatMul") for node in found.model.nodes)
    assert compared >= weighted - 1 and found.model.ends[0] in {name.removesuffix(EXACT) for name in codes}


def test_gradients_are_those_of_the_float_model_where_codes_do_not_end(tmp_path: Path) -> None:
    """Straight through: a step in a weight's direction moves the loss as in float, up to the rounding of values."""
    found = integers(residual, tmp_path)
    images = pictures(32, seed=9)
    trainer, (end,) = Trainer(found, Recipe(seed=1), 1, images), found.model.ends
    plain = TorchModel(found.model)
    slopes, exact = [], plain.tensors(torch.from_numpy(images), [end])
    for model, values in ((trainer.twin, trainer.forward(images, [end])), (plain, exact)):
        values[end].square().mean().backward()
        slopes.append({name: getattr(model, model.names[name]).grad.ravel() for name in trainer.twin.axes})
    for name in trainer.twin.axes:
        assert torch.nn.functional.cosine_similarity(slopes[0][name], slopes[1][name], 0) > 0.9, name


def test_training_mends_coarse_weights_and_repeats(tmp_path: Path) -> None:
    found, others = integers(residual, tmp_path), pictures(32, seed=8)
    (name,) = found.model.outputs
    wanted = found.model.outputs_for(others, [name])[name]
    recipe = Recipe(epochs=30, bits=3, batch=16, rate=0.01, seed=1)
    tuned = fine_tune(found, pictures(32), recipe)
    before, behind = (np.square(rounded_tensors(network, others)[name].real.reshape(wanted.shape) - wanted).mean()
                      for network in (tuned.first, tuned.network))  # fmt: skip
    assert behind < before / 2 and tuned.losses[-1] < tuned.losses[0]
    short = Recipe(epochs=2, bits=3, batch=16, rate=0.01, seed=1)
    assert fine_tune(found, pictures(32), short).model == fine_tune(found, pictures(32), short).model


def test_the_command_writes_what_it_measured(tmp_path: Path) -> None:
    net = chain().save(tmp_path / "net.onnx")
    np.save(tmp_path / "calib.npy", pictures(24))
    np.save(tmp_path / "labels.npy", np.arange(24) % 6)
    made = tmp_path / "tuned.onnx"
    outcome = invoke(
        "finetune", net, "--calib", tmp_path / "calib.npy", "--labels", tmp_path / "labels.npy", "-o", made,
        "--epochs", 2, "--weight-bits", 4, "--effort", "fast", "--seed", 1, "--json",
    )  # fmt: skip
    assert outcome.exit_code == 0, outcome.output
    found = json.loads(outcome.stdout)
    assert found["held"] == 5 and found["trained"] == 19 and len(found["losses"]) == 2
    assert [line["sqnr"] is None for line in found["lines"]] == [True, False, False, False]
    outcome = invoke("compile", made, "-o", tmp_path / "tuned.dla")
    assert outcome.exit_code == 0, outcome.output
