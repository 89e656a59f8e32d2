"""The forward pass: a model with codes, compiled as any other is, on the golden model."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx

from cocodla.compiler import CompileOptions, Network
from cocodla.compiler.frontend import pixel_meaning
from cocodla.compiler.ir import FloatArray, Quantisation
from cocodla.compiler.pipeline import compile_whole
from cocodla.compiler.quantisation.codes import scale_for
from cocodla.compiler.quantisation.search import Progress
from cocodla.errors import UserError
from cocodla.finetune.coded import EXACT, WeightCodes, coded, nearest
from cocodla.prune.floats import FloatModel
from cocodla.runtime.accuracy import golden_tensors

AVERAGES = ("GlobalAveragePool", "AveragePool", "ReduceMean")
MEASURED = 256
"""Images that ranges of averages follow from."""
ROOM = 1.125
"""What they reach beyond what was seen: of an average there are few values."""


@dataclass(frozen=True)
class Integers:
    """How a float model computes with codes. tensors: scale and zero point of all activations that are rounded.

    options: how it is compiled without calibration data. start: the network as it was quantised without any training.
    """

    model: FloatModel
    tensors: dict[str, Quantisation]
    options: CompileOptions
    start: Network

    @staticmethod
    def of(
        model: FloatModel, calibration: np.ndarray, options: CompileOptions, progress: Progress | None = None
    ) -> Integers:
        """Scales of a folded model (coded.py) as the compiler finds them on calibration data (batch, *shape).

        UserError for a model or data the compiler refuses, and for an input whose codes the model cannot tell.
        """
        with tempfile.TemporaryDirectory() as folder:
            found = compile_whole(_saved(model.proto(), folder), calibration, options, progress)
        network, known = found.network, {name for node in model.nodes for name in node.output}
        tensors = {name: codes for name, codes in found.quantised.tensors.items() if name in known}
        given = network.input
        if network.tensors[given.tensor].form != "pixels":  # else the converter makes codes of pixels
            if given.map_scale is not None or given.tensor != model.input:
                raise UserError(
                    f"input {model.input!r} is quantised behind the model's preprocessing: fine-tuning takes "
                    "pictures, or a model without it"
                )
            tensors[model.input] = found.quantised.tensors[given.tensor]
        plain = replace(
            options, effort="fast", calibrator=None, headroom=None, equalise=None, bias_correction=None,
            adaptive_rounding=None, pixel_scale=None, pixel_offset=0.0,
        )  # fmt: skip
        made = Integers(model, tensors, plain, network)
        return replace(made, tensors=tensors | made._implied(given.real(calibration[:MEASURED])))

    def _implied(self, inputs: FloatArray) -> dict[str, Quantisation]:
        """Codes for averages that have none of their own, by their range over inputs (batch, *shape): the compiler made
        them part of the layer behind, which it cannot do between tensors that are rounded.
        """
        names = {node.output[0] for node in self.model.nodes if node.op_type in AVERAGES} - self.tensors.keys()
        network = self.network(self.proto(self.model, nearest(self.model, 127)))
        missing = [name for name in network.tensors if name in names]
        values = self.model.outputs_for(inputs, missing) if missing else {}
        ends = {name: (min(0.0, float(value.min())), max(0.0, float(value.max()))) for name, value in values.items()}
        return {
            name: scale_for((ROOM * low, ROOM * high), "any") for name, (low, high) in ends.items() if low < high
        }

    def proto(self, model: FloatModel, weights: Mapping[str, WeightCodes]) -> onnx.ModelProto:
        """The model with these codes as weights, and all other constants as `model` has them, as it is written."""
        made, given = coded(model, weights, self.tensors), self.start.input
        pixel_meaning.write(made, given.pixel_scale, given.pixel_offset)
        return made

    def network(self, proto: onnx.ModelProto) -> Network:
        """Compiled from what `proto` gives, without calibration data."""
        with tempfile.TemporaryDirectory() as folder:
            return compile_whole(_saved(proto, folder), None, replace(self.options, verify=False)).network


@dataclass(frozen=True)
class Rounded:
    """A tensor as the golden model has it: real values (batch, C, H, W), and its codes' meaning."""

    real: FloatArray
    codes: Quantisation


def rounded_tensors(network: Network, images: np.ndarray) -> dict[str, Rounded]:
    """What the golden model computes, bit for bit: every tensor but the input by its name in the model, for images
    (batch, *shape) as the network takes them.
    """
    found = {}
    for name, data in golden_tensors(network, images).items():
        codes = Quantisation(network.tensors[name].scale, network.tensors[name].zero)
        found[name.removesuffix(EXACT)] = Rounded(codes.dequantise(data), codes)
    return found


def real_input(network: Network, images: np.ndarray) -> FloatArray:
    """Images as the network takes them, as the model's input in the values that are left of them, float32."""
    given = network.input
    tensor = network.tensors[given.tensor]
    codes = network.input_codes(images)
    pixels = tensor.form == "pixels"
    real = given.real(codes) if pixels else Quantisation(tensor.scale, tensor.zero).dequantise(codes)
    return real.reshape(-1, *given.shape)


def _saved(proto: onnx.ModelProto, folder: str) -> Path:
    file = Path(folder) / "model.onnx"
    file.write_bytes(proto.SerializeToString())
    return file
