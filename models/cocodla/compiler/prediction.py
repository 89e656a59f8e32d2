"""What the latency model (docs/performance.md) says of a compiled network."""

from __future__ import annotations

from dataclasses import dataclass

from cocodla.compiler.network import Network
from cocodla.latency import MemoryTiming, layer_of_registers, predict, predict_overlapped


@dataclass(frozen=True)
class Prediction:
    """Cycles. alone: of each layer, nothing else running. added: by each layer to an image in a long row of them.

    With two images in flight a layer's fetch and end hide behind the layers of the other image.
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
    if network.images_in_flight == 1:
        return Prediction(alone, alone)
    return Prediction(alone, [predict_overlapped(layer, memory) for layer in layers])
