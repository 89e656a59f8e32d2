"""What the numbers of a detector mean: a TOML file with anchors, classes and thresholds.

    anchors = [[1.08, 1.19], [3.42, 4.41]]     # width and height, in cells
    classes = ["dog", "cat"]
    scores = "softmax"                         # how class scores become shares: softmax or sigmoid
    threshold = 0.3                            # boxes below are not shown
    overlap = 0.45                             # of two boxes of a class that overlap more, the better one stays
    output = "boxes"                           # the model's output, if it is not the first
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from cocodla.errors import UserError
from cocodla.files.inputs import LARGEST_TOML, read_input, toml_table
from cocodla.sim import project

FOLDER = Path("models") / "zoo" / "detectors"
"""Those that ship, in the project."""

Extent = Annotated[float, Meta(gt=0, le=1e4)]
Share = Annotated[float, Meta(gt=0, lt=1)]
ClassName = Annotated[str, Meta(min_length=1, max_length=100)]


class Detector(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A YOLOv2-style head: for each cell and anchor x, y, width, height, whether there is something, and classes.

    anchors: (width, height) in cells. threshold: least score that is shown. overlap: largest share (intersection over
    union) of two boxes of a class. output: of the model; empty: its first.
    """

    anchors: Annotated[tuple[tuple[Extent, Extent], ...], Meta(min_length=1, max_length=1000)]
    classes: Annotated[tuple[ClassName, ...], Meta(min_length=1, max_length=100_000)]
    scores: Literal["softmax", "sigmoid"] = "softmax"
    threshold: Share = 0.3
    overlap: Share = 0.45
    output: str = ""

    @property
    def channels(self) -> int:
        """Channels of the output."""
        return len(self.anchors) * (5 + len(self.classes))

    def check_output(self, name: str, shape: tuple[int | None, ...]) -> None:
        """UserError if an output of `shape` (without the batch) is not that of such a head."""
        if len(shape) != 3 or shape[0] != self.channels:
            raise UserError(
                f"output {name!r} is {' x '.join(map(str, shape))}: a detector of {len(self.anchors)} anchors and "
                f"{len(self.classes)} classes has {len(self.anchors)} x (5 + {len(self.classes)}) = {self.channels} "
                "channels, rows and columns"
            )


def shipped() -> list[str]:
    """Names of the detectors that ship."""
    return sorted(path.stem for path in (project.root() / FOLDER).glob("*.toml"))


def load_detector(name: str) -> Detector:
    """A detector that ships, or that of a TOML file. UserError with the entry, the rule and the value."""
    path = project.root() / FOLDER / f"{name}.toml" if name in shipped() else Path(name)
    if not path.suffix and not path.exists():
        raise UserError(f"no detector is called {name[:60]!r}: known are {', '.join(shipped())}, and TOML files")
    try:
        return msgspec.convert(toml_table(read_input(path, LARGEST_TOML), path), Detector)
    except msgspec.ValidationError as error:
        raise UserError(f"{path}: {error}") from None
