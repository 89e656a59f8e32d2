"""Several pieces of work at a time: in threads where all they do is wait for simulators, else in processes."""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children, get_context
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


def run_processes(
    work: Callable[[Item], Result], items: Sequence[Item], jobs: int, *, forked: bool = False
) -> Generator[tuple[int, Result | None], None, None]:
    """(index, result) of each item as they end, of at most `jobs` processes; None: its process has died.

    What work raises is raised here. Then, at Ctrl-C, or when the iterator is closed, all processes end with what they
    have started. work and items must be such that they can be pickled. forked: the processes begin with all that this
    one has imported, if no other thread runs in it (a lock that such a thread holds would stay closed in them).
    """
    method = "fork" if forked and threading.active_count() == 1 else "spawn"
    with ProcessPoolExecutor(jobs, get_context(method), _await_parent) as pool:
        waiting = {pool.submit(work, item): index for index, item in enumerate(items)}
        try:
            for done in as_completed(waiting):
                try:
                    yield waiting[done], done.result()
                except BrokenProcessPool:
                    yield waiting[done], None
        except BaseException:
            for child in active_children():
                child.terminate()
            pool.shutdown(cancel_futures=True)
            raise


def _await_parent() -> None:
    """Ctrl-C is the parent's affair; what it then sends ends this process and, by the exception, its simulator."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
