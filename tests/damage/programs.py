"""Damaged program files: fields of each kind of command, lines mixed up, registers changed, members, bytes."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from cocodla.golden.run import run
from cocodla.program import Program, compare
from cocodla.runtime import player

from . import archives, values
from .trial import Damage, seeded

LINES, DATA = "commands.jsonl", "data.bin"
WORDS = (0, 1, 0xFF, 0x1FFF, 0x1FFF1FFF, 0x8000_0000, 0xFFFF_FFFF)


def damages(path: Path, count: int = 400) -> Iterator[Damage]:
    """All damages of a program file; `count` random ones of each kind."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    lines = members[LINES].decode().splitlines()

    def packed(changed: list[str]) -> bytes:
        return archives.packed({**members, LINES: ("\n".join(changed) + "\n").encode("utf-8", "surrogatepass")})

    kinds = {json.loads(line)[0] if line.startswith("[") else "header": index for index, line in enumerate(lines)}
    for kind, index in kinds.items():
        fields = ((name, make()) for name, make in values.damaged_fields(json.loads(lines[index])))
        for name, text in (*fields, *values.damaged_text(lines[index])):
            yield f"{kind} {name}", packed([*lines[:index], text, *lines[index + 1 :]])
    for name, mixed in _mixed(lines, count):
        yield name, partial(packed, mixed)
    yield "many commands", packed([lines[0], *['["wait",0,true]'] * 1_100_000])
    yield "overlaps", packed([lines[0], *(f'["load",0,{n},{len(members[DATA]) - n}]' for n in range(500))])
    for member in members:
        for name, data in archives.damaged_bytes(members[member], count, 3):
            yield f"{member} {name}", partial(archives.packed, {**members, member: data})
    yield from archives.damaged_members(members)
    yield from archives.damaged_sizes(path.read_bytes())
    yield from archives.damaged_bytes(path.read_bytes(), count, 4)


def _mixed(lines: list[str], count: int) -> Iterator[tuple[str, list[str]]]:
    """Lines left out, doubled and exchanged, and words of registers changed."""
    random, writes = seeded(5), [index for index, line in enumerate(lines) if line.startswith('["write"')]
    for number in range(count):
        changed, one, other = list(lines), random.randrange(1, len(lines)), random.randrange(1, len(lines))
        kind = ("left out", "doubled", "exchanged", "word", "word")[number % 5]
        if kind == "left out":
            del changed[one]
        elif kind == "doubled":
            changed.insert(other, changed[one])
        elif kind == "exchanged":
            changed[one], changed[other] = changed[other], changed[one]
        else:
            index = random.choice(writes)
            changed[index] = json.dumps(["write", json.loads(lines[index])[1], random.choice(WORDS)])
        yield f"lines {number} {kind}", changed


def use(path: Path) -> None:
    """Load a program, run it on the golden model, compare it with itself, and write it for the RTL."""
    program = Program.load(path)
    for index in range(len(program.commands)):
        program.origin(index)
    player.page_count(program)
    for _ in player.encode(program):
        pass
    execution = run(program)
    assert compare(program, execution, execution) == []
