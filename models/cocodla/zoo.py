"""The networks that ship, compiled (models/zoo)."""

from __future__ import annotations

import onnx

from cocodla import datasets
from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.nets import alexnet as nets
from cocodla.sim import project

FOLDER = project.root() / "models" / "zoo"

LENET5_CALIBRATION = 500
"""Pictures that set LeNet-5's scales: scikit-learn's digits, so that it compiles to the same bytes everywhere."""


def lenet5() -> Network:
    """LeNet-5 for 28 x 28 digits, pixel / 255."""
    pictures, _ = datasets.sklearn_digits()
    options = CompileOptions(pixel_scale=1 / 255, effort="fast", asymmetric=False, headroom=0.0)
    return compile_model(FOLDER / "lenet5.onnx", pictures[:LENET5_CALIBRATION], options)


def alexnet(size: int = 227, seed: int = 0, width: float = 1.0, classes: int = 1000) -> onnx.ModelProto:
    """AlexNet with LRN and random weights for RGB pictures of size x size (67 at least), a pixel byte as it is."""
    return nets.alexnet(size, seed, width, classes).model()
