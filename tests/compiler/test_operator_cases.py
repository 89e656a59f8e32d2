"""Every single-operator case of the ONNX package: right on the accelerator, or on the host or refused with a reason."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import onnxruntime
import pytest
from node_cases import Case, cases

from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.compiler.frontend.operators import SUPPORT, TRANSLATORS
from cocodla.compiler.ir import Quantisation
from cocodla.errors import UserError

LINEAR = ("Conv", "ConvTranspose", "Gemm", "MatMul")
"""Operators whose weights are rounded, too."""
AT_LEAST = {
    "AveragePool": 12, "BatchNormalization": 2, "Clip": 7, "Concat": 6, "Conv": 6, "ConvTranspose": 8,
    "DepthToSpace": 2, "Gemm": 8, "GlobalAveragePool": 2, "GlobalMaxPool": 2, "HardSigmoid": 3, "LRN": 2,
    "LeakyRelu": 3, "Max": 4, "MaxPool": 10, "Min": 4, "Resize": 6, "SpaceToDepth": 2, "Split": 12, "Sum": 3,
}  # fmt: skip
"""Cases on the accelerator, where there is more than one."""
OTHER_SHAPES = {
    "Gather": "test_channels", "Mish": "test_curves", "PRelu": "test_transposed", "Pad": "test_compiled_programs",
    "ReduceMax": "test_elementwise", "ReduceMean": "test_elementwise", "ReduceSum": "test_elementwise",
    "Reshape": "test_moves", "Slice": "test_moves",
    "Squeeze": "test_elementwise", "Transpose": "test_moves", "Unsqueeze": "test_elementwise",
}  # fmt: skip
"""Operators whose cases have other axes, or constants for each element: where their tests are."""


@cache
def results() -> list[tuple[Case, Network | str]]:
    """Each case with its network, or with the reason why there is none."""
    found: list[tuple[Case, Network | str]] = []
    with TemporaryDirectory() as folder:
        path = Path(folder) / "case.onnx"
        for case in cases():
            onnx.save(case.model, path)
            try:
                network = compile_model(path, case.images, CompileOptions(image_mode=False))
            except UserError as error:
                found.append((case, str(error)))
            else:
                host = network.meta["host"]
                reasons = [f"{entry['operator']} {entry['node']!r}: {entry['reason']}" for entry in host]
                found.append((case, "; ".join(reasons) or network))
    return found


def run(model: onnx.ModelProto, images: np.ndarray) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    name = session.get_inputs()[0].name
    rows = [session.run(None, {name: image[None]}) for image in images]
    return [np.concatenate(values) for values in zip(*rows, strict=True)]


def as_rounded(network: Network, images: np.ndarray) -> np.ndarray:
    """What the network's int8 input stands for."""
    tensor, spec = network.tensors[network.input.tensor], network.input
    wide = (-1, *(1,) * (images.ndim - 2))
    scale, shift = np.reshape(spec.map_scale or [1.0], wide), np.reshape(spec.map_shift or [0.0], wide)
    codes, first = Quantisation(tensor.scale, tensor.zero), (images * scale + shift).reshape(-1, *tensor.shape)
    return ((codes.dequantise(codes.quantise(first)).reshape(images.shape) - shift) / scale).astype(np.float32)


def slack(case: Case, images: np.ndarray) -> list[np.ndarray]:
    """Most that rounded weights can change: the operator of magnitudes and half a weight step, without biases."""
    model = onnx.ModelProto.FromString(case.model.SerializeToString())
    for number, tensor in enumerate(model.graph.initializer):
        value = onnx.numpy_helper.to_array(tensor)
        half = np.full_like(value, np.abs(value).max() / 127 / 2 if number == 0 else 0)
        tensor.CopyFrom(onnx.numpy_helper.from_array(half, tensor.name))
    return run(model, np.abs(images))


def test_what_runs_on_the_accelerator_is_right() -> None:
    """Outputs may be off by a step of each tensor the layers make, and by what rounded weights make of the input."""
    for case, network in results():
        if isinstance(network, str):
            continue
        rounded = as_rounded(network, case.images)
        wanted, extra = run(case.model, rounded), [np.zeros(1)]
        if case.operator in LINEAR:
            extra = slack(case, rounded)
        for value, stated in zip(run(case.model, case.images), case.expected, strict=False):
            np.testing.assert_allclose(value, stated, rtol=1e-3, atol=1e-5)  # the model is the case
        got = network.run(case.images, network.golden_stage)
        assert list(got) == [output.name for output in case.model.graph.output]
        step = sum(network.tensors[name].scale for name in {layer.target for layer in network.layers})
        for index, value in enumerate(got.values()):
            assert value.shape == wanted[index].shape, case.name
            excess = np.abs(value - wanted[index]) - extra[min(index, len(extra) - 1)]
            assert excess.max() <= 1.01 * step, f"{case.name}: {excess.max() / step:.2f} steps"


def test_what_does_not_is_named() -> None:
    """The operator and the rule it breaks, or what of the model is not supported."""
    for case, reason in results():
        if isinstance(reason, str):
            named = any(f"{before}{case.operator} '" in f"; {reason}" for before in ("(", "; "))
            run = f"onnxruntime cannot compute {case.model.graph.output[0].name!r}" in reason  # not with a batch of 1
            assert named or run or "axes" in reason or "extent" in reason, f"{case.name}: {reason}"


@pytest.mark.parametrize("operator", sorted(TRANSLATORS))
def test_every_operator_of_the_support_table_has_cases_on_the_accelerator(operator: str) -> None:
    counts = Counter(case.operator for case, network in results() if isinstance(network, Network))
    assert counts[operator] >= AT_LEAST.get(operator, 0 if operator in OTHER_SHAPES else 1)


def test_support_table_is_fresh() -> None:
    """docs/operators.md is what the registry makes, and every operator is in it once."""
    import generate_support

    assert generate_support.PAGE.read_text() == generate_support.page()
    named = [operator for entry in SUPPORT for operator in entry.operators]
    assert len(named) == len(set(named))
