"""Models that bring their own scales, with operators that only move elements: moved codes stay the model's.

No calibration data are given. What moves goes into the codes behind it in one rounding, the same that onnxruntime has,
so that only its ties differ; a convolution that moves requantises on the way.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from qdq_builder import QdqBuilder, differences, reference

from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.errors import UserError
from cocodla.golden.run import run

INT8, UINT8 = np.int8, np.uint8


def steps_off(builder: QdqBuilder, folder: Path, scale: float, layers: int | None = None) -> tuple[np.ndarray, Network]:
    """Golden model less onnxruntime in steps of the output; `layers`: as many the network has."""
    path = builder.save(folder / "m.onnx")
    network = compile_model(path, None, CompileOptions(strict=True))
    found = [f"{layer.name}: {layer.operation}" for layer in network.layers]
    assert layers is None or len(found) == layers, found
    shape = [extent.dim_value for extent in builder.input.type.tensor_type.shape.dim[1:]]
    images = np.random.default_rng(1).normal(size=(24, *shape)).astype(np.float32) * 1.5
    assert run(network.program(images[:1])).passed
    return differences(network, path, images, scale), network


def joined(
    first: int, second: int, codes: list[tuple[float, int, type]], seed: int = 0, per_channel: bool = True
) -> QdqBuilder:
    """Two convolutions with codes of their own, Concat with others, a convolution."""
    axis = 0 if per_channel else None
    b = QdqBuilder((8, 6, 6), seed).codes(0.0311, 3)
    source = b.last
    left = b.qconv(first, 3, axis=axis).codes(*codes[0]).last
    b.last, b.channels = source, 8
    right = b.qconv(second, 1, axis=axis).codes(*codes[1]).last
    b.node("Concat", inputs=[left, right], axis=1).codes(*codes[2])
    return b


MIXTURES = {
    "one": [(0.05, 3, INT8)] * 3,
    "left": [(0.0311, -20, INT8), (0.05, 3, INT8), (0.05, 3, INT8)],
    "right": [(0.05, 0, UINT8), (0.021, 100, UINT8), (0.05, 0, UINT8)],
    "both": [(0.0311, 128, UINT8), (0.043, -9, INT8), (0.0627, 11, INT8)],
}


@pytest.mark.parametrize("mixture", MIXTURES)
@pytest.mark.parametrize("offset", range(1, 17))
def test_concat_at_any_channel(offset: int, mixture: str, tmp_path: Path) -> None:
    """The convolutions that bring channels to their places requantise; at whole surfaces only what must be is."""
    codes = MIXTURES[mixture]
    builder = joined(offset, 1 + offset % 5, codes, seed=offset, per_channel=offset % 2 == 0)
    requantised = sum(part != codes[2] for part in codes[:2])
    wrong, _ = steps_off(builder, tmp_path, codes[2][0], 4 if offset % 8 else 2 + requantised)
    assert np.abs(wrong).max() <= 1 and (wrong != 0).mean() < 0.001


def test_concat_at_the_end_takes_codes_that_hold_both(tmp_path: Path) -> None:
    """Nothing behind it says what codes it has: those of all it joins."""
    builder = joined(12, 4, [(0.0311, -20, INT8), (0.05, 3, INT8), (0.05, 3, INT8)])
    del builder.nodes[-2:]
    builder.last = builder.nodes[-1].output[0]
    _, network = steps_off(builder, tmp_path, 1.0)
    (output,) = network.fetched
    assert network.tensors[output].scale < 0.06
    path = tmp_path / "m.onnx"
    images = builder.floats(8, 8, 6, 6)
    assert np.abs(differences(network, path, images, network.tensors[output].scale)).max() <= 1


Build = Callable[[QdqBuilder], QdqBuilder]
A, B = (0.0523, 4), (0.0311, -30)


def constant(b: QdqBuilder, *values: int) -> str:
    return b.constant(np.array(values, np.int64))


def shuffled(b: QdqBuilder, groups: int) -> QdqBuilder:
    each = b.channels // groups
    b.node("Reshape", constant(b, 0, groups, each, 6, 6)).node("Transpose", perm=[0, 2, 1, 3, 4])
    return b.node("Reshape", constant(b, 0, b.channels, 6, 6))


MOVES: dict[str, Build] = {
    "depth to space": lambda b: b.node("DepthToSpace", blocksize=2),
    "depth to space CRD": lambda b: b.node("DepthToSpace", blocksize=2, mode="CRD"),
    "space to depth": lambda b: b.node("SpaceToDepth", blocksize=2),
    "shuffle": lambda b: shuffled(b, 4),
    "slice of channels": lambda b: b.node("Slice", constant(b, 3), constant(b, 15), constant(b, 1)),
    "slice of surfaces": lambda b: b.node("Slice", constant(b, 8), constant(b, 16), constant(b, 1)),
    "stepped slice": lambda b: b.node(
        "Slice", constant(b, 0, 1), constant(b, 6, 6), constant(b, 2, 3), constant(b, 2, 2)
    ),
    "nearest": lambda b: b.node("Resize", "", b.constant(np.array([1, 1, 2, 2], np.float32)), mode="nearest"),
    "pad": lambda b: b.node("Pad", constant(b, 0, 0, 1, 2, 0, 0, 1, 0)),
    "pad with channels": lambda b: b.node("Pad", constant(b, 0, 3, 1, 0, 0, 5, 0, 0)),
    "maximum": lambda b: b.node("MaxPool", kernel_shape=[2, 2], strides=[2, 2]),
    "relu": lambda b: b.node("Relu"),
    "flatten": lambda b: b.node("Flatten"),
}


@pytest.mark.parametrize("kernels", [16, 12, 20])
@pytest.mark.parametrize("move", MOVES)
def test_moves_into_other_codes(move: str, kernels: int, tmp_path: Path) -> None:
    """Convolution to codes A, a move, codes B: one rounding each, as in onnxruntime."""
    b = QdqBuilder((8, 6, 6), seed=kernels).codes(0.0311).qconv(kernels, 3).codes(*A)
    MOVES[move](b).codes(*B)
    wrong, _ = steps_off(b, tmp_path, B[0])
    assert np.abs(wrong).max() <= 1 and (wrong != 0).mean() < 0.001


@pytest.mark.parametrize("kernels", [16, 12])
@pytest.mark.parametrize("move", MOVES)
def test_moves_at_the_end_keep_their_codes(move: str, kernels: int, tmp_path: Path) -> None:
    """Without codes of its own behind it a move has those before it: nothing is rounded."""
    b = QdqBuilder((8, 6, 6), seed=kernels).codes(0.0311).qconv(kernels, 3).codes(*A)
    wrong, _ = steps_off(MOVES[move](b), tmp_path, A[0])
    assert np.abs(wrong).max() <= 1 and (wrong != 0).mean() < 0.001


@pytest.mark.parametrize("move", MOVES)
def test_moves_before_codes(move: str, tmp_path: Path) -> None:
    """Convolution, a move, codes: the convolution rounds into those."""
    b = QdqBuilder((8, 6, 6)).codes(0.0311).qconv(16, 3)
    wrong, _ = steps_off(MOVES[move](b).codes(*B), tmp_path, B[0])
    assert np.abs(wrong).max() <= 1 and (wrong != 0).mean() < 0.001


def test_messages_name_the_models_operators(tmp_path: Path) -> None:
    """Not the layers it takes: here a convolution that brings its channels to places of their own for what follows."""
    b = QdqBuilder((8, 6, 6)).codes(0.0311).qconv(12, 3).node("DepthToSpace", blocksize=2)
    b.channels = 3
    path = b.qconv(8, 3).codes(*B).save(tmp_path / "m.onnx")
    with pytest.raises(UserError, match=r"no calibration data: Conv 'conv3': a part of its work has no scale"):
        compile_model(path, None)


def shuffled_and_rounded(b: QdqBuilder) -> QdqBuilder:
    """Channels in turns, as a quantiser writes it: every tensor rounded, to the same codes."""
    scale, zero = 0.05, 3
    b.codes(0.0311).qconv(16, 3).codes(scale, zero)
    b.node("Reshape", b.constant(np.array([0, 2, 8, 6, 6]))).codes(scale, zero)
    b.node("Transpose", perm=[0, 2, 1, 3, 4]).codes(scale, zero)
    return b.node("Reshape", b.constant(np.array([0, 16, 6, 6]))).codes(scale, zero)


def test_roundings_between_moves_do_not_part_them(tmp_path: Path) -> None:
    builder = shuffled_and_rounded(QdqBuilder((8, 6, 6))).qconv(8, 1).codes(0.05, 3)
    path, inputs = builder.save(tmp_path / "m.onnx"), np.random.default_rng(2).normal(size=(8, 8, 6, 6))
    network = compile_model(path, None, CompileOptions(strict=True))
    assert [layer.operation for layer in network.layers] == ["conv3x3", "conv1x1"]  # the first picks, too
    wrong = differences(network, path, inputs.astype(np.float32), 0.05)
    assert np.abs(wrong).max() <= 1 and (wrong != 0).mean() < 0.002


def two(b: QdqBuilder) -> tuple[str, str]:
    """Two tensors with codes of their own."""
    first = b.last
    return first, b.qconv(16, 1).codes(*B).last


LAST: dict[str, Build] = {
    "sum": lambda b: b.node("Add", inputs=[*two(b)]),
    "sum and relu": lambda b: b.node("Add", inputs=[*two(b)]).node("Relu"),
    "difference": lambda b: b.node("Sub", inputs=[*two(b)]),
    "product": lambda b: b.node("Mul", inputs=[*two(b)]),
    "scale": lambda b: b.node("Mul", b.constant(np.linspace(0.5, 2, 16, dtype=np.float32)[:, None, None])),
    "leaky relu": lambda b: b.node("LeakyRelu", alpha=0.2),
    "average": lambda b: b.node("GlobalAveragePool"),
}  # fmt: skip


@pytest.mark.parametrize("last", LAST)
def test_last_operators_have_the_codes_their_inputs_imply(last: str, tmp_path: Path) -> None:
    """Nothing rounds behind them in onnxruntime: one rounding more, to at most a few steps of what they read."""
    b = QdqBuilder((8, 6, 6)).codes(0.0311).qconv(16, 3).codes(0.0523)
    path = LAST[last](b).save(tmp_path / "m.onnx")
    network = compile_model(path, None, CompileOptions(strict=True))
    (output,) = network.fetched
    images = np.random.default_rng(1).normal(size=(24, 8, 6, 6)).astype(np.float32) * 1.5
    off = network.golden_batch(images) - reference(path, images)
    assert np.abs(off).max() <= (0.51 if last != "average" else 1) * network.tensors[output].scale
