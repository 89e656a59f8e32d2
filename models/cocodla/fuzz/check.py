"""One random network: compiled, run on the golden model (and the RTL), compared with onnxruntime and ideal rounding."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import numpy as np
import onnx

from cocodla.compiler import CompileOptions, Network
from cocodla.compiler.frontend.importer import load_model
from cocodla.compiler.ir import Conv
from cocodla.compiler.original import outputs_of
from cocodla.errors import UserError
from cocodla.files.outputs import write_whole
from cocodla.fuzz.layers import layer_fault, rounded_outputs
from cocodla.fuzz.networks import random_network
from cocodla.fuzz.quantised import quantised
from cocodla.golden import run as run_golden
from cocodla.program import Program, compare
from cocodla.runtime import rtl
from cocodla.runtime.accuracy import model_inputs
from cocodla.runtime.integers import against_onnxruntime
from cocodla.runtime.quality import Study

IMAGES = 8
GOOD_SQNR = 20.0
"""dB at an output that need no explanation; less must follow from the tensors' scales."""
QUANTISED = 4
"""Each of so many networks brings scales of its own."""
CODES_OFF = {"lrn": 3}
"""Codes by which a layer may be off onnxruntime's, given its inputs, if more than 1."""
MARGIN = 6.0
"""dB by which an output may be worse than the float network with every tensor rounded to its codes."""


@dataclass
class Finding:
    """What became of a network.

    kind: `equal`, `refused` (a UserError), or what is wrong: `invalid` (no network could be made of the seed; nodes is
    0), `crash`, `infinite` (other values are NaN or infinite than onnxruntime's), `inaccurate`, `layer` (against
    integer oracle, ideal rounding or float), `integers` (against onnxruntime's codes, where the network brings its
    scales), `batch` (fast golden run against the Device), `rtl`. operators: ONNX operators -> count.
    cycles: on the RTL. waves: of each run there, where they are wanted.
    """

    seed: int
    nodes: int
    kind: str
    text: str = ""
    sqnr: float = float("inf")
    cycles: int = 0
    waves: list[Path] = field(default_factory=list)
    operators: Counter[str] = field(default_factory=Counter)
    placed: Counter[str] = field(default_factory=Counter)

    @property
    def good(self) -> bool:
        return self.kind in ("equal", "refused")


def draw_images(model: onnx.ModelProto, seed: int) -> np.ndarray:
    """Inputs of a random network: (IMAGES, *shape), float32 normal; for every fourth seed pixels."""
    shape = (IMAGES, *(extent.dim_value for extent in model.graph.input[0].type.tensor_type.shape.dim[1:]))
    random = np.random.default_rng(seed)
    if seed % 4 == 1:
        return random.integers(0, 256, shape, dtype=np.uint8)
    return random.normal(size=shape).astype(np.float32)


def draw_options(seed: int, pixels: bool, channels: int) -> CompileOptions:
    """Options of a network: each now and then, or what the compiler finds. pixels: the images are uint8."""
    random = Random(seed)
    scale, offset = None, 0.0
    if pixels:
        scale = [1 / random.choice([32, 64, 128]) for _ in range(channels if random.random() < 0.3 else 1)]
        offset = random.choice([0.0, -1.0, -0.7])
    options = CompileOptions(
        pixel_scale=scale, pixel_offset=offset, images_in_flight=1 + seed % 2, reuse_memory=random.random() < 0.2
    )
    if random.random() < 0.2:
        return options
    return replace(
        options, effort="fast", asymmetric=seed % 3 == 0, equalise=random.random() < 0.3,
        bias_correction=random.random() < 0.3, adaptive_rounding=random.random() < 0.3,
        headroom=random.choice([0.0, 0.0, 0.1, 0.5]),
        calibrator=random.choice(["minmax"] * 4 + ["percentile", "mse", "entropy"]),  # type: ignore[arg-type]
    )  # fmt: skip


def check(seed: int, folder: Path, nodes: int | None = None, simulation: rtl.Simulation | None = None) -> Finding:
    """Make network `seed` (its first `nodes` nodes), compile it, run it, compare. The model is kept in `folder`."""
    try:
        model = random_network(seed, nodes)
        images = draw_images(model, seed)
        if seed % QUANTISED == 2:
            model = quantised(model, images, seed)
    except Exception as error:  # a fault of the random networks must not end a campaign
        return Finding(seed, 0, "invalid", _placed(error))
    path = folder / f"random{seed}.onnx"
    write_whole(path, model.SerializeToString())
    finding = Finding(seed, len(model.graph.node), "equal", operators=Counter(n.op_type for n in model.graph.node))
    options = draw_options(seed, images.dtype == np.uint8, images.shape[1])
    try:
        _run(finding, path, images, options, simulation)
    except UserError as error:
        finding.kind, finding.text = "refused", str(error)
    except Exception as error:  # any other exception is a finding
        finding.kind, finding.text = "crash", _placed(error)
    return finding


def _placed(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}: {error}"


def _run(
    finding: Finding, path: Path, images: np.ndarray, options: CompileOptions, simulation: rtl.Simulation | None
) -> None:
    study = Study.of(path, images, options)
    network = study.network
    hosted = Counter(placement["operator"] for placement in network.meta["host"])
    finding.placed = finding.operators - hosted
    got = network.golden_outputs(images)
    inputs = model_inputs(network, images)
    exact = outputs_of(load_model(path), [output.name for output in network.outputs], inputs)
    strays = [name for name, value in exact.items() if not same_infinities(value, got[name].reshape(value.shape))]
    if strays:
        finding.kind, finding.text = "infinite", f"output {strays[0]}: other values are NaN or infinite than in float"
        return
    finding.sqnr = worst_sqnr(exact, got)
    if finding.sqnr < GOOD_SQNR:
        implied = worst_sqnr(exact, rounded_outputs(study, images))
        if finding.sqnr < implied - MARGIN:
            finding.kind = "inaccurate"
            finding.text = f"{finding.sqnr:.1f} dB at an output, its scales imply {implied:.1f}"
            return
    few = images[:2]
    fault = layer_fault(study, few, images if study.settings["bias_correction"] else None)
    if fault:
        finding.kind, finding.text = "layer", fault
        return
    fault = _against_integers(study, path, few)
    if fault:
        finding.kind, finding.text = "integers", fault
        return
    programs = network.programs(few)
    difference = _against_device(network, programs, {name: value[:2] for name, value in got.items()}, few)
    if difference:
        finding.kind, finding.text = "batch", difference
    elif simulation is not None:
        _on_rtl(finding, programs, simulation)


def _against_integers(study: Study, path: Path, images: np.ndarray) -> str | None:
    """The first layer that makes other codes of onnxruntime's than it does, in words.

    Weights that are no codes in the model are the compiler's to round, and may differ more.
    """
    rounded = {n.output for n in study.graph.nodes if isinstance(n, Conv) and n.steps is None and not n.picks}
    operations = {layer.target: layer.operation for layer in study.network.layers}
    for found in against_onnxruntime(study, path, images):
        most = CODES_OFF.get(operations.get(found.tensor, "")[:3], 1)
        if found.tensor not in rounded and found.own_distance is not None and found.own_distance > most:
            return f"{found.tensor} ({operations.get(found.tensor)}) is {found.own_distance} codes off onnxruntime's"
    return None


def same_infinities(one: np.ndarray, other: np.ndarray) -> bool:
    """True if the same values of both arrays are NaN, infinite, minus infinite."""
    strange = ~(np.isfinite(one) & np.isfinite(other))
    return np.array_equal(one[strange], other[strange], equal_nan=True)


def worst_sqnr(exact: Mapping[str, np.ndarray], got: Mapping[str, np.ndarray]) -> float:
    """dB at the worst output, of the values that are finite in the float network."""
    worst = float("inf")
    for name, value in exact.items():
        finite = np.isfinite(value)
        wanted = value[finite].astype(np.float64)  # integers overflow
        noise = float(((got[name].reshape(value.shape)[finite] - wanted) ** 2).sum())
        if noise:
            worst = min(worst, 10 * float(np.log10(max(float((wanted**2).sum()), 1e-30) / noise)))
    return worst


def _against_device(
    network: Network, programs: list[Program], got: Mapping[str, np.ndarray], images: np.ndarray
) -> str | None:
    """Run the programs register by register; the first output that differs from the fast run, in words."""
    executions = [run_golden(program) for program in programs]

    def execute(stage: int, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return network.read(executions[stage], network.kept(stage), len(images))

    for name, value in network.run(images, execute).items():
        same = (value == got[name]) | ((value != value) & (got[name] != got[name]))  # NaN is NaN
        if not same.all():
            return f"output {name}: Device and batch run differ in {int((~same).sum())} values"
    return None


def _on_rtl(finding: Finding, programs: list[Program], simulation: rtl.Simulation) -> None:
    for program in programs:
        execution = rtl.run(program, simulation)
        finding.cycles += int(execution.counters["cycles"])
        finding.waves += [execution.waves] if execution.waves else []
        problems = [*execution.failures, *map(str, compare(program, run_golden(program), execution))]
        if problems:
            finding.kind, finding.text = "rtl", problems[0]
            return


def shrink(finding: Finding, folder: Path, simulation: rtl.Simulation | None = None) -> Finding:
    """The shortest beginning of the network that still fails in the same way."""
    for nodes in range(1, finding.nodes):
        small = check(finding.seed, folder, nodes, simulation)
        if small.kind == finding.kind:
            return small
    return finding
