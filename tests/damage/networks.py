"""Damaged network files: every field of the description, members, sizes, bytes."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from cocodla.compiler import Network
from cocodla.report import compiled as report

from . import archives, values
from .trial import Damage

DESCRIPTION = "network.json"


def damages(path: Path, bytes_changed: int = 400) -> Iterator[Damage]:
    """All damages of a network file."""
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    text = members[DESCRIPTION].decode()
    for name, make in values.damaged_fields(json.loads(text)):
        yield name, partial(_described, members, make)
    for name, changed in values.damaged_text(text):
        yield name, _described(members, lambda: changed)  # noqa: B023 (called at once)
    for member in ("memory.bin", "host.onnx"):
        for name, data in archives.damaged_bytes(members[member] or b"\x08", bytes_changed // 4, 1):
            yield f"{member} {name}", partial(archives.packed, {**members, member: data})
    yield from archives.damaged_members(members)
    yield from archives.damaged_sizes(whole)
    yield from archives.damaged_bytes(whole, bytes_changed, 2)


def _described(members: Mapping[str, bytes], make: Callable[[], str]) -> bytes:
    return archives.packed({**members, DESCRIPTION: make().encode("utf-8", "surrogatepass")})


def use(path: Path) -> None:
    """Load a network, describe it, and run it on the golden model: all that may be done without a simulator."""
    network = Network.load(path)
    json.dumps(report.describe(network))
    report.quantisation(network.meta.get("quantisation", {}))
    report.folded(network.meta.get("host", []))
    images = np.random.default_rng(0).normal(size=(2, *network.input.shape)).astype(np.float32)
    found = network.golden_outputs(images)
    assert set(found) == {output.name for output in network.outputs}
