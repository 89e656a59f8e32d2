"""VGG-16 whole at 224 x 224: multipliers and memory in use, layer by layer, beside published figures.

    python benchmarks/vgg_efficiency.py [--pictures N ...] [--keep FOLDER]
    python benchmarks/vgg_efficiency.py --rtl          chosen layers on the RTL, too: some minutes

Figures are the latency model's; chosen layers are also measured, every tensor compared with the golden model (all of
it: --keep DIR, then `cocodla verify DIR/vgg16.dla`, some ten CPU minutes). Weights are random: cycles do not depend
on them. The fully connected layers are told for one picture, whose weights take the memory all the time, and
for several at once, whose weights are fetched once (`cocodla split`). Exit status 1 below what is asked. Takes 5 GB of
memory and about two CPU minutes.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import typer
from rich.console import Console
from rich.table import Table

from cocodla import hw
from cocodla.compiler import Network, compile_model
from cocodla.files.inputs import FILE_LIMIT_VARIABLE
from cocodla.nets import styles
from cocodla.nets.builder import Builder
from cocodla.nets.classifier import split_classifier
from cocodla.nets.registry import SIGNED, noise
from cocodla.report.efficiency import Use, table, together, uses_of
from cocodla.report.progress import progress_bar
from cocodla.runtime import rtl as simulator
from cocodla.runtime.span import Span
from cocodla.runtime.verify import verify_network

ASKED = 0.95
PUBLISHED = {"convolutions": 0.8662, "fully connected": 0.9317}
"""FT-M7004, inference: share of its peak."""
OPTIONS = replace(
    SIGNED, effort="fast", images_in_flight=1, strict=True, adaptive_rounding=False, bias_correction=False, verify=False
)
"""Cycles do not depend on how weights are rounded."""
ON_RTL = {"one picture": ("conv2", "conv28", "gemm38"), "several": ("gemm38",)}
"""64 to 64 channels at 224 x 224 with pooling, 512 to 512 at 14 x 14 with pooling, the last fully connected layer."""

console = Console(width=190, markup=False, highlight=False)


@dataclass(frozen=True)
class Measured:
    """A layer on the RTL. failure: in words, empty where every tensor was equal."""

    network: str
    name: str
    cycles: float
    use: Use
    failure: str


def model_file(folder: Path, seed: int) -> Path:
    """VGG-16 in float."""
    return styles.vgg16(Builder((3, 224, 224), seed, batch=1)).save(folder / "vgg16.onnx")


def classifier(model: Path, pictures: int, seed: int) -> Network:
    """Its fully connected layers for some pictures at once, compiled for random features."""
    path = model.with_name(f"classifier{pictures}.onnx")
    onnx.save(split_classifier(onnx.load(model), pictures)[1], path)
    features = np.maximum(np.random.default_rng(seed).normal(size=(2, 512, 7 * pictures, 7)), 0).astype(np.float32)
    network = compile_model(path, features, replace(OPTIONS, pixel_scale=None, pixel_offset=0.0))
    path.unlink()
    return network


def measured(network: Network, title: str, names: tuple[str, ...], seed: int) -> list[Measured]:
    """Layers on the RTL, on random inputs."""
    random = np.random.default_rng(seed)
    shape = network.input.shape
    pixels = network.tensors[network.input.tensor].form == "pixels"
    image = random.integers(0, 256, (1, *shape), dtype=np.uint8) if pixels else None
    if image is None:
        image = np.maximum(random.normal(size=(1, *shape)), 0).astype(np.float32)
    uses, found = {use.name: use for use in uses_of(network)}, []
    for name in names:
        span = Span.parse(network, name).runnable(network)
        with progress_bar(console, f"{title}: {name}") as progress:
            run = verify_network(network, image, np.array([-1]), simulator.Simulation(seed=seed), progress, span)
        failure = "" if run.passed else str(run.first_mismatch or run.failures[:1])
        found.append(Measured(title, name, run.cycles_per_image, uses[name], failure))
    return found


def summary(network: Network, batches: dict[int, list[Use]]) -> tuple[Table, bool]:
    """Efficiencies beside the published ones, and whether they are as asked."""
    uses = uses_of(network)
    convolutions = together("convolutions", [use for use in uses if use.name.startswith("conv")])
    dense = together("fully connected", [use for use in uses if use.name.startswith("gemm")])
    found = Table("", "published", "asked", "here", "", title="efficiency", title_justify="left")
    rows = [
        ("convolutions, of 64 MACs a cycle", "convolutions", convolutions.mac_use),
        ("fully connected, a picture, of the memory's beats", "fully connected", dense.memory_use),
    ]
    right = True
    for text, name, value in rows:
        right &= value >= ASKED
        found.add_row(text, f"{PUBLISHED[name]:.2%}", f"{ASKED:.0%}", f"{value:.2%}", "yes" if value >= ASKED else "NO")
    base = dense.cycles
    for pictures, parts in sorted(batches.items()):
        use = together("", parts)
        told = f"{use.mac_use:.2%} of MACs, {use.memory_use:.2%} of beats"
        speed = f"{base * pictures / use.cycles:.2f}x a picture"
        found.add_row(f"fully connected, {pictures} pictures at once", "", "", told, speed)
    return found, right


def main(
    pictures: list[int] = typer.Option([4, 8, 16], "--pictures", help="at once, for the fully connected layers"),
    rtl: bool = typer.Option(False, "--rtl", help="chosen layers on the RTL, too"),
    keep: Path = typer.Option(None, "--keep", help="folder for the networks (.dla), to try `cocodla verify --layers`"),
    seed: int = 9,
) -> None:
    """Measure; exit status 1 below what is asked, or where the RTL differs."""
    os.environ.setdefault(FILE_LIMIT_VARIABLE, str(1 << 30))  # its ONNX file has 553 MB
    if keep is not None and not keep.is_dir():
        raise SystemExit(f"vgg_efficiency.py: --keep: {keep} is no folder")
    console.print(f"seed {seed}")
    found: list[Measured] = []
    batches: dict[int, list[Use]] = {}
    with tempfile.TemporaryDirectory() as folder:
        model = model_file(Path(folder), seed)
        network = compile_model(model, noise((3, 224, 224), 4, seed).calibration, OPTIONS)
        if keep is not None:
            network.save(keep / "vgg16.dla")
        uses = uses_of(network)
        title = "VGG-16, a picture, memory of a request a cycle"
        console.print(table(title, uses, hw.CLOCK_MHZ, [together("all", uses)]))
        for count in pictures:
            several = classifier(model, count, seed)
            if keep is not None:
                several.save(keep / f"classifier{count}.dla")
            batches[count] = uses_of(several)
            if rtl and count == 8:
                found += measured(several, f"{count} pictures", ON_RTL["several"], seed)
        console.print(table("fully connected layers", [], hw.CLOCK_MHZ, [
            together(f"{count} pictures", parts) for count, parts in batches.items()
        ]))  # fmt: skip
        if rtl:
            found += measured(network, "a picture", ON_RTL["one picture"], seed)
    figures, right = summary(network, batches)
    console.print(figures)
    if found:
        on_rtl = Table("network", "layer", "operation", "cycles", "predicted", "MAC use", "memory use", "", title="RTL")
        for run in found:
            beats = max(run.use.read_beats, run.use.write_beats) / run.cycles
            on_rtl.add_row(
                run.network, run.name, run.use.operation, f"{run.cycles:,.0f}", f"{run.use.cycles:,}",
                f"{run.use.macs / 64 / run.cycles:.2%}", f"{beats:.2%}", run.failure or "equal",
            )  # fmt: skip
        console.print(on_rtl)
    raise typer.Exit(int(not right or any(run.failure for run in found)))


if __name__ == "__main__":
    typer.run(main)
