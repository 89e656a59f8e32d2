"""The layer compiler: ONNX in, int8 register program out.

network = compile_model("lenet5.onnx", images)
program = network.program(images)
"""

from cocodla.compiler.network import Network
from cocodla.compiler.options import CompileOptions
from cocodla.compiler.parts import InputSpec, Layer, OutputSpec
from cocodla.compiler.pipeline import Compilation, compile_model, compile_whole

__all__ = [
    "Compilation",
    "CompileOptions",
    "InputSpec",
    "Layer",
    "Network",
    "OutputSpec",
    "compile_model",
    "compile_whole",
]
