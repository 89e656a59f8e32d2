"""What proofs have shown, as a table and as the list in docs/formal.md."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from cocodla.formal.proofs import Proof
from cocodla.formal.run import Outcome

_MODES = {"prove": "induction", "bmc": "bounded", "cover": "reach"}


def show_outcomes(outcomes: Sequence[Outcome], console: Console) -> None:
    """A line a task; what failed stands below, whole."""
    table = Table(box=None, header_style="bold")
    for name, side in (("proof", "left"), ("task", "left"), ("kind", "left"), ("k or depth", "right"), ("s", "right"),
                       ("result", "left")):  # fmt: skip
        table.add_column(name, justify="right" if side == "right" else "left")
    for outcome in outcomes:
        task = outcome.task
        table.add_row(
            outcome.proof.module, task.name, _MODES[task.mode], str(task.depth), f"{outcome.seconds:.1f}",
            outcome.status,
        )  # fmt: skip
    console.print(table)
    for outcome in outcomes:
        for failure in outcome.failures:
            console.print(f"{outcome.proof.module}, {outcome.task.name}: {failure}", soft_wrap=True)
        if not outcome.held:
            trace = f", waveform {outcome.trace}" if outcome.trace else ""
            console.print(f"{outcome.proof.module}, {outcome.task.name}: log {outcome.log}{trace}", soft_wrap=True)
    held = sum(outcome.held for outcome in outcomes)
    console.print(f"{held} of {len(outcomes)} tasks hold")


def as_table(proofs: Sequence[Proof]) -> str:
    """The list of proofs in Markdown: module, what is proven, how far."""
    lines = ["| module | what is proven | rules | how |", "|---|---|---|---|"]
    for proof in proofs:
        numbers = {rule.number for rule in proof.rules() if rule.number}
        how = [
            f"induction, k = {task.depth}" if task.mode == "prove" else f"bounded, {task.depth} steps"
            for task in proof.tasks
            if task.mode != "cover"
        ]
        folder = proof.file.parents[1].name
        kinds = ", ".join(dict.fromkeys(how))
        lines.append(f"| {folder}/{proof.module} | {_about(proof)} | {len(numbers)} | {kinds} |")
    return "\n".join(lines) + "\n"


def _about(proof: Proof) -> str:
    """What is proven, without what every head says."""
    text = re.sub(rf"^(?:Bounded p|P)roof of {proof.module}\W*", "", proof.about).rstrip(".")
    return text or "all of it"


def as_json(outcomes: Sequence[Outcome]) -> dict[str, object]:
    """The outcomes as plain values (docs/commands.md)."""
    return {
        "passed": all(outcome.held for outcome in outcomes),
        "tasks": [
            {
                "proof": outcome.proof.module, "task": outcome.task.name, "mode": outcome.task.mode,
                "depth": outcome.task.depth, "result": outcome.status, "seconds": round(outcome.seconds, 2),
                "failures": list(outcome.failures), "log": str(outcome.log),
                "waves": str(outcome.trace) if outcome.trace else None,
            }
            for outcome in outcomes
        ],
    }  # fmt: skip
