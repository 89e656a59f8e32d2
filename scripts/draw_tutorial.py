"""Make the timing diagrams of docs/tutorial.md: run its `cocodla waves draw` commands on the waveforms it names.

python scripts/draw_tutorial.py [FOLDER]     default: docs/pictures
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
TUTORIAL = ROOT / "docs" / "tutorial.md"
RUNS = {
    "lenet.fst": ("lenet", "--count", "2", "--seed", "1", "--waves"),
    "mcif.fst": ("sim", "mcif", "--test", "test_random", "--seed", "1", "--waves"),
}
"""How each waveform is recorded; the same as the `make` commands of the page."""


def commands() -> list[list[str]]:
    """The words of each command of the page, behind `cocodla`."""
    found = re.findall(r"^    cocodla (waves draw .*)$", TUTORIAL.read_text(encoding="utf-8"), re.MULTILINE)
    return [shlex.split(line) for line in found]


def draw(folder: Path) -> list[Path]:
    """Record the waveforms and make all pictures in `folder`."""
    dumps = {name: _record(words) for name, words in RUNS.items()}
    made = []
    for words in commands():
        target = folder / words[words.index("-o") + 1]
        words[words.index("-o") + 1] = str(target)
        _run([str(dumps[word]) if word in dumps else word for word in words])
        made.append(target)
    return made


def _record(words: tuple[str, ...]) -> Path:
    """The waveform that a command leaves."""
    return Path(re.findall(r"^waves in (.*)$", _run(words), re.MULTILINE)[-1])


def _run(words: tuple[str, ...] | list[str]) -> str:
    env = {name: text for name, text in os.environ.items() if name not in ("DUT_FILELIST", "DUT_PARAMETERS")}
    done = subprocess.run([sys.executable, "-m", "cocodla", *words], env=env, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"cocodla {shlex.join(words)}: {done.stderr or done.stdout}")
    return done.stdout


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    target.mkdir(parents=True, exist_ok=True)
    for picture in draw(target):
        print(picture)
