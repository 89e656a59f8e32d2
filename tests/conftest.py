"""What tests share: the simulators of this machine, and the material beside the project."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cocodla import datasets

os.environ["AUTOWAVES"] = "0"  # what fails on purpose need not be recorded
HAS_ICARUS = shutil.which("iverilog") is not None


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """What a command tried in this process sets for those that it starts (`--build`) ends with the test."""
    before = dict(os.environ)
    yield
    for name in os.environ.keys() - before.keys() - {"PYTEST_CURRENT_TEST"}:
        del os.environ[name]
    os.environ.update(before)


@pytest.fixture
def shared() -> Path:
    """Folder of foreign traces, models and data; the test is skipped where it is absent."""
    folder = datasets.shared_folder()
    if not folder.is_dir():
        pytest.skip("skipped: no ../shared")
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test whose name says `icarus` needs Icarus."""
    for item in items:
        if "icarus" in item.name and not HAS_ICARUS:
            item.add_marker(pytest.mark.skip(reason="no iverilog"))
