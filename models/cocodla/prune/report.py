"""What pruning did, step by step: table and plain values."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from cocodla.prune.run import Judged, Pruned
from cocodla.runtime.accuracy import Accuracy


def as_json(pruned: Pruned, whole: Accuracy | None, left: Accuracy | None) -> dict[str, Any]:
    """Plain values. whole, left: int8 accuracy of the networks before and behind, where there are labels."""
    return {
        "steps": [_step(judged) for judged in pruned.steps],
        "held_back": pruned.held,
        "labelled": pruned.labelled,
        "int8_before": None if whole is None else whole.top1,
        "int8_after": None if left is None else left.top1,
    }


def _step(judged: Judged) -> dict[str, Any]:
    step = judged.step
    return {
        "group": step.group, "lost": step.lost, "channels": step.channels, "error": step.error, "right": judged.right,
        "tuned": judged.tuned, "cycles": step.cost.cycles, "read_bytes": step.cost.read,
        "written_bytes": step.cost.written, "constant_bytes": step.cost.constants,
    }  # fmt: skip


def show(pruned: Pruned, whole: Accuracy | None, left: Accuracy | None, console: Console) -> None:
    """Print a line for each step, and what came of it."""
    first = pruned.steps[0].step.cost
    table = Table(title="channels that went, one step a line")
    table.add_column("layers that make them", overflow="fold", max_width=40)
    for heading in ("lost", "left", "error", "right", "cycles", "of first", "traffic B", "constants B"):
        table.add_column(heading, justify="right")
    for place, judged in enumerate(pruned.steps):
        step = judged.step
        name = step.group or ("fine-tuned" if place else "the whole model")
        table.add_row(
            name + (" (fine-tuned)" if judged.tuned and step.group else ""), f"{step.lost or '-'}", f"{step.channels}",
            f"{step.error:.2%}", "-" if judged.right is None else f"{judged.right:.2%}", f"{step.cost.cycles:,}",
            f"{step.cost.cycles / first.cycles:.3f}", f"{step.cost.read + step.cost.written:,}",
            f"{step.cost.constants:,}",
        )  # fmt: skip
    console.print(table)
    last = pruned.steps[-1].step.cost
    what = "have the right class" if pruned.labelled else "have the class of the whole model"
    console.print(
        f"{first.cycles / last.cycles:.2f}x fewer cycles (predicted); right: of {pruned.held} held-back images, "
        f"in float, those that {what}; error: on the others, before fine-tuning", highlight=False, soft_wrap=True,
    )  # fmt: skip
    if whole is not None and left is not None:
        console.print(
            f"int8, {left.count} held-back images: {whole.top1:.2%} before, {left.top1:.2%} behind",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
