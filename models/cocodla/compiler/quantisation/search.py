"""Choosing how to quantise: what the user leaves open is tried on calibration data, and the least output error wins.

Ranges, means and covariances come from one part of the images, errors from the other one, so that a choice which only
suits the images it has seen does not win. Choices are made one after the other, each with the best of those before;
a good start (`Settings.of`) is only left for what is clearly better. What a trial costs is counted in multiplications,
so that the result is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import onnx

from cocodla.compiler import reference
from cocodla.compiler.ir import Conv, FloatArray, Graph
from cocodla.compiler.limits import Refused
from cocodla.compiler.options import CompileOptions
from cocodla.compiler.quantisation import rounding, simulate
from cocodla.compiler.quantisation.behind import Shares, Tail, mean_noise, through_host
from cocodla.compiler.quantisation.calibrate import Statistics, calibrate
from cocodla.compiler.quantisation.calibration import Samples
from cocodla.compiler.quantisation.centre import centred
from cocodla.compiler.quantisation.equalise import equalised
from cocodla.compiler.quantisation.integers import quantise
from cocodla.compiler.quantisation.layers import QuantisedGraph
from cocodla.compiler.quantisation.official import plain_factors
from cocodla.compiler.quantisation.pixels import Conversion
from cocodla.compiler.quantisation.ranges import ranges
from cocodla.compiler.quantisation.settings import Settings
from cocodla.errors import UserError

Progress = Callable[[int, int], None]
"""Called with (trials done, trials planned)."""
Changes = dict[str, tuple[FloatArray, FloatArray]]

BUDGETS = {"fast": 0.0, "default": 30.0, "best": 300.0}
"""Seconds for trials by effort."""
SPEED = 4e9
"""Multiplications a second of a usual core, to turn seconds into work."""
VALUES = 1e8
"""Values a second that are rounded, likewise."""
SEEN, HELD = 64, 16
"""Most images that ranges follow from in a trial, and that errors are measured with."""
LEAST = 4
"""Fewest images that are split in two; of fewer all serve both ends."""
PATIENCE = 0.2
"""Part of the budget that rounding weights together may take in trials; it is left to the end where it takes more."""
GAIN = 0.85
"""Part of the error that a choice must leave at most to be taken instead of the start."""
SMALL_GAIN = 0.97
"""The same for the range of a single tensor."""
CHOICES: dict[str, tuple[object, ...]] = {
    "equalise": (True, False),
    "headroom": (0.0, 3.0),
    "calibrator": ("mse", "percentile"),
}
"""What is tried in place of the start, in this order; what helps every network is not tried."""
ROOMS = (0.7, 0.85, 1.2, 1.5)
"""Factors that are tried on the ranges of single tensors."""


@dataclass(frozen=True)
class Quantised:
    """Integer layers, and the float graph they stand for.

    changes: of its tensors by channel, (factor, summand) (channels,) each: real value of the original model =
    factor * value + summand. statistics: of the graph.
    """

    graph: Graph
    layers: QuantisedGraph
    changes: Changes
    statistics: Statistics


@dataclass
class Search:
    """What was chosen, and the errors on the way: (settings, noise in parts of the signal) of each trial.

    seen, held: how many images ranges came from, and errors.
    """

    settings: Settings
    trials: list[tuple[Settings, float]] = field(default_factory=list)
    seen: int = 0
    held: int = 0

    @property
    def error(self) -> float | None:
        """Noise at the model's outputs with the settings, as a trial found it; None without one."""
        rounded = self.settings.adaptive_rounding
        errors = [error for tried, error in self.trials if replace(tried, adaptive_rounding=rounded) == self.settings]
        return errors[-1] if errors else None

    def described(self) -> dict[str, Any]:
        """Plain values, for files and reports; errors in dB."""
        return {
            "settings": {**vars(self.settings), "rooms": dict(self.settings.rooms)},
            "trials": [{"settings": settings.label, "sqnr": decibels(error)} for settings, error in self.trials],
            "images": {"ranges": self.seen, "errors": self.held},
        }


class Quantiser:
    """Quantises one graph after its passes with given settings, from given images."""

    def __init__(
        self,
        graph: Graph,
        samples: Samples,
        conversion: Conversion | None,
        host: onnx.ModelProto | None,
        kept: Collection[str],
    ) -> None:
        """host: what is made of the tensors that leave the accelerator; kept: those that are outputs of the model."""
        self.graph, self.samples, self.conversion = graph, samples, conversion
        self.host, self.kept = host, kept
        self.plain_zeros: set[str] = set()
        self._plain: tuple[Graph, Statistics, Changes] | None = None
        self._equalised: dict[float, tuple[Graph, Statistics, Changes]] = {}

    @cached_property
    def _outputs(self) -> dict[str, FloatArray]:
        """Tensors that leave the accelerator, for some images."""
        return reference.run(self.graph, self._some)

    @cached_property
    def _some(self) -> FloatArray:
        return self.samples.spread(HELD)

    @cached_property
    def tail(self) -> Tail:
        """The host's part behind these."""
        return Tail(self.host, self.kept, self.graph.input, self._outputs, self._some)

    @cached_property
    def _ends(self) -> dict[str, Shares]:
        """What is left of the ranges of these tensors where that suits the host."""
        if not self.samples.measured or self.host is None:
            return {}
        free = [name for name in self._outputs if name not in self.graph.pins and name not in self.kept]
        return through_host(lambda tensors: self.tail(tensors, self._some), self._outputs, free)

    def plain(self) -> tuple[Graph, Statistics, Changes]:
        """The graph as it is, what calibration learns of it, and no changes."""
        if self._plain is None:
            measured = self.samples.measured
            self._plain = self.graph, calibrate(self.graph, self.samples) if measured else Statistics(), {}
        return self._plain

    def equalised(self, headroom: float) -> tuple[Graph, Statistics, Changes]:
        """The same for the graph with equal channels."""
        if headroom not in self._equalised:
            graph, taken = centred(self.graph, self.plain()[1], headroom)
            statistics = calibrate(graph, self.samples) if taken else self.plain()[1]
            graph, factors = equalised(graph, statistics, headroom)
            if factors:
                statistics = calibrate(graph, self.samples)
            ones, zeros = np.ones(1), np.zeros(1)
            changed = {name: (factors.get(name, ones), taken.get(name, zeros)) for name in {**factors, **taken}}
            self._equalised = {headroom: (graph, statistics, changed)}  # one at a time: statistics are large
        return self._equalised[headroom]

    def quantised(self, settings: Settings) -> Quantised:
        """Integer layers for some settings. UserError for a layer the hardware cannot do.

        A layer that only zero points keep from the hardware gets tensors without, here and from then on.
        """
        while True:
            try:
                return self._once(settings)
            except Refused as refusal:
                around = {
                    tensor
                    for node in self.graph.nodes
                    if node.name == refusal.node
                    for tensor in (*node.inputs, node.output)
                }
                if not settings.asymmetric or around <= self.plain_zeros:
                    raise
                self.plain_zeros |= around

    def _once(self, settings: Settings) -> Quantised:
        graph, statistics, changes = self.equalised(settings.headroom) if settings.equalise else self.plain()
        means = statistics.means if settings.bias_correction else {}
        rounder = rounding.Rounder(graph, self.samples.spread(rounding.IMAGES)) if settings.adaptive_rounding else None
        found = ranges(graph, statistics, settings, self._ends)
        plain = self.plain_zeros | plain_factors(graph, found, statistics.powers)
        layers = quantise(graph, found, self.conversion, settings, plain, means, rounder)
        return Quantised(graph, layers, changes, statistics)


def search(quantiser: Quantiser, options: CompileOptions, progress: Progress | None) -> Search:
    """The settings with the least error at the graph's outputs, among those the options leave open."""
    graph, samples = quantiser.graph, quantiser.samples
    start = Settings.of(options, graph, samples.measured)
    axes = {name: values for name, values in CHOICES.items() if getattr(options, name) is None}
    budget = BUDGETS[options.effort] if options.budget is None else options.budget
    planned = 1 + sum(map(len, axes.values()))
    if options.effort == "best":
        planned += len(ROOMS) * len(graph.shapes)
    if not samples.measured or not axes or set(graph.shapes) <= set(graph.pins):
        return Search(start)
    affordable = int(min(budget / (planned * cost(graph)), SEEN + HELD))  # the budget may be infinite
    if affordable < 2:
        return Search(start)
    return _Trials(quantiser, affordable, planned, budget, progress).run(start, axes, options)


def cost(graph: Graph) -> float:
    """About how many seconds one image of a trial takes."""
    products = sum(node.weight.size * node.size[0] * node.size[1] for node in graph.nodes if isinstance(node, Conv))
    return products / SPEED + sum(int(np.prod(shape)) for shape in graph.shapes.values()) / VALUES


class _Trials:
    def __init__(
        self, whole: Quantiser, affordable: int, planned: int, budget: float, progress: Progress | None
    ) -> None:
        seen, self.held = _split(whole.samples, affordable)
        self.quantiser = Quantiser(whole.graph, seen, whole.conversion, whole.host, whole.kept)
        self.quantiser.plain_zeros = whole.plain_zeros
        self.patient = planned * rounding.cost(whole.graph) < PATIENCE * budget
        self._judge_by(self.held)
        self.planned, self.progress = planned, progress
        self.found = Search(Settings(), seen=len(seen), held=len(self.held))

    def run(self, start: Settings, axes: dict[str, tuple[object, ...]], options: CompileOptions) -> Search:
        # weights that are rounded together make less noise, and choices clearer, but where it takes long
        best = replace(start, adaptive_rounding=start.adaptive_rounding and self.patient)
        least = self.error(best)
        for name, values in axes.items():
            for value in values:
                if value == getattr(best, name):
                    continue
                best, least = self._better(best, least, replace(best, **{name: value}))  # type: ignore[arg-type]
        if options.effort == "best":
            best = self._rooms(best)
        self.found.settings = replace(best, adaptive_rounding=start.adaptive_rounding)
        return self.found

    def _judge_by(self, images: FloatArray) -> None:
        """Errors are those of these images."""
        self.judged = images
        self.wanted = self.quantiser.tail(reference.run(self.quantiser.graph, images), images)

    def _better(self, best: Settings, least: float, candidate: Settings, gain: float = GAIN) -> tuple[Settings, float]:
        error = self.error(candidate)
        return (candidate, error) if error < gain * least else (best, least)

    def _rooms(self, best: Settings) -> Settings:
        """Ranges of single tensors, one after the other. So many choices would soon suit few images only: what ranges
        came from counts, too.
        """
        self._judge_by(np.concatenate([self.held, self.quantiser.samples.spread(HELD)]))
        least = self.error(best)
        for tensor in self.quantiser.graph.shapes:
            if tensor in self.quantiser.graph.pins:
                continue
            start = best
            for factor in ROOMS:
                candidate = replace(start, rooms=(*start.rooms, (tensor, factor)))
                best, least = self._better(best, least, candidate, SMALL_GAIN)
        return best

    def error(self, settings: Settings) -> float:
        """Noise at the outputs in parts of their signal; infinite where the hardware cannot do it."""
        try:
            result = self.quantiser.quantised(settings)
        except UserError:  # a layer that cannot be done so
            error = np.inf
        else:
            got = self.quantiser.tail(simulate.outputs(result.graph, result.layers, self.judged), self.judged)
            error = mean_noise(self.wanted, got)
            if np.isnan(error):  # the host made NaN of it
                error = np.inf
        self.found.trials.append((settings, float(error)))
        if self.progress is not None:
            self.progress(len(self.found.trials), max(self.planned, len(self.found.trials)))
        return float(error)


def decibels(noise: float) -> float:
    """Signal to noise ratio in dB of noise in parts of the signal."""
    return round(-10 * float(np.log10(min(max(noise, 1e-30), 1e30))), 2)


def _split(samples: Samples, affordable: int) -> tuple[Samples, FloatArray]:
    """Samples that ranges follow from, and images (count, *shape) that errors are measured with."""
    images = samples.spread(min(len(samples), affordable, SEEN + HELD))
    if len(images) < LEAST:
        return replace(samples, images=images), images
    held = np.zeros(len(images), bool)
    held[:: max(2, min(4, len(images) // 4), -(-len(images) // HELD))] = True
    return replace(samples, images=images[~held]), images[held]
