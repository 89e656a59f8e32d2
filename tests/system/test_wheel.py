"""The wheel, installed in an environment of its own and used from a foreign folder."""

from __future__ import annotations

import shutil
import subprocess

import pytest

import cocodla
import try_wheel
from try_wheel import ROOT, Installed

PLACES = {"models/cocodla/": "cocodla/", "tb/cocotbext/": "cocotbext/", "": "cocodla/project/"}
"""Folder of the repository -> folder of the wheel; the first that fits."""
SIM = "icarus" if shutil.which("iverilog") else "verilator"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel of this checkout, with the packages of the running Python."""
    return try_wheel.install(tmp_path_factory.mktemp("a wheel"), borrowed=True)


def test_every_file_travels(installed: Installed) -> None:
    """What git has of RTL, benches, networks and packages is in the wheel, and nothing else is."""
    tracked = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "rtl", "tb", "models", "plans"],
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    wanted = {
        next(place + name.removeprefix(folder) for folder, place in PLACES.items() if name.startswith(folder))
        for name in tracked
        if (ROOT / name).is_file()
    }
    assert {name for name in installed.files() if ".dist-info/" not in name} == wanted


def test_commands_work_from_any_folder(installed: Installed) -> None:
    """Version, list of blocks, a bench, LeNet-5 on the RTL; what is generated is in the user's cache, nowhere else."""
    lines = installed.run("--version").splitlines()
    assert lines[0].startswith(f"cocodla {cocodla.__version__} ({installed.environment}")
    assert {"cocotb", "onnx", "onnxruntime", "Python"} <= {line.split()[0] for line in lines}
    assert "│ glb " in installed.run("sim")
    assert "passed" in installed.run("sim", "glb", "--sim", SIM, "--seed", 1, "--quiet").splitlines()[-1]
    assert "all equal" in installed.run("lenet", "--sim", SIM, "--count", 1, "--seed", 1)
    assert {path.name for path in (installed.home / "cache" / "cocodla").iterdir()} == {"junit", "lenet", "runs", "sim"}
    place = next(installed.environment.glob("lib/python*/site-packages"))
    found = {str(path.relative_to(place)) for path in (place / "cocodla").rglob("*") if path.is_file()}
    assert {name for name in found if "__pycache__" not in name} == {
        name for name in installed.files() if name.startswith("cocodla/")
    }


def test_compile_and_run(installed: Installed) -> None:
    """A network is compiled and run on the golden model by a user's own script."""
    assert "output" in installed.run("-c", try_wheel.COMPILE_AND_RUN, program="python")
