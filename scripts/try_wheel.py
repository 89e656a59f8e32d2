"""Build the wheel, install it into a fresh environment, and use it from a folder that has nothing to do with it.

python scripts/try_wheel.py              everything from the package index, LeNet-5 on the RTL: minutes
python scripts/try_wheel.py --borrowed   the packages of this environment: tests/system/test_wheel.py does it so
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Installed:
    """An environment that holds the wheel. home: its user's home, cache and working folder."""

    environment: Path
    wheel: Path
    home: Path

    def run(self, *words: object, program: str = "cocodla") -> str:
        """Output of a command of the environment, run in `home`; CalledProcessError where its status is not 0."""
        keep = {
            name: value for name, value in os.environ.items() if not name.startswith(("COCODLA_", "PYTHON", "DUT_"))
        }
        env = keep | {"HOME": str(self.home), "XDG_CACHE_HOME": str(self.home / "cache")}
        command = [str(self.environment / "bin" / program), *map(str, words)]
        done = subprocess.run(command, cwd=self.home, env=env, stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout

    def files(self) -> list[str]:
        """Names of the files in the wheel."""
        with zipfile.ZipFile(self.wheel) as archive:
            return archive.namelist()


def install(folder: Path, borrowed: bool) -> Installed:
    """Build the wheel and install it in folder/environment.

    borrowed: nothing is downloaded, packages are those of the running Python. Its own cocodla is not among them if
    it is an editable one: the file that puts a checkout on the path counts in its own folder only.
    """
    environment, home = folder / "environment", folder / "home"
    home.mkdir()
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    alone = ["--no-deps", "--no-build-isolation"] if borrowed else ["--no-deps"]
    subprocess.run([*pip, "wheel", "-q", *alone, "-w", str(folder), str(ROOT)], check=True)
    wheel = next(folder.glob("cocodla-*.whl"))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    if borrowed:
        own = next(environment.glob("lib/python*/site-packages"))
        (own / "borrowed.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    into = ["--python", str(environment / "bin" / "python"), "install", "-q", str(wheel)]
    subprocess.run([*pip, *into, *(["--no-deps"] if borrowed else [])], check=True)
    return Installed(environment, wheel, home)


COMPILE_AND_RUN = """\
import subprocess, sys
import numpy as np
from cocodla import datasets, zoo
np.save("digits.npy", datasets.sklearn_digits()[0][:50])
for words in (
    ["compile", zoo.FOLDER / "lenet5.onnx", "--calib", "digits.npy", "--pixel-scale", 1 / 255, "--effort", "fast",
     "-o", "net.dla"],
    ["run", "net.dla", "--input", "digits.npy", "--count", 5],
):
    subprocess.run([sys.executable, "-m", "cocodla", *map(str, words)], check=True)
"""
"""A user's script: compile a network and run it on the golden model."""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        installed = install(Path(folder), borrowed="--borrowed" in sys.argv)
        print(installed.run("--version"))
        print(installed.run("sim", "glb", "--quiet"))
        print(installed.run("-c", COMPILE_AND_RUN, program="python"))
        print(installed.run("lenet"))


if __name__ == "__main__":
    main()
