"""Tables of quantisation quality and of the first-divergence search."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cocodla.report.runs import show_waves
from cocodla.runtime.diverge import Divergence
from cocodla.runtime.quality import LayerQuality, by_impact


def as_json(layers: list[LayerQuality]) -> list[dict[str, Any]]:
    """Plain values, in network order; SQNR in dB, null without any error."""
    return [
        {
            "name": layer.name, "operation": layer.operation, "tensor": layer.tensor, "scale": layer.scale,
            "sqnr": _finite(layer.total.sqnr), "own_sqnr": _finite(layer.own.sqnr),
            "impact_sqnr": _finite(layer.impact.sqnr),
            "cosine": layer.total.cosine, "max_error": layer.total.largest, "saturation": layer.total.saturation,
            "differing": layer.differing, "distance": layer.distance, "sums": asdict(layer.total),
        }
        for layer in layers
    ]  # fmt: skip


def show_quality(layers: list[LayerQuality], console: Console, shown: int = 10) -> None:
    """Print each layer's figures, and the layers that hurt most."""
    table = Table(title="int8 against float")
    for heading in ("layer", "operation"):
        table.add_column(heading)
    for heading in ("SQNR dB", "own dB", "cosine", "max error", "in steps", "saturated", "not ideal"):
        table.add_column(heading, justify="right")
    for layer in layers:
        table.add_row(
            layer.name, layer.operation, _db(layer.total.sqnr), _db(layer.own.sqnr), f"{layer.total.cosine:.5f}",
            f"{layer.total.largest:.4g}", f"{layer.total.largest / layer.scale:.1f}", f"{layer.total.saturation:.3%}",
            f"{layer.differing:.3%}",
        )  # fmt: skip
    console.print(table)
    console.print("layers that hurt most: SQNR of the output when only this layer is int8", highlight=False)
    order = Table()
    order.add_column("layer")
    order.add_column("dB", justify="right")
    for layer in by_impact(layers)[:shown]:
        order.add_row(layer.name, _db(layer.impact.sqnr))
    console.print(order)


def show_divergence(found: Divergence, console: Console) -> None:
    """Print all comparisons, and the first that leaves its bound."""
    table = Table(title="each stage against the one before it")
    names = list(dict.fromkeys(step.stage for _, steps in found.layers for step in steps))
    table.add_column("layer")
    table.add_column("operation")
    for name in names:
        table.add_column(name)
    for layer, steps in found.layers:
        cells = {step.stage: Text(step.figure, "" if step.good else "red") for step in steps}
        table.add_row(layer.name, layer.operation, *(cells.get(name, "-") for name in names))
    console.print(table)
    if found.rtl_mismatch is not None:
        console.print(f"RTL: {found.rtl_mismatch}", style="red", highlight=False)
    for path in found.waves:
        show_waves(path, console)
    if found.first is None:
        console.print("no divergence", style="green")
    else:
        layer_name, step = found.first
        console.print(
            f"first divergence: layer {layer_name}, {step.stage}: {step.figure}", style="red", highlight=False,
            markup=False, soft_wrap=True,
        )  # fmt: skip


def divergence_json(found: Divergence) -> dict[str, Any]:
    """Plain values: every comparison of every layer, and the first that leaves its bound."""
    return {
        "layers": [
            {"name": layer.name, "operation": layer.operation, "steps": [asdict(step) for step in steps]}
            for layer, steps in found.layers
        ],
        "first": {"layer": found.first[0], **asdict(found.first[1])} if found.first else None,
        "rtl": found.rtl_mismatch,
        "waves": found.waves,
    }


def _finite(value: float) -> float | None:
    """JSON has no infinity: a tensor without any error has no SQNR."""
    return value if math.isfinite(value) else None


def _db(value: float) -> str:
    return f"{value:.1f}"
