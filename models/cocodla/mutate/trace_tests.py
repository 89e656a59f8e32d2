"""A plugin of pytest: which functions of the package each test runs, and how long it takes, as JSON.

COCODLA_TRACE names the file that is written. Threads that a test starts are seen, processes are not.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Generator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

_PACKAGE = str(Path(__file__).resolve().parents[1])
_seen: dict[str, Any] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: Any) -> Generator[None, object, object]:
    """Watch the calls of a test with its fixtures."""
    called: set[tuple[str, int]] = set()

    def watch(frame: FrameType, event: str, _: object) -> None:
        """Called when a function begins; None: nothing is told of its lines."""
        if (code := frame.f_code).co_filename.startswith(_PACKAGE):
            called.add((code.co_filename, code.co_firstlineno))

    begin = time.monotonic()
    threading.settrace(watch)
    sys.settrace(watch)
    try:
        return (yield)
    finally:
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]  # as documented
        functions = sorted({f"{Path(file).relative_to(_PACKAGE).as_posix()}:{line}" for file, line in called})
        _seen[item.nodeid] = {"seconds": time.monotonic() - begin, "functions": functions}


def pytest_sessionfinish() -> None:
    """Write what was seen."""
    if path := os.environ.get("COCODLA_TRACE"):
        Path(path).write_text(json.dumps(_seen), encoding="utf-8")
