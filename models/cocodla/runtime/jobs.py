"""Several pieces of work at a time, each in a thread: what they wait for are simulators, which are processes."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Generator, Sequence
from typing import TypeVar

from cocodla.sim.stop import Processes

Item = TypeVar("Item")
Result = TypeVar("Result")


def default_jobs() -> int:
    """As many as there are processors this process may use."""
    return max(1, len(os.sched_getaffinity(0)))


def run_jobs(
    work: Callable[[Item], Result], items: Sequence[Item], jobs: int
) -> Generator[tuple[int, Result], None, None]:
    """(index, result) of each item as they end; they start in order, at most `jobs` at a time.

    If one of them raises, at Ctrl-C, or when the iterator is closed, all programs they have started are ended.
    """
    todo: queue.SimpleQueue[int] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, Result | None, BaseException | None]] = queue.SimpleQueue()
    processes = Processes()

    def serve() -> None:
        with processes.owner():
            while not processes.stopped:
                try:
                    index = todo.get_nowait()
                except queue.Empty:
                    return
                try:
                    done.put((index, work(items[index]), None))
                except BaseException as error:
                    done.put((index, None, error))

    for index in range(len(items)):
        todo.put(index)
    threads = [threading.Thread(target=serve, daemon=True) for _ in range(min(jobs, len(items)))]
    try:
        for thread in threads:
            thread.start()
        for _ in items:
            index, result, error = done.get()
            if error is not None:
                raise error
            yield index, result  # type: ignore[misc]  # a result where there is no error
    finally:
        processes.stop()
        for thread in threads:
            if thread.ident is not None:
                thread.join(timeout=10)
