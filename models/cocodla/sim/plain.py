"""Paths that make and the shell take as one word.

Verilator's make files stop in a folder whose path has a space, and take one apart in which a library or an include
file lies; its start script does the same with the place of its program. What lies in such a folder is reached
through a link in a folder of this process, where models are built, too.
"""

from __future__ import annotations

import functools
import hashlib
import re
import tempfile
import threading
from pathlib import Path

from cocodla.errors import UserError

_PLAIN = re.compile(r"[\w./+-]+", re.ASCII)
_PLACES = ("/tmp", "/var/tmp")
_lock = threading.Lock()


def is_plain(path: Path) -> bool:
    """Whether a path needs no quotes anywhere: in make files, in shell scripts, in options with commas."""
    return _PLAIN.fullmatch(str(path)) is not None


def alias(path: Path) -> Path:
    """`path` itself if it is plain, else a link to it that is; it lasts as long as this process."""
    if is_plain(path):
        return path
    link = scratch() / hashlib.sha256(str(path).encode()).hexdigest()[:16]
    with _lock:
        if not link.is_symlink():
            link.symlink_to(path.absolute())
    return link


def scratch() -> Path:
    """A folder of this process with a plain path; it is gone when the process ends.

    UserError where no temporary folder has one.
    """
    with _lock:
        return Path(_scratch().name)


@functools.cache
def _scratch() -> tempfile.TemporaryDirectory[str]:
    for place in dict.fromkeys((tempfile.gettempdir(), *_PLACES)):
        if is_plain(Path(place)) and Path(place).is_dir():
            return tempfile.TemporaryDirectory(prefix="cocodla-", dir=place, ignore_cleanup_errors=True)
    raise UserError(f"TMPDIR={tempfile.gettempdir()}: Verilator needs a temporary folder without spaces")
