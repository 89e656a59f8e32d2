"""First-divergence search: float, float after the passes, ideal int8, onnxruntime's integers, golden model, RTL.

Each step of the way from the user's model to the hardware is compared with the one before it; the first layer in
network order where a comparison leaves its bound is where to look.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cocodla.compiler import CompileOptions, reference
from cocodla.compiler.frontend.importer import import_model, load_model
from cocodla.compiler.frontend.partition import unquantised
from cocodla.compiler.original import outputs_of
from cocodla.golden.run import run as run_golden
from cocodla.program import compare
from cocodla.runtime import rtl
from cocodla.runtime.accuracy import Progress, model_inputs
from cocodla.runtime.integers import Agreement, against_onnxruntime
from cocodla.runtime.quality import LayerQuality, Study, measure_quality

PASSES_TOLERANCE = 1e-3
"""Largest change of a tensor by the passes, in parts of its largest magnitude."""
DIFFERING = {"add": 0.008, "lrn": 0.01, "other": 0.002}
"""Largest share of outputs that may differ from ideal rounding, by what occurs in the name of the operation."""
TIES = 0.25
"""Share of averages in one scale that may differ from onnxruntime: ties, which float32 decides by its own noise."""
IMAGES_ON_RTL = 2


@dataclass(frozen=True)
class Step:
    """One comparison at one layer: what was found in words, and whether it is within its bound.

    stage: `passes` (ONNX float against the compiler's graph), `quantisation` (graph against int8, the layer's own
    error), `rounding` (int8 with ideal rounding against the golden model), `integers` (golden model against the codes
    onnxruntime has, for models that bring their scales), `rtl` (golden model against RTL).
    """

    stage: str
    figure: str
    good: bool


@dataclass(frozen=True)
class Divergence:
    """All comparisons: for each layer, in order, its figures and its steps. first: (layer, stage) or None."""

    layers: list[tuple[LayerQuality, list[Step]]]
    rtl_mismatch: str | None = None
    waves: list[str] = field(default_factory=list)

    @property
    def first(self) -> tuple[str, Step] | None:
        """The first layer that leaves a bound, and at which step."""
        for layer, steps in self.layers:
            for step in steps:
                if not step.good:
                    return layer.name, step
        return None


def allowed(operation: str) -> float:
    """Largest share of an operation's outputs that may differ from ideal rounding."""
    return DIFFERING[kind_of(operation)]


def kind_of(operation: str) -> str:
    """The key of DIFFERING that an operation counts to."""
    return next((part for part in DIFFERING if part in operation), "other")


def search(
    study: Study,
    model: Path | str,
    images: np.ndarray,
    limit: float,
    simulation: rtl.Simulation | None = None,
    progress: Progress | None = None,
) -> Divergence:
    """Compare all stages on `images` (batch, *input shape).

    limit: least SQNR in dB of what a layer itself adds. simulation: also run the RTL, with the first images.
    """
    qualities = measure_quality(study, images)
    changed = _changes_by_passes(study, model, images)
    agreements = {found.tensor: found for found in against_onnxruntime(study, model, images)}
    mismatches: dict[str, str] = {}
    trouble, waves = None, list[str]()
    if simulation is not None:
        mismatches, trouble, waves = _on_rtl(study, images[:IMAGES_ON_RTL], simulation, progress)
    layers = []
    for quality in qualities:
        steps = []
        if quality.tensor in changed:
            change = changed[quality.tensor]
            steps.append(Step("passes", f"{change:.1e} of the largest value", change <= PASSES_TOLERANCE))
        steps.append(Step("quantisation", f"{quality.own.sqnr:.1f} dB", quality.own.sqnr >= limit))
        good = quality.distance <= 1 and quality.differing <= allowed(quality.operation)
        told = f"{quality.differing:.3%} differ, by at most {quality.distance}"
        if quality.weights_too:  # that is judged as quantisation, above
            good, told = True, told + ", its weights' rounding among them"
        steps.append(Step("rounding", told, good))
        if quality.tensor in agreements:
            steps.append(_integers(agreements[quality.tensor], quality.operation))
        if simulation is not None:
            found = mismatches.get(quality.tensor)
            steps.append(Step("rtl", found or "equal", found is None))
        layers.append((quality, steps))
    return Divergence(layers, trouble, waves)


def _integers(found: Agreement, operation: str) -> Step:
    """Only what a layer makes of onnxruntime's own codes can be wrong: behind others, differences grow."""
    text = f"{found.differing:.2%} differ, by at most {found.distance}"
    if found.own_differing is None or found.own_distance is None:
        return Step("integers", text, True)
    most = TIES if "average" in operation else allowed(operation)
    good = found.own_distance <= 1 and found.own_differing <= most
    return Step("integers", f"{text}; of its own {found.own_differing:.3%}, by at most {found.own_distance}", good)


def _changes_by_passes(study: Study, model: Path | str, images: np.ndarray) -> dict[str, float]:
    """Largest difference between the original model and the graph behind the passes, for tensors both have."""
    options = CompileOptions(input_shape=study.network.input.shape)
    original = unquantised(import_model(load_model(model), study.network.name, options))
    known = {name for node in original.graph.node for name in node.output}
    names = [node.output for node in study.graph.nodes if node.output in known]
    if not names:
        return {}
    wanted = outputs_of(original, names, model_inputs(study.network, images))
    scaled, changes = study.network.meta["changed"], {}
    for name, value in reference.walk(study.graph, model_inputs(study.network, images)):
        if name in wanted and wanted[name].size == value.size:
            wide = (-1, *(1,) * (value.ndim - 2))
            factor, summand = (np.reshape(part, wide) for part in scaled.get(name, (1.0, 0.0)))
            error = np.abs(value * factor + summand - wanted[name].reshape(value.shape)).max()
            changes[name] = float(error / max(float(np.abs(wanted[name]).max()), 1e-12))
    return changes


def _on_rtl(
    study: Study, images: np.ndarray, simulation: rtl.Simulation, progress: Progress | None
) -> tuple[dict[str, str], str | None, list[str]]:
    """First mismatch of each tensor in words, what went wrong besides, and the waveforms."""
    mismatches: dict[str, str] = {}
    failures: list[str] = []
    waves: list[str] = []
    for program in study.network.programs(images):  # each stage starts from what the golden model has
        on_rtl = rtl.run(program, simulation, progress=progress)
        failures += on_rtl.failures
        waves += [str(on_rtl.waves)] if on_rtl.waves else []
        for mismatch in compare(program, run_golden(program), on_rtl):
            tensor = mismatch.name.partition("/")[2]
            mismatches.setdefault(tensor, str(mismatch))
    return mismatches, failures[0] if failures else None, waves
