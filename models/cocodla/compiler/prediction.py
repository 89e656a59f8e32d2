"""What the latency model (docs/performance.md) says of a compiled network."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from cocodla.compiler.hardware.emit import Step, steps
from cocodla.compiler.network import Network
from cocodla.latency import DramTiming, MemoryTiming, layer_of_registers, predict, predict_overlapped
from cocodla.latency.dram_row import Row, Turn
from cocodla.latency.model import pooling_busy

WRITE = 3
"""Core cycles of a register write over the bus of the chip."""


@dataclass(frozen=True)
class Prediction:
    """Cycles. alone: of each layer, nothing else running. added: by each layer to an image in a long row of them.

    With two images in flight a layer's fetch and end hide behind the layers of the other image. With a DRAM the layers
    of a few images are followed together.
    """

    alone: list[int]
    added: list[int]

    @property
    def image(self) -> int:
        """Of an image in a long row of them."""
        return sum(self.added)


def predict_network(network: Network, memory: MemoryTiming) -> Prediction:
    """Predict the layers of a network and what they take together."""
    layers = [layer_of_registers(layer.registers, layer.units) for layer in network.layers]
    alone = [predict(layer, memory) for layer in layers]
    if memory.dram:
        return Prediction(alone, _added(network, memory.dram))
    if network.images_in_flight == 1:
        return Prediction(alone, alone)
    return Prediction(alone, [predict_overlapped(layer, memory) for layer in layers])


def _added(network: Network, dram: DramTiming) -> list[int]:
    """What each layer adds to an image in a long row: from the end of an image to that of the one that comes next in
    its buffers, the time from interrupt to interrupt, shared among the images in flight."""
    flight = network.images_in_flight
    added = dict.fromkeys((layer.name for layer in network.layers), 0.0)
    for stage in _stages(network):
        row = _follow(network, dram, 2 * flight, stage)
        begin, end = (max(done for step, done in row if step.image == image) for image in (0, flight))
        for (_, before), (step, done) in pairwise(row):
            if begin < done <= end:
                added[step.layer.name] += (done - max(before, begin)) / flight
    return [round(added[layer.name]) for layer in network.layers]


def predict_row(network: Network, dram: DramTiming, images: int) -> float:
    """With a DRAM: cycles from the first enabling write to the interrupt of the last layer of so many images."""
    return sum(max(done for _, done in _follow(network, dram, images, stage)) for stage in _stages(network))


def _stages(network: Network) -> list[int]:
    """A network with parts on the host runs in several programs."""
    return sorted({layer.stage for layer in network.layers})


def _follow(network: Network, dram: DramTiming, images: int, stage: int) -> list[tuple[Step, float]]:
    """The layers of a row of images, and when the interrupt of each comes."""
    row = list(steps(network, images, stage))
    layers = [layer_of_registers(step.registers, step.layer.units) for step in row]
    turns = [
        Turn(layer, WRITE * step.writes, step.early, pooling_busy(layer))
        for layer, step in zip(layers, row, strict=True)
    ]
    return list(zip(row, Row(dram, turns).run(), strict=True))
