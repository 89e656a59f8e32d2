"""Where things lie in the working tree: the only module that turns the package's place into paths."""

from __future__ import annotations

import os
from pathlib import Path


def root() -> Path:
    """Root of the project (the folder that holds rtl/, tb/, models/). COCODLA_ROOT overrides it."""
    override = os.environ.get("COCODLA_ROOT")
    return Path(override).resolve() if override else Path(__file__).resolve().parents[3]


def build() -> Path:
    """Folder of everything generated; may be deleted at any time. COCODLA_BUILD overrides it."""
    override = os.environ.get("COCODLA_BUILD")
    return Path(override).resolve() if override else root() / "build"


def python_paths() -> list[Path]:
    """Folders a simulator's Python needs on its path: the package and the testbench library."""
    return [root() / "models", root() / "tb"]
