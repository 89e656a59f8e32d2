"""A failed program, studied: the first wrong layer, its pattern, the unit to look at, and its first wrong element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cocodla.errors import UserError
from cocodla.formats.feature import Int8Array, atoms_to_tensor, bytes_to_atoms
from cocodla.hw import ATOM
from cocodla.mismatch.array import READ_SIGNALS
from cocodla.mismatch.blame import interfaces, judge, look
from cocodla.mismatch.boundaries import Boundaries
from cocodla.mismatch.explain import Explanation, explain
from cocodla.mismatch.layers import Layer, layers_of
from cocodla.mismatch.patterns import describe
from cocodla.mismatch.verdict import Blame, Boundary
from cocodla.mismatch.writes import Wrong, cube_seen, first_wrong
from cocodla.program import CheckMemory, Execution, Program


@dataclass
class Finding:
    """What is known of a failure.

    line: the message of the run. layer: the first wrong one, expected and got: its cube, (channels, lines, columns),
    with padding lanes where only these differ. element: the first wrong one. wrong: the first wrong write. notes: what
    could not be looked at. waves: told of the waveform around it. picture: SVG of the interface where it shows first.
    """

    line: str
    layer: Layer | None = None
    patterns: list[str] = field(default_factory=list)
    expected: Int8Array | None = None
    got: Int8Array | None = None
    element: tuple[int, int, int] | None = None
    wrong: Wrong | None = None
    boundaries: list[Boundary] = field(default_factory=list)
    blame: Blame | None = None
    explanation: Explanation | None = None
    notes: list[str] = field(default_factory=list)
    waves: str = ""
    picture: str = ""

    @property
    def cycle(self) -> int | None:
        """Cycle in which it shows first: of the blamed beat, else of the first wrong write."""
        for found in (self.blame, self.wrong):
            if found is not None and found.cycle >= 0:
                return found.cycle
        return None


def study(
    program: Program, line: str, failed: Execution, index: int | None, dump: Path | None = None, origin_ps: int = 0
) -> Finding:
    """Finding a failed run.

    line: the message of the failure; index: the command that saw it, None where only the run as a whole is known to be
    wrong. dump: of the signals between units, from reset on; without one only what the program has read back is known.
    """
    found = Finding(line)
    layers = layers_of(program, index)
    bounds = None
    if dump is not None:
        try:
            bounds = Boundaries(dump, origin_ps)
            _follow(found, bounds, program, layers)
        except UserError as error:
            found.notes.append(f"the waveform was not followed: {error}")
            bounds = None
    if found.layer is None:
        _from_observation(found, program, failed, layers, index)
    if found.layer is not None:
        _compare(found, bounds if found.wrong else None, layers)
    return found


def _follow(found: Finding, bounds: Boundaries, program: Program, layers: list[Layer]) -> None:
    """Find the first wrong layer in the dump, and the unit that made it wrong."""
    bounds.read([name for name in interfaces(layers) if bounds.has(name)], READ_SIGNALS)
    wrong = first_wrong(bounds, layers)
    if wrong is None:
        found.notes.append("every write of the layers came, with the right bytes")
        return
    layer = layers_of(program, wanted=wrong.layer.number)[wrong.layer.number]
    found.wrong, found.layer = wrong, layer
    found.boundaries = look(bounds, layers, layer)
    if not found.boundaries:
        found.notes.append("signals between units are not in the waveform: which unit is wrong cannot be told")
        return
    found.blame = judge(bounds, layers, layer, found.boundaries, wrong)
    found.got = cube_seen(bounds, layers, layer)


def _from_observation(
    found: Finding, program: Program, failed: Execution, layers: Sequence[Layer], index: int | None
) -> None:
    """The first layer whose cube a command has read back with other bytes than the golden model's."""
    checks = [seen for seen in failed.observations if isinstance(program.commands[seen.index], CheckMemory)]
    for layer in layers:
        if any(_overlap(layer, later) for later in layers[layer.number + 1 :]):
            continue
        for seen in checks:
            command = program.commands[seen.index]
            assert isinstance(command, CheckMemory)
            offset = layer.address - command.address
            if index not in (None, seen.index) or not 0 <= offset <= len(seen.data) - layer.layout.size:
                continue
            data = np.frombuffer(seen.data, np.uint8)[offset : offset + layer.layout.size]
            got = bytes_to_atoms(data, layer.layout)
            if not np.array_equal(got, layer.result):
                found.layer = layers_of(program, wanted=layer.number)[layer.number]
                found.got = got
                return
    found.notes.append("no cube of a layer was read back as a whole with other bytes")


def _overlap(first: Layer, second: Layer) -> bool:
    """Whether the memory between the first and the last byte of two cubes overlaps."""
    behind, end = first.address + first.layout.size, second.address + second.layout.size
    return first.address < end and second.address < behind


def _compare(found: Finding, bounds: Boundaries | None, layers: Sequence[Layer]) -> None:
    """Pattern and first element of the layer's cube."""
    layer = found.layer
    assert layer is not None and layer.inside is not None
    if found.got is None:
        found.notes.append("its cube as the run left it is not known")
        return
    different = np.flatnonzero((layer.result != found.got).reshape(-1))
    if not len(different):
        found.got = None
        found.notes.append("its cube was right in the end")
        return
    surface, y, x, lane = (int(k) for k in np.unravel_index(int(different[0]), layer.result.shape))
    got = int(found.got[surface, y, x, lane])
    channels = layer.layout.channels
    cubes = layer.result, found.got, layer.inside.before
    expected, seen, before = (atoms_to_tensor(cube, channels) for cube in cubes)
    if np.array_equal(expected, seen):
        channels = layer.layout.surfaces * ATOM
        expected, seen, before = (atoms_to_tensor(cube, channels) for cube in cubes)
        found.patterns.append("in padding lanes only, which the next layer may or may not use")
    elif surface * ATOM + lane >= channels:
        channel, y, x = (int(k) for k in np.argwhere(expected != seen)[0])
        surface, lane = divmod(channel, ATOM)
        got = int(seen[channel, y, x])
    found.expected, found.got = expected, seen
    found.patterns += describe(expected, seen, before)
    found.element = surface * ATOM + lane, y, x
    found.explanation = explain(layer, found.element, got, layers, bounds)

