"""Generators from the SystemRDL source to Verilog, Python and the reference page."""

from __future__ import annotations

from pathlib import Path

from cocodla.errors import UserError
from cocodla.registers.codegen import markdown, python, rdl, verilog
from cocodla.registers.model import Unit

SOURCE = "rtl/registers/nv_small.rdl"


def generate(root: Path) -> dict[str, str]:
    """Every generated file: path from the project's root -> text. Deterministic. Raises UserError for a bad source."""
    units = rdl.load(root / SOURCE)
    files = {"models/cocodla/registers/nv_small.py": python.render(units), "docs/registers.md": markdown.render(units)}
    for module, unit in _modules({u.name: u for u in units}).items():
        render = verilog.render_rom(unit) if module == "cfgrom" else verilog.render(unit, module)
        files[f"rtl/registers/gen/{module}.v"] = render
    return files


def _modules(units: dict[str, Unit]) -> dict[str, Unit]:
    """Verilog module -> the unit it is made from. The two CMACs share one; GLB is written by hand (rtl/csb/glb.v)."""
    if verilog.render(units["CMAC_A"], "cmac_regs") != verilog.render(units["CMAC_B"], "cmac_regs"):
        raise UserError("CMAC_A and CMAC_B must have the same registers: they share one register file")
    modules = {f"{name.lower()}_regs": unit for name, unit in units.items() if name not in ("CFGROM", "GLB")}
    modules["cmac_regs"] = modules.pop("cmac_a_regs")
    del modules["cmac_b_regs"]
    return {"cfgrom": units["CFGROM"], **modules}


def stale(root: Path, files: dict[str, str]) -> list[str]:
    """Paths whose committed text is missing or differs from `files`."""
    return [name for name, text in files.items() if not _same(root / name, text)]


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text() == text
