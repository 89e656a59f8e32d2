"""Waivers: points that no test can reach, each with its reason, in tb/hdl/coverage/waivers.toml.

    [[waiver]]
    file = "rtl/csb/glb.v"
    lines = ["reg [15:0] status;"]    # texts of lines, spaces around them apart
    kinds = ["toggle"]                # line, branch, expression, toggle; all without
    points = ["status[9:6]"]          # names of points (see `matches`); all of the lines without
    reason = "nv_small has no source there"

A waiver holds as long as its lines are there as they are written: where one has changed it has expired.
A text that several lines have means all of them. Without `lines` the `points` are looked for in all of the file.
"""

from __future__ import annotations

import difflib
import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cocodla.coverage.data import Kind, Point
from cocodla.errors import UserError
from cocodla.files.inputs import LARGEST_TOML, read_input, toml_table
from cocodla.sim import project

FILE = "tb/hdl/coverage/waivers.toml"
KINDS = {kind.name.lower(): kind for kind in Kind if kind != Kind.FUNCTIONAL}
_EDGES = (":0->1", ":1->0")
_RANGE = re.compile(r"(.*)\[(\d+):(\d+)\]")
_KEYS = {"file": str, "lines": list, "kinds": list, "points": list, "reason": str}


@dataclass(frozen=True)
class Waiver:
    """line: where its table begins in the file of waivers."""

    file: str
    lines: tuple[str, ...]
    kinds: tuple[Kind, ...]
    points: tuple[str, ...]
    reason: str
    line: int = 0


@dataclass
class Waived:
    """What waivers make of the points nobody reached. reasons: point -> the waiver's reason. expired: complaints."""

    reasons: dict[Point, str] = field(default_factory=dict)
    expired: list[str] = field(default_factory=list)


def waivers_file() -> Path:
    """The file of waivers of the project."""
    return project.root() / FILE


def read_waivers(path: Path) -> list[Waiver]:
    """The waivers of a file. UserError with file and line for what one gets wrong."""
    data = read_input(path, LARGEST_TOML)
    content, text = toml_table(data, path), data.decode()
    if unknown := sorted(set(content) - {"waiver"}):
        raise UserError(f"{path}: unknown key {unknown[0]!r}: it has [[waiver]] tables only")
    raw = content.get("waiver", [])
    if not isinstance(raw, list):
        raise UserError(f"{path}: waiver is a list of tables: [[waiver]]")
    starts = [number for number, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*waiver\s*\]\]", line)]
    if len(starts) != len(raw):  # written otherwise: inline
        starts = [1] * len(raw)
    return [_waiver(item, f"{path}:{line}", line) for item, line in zip(raw, starts, strict=True)]


def _waiver(item: Any, where: str, line: int) -> Waiver:
    if not isinstance(item, dict):
        raise UserError(f"{where}: a waiver is a table")
    for key, value in item.items():
        kind = _KEYS.get(key)
        if kind is None:
            raise UserError(f"{where}: unknown key {key!r}: a waiver has {', '.join(_KEYS)}")
        if not isinstance(value, kind) or (kind is list and not all(isinstance(entry, str) for entry in value)):
            raise UserError(f"{where}: {key} is {'a list of texts' if kind is list else 'a text'}")
    for key in ("file", "reason"):
        if not item.get(key, "").strip():
            raise UserError(f"{where}: a waiver without {key}")
    if not item.get("lines") and not item.get("points"):
        raise UserError(f"{where}: a waiver names lines or points")
    if wrong := [name for name in item.get("kinds", []) if name not in KINDS]:
        raise UserError(f"{where}: unknown kind {wrong[0]!r}: there are {', '.join(KINDS)}")
    kinds = tuple(KINDS[name] for name in item.get("kinds", KINDS))
    lines = tuple(text.strip() for text in item.get("lines", []))
    return Waiver(item["file"], lines, kinds, tuple(item.get("points", [])), item["reason"], line)


def apply(waivers: Sequence[Waiver], holes: Sequence[Point], path: Path, whole: bool = True) -> Waived:
    """Which holes the waivers of a file excuse, and which waivers have expired.

    whole: the holes are those of all blocks. Then a waiver that excuses nothing is a UserError, with file and line;
    what one block alone does not have may be a hole of another.
    """
    result = Waived()
    by_file: dict[str, list[Point]] = {}
    for point in holes:
        by_file.setdefault(point.file, []).append(point)
    for waiver in waivers:
        where = f"{path}:{waiver.line}"
        source = project.root() / waiver.file
        if not source.is_file():
            result.expired.append(f"{where}: expired: there is no {waiver.file}")
            continue
        texts = [text.strip() for text in source.read_text(encoding="utf-8").splitlines()]
        if gone := _gone(waiver, texts):
            result.expired.append(f"{where}: expired: {gone}")
        numbers = {number for number, text in enumerate(texts, 1) if not waiver.lines or text in waiver.lines}
        found = [point for point in by_file.get(waiver.file, []) if _names(waiver, point, numbers)]
        if not found and not gone and whole:
            raise UserError(f"{where}: waives nothing: what it names in {waiver.file} is reached, or is not there")
        result.reasons.update(dict.fromkeys(found, waiver.reason))
    return result


def _gone(waiver: Waiver, texts: list[str]) -> str:
    """What a waiver's lines have become; empty if they are there."""
    for line in waiver.lines:
        if line not in texts:
            near = difflib.get_close_matches(line, texts, 1, 0.6)
            now = f", line {texts.index(near[0]) + 1} is now {near[0]!r}" if near else ""
            return f"{waiver.file} has no line {line!r}{now}"
    return ""


def _names(waiver: Waiver, point: Point, numbers: set[int]) -> bool:
    if point.kind not in waiver.kinds or point.line not in numbers:
        return False
    return not waiver.points or any(matches(point.name, pattern) for pattern in waiver.points)


def matches(name: str, pattern: str) -> bool:
    """Whether the name of a point fits a pattern: * stands for anything; data[7:4] for these bits of a signal and, as
    data[4] and data do, for both edges; nothing else for anything but itself.
    """
    plain, edge = (name[:-5], name[-5:]) if name.endswith(_EDGES) else (name, "")
    wanted = pattern[-5:] if edge and pattern.endswith(_EDGES) else ""
    if found := _RANGE.fullmatch(pattern.removesuffix(wanted)):
        base, _, bit = plain.removesuffix("]").rpartition("[")
        inside = bit.isdecimal() and int(found[3]) <= int(bit) <= int(found[2])
        return inside and plain.endswith("]") and wanted in ("", edge) and matches(base, found[1])
    escaped = pattern.replace("[", "[[]").replace("?", "[?]")
    return fnmatch.fnmatchcase(name, escaped) or fnmatch.fnmatchcase(plain, escaped)
