"""Where things lie: build folder and committed files of a checkout, of a read-only one, and of an installed package."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cocodla.sim import project


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in a folder of its own, and a user without variables whose cache is beside it."""
    monkeypatch.delenv("COCODLA_BUILD", raising=False)
    monkeypatch.setenv("COCODLA_ROOT", str(tmp_path / "project"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "project").mkdir()
    return tmp_path


def test_a_checkout_keeps_its_own_results(place: Path) -> None:
    """build/ and committed files are in the checkout."""
    assert project.build() == place / "project" / "build"
    assert project.committed("docs/x.md") == place / "project" / "docs" / "x.md"


def test_the_build_folder_can_be_chosen(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """COCODLA_BUILD moves what is generated, and only that; a relative path counts from the working directory."""
    monkeypatch.chdir(place)
    monkeypatch.setenv("COCODLA_BUILD", "my build")
    assert project.build() == place / "my build"
    assert project.committed("docs/x.md") == place / "project" / "docs" / "x.md"


@pytest.mark.parametrize("why", ["read-only", "installed"])
def test_nothing_is_written_into_a_foreign_place(place: Path, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkout that cannot be written to and an installed package leave everything in the user's cache."""
    if why == "read-only":
        # Modes do not keep root from writing, a file system that is mounted read-only does: both are told by access.
        monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != place / "project")
    else:
        monkeypatch.delenv("COCODLA_ROOT")
        monkeypatch.setattr(project, "_INSTALLED", place / "project")
    assert project.root() == place / "project"
    assert project.build() == place / "cache" / "cocodla"
    assert project.committed("docs/x.md") == place / "cache" / "cocodla" / "docs" / "x.md"
