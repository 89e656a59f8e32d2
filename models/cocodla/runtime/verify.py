"""Run a compiled network on RTL and golden model and prove every tensor equal, layer by layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from cocodla import hw
from cocodla.compiler import Network
from cocodla.compiler.parts import Layer
from cocodla.errors import UserError
from cocodla.golden import run as run_golden
from cocodla.mismatch.study import Finding
from cocodla.program import Execution, Mark, Mismatch, Program, WaitInterrupt, compare
from cocodla.runtime import rtl
from cocodla.runtime.investigate import investigate
from cocodla.runtime.span import Span, span_program

Progress = Callable[[int, int], None]
"""Called with (commands done, commands in all) while the simulation runs."""
Observer = Callable[[Program, Execution], None]
"""Called with the program of each stage and what the RTL did with it."""


@dataclass
class LayerRun:
    """What one layer took on the RTL, mean over the images, and whether its tensors were equal.

    cycles: from the write that starts it (not before the end of the layer before) to its interrupt. utilisation:
    share of the 64 multipliers' cycles that did useful work. read_bytes, write_bytes: memory traffic.
    """

    name: str
    operation: str
    output_shape: tuple[int, ...]
    cycles: float
    utilisation: float
    read_bytes: float
    write_bytes: float
    tensors: int = 0
    mismatches: int = 0


@dataclass
class NetworkRun:
    """Result of one verified run: per layer, per image and in total.

    predictions: empty where a part only was run. waves: waveforms that were asked for. recorded: what tells of the
    waveform that a failure has led to (cocodla.runtime.autowaves). finding: what is known of that failure.
    """

    network: str
    simulator: str
    images: int
    layers: list[LayerRun]
    predictions: list[int]
    labels: list[int]
    cycles_per_image: float
    tensors_compared: int
    first_mismatch: Mismatch | None
    failures: list[str] = field(default_factory=list)
    counters: dict[str, float] = field(default_factory=dict)
    waves: list[str] = field(default_factory=list)
    recorded: str = ""
    finding: Finding | None = field(default=None, repr=False)

    @property
    def passed(self) -> bool:
        """True only if something was compared and all of it was equal."""
        return self.tensors_compared > 0 and self.first_mismatch is None and not self.failures

    @property
    def milliseconds_per_image(self) -> float:
        """Time of an image at the clock of `hw.CLOCK_MHZ`."""
        return self.cycles_per_image / (hw.CLOCK_MHZ * 1000)

    @property
    def cycles_per_cpu_second(self) -> float:
        """Simulated core cycles per CPU second of the whole simulation process, Python included."""
        return self.counters.get("cycles", 0) / max(self.counters.get("cpu_seconds", 0), 1e-9)

    def as_json(self) -> dict[str, Any]:
        """Plain values for the machine-readable result."""
        result = asdict(replace(self, finding=None))
        del result["finding"]
        result["passed"] = self.passed
        result["milliseconds_per_image"] = self.milliseconds_per_image
        result["cycles_per_cpu_second"] = self.cycles_per_cpu_second
        result["first_mismatch"] = str(self.first_mismatch) if self.first_mismatch else None
        return result


def verify_network(
    network: Network,
    images: np.ndarray,
    labels: np.ndarray,
    simulation: rtl.Simulation,
    progress: Progress | None = None,
    span: Span | None = None,
    observe: Observer | None = None,
) -> NetworkRun:
    """Run `images` (N x input shape) through RTL and golden model and compare every tensor of every image.

    span: the only layers that are run; they find what the golden model makes of the ones before (default: all).
    """
    span = span or Span.whole(network)
    runs: list[_StageRun] = []

    def execute(stage: int, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        members = span.of_stage(network, stage)
        if members:
            program = span_program(network, feeds, stage, span)
            on_rtl = rtl.run(program, _recording(network, simulation, span, stage), progress=progress)
            if observe:
                observe(program, on_rtl)
            runs.append(_StageRun(program, members, on_rtl, run_golden(program)))
        if not span.covers(network, stage):
            return network.golden_stage(stage, feeds)
        return network.read(on_rtl, network.kept(stage), len(images))

    outputs = next(iter(network.run(images, execute).values())).reshape(len(images), -1)
    complete = span == Span.whole(network)
    mismatches = [mismatch for stage in runs for mismatch in stage.mismatches]
    layers = [layer for stage in runs for layer in _layers(stage)]
    counters: dict[str, float] = {}
    for stage in runs:
        for name, value in stage.on_rtl.counters.items():
            counters[name] = counters.get(name, 0) + value
    found = _looked_into(runs, simulation)
    return NetworkRun(
        network=network.name,
        simulator=simulation.sim,
        images=len(images),
        layers=layers,
        predictions=[int(p) for p in outputs.argmax(1)] if complete else [],
        labels=[int(label) for label in labels] if complete else [],
        cycles_per_image=sum(busy_cycles(stage.program, stage.on_rtl) for stage in runs) / len(images),
        tensors_compared=sum(len(stage.on_golden.observations) for stage in runs),
        first_mismatch=mismatches[0] if mismatches else None,
        failures=[line for stage in runs for line in stage.on_rtl.failures + stage.on_golden.failures],
        counters=counters,
        waves=[str(stage.on_rtl.waves) for stage in runs if stage.on_rtl.waves],
        recorded=found.waves if found else "",
        finding=found,
    )


def _recording(network: Network, simulation: rtl.Simulation, span: Span, stage: int) -> rtl.Simulation:
    """The simulation of a stage: of layers to be recorded, it records those that run in it."""
    waves = simulation.waves
    if waves is None or not waves.layer:
        return simulation
    wanted = Span.parse(network, waves.layer)
    both = Span(max(wanted.first, span.first), min(wanted.last, span.last))
    if both.first > both.last:
        raise UserError(f"layers {waves.layer!r} are not run: waves of {span.text(network)} can be had")
    members = both.of_stage(network, stage)
    layers = "" if not members else Span.of(network, members).text(network)
    return replace(simulation, waves=replace(waves, layer=layers) if members else None)


def _looked_into(runs: list[_StageRun], simulation: rtl.Simulation) -> Finding | None:
    """What is known of the failure of the first stage that failed."""
    for stage in runs:
        mismatches = stage.mismatches
        if mismatches or stage.on_rtl.failures:
            index = mismatches[0].index if mismatches else None
            line = str(mismatches[0]) if mismatches else stage.on_rtl.failures[0]
            return investigate(stage.program, simulation, stage.on_rtl, line, index)
    return None


@dataclass
class _StageRun:
    """What was run of one stage of the network, on both sides."""

    program: Program
    members: list[Layer]
    on_rtl: Execution
    on_golden: Execution

    @property
    def mismatches(self) -> list[Mismatch]:
        return compare(self.program, self.on_golden, self.on_rtl)


def busy_cycles(program: Program, execution: Execution) -> int:
    """Core cycles from the start of the first layer to the last interrupt."""
    starts, ends = [], []
    for event in execution.events:
        command = program.commands[event.index]
        if isinstance(command, Mark) and "layer" in command.info:
            starts.append(event.cycle)
        elif isinstance(command, WaitInterrupt):
            ends.append(event.cycle)
    return ends[-1] - starts[0] if starts and ends else 0


def _layers(stage: _StageRun) -> list[LayerRun]:
    """Mean cost of each layer that was run of a stage over the images, in network order.

    A layer counts from its Mark, which stands right before the write that starts it (or behind the end of the layer
    before, if it was started early), to its interrupt. Writes in between already prepare the next layer.
    """
    program, execution, mismatches = stage.program, stage.on_rtl, stage.mismatches
    costs: dict[str, list[tuple[int, int, int]]] = {layer.name: [] for layer in stage.members}
    layer, start = "", None
    for event in execution.events:
        command = program.commands[event.index]
        if isinstance(command, Mark):
            layer, start = str(command.info.get("layer", "")), event
        elif isinstance(command, WaitInterrupt) and layer in costs and start is not None:
            costs[layer].append(
                (
                    event.cycle - start.cycle,
                    event.read_beats - start.read_beats,
                    event.write_beats - start.write_beats,
                )
            )
    tensors = [program.layer_of(observation.index) for observation in execution.observations]
    wrong = [program.layer_of(mismatch.index) for mismatch in mismatches]
    runs = []
    for info in stage.members:
        cycles, reads, writes = np.mean(costs[info.name] or [(0, 0, 0)], axis=0)
        runs.append(
            LayerRun(
                name=info.name,
                operation=info.operation,
                output_shape=tuple(info.output_shape),
                cycles=float(cycles),
                utilisation=info.macs / (64 * cycles) if cycles else 0.0,
                read_bytes=float(reads) * hw.ATOM,
                write_bytes=float(writes) * hw.ATOM,
                tensors=tensors.count(info.name),
                mismatches=wrong.count(info.name),
            )
        )
    return runs
