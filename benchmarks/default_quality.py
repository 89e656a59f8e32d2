"""What int8 costs networks trained by others by default: SQNR of all outputs together, accuracy, time and memory.

    .venv/bin/python benchmarks/default_quality.py [text in the network's name]

Networks, their data and pictures are those beside the project (../shared); each is compiled symmetric with minmax and
without any measure, then with each effort, from its first 32 pictures, and measured on the others.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console

from cocodla import datasets
from cocodla.compiler import CompileOptions, compile_model
from cocodla.compiler.frontend.batch import unbind
from cocodla.compiler.frontend.importer import load_model
from cocodla.compiler.original import outputs_of
from cocodla.compiler.quantisation.costs import ratio
from cocodla.runtime.accuracy import model_inputs

CALIBRATION = 32
PLAIN = CompileOptions(
    effort="fast", calibrator="minmax", headroom=0.0, equalise=False, bias_correction=False, adaptive_rounding=False,
    asymmetric=False,
)  # fmt: skip
CHOICES = {"plain": PLAIN, **{name: CompileOptions(effort=name) for name in ("fast", "default", "best")}}  # type: ignore[arg-type]


@dataclass(frozen=True)
class Case:
    """A network and its data: images (count, *shape), and their classes."""

    path: Path
    images: np.ndarray
    labels: np.ndarray | None = None


def cifar(prepare: Callable[[np.ndarray], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    rows = np.fromfile(datasets.shared_folder() / "data/cifar10/test_subset.bin", np.uint8).reshape(-1, 3073)
    return prepare(rows[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32)).astype(np.float32), rows[:, 0]


def photographs(count: int, size: int) -> np.ndarray:
    """Parts of real pictures, each of another place and size: (count, 3, size, size), 0 to 255."""
    from sklearn.datasets import load_sample_images

    random = np.random.default_rng(0)
    folder = datasets.shared_folder() / "models/tiny_yolo_v2_voc"
    pictures = [np.asarray(Image.open(folder / name).convert("RGB")) for name in ("dog416.png", "person.jpg")]
    pictures += list(load_sample_images().images)
    parts = []
    for index in range(count):
        picture = pictures[index % len(pictures)]
        height, width = picture.shape[:2]
        side = int(random.integers(min(height, width) // 3, min(height, width)))
        top, left = int(random.integers(0, height - side + 1)), int(random.integers(0, width - side + 1))
        part = Image.fromarray(picture[top : top + side, left : left + side])
        parts.append(np.asarray(part.resize((size, size), Image.Resampling.BILINEAR)).transpose(2, 0, 1))
    return np.stack(parts).astype(np.float32)


def cases() -> Iterator[Case]:
    models = datasets.shared_folder() / "models"
    mean, spread = (np.array(values)[:, None, None] for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    yield Case(models / "mlperf_resnet8_float.onnx", *cifar(lambda x: x))
    yield Case(models / "resnet18_cifar10.onnx", *cifar(lambda x: x - np.array([125.3, 123.0, 113.9])[:, None, None]))
    yield Case(models / "resnet20_cifar10.onnx", *cifar(lambda x: (x / 255 - mean) / spread))
    yield Case(models / "blazeface_front.onnx", photographs(96, 128) / np.float32(127.5) - 1)


def measure(case: Case, options: CompileOptions) -> str:
    started = time.process_time()
    network = compile_model(case.path, case.images[:CALIBRATION], options)
    seconds, others = time.process_time() - started, case.images[CALIBRATION:]
    model = load_model(case.path)
    unbind(model)
    wanted = outputs_of(model, [output.name for output in network.outputs], model_inputs(network, others))
    got = network.golden_outputs(others)
    text = ", ".join(f"{name} {ratio(value, got[name].reshape(value.shape)):.1f} dB" for name, value in wanted.items())
    if case.labels is not None:
        labels, first = case.labels[CALIBRATION:], network.outputs[0].name
        ours, exact = (
            float((values[first].reshape(len(labels), -1).argmax(1) == labels).mean()) for values in (got, wanted)
        )
        text += f"; accuracy {ours:.2%}, float {exact:.2%}"
    return f"{text}; {seconds:.1f} s of CPU time"


def main() -> None:
    wanted, console = sys.argv[1] if len(sys.argv) > 1 else "", Console()
    if not datasets.shared_folder().is_dir():
        sys.exit("default_quality: no ../shared")
    for case in cases():
        if wanted in case.path.stem:
            for name, options in CHOICES.items():
                console.print(f"{case.path.stem}, {name}: {measure(case, options)}", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
