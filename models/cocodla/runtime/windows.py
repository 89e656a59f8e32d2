"""Where in a program a layer runs: the commands between which its waveform is recorded."""

from __future__ import annotations

from difflib import get_close_matches

from cocodla.errors import UserError
from cocodla.program import Mark, Program, WaitInterrupt

Window = tuple[int, int]
"""Commands: from when the first has been reached to when the second is done; each a Mark or a WaitInterrupt."""


def of_layers(program: Program, text: str) -> Window:
    """Of a layer, or from FIRST to LAST of FIRST..LAST, each where it comes first: from its Mark to its interrupt.

    What of it is fetched before, while the layer before it runs, is not part of it. UserError for unknown layers, with
    near names, and for a program without any.
    """
    marks = {place: _name(command) for place, command in enumerate(program.commands) if isinstance(command, Mark)}
    names = list(dict.fromkeys(name for name in marks.values() if name))
    begin, _, end = (text, "", text) if text in names else text.partition("..")
    for name in (begin, end or begin):
        if name not in names:
            near = get_close_matches(name, names, 3, 0.5) or names[:8]
            told = f"; did you mean {' or '.join(near)}?" if near else ": the program names none"
            raise UserError(f"no layer is called {name[:60]!r}{told}")
    first = next(place for place, name in marks.items() if name == begin)
    last = next((place for place, name in marks.items() if name == (end or begin) and place >= first), None)
    if last is None:
        raise UserError(f"layers {text!r}: {end!r} runs before {begin!r}")
    waits = (place for place in range(last, len(program)) if isinstance(program.commands[place], WaitInterrupt))
    return first, next(waits, len(program))


def _name(mark: Mark) -> str:
    return str(mark.info.get("layer", ""))
