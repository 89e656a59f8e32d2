"""The commands of the documentation: README and tutorial run as they stand, all others name what there is.

The slow ones are run by scripts/try_commands.py.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer.main

import make_targets
import try_commands
from cocodla import cli
from cocodla.sim import project

QUICK = [command for command, how in try_commands.COMMANDS.items() if how == try_commands.QUICK]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return try_commands.make_checkout(tmp_path_factory.mktemp("user"))


def test_every_command_is_known() -> None:
    """Each command of the pages is run, now or by the script, or has a reason; and none is left over."""
    assert sorted(try_commands.documented()) == sorted(try_commands.COMMANDS)


@pytest.mark.parametrize("command", QUICK)
def test_quick_commands_run(command: str, checkout: Path) -> None:
    done = try_commands.run(command, checkout)
    assert done.returncode == 0, done.stdout


PAGES = [project.root() / "README.md", *sorted((project.root() / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_name_what_there_is(page: Path) -> None:
    """Targets and variables of make, commands and options of cocodla, in any page."""
    known = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
    for span, line in re.findall(r"`([^`\n]+)`|^    (?:\$ )?(.+)$", page.read_text(encoding="utf-8"), re.MULTILINE):
        for text in re.split(r"&&|;|\|", re.sub(r"\s#.*", "", span or line)):
            if not re.match(r"\s*(?:[A-Z_]+=\S+ )*(?:make|cocodla) ", text):
                continue
            words = [word for word in shlex.split(text) if word != "..."]
            while "=" in words[0]:
                words.pop(0)
            if words[0] == "make":
                _check_make(words[1:], text)
            elif len(words) > 1 and words[1][0] != "-" and not words[1].isupper():
                named = known[words[1]]
                if len(words) > 2 and words[2] in getattr(named, "commands", {}):
                    named = named.commands[words[2]]
                options = {name for option in named.params for name in (*option.opts, *option.secondary_opts)}
                used = {word.partition("=")[0] for word in words if word.startswith("-")}
                assert used <= {*options, "-h", "--help"}, text


def _check_make(words: list[str], text: str) -> None:
    goals = [word for word in words if re.fullmatch(r"[a-z]+", word)]
    given = [word.partition("=")[0] for word in words if re.match(r"[A-Z_]+=", word)]
    assert set(goals) <= set(make_targets.COMMANDS), text
    if goals:
        make_targets.check_names(given, goals)
