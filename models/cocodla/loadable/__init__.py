"""Loadables: the files that the public NVDLA compiler writes and the public drivers run (spec: loadable.md)."""

from cocodla.loadable.container import parse_loadable, read_loadable, write_loadable
from cocodla.loadable.schema import Loadable

__all__ = ["Loadable", "parse_loadable", "read_loadable", "write_loadable"]
