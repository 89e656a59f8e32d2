"""Folders of failures: what was run, what came of it, and the script that runs it again."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from dataclasses import asdict
from pathlib import Path

from cocodla.regress.items import Ended, Item, Judgement
from cocodla.sim.shell import command_line

MOST_BYTES = 256 << 20
"""Size of what is copied of one file or folder at most."""


def keep(folder: Path, run: int, item: Item, ended: Ended, judged: Judgement) -> Path:
    """Make the folder of a failure: item.json, result.json, stderr.txt, again.sh, and what the command has kept, where
    this host can see it.
    """
    name = re.sub(r"[^\w.=-]+", "_", item.id)[:150]
    target = folder / "failures" / f"run-{run:04}" / name
    scratch = target.with_name(f".{name}.tmp")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    values = {"item": asdict(item), "host": ended.host, "how": ended.how, "status": ended.status, "text": ended.text}
    problems = [{"unit": p.unit, "stage": p.stage, "text": p.text, "files": p.files} for p in judged.problems]
    (scratch / "item.json").write_text(json.dumps({**values, "problems": problems}, indent=1) + "\n")
    (scratch / "result.json").write_text(ended.stdout)
    (scratch / "stderr.txt").write_text(ended.stderr)
    script = scratch / "again.sh"
    lines = [
        f"# {problem.stage}: {problem.text}".replace("\n", " ")
        + f"\n{command_line(*problem.cell.words, '--seed', problem.seed, env=dict(problem.cell.env))}"
        for problem in judged.problems
    ]
    script.write_text("\n".join(["#!/bin/sh", f"cd {shlex.quote(str(Path.cwd()))} || exit", *lines]) + "\n")
    script.chmod(0o755)
    for path in {Path(file) for problem in judged.problems for file in problem.files}:
        if path.exists():  # it may be on another host
            _copy(path, scratch / path.name)
    shutil.rmtree(target, ignore_errors=True)
    scratch.rename(target)
    return target


def _copy(source: Path, target: Path) -> None:
    """Copy a file or a folder, if it is not too large."""
    sizes = [path.stat().st_size for path in ([source] if source.is_file() else source.rglob("*")) if path.is_file()]
    if sum(sizes) > MOST_BYTES:
        return
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target)
