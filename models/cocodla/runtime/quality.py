"""How far an int8 network is from its float model, layer by layer, and from ideal rounding.

Everything runs in batches; only sums are kept, so memory does not grow with the data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cocodla.compiler import Compilation, CompileOptions, compile_whole, reference
from cocodla.compiler.ir import Curve, FloatArray, Host, Node, Quantisation
from cocodla.compiler.quantisation.calibration import Calibration
from cocodla.compiler.quantisation.ideal import ideal_codes
from cocodla.compiler.quantisation.layers import QuantisedCustom, QuantisedLayer, QuantisedView
from cocodla.compiler.quantisation.pixels import ImageSet
from cocodla.compiler.quantisation.simulate import as_rounded
from cocodla.runtime.accuracy import Progress, batches, golden_tensors, model_inputs

BATCH = 32
IMPACT_IMAGES = 8
"""Images the impact of single layers is measured with: it takes a run of the network for each layer."""


@dataclass
class Study(Compilation):
    """One compilation, seen from all sides: float graph after the passes, integer layers, the network."""

    @staticmethod
    def of(
        path: Path | str, calibration: Calibration, options: CompileOptions, progress: Progress | None = None
    ) -> Study:
        """Compile a model. UserError as `compile_model`."""
        return Study(**vars(compile_whole(path, calibration, options, progress)))

    def clipped(self, tensor: str) -> bool:
        """True if the codes of a tensor leave out, on purpose, values that make no difference behind it: to functions
        of one number, or to the host.
        """
        if tensor in self.graph.outputs:
            return all(output.tensor != tensor for output in self.network.outputs)
        return all(isinstance(reader, Curve) for reader in self.graph.consumers(tensor))

    @property
    def settings(self) -> dict[str, Any]:
        """How the network is quantised, by name of the choice."""
        found: dict[str, Any] = self.network.meta["quantisation"]["settings"]
        return found

    def layer(self, tensor: str) -> QuantisedLayer:
        """The integer layer that makes a tensor."""
        return next(layer for layer in self.quantised.layers if layer.target == tensor)


@dataclass
class Error:
    """Sums over a tensor's values that tell how far `got` is from `wanted`."""

    count: int = 0
    signal: float = 0.0
    noise: float = 0.0
    power: float = 0.0
    product: float = 0.0
    largest: float = 0.0
    outside: int = 0

    def add(self, wanted: FloatArray, got: FloatArray) -> None:
        """Count a batch."""
        a, b = wanted.astype(np.float64).ravel(), got.astype(np.float64).ravel()
        difference = b - a
        self.count += a.size
        self.signal += float(a @ a)
        self.power += float(b @ b)
        self.noise += float(difference @ difference)
        self.product += float(a @ b)
        self.largest = max(self.largest, float(np.abs(difference).max()))

    def add_coded(self, wanted: FloatArray, got: FloatArray, meaning: Quantisation, limited: bool) -> None:
        """Count a batch, and the values of `wanted` that the codes of the tensor cannot express. limited: such values
        are compared with the next they can.
        """
        self.add(meaning.limited(wanted) if limited else wanted, got)
        exact = wanted / meaning.scale + meaning.zero
        self.outside += int(((exact > 127.5) | (exact < -128.5)).sum())

    @property
    def sqnr(self) -> float:
        """Signal to quantisation noise in dB; infinite without noise."""
        if self.noise == 0:
            return float("inf")
        return 10 * float(np.log10(max(self.signal, 1e-300) / self.noise))

    @property
    def cosine(self) -> float:
        """Cosine of the angle between the two."""
        length = (self.signal * self.power) ** 0.5
        return self.product / length if length else 1.0

    @property
    def saturation(self) -> float:
        """Share of values outside of what the codes express."""
        return self.outside / max(self.count, 1)


@dataclass
class LayerQuality:
    """A layer's figures.

    total: golden model against float, everything before it included. own: what the layer itself adds, given the
    inputs the golden model has. impact: SQNR of the network's output when only this layer is quantised. differing:
    share of outputs other than ideal rounding of the exact result; distance: by how many codes at most. weights_too:
    what it computes exactly has the model's weights, not their int8 codes (an operator of a plug-in rounds its own).
    """

    name: str
    operation: str
    tensor: str
    scale: float
    total: Error = field(default_factory=Error)
    own: Error = field(default_factory=Error)
    impact: Error = field(default_factory=Error)
    outputs: int = 0
    wrong: int = 0
    distance: int = 0
    weights_too: bool = False

    @property
    def differing(self) -> float:
        return self.wrong / max(self.outputs, 1)


def measure_quality(
    study: Study, images: ImageSet, progress: Progress | None = None, impacts: bool = True
) -> list[LayerQuality]:
    """Figures of every layer, in order, from images (batch, *input shape). impacts: also those, which take long."""
    network = study.network
    operations = {layer.target: layer.operation for layer in network.layers}
    found = {
        node.output: LayerQuality(
            node.name, operations.get(node.output, type(node).__name__.lower()), node.output,
            study.quantised.tensors[node.output].scale,
        )
        for node in study.graph.nodes
        if not isinstance(node, Host) and not isinstance(study.layer(node.output), QuantisedView)
    }  # fmt: skip
    first = impacts
    for part in batches(images, BATCH, progress):
        inputs = model_inputs(network, part)
        exact = dict(reference.walk(study.graph, inputs, rounded=True))
        codes = all_codes(study, part)
        for node in study.graph.nodes:
            if node.output in found:
                _measure_layer(study, node, exact, codes, found[node.output])
        if first:
            _measure_impacts(study, {name: value[:IMPACT_IMAGES] for name, value in exact.items()}, found)
            first = False
    return list(found.values())


def by_impact(layers: list[LayerQuality]) -> list[LayerQuality]:
    """Layers in the order in which they hurt: the one whose quantisation disturbs the output most comes first."""
    return sorted(layers, key=lambda layer: layer.impact.sqnr)


def all_codes(study: Study, images: np.ndarray) -> dict[str, np.ndarray]:
    """Codes (batch, C, H, W) of every tensor on the golden model, the input and parts read in place included."""
    given = {study.graph.input: study.network.input_codes(images)}
    return _with_views(study, {**given, **golden_tensors(study.network, images)})


def _with_views(study: Study, codes: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Also the codes of tensors no layer writes: parts that are read in place."""
    for layer in study.quantised.layers:
        if isinstance(layer, QuantisedView) and layer.target not in codes:
            whole = np.concatenate([codes[name] for name in layer.sources], 1 + layer.axis)
            box = (slice(None), *(slice(*extent) for extent in layer.box or ()))
            codes[layer.target] = whole[box]
    return codes


def _measure_layer(
    study: Study, node: Node, exact: dict[str, FloatArray], codes: dict[str, np.ndarray], result: LayerQuality
) -> None:
    layer = study.layer(node.output)
    meanings = study.quantised.tensors
    meaning = meanings[node.output]
    got = codes[node.output]
    real = meaning.dequantise(got)
    wanted = exact[node.output].reshape(real.shape)
    limited = study.clipped(node.output)
    result.total.add_coded(wanted, real, meaning, limited)
    inputs = [
        meanings[name].dequantise(codes[name]) if name in meanings else exact[name] for name in node.inputs
    ]
    alone = reference.evaluate(node, *inputs).reshape(real.shape)
    result.own.add(meaning.limited(alone) if limited else alone, real)
    result.weights_too = isinstance(layer, QuantisedCustom) and bool(layer.node.constants)
    ideal = ideal_codes(layer, [codes[name] for name in layer.sources], meanings)
    distance = np.abs(ideal.astype(np.int16) - got)
    result.outputs += got.size
    result.wrong += int((distance > 0).sum())
    result.distance = max(result.distance, int(distance.max()))


def _measure_impacts(study: Study, exact: dict[str, FloatArray], found: dict[str, LayerQuality]) -> None:
    """Quantise one layer at a time and follow what that does to the outputs, everything else in float."""
    for place, node in enumerate(study.graph.nodes):
        if node.output not in found:
            continue
        meaning = study.quantised.tensors[node.output]
        lone = as_rounded(node, study.graph, study.quantised, study.layer(node.output))
        value = reference.evaluate(lone, *(exact[name] for name in node.inputs))
        values = {node.output: meaning.dequantise(meaning.quantise(value))}
        for later in study.graph.nodes[place + 1 :]:
            if any(name in values for name in later.inputs):
                inputs = (values.get(name, exact[name]) for name in later.inputs)
                values[later.output] = reference.evaluate(later, *inputs).reshape(exact[later.output].shape)
        for output in study.graph.outputs:
            found[node.output].impact.add(exact[output], values.get(output, exact[output]))
