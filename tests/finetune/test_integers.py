"""Models with codes, without PyTorch: what is written computes what was meant, and the compiler takes it as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from tests.prune.nets import branches, chain, pictures, residual

from cocodla.compiler import CompileOptions, compile_model
from cocodla.compiler.original import outputs_of
from cocodla.errors import UserError
from cocodla.finetune.coded import folded, nearest, steps_of
from cocodla.finetune.integers import Integers, rounded_tensors
from cocodla.nets.builder import Builder
from cocodla.prune.floats import FloatModel

FAST = CompileOptions(effort="fast")


def integers(grow: Callable[[], Builder], folder: Path) -> Integers:
    return Integers.of(folded(grow().save(folder / "net.onnx")), pictures(16), FAST)


@pytest.mark.parametrize("grow", [chain, residual, branches])
@pytest.mark.parametrize("most", [127, 7])
def test_models_with_codes_compile_without_data_and_keep_their_codes(
    grow: Callable[[], Builder], most: int, tmp_path: Path
) -> None:
    found, others = integers(grow, tmp_path), pictures(8, seed=9)
    weights = nearest(found.model, most)
    assert len(weights) == sum(node.op_type in ("Conv", "Gemm") for node in found.model.nodes)
    assert all(np.abs(each.codes).max() <= most for each in weights.values())
    file = tmp_path / "coded.onnx"
    onnx.save(found.proto(found.model, weights), file)
    onnx.checker.check_model(onnx.load(file), full_check=True)
    assert [entry.domain for entry in onnx.load(file).opset_import] == [""]
    network = compile_model(file, None, found.options)
    (name,) = found.model.outputs
    wanted, step = outputs_of(onnx.load(file), [name], others)[name], found.tensors[name].scale
    got = rounded_tensors(network, others)[name].real.reshape(wanted.shape)
    assert np.abs(got - wanted).max() <= 2.01 * step  # onnxruntime rounds ties otherwise
    assert np.unique(wanted).size > 8


def test_untrained_codes_of_8_bits_are_as_good_as_the_usual_way(tmp_path: Path) -> None:
    found, others = integers(residual, tmp_path), pictures(16, seed=9)
    (name,) = found.model.outputs
    wanted = found.model.outputs_for(others, [name])[name]
    ours = found.network(found.proto(found.model, nearest(found.model, 127)))
    noise, usual = (np.square(rounded_tensors(each, others)[name].real.reshape(wanted.shape) - wanted).mean()
                    for each in (ours, found.start))  # fmt: skip
    assert noise < 4 * usual


def test_folding_leaves_the_outputs_and_no_factors(tmp_path: Path) -> None:
    path = residual().save(tmp_path / "net.onnx")
    plain, model = FloatModel.load(path), folded(path)
    assert {"Mul"} <= {node.op_type for node in plain.nodes} and "Mul" not in {node.op_type for node in model.nodes}
    images = pictures(4)
    (name,) = plain.outputs
    np.testing.assert_allclose(model.run(images)[name], plain.run(images)[name], rtol=1e-3, atol=1e-3)


def test_few_codes_get_the_scale_with_the_least_error() -> None:
    weight = np.random.default_rng(2).standard_t(3, (8, 4, 3, 3)).astype(np.float32)
    wide = (8, 1, 1, 1)
    largest = np.abs(weight).reshape(8, -1).max(1)

    def error(steps: np.ndarray) -> np.ndarray:
        codes = np.clip(np.rint(weight / steps.reshape(wide)), -7, 7)
        return np.square(codes * steps.reshape(wide) - weight).reshape(8, -1).sum(1)

    assert (error(steps_of(weight, 0, 7)) <= error(largest / 7) + 1e-9).all()
    assert error(steps_of(weight, 0, 7)).sum() < 0.95 * error(largest / 7).sum()
    np.testing.assert_allclose(steps_of(weight, 0, 127), largest / 127, rtol=1e-6)


def test_kernels_of_zeros_and_tiny_ones_get_scales_that_16_bits_reach() -> None:
    weight = np.ones((3, 2, 1, 1), np.float32)
    weight[0], weight[1] = 0, 1e-6
    steps = steps_of(weight, 0, 7)
    assert (steps >= steps.max() / 101).all() and np.isfinite(steps).all()


def test_inputs_behind_preprocessing_that_is_no_picture(tmp_path: Path) -> None:
    net = Builder((6, 8, 8))
    net.node("Mul", net.constant(np.float32(0.5)))
    path = net.conv(8, (3, 3)).node("Relu").conv(4, (1, 1)).save(tmp_path / "net.onnx")
    with pytest.raises(UserError, match="'image' is quantised behind the model's preprocessing"):
        Integers.of(folded(path), pictures(8, (6, 8, 8)), FAST)


def test_models_with_codes_already_are_refused(tmp_path: Path) -> None:
    found = integers(chain, tmp_path)
    file = tmp_path / "coded.onnx"
    onnx.save(found.proto(found.model, nearest(found.model, 127)), file)
    with pytest.raises(UserError, match="give the float model"):
        folded(file)
