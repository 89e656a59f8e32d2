"""The forward pass: a model with codes, compiled as any other is, on the golden model."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx

from cocodla.compiler import CompileOptions, Network
from cocodla.compiler.ir import FloatArray, Quantisation
from cocodla.compiler.pipeline import compile_whole
from cocodla.compiler.quantisation.calibration import Calibration
from cocodla.compiler.quantisation.search import Progress
from cocodla.errors import UserError
from cocodla.finetune.coded import EXACT, WeightCodes, coded
from cocodla.prune.floats import FloatModel
from cocodla.runtime.accuracy import golden_tensors


@dataclass(frozen=True)
class Integers:
    """How a float model computes with codes. tensors: scale and zero point of all activations that are rounded.

    options: how it is compiled without calibration data; they say what a pixel means. start: the network as it was
    quantised without any training.
    """

    model: FloatModel
    tensors: dict[str, Quantisation]
    options: CompileOptions
    start: Network

    @staticmethod
    def of(
        model: FloatModel, calibration: Calibration, options: CompileOptions, progress: Progress | None = None
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
            adaptive_rounding=None, pixel_scale=given.pixel_scale, pixel_offset=given.pixel_offset,
        )  # fmt: skip
        return Integers(model, tensors, plain, network)

    def proto(self, model: FloatModel, weights: Mapping[str, WeightCodes]) -> onnx.ModelProto:
        """The model with these codes as weights, and all other constants as `model` has them, as it is written."""
        return coded(model, weights, self.tensors)

    def network(self, proto: onnx.ModelProto) -> Network:
        """Compiled from what `proto` gives, without calibration data."""
        with tempfile.TemporaryDirectory() as folder:
            return compile_whole(_saved(proto, folder), None, replace(self.options, verify=False)).network


def real_tensors(network: Network, images: np.ndarray) -> dict[str, FloatArray]:
    """What the golden model computes, bit for bit: real values (batch, C, H, W) of every tensor but the input, for
    images (batch, *shape) as the network takes them.
    """
    codes = golden_tensors(network, images)
    found = {name: network.tensors[name] for name in codes}
    return {
        name.removesuffix(EXACT): Quantisation(tensor.scale, tensor.zero).dequantise(codes[name])
        for name, tensor in found.items()
    }


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
