"""Stall patterns for idle and back-pressure: a Stall is called once a cycle and says whether to stall."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

Stall = Callable[[], bool]


def never() -> bool:
    """Full rate."""
    return False


def random_stalls(rng: Random, probability: float) -> Stall:
    """Each cycle stalls independently with `probability`."""
    return lambda: rng.random() < probability


def every(period: int) -> Stall:
    """One free cycle in `period`."""
    count = 0

    def stall() -> bool:
        nonlocal count
        count = (count + 1) % period
        return count != 0

    return stall


def bursts(rng: Random, run: tuple[int, int] = (1, 20), stop: tuple[int, int] = (1, 20)) -> Stall:
    """Random lengths of free cycles (`run`, inclusive) and stalled cycles (`stop`) in turn."""
    left, stalled = 0, True

    def stall() -> bool:
        nonlocal left, stalled
        if left == 0:
            stalled = not stalled
            left = rng.randint(*(stop if stalled else run))
        left -= 1
        return stalled

    return stall


def steps(longest: int = 40, rest: int = 60) -> Stall:
    """`rest` stalled cycles, in which what is behind fills up, then 1 free cycle; the same with 2, 3, ... `longest`,
    and from 1 again: of a full buffer one place is given back, and taken again while the next one is.
    """
    left, free, run = rest, False, 0

    def stall() -> bool:
        nonlocal left, free, run
        if left == 0:
            free = not free
            if free:
                run = run % longest + 1
            left = run if free else rest
        left -= 1
        return not free

    return stall


def some_stalls(rng: Random, always: bool = False) -> Stall:
    """One of the patterns above, picked at random: what a constrained-random test wants by default.

    always: not the one that never stalls. A rule about stalls that is looked at by luck is not looked at.
    """
    kind = rng.randrange(1 if always else 0, 5)
    if kind == 0:
        return never
    if kind == 1:
        return every(rng.randint(2, 5))
    if kind == 2:
        return bursts(rng)
    return random_stalls(rng, rng.choice([0.05, 0.3, 0.5, 0.8]))
