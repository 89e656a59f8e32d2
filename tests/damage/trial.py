"""Trying damaged files within limits of time and memory, each outcome told; a crash ends only its own process."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

from cocodla.errors import UserError

MOST_SECONDS = 10.0
MOST_BYTES = 1 << 30
SEED = int(os.environ.get("DAMAGE_SEED", "1"))
Damage = tuple[str, bytes | Callable[[], bytes]]
"""What was done, and the damaged file or how to make it."""
CHUNK = 200
"""Damages that one process tries."""


def seeded(number: int) -> Random:
    """The random numbers of one kind of damage, others for each DAMAGE_SEED."""
    return Random((SEED - 1) * 1_000_003 + number)


@dataclass
class Tally:
    """What came of some damages. unfit: those that ended neither in one line nor in a result; in words."""

    outcomes: Counter[str] = field(default_factory=Counter)
    unfit: list[str] = field(default_factory=list)
    seconds: float = 0.0
    memory: int = 0
    before: int = 0  # bytes that the process had when it began: of other tests, where it is a fork of theirs

    def add(self, other: Tally) -> None:
        """Take in what another process has seen."""
        self.outcomes += other.outcomes
        self.unfit += other.unfit
        self.seconds, self.memory = max(self.seconds, other.seconds), max(self.memory, other.memory)

    @property
    def good(self) -> bool:
        """True if all ended as they must, within the limits."""
        return not self.unfit and self.seconds <= MOST_SECONDS and self.memory <= MOST_BYTES

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {name}" for name, count in sorted(self.outcomes.items()))
        return f"{counts}; at most {self.seconds:.1f} s each, {self.memory >> 20} MB"


def _ring(number: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"longer than {MOST_SECONDS} s")


def attempt(name: str, act: Callable[[], object], tally: Tally) -> None:
    """Do something with a damaged file: it must end in a UserError of one line, or in a result."""
    started = time.monotonic()
    signal.signal(signal.SIGALRM, _ring)
    signal.setitimer(signal.ITIMER_REAL, 2 * MOST_SECONDS)
    try:
        act()
        tally.outcomes["results"] += 1
    except UserError as error:
        tally.outcomes["refused"] += 1
        if "\n" in str(error) or not str(error) or len(str(error)) > 2000:
            tally.unfit.append(f"{name}: {len(str(error))} letters, not one line")
    except Exception as error:
        tally.outcomes["tracebacks"] += 1
        place = traceback.extract_tb(error.__traceback__)[-1]
        tally.unfit.append(f"{name}: {type(error).__name__}: {str(error)[:100]} ({place.filename}:{place.lineno})")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    seconds = time.monotonic() - started
    if seconds > MOST_SECONDS:
        tally.unfit.append(f"{name}: {seconds:.1f} s")
    memory = _bytes("VmHWM") - tally.before
    if memory > MOST_BYTES >= tally.memory:
        tally.unfit.append(f"{name}: {memory >> 20} MB")
    tally.seconds, tally.memory = max(tally.seconds, seconds), max(tally.memory, memory)


def _bytes(name: str) -> int:
    """Memory of this process: VmRSS, what it has; VmHWM, the peak of that; VmData."""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) << 10 for line in status if line.startswith(f"{name}:"))


def try_all(damages: Iterable[Damage], read: Callable[[Path], object], folder: Path, suffix: str) -> Tally:
    """Write each damaged file and read it, in this process."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak of memory begins anew
    tally, path = Tally(before=_bytes("VmRSS")), folder / f"damaged{suffix}"
    for name, data in damages:
        path.write_bytes(data if isinstance(data, bytes) else data())
        attempt(name, lambda: read(path), tally)
    return tally


def in_processes(
    damages: Iterable[Damage], read: Callable[[Path], object], folder: Path, suffix: str
) -> Tally:
    """As `try_all`, CHUNK damages in each of many processes: what a crash would leave behind is told."""
    tally, context = Tally(), multiprocessing.get_context("fork")
    for chunk in _chunks(damages):
        receiver, sender = context.Pipe(duplex=False)

        def work(sender: Any = sender, chunk: list[Damage] = chunk) -> None:
            most = _bytes("VmData") + 2 * MOST_BYTES  # more would hurt the machine
            resource.setrlimit(resource.RLIMIT_DATA, (most, most))
            sender.send(try_all(chunk, read, folder, suffix))

        process = context.Process(target=work)
        process.start()
        sender.close()
        try:
            tally.add(receiver.recv())
        except EOFError:
            process.join()
            tally.unfit.append(f"{chunk[0][0]} to {chunk[-1][0]}: the process ended with {process.exitcode}")
        process.join()
    return tally


def _chunks(damages: Iterable[Damage]) -> Iterator[list[Damage]]:
    chunk: list[Damage] = []
    for damage in damages:
        chunk.append(damage)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
