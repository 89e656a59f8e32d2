"""What the documentation names exists, and its Python runs."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

from cocodla import datasets, zoo
from cocodla.sim import project


def test_every_page_is_listed() -> None:
    docs = project.root() / "docs"
    listed = re.findall(r"^\| \[\w+\]\(([\w.]+)\)", (docs / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(page.name for page in docs.glob("*.md") if page.name != "README.md")


NAMED = [
    (page.name, *match)
    for page in sorted((project.root() / "docs").glob("*.md"))
    for match in re.findall(r"`((?:tests|tb)/[\w/]+\.py)::(\w+)`", page.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("page", "file", "name"), NAMED)
def test_named_tests_exist(page: str, file: str, name: str) -> None:
    source = (project.root() / file).read_text(encoding="utf-8")
    assert re.search(rf"^\s*(?:async )?def {name}\(", source, re.MULTILINE), f"{page}: {file} has no test {name}"


SNIPPETS = [
    (page.name, block)
    for page in sorted((project.root() / "docs").glob("*.md"))
    for block in re.findall(r"(?:^    .*\n|^\n(?=    ))+", page.read_text(encoding="utf-8"), re.MULTILINE)
    if "compile_model(" in block
]


@pytest.mark.parametrize(("page", "block"), SNIPPETS, ids=[page for page, _ in SNIPPETS])
def test_python_in_the_documentation_runs(
    page: str, block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As written, with LeNet-5 as the user's network and digits as the user's pictures."""
    for name in re.findall(r"\w+\.onnx", block):
        (tmp_path / name).write_bytes((zoo.FOLDER / "lenet5.onnx").read_bytes())
    monkeypatch.chdir(tmp_path)
    pictures, labels = datasets.sklearn_digits()
    given = ("images", "pictures", "many_images", "calibration_images")
    names: dict[str, Any] = {**dict.fromkeys(given, pictures[:40]), "labels": labels[:40]}
    source = textwrap.dedent(block).replace("images[:10], labels[:10]", "images[:1], labels[:1]")
    exec(source, names)
