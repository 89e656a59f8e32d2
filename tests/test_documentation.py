"""What the documentation names exists."""

from __future__ import annotations

import re

import pytest

from cocodla.sim import project

NAMED = [
    (page.name, *match)
    for page in sorted((project.root() / "docs").glob("*.md"))
    for match in re.findall(r"`((?:tests|tb)/[\w/]+\.py)::(\w+)`", page.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("page", "file", "name"), NAMED)
def test_named_tests_exist(page: str, file: str, name: str) -> None:
    source = (project.root() / file).read_text(encoding="utf-8")
    assert re.search(rf"^\s*(?:async )?def {name}\(", source, re.MULTILINE), f"{page}: {file} has no test {name}"
