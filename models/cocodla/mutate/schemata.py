"""All chosen mutants of some files in one text: each is switched on by a plusarg, so that they cost one build.

A changed expression E becomes ((dla_mutant == 3) ? (changed) : (E)), a statement S that may be missing
`begin if (dla_mutant != 3) S end`. Every changed module reads the number itself, once: +dla_mutant=3. Number 0 is the
file as it was. With the macro DLA_MUTANT the number is a constant, for tools that prove.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from cocodla.mutate.mutant import Mutant
from cocodla.mutate.verilog import VerilogFile

PLUSARG = "dla_mutant"
MACRO = "DLA_MUTANT"
BITS = 16
SWITCH = (
    f"\n`ifdef {MACRO}\nlocalparam [{BITS - 1}:0] {PLUSARG} = `{MACRO};\n`else\n"
    f"reg [{BITS - 1}:0] {PLUSARG};\n"
    f'initial if (!$value$plusargs("{PLUSARG}=%d", {PLUSARG})) {PLUSARG} = {BITS}\'d0;\n`endif\n'
)

_Span = tuple[int, int]


def schema(file: VerilogFile, mutants: Mapping[int, Mutant]) -> str:
    """The text of a file with its mutants by number (from 1); mutants of other files are none of it."""
    spans: dict[_Span, list[tuple[int, Mutant]]] = defaultdict(list)
    for number, mutant in mutants.items():
        spans[mutant.start, mutant.end].append((number, mutant))
    renderer = _Renderer(file.data, spans)
    pieces, place = [], 0
    for end in file.headers:
        pieces += [renderer.text(place, end), SWITCH]
        place = end
    return "".join([*pieces, renderer.text(place, len(file.data))])


class _Renderer:
    """Puts choices around the spans of a text, which lie inside or beside each other."""

    def __init__(self, data: bytes, spans: Mapping[_Span, Sequence[tuple[int, Mutant]]]) -> None:
        self.data = data
        self.spans = spans
        self.order = sorted(spans, key=lambda span: (span[0], -span[1]))

    def text(self, start: int, end: int, inside: _Span | None = None) -> str:
        """The text from start to end, with all spans in it but `inside` and what it lies in."""
        pieces, place = [], start
        for span in self.order:
            if place <= span[0] and span[1] <= end and span != inside:
                pieces += [self.data[place : span[0]].decode(), self._choice(span)]
                place = span[1]
        return "".join([*pieces, self.data[place:end].decode()])

    def _choice(self, span: _Span) -> str:
        plain = self.text(*span, inside=span)
        mutants = self.spans[span]
        if mutants[0][1].kind in ("statement", "reset"):
            (number, _), *others = mutants
            assert not others, "a statement can be missing once only"
            return f"begin if ({PLUSARG} != {BITS}'d{number}) {plain} end"
        chain = "".join(f"({PLUSARG} == {BITS}'d{number}) ? ({legal(mutant.new)}) : " for number, mutant in mutants)
        return f"({chain}({plain}))"


def legal(text: str) -> str:
    """A text with what is not Verilog for all: Icarus takes no `!!(a)` without parentheses between."""
    return f"!({text[1:]})" if text.startswith("!!(") else text


def mutated(data: bytes, mutant: Mutant) -> str:
    """A file with this mutant for good."""
    return (data[: mutant.start] + legal(mutant.new).encode() + data[mutant.end :]).decode()
