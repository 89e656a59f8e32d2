"""A network on the RTL in pieces, several at a time: some layers of some images each, cut where the latency model says
that the parts take equally long.

Each piece starts from the golden model's memory (cocodla.runtime.span). The same tensors are compared as in one run,
and the first that differs is the same; cycles of a layer may differ a little, as at the ends of a piece another image,
or none, is in flight beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from cocodla.compiler import Network
from cocodla.compiler.hardware.emit import emit
from cocodla.compiler.prediction import predict_network
from cocodla.program import Mismatch
from cocodla.runtime import rtl
from cocodla.runtime.jobs import run_processes
from cocodla.runtime.player import page_count
from cocodla.runtime.span import Span
from cocodla.runtime.verify import LayerRun, NetworkRun, verify_network


@dataclass(frozen=True)
class Piece:
    """Layers of a network, of images first to first + count - 1. cost: predicted cycles."""

    span: Span
    first: int
    count: int
    cost: float


def can_be_cut(simulation: rtl.Simulation) -> bool:
    """Whether pieces show all that is wanted: waveforms and the activity of units belong to one run."""
    return simulation.waves is None and not simulation.activity


def cut(network: Network, images: int, jobs: int, costs: Sequence[float], span: Span | None = None) -> list[Piece]:
    """Pieces of a span (default: all layers), the longest first, that share the work among `jobs`.

    costs: cycles of each layer. All images behind each other are one line, which is cut into `jobs` parts of equal
    cost, where layers allow it: a part may be the last layers of an image, whole images, the first layers of another.
    """
    span = span or Span.whole(network)
    ends = np.concatenate([[0.0], np.cumsum(costs[span.first : span.last + 1])])
    places = [0, *_cuts(network, span), len(ends) - 1]
    marks = [(0, 0)]
    for job in range(1, jobs):
        image, rest = divmod(job * images / jobs, 1)
        place = min(places, key=lambda place: abs(ends[place] - rest * ends[-1]))
        marks.append((int(image), place) if place < len(ends) - 1 else (int(image) + 1, 0))
    marks = sorted({*marks, (images, 0)})
    pieces = [piece for begin, end in pairwise(marks) for piece in _between(span, begin, end, ends)]
    return sorted(pieces, key=lambda piece: -piece.cost)


def _between(span: Span, begin: tuple[int, int], end: tuple[int, int], ends: np.ndarray) -> list[Piece]:
    """The pieces from one (image, place in the span) to another."""

    def piece(image: int, count: int, low: int, high: int) -> Piece:
        layers = Span(span.first + low, span.first + high - 1)
        return Piece(layers, image, count, count * float(ends[high] - ends[low]))

    (image, place), (last, stop), whole = begin, end, len(ends) - 1
    if image == last:
        return [piece(image, 1, place, stop)]
    found = [piece(image, 1, place, whole)] if place else []
    begun = image + bool(place)
    found += [piece(begun, last - begun, 0, whole)] if last > begun else []
    return found + ([piece(last, 1, 0, stop)] if stop else [])


def _cuts(network: Network, span: Span) -> list[int]:
    """Places in a span before which it can be cut: both sides run by themselves, and no tensor is left in part."""
    return [
        place - span.first
        for place in range(span.first + 1, span.last + 1)
        if all(part.runnable(network) == part for part in (Span(span.first, place - 1), Span(place, span.last)))
        and _is_whole(network, Span(span.first, place - 1))
    ]


def _is_whole(network: Network, span: Span) -> bool:
    """Whether the layers of a span, with those before it, complete every tensor that they write."""
    layers = network.layers[: span.last + 1]
    complete = {network.tensors[name].memory for layer in layers for name in layer.completes}
    return all(root in complete for layer in layers for root, _ in layer.writes)


def verify_in_pieces(
    network: Network,
    images: np.ndarray,
    labels: np.ndarray,
    simulation: rtl.Simulation,
    jobs: int,
    progress: Callable[[int, int], None] | None = None,
    span: Span | None = None,
) -> NetworkRun:
    """As `verify_network`, in `jobs` processes. progress gets (predicted cycles done, in all)."""
    span = span or Span.whole(network)
    costs = predict_network(network, simulation.memory.timing).added
    pieces = cut(network, len(images), jobs, costs, span)
    if len(pieces) == 1:
        return verify_network(network, images, labels, simulation, progress, span)
    total, done = sum(piece.cost for piece in pieces), 0.0
    runs: dict[Piece, NetworkRun] = {}
    rtl.build_model(simulation, _pages(network, len(images)))  # once, before all of them want it
    with TemporaryDirectory(prefix="cocodla-pieces-") as folder:
        network.save(Path(folder) / "network.dla")
        np.save(Path(folder) / "images.npy", images)
        work = partial(_verify, folder=folder, simulation=simulation)
        for index, run in run_processes(work, pieces, min(jobs, len(pieces)), forked=True):
            piece = pieces[index]
            died = ["its process has died"]
            runs[piece] = run or NetworkRun(network.name, simulation.sim, piece.count, [], [], [], 0, 0, None, died)
            done += piece.cost
            if progress:
                progress(int(done), int(total))
    return _joined(network, images, labels, span, runs)


def _pages(network: Network, images: int) -> int:
    """Pages of memory that the whole network needs."""
    rows = min(images, network.images_in_flight)
    found = 1
    for stage in range(network.stages):
        feeds = {name: np.zeros((rows, network.tensors[name].size), np.uint8) for name in network.feeds(stage)}
        found = max(found, page_count(emit(network, feeds, tensors=(), stage=stage)))
    return found


def _verify(piece: Piece, folder: str, simulation: rtl.Simulation) -> NetworkRun:
    """Run a piece, in a process of its own."""
    network = Network.load(Path(folder) / "network.dla")
    images = np.load(Path(folder) / "images.npy", mmap_mode="r")[piece.first : piece.first + piece.count]
    return verify_network(network, images, np.full(len(images), -1), simulation, span=piece.span)


def _joined(
    network: Network, images: np.ndarray, labels: np.ndarray, span: Span, runs: dict[Piece, NetworkRun]
) -> NetworkRun:
    """One result of all pieces, in the order of images and layers."""
    ordered = sorted(runs, key=lambda piece: (piece.first, piece.span.first))
    found = [(piece, runs[piece]) for piece in ordered]
    mismatches = [_of_image(run.first_mismatch, piece.first) for piece, run in found if run.first_mismatch]
    counters: dict[str, float] = {}
    for _, run in found:
        for name, value in run.counters.items():
            counters[name] = counters.get(name, 0) + value
    result = NetworkRun(
        network=network.name,
        simulator=found[0][1].simulator,
        images=len(images),
        layers=_layers(network, span, found),
        predictions=[],
        labels=[],
        cycles_per_image=sum(run.cycles_per_image * run.images for _, run in found) / len(images),
        tensors_compared=sum(run.tensors_compared for _, run in found),
        first_mismatch=mismatches[0] if mismatches else None,
        failures=[f"{_place(network, piece)}: {line}" for piece, run in found for line in run.failures],
        counters=counters,
        recorded=next((run.recorded for _, run in found if run.recorded), ""),
        finding=next((run.finding for _, run in found if run.finding), None),
    )
    if result.passed and span == Span.whole(network):
        result.predictions = _predictions(network, images, found)
        result.labels = [int(label) for label in labels]
    return result


def _predictions(network: Network, images: np.ndarray, found: list[tuple[Piece, NetworkRun]]) -> list[int]:
    """The class of each image of runs that passed: what pieces of whole images say, else the golden model's."""
    if all(piece.span == Span.whole(network) for piece, _ in found):
        return [best for _, run in found for best in run.predictions]
    outputs = next(iter(network.golden_outputs(images).values())).reshape(len(images), -1)  # equal to the RTL's
    return [int(best) for best in outputs.argmax(1)]


def _layers(network: Network, span: Span, found: list[tuple[Piece, NetworkRun]]) -> list[LayerRun]:
    """Mean cost of each layer over the images of all pieces it is in, in network order."""
    parts: dict[str, list[tuple[int, LayerRun]]] = {}
    for _, run in found:
        for layer in run.layers:
            parts.setdefault(layer.name, []).append((run.images, layer))
    return [_mean(parts[name]) for layer in network.layers[span.first : span.last + 1] if (name := layer.name) in parts]


def _mean(parts: list[tuple[int, LayerRun]]) -> LayerRun:
    images, layers = np.array([count for count, _ in parts]), [layer for _, layer in parts]

    def mean(name: str) -> float:
        return float(np.average([getattr(layer, name) for layer in layers], weights=images))

    return replace(
        layers[0],
        cycles=mean("cycles"),
        utilisation=mean("utilisation"),
        read_bytes=mean("read_bytes"),
        write_bytes=mean("write_bytes"),
        tensors=sum(layer.tensors for layer in layers),
        mismatches=sum(layer.mismatches for layer in layers),
    )


def _of_image(mismatch: Mismatch, first: int) -> Mismatch:
    """A mismatch of a piece whose images begin with `first`, as one of the whole run."""
    name = re.sub(r"^image(\d+)/", lambda match: f"image{int(match[1]) + first}/", mismatch.name)
    return replace(mismatch, name=name)


def _place(network: Network, piece: Piece) -> str:
    last = piece.first + piece.count - 1
    images = f"image {piece.first}" if last == piece.first else f"images {piece.first} to {last}"
    return f"{images}, layers {piece.span.text(network)}"
