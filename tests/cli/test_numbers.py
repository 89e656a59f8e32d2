"""Seeds, counts and sizes on the command line: one rule for all commands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cocodla import cli
from cocodla.cli.base import SEED, UsageError
from cocodla.cli.model_options import COUNT
from cocodla.cli.numbers import MOST, SEEDS
from cocodla.cli.traces import ALLOWANCE

SEEDED = ("sim", "lenet", "random", "bench", "fuzz", "nets", "run", "diverge", "traces")
COUNTED = ("lenet", "random", "fuzz", "run", "accuracy", "compile", "quantize", "diverge")
NO_SEEDS = (
    "-1", "9223372036854775808", "0x8000000000000000", "1.5", "1e3", "x", "", "0b1", "1_0", "٣", "9" * 5000,
    "0x" + "f" * 99,
)  # fmt: skip


def refusal(*words: str) -> str:
    """What the command line says of an option."""
    with pytest.raises(UsageError) as caught:
        cli.app(list(words), standalone_mode=False)
    return str(caught.value.format_message())


def test_right_numbers() -> None:
    for text, value in (("0", 0), ("0x10", 16), ("0XfF", 255), ("007", 7), (str(SEEDS[1]), SEEDS[1])):
        assert SEED.parser(text) == value
    assert COUNT.parser("0x20") == 32 and COUNT.parser(str(MOST)) == MOST
    for text, value in (("1", 1), ("512M", 512 << 20), ("8g", 8 << 30), ("2 GiB", 2 << 30), ("4KB", 4096)):
        assert ALLOWANCE.parser(text) == value


@pytest.mark.parametrize("command", SEEDED)
def test_wrong_seeds(command: str) -> None:
    for text in NO_SEEDS:
        rule = r"Invalid value for '--seed': .{2,60} is not a whole number from 0 to 9223372036854775807"
        assert re.fullmatch(rule, refusal(command, f"--seed={text}")), text


@pytest.mark.parametrize("command", COUNTED)
def test_wrong_counts(command: str) -> None:
    for text in ("0", "-1", "1000000000000", "1000001", "ten"):
        assert "is not a whole number from 1 to 1000000" in refusal(command, f"--count={text}")


def test_wrong_sizes() -> None:
    for text in ("0", "-1", "4X", "1.5G", "", "99999999999T"):
        assert "is not a number of bytes" in refusal("traces", f"--memory-limit={text}")


@pytest.mark.parametrize("words", [
    ("random", "--count", "1000000000000"), ("lenet", "--seed", "-7"), ("traces", "--memory-limit", "much"),
    ("traces", "--latency", "99999999"), ("random", "--watchdog", "3000000000"), ("fuzz", "--jobs", "1000000000000"),
])  # fmt: skip
def test_one_line(words: tuple[str, ...], tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "cocodla", *words], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2 and not done.stdout
    assert re.fullmatch(rf"cocodla: Invalid value for '{words[1]}': .*\(see cocodla {words[0]} --help\)\n", done.stderr)
