"""Generators from the SystemRDL source to Verilog, Python and the reference page."""

from __future__ import annotations

from pathlib import Path

from cocodla.registers.codegen import python, rdl

SOURCE = "rtl/registers/nv_small.rdl"


def generate(root: Path) -> dict[str, str]:
    """Every generated file: path from the project's root -> text. Deterministic. Raises UserError for a bad source."""
    units = rdl.load(root / SOURCE)
    return {"models/cocodla/registers/nv_small.py": python.render(units)}


def stale(root: Path, files: dict[str, str]) -> list[str]:
    """Paths whose committed text is missing or differs from `files`."""
    return [name for name, text in files.items() if not _same(root / name, text)]


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text() == text
