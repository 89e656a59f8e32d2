"""Models that bring their own scales: the golden model's codes against onnxruntime's integers, layer by layer.

onnxruntime computes with real numbers between the roundings, in float32; what lies near a tie falls on either side.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cocodla.compiler import CompileOptions
from cocodla.compiler.frontend.importer import import_model, load_model
from cocodla.compiler.ir import MIDDLE
from cocodla.compiler.original import outputs_of
from cocodla.compiler.quantisation.layers import QuantisedGraph, QuantisedView
from cocodla.nets import oracle
from cocodla.runtime.accuracy import model_inputs
from cocodla.runtime.quality import Study, all_codes


@dataclass(frozen=True)
class Agreement:
    """How far the codes of one tensor are from onnxruntime's.

    differing, distance: share of codes, and by how much at most, everything before the layer included. own_differing,
    own_distance: the same of the layer alone, with onnxruntime's codes as its inputs; None where it does not have them.
    """

    tensor: str
    differing: float
    distance: int
    own_differing: float | None = None
    own_distance: int | None = None


def against_onnxruntime(study: Study, model: Path | str, images: np.ndarray) -> list[Agreement]:
    """Agreement of every tensor whose codes the model fixes, in the order of the layers; [] for a float model.

    images: (batch, *input shape).
    """
    wanted = _codes_of_model(study, model, images)
    if not wanted:
        return []
    found = all_codes(study, images)
    given = {study.graph.input: found[study.graph.input], **wanted}
    result = []
    for layer in study.quantised.layers:
        if isinstance(layer, QuantisedView) or layer.target not in wanted:
            continue
        own = None
        if all(name in given for name in layer.sources):
            alone = QuantisedGraph([layer], study.quantised.tensors)
            own = _difference(oracle.run(alone, given[layer.sources[0]], given)[layer.target], wanted[layer.target])
        result.append(Agreement(layer.target, *_difference(found[layer.target], wanted[layer.target]), *(own or ())))
    return result


def _difference(got: np.ndarray, wanted: np.ndarray) -> tuple[float, int]:
    """Share of codes that differ, and by how much at most."""
    distance = np.abs(got.astype(np.int16) - wanted)
    return float((distance > 0).mean()), int(distance.max())


def _codes_of_model(study: Study, model: Path | str, images: np.ndarray) -> dict[str, np.ndarray]:
    """onnxruntime's codes (batch, C, H, W) of the graph's tensors that the model quantises."""
    options = CompileOptions(input_shape=study.network.input.shape)
    imported = import_model(load_model(model), study.network.name, options)
    made = study.quantised.tensors  # a pixel input has no codes of its own
    names = {tensor: name for name, (tensor, _) in imported.codes.items() if tensor in made}
    if not names.keys() - {study.graph.input}:
        return {}
    values = outputs_of(imported.model, list(names.values()), model_inputs(study.network, images))
    result = {}
    for tensor, name in names.items():
        codes = values[name]
        moved = study.quantised.tensors[tensor].zero - imported.codes[name][1].zero - MIDDLE[codes.dtype.name]
        shape = study.graph.shapes[tensor]
        result[tensor] = (codes.astype(np.int16) + moved).reshape(-1, *shape)
    return result
