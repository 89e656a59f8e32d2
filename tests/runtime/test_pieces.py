"""A network in pieces, several at a time, shows what one run of it shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cocodla import datasets, zoo
from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.nets import paths
from cocodla.nets.builder import Builder
from cocodla.program import Mismatch
from cocodla.runtime import rtl
from cocodla.runtime.pieces import Piece, _joined, _of_image, _pages, cut, verify_in_pieces
from cocodla.runtime.span import Span
from cocodla.runtime.verify import NetworkRun, verify_network


def residual(folder: Path) -> tuple[Network, np.ndarray]:
    """Convolutions around an Add and a Concat that two layers fill in place."""
    builder = Builder((8, 8, 8), 3).conv(16, (3, 3), pads=[1, 1, 1, 1]).node("Relu")
    left = builder.last
    right = builder.conv(16, (3, 3), pads=[1, 1, 1, 1]).last
    builder.node("Add", inputs=[left, right]).node("Relu")
    joined = builder.last
    low, high = builder.conv(8, (1, 1)).last, ""
    builder.last, builder.channels = joined, 16
    high = builder.conv(8, (3, 3), pads=[1, 1, 1, 1]).last
    builder.node("Concat", inputs=[low, high], axis=1).channels = 16
    builder.conv(8, (1, 1))
    images = np.random.default_rng(3).normal(size=(3, 8, 8, 8)).astype(np.float32)
    return compile_model(builder.save(folder / "m.onnx"), images, CompileOptions()), images


def covered(network: Network, pieces: list[Piece]) -> list[tuple[int, int]]:
    """(image, layer) of all that pieces run."""
    return [
        (image, layer)
        for piece in pieces
        for image in range(piece.first, piece.first + piece.count)
        for layer in range(piece.span.first, piece.span.last + 1)
    ]


@pytest.mark.parametrize("images", [1, 2, 3, 7])
@pytest.mark.parametrize("jobs", [1, 2, 3, 8])
def test_pieces_hold_every_layer_of_every_image_once(images: int, jobs: int, tmp_path: Path) -> None:
    network, _ = residual(tmp_path)
    rng = np.random.default_rng(images * 10 + jobs)
    for costs in (np.ones(len(network.layers)), rng.uniform(1, 100, len(network.layers)), [0.0] * len(network.layers)):
        found = covered(network, cut(network, images, jobs, list(costs)))
        assert sorted(found) == [(i, layer) for i in range(images) for layer in range(len(network.layers))]


def test_parts_cost_about_the_same() -> None:
    network = zoo.lenet5()
    costs = [100.0] * len(network.layers)
    pieces = cut(network, 9, 2, costs)
    assert {(piece.first, piece.count) for piece in pieces if piece.count > 1} == {(0, 4), (5, 4)}
    halves = [sum(p.cost for p in pieces if p.first < 4 or (p.first == 4 and p.span.first == 0)), 0.0]
    halves[1] = sum(piece.cost for piece in pieces) - halves[0]
    assert abs(halves[0] - halves[1]) <= 100


def test_a_tensor_that_is_filled_in_parts_is_not_cut(tmp_path: Path) -> None:
    network, _ = residual(tmp_path)
    spans = {piece.span for jobs in range(2, 9) for piece in cut(network, 1, jobs, [1.0] * len(network.layers))}
    for span in spans:
        layers = network.layers[: span.last + 1]
        complete = {network.tensors[name].memory for layer in layers for name in layer.completes}
        assert all(root in complete for layer in layers for root, _ in layer.writes)


def comparable(run: NetworkRun) -> tuple[object, ...]:
    """What must not depend on pieces."""
    layers = [(layer.name, layer.tensors, layer.mismatches, layer.output_shape) for layer in run.layers]
    return run.passed, run.images, run.tensors_compared, run.predictions, run.labels, run.failures, layers


@pytest.mark.parametrize("images", [3, 4])  # an image is cut; pieces of whole images say themselves what they saw
def test_lenet_in_pieces_is_lenet(images: int) -> None:
    network, (pictures, labels) = zoo.lenet5(), datasets.sklearn_digits()
    simulation = rtl.Simulation(seed=1)
    whole = verify_network(network, pictures[:images], labels[:images], simulation)
    parts = verify_in_pieces(network, pictures[:images], labels[:images], simulation, 2)
    assert comparable(parts) == comparable(whole) and whole.passed
    assert _pages(network, 3) <= _pages(network, 9) < 64
    assert parts.cycles_per_image == pytest.approx(whole.cycles_per_image, rel=0.2)


def test_a_network_with_stages_in_pieces(tmp_path: Path) -> None:
    """The host works between them."""
    grow, shape = paths.PATHS["stages"]
    images = np.random.default_rng(1).normal(size=(4, *shape)).astype(np.float32)
    network = compile_model(grow(Builder(shape, 1)).save(tmp_path / "m.onnx"), images, CompileOptions())
    assert network.stages > 1
    simulation, labels = rtl.Simulation(seed=2), np.array([-1])
    whole = verify_network(network, images[:1], labels, simulation)
    parts = verify_in_pieces(network, images[:1], labels, simulation, 2)
    assert comparable(parts) == comparable(whole) and whole.passed


def test_the_first_mismatch_is_that_of_the_whole_run() -> None:
    """Images are counted through; the earliest image, then the earliest layer comes first."""
    network = zoo.lenet5()
    last = len(network.layers) - 1
    mismatch = Mismatch(5, "image1/t3", "channel 0", 1, 2, 3, 4)
    bad = NetworkRun("n", "v", 2, [], [], [], 1.0, 4, mismatch)
    good = NetworkRun("n", "v", 1, [], [], [], 1.0, 2, None)
    failed = NetworkRun("n", "v", 1, [], [], [], 1.0, 0, None, ["hang"])
    runs = {Piece(Span(1, last), 0, 1, 1.0): failed, Piece(Span(0, last), 1, 2, 2.0): bad}
    runs[Piece(Span(0, 0), 0, 1, 1.0)] = good
    joined = _joined(network, np.zeros((3, 1, 28, 28), np.uint8), np.zeros(3), Span.whole(network), runs)
    assert joined.first_mismatch is not None and joined.first_mismatch.name == "image2/t3"
    assert joined.failures == [f"image 0, layers {Span(1, last).text(network)}: hang"] and not joined.passed
    assert _of_image(mismatch, 0) == mismatch
