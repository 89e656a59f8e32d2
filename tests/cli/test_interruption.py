"""Ctrl-C, SIGTERM and a closed terminal end a run with its simulators, and leave nothing half-written."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cocodla.sim import project

from .trace_files import STANDIN, copy_trace


def simulators(mark: str) -> list[int]:
    """Processes of chip simulations with a plusarg."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if mark in words:
            found.append(int(path.parent.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="no /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_ended_takes_its_simulators_along(number: signal.Signals, tmp_path: Path) -> None:
    """Two traces that never end (no interrupt of PDP comes) run at a time."""
    for name in ("one", "two"):
        folder = copy_trace(tmp_path / name, bytes(range(128)))
        script = folder / "copy.cfg"
        script.write_text(re.sub(r"intr_notify\(SDP_0", "intr_notify(PDP_0", script.read_text()))
    watchdog = 1_000_000_000 + int(number) * 100_000 + os.getpid() % 100_000
    words = [sys.executable, "-m", "cocodla", "traces", str(tmp_path), "--jobs", "2", "--watchdog", str(watchdog)]
    path = os.pathsep.join(map(str, project.python_paths()))
    env = {**os.environ, "DUT_FILELIST": str(STANDIN), "PYTHONPATH": path}
    # A shell without job control would leave SIGINT ignored.
    process = subprocess.Popen(
        words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    begin = time.monotonic()
    while len(simulators(f"+watchdog={watchdog}")) < 2:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() - begin < 300, "the simulators do not start"
        time.sleep(0.1)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 2
    assert stderr == "cocodla: interrupted\n"
    assert "trace" not in stdout, "no half a table"
    assert simulators(f"+watchdog={watchdog}") == []
