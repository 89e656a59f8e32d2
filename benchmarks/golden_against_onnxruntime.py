"""CPU time of the golden model on depthwise networks, beside that of onnxruntime on the original float model.

usage: python benchmarks/golden_against_onnxruntime.py [--images N] [--repeats N] [--only NAME]

onnxruntime runs one image a call in one thread. Times are medians of the process's CPU time for one image, all threads
together. BlazeFace is measured where ../shared has it; the other networks are made with random weights.
"""

from __future__ import annotations

import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import typer
from rich.console import Console

from cocodla import datasets
from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.nets import styles
from cocodla.nets.registry import SIGNED, built, noise

GOAL = 10.0
"""Largest ratio of CPU times that is wanted."""


@dataclass(frozen=True)
class Case:
    """A network to measure. shape: of an image as the model takes it."""

    name: str
    model: Callable[[Path], Path]
    shape: tuple[int, int, int]
    options: CompileOptions


def cases() -> Iterator[Case]:
    """BlazeFace, where it is, and networks of depthwise convolutions of two sizes."""
    blazeface = datasets.shared_folder() / "models" / "blazeface_front.onnx"
    if blazeface.exists():
        yield Case("blazeface 128x128", lambda folder: blazeface, (128, 128, 3), CompileOptions())
    for name, grow, size in (
        ("mobile", styles.mobile, 32),
        ("mobile", styles.mobile, 96),
        ("mobile", styles.mobile, 128),
        ("efficient", styles.efficient, 32),
        ("efficient", styles.efficient, 96),
    ):
        shape = (3, size, size)
        yield Case(f"{name} {size}x{size}", built(name, grow, shape), shape, SIGNED)


def pictures(case: Case, count: int) -> np.ndarray:
    """Images in the order of the model's input, floats from -1 to 1."""
    channels_last = case.shape[-1] == 3
    height, width, channels = case.shape if channels_last else (*case.shape[1:], case.shape[0])
    pixels = noise((channels, height, width), 2 * count).images
    values = (pixels / 128.0 - 1.0).astype(np.float32)
    return np.ascontiguousarray(values.transpose(0, 2, 3, 1)) if channels_last else values


def cpu_seconds(work: Callable[[], Any], repeats: int) -> float:
    """Median CPU time of `repeats` runs behind one that warms up."""
    work()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


def float_session(path: Path) -> onnxruntime.InferenceSession:
    """onnxruntime with its defaults, but in one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def measure(path: Path, network: Network, images: np.ndarray, repeats: int) -> tuple[float, float, float]:
    """CPU seconds for one image: onnxruntime, golden model with all images at once, golden model with one."""
    session = float_session(path)
    feed = session.get_inputs()[0].name

    def in_float() -> None:
        for image in images:
            session.run(None, {feed: image[None]})

    floating = cpu_seconds(in_float, repeats) / len(images)
    many = cpu_seconds(lambda: network.golden_outputs(images), repeats) / len(images)
    return floating, many, cpu_seconds(lambda: network.golden_outputs(images[:1]), repeats)


def main(images: int = 32, repeats: int = 5, only: str = "") -> None:
    """Measure every network whose name matches `only`."""
    console = Console(highlight=False, width=160)
    console.print(f"CPU ms an image; golden model with {images} images and with 1 (goal: at most {GOAL:g} times)")
    console.print(f"{'network':20} {'layers':>6} {'onnxruntime':>12} {f'{images} images':>18} {'1 image':>18}")
    with tempfile.TemporaryDirectory() as folder:
        for case in cases():
            if not re.search(only, case.name):
                continue
            path = case.model(Path(folder))
            inputs = pictures(case, images)
            network = compile_model(path, inputs[:8], case.options)
            floating, many, one = (1000 * t for t in measure(path, network, inputs, repeats))
            console.print(
                f"{case.name:20} {len(network.layers):6} {floating:12.3f}"
                f" {many:10.3f} ({many / floating:4.1f}x) {one:10.3f} ({one / floating:4.1f}x)"
            )


if __name__ == "__main__":
    typer.run(main)
