"""The faults that a place of a Verilog file can have: texts with the width and the sign of what they replace."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

from cocodla.mutate.mutant import Mutant, one_line
from cocodla.mutate.verilog import Node, Site, VerilogFile, children, kind, range_of

SWAPS = {
    "AddExpression": ("-",), "SubtractExpression": ("+",), "MultiplyExpression": ("+",),
    "BinaryAndExpression": ("|",), "BinaryOrExpression": ("&", "^"), "BinaryXorExpression": ("|", "&"),
    "LogicalAndExpression": ("||",), "LogicalOrExpression": ("&&",),
    "EqualityExpression": ("!=",), "InequalityExpression": ("==",),
    "LessThanExpression": ("<=", ">"), "LessThanEqualExpression": ("<", ">="),
    "GreaterThanExpression": (">=", "<"), "GreaterThanEqualExpression": (">", "<="),
    "LogicalShiftLeftExpression": (">>",), "LogicalShiftRightExpression": ("<<",),
    "ArithmeticShiftLeftExpression": (">>>",), "ArithmeticShiftRightExpression": (">>", "<<<"),
}  # fmt: skip
"""Binary operators and what takes their place."""
UNARY = {
    "UnaryBitwiseNotExpression": "", "UnaryMinusExpression": "", "UnaryLogicalNotExpression": "!!",
    "UnaryBitwiseOrExpression": "&", "UnaryBitwiseAndExpression": "|", "UnaryBitwiseXorExpression": "~^",
    "UnaryBitwiseNorExpression": "~&", "UnaryBitwiseNandExpression": "~|",
}  # fmt: skip
ORDERED = ("SubtractExpression",)
"""Operators whose operands can be told apart, and are of one width."""
_VECTOR = re.compile(r"(\d+)\s*'\s*(s?)([bodhBODH])\s*([0-9a-fA-F_]+)")
_BASES = {"b": 2, "o": 8, "d": 10, "h": 16}

Change = tuple[str, str] | tuple[str, str, str]
"""Kind of a fault, the text with it, and words for what the text says badly."""


def mutants_of(file: VerilogFile, name: str, seed: int) -> list[Mutant]:
    """Every mutant of a file. name: what the mutants call it. seed: which bits are stuck."""
    lines = file.data.decode().splitlines()
    found = []
    for site in file.sites:
        start, end = site.span
        old = file.data[start:end].decode()
        line = file.data.count(b"\n", 0, start) + 1
        for fault, new, *told in changes(file, site, Random(f"{seed}-{name}-{start}")):
            text = lines[line - 1].strip()
            found.append(Mutant(fault, name, start, end, line, text, old, new, site.number, *told))
    return found


def changes(file: VerilogFile, site: Site, random: Random) -> Iterator[Change]:
    """All faults of a site."""
    text = file.text(site.node)
    if site.role == "condition":
        yield "condition", f"!({text})"
        if site.enable:
            yield "enable", "1'b1"
    elif site.role in ("statement", "reset"):
        yield site.role, ";"
    elif site.role == "right":
        yield from _stuck(text, site.target, random)
    elif site.role == "index":
        yield "index", f"({text}) + 1'b1"
    elif site.role == "range":
        yield from _range(file, site.node, text)
    else:
        yield from _expression(file, site.node)


def _stuck(text: str, target: str, random: Random) -> Iterator[Change]:
    """A bit of the assigned value is 0 or 1. The mask is as wide as the target, and signed: it changes no signs."""
    if _is_literal(text):  # that is a fault of the constant
        return
    ones = f"{{$bits({target}){{1'b1}}}}"
    place = random.randrange(64)
    bit = f"(({ones} ^ ({ones} << 1)) << ({place} % $bits({target})))"
    told = f"bit {place} (modulo its width) of {one_line(target)} is always"
    yield "stuck", f"({text}) & $signed(~{bit})", f"{told} 0"
    yield "stuck", f"({text}) | $signed({bit})", f"{told} 1"


def _is_literal(text: str) -> bool:
    return text.isdigit() or _VECTOR.fullmatch(text) is not None


def _range(file: VerilogFile, node: Node, text: str) -> Iterator[Change]:
    """NAME[a:b], one up or down: as a whole, because a and b have to be constants."""
    bounds = range_of(node)
    assert bounds is not None
    left, right = file.text(bounds.left), file.text(bounds.right)
    step = "+" if right.strip() == "0" else "-"
    name = text[: bounds.sourceRange.start.offset - node.sourceRange.start.offset]
    yield "index", f"{name}({left}){step}1:({right}){step}1]"


def _expression(file: VerilogFile, node: Node) -> Iterator[Change]:
    name = kind(node)
    if name in SWAPS:
        left, right = file.text(node.left), file.text(node.right)
        for operator in SWAPS[name]:
            yield "operator", f"({left}) {operator} ({right})"
        if name in ORDERED:
            yield "swapped", f"({right}) - ({left})"
        if name in ("LogicalAndExpression", "LogicalOrExpression"):
            yield "dropped", f"!!({left})"
            yield "dropped", f"!!({right})"
    elif name in UNARY:
        yield "operator", f"{UNARY[name]}({file.text(node.operand)})"
    elif name == "ConditionalExpression":
        rest = file.data[node.predicate.sourceRange.end.offset : node.sourceRange.end.offset].decode()
        yield "condition", f"!({file.text(node.predicate)}){rest}"
    elif name == "ConcatenationExpression":
        yield from _reordered(file, node)
    else:
        yield from _literal(name, file.text(node))


def _reordered(file: VerilogFile, node: Node) -> Iterator[Change]:
    """Two neighbours of a concatenation change places."""
    parts = [file.text(part) for part in children(node)]
    for place in range(len(parts) - 1):
        if parts[place] != parts[place + 1]:
            swapped = [*parts[:place], parts[place + 1], parts[place], *parts[place + 2 :]]
            yield "swapped", f"{{{', '.join(swapped)}}}"


def _literal(name: str, text: str) -> Iterator[Change]:
    if name == "IntegerLiteralExpression":
        value = int(text.replace("_", ""))
        yield "constant", str(value + 1)
        if value:
            yield "constant", str(value - 1)
    elif name == "IntegerVectorExpression" and (match := _VECTOR.fullmatch(text)):
        width, sign, base = int(match[1]), match[2], match[3].lower()
        value = int(match[4].replace("_", ""), _BASES[base])
        others = {(value + 1) % 2**width, (value - 1) % 2**width} - {value}
        for other in sorted(others):
            yield "constant", f"{width}'{sign}h{other:x}"


def relative(path: Path, root: Path) -> str:
    """The name of a file in mutants."""
    return path.relative_to(root).as_posix()
