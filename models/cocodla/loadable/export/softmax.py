"""The one thing that the public runtime does on the CPU for a classifier: a softmax at its end (spec: section 10)."""

from __future__ import annotations

from dataclasses import dataclass

import onnx

from cocodla.compiler.hardware.tensors import Tensor, cube_tensor
from cocodla.compiler.parts import NetworkParts
from cocodla.errors import UserError
from cocodla.loadable.emu import INT8_8, EmuBuffers, EmuCube, EmuNetwork, EmuSoftmax
from cocodla.loadable.records import Layout

ONE = 127
"""The code of probability 1: int8 codes of the output are 127ths, cut off."""


@dataclass(frozen=True)
class Softmax:
    """Scores that the accelerator leaves, one pixel, and the probabilities that the runtime makes of them."""

    scores: str
    scale: float
    target: Tensor

    def descriptors(self, source: tuple[int, int], target: int, count: int) -> list[bytes]:
        """Network, operation, buffers. source: (entry of the address list, offset); target: entry; count: of data."""
        channels, line = self.target.channels, self.target.line_strides[0]

        def cube(entry: int, offset: int) -> EmuCube:
            return EmuCube(entry, offset, self.target.size, INT8_8, 1, 1, channels, line, self.target.surface_stride)

        operation = EmuSoftmax(input_scale=self.scale, output_scale=1 / ONE)
        buffers = EmuBuffers(cube(*source), cube(target, 0))
        records = (EmuNetwork(count + 1, count + 2, 1), operation, buffers)
        return [record.write(Layout.NEW) for record in records]


def softmax_of(network: NetworkParts) -> Softmax | None:
    """The softmax of a network, None if it does not need the host; UserError for another thing that the host does."""
    if network.steps:
        made = ", ".join(step.output for step in network.steps[:3])
        raise UserError(
            f"the host makes {made} before or between its {network.stages} stages; a driver does not{_why(network)}"
        )
    if not network.host:
        return None
    nodes = onnx.load_model_from_string(network.host).graph.node
    kinds = ", ".join(dict.fromkeys(node.op_type for node in nodes))
    if len(nodes) != 1 or nodes[0].op_type != "Softmax":
        raise UserError(f"the host runs {kinds} behind it; the runtime has one Softmax{_why(network)}")
    node, scores = nodes[0], nodes[0].input[0]
    axis = next((attribute.i for attribute in node.attribute if attribute.name == "axis"), -1)
    shape = network.fetched.get(scores)
    if shape is None or len(shape) != 1 or axis not in (1, -1):
        raise UserError(f"the host runs {kinds} over {shape}; the runtime does it over the channels of one pixel")
    # a zero point shifts all scores alike, which a softmax does not see
    target = cube_tensor(node.output[0], (shape[0], 1, 1), 1 / ONE, 0)
    return Softmax(scores, network.tensors[scores].scale, target)


def _why(network: NetworkParts) -> str:
    """Why the first operator runs on the host, where the network tells."""
    placed = network.meta.get("host", [])
    return f" ({placed[0]['operator']} {placed[0]['node']!r}: {placed[0]['reason']})" if placed else ""
