"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from cocodla.errors import UserError


def check_target(path: Path | str, sources: Sequence[Path] = ()) -> None:
    """UserError for a place where no file can be written, or that is one of the files read: before long work."""
    path = Path(path)
    if path.is_dir():
        raise UserError(f"{path}: is a folder")
    if not path.parent.is_dir():
        raise UserError(f"{path}: its folder does not exist")
    if path.exists() and any(source.exists() and path.samefile(source) for source in sources):
        raise UserError(f"{path}: is read as well, it would be overwritten")
    if not os.access(path.parent, os.W_OK):
        raise UserError(f"{path}: its folder cannot be written to")


def write_whole(path: Path | str, data: bytes) -> None:
    """Replace a file in one step; an error or an interruption leaves what was there. UserError if it cannot be.

    What is there and no regular file (a pipe, a device) is written into.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            path.write_bytes(data)
            return
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        temporary.unlink(missing_ok=True)
