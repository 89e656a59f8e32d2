"""Damaged texts: pieces cut out, put in, doubled, exchanged; numbers and lines in each other's places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from .trial import Damage, seeded

PIECES = (
    b"", b"\0", b"\xff", b"(", b")", b";", b",", b'"', b"//", b"#", b"{", b"}", b"0x", b"-1", b"99999999999", b"\r",
    b"_", b"\n", b" ", b"\t", b"\x1b[2J", b"\xc3\xa9", b"\xe2\x80\xa8", b"$HOME", b"${", b"../", b"/dev/zero", b"~",
    b"*", b"'", b"NVDLA_", b"intr_notify(x);\n", b"sync_wait(SDP, x);\n", b"read_reg ", b"1e3", b"0b1",
    b"-f damaged.f\n", b"+define+", b"mem_load 0 damaged.txt\n", b"nan", b"9" * 5000, b"0x" + b"f" * 5000,
    b"," * 70_000, b'"' * 3001, b"(" * 3000,
)  # fmt: skip
NUMBERS = (
    b"0", b"1", b"-1", b"2", b"7", b"8", b"255", b"256", b"4096", b"0x7fffffff", b"0x80000000", b"0xffffffff",
    b"4294967296", b"0x10000000000000000", b"1.5", b"1_0", b"010", b"0o7", b"0b11", b"", b"0x", b"1e9", b"268435456",
)  # fmt: skip

_NUMBER = re.compile(rb"0x[0-9a-fA-F]+|[0-9]+")


def damaged_text(text: bytes, count: int, seed: int) -> Iterator[Damage]:
    """Random damages of a text, up to five at a time."""
    random = seeded(seed)
    for number in range(count):
        data = text
        for _ in range(random.choice((1, 1, 1, 2, 5))):
            data = random.choice((_pieces, _pieces, _numbers, _lines))(data, random)
        yield f"text {seed}/{number}", data


def _pieces(text: bytes, random: Random) -> bytes:
    first = random.randrange(len(text) + 1)
    last = min(len(text), first + random.choice((0, 1, 1, 3, 20)))
    part = random.choice((random.choice(PIECES), text[first:last] * 2, text[first:last][::-1]))
    return text[:first] + part + text[last:]


def _numbers(text: bytes, random: Random) -> bytes:
    places = list(_NUMBER.finditer(text))
    if not places:
        return text
    place = random.choice(places)
    return text[: place.start()] + random.choice(NUMBERS) + text[place.end() :]


def _lines(text: bytes, random: Random) -> bytes:
    lines = text.splitlines(keepends=True) or [b""]
    first, second = random.randrange(len(lines)), random.randrange(len(lines))
    kind = random.randrange(4)
    if kind == 0:
        del lines[first]
    elif kind == 1:
        lines.insert(second, lines[first])
    elif kind == 2:
        lines[first], lines[second] = lines[second], lines[first]
    else:
        lines[first] *= random.choice((2, 300))
    return b"".join(lines)
