"""Compiled networks on the golden model, many images at a time: outputs, all tensors, accuracy, the float model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from cocodla.compiler import Network
from cocodla.compiler.frontend.batch import unbind
from cocodla.compiler.frontend.importer import load_model
from cocodla.compiler.ir import Quantisation
from cocodla.compiler.original import check_shapes, outputs_of
from cocodla.compiler.quantisation.pixels import ImageSet, check_images
from cocodla.errors import UserError
from cocodla.formats import bytes_to_tensor

BATCH = 128
Progress = Callable[[int, int], None]
"""Called with (images done, images in all)."""


@dataclass(frozen=True)
class Accuracy:
    """Share of images, of `count`, whose class is first or among the first five; agreement: same class as float.

    top5 is None with fewer than six classes; float_top1 and agreement are None without the float model.
    """

    count: int
    top1: float
    top5: float | None
    float_top1: float | None = None
    agreement: float | None = None


def batches(images: ImageSet, size: int = BATCH, progress: Progress | None = None) -> Iterator[np.ndarray]:
    """Slices of an image set, at most `size` images each; progress is told when each is done."""
    for start in range(0, len(images), size):
        yield images[start : start + size]
        if progress:
            progress(min(start + size, len(images)), len(images))


def clipped_share(network: Network, images: ImageSet) -> float:
    """Share of model inputs that the network's input cannot express, and takes for the nearest it can."""
    if images.dtype == np.uint8:
        return 0.0
    tensor, given = network.tensors[network.input.tensor], network.input
    wrong = total = 0
    for part in batches(images):
        values = given.real(check_images(part, given.shape, "images")).astype(np.float64)
        wide = (-1, *(1,) * (values.ndim - 2))
        if tensor.form == "pixels":
            step = np.abs(given.pixels.scale).reshape(wide)
            taken = given.pixels.to_input(given.pixels.to_pixels(values))
        else:
            values = given.prepared(values, tensor.shape).astype(np.float64)
            codes = Quantisation(tensor.scale, tensor.zero)
            step, taken = np.full(1, tensor.scale), codes.dequantise(codes.quantise(values))
        wrong += int((np.abs(taken - values) > step).sum())
        total += values.size
    return wrong / total


def run_golden_batches(
    network: Network, images: ImageSet, progress: Progress | None = None
) -> dict[str, np.ndarray]:
    """All outputs of the model by name for all images, (batch, *output shape) each."""
    found = [network.golden_outputs(part) for part in batches(images, progress=progress)]
    for name in found[0]:
        check_shapes([part[name].shape[1:] for part in found], name)
    return {name: np.concatenate([part[name] for part in found]) for name in found[0]}


def golden_tensors(network: Network, images: np.ndarray) -> dict[str, np.ndarray]:
    """int8 codes (batch, C, H, W) of every tensor but the input, for some images; bit-exact with the Device.

    In a network of several stages also those the host makes.
    """
    found: dict[str, np.ndarray] = {}

    def execute(stage: int, feeds: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        names = [name for layer in network.layers if layer.stage == stage for name in layer.completes]
        made = network.golden_stage(stage, feeds, names)
        found.update({name: data for name, data in feeds.items() if name != network.input.tensor}, **made)
        return made

    network.run(images, execute)
    return {name: bytes_to_tensor(data, network.tensors[name].layout) for name, data in found.items()}


LOOKED_AT = 8
"""Images whose inner tensors are looked at for saturation."""
SATURATED, TIMES = 0.002, 4.0
"""Share of codes at the ends of their range from which on it is told, if it is as many times that of calibration."""


def saturated_tensors(network: Network, images: ImageSet) -> list[tuple[str, float, float]]:
    """Layers that saturate more often on some images than on the calibration data: (layer, share now, share then)."""
    layers = network.meta.get("quantisation", {}).get("layers", [])
    if not layers:
        return []
    codes, found = golden_tensors(network, images[:LOOKED_AT]), []
    for layer in layers:
        values = codes.get(layer["tensor"])
        if values is not None:
            share = float(((values == 127) | (values == -128)).mean())
            if share > SATURATED + TIMES * layer["ends"]:
                found.append((layer["layer"], share, layer["ends"]))
    return found


def model_inputs(network: Network, images: np.ndarray) -> np.ndarray:
    """Images as the original model takes them: pixels converted to float32."""
    return network.input.real(check_images(images, network.input.shape, "images"))


def check_input(original: onnx.ModelProto, network: Network, path: Path | str) -> None:
    """UserError if a model takes another input than the network."""
    constants = {tensor.name for tensor in original.graph.initializer}
    for value in original.graph.input:
        extents = [dim.dim_value for dim in value.type.tensor_type.shape.dim[1:]]
        shape = network.input.shape
        fits = len(extents) == len(shape) and all(a in (0, b) for a, b in zip(extents, shape, strict=True))
        if value.name not in constants and not fits:
            raise UserError(f"{path}: takes N x {extents}, {network.name} takes N x {list(shape)}")


def _check_labels(labels: np.ndarray, classes: int) -> None:
    if labels.max() >= classes or labels.min() < 0:
        raise UserError(f"labels go from {labels.min()} to {labels.max()}, the network has {classes} outputs")


def measure(
    network: Network,
    images: ImageSet,
    labels: np.ndarray,
    model: Path | str | None = None,
    progress: Progress | None = None,
) -> Accuracy:
    """Accuracy of a classifier on the golden model, and of the float model it was made from if that is given."""
    original = load_model(model) if model is not None else None
    if original is not None and model is not None:
        check_input(original, network, model)
        unbind(original)
    ours, exact = [], []
    for part in batches(images, progress=progress):
        ours.append(network.golden_batch(part).reshape(len(part), -1))
        _check_labels(labels, ours[-1].shape[1])  # before the other images run
        if original is not None:
            name = original.graph.output[0].name
            exact.append(outputs_of(original, [name], model_inputs(network, part))[name].reshape(len(part), -1))
    scores = np.concatenate(ours).astype(np.float64)  # of integers the least has no negative
    order = np.argsort(-scores, axis=1, kind="stable")
    right = order == labels[:, None]
    top5 = float(right[:, :5].any(1).mean()) if scores.shape[1] > 5 else None
    top1 = float(right[:, 0].mean())
    if original is None:
        return Accuracy(len(labels), top1, top5)
    best = np.concatenate(exact).argmax(1)
    return Accuracy(len(labels), top1, top5, float((best == labels).mean()), float((best == order[:, 0]).mean()))
