"""What the official driver cannot program otherwise (spec: loadable.md sections 5, 6 and 13): only under its target."""

from __future__ import annotations

from dataclasses import replace

from cocodla.compiler.ir import Activate, Graph


def slopes_of_channels(graph: Graph) -> None:
    """Slopes of leaky ReLU for each channel: a stage of SDP has its summands in memory, and then its factors, too."""
    if not graph.official:
        return
    for node in graph.nodes:
        if isinstance(node, Activate) and not node.function.zero_below and node.function.slopes is None:
            channels = graph.shapes[node.output][0]
            node.function = replace(node.function, alpha=0.0, slopes=(node.function.alpha,) * channels)
