"""A VCD or FST file, read once in order with pywellen: only the signals asked for, as lists of changes."""

from __future__ import annotations

import os
import re
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cocodla.errors import UserError
from cocodla.waves.declared import check_sizes

Progress = Callable[[int, int], None]
"""Called with (done, total)."""

Value = int | str | float
"""Of a change: a number of known bits, text of bits where one is x or z; a real number or text of those signals."""

UNKNOWN = -1
"""Value of a bit that is x or z, or that has not been dumped yet."""

MOST_CHANGES = 40_000_000
"""Changes read of one dump, 16 bytes each: what bounds the memory."""

_WIDEST = 1 << 62  # values below it stand for themselves
_STEP = 1 << 14  # changes between two reports of progress


@dataclass(frozen=True)
class Variable:
    """One name of a dump. Names with the same key are aliases: one signal. width: 0 for one that is no vector."""

    path: str
    width: int
    key: str
    source: Any = field(repr=False, compare=False)
    is_parameter: bool = False

    @property
    def scope(self) -> str:
        return self.path.rpartition(".")[0]

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]


@dataclass(frozen=True)
class Changes:
    """All changes of a signal in the order of the file; of several at one time the last counts.

    times: (n,) int64, ticks of the dump. values: (n,) int8 of a bit, int64 of others. A bit is 0, 1 or UNKNOWN; a known
    value below 2^62 is itself, every other one has a number below 0 that means the same in all dumps of this process.
    """

    times: NDArray[np.int64]
    values: NDArray[np.int64] | NDArray[np.int8]


def code_of(value: int | str) -> int:
    """The number below 0 that stands for a value that is wide or has unknown bits: a hash of 62 bits, as a table of all
    values of a long run would be larger than the dump. Nothing but x is UNKNOWN, as is what has not been dumped yet."""
    if isinstance(value, str) and not value.strip("xX"):
        return UNKNOWN
    content = value if isinstance(value, str) else value.to_bytes(value.bit_length() // 8 + 1, "little")
    return -2 - (hash(content) & (_WIDEST - 1))


class _Enough(UserError):
    """All that is wanted of a dump has been read."""


class Dump:
    """A waveform file. UserError for one that is no VCD or FST, is cut off, empty, or names no signal.

    variables: signals of bits by their paths. others: real numbers and texts.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._state = _check_file(path)
        if _starts_like_fst(path):
            check_sizes(path)
        with _reader(path):
            waveform = self._open()
            found = [(v.full_name, v.bitwidth or 0, str(v.signal_ref), v, v.var_type) for v in waveform.all_vars()]
            scale = waveform.timescale
            exponent = scale.unit.to_exponent() if scale else None  # none either for a unit that is unknown
            self.tick = (1, -9) if exponent is None else (scale.factor, exponent)
            self._format = str(waveform.file_format)
        self._check_end()
        self.variables: dict[str, Variable] = {}
        self.others: dict[str, Variable] = {}
        for name, width, key, source, kind in found:
            # Elements of an array and escaped names may come without their index: each keeps a name of its own.
            path_name, number = name.replace("\\", ""), 1
            group = self.variables if width else self.others
            while path_name in group and group[path_name].key != key:
                number += 1
                path_name = f"{name}#{number}"
            group[path_name] = Variable(path_name, width, key, source, kind == "Parameter")
        if not self.variables:
            raise UserError(f"{path}: names no signal of bits")

    def variable(self, path: str) -> Variable:
        """The signal of this path, of bits or not. KeyError for another one."""
        return self.variables.get(path) or self.others[path]

    def read(self, wanted: Iterable[Variable], progress: Progress | None = None) -> dict[str, Changes]:
        """Changes of the wanted signals, by Variable.key; a signal without a change has none of them.

        UserError: a damaged file, one that changes meanwhile, or more than MOST_CHANGES changes.
        """
        unique = {variable.key: variable for variable in wanted}
        stores = {key: (array("q"), array("b" if one.width == 1 else "q")) for key, one in unique.items()}
        total, count = self.duration(), 0

        def change(time: int, signal: object, value: int | str) -> None:
            nonlocal count
            times, values = stores[str(signal)]
            times.append(time)
            if value.__class__ is int and value < _WIDEST:  # type: ignore[operator]
                values.append(value)  # type: ignore[arg-type]
            else:
                values.append(UNKNOWN if values.typecode == "b" else code_of(value))
            count += 1
            if not count % _STEP:
                if count > MOST_CHANGES:
                    raise UserError(
                        f"{self.path}: more than {MOST_CHANGES:,} changes of the signals of interfaces; "
                        "choose some of them with --match"
                    )
                if progress:
                    progress(time, total)

        if unique:
            with _reader(self.path):
                self._open().stream_changes(change, [variable.source for variable in unique.values()])
        self._check_unchanged()
        return {
            key: Changes(np.frombuffer(times, np.int64), np.frombuffer(values, np.dtype(values.typecode)))
            for key, (times, values) in stores.items()
        }

    def values(
        self, wanted: Iterable[Variable], start: int, stop: int, most: int, progress: Progress | None = None
    ) -> dict[str, list[tuple[int, Value]]]:
        """(time, value) of each change after `start` and before `stop`, by Variable.key; in front the value at `start`.

        Of several changes at one time the last. Times in ticks. UserError: as `read`, or more than `most` changes.
        """
        unique = {variable.key: variable for variable in wanted}
        found: dict[str, list[tuple[int, Value]]] = {key: [] for key in unique}
        total, count, seen = min(stop, self.duration() or stop), 0, 0

        def change(time: int, signal: object, value: Value) -> None:
            nonlocal count, seen
            if time >= stop:
                raise _Enough
            changes = found[str(signal)]
            if changes and (time <= start or changes[-1][0] == time):
                changes[-1] = (time, value)
            else:
                changes.append((time, value))
                count += 1
                if count > most:
                    raise UserError(
                        f"{self.path}: more than {most:,} changes in {self.time_text(stop - start)}: "
                        "choose a shorter range or fewer signals"
                    )
            seen += 1
            if progress and not seen % _STEP:
                progress(time, total)

        if unique:
            with _reader(self.path), suppress(_Enough):
                self._open().stream_changes(change, [variable.source for variable in unique.values()])
        self._check_unchanged()
        return found

    def read_numbers(self, wanted: Iterable[Variable], most: int) -> dict[str, tuple[list[int], list[int | None]]]:
        """Times and values of all changes, by Variable.key: numbers of any width, None where a bit is unknown.

        UserError: see `values`.
        """
        found = self.values(wanted, -1, sys.maxsize, most)
        return {
            key: ([time for time, _ in changes], [value if isinstance(value, int) else None for _, value in changes])
            for key, changes in found.items()
        }

    def constant(self, path: str) -> int | None:
        """Value of a parameter, None where the dump has none."""
        return self.constants([self.variables[path]]).get(path) if path in self.variables else None

    def constants(self, parameters: Sequence[Variable]) -> dict[str, int]:
        """Values of parameters, by path, of those that have one at the first time of the dump."""
        first = self.first_time()
        found = self.values([*parameters, *self._ticking()], first, first + 1, MOST_CHANGES) if parameters else {}
        values = ((one.path, found[one.key]) for one in parameters)
        return {path: changes[-1][1] for path, changes in values if changes and isinstance(changes[-1][1], int)}

    def _ticking(self) -> list[Variable]:
        """Some signals that are likely to change often: where the first of them does, reading can stop."""
        clocks = [one for one in self.variables.values() if one.width == 1 and re.search(r"(?i)clk|clock", one.name)]
        return sorted(clocks, key=lambda one: one.path.count("."))[:4]

    def time_text(self, ticks: int) -> str:
        """A time of the dump in nanoseconds."""
        factor, exponent = self.tick
        value = ticks * factor * 10.0 ** (exponent + 9)
        return f"{value:,.3f}".rstrip("0").rstrip(".") + " ns"

    def _open(self) -> Any:
        from pywellen import Waveform

        return Waveform(str(self.path), multi_threaded=False, remove_scopes_with_empty_name=True, stream_only=True)

    def first_time(self) -> int:
        """First time of the dump in ticks, 0 where the file does not say."""
        with self.path.open("rb") as file:
            if self._format == "FST":
                head = file.read(17)
                return int.from_bytes(head[9:17], "big") if head[:1] == b"\0" else 0
            lines = iter(lambda: file.readline(1 << 20), b"")
            words = (line.strip() for line in lines)
            return next((int(word[1:]) for word in words if word[:1] == b"#" and word[1:].isdigit()), 0)

    def duration(self) -> int:
        """Last time of the dump in ticks, 0 where the file does not say."""
        with self.path.open("rb") as file:
            if self._format == "FST":
                head = file.read(25)
                return int.from_bytes(head[17:25], "big") if head[:1] == b"\0" else 0
            file.seek(max(self.path.stat().st_size - 65536, 0))
            marks = [line[1:] for line in file.read().split(b"\n") if line[:1] == b"#" and line[1:].strip().isdigit()]
        return int(marks[-1]) if marks else 0

    def _check_unchanged(self) -> None:
        if _state(self.path) != self._state:
            raise UserError(f"{self.path}: changed while it was read")

    def _check_end(self) -> None:
        """A VCD has no mark of its end, but it ends with a line."""
        if self._format != "VCD":
            return
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            if file.read(1) not in b"\r\n \t":
                raise UserError(f"{self.path}: cut off: it ends in the middle of a line")


def _starts_like_fst(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(1) == b"\0"


def _check_file(path: Path) -> tuple[int, int]:
    if not path.exists():
        raise UserError(f"{path}: does not exist")
    if not path.is_file():
        raise UserError(f"{path}: is no file")
    state = _state(path)
    if state[0] == 0:
        raise UserError(f"{path}: is empty")
    with path.open("rb") as file:  # an OSError of one that may not be read says why
        file.read(1)
    return state


def _state(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return -1, -1
    return found.st_size, found.st_mtime_ns


@contextmanager
def _reader(path: Path) -> Iterator[None]:
    """Around every call of pywellen: its panics become a UserError of one line.

    It writes panics to file 2 and warnings to file 1: both are lost, unless 1 is a terminal, which shows our progress.
    """
    sys.stdout.flush()
    kept = {file: os.dup(file) for file in (1, 2) if file == 2 or not os.isatty(file)}
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for file in kept:
        os.dup2(nowhere, file)
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{path}: cannot be read as VCD or FST ({_one_line(error)})") from error
    except BaseException as error:  # a panic is no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise UserError(f"{path}: damaged or cut off ({_one_line(error)})") from error
    finally:
        for file, keep in kept.items():
            os.dup2(keep, file)
            os.close(keep)
        os.close(nowhere)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
