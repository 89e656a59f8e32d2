"""The Python of docs/operators_api.md runs as it stands."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

from cocodla.sim import project
from cocodla.units import registry

PAGE = (project.root() / "docs" / "operators_api.md").read_text(encoding="utf-8")
BLOCKS = [b for b in re.findall(r"(?:^    .*\n|^\n(?=    ))+", PAGE, re.MULTILINE) if "import" in b]


@pytest.mark.parametrize("block", BLOCKS, ids=["units", "plug-in"])
def test_examples(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    registry._registered.clear()  # other tests run the page, too
    try:
        exec(compile(textwrap.dedent(block), "edge.py", "exec"), names)
    finally:
        registry._registered.clear()
