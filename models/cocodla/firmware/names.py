"""Names and values as C writes them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cocodla.errors import UserError

LONGEST = 40
_TAKEN = "cocodla"
_IDENTIFIER = re.compile(rf"[A-Za-z][A-Za-z0-9_]{{0,{LONGEST - 1}}}")


def identifier(name: str) -> str:
    """The name itself; UserError unless files, macros and constants can be called so."""
    if not _IDENTIFIER.fullmatch(name):
        raise UserError(
            f"--name {name[:60]!r} is no C identifier: a letter, then letters, digits and _, at most {LONGEST}"
        )
    if name.lower().startswith(_TAKEN):
        raise UserError(f"--name {name!r} begins with {_TAKEN!r}, which is the driver's")
    return name


def identifier_of(text: str) -> str:
    """A C identifier near any text: what no identifier has becomes _."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", text)[:LONGEST]
    if not _IDENTIFIER.fullmatch(name) or name.lower().startswith(_TAKEN):
        name = f"net_{name}"[:LONGEST]
    return name


def c_string(text: str) -> str:
    """A string literal of the text's UTF-8 bytes."""
    return '"' + "".join(_character(byte) for byte in text.encode("utf-8", "surrogatepass")) + '"'


def _character(byte: int) -> str:
    if byte in b'"\\?' or not 32 <= byte < 127:
        return f"\\{byte:03o}"
    return chr(byte)


def c_comment(text: str) -> str:
    """The text without what ends a comment, a line, or this file's character set."""
    return re.sub(r"[^ -~]|[\\?]", "_", text).replace("*/", "* /").replace("/*", "/ *")


def c_word(value: int) -> str:
    return f"0x{value:08X}u"


def c_double(value: float) -> str:
    """A literal of exactly this value."""
    text = repr(float(value))
    return text if any(mark in text for mark in ".en") else f"{text}.0"


def c_doubles(values: Sequence[float]) -> str:
    return "{" + ", ".join(map(c_double, values)) + "}"


def c_list(values: Sequence[int]) -> str:
    return "{" + ", ".join(map(str, values)) + "}"
