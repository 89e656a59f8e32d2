"""Programs without the reads of some registers: a design may be known to get those wrong."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from fnmatch import fnmatchcase

from cocodla.errors import UserError
from cocodla.program.commands import ReadRegister
from cocodla.program.program import Program
from cocodla.registers import MAP


def check_patterns(patterns: Iterable[str]) -> None:
    """UserError for a pattern, UNIT.REGISTER with * and ?, that no register matches."""
    names = [register.path for register in MAP]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            near = difflib.get_close_matches(pattern, names, 1, 0.5)
            hint = f"; is it {near[0]}?" if near else ""
            raise UserError(f"no register is called {pattern[:60]!r} (UNIT.REGISTER, with * and ?){hint}")


def without_reads(program: Program, patterns: Iterable[str]) -> Program:
    """The program without its reads of the registers that one of the patterns matches."""
    addresses = {register.address for register in MAP for text in patterns if fnmatchcase(register.path, text)}
    if not addresses:
        return program
    kept = [c for c in program.commands if not (isinstance(c, ReadRegister) and c.address in addresses)]
    return Program(kept, program.meta)
