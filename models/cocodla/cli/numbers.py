"""Options that take whole numbers: one spelling and one kind of complaint for all commands."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import typer

_WHOLE = re.compile(r"0[xX][0-9a-fA-F]{1,32}|[0-9]{1,32}")
_SIZE = re.compile(r"([0-9]{1,12}) ?([KMGT]?)(?:i?B)?", re.IGNORECASE)

MOST = 1_000_000
"""Largest count of anything: images, layers, networks, runs at a time."""
SEEDS = (0, 2**63 - 1)
CYCLES = (1, 2**31 - 1)
"""What a simulator's counters hold."""
LATENCIES = (1, 65_535)


def whole(name: str, default: int | None, help: str, low: int = 1, high: int = MOST) -> Any:
    """An option that takes a whole number from `low` to `high`, decimal or hexadecimal (0x)."""
    return typer.Option(default, name, parser=_between(low, high), metavar="NUMBER", help=help)


def size(name: str, default: int, help: str, high: int) -> Any:
    """An option that takes a number of bytes from 1 to `high`; K, M, G and T behind it mean powers of 1024."""

    def parse(text: str) -> int:
        match = _SIZE.fullmatch(str(text))
        found = int(match[1]) << 10 * " KMGT".index(match[2].upper() or " ") if match else 0
        if not 1 <= found <= high:
            raise typer.BadParameter(f"{_shown(text)} is not a number of bytes from 1 to {high} (512M, 8G, ...)")
        return found

    return typer.Option(default, name, parser=parse, metavar="BYTES", help=help)


def _between(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        match = _WHOLE.fullmatch(str(text))
        found = int(match[0], 16 if match[0][:2] in ("0x", "0X") else 10) if match else -1
        if not low <= found <= high:
            raise typer.BadParameter(f"{_shown(text)} is not a whole number from {low} to {high}")
        return found

    return parse


def _shown(text: object) -> str:
    return repr(text if len(str(text)) <= 40 else f"{str(text)[:40]}...")
