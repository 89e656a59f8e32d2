"""Regressions on real workers: two processes, of which some are killed, as is the regression itself."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cocodla.errors import UserError
from cocodla.regress import work
from cocodla.regress.cluster import ATTEMPTS, Farm, Place
from cocodla.regress.items import Item
from cocodla.regress.store import FILE, Store
from cocodla.sim import project

from .conftest import complaint, invoke, network

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc")
PLAN = '[suites.networks]\nkind = "fuzz"\ncount = 1\nseeds = 3\nparameters = ["", "SDP_LANES=1"]\n'
"""Six random networks on the golden model: a few seconds each, and nothing to build."""


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    (tmp_path / "p.toml").write_text(PLAN)
    return tmp_path / "p.toml"


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """What a store holds, read beside the process that writes it."""
    if not (folder / FILE).exists():
        return []
    database = sqlite3.connect(f"file:{folder / FILE}?mode=ro", uri=True)
    try:
        return database.execute(query).fetchall()
    except sqlite3.OperationalError:  # no tables yet
        return []
    finally:
        database.close()


def children(pid: int) -> list[int]:
    """Processes that a process has started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def wait_for(what: Callable[[], Any], seconds: float = 120) -> Any:
    begin = time.monotonic()
    while not (found := what()):
        assert time.monotonic() - begin < seconds, "it does not happen"
        time.sleep(0.05)
    return found


def test_nothing_is_lost_or_counted_twice_when_it_is_killed(plan: Path, tmp_path: Path) -> None:
    """First a worker is killed in the middle of an item, then the whole regression; --resume does the rest."""
    folder, done = tmp_path / "results", "select id, ended from items where verdict is not null"
    words = [sys.executable, "-m", "cocodla", "regress", str(plan), "--jobs", "2", "--seed", "3"]
    words += ["--folder", str(folder)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, project.python_paths()))}
    process = subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        worker = wait_for(lambda: next((pid for pid in children(process.pid) if children(pid)), 0))
        command = children(worker)[0]
        os.kill(worker, signal.SIGKILL)
        wait_for(lambda: len(rows(folder, done)) >= 2)
        assert process.poll() is None
        others = [grandchild for child in children(process.pid) for grandchild in children(child)]
    finally:
        process.kill()
        process.wait()
    before = rows(folder, done)
    assert 2 <= len(before) < 6
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in [command, *others]), 20)  # nobody is left behind
    again = invoke("regress", "--resume", "--jobs", 2, "--folder", folder, "--json")
    assert again.exit_code == 0, again.output
    result = json.loads(again.stdout)
    assert result["items"] == {"passed": 6, "failed": 0, "skipped": 0, "not_run": 0}
    assert result["totals"]["random_networks"] == 6 and result["state"] == "done" and result["seed"] == 3
    page = (project.root() / "docs" / "commands.md").read_text()
    row = next(line for line in page.splitlines() if line.startswith("| `regress` |"))
    assert all(f"`{key}`" in row for key in result), "every key is written down"
    after = rows(folder, done)
    assert set(before) <= set(after) and len(after) == 6, "what was done is not done again"
    assert "no run is unfinished" in complaint("regress", "--resume", "--folder", folder)
    shown = invoke("regress", "--show", "--folder", folder, "--junit", tmp_path / "j.xml")
    assert shown.exit_code == 0 and "6 passed" in shown.stdout and (tmp_path / "j.xml").exists()
    assert (folder / "run-0001.html").stat().st_size > 5000


def collect(farm: Farm, items: list[Item]) -> dict[str, Any]:
    for entry in items:
        farm.submit(entry)
    ended = {}
    while farm.busy:
        if got := farm.next(1.0):
            ended[got[0].id] = got[1]
    return ended


def test_what_workers_tell(tmp_path: Path) -> None:
    """A result, wrong words, no time, no space, another version; and a worker that dies with each attempt."""
    small = network(4)
    wrong = replace(small, id="wrong", cell=replace(small.cell, words=("fuzz", "--count", "-1")))
    slow = replace(small, id="slow", timeout=0.2)
    full = replace(small, id="full", space=1 << 60)
    deadly = replace(small, id="deadly", cell=replace(small.cell, env=(("NAME\0", ""),)))
    place = Place("local", "", 2, tmp_path / "build")
    with Farm(place, work.version(), tmp_path / "scratch") as farm:
        ended = collect(farm, [small, wrong, slow, full, deadly])
    assert ended[small.id].how == "exit" and json.loads(ended[small.id].stdout)["networks"] == 1
    assert ended[small.id].cpu > 0 and ended[small.id].host
    assert ended["wrong"].status == 2 and "-1" in ended["wrong"].stderr
    assert ended["slow"].how == "timeout" and ended["slow"].seconds < 30
    assert ended["full"].how == "full" and "bytes free" in ended["full"].text
    assert ended["deadly"].how == "lost"
    with Farm(replace(place, jobs=1), {"cocodla": "0.0"}, tmp_path / "scratch") as farm:
        assert collect(farm, [small])[small.id].how == "differs"


def test_an_item_that_kills_its_workers_is_given_up(tmp_path: Path) -> None:
    small = network(4)
    with Farm(Place("local", "", 1, tmp_path / "build"), work.version(), tmp_path / "scratch") as farm:
        farm.submit(small)
        killed: set[int] = set()
        while (got := farm.next(0.1)) is None:
            for pid in children(os.getpid()):
                if pid not in killed and children(pid):
                    killed.add(pid)
                    os.kill(pid, signal.SIGKILL)
        assert got[1].how == "lost" and str(ATTEMPTS) in got[1].text and len(killed) == ATTEMPTS


def test_a_host_without_space_ends_the_run_and_keeps_it(plan: Path, tmp_path: Path) -> None:
    plan.write_text(f"space = {1 << 60}\n{PLAN}")
    words = ("--folder", tmp_path / "r", "--jobs", 1, "--build", tmp_path / "build")
    assert "bytes free" in complaint("regress", plan, *words, "--quiet")
    assert rows(tmp_path / "r", "select state from runs") == [("stopped",)]
    assert len(rows(tmp_path / "r", "select 1 from items where verdict is null")) == 6


def test_a_scheduler_that_restarts_loses_nothing(tmp_path: Path) -> None:
    """One that runs by itself (tcp://), with its worker."""
    items = [network(number, str(number)) for number in range(2)]
    path = os.pathsep.join(map(str, project.python_paths()))
    env = {**os.environ, "PYTHONPATH": path}

    def start(port: int) -> tuple[int, list[subprocess.Popen[bytes]]]:
        file = tmp_path / f"scheduler-{time.monotonic_ns()}.json"
        common = {"env": env, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
        words = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port)]
        scheduler = subprocess.Popen([*words, "--no-dashboard", "--scheduler-file", str(file)], **common)  # type: ignore[call-overload]
        wait_for(lambda: file.exists() and file.read_text())
        words = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(file), "--nthreads", "1"]
        worker = subprocess.Popen([*words, "--no-dashboard", "--no-nanny"], **common)  # type: ignore[call-overload]
        return int(json.loads(file.read_text())["address"].rpartition(":")[2]), [scheduler, worker]

    port, processes = start(0)
    try:
        place = Place.parse(f"tcp://127.0.0.1:{port}", 1, tmp_path / "build")
        with Farm(place, work.version(), tmp_path / "scratch") as farm:
            for entry in items:
                farm.submit(entry)
            first = wait_for(lambda: farm.next(1.0))
            for process in processes:
                process.kill()
                process.wait()
            processes = start(port)[1]
            ended = {first[0].id: first[1]}
            while farm.busy:
                if got := farm.next(1.0):
                    assert got[0].id not in ended
                    ended[got[0].id] = got[1]
        assert sorted(ended) == ["0", "1"] and all(found.how == "exit" for found in ended.values())
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.mark.parametrize(
    ("cluster", "told"),
    [
        ("mosix", "'mosix' is none of local, ssh:FILE"),
        ("local:3", "none of"),
        ("ssh", "none of"),
        ("ssh:/nosuch", "no such file"),
        ("tcp:here", "none of"),
        ("tcp://127.0.0.1:9", "no scheduler"),
        ("slurm:nosuch", "sbatch|dask-jobqueue|no scheduler|no partition"),
    ],
)
def test_clusters_that_are_none(
    cluster: str, told: str, plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cocodla.regress.cluster.CONNECT", 2)
    line = complaint("regress", plan, "--cluster", cluster, "--folder", tmp_path / "r", "--quiet")
    assert any(part in line for part in told.split("|")), line


def test_files_of_hosts(tmp_path: Path) -> None:
    file = tmp_path / "hosts.txt"
    file.write_text("# ours\na.example\nuser@b.example  # the big one\n\na.example\n")
    assert Place("ssh", str(file), 1, tmp_path).hosts() == ["a.example", "user@b.example", "a.example"]
    for text, told in (("", "no host"), ("-oProxyCommand=x", "no name of a host"), ("a b", "no name of a host")):
        file.write_text(text)
        with pytest.raises(UserError, match=told):
            Place.parse(f"ssh:{file}", 1, tmp_path)


def test_wrong_words(plan: Path, tmp_path: Path) -> None:
    own = ("--folder", tmp_path / "r")
    for words, told in (
        (["nosuch"], "no such plan"),
        ([plan, "--budget", "soon"], "--budget: 'soon' is no duration"),
        ([plan, "--since", "nosuch"], "--since: 'nosuch' is no commit"),
        ([plan, "--since", "--output=x"], "is no commit"),
        ([plan, "--junit", tmp_path / "no" / "j.xml"], "its folder does not exist"),
        (["--show"], "nothing has been run here"),
        ([plan, "--show"], "plan does not belong to it"),
        (["--show", "--resume"], "--resume does not belong to it"),
        (["--show", "--seed", "0"], "--seed does not belong to it"),
        (["--show", "--budget", "1h"], "--budget does not belong to it"),
        ([plan, "--junit", plan], "is read as well"),
        (["--resume"], "no run is unfinished"),
    ):
        assert told in complaint("regress", *words, *own)


def test_junit_never_replaces_results(tmp_path: Path) -> None:
    Store(tmp_path).close()
    (tmp_path / "run-0001.html").touch()
    for name in ("results.sqlite", "run-0001.html"):
        before = (tmp_path / name).read_bytes()
        assert "is read as well" in complaint("regress", "--show", "--folder", tmp_path, "--junit", tmp_path / name)
        assert (tmp_path / name).read_bytes() == before


def test_a_folder_that_is_none(plan: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        assert f"{folder}: is no folder" in complaint("regress", plan, "--folder", folder)
