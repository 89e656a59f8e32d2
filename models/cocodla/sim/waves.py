"""What a waveform records: which cycles, which instances; and whether a file is complete."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from cocodla.errors import UserError

PERIOD_PS = 10_000
"""Picoseconds of a cycle."""
SCOPES = "scopes.txt"
"""File in the folder of a model: its instances, one a line."""
BOUNDARIES = "sim_top.u_dla"
"""Instance whose own signals, without those of the instances in it, are what units of the chip tell each other."""
_HEADER, _GEOMETRY, _HIERARCHIES = 0, 3, {4, 6, 7}
"""Blocks that a complete FST file has."""


@dataclass(frozen=True)
class Waves:
    """What is recorded; by default everything.

    start, stop: cycles, from `start` to before `stop`. layer: a layer of the program, or first..last. scopes:
    instances, with all that is in them; as they are given, or whole paths. positions: the commands of a program between
    which it is recorded. boundaries: of the chip only the signals between its units are recorded (BOUNDARIES).
    """

    start: int = 0
    stop: int | None = None
    layer: str = ""
    scopes: tuple[str, ...] = ()
    positions: tuple[int, int] | None = None
    boundaries: bool = False

    def __post_init__(self) -> None:
        if self.stop is not None and self.stop <= self.start:
            raise UserError(f"waves from cycle {self.start} to {self.stop} hold no cycle")

    def arguments(self, top: str, origin_ps: int) -> list[str]:
        """Plusargs of tb/hdl/sim_waves.cpp and of the module that Icarus gets. origin_ps: when cycle 0 begins."""
        words = []
        if self.start:
            words.append(f"+waves_from={origin_ps + self.start * PERIOD_PS}")
        if self.stop is not None:
            words.append(f"+waves_to={origin_ps + self.stop * PERIOD_PS}")
        if self.positions is not None:
            first, last = self.positions
            words += [f"+waves_first={first}", f"+waves_last={last}", f"+waves_position={top}.position"]
        if self.boundaries:
            words += [f"+waves_scope={BOUNDARIES}", "+waves_depth=1"]
        elif self.scopes:
            words.append(f"+waves_scope={','.join(self.scopes)}")
        return words


def opening(waves: Path) -> str:
    """The command that shows a waveform, with the files for viewers beside it if they are there."""
    save = waves.with_suffix(".gtkw")
    return f"gtkwave {shlex.quote(str(save if save.exists() else waves))}"


def resolve(names: Iterable[str], known: Sequence[str]) -> tuple[str, ...]:
    """Whole paths of instances: a path, the end of one, or without the u_ of instance names; the outermost that fit.

    UserError for a name that fits none, with near ones.
    """
    found: dict[str, None] = {}
    for name in names:
        fitting = [path for path in known if f".{_plain(path)}".endswith(f".{_plain(name)}")]
        if not fitting or not name:
            near = get_close_matches(name, list(dict.fromkeys(_plain(path.rpartition(".")[2]) for path in known)), 3)
            told = f"; did you mean {' or '.join(near)}?" if near else ""
            raise UserError(f"no unit is called {name[:60]!r}{told}")
        depth = min(path.count(".") for path in fitting)
        found.update(dict.fromkeys(path for path in fitting if path.count(".") == depth))
    return tuple(found)


def _plain(path: str) -> str:
    return re.sub(r"(^|\.)u_", r"\1", path).lower()


def verilator_scopes(generated: Iterable[Path]) -> list[str]:
    """Paths of all instances, from the C++ files in which Verilator declares what it traces."""
    bodies: dict[str, list[tuple[str, str]]] = {}
    for file in generated:
        name = ""
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            if begin := re.match(r"VL_ATTR_COLD void (\w*__trace_init_(?:sub|top)\w*)\(.*\) \{", line):
                name = begin[1]
                bodies[name] = []
            elif line.startswith("}"):
                name = ""
            elif name and (push := re.search(r'(?:PUSH_PREFIX\(tracep, |pushPrefix\()"([^"]*)".*?::(\w+)', line)):
                bodies[name].append(("push", push[1] if push[2] == "SCOPE_MODULE" else ""))
            elif name and re.search(r"POP_PREFIX|popPrefix", line):
                bodies[name].append(("pop", ""))
            elif name and (call := re.match(r"\s+(\w*__trace_init_sub\w*)\(", line)):
                bodies[name].append(("call", call[1]))
    tops = [name for name in bodies if "__trace_init_top" in name] or list(bodies)[:1]
    found: dict[str, None] = {}
    for top in tops:
        _walk(bodies, top, [], found)
    return list(found)


def _walk(bodies: dict[str, list[tuple[str, str]]], name: str, path: list[str], found: dict[str, None]) -> None:
    for kind, text in bodies.get(name, []):
        if kind == "push":
            path.append(text)
            if all(path):
                found[".".join(path)] = None
        elif kind == "pop":
            path.pop()
        else:
            _walk(bodies, text, path, found)


def icarus_scopes(program: Path) -> list[str]:
    """Paths of all instances of a compiled program of Icarus (sim.vvp)."""
    paths: dict[str, str] = {}
    scope = re.compile(r'(S_\w+) \.scope (?:module|generate), "([^"]*)" "[^"]*"[ \d,]*(?:, (S_\w+))?;')
    for line in program.read_text(encoding="utf-8", errors="replace").splitlines():
        if match := scope.match(line):
            mine, name, parent = match.groups()
            paths[mine] = f"{paths[parent]}.{name}" if parent in paths else name
    return list(paths.values())


def is_complete(path: Path, suffix: str) -> bool:
    """Whether an FST file has all its blocks; a VCD file has no end that could be missing, but its last line."""
    if suffix == ".vcd":
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 1))
            return file.read(1) == b"\n"
    kinds, position, size = set(), 0, path.stat().st_size
    with path.open("rb") as file:
        while position + 9 <= size:
            file.seek(position)
            head = file.read(9)
            kinds.add(head[0])
            position += 1 + int.from_bytes(head[1:], "big")
    return position == size and {_HEADER, _GEOMETRY} <= kinds and bool(kinds & _HIERARCHIES)


def icarus_module(top: str, waves: Waves) -> str:
    """A second top for Icarus, which records the scopes of `waves` (all, if there are none) under its arguments.

    Recording begins a quarter of a cycle early: at an edge, Icarus would write the values before it as well.
    """
    dumped = f"1, {BOUNDARIES}" if waves.boundaries else f"0, {', '.join(waves.scopes or [top])}"
    return f"""module cocotb_iverilog_dump;
reg [8*1024-1:0] path;
reg [63:0] from, until_, first, last;
wire [31:0] position = {f"{top}.position" if top == "sim_top" else "0"};
initial begin
    if (!$value$plusargs("dumpfile_path=%s", path)) path = "dump.fst";
    if (!$value$plusargs("waves_from=%d", from)) from = 0;
    if (!$value$plusargs("waves_to=%d", until_)) until_ = 0;
    if (!$value$plusargs("waves_first=%d", first)) first = 0;
    if (!$value$plusargs("waves_last=%d", last)) last = 0;
    $dumpfile(path);
    $dumpvars({dumped});
    if (from != 0 || first != 0) $dumpoff;
    if (from != 0) #(from / 1000.0 - {PERIOD_PS / 4000}) if (first == 0) $dumpon;
    if (until_ != 0) begin
        #((until_ - from) / 1000.0) $dumpoff;
    end
end
always @(position) if (last != 0 && position >= last) $dumpoff;
    else if (first != 0 && position == first) $dumpon;
endmodule
"""
