"""Coverage as an lcov tracefile (.info): lines with their counts and ways of branches of each source, of all tests."""

from __future__ import annotations

from cocodla.coverage.data import Data, Kind
from cocodla.sim import project


def tracefile(data: Data) -> str:
    """The text of the file. Expressions are ways of the branch on their line, as lcov has no word for them.

    Toggles and bins are left out: they are no places of a source that run.
    """
    parts = ["TN:\n"]
    for name in sorted({point.file for point in data.points if point.kind in (Kind.LINE, Kind.BRANCH)}):
        lines: dict[int, int] = {}
        ways: list[tuple[int, int, int, int]] = []
        blocks: dict[tuple[int, int, Kind], tuple[int, int]] = {}
        for point, count in zip(data.points, data.counts, strict=True):
            if point.file != name or point.kind not in (Kind.LINE, Kind.BRANCH, Kind.EXPRESSION):
                continue
            if point.kind != Kind.EXPRESSION and point.name[:1].isdigit():
                for line in point.lines:
                    lines[line] = max(lines.get(line, 0), count)
            if point.kind != Kind.LINE:
                # The two ways of an if stand a column apart; those of an expression on one.
                place = (point.line, point.column if point.kind == Kind.EXPRESSION else 0, point.kind)
                block, way = blocks.get(place, (len(blocks), 0))
                blocks[place] = (block, way + 1)
                ways.append((point.line, block, way, count))
        parts.append(f"SF:{project.root() / name}\n")
        parts += [f"BRDA:{line},{block},{way},{count}\n" for line, block, way, count in ways]
        parts.append(f"BRF:{len(ways)}\nBRH:{sum(count > 0 for *_, count in ways)}\n")
        parts += [f"DA:{line},{count}\n" for line, count in sorted(lines.items())]
        parts.append(f"LF:{len(lines)}\nLH:{sum(count > 0 for count in lines.values())}\nend_of_record\n")
    return "".join(parts)
