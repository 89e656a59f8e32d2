"""Damaged loadables: every beginning, bytes, references and counts of the container, words of the descriptors."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from loadable.builder import Builder
from loadable.networks import chain, classifier, table

from cocodla.loadable import schema, write_loadable
from cocodla.loadable.network import open_network
from cocodla.loadable.records import Layout
from cocodla.report import loadables as report
from cocodla.runtime import player
from cocodla.runtime.loadables import run_image

from . import archives
from .trial import Damage, seeded

NUMBERS = (0, 1, 2, 7, 8, 0x7F, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 1 << 20, 1 << 30, (1 << 31) - 1, (1 << 32) - 1)
LARGE = (1 << 33, 1 << 40, (1 << 63) - 1, (1 << 64) - 1)
COUNT = 3500
"""Random changes of bytes of each sample; and of numbers in its tables, and in its descriptors."""


def samples() -> Iterator[tuple[str, Builder]]:
    """Loadables by name: both layouts, all engines, the CPU."""
    new, _ = classifier()
    source, target = new.cube(8, 4, 4), new.cube(8, 4, 4)
    new.luts.append(table())
    new.cdp(source, target, 0)
    yield "compiler", new
    yield "old layout", chain(4, Layout.OLD)[0]
    yield "regression", chain(6, Layout.OLD, regression=True)[0]


def damages(builder: Builder, count: int = COUNT) -> Iterator[Damage]:
    """All damages of a loadable."""
    whole, tables = builder.data(), builder.loadable()
    for length in range(len(whole)):
        yield f"first {length} bytes", whole[:length]
    yield from archives.damaged_bytes(whole, count, 80)
    random = seeded(81)
    for number in range(count):
        yield f"words {number}", _words(whole, random)
    for number in range(count):
        yield f"tables {number}", partial(_changed_table, tables, number)
    for number in range(count):
        yield f"descriptors {number}", partial(_changed_descriptor, tables, number)


def _words(whole: bytes, random: Random) -> bytes:
    """References, counts and numbers of the container: a word of the file is changed."""
    data, place = bytearray(whole), random.randrange(len(whole) // 4) * 4
    data[place : place + 4] = random.choice(NUMBERS).to_bytes(4, "little")[: len(whole) - place]
    return bytes(data)


def _changed_table(tables: schema.Loadable, seed: int) -> bytes:
    """A number of a table, or a list."""
    random, changed = seeded(seed), copy.deepcopy(tables)
    name = random.choice([name for name, value in vars(changed).items() if isinstance(value, list) and value])
    entry = random.choice(getattr(changed, name))
    key, value = random.choice(list(vars(entry).items()))
    if isinstance(value, int):
        setattr(entry, key, random.choice((*NUMBERS, *LARGE)))
    elif isinstance(value, list):
        setattr(entry, key, random.choice((value[:-1], value * 2, [*value, *value[:1]], [])))
    elif isinstance(value, str):
        setattr(entry, key, random.choice(("", "x", value * 2, "\x1b[2J", "task-0-op_list")))
    elif isinstance(value, schema.Version):
        setattr(entry, key, schema.Version(*(random.choice((0, 1, 11, 12, 13, 255)) for _ in range(3))))
    else:
        setattr(entry, key, random.choice((b"", bytes(value)[:-1], bytes(value) * 2)))
    try:
        return write_loadable(changed)
    except (TypeError, OverflowError):  # a number that the field cannot hold
        return write_loadable(tables)


def _changed_descriptor(tables: schema.Loadable, seed: int) -> bytes:
    """A byte, a halfword or a word in a descriptor."""
    random, changed = seeded(seed), copy.copy(tables)
    blobs = [blob for blob in tables.blobs if blob.sub_interface]
    blob = random.choice(blobs)
    data, width = bytearray(blob.data), random.choice((1, 2, 2, 4))
    place = random.randrange(len(data) // width) * width
    data[place : place + width] = random.choice(NUMBERS).to_bytes(4, "little")[:width]
    other: Any = copy.copy(blob)
    other.data = bytes(data)
    changed.blobs = [other if entry is blob else entry for entry in tables.blobs]
    return write_loadable(changed)


def use(path: Path) -> None:
    """Open a loadable, describe it, write its program for the RTL, and run it on the golden model and the CPU."""
    network = open_network(path, path.read_bytes())
    json.dumps(report.describe(network))
    for _ in player.encode(network.program({})):
        pass
    run_image(network, {})
