"""Neighbouring layers of a network that are run by themselves, on what the golden model makes of the layers before.

What a layer finds when it starts is handed over like this:

* memory: all tensors that the span touches are loaded for each image as they are before its first layer, with the gaps
  and the parts that later layers fill.
* registers, both groups of every unit, and CDP's tables: a program writes all it needs before it uses it, and starts
  from reset, where all units look at group 0.
* the convolution buffer is empty. A layer that reuses lines or weights (spec: cdma.md section 7) is therefore run
  together with the layers that leave them (`Span.runnable`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches

import numpy as np

from cocodla.compiler import Network
from cocodla.compiler.hardware.emit import emit
from cocodla.compiler.parts import Layer
from cocodla.errors import UserError
from cocodla.golden.batch import run_batch
from cocodla.golden.snapshot import Snapshot
from cocodla.program import CheckMemory, Program

_SEPARATOR, _PART = "..", "#"


@dataclass(frozen=True)
class Span:
    """Layers first to last (places in `Network.layers`, both included)."""

    first: int
    last: int

    @staticmethod
    def whole(network: Network) -> Span:
        """All layers."""
        return Span(0, len(network.layers) - 1)

    @staticmethod
    def of(network: Network, layers: list[Layer]) -> Span:
        """That of some neighbouring layers."""
        places = [place for place, layer in enumerate(network.layers) if any(layer is other for other in layers)]
        return Span(places[0], places[-1])

    @staticmethod
    def parse(network: Network, text: str) -> Span:
        """The layer NAME, or FIRST..LAST, where either may be left out; UserError for others, with near names.

        NAME without the number of a part (#0, #1, ...) stands for all parts of a layer.
        """
        names = [layer.name for layer in network.layers]
        begin, separator, end = (text, "", "") if text in names else text.partition(_SEPARATOR)
        for name in (begin, end) if separator else (begin,):
            if not _places(names, name) and not (separator and name == ""):
                raise UserError(f"{network.name} has no layer {name[:60]!r}{_near(name, names)}")
        last = end if separator else begin
        span = Span(
            _places(names, begin)[0] if begin else 0, _places(names, last)[-1] if last else len(names) - 1
        )  # fmt: skip
        if span.first > span.last:
            raise UserError(f"layers {text!r}: {end!r} comes before {begin!r} in {network.name}")
        return span

    def text(self, network: Network) -> str:
        """The span as `parse` takes it."""
        first, last = network.layers[self.first].name, network.layers[self.last].name
        return first if self.first == self.last else f"{first}{_SEPARATOR}{last}"

    def runnable(self, network: Network) -> Span:
        """The span, or the smallest one around it whose layers find in the convolution buffer what they reuse.

        A layer reuses what the convolution before it in time left: with one image in flight the one before it in the
        network, or, for the first of all, the last one of the image before, with several one of another image. Then
        the whole stage is run.
        """
        span = self
        for stage in {network.layers[place].stage for place in (self.first, self.last)}:
            span = span._with_leavers(network, stage)
        return span

    def _with_leavers(self, network: Network, stage: int) -> Span:
        """The span with the layers of a stage that leave what its first convolution there reuses."""
        span, places = self, [place for place, layer in enumerate(network.layers) if layer.stage == stage]
        convolutions = [place for place in places if "CDMA" in network.layers[place].units]
        for user in reversed(convolutions):
            if not span.first <= user <= span.last or not _reuses(network.layers[user]):
                continue
            if network.images_in_flight > 1 or user == convolutions[0]:
                return Span(min(span.first, places[0]), max(span.last, places[-1]))
            span = Span(min(span.first, convolutions[convolutions.index(user) - 1]), span.last)
        return span

    def of_stage(self, network: Network, stage: int) -> list[Layer]:
        """Its layers in a stage."""
        return [layer for layer in network.layers[self.first : self.last + 1] if layer.stage == stage]

    def covers(self, network: Network, stage: int) -> bool:
        """Whether it holds all layers of a stage."""
        return len(self.of_stage(network, stage)) == sum(layer.stage == stage for layer in network.layers)


def span_program(network: Network, feeds: Mapping[str, np.ndarray], stage: int, span: Span) -> Program:
    """Program of the span's layers in a stage, for as many images as `feeds` has rows.

    feeds: what the stage starts from, bytes (images, size) by tensor. Read back are all tensors that layers complete,
    and behind the last layer those that the span fills in part. The span must be `runnable`.
    """
    layers = span.of_stage(network, stage)
    if span.covers(network, stage):
        return emit(network, feeds, stage=stage)
    before = [layer for layer in network.layers[: span.first] if layer.stage == stage]
    memory = _memory_behind(network, feeds, stage, before, _touched(network, layers))
    layers[-1] = replace(layers[-1], completes=(*layers[-1].completes, *_unfinished(network, layers)))
    return emit(network, memory, stage=stage, layers=layers)


def _memory_behind(
    network: Network, feeds: Mapping[str, np.ndarray], stage: int, layers: list[Layer], names: list[str]
) -> dict[str, np.ndarray]:
    """Bytes (images, size) of tensors behind some layers, on the golden model; what is loaded, if there are none."""
    if not layers:
        return dict(feeds)
    program = emit(network, {name: data[:1] for name, data in feeds.items()}, tensors=(), stage=stage, layers=layers)
    for name in names:
        program.append(CheckMemory(network.tensors[name].address, network.tensors[name].size, name))
    return run_batch(program, {network.tensors[name].address: data for name, data in feeds.items()})


def _touched(network: Network, layers: list[Layer]) -> list[str]:
    """Tensors with memory of their own that layers read, write or complete."""
    roots = [root for layer in layers for root, _ in (*layer.reads, *layer.writes)]
    roots += [network.tensors[name].memory for layer in layers for name in layer.completes]
    return list(dict.fromkeys(roots))


def _unfinished(network: Network, layers: list[Layer]) -> list[str]:
    """Tensors that layers write and whose memory none of them completes."""
    complete = {network.tensors[name].memory for layer in layers for name in layer.completes}
    written = dict.fromkeys(root for layer in layers for root, _ in layer.writes)
    return [root for root in written if root not in complete]


def _reuses(layer: Layer) -> bool:
    words = {path.partition(".")[2]: word for path, word in layer.registers.items() if path.startswith("CDMA.")}
    registers = Snapshot("CDMA", words)
    return registers.flag("D_MISC_CFG.DATA_REUSE") or registers.flag("D_MISC_CFG.WEIGHT_REUSE")


def _places(names: list[str], name: str) -> list[int]:
    """Where a name stands, or its parts where it is that of a layer in several."""
    exact = [place for place, other in enumerate(names) if other == name]
    return exact or [place for place, other in enumerate(names) if other.partition(_PART)[0] == name]


def _near(name: str, names: list[str]) -> str:
    """ "; did you mean ..." with the nearest names, or all if there are few and none is near."""
    near = get_close_matches(name, names, 3, 0.5)
    if near:
        return f"; did you mean {' or '.join(near)}?"
    shown = names if len(names) <= 12 else [*names[:10], "...", names[-1]]
    return f"; it has {', '.join(shown)}"
