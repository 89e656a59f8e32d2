"""How well layers of a network use multipliers and memory, by the latency model: a line for each, with its bands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.table import Table

from cocodla.compiler import Layer, Network
from cocodla.compiler.prediction import predict_network
from cocodla.latency import MemoryTiming

MACS_PER_CYCLE = 64
MEMORY = MemoryTiming()
"""A request every cycle, latency 32."""


@dataclass(frozen=True)
class Use:
    """A layer of the network, or several together. source, target: (C, H, W). macs: useful multiplications.

    cycles: of its hardware layers, one after the other. mac_cycles, read_beats, write_beats: lower bounds of each, and
    bound: what the largest of them adds up to.
    """

    name: str
    operation: str
    source: tuple[int, ...]
    target: tuple[int, ...]
    macs: int
    cycles: int
    mac_cycles: int
    read_beats: int
    write_beats: int
    bound: int

    @property
    def mac_use(self) -> float:
        """Share of the multipliers' cycles that did useful work."""
        return self.macs / (MACS_PER_CYCLE * self.cycles)

    @property
    def memory_use(self) -> float:
        """Share of the cycles in which the busier one of the memory's two directions moved a beat."""
        return max(self.read_beats, self.write_beats) / self.cycles

    @property
    def of_bound(self) -> float:
        """The fewest cycles the machine could take against those it takes."""
        return self.bound / self.cycles

    @property
    def limit(self) -> str:
        """What the bound comes from."""
        costs = {"MAC": self.mac_cycles, "read": self.read_beats, "write": self.write_beats}
        return max(costs, key=lambda kind: costs[kind])

    def milliseconds(self, megahertz: float) -> float:
        """At such a clock."""
        return self.cycles / megahertz / 1000


def uses_of(network: Network, memory: MemoryTiming = MEMORY) -> list[Use]:
    """Every layer of a network, in the order of running, from the latency model (layers one by one)."""
    pairs = zip(network.layers, predict_network(network, memory).alone, strict=True)
    return [_use(network, name, list(found)) for name, found in groupby(pairs, key=lambda pair: _node(pair[0]))]


def together(name: str, uses: Sequence[Use]) -> Use:
    """Several layers as one."""
    numbers = ("macs", "cycles", "mac_cycles", "read_beats", "write_beats", "bound")
    sums = {number: sum(getattr(use, number) for use in uses) for number in numbers}
    return Use(name, f"{len(uses)} layers", uses[0].source, uses[-1].target, **sums)


def table(title: str, uses: Iterable[Use], megahertz: float, last: Sequence[Use] = ()) -> Table:
    """A line for each layer, and for what stands for several of them."""
    found = Table(
        "layer", "operation", "input", "output", "MMAC", "cycles", f"ms at {megahertz:g} MHz", "MAC use", "memory use",
        "bound by", "of bound", title=title, title_justify="left",
    )  # fmt: skip
    rows = [*uses, *last]
    for use in rows:
        found.add_row(
            use.name, use.operation, *map(_text, (use.source, use.target)), f"{use.macs / 1e6:,.1f}", f"{use.cycles:,}",
            f"{use.milliseconds(megahertz):,.2f}", f"{use.mac_use:.2%}", f"{use.memory_use:.2%}", use.limit,
            f"{use.of_bound:.2%}", end_section=use is rows[len(rows) - len(last) - 1],
        )  # fmt: skip
    return found


def _node(layer: Layer) -> str:
    """The layer of the model that a hardware layer is a part of: a band, or a summand."""
    return layer.name.partition("#")[0].partition("/sum")[0]


def _use(network: Network, name: str, found: list[tuple[Layer, int]]) -> Use:
    layers = [layer for layer, _ in found]
    return Use(
        name=name,
        operation=layers[-1].operation,
        source=_source(network, layers),
        target=network.tensors[layers[-1].target].shape,
        macs=sum(layer.macs for layer in layers),
        cycles=sum(cycles for _, cycles in found),
        mac_cycles=sum(layer.mac_cycles for layer in layers),
        read_beats=sum(layer.read_beats for layer in layers),
        write_beats=sum(layer.write_beats for layer in layers),
        bound=sum(layer.bound for layer in layers),
    )


def _source(network: Network, layers: list[Layer]) -> tuple[int, ...]:
    """Shape of the input; summands read channels of it each."""
    parts = [network.tensors[name].shape for name in dict.fromkeys(layer.sources[0] for layer in layers)]
    return sum(shape[0] for shape in parts), *parts[0][1:]


def _text(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
