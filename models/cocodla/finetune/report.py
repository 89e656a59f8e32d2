"""What fine-tuning gave: the same pictures in float, in integers before training, and behind it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from cocodla.compiler import Network
from cocodla.compiler.ir import FloatArray
from cocodla.finetune.integers import Integers
from cocodla.finetune.train import Tuned
from cocodla.prune.floats import FloatModel
from cocodla.runtime.accuracy import run_golden_batches


@dataclass(frozen=True)
class Line:
    """A network. right: share of the images with the right class; agrees: with the class that the float model says
    (both None where outputs do not name classes). sqnr: of the outputs, in dB, against the float model; None of itself.
    """

    what: str
    right: float | None
    agrees: float | None
    sqnr: float | None


@dataclass(frozen=True)
class Figures:
    """held: images that only measured. trained: images learnt from. losses, seconds: see `Tuned`."""

    lines: list[Line]
    held: int
    trained: int
    losses: list[float]
    seconds: float

    @staticmethod
    def of(
        held: np.ndarray, labels: tuple[np.ndarray, np.ndarray] | None, source: FloatModel, integers: Integers,
        tuned: Tuned, bits: int, trained: int,
    ) -> Figures:  # fmt: skip
        """Measure on images (N, *shape) as the compiler takes them; labels: of those learnt from, and of these."""
        name = source.outputs[0]
        wanted = source.outputs_for(integers.start.input.real(held), [name])[name]
        numbers = None if labels is None else labels[1]
        networks = {
            "int8, compiled as usual": integers.start,
            f"{bits}-bit weights, not trained": tuned.first,
            f"{bits}-bit weights, trained": tuned.network,
        }
        lines = [_line("float", wanted, wanted, numbers)]
        lines += [_line(what, _outputs(network, held, name), wanted, numbers) for what, network in networks.items()]
        return Figures(lines, len(held), trained, tuned.losses, tuned.seconds)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def _outputs(network: Network, images: np.ndarray, name: str) -> FloatArray:
    return run_golden_batches(network, images)[name]


def _line(what: str, found: FloatArray, wanted: FloatArray, labels: np.ndarray | None) -> Line:
    ours, theirs = (values.reshape(len(values), -1).astype(np.float64) for values in (found, wanted))
    noise = np.square(ours - theirs).sum()
    sqnr = None if found is wanted else float(10 * np.log10(np.square(theirs).sum() / max(noise, 1e-30)))
    if max(found.shape[1:], default=0) != ours.shape[1] or ours.shape[1] < 2:
        return Line(what, None, None, sqnr)
    best = ours.argmax(1)
    right = None if labels is None else float((best == labels).mean())
    return Line(what, right, float((best == theirs.argmax(1)).mean()), sqnr)


def show(figures: Figures, console: Console) -> None:
    """Print a line for each network."""
    table = Table(title=f"{figures.held} pictures that were held back")
    table.add_column("network")
    for heading in ("right", "as float", "SQNR dB"):
        table.add_column(heading, justify="right")
    for line in figures.lines:
        shares = ["-" if share is None else f"{share:.2%}" for share in (line.right, line.agrees)]
        table.add_row(line.what, *shares, "-" if line.sqnr is None else f"{line.sqnr:.1f}")
    console.print(table)
    console.print(
        f"learnt from {figures.trained} pictures, {len(figures.losses)} epochs of {figures.seconds:.1f} s; loss "
        f"{figures.losses[0]:.4g} in the first, {figures.losses[-1]:.4g} in the last",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
