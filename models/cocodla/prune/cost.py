"""What a float model would cost on the accelerator: compiled in the quickest way, judged by the latency model."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx

from cocodla import hw
from cocodla.compiler import CompileOptions, compile_model
from cocodla.compiler.prediction import predict_network
from cocodla.latency import MemoryTiming
from cocodla.prune.floats import FloatModel

PLACES = 2
"""Images that scales follow from while only cycles are asked for."""


@dataclass(frozen=True)
class Cost:
    """Of an image in a long row of them: predicted cycles, bytes read and written; bytes of all constants."""

    cycles: int
    read: int
    written: int
    constants: int


class CostModel:
    """Costs of models that take the same images; each is compiled once. options: how the user compiles."""

    def __init__(self, images: np.ndarray, options: CompileOptions) -> None:
        self.images = images[: max(PLACES, 1)]
        self.options = replace(
            options, effort="fast", calibrator="minmax", headroom=0.0, equalise=False, bias_correction=False,
            adaptive_rounding=False, verify=False,
        )  # fmt: skip
        self._known: dict[tuple[tuple[int, ...], ...], Cost] = {}

    def of(self, model: FloatModel) -> Cost:
        """UserError where the compiler refuses the model."""
        key = tuple(value.shape for value in model.constants.values())
        if key not in self._known:
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "model.onnx"
                onnx.save(model.proto(), file)
                network = compile_model(file, self.images, self.options)
            self._known[key] = Cost(
                predict_network(network, MemoryTiming()).image,
                sum(layer.read_beats for layer in network.layers) * hw.ATOM,
                sum(layer.write_beats for layer in network.layers) * hw.ATOM,
                len(network.memory),
            )
        return self._known[key]
