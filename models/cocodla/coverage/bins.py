"""Names of the bins of functional coverage, as tb/hdl/coverage/MODULE_cover.sv writes them: nothing is built."""

from __future__ import annotations

import difflib
import re

from cocodla.coverage.verilator import BINS, MACROS
from cocodla.coverage.waivers import matches
from cocodla.sim import project

_LABEL = re.compile(r"`COVER\w*\((\w+),|\b(\w+): cover property")


def units() -> list[str]:
    """Modules that have bins, sorted."""
    return sorted(path.stem.removesuffix("_cover") for path in (project.root() / BINS).glob("*_cover.sv"))


def is_bin(pattern: str) -> bool:
    """Whether a coverage item of a plan, "unit: bin (place)", names bins; others name rules of checkers."""
    return pattern.partition(": ")[0] in units()


def complaint(pattern: str) -> str:
    """What is wrong with a pattern of bins: its bin (the part in parentheses apart) is none of its unit; else empty."""
    unit, _, name = pattern.partition(": ")
    wanted = name.partition(" (")[0]
    known = labels(unit)
    if any(matches(label, wanted) for label in known):
        return ""
    near = difflib.get_close_matches(wanted, known, 1)
    return f"{unit} has no bin {wanted!r}" + (f" (is it {near[0]!r}?)" if near else "")


def labels(unit: str) -> list[str]:
    """Names of the bins of a unit, without their places."""
    folder = project.root() / BINS
    files = [folder / f"{unit}_cover.sv", *sorted((project.root() / MACROS).iterdir())]
    texts = [file.read_text(encoding="utf-8") for file in files]
    found = (first or second for text in texts for first, second in _LABEL.findall(text))
    return list(dict.fromkeys(name.replace("_", " ") for name in found if name not in ("LABEL",)))
