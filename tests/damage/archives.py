"""Damaged zip archives: members swapped, cut, grown, missing, twice; bytes flipped; sizes that lie."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
from collections.abc import Iterator, Mapping

from .trial import seeded

Damage = tuple[str, bytes]


def packed(members: Mapping[str, bytes]) -> bytes:
    """An archive of some members."""
    return packed_list(list(members.items()))


def packed_list(members: list[tuple[str, bytes]]) -> bytes:
    """An archive of some members, which may be there twice."""
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")
        for name, data in members:
            archive.writestr(name, data)
    return file.getvalue()


def damaged_members(members: Mapping[str, bytes]) -> Iterator[Damage]:
    """Every member missing, empty, cut, grown, there twice and in the place of another; one more, and none."""
    for name, data in members.items():
        others = {key: value for key, value in members.items() if key != name}
        yield f"{name} missing", packed(others)
        for kind, changed in (
            ("empty", b""), ("cut", data[: len(data) // 2]), ("grown", data + b"\0" * 64), ("doubled", data * 2),
        ):  # fmt: skip
            yield f"{name} {kind}", packed({**members, name: changed})
        yield f"{name} twice", packed_list([*members.items(), (name, data)])
        for other in others:
            yield f"{name} as {other}", packed({**members, other: data})
    yield "one more", packed({**members, "../more": b"x"})
    yield "none", packed({})
    yield "a bomb", packed({**members, next(iter(members)): bytes(300 << 20)})
    yield "many members", packed_list([*members.items(), *((f"{number}", b"") for number in range(40_000))])


def damaged_sizes(whole: bytes) -> Iterator[Damage]:
    """Declared sizes of members that are wrong."""
    for signature, offset in ((b"PK\1\2", 24), (b"PK\1\2", 20), (b"PK\3\4", 22), (b"PK\5\6", 12), (b"PK\5\6", 16)):
        for value in (0, 1, 1 << 20, 1 << 31, (1 << 32) - 1):
            data, place = bytearray(whole), whole.find(signature)
            struct.pack_into("<L", data, place + offset, value)
            yield f"size of {signature!r}+{offset} {value}", bytes(data)


def damaged_bytes(whole: bytes, count: int, seed: int) -> Iterator[Damage]:
    """Random bytes changed, cut out, put in or doubled."""
    random = seeded(seed)
    for number in range(count):
        data = bytearray(whole)
        for _ in range(random.choice((1, 1, 1, 2, 8))):
            place, length = random.randrange(len(data)), random.choice((1, 1, 2, 4, 30))
            kind = random.randrange(5)
            if kind == 0:
                data[place] ^= 1 << random.randrange(8)
            elif kind == 1:
                data[place] = random.choice((0, 1, 0x7F, 0x80, 0xFF))
            elif kind == 2 and len(data) > length + 1:
                del data[place : place + length]
            elif kind == 3:
                data[place:place] = random.randbytes(length)
            else:
                data[place:place] = data[place : place + length]
        yield f"bytes {seed}/{number}", bytes(data)
    for share in (0, 1, 10, 50, 90, 99):
        yield f"cut at {share}%", whole[: len(whole) * share // 100]
