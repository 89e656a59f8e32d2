"""Handshakes of a design nobody described, found by the names of its signals."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace

from cocodla.waves.dump import Variable
from cocodla.waves.interfaces import Interface

_AXI = re.compile(r"(?i)^(?P<prefix>.*?)(?P<channel>aw|ar|w|r|b)(?P<gap>_?)valid(?P<suffix>.*)$")
_STREAM = re.compile(r"(?i)^(?P<prefix>.*?)tvalid(?P<suffix>.*)$")
_PLAIN = re.compile(r"(?i)^(?P<prefix>.*?)(?P<word>valid|vld)(?P<suffix>.*)$")
_APB = re.compile(r"(?i)^(?P<prefix>.*?)penable(?P<suffix>.*)$")

_AXI_FIELDS = {
    "aw": "id addr len size burst lock cache prot qos region user atop",
    "ar": "id addr len size burst lock cache prot qos region user",
    "w": "id data strb last user",
    "r": "id data resp last user",
    "b": "id resp user",
}
_STREAM_FIELDS = "data keep strb last id dest user"
_APB_FIELDS = "addr write wdata strb prot"
_PLAIN_FIELDS = "data payload bits addr address last first id user keep strb sop eop empty error dest wdata rdata write"

_READY = {"valid": "ready", "vld": "rdy"}
_SWAPPED = {"_i": "_o", "_o": "_i", "_in": "_out", "_out": "_in", "i_": "o_", "o_": "i_"}
_CLOCK = re.compile(r"(?i)^(.*_)?[aphi]?_?(clk|clock)(_?i|_?in)?$")
_RESET = re.compile(r"(?i)^(.*_)?[aph]?(rst|reset|resetn|rstn|reset_n|rst_n|rst_ni|rstb|rst_b|reset_b)(_?i|_?in)?$")
_LOW = re.compile(r"(?i)(n|_n|_ni|b|_b)(_?i|_?in)?$")

COPY_OF_PINS = "$rootio"  # Verilator's, beside the top module that has them, too

Scope = Mapping[str, Variable]


def find_interfaces(variables: Mapping[str, Variable], clock: str = "") -> list[Interface]:
    """Interfaces of all scopes, each once and under its shortest name.

    AXI4, AXI-Lite, AXI-Stream, APB, valid/ready (also vld/rdy, with or without an underscore, _i/_o), valid/credit.
    clock: path of the clock of all of them, where names do not tell. One without any clock in sight is left out.
    """
    scopes: dict[str, dict[str, Variable]] = defaultdict(dict)
    for variable in variables.values():
        scopes[variable.scope][variable.name] = variable
    found: dict[tuple[str, ...], Interface] = {}
    if len(scopes) > 1:
        scopes.pop(COPY_OF_PINS, None)
    for scope in sorted(scopes, key=lambda path: (path.count("."), path)):
        for name, valid, ready, payload, credit in _in_scope(scopes[scope]):
            identity = (*(bit.key for bit in valid), ready.key if ready else "", credit.key if credit else "")
            own_clock = clock or _nearest(scopes, scope, _CLOCK, name)
            if identity in found or not own_clock:
                continue
            reset = _nearest(scopes, scope, _RESET, name)
            found[identity] = Interface(
                name=f"{scope}.{name}" if scope else name,
                valid=tuple(bit.path for bit in valid),
                clock=own_clock,
                ready=ready.path if ready else "",
                payload=tuple(part.path for part in payload),
                reset=reset,
                reset_level=0 if _LOW.search(reset.rpartition(".")[2]) else 1,
                credit=credit.path if credit else "",
            )
    return _with_answers(list(found.values()))


Match = tuple[str, tuple[Variable, ...], Variable | None, list[Variable], Variable | None]
"""Name, valid, ready, payload, credit."""


def _in_scope(scope: Scope) -> Iterator[Match]:
    for name, variable in scope.items():
        if variable.width != 1:
            continue
        if enable := _APB.match(name):
            yield from _apb(scope, variable, enable)
        elif axi := _AXI.match(name):
            ready = _bit(scope, _alike(name, "valid", "ready"))
            channel = axi["channel"].lower()
            payload = _fields(scope, name[: axi.end("gap")], _AXI_FIELDS[channel], axi["suffix"])
            if ready and (not axi["prefix"] or axi["prefix"].endswith("_") or axi["prefix"][-1:].isdigit()):
                yield _stem(name, "valid"), (variable,), ready, payload, None
            else:
                yield from _plain(scope, variable)
        elif stream := _STREAM.match(name):
            ready = _bit(scope, _alike(name, "valid", "ready"))
            payload = _fields(scope, name[: stream.end("prefix") + 1], _STREAM_FIELDS, stream["suffix"])
            yield _stem(name, "valid"), (variable,), ready, payload, None
        else:
            yield from _plain(scope, variable)


def _plain(scope: Scope, valid: Variable) -> Iterator[Match]:
    match = _PLAIN.match(valid.name)
    if not match:
        return
    word = match["word"]
    name = _stem(valid.name, word)
    payload = _fields(scope, match["prefix"], _PLAIN_FIELDS, match["suffix"])
    for other in dict.fromkeys((_READY[word.lower()], "ready", "rdy")):
        for prefix in (match["prefix"], _swap_start(match["prefix"])):
            for suffix in (match["suffix"], _SWAPPED.get(match["suffix"].lower(), match["suffix"])):
                if ready := _bit(scope, prefix + _case(word, other) + suffix):
                    yield name, (valid,), ready, payload, None
                    return
    for other in ("credit", "crd", "credit_return", "lcrdv"):
        if credit := _bit(scope, match["prefix"] + _case(word, other) + match["suffix"]):
            yield name, (valid,), None, payload, credit
            return


def _apb(scope: Scope, enable: Variable, match: re.Match[str]) -> Iterator[Match]:
    select = _bit(scope, _alike(enable.name, "enable", "sel")) or _bit(scope, _alike(enable.name, "enable", "selx"))
    ready = _bit(scope, _alike(enable.name, "enable", "ready"))
    if select and ready:
        payload = _fields(scope, enable.name[: match.end("prefix") + 1], _APB_FIELDS, match["suffix"])
        yield _stem(enable.name, "penable") or "apb", (select, enable), ready, payload, None


def _fields(scope: Scope, stem: str, names: str, suffix: str) -> list[Variable]:
    """Signals stem + field + suffix, in either case."""
    upper = stem.isupper() and bool(stem)
    candidates = (stem + (field.upper() if upper else field) + suffix for field in names.split())
    return [scope[name] for name in candidates if name in scope]


def _bit(scope: Scope, name: str) -> Variable | None:
    found = scope.get(name)
    return found if found and found.width == 1 else None


def _alike(name: str, old: str, new: str) -> str:
    """`name` with its first `old`, in any case, replaced by `new` in the same case."""
    return re.sub(f"(?i){old}", lambda match: _case(match[0], new), name, count=1)


def _case(like: str, word: str) -> str:
    return word.upper() if like.isupper() else word.capitalize() if like[:1].isupper() else word


def _stem(name: str, word: str) -> str:
    """Name of the interface: without `word` and the underscores beside it."""
    return re.sub(r"__+", "_", re.sub(f"(?i){word}", "", name, count=1)).strip("_") or name


def _swap_start(prefix: str) -> str:
    start = prefix[:2].lower()
    return _SWAPPED[start] + prefix[2:] if start in ("i_", "o_") else prefix


def _nearest(scopes: Mapping[str, Scope], scope: str, pattern: re.Pattern[str], name: str) -> str:
    """The fitting one-bit signal of this scope or the nearest around it: the most like `name`, else the shortest."""
    while True:
        found = [v for v in scopes.get(scope, {}).values() if v.width == 1 and pattern.match(v.name)]
        if found:
            return min(found, key=lambda v: (-_common(v.name, name), len(v.name), v.name)).path
        if not scope:
            return ""
        scope = scope.rpartition(".")[0]


def _common(one: str, other: str) -> int:
    count = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return count if count > 2 or "_" in one[:count] else 0


def _with_answers(interfaces: list[Interface]) -> list[Interface]:
    """Join B of AXI to AW, where both are there."""
    names = {interface.name for interface in interfaces}
    result = []
    for interface in interfaces:
        head, _, last = interface.name.rpartition(".")
        request = ""
        if last.lower() == "b" or last.lower().endswith("_b"):
            last = last[:-1] + ("AW" if last[-1] == "B" else "aw")
            request = f"{head}.{last}" if head else last
        result.append(replace(interface, answers=request) if request in names else interface)
    return result
