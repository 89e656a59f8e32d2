"""Operators that only move elements: views, strided copies, picking convolutions; and the plan of the copies."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import onnx
import pytest
from comparison import compile_and_compare, floats
from onnx_builder import Builder

from cocodla.compiler import CompileOptions, compile_model, compile_whole
from cocodla.compiler.hardware.moves import ByteLoop, plan
from cocodla.errors import UserError


def numbers(builder: Builder, *rows: tuple[int, ...]) -> list[str]:
    return [builder.constant(np.array(row, np.int64)) for row in rows]


def scaled(builder: Builder, rows: float, columns: float, **attributes: object) -> Builder:
    scales = builder.constant(np.array([1, 1, rows, columns], np.float32))
    return builder.node("Resize", "", scales, **attributes)


def then(builder: Builder, channels: int) -> Builder:
    """`channels` are what the last node, which is no convolution, has made."""
    builder.channels = channels
    return builder


def beside(builder: Builder, axis: int) -> Builder:
    """A convolution and a pooled convolution, one behind the other along an axis."""
    start, channels = builder.last, builder.channels
    left = builder.conv(11, (3, 3), pads=[1] * 4).node("Relu").last
    builder.node("MaxPool", inputs=[start], kernel_shape=[3, 3], strides=[1, 1], pads=[1] * 4)
    right = then(builder, channels).conv(11, (1, 1)).last
    return then(builder.node("Concat", inputs=[left, right], axis=axis), 11).conv(5, (3, 3))


def halves(builder: Builder, axis: int) -> Builder:
    """The sum of both halves of a tensor, of which the first is also pooled."""
    first = builder.conv(12, (3, 3), pads=[1] * 4).node("Split", axis=axis).last
    builder.nodes[-1].output.append("second")
    builder.node("Add", inputs=[first, "second"])
    left = builder.last
    right = builder.node("MaxPool", inputs=[first], kernel_shape=[3, 3], pads=[1] * 4).last
    return builder.node("Concat", inputs=[left, right], axis=axis)


def nested(builder: Builder) -> Builder:
    """Concat of rows of a Concat of columns, single pixels of several surfaces among the parts."""
    start = builder.conv(16, (1, 1)).last
    pooled = builder.node("GlobalMaxPool").last
    twice = builder.node("Add", inputs=[pooled, pooled]).last
    row = builder.node("Concat", inputs=[pooled, twice, pooled], axis=3).last
    return builder.node("Concat", inputs=[row, start], axis=2)


def cut(builder: Builder, *rows: tuple[int, ...]) -> Builder:
    """Slice with (starts, ends, axes[, steps])."""
    return builder.conv(24, (1, 1)).node("Slice", *numbers(builder, *rows))


CASES: dict[str, tuple[tuple[int, ...], Callable[[Builder], object], int]] = {
    # shape, network, SDP copies among its layers
    "nearest": ((11, 5, 6), lambda b: scaled(b.conv(11, (1, 1)), 2, 2).conv(5, (3, 3), pads=[1] * 4), 4),
    "nearest_3x2": (
        (20, 5, 6),
        lambda b: scaled(b.conv(20, (1, 1)), 3, 2, coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
        6,
    ),
    "nearest_rows": ((9, 4, 5), lambda b: scaled(b.conv(9, (1, 1)), 2, 1).node("Relu"), 1),
    "nearest_pixel": ((24, 3, 3), lambda b: scaled(b.node("GlobalMaxPool"), 4, 5), 1),
    "nearest_down": (
        (9, 8, 8),
        lambda b: scaled(
            b.conv(9, (1, 1)), 0.5, 0.25, coordinate_transformation_mode="asymmetric", nearest_mode="floor"
        ),
        1,
    ),
    "space_to_depth": ((16, 6, 8), lambda b: then(b.node("SpaceToDepth", blocksize=2), 64).conv(3, (1, 1)), 4),
    "space_to_depth_3": ((24, 6, 9), lambda b: b.conv(24, (1, 1)).node("SpaceToDepth", blocksize=3), 9),
    "space_to_depth_lanes": ((12, 6, 8), lambda b: b.conv(12, (1, 1)).node("SpaceToDepth", blocksize=2), 0),
    "depth_to_space": ((16, 6, 8), lambda b: b.conv(32, (1, 1)).node("DepthToSpace", blocksize=2).node("Relu"), 4),
    "depth_to_space_lanes": ((16, 6, 5), lambda b: b.conv(27, (1, 1)).node("DepthToSpace", blocksize=3), 9),
    "depth_to_space_crd": (
        (16, 6, 8), lambda b: b.conv(12, (1, 1)).node("DepthToSpace", blocksize=2, mode="CRD"), 4,
    ),
    "depth_to_space_of_pixel": ((16, 1, 1), lambda b: b.node("DepthToSpace", blocksize=2), 1),
    "rows": ((8, 6, 7), lambda b: beside(b, 2), 0),
    "columns": ((8, 6, 7), lambda b: beside(b, 3), 0),
    "nested": ((8, 3, 3), nested, 0),
    "split_rows": ((8, 6, 8), lambda b: halves(b, 2), 0),
    "split_columns": ((8, 6, 8), lambda b: halves(b, -1), 0),
    "slice": ((24, 9, 9), lambda b: then(cut(b, (8, 1, 2), (24, 8, -1), (1, 2, 3)), 16).conv(5, (2, 2)), 0),
    "slice_output": ((24, 9, 9), lambda b: cut(b, (8, 1, 2), (21, 8, 9), (-3, 2, 3)), 0),
    "slice_lanes": ((24, 9, 9), lambda b: then(cut(b, (3, 1, 2), (21, 8, 9), (1, 2, 3)), 18).conv(5, (2, 2)), 0),
    "slice_steps": ((24, 9, 9), lambda b: cut(b, (8, 1, 2), (24, 8, 9), (1, 2, 3), (1, 3, 2)), 1),
    "slice_pixel": ((24, 9, 9), lambda b: pixel_sum(cut(b, (8, 1, 2), (24, 2, 3), (1, 2, 3))), 0),
    "slice_of_input": ((24, 9, 9), lambda b: b.node("Slice", *numbers(b, (8, 1), (16, 8), (1, 2))).conv(3, (1, 1)), 0),
}  # fmt: skip


def chain(builder: Builder, *steps: tuple[int, ...]) -> Builder:
    """Reshapes and Transposes in turn."""
    for index, step in enumerate(steps):
        if index % 2:
            builder.node("Transpose", perm=step)
        else:
            builder.node("Reshape", builder.constant(np.array(step)))
    return builder


CHAINS: dict[str, tuple[tuple[int, ...], list[tuple[int, ...]], set[str]]] = {
    # shape, reshapes and transposes in turn, operations that do it
    "reorg": (
        (16, 4, 6),
        [(1, 16, 2, 2, 3, 2), (0, 1, 2, 4, 3, 5), (1, 16, 6, 4), (0, 1, 3, 2), (1, 16, 4, 2, 3), (0, 2, 1, 3, 4),
         (1, 64, 2, 3)],
        {"space to depth"},
    ),
    "pixel_shuffle": ((12, 4, 5), [(1, 3, 2, 2, 4, 5), (0, 1, 4, 2, 5, 3), (1, 3, 8, 10)], {"depth to space"}),
    "channel_shuffle": ((12, 4, 5), [(1, 3, 4, 4, 5), (0, 2, 1, 3, 4), (1, 12, 4, 5)], set()),
    "surface_shuffle": ((48, 4, 5), [(1, 2, 3, 8, 4, 5), (0, 2, 1, 3, 4, 5), (1, 48, 4, 5)], {"shuffle"}),
    "surfaces_backwards": (
        (32, 4, 5), [(1, 2, 2, 8, 20), (0, 2, 1, 3, 4), (1, 2, 2, 8, 20), (0, 1, 2, 3, 4), (1, 32, 4, 5)], {"shuffle"},
    ),
    "nothing": ((12, 4, 5), [(1, 3, 4, 20), (0, 1, 2, 3), (1, 12, 4, 5)], set()),
}  # fmt: skip


@pytest.mark.parametrize("case", CHAINS)
def test_chains_of_reshape_and_transpose(case: str, tmp_path: Path) -> None:
    shape, steps, operations = CHAINS[case]
    builder = chain(Builder(shape, seed=4).conv(shape[0], (3, 3), pads=[1] * 4).node("Relu"), *steps)
    builder.conv(steps[-1][1], (1, 1)) if steps[-1][1] == shape[0] else None
    path = builder.save(tmp_path / "m.onnx")
    network = compile_and_compare(path, floats(shape), CompileOptions(strict=True))
    assert operations == {layer.operation for layer in network.layers if "CSC" not in layer.units}


def test_a_chain_that_turns_the_image_stays_on_the_host(tmp_path: Path) -> None:
    builder = chain(Builder((8, 4, 4)).conv(8, (1, 1)), (1, 8, 16), (0, 1, 2), (1, 8, 4, 4)).node(
        "Transpose", perm=[0, 1, 3, 2]
    )
    network = compile_model(builder.save(tmp_path / "m.onnx"), floats((8, 4, 4)))
    assert [entry["operator"] for entry in network.meta["host"]] == ["Transpose"]


def pixel_sum(builder: Builder) -> Builder:
    return builder.node("Add", builder.last)


@pytest.mark.parametrize("case", CASES)
def test_operators_that_move(case: str, tmp_path: Path) -> None:
    shape, build, copies = CASES[case]
    builder = Builder(shape, seed=3)
    if case == "slice_of_input":
        builder.channels = 8
    build(builder)
    options = CompileOptions(strict=True, images_in_flight=1 + len(case) % 2, reuse_memory=len(case) % 3 == 0)
    network = compile_and_compare(builder.save(tmp_path / "m.onnx"), floats(shape), options)
    moves = [layer for layer in network.layers if layer.units == ("SDP", "SDP_RDMA") and "add" not in layer.operation]
    assert len(moves) == copies


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"scales": (2, 2), "mode": "cubic"}, "mode must be nearest or linear, it is 'cubic'"),
        ({"scales": (1.5, 2)}, "4 rows become 6 by no whole factor"),
    ],
)
def test_refused_resize(attributes: dict[str, object], words: str, tmp_path: Path) -> None:
    rows, columns = attributes.pop("scales")  # type: ignore[misc]
    builder = scaled(Builder((8, 4, 4)).conv(8, (1, 1)), rows, columns, **attributes)
    with pytest.raises(UserError, match=words):
        compile_model(builder.save(tmp_path / "m.onnx"), floats((8, 4, 4)), CompileOptions(strict=True))


def test_a_copy_for_each_loop_that_is_left() -> None:
    """Loops that are one on both sides merge, and two are strides of the copy."""
    packed = [ByteLoop(6, 8 * 40, 8 * 40), ByteLoop(5, 64, 64), ByteLoop(8, 8, 8)]
    assert [copy.counts for copy in plan(packed)] == [(1, 1, 240)]
    every_second = [ByteLoop(2, 0, 8), ByteLoop(9, 8, 16), ByteLoop(4, 72, 288)]
    assert len(plan(every_second)) == 2
    assert len(plan([ByteLoop(2000, 8, 64), ByteLoop(9000, 1 << 20, 1 << 21)])) == 4


@pytest.mark.parametrize("seed", range(40))
def test_plans_move_every_atom_once(seed: int) -> None:
    random = np.random.default_rng(seed)
    steps, size = [], 8
    for _ in range(int(random.integers(1, 6))):
        count = int(random.integers(1, 5))
        steps.append((count, size))
        size *= count
    order = random.permutation(len(steps))
    loops, size = [], 8
    for index in order:
        count, target = steps[index]
        loops.append(ByteLoop(count, 0 if random.random() < 0.2 else size, target))
        size *= count
    wanted = {}
    for taken in product(*(range(loop.count) for loop in loops)):
        places = [(n * loop.source, n * loop.target) for n, loop in zip(taken, loops, strict=True)]
        wanted[sum(t for _, t in places)] = sum(s for s, _ in places)
    found: dict[int, int] = {}
    for copy in plan(loops):
        assert copy.counts[0] == 1 or copy.counts[1:] != (1, 1), "SDP takes surfaces of one pixel as packed"
        for surface, line, column in product(*map(range, copy.counts)):
            source = copy.source + surface * copy.source_strides[0] + line * copy.source_strides[1] + 8 * column
            target = copy.target + surface * copy.target_strides[0] + line * copy.target_strides[1] + 8 * column
            assert target not in found
            found[target] = source
    assert found == wanted


def test_vectors_are_joined_in_place(tmp_path: Path) -> None:
    builder = Builder((8, 6, 6)).conv(16, (3, 3)).node("Relu")
    start = builder.last
    first = builder.node("GlobalAveragePool").node("Flatten").last
    builder.node("GlobalMaxPool", inputs=[start]).node("Flatten").node("Concat", inputs=[first, builder.last], axis=-1)
    builder.node("MatMul", builder.constant(builder.floats(32, 5)))
    images = np.random.default_rng(1).normal(size=(8, 8, 6, 6)).astype(np.float32)
    network = compile_model(builder.save(tmp_path / "m.onnx"), images, CompileOptions(strict=True))
    operations = [layer.operation for layer in network.layers]
    assert operations == ["conv3x3+relu", "mean4x4", "maxpool4x4", "fc5"]


def test_what_moves_of_a_tensor_have_made_is_not_made_again(tmp_path: Path) -> None:
    """Moves whose middle something else reads, too: what is made of the first tensor is left alone behind it."""
    builder = Builder((8, 6, 6)).node("HardSigmoid")
    order = builder.constant(np.array([3, 0, 2, 1, 7, 5, 4, 6]))
    middle = builder.node("Gather", order, axis=1).last
    flat = builder.node("Reshape", builder.constant(np.array([1, 8, 36]))).last
    builder.last = middle
    builder.node("Reshape", builder.constant(np.array([1, 2, 4, 6, 6]))).node("Transpose", perm=[0, 2, 1, 3, 4])
    builder.node("Reshape", builder.constant(np.array([1, 8, 6, 6])))
    model = builder.model()
    model.graph.output.append(onnx.helper.make_tensor_value_info(flat, onnx.TensorProto.FLOAT, None))
    onnx.save(model, tmp_path / "m.onnx")
    images = floats((8, 6, 6))
    graph = compile_whole(tmp_path / "m.onnx", images).graph
    made = [node.output for node in graph.nodes]
    assert len(set(made)) == len(made)
