"""What is kept of a run for its report: layers and cycles in record.json, what every unit did in activity.npz.

The folders are build/reports/NAME-SIM-NUMBER; `keep` writes one, `load` reads it.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import msgspec
import numpy as np

from cocodla.compiler import Network
from cocodla.compiler.plain_values import Count
from cocodla.compiler.prediction import predict_network
from cocodla.errors import UserError
from cocodla.files.arrays import read_npz
from cocodla.files.inputs import read_input, strict_json
from cocodla.files.outputs import write_whole
from cocodla.golden.config_conv import ConvConfig
from cocodla.latency import layer_of, predict
from cocodla.program import Execution, Program
from cocodla.program.activity import Activity, Interface, Unit, joined
from cocodla.runtime.rtl import MemoryModel, Simulation
from cocodla.runtime.spans import LayerSpan, spans
from cocodla.sim import project
from cocodla.sim.folders import fresh_folder

MOST_BYTES = 64 << 20
FORMAT = "cocodla run 1"


@dataclass(frozen=True)
class LayerFact:
    """What is known of a layer before it runs. macs: useful multiplications; predicted: cycles by the latency model
    (with two images in flight those it adds to the rest), None where it knows nothing."""

    name: str
    operation: str
    macs: Count
    predicted: Count | None = None


@dataclass(frozen=True)
class RunRecord:
    """A run on the RTL. predicted: cycles of an image by the latency model. stages: cycle at which each run of the
    accelerator begins (the host works between them, which takes no cycles here)."""

    name: str
    simulator: str
    seed: Count
    images: Count
    memory: MemoryModel
    cycles: Count
    stages: tuple[Count, ...]
    layers: tuple[LayerFact, ...]
    spans: tuple[LayerSpan, ...]
    interfaces: tuple[Interface, ...]
    units: tuple[Unit, ...]
    predicted: Count | None = None
    format: str = FORMAT


@dataclass(frozen=True)
class Recorded:
    """A run and what every unit did in it."""

    record: RunRecord
    activity: Activity


@dataclass
class Stages:
    """Collects the runs that one use of the chip consists of: `add` as each ends."""

    simulation: Simulation
    runs: list[tuple[Program, Execution]] = field(default_factory=list)

    def add(self, program: Program, execution: Execution) -> None:
        """Take in a run. One whose simulation died counted nothing; it is left out."""
        if execution.activity is not None and execution.activity.cycles:
            self.runs.append((program, execution))

    def of_network(self, network: Network, images: int) -> Recorded | None:
        """The record of a network's run; None if nothing was counted."""
        found = predict_network(network, self.simulation.memory.timing)
        layers = [
            LayerFact(layer.name, layer.operation, layer.macs, cycles)
            for layer, cycles in zip(network.layers, found.added, strict=True)
        ]
        return self._recorded(network.name, layers, images, found.image)

    def of_program(self, name: str) -> Recorded | None:
        """The record of a program that is no network; None if nothing was counted."""
        if not self.runs:
            return None
        program, execution = self.runs[0]
        names = dict.fromkeys(span.layer for span in spans(program, execution, 0))
        layers = [LayerFact(layer, "", 0) for layer in names]
        predicted = None
        if len(layers) == 1:
            with contextlib.suppress(UserError, ValueError):
                layer = layer_of(program)
                predicted = predict(layer, self.simulation.memory.timing)
                layers = [LayerFact(layers[0].name, "", _macs(layer.conv), predicted)]
        return self._recorded(name, layers, 1, predicted)

    def _recorded(self, name: str, layers: list[LayerFact], images: int, predicted: int | None) -> Recorded | None:
        if not self.runs:
            return None
        parts, begins, found = [], [], []
        cycle = 0
        for program, execution in self.runs:
            assert execution.activity is not None
            begins.append(cycle)
            found += spans(program, execution, cycle)
            parts.append(execution.activity)
            cycle += execution.activity.cycles
        activity = joined(parts)
        simulation = self.simulation
        seed = int(self.runs[0][1].counters.get("seed", 0))
        known = [layer for layer in layers if any(span.layer == layer.name for span in found)]
        record = RunRecord(
            name, simulation.sim, seed, images, simulation.memory, cycle, tuple(begins), tuple(known), tuple(found),
            activity.interfaces, activity.units, predicted,
        )  # fmt: skip
        return Recorded(record, activity)


def _macs(conv: ConvConfig | None) -> int:
    """Useful multiplications of a convolution."""
    if conv is None:
        return 0
    csc = conv.csc
    return csc.kernels * csc.kernel_width * csc.kernel_height * csc.channels * csc.out_width * csc.out_height


def keep(recorded: Recorded) -> Path:
    """Write a run into a folder of its own, build/reports/NAME-SIM-NUMBER."""
    start = f"{re.sub(r'[^A-Za-z0-9_.+-]+', '_', recorded.record.name)[:80]}-{recorded.record.simulator}"
    activity = recorded.activity
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer, lengths=activity.lengths, interfaces=activity.interface_counts, units=activity.unit_counts
    )
    with fresh_folder(project.build() / "reports", start) as folder:
        write_whole(folder / "activity.npz", buffer.getvalue())
        write_whole(folder / "record.json", json.dumps(asdict(recorded.record), indent=1).encode())
    return folder


def load(folder: Path) -> Recorded:
    """What `keep` has written. UserError for a folder that is missing, damaged or something else."""
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder of a run")
    path = folder / "record.json"
    if not path.is_file():
        raise UserError(f"{folder}: no run that was recorded for a report (it has no record.json; see REPORT=1)")
    try:
        record = msgspec.convert(strict_json(read_input(path, MOST_BYTES)), RunRecord)
    except (ValueError, msgspec.ValidationError) as error:
        raise UserError(f"{path}: no record of a run ({error})") from None
    place = folder / "activity.npz"
    arrays = read_npz(place)
    if sorted(arrays) != ["interfaces", "lengths", "units"] or any(a.dtype.kind not in "iu" for a in arrays.values()):
        raise UserError(f"{place}: no activity of a run")
    activity = Activity(arrays["lengths"], record.interfaces, record.units, arrays["interfaces"], arrays["units"])
    _check(path, place, record, activity)
    return Recorded(record, activity)


def _check(path: Path, place: Path, record: RunRecord, activity: Activity) -> None:
    """UserError for a record that contradicts itself, or its activity."""
    if record.format != FORMAT:
        raise UserError(f"{path}: format {record.format[:40]!r}, known is {FORMAT!r}")
    if activity.lengths.ndim != 1 or np.any(activity.lengths <= 0):
        raise UserError(f"{place}: its windows have no lengths")
    try:
        activity.check()
    except UserError as error:
        raise UserError(f"{place}: {error}") from None
    if activity.cycles != record.cycles or record.images < 1:
        raise UserError(f"{path}: {record.cycles} cycles, {record.images} images; {activity.cycles} were counted")
    if list(record.stages) != sorted({0, *record.stages}) or record.stages[-1] > record.cycles:
        raise UserError(f"{path}: stages that do not follow one another")
    if not 1 <= record.memory.ar_every <= record.cycles:
        raise UserError(f"{path}: a memory that takes a request every {record.memory.ar_every} cycles")
    names = [layer.name for layer in record.layers]
    if len(set(names)) < len(names):
        raise UserError(f"{path}: two layers of one name")
    for span in record.spans:
        if span.layer not in names or not span.start <= span.end <= record.cycles:
            raise UserError(f"{path}: layer {span.layer[:60]!r} is unknown or outside of the run")


def same_layers(first: RunRecord, second: RunRecord) -> bool:
    """Whether two runs are of the same layers, so that their cycles can be compared."""
    return [replace(a, predicted=None) for a in first.layers] == [replace(b, predicted=None) for b in second.layers]

