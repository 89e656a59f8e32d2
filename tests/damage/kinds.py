"""The kinds of files that are damaged, by name: good samples of each, their damages, and what reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from cocodla import datasets, zoo
from cocodla.compiler import CompileOptions, compile_model
from cocodla.nets.builder import Builder

from . import loadables, models, networks, programs, readers
from .trial import Damage


@dataclass(frozen=True)
class Sample:
    """A good file, its damages, and what reads them."""

    name: str
    damages: Iterable[Damage]
    read: Callable[[Path], object]
    suffix: str


def staged(seed: int = 0) -> Builder:
    """A network with the host in the middle and at the end, a table (LRN), a sum, an average and a pooling."""
    builder = Builder((8, 6, 6), seed)
    start = builder.conv(9, (3, 3), pads=[1, 1, 1, 1]).node("LRN", size=3).last
    builder.node("LogSoftmax", axis=1).conv(9, (1, 1)).node("Relu")
    builder.node("Add", inputs=[builder.last, start]).node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    return builder.conv(4, (3, 3)).node("Softmax", axis=1)


def network_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Good network files by name: LeNet-5, and one with several stages and units."""
    fast = CompileOptions(effort="fast", pixel_scale=1 / 255)
    pictures, _ = datasets.sklearn_digits()
    compile_model(zoo.FOLDER / "lenet5.onnx", pictures[:16], fast).save(folder / "lenet5.dla")
    yield "lenet5", folder / "lenet5.dla"
    images = np.random.default_rng(1).normal(size=(4, 8, 6, 6)).astype(np.float32)
    compile_model(staged().save(folder / "staged.onnx"), images, CompileOptions(effort="fast")).save(folder / "s.dla")
    yield "staged", folder / "s.dla"


def _networks(folder: Path) -> Iterator[Sample]:
    for name, path in network_files(folder):
        yield Sample(name, networks.damages(path), networks.use, ".dla")


def _programs(folder: Path) -> Iterator[Sample]:
    pictures, _ = datasets.sklearn_digits()
    fast = CompileOptions(effort="fast", pixel_scale=1 / 255)
    small = Builder((1, 28, 28)).conv(5, (3, 3)).node("Relu").node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    network = compile_model(small.node("LRN", size=3).save(folder / "p.onnx"), pictures[:8], fast)
    network.program(pictures[:2]).save(folder / "p.zip")
    yield Sample("two images", programs.damages(folder / "p.zip"), programs.use, ".zip")


def _models(folder: Path) -> Iterator[Sample]:
    path = staged().save(folder / "staged.onnx")
    yield Sample("staged", models.damages(path), models.use, ".onnx")
    tested = Builder((1, 8, 8)).conv(4, (3, 3)).node("Relu").node("AveragePool", kernel_shape=[2, 2], strides=[2, 2])
    tested.node("Resize", "", tested.constant(np.array([1, 1, 2, 2], np.float32)), mode="nearest")
    tested.node("Pad", tested.constant(np.array([0, 0, 1, 1, 0, 0, 1, 1])), mode="constant")
    tested.node("Transpose", perm=[0, 2, 3, 1]).node("Reshape", tested.constant(np.array([1, -1]))).gemm(256, 5)
    yield Sample("shapes", models.damages(tested.save(folder / "shapes.onnx")), models.use, ".onnx")


def _loadables(folder: Path) -> Iterator[Sample]:
    for name, builder in loadables.samples():
        yield Sample(name, loadables.damages(builder), loadables.use, ".nvdla")


def _of_reader(name: str, folder: Path) -> Iterator[Sample]:
    return (Sample(*entry) for entry in readers.ALL[name](folder))


ALL: dict[str, Callable[[Path], Iterator[Sample]]] = {
    "networks": _networks,
    "programs": _programs,
    "models": _models,
    "loadables": _loadables,
    **{name: partial(_of_reader, name) for name in readers.ALL},
}
