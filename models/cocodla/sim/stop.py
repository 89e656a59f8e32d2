"""Ending the programs that worker threads have started: Ctrl-C reaches the main thread only."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any


class Stopped(Exception):
    """The work was ended on request."""


class Processes:
    """The programs a group of threads runs now. After `stop` there are none, and none can be started."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self.stopped = False

    @contextlib.contextmanager
    def owner(self) -> Iterator[None]:
        """Programs that this thread starts meanwhile belong to the group."""
        token = _owner.set(self)
        try:
            yield
        finally:
            _owner.reset(token)

    @contextlib.contextmanager
    def watch(self, process: subprocess.Popen[str]) -> Iterator[None]:
        """`process` runs meanwhile. Stopped is raised, at the start or the end, if it was not to run on."""
        with self._lock:
            if not self.stopped:
                self._running.add(process)
        try:
            if self.stopped:
                end(process)
            else:
                yield
            if self.stopped:
                raise Stopped
        finally:
            with self._lock:
                self._running.discard(process)

    def stop(self) -> None:
        """End all programs, and with them what they have started."""
        with self._lock:
            self.stopped = True
            running = list(self._running)
        for process in running:
            end(process)


_owner: ContextVar[Processes | None] = ContextVar("processes", default=None)


@contextlib.contextmanager
def watched(process: subprocess.Popen[str]) -> Iterator[None]:
    """`process` runs meanwhile, for the group of this thread if it belongs to one."""
    owner = _owner.get()
    with owner.watch(process) if owner else contextlib.nullcontext():
        yield


def end(process: subprocess.Popen[Any]) -> None:
    """End a program and everything it started (it leads its own session)."""
    for sig in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sig)
        except ProcessLookupError:
            return
        try:
            process.wait(timeout=3)
            return
        except subprocess.TimeoutExpired:
            continue
