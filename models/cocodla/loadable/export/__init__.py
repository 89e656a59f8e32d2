"""Loadables out: a compiled network as a file for the public drivers (spec: loadable.md section 13)."""

from cocodla.loadable.export.writer import Exported, export_network

__all__ = ["Exported", "export_network"]
