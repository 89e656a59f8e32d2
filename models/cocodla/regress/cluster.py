"""Workers, on one host or many: dask.distributed runs the items, this says where its workers are.

    local            processes of this host
    ssh:FILE         a host a line (twice: two workers); the first one also has the scheduler
    slurm:PARTITION  jobs of Slurm, by dask-jobqueue (its settings: ~/.config/dask/jobqueue.yaml)
    tcp://HOST:PORT  a scheduler of dask that runs already, with workers of its own

An item whose worker dies is run by another one. If the scheduler is lost, all that was under way is handed out again.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

import dask
from distributed import Client, Future, KilledWorker, LocalCluster, SSHCluster, get_worker

from cocodla.errors import UserError, one_line
from cocodla.files.inputs import read_input
from cocodla.regress.items import Ended, Item
from cocodla.regress.work import run_item

KINDS = "local, ssh:FILE, slurm:PARTITION, tcp://HOST:PORT"
CONNECT = 10
"""Seconds in which a scheduler must answer."""
PATIENCE = 60.0
"""Seconds in which a lost scheduler must be back."""
SPARE = 1
"""Items that wait at the scheduler, so that no worker waits for them."""
DAY, SHORT = "1-00:00:00", "00:30:00"
"""Time limit of jobs where the partition has none, and the one dask-jobqueue has without settings: too short."""
ATTEMPTS = 3
"""Workers that may die with an item before it is given up."""

_SETTINGS = {
    "distributed.scheduler.allowed-failures": ATTEMPTS - 1,
    "distributed.comm.timeouts.connect": f"{CONNECT}s",
    "distributed.worker.memory.terminate": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.target": False,
}
"""Workers do nothing but wait for a process: their memory is none of dask's affair."""
_ANY_PORT = {"dashboard": False, "dashboard_address": ":0"}
"""Several regressions may run on one host."""


@dataclass(frozen=True)
class Place:
    """Where workers are. kind: local, ssh, slurm or tcp; name: of what (file, partition, address). jobs: how many, 0:
    as many as the place has. build: the folder of each worker for what is generated.
    """

    kind: str
    name: str
    jobs: int
    build: Path

    @staticmethod
    def parse(text: str, jobs: int, build: Path) -> Place:
        """The place a user names; UserError for what is none, or cannot be used on this machine."""
        kind, _, name = text.partition(":")
        if kind not in ("local", "ssh", "slurm", "tcp") or (kind == "local") != (not name):
            raise UserError(f"--cluster: {text[:60]!r} is none of {KINDS}")
        if kind == "slurm":
            _check_slurm(name)
        if kind == "tcp" and not re.fullmatch(r"//[^/\s]+:\d{1,5}", name):
            raise UserError(f"--cluster: {text[:60]!r} is none of {KINDS}")
        place = Place(kind, name, jobs, build)
        if kind == "ssh":
            place.hosts()
        return place

    def hosts(self) -> list[str]:
        """Hosts of the file."""
        lines = read_input(self.name, 1 << 20).decode(errors="replace").splitlines()
        found = [line.partition("#")[0].strip() for line in lines]
        found = [line for line in found if line]
        for host in found:
            if not re.fullmatch(r"(?:[\w-]+@)?[\w.:-]{1,253}", host):
                raise UserError(f"{self.name}: {host[:60]!r} is no name of a host")
        if not found:
            raise UserError(f"{self.name}: no host in it")
        return found


def _check_slurm(partition: str) -> None:
    """Jobs of a wrong partition would be waited for without end."""
    _longest(partition)
    try:
        import dask_jobqueue  # noqa: F401
    except ImportError:
        raise UserError("--cluster slurm: dask-jobqueue is missing (pip install 'cocodla[cluster]')") from None


def _longest(partition: str) -> str:
    """The time limit of a partition, as Slurm writes it; UserError where there is no such partition."""
    if not shutil.which("sbatch"):
        raise UserError("--cluster slurm: no sbatch on this machine")
    try:
        words = ["sinfo", "--noheader", f"--partition={partition}", "--format=%l"]
        found = subprocess.run(words, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(f"--cluster slurm: no scheduler: sinfo: {error}") from None
    if found.returncode:
        raise UserError(f"--cluster slurm: no scheduler: {one_line(found.stderr)[:200]}")
    if not found.stdout.strip():
        raise UserError(f"--cluster slurm: no partition is called {partition[:60]!r}")
    return found.stdout.split()[0]


class Farm:
    """The workers of a place, and the items they have. To be used in one thread."""

    def __init__(self, place: Place, version: dict[str, str], scratch: Path) -> None:
        """version: what workers must have. scratch: folder for what dask writes."""
        self._place, self._version, self._scratch = place, version, scratch
        self._stack = contextlib.ExitStack()
        self._done: queue.SimpleQueue[tuple[Item, Future]] = queue.SimpleQueue()
        self._running: dict[str, tuple[Item, Future]] = {}
        self._avoided: set[str] = set()
        self._last_worker = ""

    def __enter__(self) -> Farm:
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        self._stack.enter_context(dask.config.set(_SETTINGS))
        self._client = self._open()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _open(self) -> Client:
        self._scratch.mkdir(parents=True, exist_ok=True)
        try:
            with _without_interrupts():
                cluster = _open_cluster(self._place, self._scratch)
            if not isinstance(cluster, str):
                self._stack.callback(cluster.close, timeout=20)
            client = Client(cluster, timeout=CONNECT, set_as_default=False)
        except (OSError, RuntimeError, ValueError) as error:
            why = str(error)[:200] or type(error).__name__
            raise UserError(f"--cluster {self._place.kind}: no scheduler: {why}") from None
        self._stack.callback(_close, client)
        return client

    @property
    def busy(self) -> int:
        """Items that are with the workers."""
        return len(self._running)

    def has_room(self) -> bool:
        """Whether another item would find a worker soon."""
        return len(self._running) < max(len(self._usable()), 1) + SPARE

    def submit(self, item: Item) -> None:
        """Hand out an item."""
        key, build = f"{item.id}-{time.monotonic_ns()}", str(self._place.build)
        among = self._usable() if self._avoided else None
        future = self._client.submit(_task, item, self._version, build, key=key, pure=False, workers=among)
        self._running[item.id] = item, future
        future.add_done_callback(lambda done: self._done.put((item, done)))

    def next(self, timeout: float) -> tuple[Item, Ended] | None:
        """An item that has ended, None if none does in so many seconds. UserError if the scheduler is gone for good."""
        try:
            item, future = self._done.get(timeout=timeout)
        except queue.Empty:
            if self._client.status in ("running", "connecting"):
                return None
            self._again()
            return None
        if self._running.get(item.id, (None, None))[1] is not future:
            return None  # of a scheduler that is gone
        if future.status in ("cancelled", "lost"):
            self._again()
            return None
        del self._running[item.id]
        return item, self._outcome(future)

    def _outcome(self, future: Future) -> Ended:
        if future.status == "finished":
            self._last_worker, ended = future.result()
            return ended
        error = future.exception()
        if isinstance(error, KilledWorker):
            return Ended("lost", "", text=f"{ATTEMPTS} workers died with it")
        return Ended("lost", "", text=f"no worker could run it: {type(error).__name__}: {error}")

    def _again(self) -> None:
        """The scheduler is lost: find it again, or start another, and hand out what was under way."""
        begin = time.monotonic()
        while self._client.status == "connecting" and time.monotonic() - begin < PATIENCE:
            time.sleep(0.2)
        if self._client.status != "running":
            self._stack.close()
            self._stack.enter_context(dask.config.set(_SETTINGS))
            self._client = self._reopen(begin)
        running = [item for item, _ in self._running.values()]
        self._running.clear()
        for item in running:
            self.submit(item)

    def _reopen(self, begin: float) -> Client:
        while True:
            try:
                return self._open()
            except UserError:
                if time.monotonic() - begin > PATIENCE:
                    raise
                time.sleep(1)

    def avoid(self) -> int:
        """Do without the worker that has ended an item last; how many others there are."""
        self._avoided.add(self._last_worker)
        return len(self._usable())

    def _usable(self) -> list[str]:
        """Addresses of the workers that are not avoided."""
        return [name for name in self._client.scheduler_info(n_workers=-1)["workers"] if name not in self._avoided]


def _task(item: Item, version: dict[str, str], build: str) -> tuple[str, Ended]:
    """In the worker: its address, and how the item ended."""
    return get_worker().address, run_item(item, version, build)


def _open_cluster(place: Place, scratch: Path) -> Any:
    """The cluster of a place, or the address of a scheduler."""
    if place.kind == "tcp":
        return f"{place.kind}:{place.name}"
    if place.kind == "local":
        return LocalCluster(
            n_workers=place.jobs, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None,
            memory_limit=None, local_directory=str(scratch), silence_logs=logging.CRITICAL, scheduler_kwargs=_ANY_PORT,
        )  # fmt: skip
    if place.kind == "ssh":
        hosts = place.hosts()
        return SSHCluster(
            [hosts[0], *hosts], remote_python=sys.executable, scheduler_options={"port": 0, "dashboard": False},
            worker_options={"nthreads": 1, "memory_limit": 0}, connect_options={"known_hosts": None},
        )  # fmt: skip
    return _slurm(place, scratch)


def _slurm(place: Place, scratch: Path) -> Any:
    """Jobs of one worker each; those that Slurm ends are replaced."""
    from dask_jobqueue import SLURMCluster

    given = dask.config.get("jobqueue.slurm")
    limit = _longest(place.name)
    longest = DAY if limit == "infinite" else limit
    own = str(scratch)
    cluster = SLURMCluster(
        queue=place.name, cores=1, processes=1, memory=given["memory"] or "4GB", python=sys.executable,
        walltime=longest if given["walltime"] == SHORT else given["walltime"], local_directory=own, log_directory=own,
        silence_logs=logging.CRITICAL, scheduler_options=_ANY_PORT,
    )  # fmt: skip
    cluster.adapt(minimum=place.jobs, maximum=place.jobs)
    return cluster


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Threads and processes that are started meanwhile never see Ctrl-C, which is this process's affair."""
    resource_tracker.ensure_running()  # it would unblock the signal in the thread that needs it first
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _close(client: Client) -> None:
    """Without waiting for what is under way."""
    with contextlib.suppress(Exception):
        client.close(timeout=5)


@contextlib.contextmanager
def scratch_folder(folder: Path) -> Iterator[Path]:
    """A folder that is gone afterwards."""
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
