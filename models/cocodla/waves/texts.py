"""Names for values: what viewers and timing pictures write instead of numbers.

* States of state machines are the parameters beside the state in the dump itself, so they are always those of the RTL;
  dumps of Icarus hold none, for them the description of the design tells.
* What the bench knows (which layer has which number) lies beside the dump, in NAME.texts.json.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from cocodla.errors import UserError
from cocodla.files.inputs import read_input, strict_json
from cocodla.files.outputs import write_whole
from cocodla.waves.dump import Dump, Variable
from cocodla.waves.interfaces import Description

Texts = Mapping[int, str]
"""Text of each named value."""

MOST_BYTES = 64 << 20
_FORMAT = "cocodla texts 1"
STATE = re.compile(r"(?i)^(.*_)?(state|fsm)(_q|_r|_reg)?$")
"""Names of the states of state machines."""
_WIDEST = 16
"""Bits of a state machine's state."""


def texts_file(dump: Path) -> Path:
    """The file beside a dump that names values."""
    return dump.with_suffix(".texts.json")


def write_texts(dump: Path, texts: Mapping[str, Texts]) -> None:
    """Write the file beside a dump, none without texts. texts: by path of the signal."""
    if not texts:
        return
    signals = {path: {str(value): text for value, text in names.items()} for path, names in texts.items()}
    content = json.dumps({"format": _FORMAT, "signals": signals}, indent=1, ensure_ascii=False)
    write_whole(texts_file(dump), content.encode("utf-8", "replace"))


def read_texts(dump: Path) -> dict[str, dict[int, str]]:
    """What the file beside a dump says, nothing if there is none. UserError for a damaged one."""
    path = texts_file(dump)
    if not path.exists():
        return {}
    try:
        content = strict_json(read_input(path, MOST_BYTES))
        if content.get("format") != _FORMAT:
            raise ValueError(f"format is not {_FORMAT!r}")
        return {
            str(signal): {int(value): str(text) for value, text in names.items()}
            for signal, names in content["signals"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: no texts of a dump ({error})") from None


def named_values(dump: Dump) -> dict[str, dict[int, str]]:
    """What the file beside a dump says of signals that are in the dump. UserError for a damaged file."""
    return {path: names for path, names in read_texts(dump.path).items() if path in dump.variables}


def state_names(dump: Dump, description: Description | None = None) -> dict[str, dict[int, str]]:
    """The states of each state machine in a dump, by path; of several names of one signal only the shortest path.

    A state machine is a signal called state, x_state, fsm, ... whose scope has parameters of its width; two of the same
    value are told as "A/B".
    """
    parameters: dict[tuple[str, int], list[Variable]] = defaultdict(list)
    for variable in dump.variables.values():
        if variable.is_parameter:
            parameters[variable.scope, variable.width].append(variable)
    machines: dict[str, Variable] = {}
    for variable in sorted(dump.variables.values(), key=lambda one: (one.path.count("."), one.path)):
        fitting = (variable.scope, variable.width) in parameters
        if fitting and not variable.is_parameter and variable.width <= _WIDEST and STATE.match(variable.name):
            machines.setdefault(variable.key, variable)
    needed = [one for machine in machines.values() for one in parameters[machine.scope, machine.width]]
    values = dump.constants(needed)
    found: dict[str, dict[int, str]] = {}
    for machine in machines.values():
        names: dict[int, list[str]] = defaultdict(list)
        for one in parameters[machine.scope, machine.width]:
            if one.path in values:
                names[values[one.path]].append(one.name)
        if names:
            found[machine.path] = {value: "/".join(words) for value, words in sorted(names.items())}
    return found or _described_states(dump, description)


def _described_states(dump: Dump, description: Description | None) -> dict[str, dict[int, str]]:
    known = description.states if description else {}
    return {
        path: dict(enumerate(names))
        for end, names in known.items()
        for path in dump.variables
        if f".{path}".endswith(f".{end}")
    }
