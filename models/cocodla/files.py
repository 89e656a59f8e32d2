"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from cocodla.errors import UserError


def write_whole(path: Path | str, data: bytes) -> None:
    """Replace a file in one step; an error or an interruption leaves what was there. UserError if it cannot be."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        temporary.unlink(missing_ok=True)
