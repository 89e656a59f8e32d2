"""Latency model: cycles a layer takes, from its configuration and the timing of the memory, without simulation.

`predict(layer_of(program), MemoryTiming(...))` is the prediction; docs/performance.md tells how good it is.
"""

from cocodla.latency.layer import Layer, MemoryTiming, layer_of, layer_of_registers
from cocodla.latency.model import predict

__all__ = ["Layer", "MemoryTiming", "layer_of", "layer_of_registers", "predict"]
