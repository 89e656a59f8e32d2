"""One network from float to RTL: accuracy, noise, rounding, speed of the golden model, every tensor on the RTL."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from cocodla.compiler import Network, compile_model
from cocodla.compiler.frontend.importer import load_model
from cocodla.compiler.original import outputs_of
from cocodla.compiler.prediction import predict_network
from cocodla.errors import UserError
from cocodla.mismatch.study import Finding
from cocodla.nets.registry import Limits, Net, large_networks, networks
from cocodla.runtime import rtl
from cocodla.runtime.accuracy import batches, model_inputs
from cocodla.runtime.diverge import DIFFERING, kind_of
from cocodla.runtime.jobs import run_processes
from cocodla.runtime.pieces import can_be_cut, verify_in_pieces
from cocodla.runtime.quality import Error, LayerQuality, Study, measure_quality
from cocodla.runtime.recording import Stages, keep
from cocodla.runtime.verify import verify_network
from cocodla.sim.filelist import is_foreign

FEW = 2
"""Outputs of a layer that may differ from ideal rounding however few there are: a share of 10 outputs says nothing."""
CHANCE = 3
"""Images that int8 may lose however few there are: so many lie within the noise."""


@dataclass
class Rounding:
    """The worst layer of a kind. share: of outputs that differ from ideal rounding; distance: codes at most."""

    layer: str = ""
    share: float = 0.0
    distance: int = 0


@dataclass
class NetResult:
    """What was found; failures in words, empty if all is well. None: not measured, or there is nothing to measure.

    accuracy, float_accuracy: percent. sqnr: dB of each output. rounding: by kind of layer (keys of DIFFERING).
    compile_seconds, images_per_second (golden model): CPU time, so that other work on the machine does not count.
    rtl_shape: input on the RTL. record: folder of what was counted there. recorded: what tells of the waveform of a
    failure. finding: what is known of a difference. slow: limits of time that this machine has missed.
    """

    name: str
    about: str
    limits: Limits
    skipped: str = ""
    layers: int = 0
    stages: int = 0
    compile_seconds: float = 0.0
    images: int = 0
    images_per_second: float = 0.0
    sqnr: dict[str, float] = field(default_factory=dict)
    accuracy: float | None = None
    float_accuracy: float | None = None
    rounding: dict[str, Rounding] = field(default_factory=dict)
    rtl_shape: tuple[int, ...] = ()
    tensors: int = 0
    cycles: float = 0.0
    predicted: int = 0
    record: str = ""
    recorded: str = ""
    failures: list[str] = field(default_factory=list)
    finding: Finding | None = field(default=None, repr=False)
    slow: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not self.failures and not self.skipped

    @property
    def drop(self) -> float | None:
        """Points of accuracy lost by int8; negative if it gained."""
        if self.accuracy is None or self.float_accuracy is None:
            return None
        return self.float_accuracy - self.accuracy

    def as_json(self) -> dict[str, Any]:
        """Plain values, infinite ones (a tensor without any error) as None."""
        values = asdict(replace(self, finding=None))
        del values["finding"]
        values["sqnr"] = {name: value if np.isfinite(value) else None for name, value in self.sqnr.items()}
        return {**values, "passed": self.passed, "drop": self.drop}


def chosen(only: str) -> list[Net]:
    """The network called `only`, or else those whose name contains it, large ones left out; UserError for none."""
    known, large = networks(), large_networks()
    found = [net for net in known + large if net.name == only] or [net for net in known if only in net.name]
    if not found:
        raise UserError(f"no network is called {only!r}; known: {', '.join(net.name for net in known + large)}")
    return found


def check_all(nets: Sequence[Net], simulation: rtl.Simulation, jobs: int) -> Iterator[NetResult]:
    """Check networks in `jobs` processes; yields each as it ends. A single one is run on the RTL in so many pieces."""
    if jobs == 1 or len(nets) == 1:
        yield from (check_net(net, simulation, jobs) for net in nets)
        return
    work = partial(_check_named, simulation=simulation)
    for index, result in run_processes(work, [net.name for net in nets], jobs):
        net = nets[index]
        lost = NetResult(net.name, net.about, net.limits, failures=["a process ended without a result"])
        yield result or lost


def _check_named(name: str, simulation: rtl.Simulation) -> NetResult:
    return check_net(chosen(name)[0], simulation)


def check_net(net: Net, simulation: rtl.Simulation, jobs: int = 1) -> NetResult:
    """All checks of one network, the RTL in `jobs` processes. A network that is refused is a failure like any other,
    and so is an exception.
    """
    # How many cycles this project's RTL may take says nothing of another one, or of a slower memory.
    free = is_foreign(simulation.file_list) or simulation.memory.dram
    limits = replace(net.limits, cycles=None) if free else net.limits
    result = NetResult(net.name, net.about, limits)
    if net.missing:
        result.skipped = f"{net.needs} is not on this machine"
        return result
    with TemporaryDirectory(prefix="cocodla-nets-") as folder:
        try:
            network = _against_float(net, Path(folder), result)
            _on_rtl(net, network, Path(folder), simulation, jobs, result)
        except UserError as error:
            result.failures.append(str(error))
        except Exception as error:  # the other networks are checked all the same
            frame = traceback.extract_tb(error.__traceback__)[-1]
            result.failures.append(f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}: {error}")
    _judge(result)
    return result


def _against_float(net: Net, folder: Path, result: NetResult) -> Network:
    """Compile, run all images on the golden model, compare with the float model and with ideal rounding."""
    data, path = net.main.data(), net.main.model(folder)
    started = time.process_time()
    study = Study.of(path, data.calibration, net.main.options)
    network = study.network
    result.compile_seconds = time.process_time() - started
    result.layers, result.stages, result.images = len(network.layers), network.stages, len(data.images)
    original = load_model(path)
    errors = {output.name: Error() for output in network.outputs}
    right = np.zeros(2, np.int64)
    spent, place = 0.0, 0
    for part in batches(data.images):
        started = time.process_time()
        ours = network.golden_outputs(part)
        spent += time.process_time() - started
        exact = outputs_of(original, list(errors), model_inputs(network, part))
        for name, error in errors.items():
            error.add(exact[name], ours[name])
        if data.labels is not None:
            labels, first = data.labels[place : place + len(part)], network.outputs[0].name
            answers = [values[first].reshape(len(part), -1).argmax(1) for values in (ours, exact)]
            right += [int((answer == labels).sum()) for answer in answers]
        place += len(part)
    result.images_per_second = len(data.images) / spent
    result.sqnr = {name: error.sqnr for name, error in errors.items()}
    if data.labels is not None:
        result.accuracy, result.float_accuracy = (100 * right / len(data.images)).tolist()
    _judge_rounding(measure_quality(study, data.images[: net.studied], impacts=False), result)
    return network


def _judge_rounding(layers: list[LayerQuality], result: NetResult) -> None:
    for layer in layers:
        kind = kind_of(layer.operation)
        worst = result.rounding.setdefault(kind, Rounding())
        if layer.wrong > FEW and layer.differing > worst.share:
            worst.layer, worst.share = layer.name, layer.differing
        worst.distance = max(worst.distance, layer.distance)
        if layer.wrong > max(FEW, DIFFERING[kind] * layer.outputs):
            result.failures.append(f"{layer.name} ({layer.operation}): {layer.differing:.2%} of outputs are not ideal")
        if layer.distance > 1:
            result.failures.append(f"{layer.name} ({layer.operation}): {layer.distance} codes from ideal rounding")


def _on_rtl(
    net: Net, network: Network, folder: Path, simulation: rtl.Simulation, jobs: int, result: NetResult
) -> None:
    """Some images on the RTL, every tensor compared with the golden model."""
    variant = net.on_rtl or net.main
    data = variant.data()
    if net.on_rtl is not None:
        network = compile_model(variant.model(folder), data.calibration, variant.options)
    images = data.images[: net.rtl_images]
    labels = np.full(len(images), -1) if data.labels is None else data.labels[: len(images)]
    stages = Stages(simulation)
    if jobs > 1 and can_be_cut(simulation):
        run = verify_in_pieces(network, images, labels, simulation, jobs)
    else:
        run = verify_network(network, images, labels, simulation, observe=stages.add)
    if recorded := stages.of_network(network, len(images)):
        result.record = str(keep(recorded))
    result.rtl_shape, result.tensors, result.cycles = network.input.shape, run.tensors_compared, run.cycles_per_image
    result.predicted = predict_network(network, simulation.memory.timing).image
    result.failures += [f"RTL: {failure}" for failure in run.failures]
    if run.first_mismatch is not None:
        result.failures.append(f"RTL differs from the golden model: {run.first_mismatch}")
    result.finding, result.recorded = run.finding, run.recorded
    if not run.tensors_compared:
        result.failures.append("RTL: no tensor was compared")


def _judge(result: NetResult) -> None:
    """Hold the figures against their limits."""
    limits = result.limits
    for name, sqnr in result.sqnr.items():
        if not sqnr >= limits.sqnr:
            result.failures.append(f"output {name}: {sqnr:.1f} dB against float, at least {limits.sqnr} are due")
    if limits.drop is not None and result.drop is not None:
        most = max(limits.drop, 100 * CHANCE / result.images)
        if result.drop > most + 1e-9:
            result.failures.append(f"accuracy is {result.drop:.2f} points below float, at most {most:.2f} are allowed")
    if limits.cycles is not None and result.cycles > limits.cycles:
        result.failures.append(f"{result.cycles:,.0f} cycles an image, at most {limits.cycles:,} are allowed")
    if limits.compile_seconds is not None and result.compile_seconds > limits.compile_seconds:
        result.slow.append(f"compiling took {result.compile_seconds:.1f} s, meant are {limits.compile_seconds:g}")
    if limits.image_seconds is not None and result.images_per_second * limits.image_seconds < 1:
        result.slow.append(f"{result.images_per_second:.2f} images/s, meant are {1 / limits.image_seconds:.2f}")
