"""What stands before every command: --version, and --build, which may also stand behind it."""

from __future__ import annotations

from pathlib import Path

import pytest

import cocodla
from cocodla.cli.base import command_line
from cocodla.errors import UserError
from cocodla.sim import project, tools

from .conftest import complaint, invoke


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder, and a build folder chosen by the environment."""
    monkeypatch.setenv(project.BUILD, str(tmp_path / "from environment"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_version_names_what_is_around(user: Path) -> None:
    """A line each for cocodla, Python, simulators and packages; a command behind it is not run."""
    for words in (["--version"], ["--version", "sim", "glb"]):
        lines = invoke(*words).stdout.splitlines()
        assert lines[0] == f"cocodla {cocodla.__version__} ({project.root()})"
        names = [line.split()[0] for line in lines]
        assert names[1:3] == ["Python", "Verilator"] and {"cocotb", "onnx", "onnxruntime"} < set(names)


def test_version_without_simulators(user: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A simulator that is not there is told in its line; the version is no reason to fail."""

    def none() -> tools.Icarus:
        raise UserError("no Icarus Verilog")

    monkeypatch.setattr(tools, "find_icarus", none)
    done = invoke("--version")
    assert done.exit_code == 0 and "no Icarus Verilog" in done.stdout.splitlines()


@pytest.mark.parametrize("words", [("--build", "my own", "fuzz"), ("fuzz", "--build", "my own")])
def test_build_folder(user: Path, words: tuple[str, ...]) -> None:
    """--build wins over the environment, on either side of the command; a rerun takes the same folder."""
    assert invoke(*words, "--count", 1, "--seed", 1).exit_code == 0
    assert (user / "my own" / "fuzz").is_dir() and not (user / "from environment").exists()
    assert f"{project.BUILD}='{user / 'my own'}'" in command_line("fuzz")


def test_build_folder_that_cannot_be(user: Path) -> None:
    """A file where the build folder should be: one line."""
    (user / "file").touch()
    assert "file" in complaint("fuzz", "--count", 1, "--seed", 1, "--build", "file")
