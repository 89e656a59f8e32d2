"""The range of values that the codes of each tensor shall express."""

from __future__ import annotations

from collections.abc import Mapping

from cocodla.compiler.ir import UNPOOLED, Graph, Mean
from cocodla.compiler.quantisation.behind import Shares, clipped, through_curves
from cocodla.compiler.quantisation.calibrate import CALIBRATORS, Range, Statistics
from cocodla.compiler.quantisation.settings import Settings

ROOM_OF_MEANS = 1.125
"""Of the average of a whole map calibration sees one value a channel and image, so few that others lie beyond them."""


def ranges(
    graph: Graph, statistics: Statistics, settings: Settings, ends: Mapping[str, Shares]
) -> dict[str, Range]:
    """The (low, high) of every tensor without codes of its own.

    ends: what is left of those of tensors that leave the accelerator, chosen by what the host makes of them.
    """
    rooms, found = dict(settings.rooms), {}
    for tensor, histogram in statistics.histograms.items():
        root = tensor.removesuffix(UNPOOLED)
        if root in graph.pins:
            continue
        # a part of zeros has the scale of the whole, and no range to choose
        low, high = CALIBRATORS[settings.calibrator](histogram, settings) if histogram.limit else (0.0, 0.0)
        # an input's range is what its preparation gives, for all images
        below, above = statistics.room(tensor, settings.headroom) if tensor != graph.input else (1.0, 1.0)
        low, high = through_curves(graph, tensor, histogram, (low * below, high * above))
        low, high = clipped((low, high), ends.get(tensor, (1.0, 1.0)))
        room, maker = rooms.get(root, 1.0), graph.producer(tensor)
        if isinstance(maker, Mean) and maker.function.size == (1, 1):
            room *= ROOM_OF_MEANS
        found[tensor] = low * room, high * room
    return found
