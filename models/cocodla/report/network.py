"""Tables and files that tell what a verified network run showed."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cocodla import hw
from cocodla.report.mismatch.files import keep, told
from cocodla.report.runs import show_waves
from cocodla.runtime.verify import LayerRun, NetworkRun


def show(run: NetworkRun, console: Console, rerun: str) -> None:
    """Print the table of layers, the predictions, the totals and the verdict."""
    table = Table(title=f"{run.network} on {run.simulator}, mean of {run.images} images")
    for heading in ("layer", "operation", "output"):
        table.add_column(heading)
    for heading in ("cycles", "MAC use", "read B", "written B", "tensors"):
        table.add_column(heading, justify="right")
    table.add_column("RTL = golden")
    for layer in run.layers:
        table.add_row(*_row(layer))
    console.print(table)
    if run.predictions:
        _show_predictions(run, console)
    console.print(
        f"{run.cycles_per_image:,.0f} cycles per image, {run.milliseconds_per_image:.3f} ms at {hw.CLOCK_MHZ} MHz; "
        f"simulated at {run.cycles_per_cpu_second:,.0f} cycles per CPU second",
        highlight=False,
    )
    for failure in run.failures:
        console.print(f"failure: {failure}", style="red", highlight=False, markup=False)
    if run.first_mismatch is not None:
        console.print(f"first mismatch: {run.first_mismatch}", style="red", highlight=False, markup=False)
    for path in run.waves:
        show_waves(path, console)
    if run.finding:
        kept = keep(run.finding, run.network, run.simulator)
        console.print(told(run.finding, kept), highlight=False, markup=False, soft_wrap=True)
    if run.recorded:
        console.print(run.recorded, highlight=False, markup=False, soft_wrap=True)
    if run.passed:
        console.print(f"PASS: {run.tensors_compared} tensors compared, all equal", style="green", highlight=False)
    else:
        console.print(f"FAIL. To rerun with waves: {rerun}", style="red", highlight=False, markup=False, soft_wrap=True)


def show_shell(run: NetworkRun, bare: NetworkRun, console: Console) -> None:
    """What the shell around the chip costs in cycles, layer by layer and in all."""
    table = Table(title="cycles through the shell against the bare chip, the same memory")
    for heading, side in (("layer", "left"), ("shell", "right"), ("bare", "right"), ("ratio", "right")):
        table.add_column(heading, justify=side)  # type: ignore[arg-type]
    for layer, other in zip(run.layers, bare.layers, strict=True):
        ratio = layer.cycles / max(other.cycles, 1)
        table.add_row(layer.name, f"{layer.cycles:,.0f}", f"{other.cycles:,.0f}", f"{ratio:.3f}")
    console.print(table)
    console.print(
        f"{run.cycles_per_image:,.0f} cycles per image through the shell, {bare.cycles_per_image:,.0f} of "
        f"the bare chip: {run.cycles_per_image / max(bare.cycles_per_image, 1):.4f}",
        highlight=False,
    )


def _row(layer: LayerRun) -> tuple[str, ...]:
    verdict = "not compared"
    if layer.tensors:
        verdict = "equal" if not layer.mismatches else f"{layer.mismatches} differ"
    return (
        layer.name,
        layer.operation,
        "x".join(str(extent) for extent in layer.output_shape),
        f"{layer.cycles:,.0f}",
        f"{layer.utilisation:.0%}",
        f"{layer.read_bytes:,.0f}",
        f"{layer.write_bytes:,.0f}",
        str(layer.tensors),
        verdict,
    )


def _show_predictions(run: NetworkRun, console: Console, shown: int = 20) -> None:
    right = sum(p == label for p, label in zip(run.predictions, run.labels, strict=True) if label >= 0)
    labelled = sum(label >= 0 for label in run.labels)
    pairs = []
    for prediction, label in list(zip(run.predictions, run.labels, strict=True))[:shown]:
        pairs.append(f"{prediction}" if label < 0 else f"{prediction}/{label}")
    rest = f" ... ({run.images - shown} more)" if run.images > shown else ""
    console.print(f"prediction/label: {' '.join(pairs)}{rest}", highlight=False)
    if labelled:
        console.print(f"{right} of {labelled} labelled images right", highlight=False)


def save(run: NetworkRun, folder: Path, rerun: str) -> None:
    """Write result.json and rerun.sh into `folder`, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "result.json", json.dumps(run.as_json(), indent=1) + "\n")
    script = folder / "rerun.sh"
    root = shlex.quote(str(Path.cwd()))
    _write(script, f"#!/bin/sh\n# Runs the same images again, with waves.\ncd {root} && exec {rerun}\n")
    script.chmod(0o755)


def _write(path: Path, text: str) -> None:
    """Replace a file in one step, so that an interrupted run leaves no half of it."""
    temporary = path.with_suffix(path.suffix + ".tmp")
    try:
        temporary.write_text(text)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
