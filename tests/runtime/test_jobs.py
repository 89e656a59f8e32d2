"""Several jobs at a time: order, errors, and that nothing they have started outlives them."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest

from cocodla.runtime.jobs import default_jobs, run_jobs, run_processes
from cocodla.sim.stop import Processes, Stopped, watched


def test_every_item_once_and_no_more_at_a_time_than_allowed() -> None:
    lock, busy, most = threading.Lock(), 0, 0

    def work(item: int) -> int:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        time.sleep(0.005)
        with lock:
            busy -= 1
        return item * item

    items = list(range(20))
    assert sorted(run_jobs(work, items, 3)) == [(index, index * index) for index in items]
    assert 1 < most <= 3
    assert list(run_jobs(work, [7], 5)) == [(0, 49)]
    assert list(run_jobs(work, [], 2)) == []
    assert default_jobs() >= 1


def _sleep(started: list[subprocess.Popen[str]]) -> None:
    """As the runner does it: a program that leads its own session, with a child of its own."""
    process = subprocess.Popen(["sh", "-c", "sleep 60 & wait"], start_new_session=True, text=True)
    started.append(process)
    with watched(process):
        process.wait()


@pytest.mark.parametrize("end", ["close", "error", "interrupt"])
def test_what_jobs_have_started_ends_with_them(end: str) -> None:
    started: list[subprocess.Popen[str]] = []

    def work(item: str) -> None:
        if item == "run":
            return _sleep(started)
        while len(started) < 2:
            time.sleep(0.005)
        if item == "error":
            raise OSError("broken")
        if item == "interrupt":
            raise KeyboardInterrupt
        return None

    items = ["run", "run", end, "run", "run"]
    begin = time.monotonic()
    with closing(run_jobs(work, items, 3)) as outcomes:
        if end == "close":
            assert next(outcomes) == (2, None)
        else:
            with pytest.raises(OSError if end == "error" else KeyboardInterrupt):
                next(outcomes)
    assert time.monotonic() - begin < 30
    assert 2 <= len(started) <= 3, "the last one is never started"
    assert all(process.poll() is not None for process in started)


def test_nothing_starts_after_the_end() -> None:
    processes = Processes()
    processes.stop()
    started: list[subprocess.Popen[str]] = []
    with processes.owner(), pytest.raises(Stopped):
        _sleep(started)
    assert started[0].poll() is not None


def test_programs_outside_of_jobs_are_left_alone() -> None:
    process = subprocess.Popen(["true"], text=True)
    with watched(process):
        assert process.wait() == 0


_changed: list[int] = []


def _seen(item: int) -> tuple[int, list[int]]:
    return item, _changed


def test_forked_processes_have_what_this_one_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless a thread is there, whose locks they would inherit."""
    monkeypatch.setattr(sys.modules[__name__], "_changed", [1])
    monkeypatch.setattr(threading, "active_count", lambda: 1)  # of the tests' own threads none holds a lock for good
    assert sorted(run_processes(_seen, [3, 4], 2, forked=True)) == [(0, (3, [1])), (1, (4, [1]))]
    monkeypatch.setattr(threading, "active_count", lambda: 2)
    assert list(run_processes(_seen, [3], 1, forked=True)) == [(0, (3, []))]
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    assert list(run_processes(_seen, [3], 1)) == [(0, (3, []))]
