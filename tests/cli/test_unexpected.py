"""What nobody foresaw ends in one line, too, with the traceback where the line says."""

from __future__ import annotations

from pathlib import Path

import pytest

from cocodla.compiler import Network

from .conftest import invoke


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Networks cannot be loaded for a reason nobody foresaw; logs are in a folder of the test."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("COCODLA_DEBUG", raising=False)
    raises(monkeypatch, KeyError("no such\nthing"))
    (tmp_path / "n.dla").write_bytes(b"PK\x03\x04")
    return monkeypatch


def raises(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def load(path: Path) -> Network:
        raise error

    monkeypatch.setattr(Network, "load", load)


def test_one_line_and_a_log(failing: pytest.MonkeyPatch, tmp_path: Path) -> None:
    outcome = invoke("inspect", tmp_path / "n.dla")
    (log,) = (tmp_path / "cocodla").iterdir()
    assert outcome.exit_code == 1 and outcome.stderr.count("\n") == 1
    assert outcome.stderr.startswith("cocodla: unexpected error: KeyError: ") and str(log) in outcome.stderr
    assert "Traceback" in log.read_text() and "in load" in log.read_text()


def test_traceback_on_demand(failing: pytest.MonkeyPatch, tmp_path: Path) -> None:
    failing.setenv("COCODLA_DEBUG", "1")
    assert isinstance(invoke("inspect", tmp_path / "n.dla").exception, KeyError)
    assert not (tmp_path / "cocodla").exists()


def test_log_without_a_home(failing: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    failing.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    failing.setattr("tempfile.tempdir", str(tmp_path))
    assert str(tmp_path / "error-") in invoke("inspect", tmp_path / "n.dla").stderr


@pytest.mark.parametrize(("error", "status", "words"), [
    (MemoryError(), 2, "not enough memory"), (RecursionError("too deep"), 1, "RecursionError: too deep"),
])  # fmt: skip
def test_limits_of_the_machine(
    error: Exception, status: int, words: str, failing: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    raises(failing, error)
    outcome = invoke("inspect", tmp_path / "n.dla")
    assert outcome.exit_code == status and words in outcome.stderr and outcome.stderr.count("\n") == 1
