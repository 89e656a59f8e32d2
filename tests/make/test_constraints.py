"""Each supported Python gets pins of its own, and those of the project's own requirements keep its bounds."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import bootstrap
from cocodla.files.inputs import read_toml
from cocodla.sim import project

PYTHONS = ("3.10", "3.11", "3.12", "3.13")


def pins(python: str) -> dict[str, str]:
    """Package to version, for a Python."""
    lines = bootstrap.constraints(bootstrap.version(python)).read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    return {normal(name): version for name, version in pairs}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_newest_file_that_is_not_newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("3.9", "3.10", "3.12"):
        (tmp_path / f"{name}.txt").touch()
    monkeypatch.setattr(bootstrap, "CONSTRAINTS", tmp_path)
    chosen = {python: bootstrap.constraints(bootstrap.version(python)).stem for python in PYTHONS}
    assert chosen == {"3.10": "3.10", "3.11": "3.10", "3.12": "3.12", "3.13": "3.12"}


@pytest.mark.parametrize("python", PYTHONS)
def test_pins_keep_the_bounds_of_the_package(python: str) -> None:
    about = read_toml(project.root() / "pyproject.toml")["project"]
    wanted = [Requirement(text) for text in (*about["dependencies"], *about["optional-dependencies"]["dev"])]
    known = pins(python)
    for requirement in wanted:
        if requirement.marker and not requirement.marker.evaluate({"python_version": python}):
            continue
        name = normal(requirement.name)
        assert requirement.specifier.contains(Version(known[name])), f"{requirement} but {known[name]}"


def test_the_oldest_python_is_that_of_the_package() -> None:
    """bootstrap refuses what pip would refuse after it, and takes the Python it runs with."""
    oldest = read_toml(project.root() / "pyproject.toml")["project"]["requires-python"]
    assert oldest == ">=" + ".".join(map(str, bootstrap.OLDEST))
    assert sys.version_info[:2] >= bootstrap.OLDEST
