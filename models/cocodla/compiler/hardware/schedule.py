"""CBUF bank split of every layer, and the order in which layers of several images run.

Bank split (spec: programming.md section 5, cdma.md sections 2 and 7): as long as it stays the same the buffer's rings
keep rolling, and the next layer's fetch overlaps with the present computation. A change of the split drops all that is
buffered, so layers are cut into as few runs of equal split as possible; each run's split suits all its layers.

Order: a layer can be fetched while another one computes, but not while the layer that makes its input does. So the
layers of two images alternate, the one image some layers ahead of the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from cocodla import hw
from cocodla.compiler.hardware.layer import HardwareLayer


def assign_banks(layers: list[HardwareLayer]) -> None:
    """Set data_banks and weight_banks of every convolution; tiles fit by construction."""
    run: list[HardwareLayer] = []
    for layer in (layer for layer in layers if layer.uses_buffer):
        if sum(needed_banks([*run, layer])) > hw.CBUF_BANKS:
            _split(run)
            run = []
        run.append(layer)
    _split(run)


def data_banks(layer: HardwareLayer) -> int:
    """Banks for the whole input: a layer's input must fit as a whole."""
    return hw.ceil_div(layer.data_entries, hw.CBUF_BANK_ENTRIES)


def weight_banks(layer: HardwareLayer) -> int:
    """Banks for one kernel group: more only buys time."""
    return hw.ceil_div(layer.group_bytes, hw.CBUF_BANK_BYTES)


def needed_banks(run: list[HardwareLayer]) -> tuple[int, int]:
    """(data, weight) banks that suit every layer of a run."""
    return max(map(data_banks, run)), max(map(weight_banks, run))


def _split(run: list[HardwareLayer]) -> None:
    """Share all banks: twice the needed data, so that the next input fits beside the present one, rest to weights."""
    if not run:
        return
    data, weight = needed_banks(run)
    data = max(data, min(2 * data, hw.CBUF_BANKS - 2 * weight))
    for layer in run:
        layer.data_banks, layer.weight_banks = data, hw.CBUF_BANKS - data


Cost = tuple[int, int]
"""(MAC cycles, beats read) of a layer."""


def image_order(layers: Sequence[Cost], images: int, in_flight: int) -> Iterator[tuple[int, int]]:
    """(image, layer index) of all layers of all images in the order of running."""
    if in_flight == 1:
        yield from ((image, index) for image in range(images) for index in range(len(layers)))
        return
    ahead, behind = (
        [(image, index) for image in range(stream, images, 2) for index in range(len(layers))] for stream in (0, 1)
    )
    lead = best_lead(layers)
    yield from ahead[:lead]
    for pair in zip_longest(ahead[lead:], behind):
        yield from (step for step in pair if step is not None)


def best_lead(layers: Sequence[Cost]) -> int:
    """How many layers one image should be ahead of the other so that fetches hide best behind computation."""
    count = len(layers)
    leads = {}
    for lead in range(count):
        steps = [step for index in range(count) for step in (layers[(index + lead) % count], layers[index])]
        leads[lead] = sum(_cycles(steps[place - 1], steps[place]) for place in range(len(steps)))
    return min(leads, key=lambda lead: leads[lead])


def _cycles(before: Cost, layer: Cost) -> int:
    """Cycles a layer adds behind another one, during whose computation it was fetched as far as the buffer goes."""
    fetched = min(before[0], hw.CBUF_BANKS * hw.CBUF_BANK_ENTRIES)
    return max(layer[0], layer[1] - fetched)
