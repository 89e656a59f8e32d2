"""When each layer of a program was at work, from the events of its run."""

from __future__ import annotations

from dataclasses import dataclass, field

from cocodla.compiler.plain_values import Count
from cocodla.program import Event, Execution, Mark, Program, WaitInterrupt

_ENDS = {"PDP": 0x30, "SDP": 0x03, "CDP": 0x0C}
"""Units that end a layer, the last one first, and their bits of GLB.S_INTR_STATUS, one for each group."""


@dataclass(frozen=True)
class LayerSpan:
    """A layer at work, for one image: cycles start to end of the run, and memory beats (8 bytes) moved meanwhile."""

    layer: str
    image: Count
    start: Count
    end: Count
    read_beats: Count
    write_beats: Count


@dataclass
class _Open:
    """A layer whose end has not been waited for. units: those enabled for it so far."""

    start: Event
    units: set[str] = field(default_factory=set)

    @property
    def operation(self) -> str:
        """Such as "conv+sdp"."""
        names = {"CSC": "conv", "SDP": "sdp", "PDP": "pdp", "CDP": "cdp"}
        return "+".join(name for unit, name in names.items() if unit in self.units)

    def ends_with(self, bits: int) -> bool:
        """Whether an interrupt with these bits is its end: that of its last unit."""
        last = next((unit for unit in _ENDS if unit in self.units), None)
        return last is None or bits & _ENDS[last] != 0


def spans(program: Program, execution: Execution, offset: int) -> list[LayerSpan]:
    """The layers at work, in the order of their ends; cycles count from `offset`.

    In a network a layer begins with its Mark and ends with the next interrupt that is waited for. In other programs it
    begins with the first D_OP_ENABLE of a unit that is in no layer open so far, and ends with the interrupt of its
    last unit.
    """
    return _marked(program, execution, offset) or _enabled(program, execution, offset)


def _enabled(program: Program, execution: Execution, offset: int) -> list[LayerSpan]:
    found: list[LayerSpan] = []
    layers: list[_Open] = []
    for event in execution.events:
        command = program.commands[event.index]
        unit, _, register = event.name.partition(".")
        if register == "D_OP_ENABLE":
            layer = next((layer for layer in layers if unit not in layer.units), None)
            if layer is None:
                layer = _Open(event)
                layers.append(layer)
            layer.units.add(unit)
        elif isinstance(command, WaitInterrupt):
            done = next((layer for layer in layers if layer.ends_with(command.bits)), None)
            if done:
                layers.remove(done)
                found.append(_span(f"{len(found) + 1}: {done.operation}", 0, done.start, event, offset))
    return found


def _marked(program: Program, execution: Execution, offset: int) -> list[LayerSpan]:
    found = []
    start, name, image = None, "", 0
    for event in execution.events:
        command = program.commands[event.index]
        if isinstance(command, Mark):
            start, name, image = event, str(command.info.get("layer", "")), int(command.info.get("image", 0))
        elif isinstance(command, WaitInterrupt) and start is not None and name:
            found.append(_span(name, image, start, event, offset))
            start = None
    return found


def _span(name: str, image: int, start: Event, end: Event, offset: int) -> LayerSpan:
    beats = end.read_beats - start.read_beats, end.write_beats - start.write_beats
    return LayerSpan(name, image, offset + start.cycle, offset + end.cycle, *beats)
