"""docs/agents.md: its example is somebody else's project, which has the agents and nothing else of ours."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from cocodla.sim import project

FILE = re.compile(r"`([\w.]+)`[^`\n]*:\n\n((?:    .*\n|\n(?=\n*    ))+)")
AGENTS = project.root() / "tb" / "cocotbext"
MISSING = "raise ImportError('this project has no such package')\n"


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A folder with the files of the page and a copy of the agents, where cocodla cannot be imported."""
    page = (project.root() / "docs" / "agents.md").read_text(encoding="utf-8")
    for name, text in FILE.findall(page):
        (tmp_path / name).write_text(textwrap.dedent(text), encoding="utf-8")
    shutil.copytree(AGENTS, tmp_path / "cocotbext")
    (tmp_path / "cocodla.py").write_text(MISSING)
    return tmp_path


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder that comes first on its path."""
    env = os.environ | {"PYTHONPATH": str(folder)}
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_example_runs_as_it_stands_icarus(foreign: Path) -> None:
    """The three files of the page, started as the page says; a broken design fails."""
    assert {path.name for path in foreign.iterdir()} >= {"scratch.v", "test_scratch.py", "run.py"}
    done = run(foreign, "run.py")
    assert done.returncode == 0, done.stdout
    assert "PASS=1 FAIL=0" in done.stdout
    design = foreign / "scratch.v"
    design.write_text(design.read_text().replace("<= csb2nvdla_wdat", "<= ~csb2nvdla_wdat"))
    assert "PASS=0 FAIL=1" in run(foreign, "run.py").stdout


def test_every_agent_is_there_without_the_project(foreign: Path) -> None:
    """All names of cocotbext.dla, outside of a simulator, and no module of ours behind them."""
    code = "import sys\nfrom cocotbext.dla import *\nimport cocotbext.dla\nprint(cocotbext.dla.__path__)"
    done = run(foreign, "-c", code)
    assert done.returncode == 0, done.stdout
    assert str(foreign) in done.stdout
