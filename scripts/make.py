"""What every target of the Makefile runs: checks the variables, makes the project ready, runs the target's commands.

Variables come through the environment, as make exports them, and COCODLA_GIVEN names those of make's command line:
these must belong to a target that is made. Others of the environment that no target takes are none of ours.

The exit status is that of the first command that fails, 2 for a wrong variable. (make itself then ends with 2 and
prints the number: "make: *** [Makefile:41: sim] Error 1".)
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import make_targets as targets

ROOT = Path(__file__).resolve().parent.parent
SHELL = "COCODLA_SHELL"
"""What was given as SHELL on make's command line: SHELL of the environment is the user's, and no variable of ours."""
MAKE = (SHELL, "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "COCODLA_GIVEN", "COCODLA_GOALS")
"""What make leaves in the environment of a recipe: none of it is for the commands."""


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """The environment of the commands: with the places of what is generated, without the variables that are options."""
    every = {name for target in targets.COMMANDS for name in targets.variables(target)}
    own = {*MAKE, *every} - {*targets.DUT, "UNPINNED", "SHELL"}
    env = {name: text for name, text in given.items() if name not in own}
    if build := given.get("BUILD"):
        env["COCODLA_BUILD"] = build
    # A checkout that cannot be written to keeps its Python in BUILD, too; without one, bootstrap says what to do.
    env["VENV"] = ".venv" if os.access(ROOT, os.W_OK) else os.path.join(build, "venv") if build else ""  # noqa: PTH118
    env["PYTHONUNBUFFERED"] = "1"
    return env


def keeping_bytecode(env: Mapping[str, str]) -> dict[str, str]:
    """The environment of the project's own Python. Who wants no bytecode beside the sources gets it with all else that
    is generated: compiling anew takes a third of what a short command does. pip keeps that of packages beside them."""
    kept = dict(env)
    if kept.pop("PYTHONDONTWRITEBYTECODE", ""):
        build = Path(kept.get("COCODLA_BUILD") or ROOT / "build").resolve()
        kept.setdefault("PYTHONPYCACHEPREFIX", str(build / "bytecode"))
    return kept


def run(target: str, given: Mapping[str, str]) -> int:
    """Make a target; returns the exit status."""
    goals = given.get("COCODLA_GOALS", "").split() or [target]
    targets.check_names(given.get("COCODLA_GIVEN", "").split(), goals)
    targets.check_values(given)
    typed = {**given, "SHELL": given.get(SHELL, "")}
    lines = [command.line(typed) for command in targets.COMMANDS[target]]
    env = environment(given)
    programs = {
        targets.PYTHON: str(ROOT / env["VENV"] / "bin" / "python"),
        targets.SYSTEM_PYTHON: sys.executable,
    }
    if targets.needs_environment(target):
        lines.insert(0, [targets.SYSTEM_PYTHON, "scripts/bootstrap.py"])
    for line in lines:
        given_env = keeping_bytecode(env) if line[0] == targets.PYTHON else env
        if status := wait([programs[line[0]], *line[1:]], given_env):
            return status
    return 0


def wait(words: list[str], env: Mapping[str, str]) -> int:
    """Run a program to its end; returns its status. Signals that end it are for it, and its last words waited for.

    SIGINT is not passed on: a terminal sends it to all.
    """
    with subprocess.Popen(words, cwd=ROOT, env=env) as process:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            if signal.getsignal(number) != signal.SIG_IGN:  # as under nohup
                signal.signal(number, lambda number, _: number == signal.SIGINT or process.send_signal(number))
        status = process.wait()
    return status if status >= 0 else 128 - status


def main() -> None:
    try:
        sys.exit(run(sys.argv[1], os.environ))
    except targets.WrongVariable as error:
        print(f"make: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
