"""What stands between make and the commands passes on how they end, and what ends them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import make

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
RUN = "import make, os, sys; sys.exit(make.wait([sys.executable, '-c', sys.argv[1]], os.environ))"
PATIENT = """
import signal, sys, time
def end(number, frame):
    print("ended by", signal.Signals(number).name, flush=True)
    sys.exit(7)
for name in ("SIGTERM", "SIGHUP", "SIGINT"):
    signal.signal(getattr(signal, name), end)
print("ready", flush=True)
time.sleep(60)
"""


def start(program: str) -> subprocess.Popen[str]:
    """The program, run as make's recipe would, in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", RUN, program], cwd=SCRIPTS, stdout=subprocess.PIPE, text=True, start_new_session=True
    )


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_signals_end_the_command_and_its_status_is_kept(name: str) -> None:
    number = getattr(signal, name)
    with start(PATIENT) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as a terminal does
        else:
            process.send_signal(number)
        assert process.communicate()[0] == f"ended by {name}\n"
    assert process.returncode == 7


@pytest.mark.parametrize(
    ("program", "status"), [("", 0), ("import sys; sys.exit(1)", 1), ("import os; os.abort()", 134)]
)
def test_status_is_kept(program: str, status: int) -> None:
    with start(program) as process:
        assert process.wait() == status


def test_bytecode_of_commands_is_kept_in_the_build_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What installs packages is left out: pip keeps their bytecode beside them, where every command finds it."""
    seen: dict[str, dict[str, str]] = {}

    def note(words: list[str], env: dict[str, str]) -> int:
        seen[words[0] if words[1].endswith("bootstrap.py") else "command"] = env
        return 0

    monkeypatch.setattr(make, "wait", note)
    given = {"PYTHONDONTWRITEBYTECODE": "1", "BUILD": str(tmp_path), "COCODLA_GOALS": "lint"}
    assert make.run("lint", given) == 0
    command, bootstrap = seen["command"], seen[sys.executable]
    assert "PYTHONDONTWRITEBYTECODE" not in command and command["PYTHONPYCACHEPREFIX"] == str(tmp_path / "bytecode")
    assert bootstrap["PYTHONDONTWRITEBYTECODE"] == "1" and "PYTHONPYCACHEPREFIX" not in bootstrap
    assert make.run("lint", given | {"PYTHONDONTWRITEBYTECODE": ""}) == 0
    assert "PYTHONPYCACHEPREFIX" not in seen["command"]
