"""LeNet-5 on the golden model: images a second, equality with the one-image Device, accuracy.

usage: python benchmarks/golden_speed.py [--images N] [--check N]

The pictures are MNIST's test set where ../shared has it, else scikit-learn's digits, repeated as needed.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import onnxruntime
import typer
from rich.console import Console

from cocodla import datasets, zoo
from cocodla.compiler import Network
from cocodla.golden import run


def pictures(count: int) -> tuple[str, np.ndarray, np.ndarray]:
    """Name of the source, `count` pictures (uint8), their labels."""
    found = (datasets.shared_folder() / "data" / "mnist").is_dir()
    images, labels = datasets.mnist("t10k") if found else datasets.sklearn_digits()
    pick = np.arange(count) % len(images)
    return "MNIST test pictures" if found else "scikit-learn digits", images[pick], labels[pick]


def equals_one_by_one(network: Network, images: np.ndarray, scores: np.ndarray) -> bool:
    """Whether the batch gave what the per-register Device gives, image by image."""
    single = network.decode(run(network.program(images)), len(images))
    return np.array_equal(single, scores)


def float_accuracy(images: np.ndarray, labels: np.ndarray) -> float:
    """Percent right of the float model."""
    session = onnxruntime.InferenceSession(str(Path(zoo.FOLDER) / "lenet5.onnx"))
    return 100 * float(np.mean(session.run(None, {"image": (images / 255).astype(np.float32)})[0].argmax(1) == labels))


def main(images: int = 10_000, check: int = 25) -> None:
    """Measure; exit status 1 if the batch differs from the one-image Device."""
    console = Console(highlight=False, width=160)
    source, inputs, labels = pictures(images)
    network = zoo.lenet5()
    network.golden_batch(inputs[:64])
    wall, cpu = time.perf_counter(), time.process_time()
    scores = network.golden_batch(inputs)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    pick = np.linspace(0, images - 1, check).astype(int)
    equal = equals_one_by_one(network, inputs[pick], scores[pick])
    right = 100 * float(np.mean(scores.reshape(images, -1).argmax(1) == labels))
    console.print(
        f"{images} {source} in {wall:.2f} s: {images / wall:,.0f} images/s, {images / cpu:,.0f} for each CPU second"
    )
    console.print(f"accuracy int8 {right:.2f} %, float {float_accuracy(inputs, labels):.2f} %")
    console.print(f"{check} images {'equal to' if equal else 'DIFFER from'} the one-image Device")
    if not equal:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
