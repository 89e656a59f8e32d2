"""Does GTKWave show all that the files beside a dump name? Needs gtkwave and xvfb (Debian).

python scripts/try_viewers.py DUMP ... [--to FOLDER]

Writes the files of each dump (cocodla waves view), opens them in a GTKWave without a screen, compares the rows it has
with those of the save file, and leaves a picture of its window, NAME.png, in FOLDER (default: build/viewers) to be
looked at. Status 1 if a row is missing.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from cocodla.sim import project
from cocodla.waves.interfaces import load_description, own_file
from cocodla.waves.viewer.beside import write_view

TOOLS = ("gtkwave", "xvfb-run")
_SCRIPT = """
set count [ gtkwave::getTotalNumTraces ]
for {set n 0} {$n < $count} {incr n} { puts "ROW [ gtkwave::getTraceNameFromIndex $n ]" }
gtkwave::/File/Grab_To_File "%s"
exit
"""
_SCREEN = "-screen 0 1600x1000x24"


def rows_of(save: str) -> list[str]:
    """What the rows of a save file are called: headings, aliases, and names of several signals together."""
    found = []
    for line in save.splitlines():
        if match := re.match(r"[+#]\{(.*?)\} ", line):
            found.append(match[1])
        elif line.startswith("-"):
            found.append(line[1:])
    return found


def shown_by_gtkwave(save: Path, picture: Path) -> list[str]:
    """The rows that GTKWave has of a save file; a picture of its window is left behind."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "rows.tcl")
        script.write_text(_SCRIPT % picture)
        env = {**os.environ, "HOME": folder}  # no settings of the user's
        command = ["xvfb-run", "-a", "-s", _SCREEN, "gtkwave", "-S", str(script), str(save)]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
    if done.returncode:
        sys.exit(f"{save}: GTKWave ended with status {done.returncode}: {done.stderr.strip()[:300]}")
    return re.findall(r"^ROW (.*)$", done.stdout, re.MULTILINE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dumps", nargs="+", type=Path, metavar="DUMP")
    parser.add_argument("--to", type=Path, default=project.build() / "viewers", metavar="FOLDER")
    given = parser.parse_args()
    if absent := [tool for tool in TOOLS if not shutil.which(tool)]:
        sys.exit(f"{absent[0]} is not installed (Debian: apt-get install gtkwave xvfb xauth)")
    given.to.mkdir(parents=True, exist_ok=True)
    failed = False
    for dump in given.dumps:
        save, _ = write_view(dump, load_description(own_file()))
        picture = (given.to / f"{dump.stem}.png").resolve()
        wanted, got = rows_of(save.read_text(encoding="utf-8")), shown_by_gtkwave(save, picture)
        missing = sorted(set(wanted) - set(got))
        print(f"{save.name}: {len(got)} of {len(wanted)} rows; picture in {picture}")
        for row in missing[:10]:
            print(f"  missing: {row}")
        failed |= bool(missing) or len(got) != len(wanted)
    if failed:
        sys.exit(1)


if __name__ == "__main__":
    main()
