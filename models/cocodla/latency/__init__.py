"""Latency model: cycles a layer takes, from its configuration and the timing of the memory, without simulation.

`predict(layer_of(program), MemoryTiming(...))` is the prediction, `predict_overlapped` that of a layer among others;
docs/performance.md tells how good they are. A DRAM (`dram_of`) is in docs/memory.md.
"""

from cocodla.latency.dram import DRAMS, Dram, DramCounts, DramTiming, dram_of
from cocodla.latency.layer import Layer, MemoryTiming, layer_of, layer_of_registers
from cocodla.latency.longest import longest_layer
from cocodla.latency.model import predict, predict_overlapped

__all__ = [
    "DRAMS", "Dram", "DramCounts", "DramTiming", "Layer", "MemoryTiming", "dram_of", "layer_of", "layer_of_registers",
    "longest_layer", "predict", "predict_overlapped",
]  # fmt: skip
