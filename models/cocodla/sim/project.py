"""Where things lie, in a checkout or installed: the only module that turns the package's place into paths.

The wheel carries RTL, benches and networks in cocodla/project/, in the folders they have in the repository.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parents[1]
_INSTALLED = _PACKAGE / "project"

BUILD = "COCODLA_BUILD"
"""The environment variable that names the folder of everything generated."""


def root() -> Path:
    """The folder that holds rtl/, tb/, models/zoo: the checkout, or data of the installed package.

    COCODLA_ROOT overrides it.
    """
    override = os.environ.get("COCODLA_ROOT")
    if override:
        return Path(override).resolve()
    return _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parents[1]


def is_own() -> bool:
    """Whether results may be written into the project: it is a checkout, and can be written to."""
    return root() != _INSTALLED and os.access(root(), os.W_OK)


def build() -> Path:
    """Folder of everything generated; may be deleted at any time.

    COCODLA_BUILD, else build/ of the checkout, else (installed, or a checkout that cannot be written to) the
    user's cache.
    """
    override = os.environ.get(BUILD)
    if override:
        return Path(override).resolve()
    return root() / "build" if is_own() else platformdirs.user_cache_path("cocodla")


def committed(name: str) -> Path:
    """A file of the repository that a command writes anew: in the checkout, else of the same name in `build`."""
    return (root() if is_own() else build()) / name


def python_paths() -> list[Path]:
    """Folders a simulator's Python needs on its path: the package and the testbench library."""
    return [_PACKAGE.parent, root() / "tb"]
