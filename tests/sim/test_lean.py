"""Simulations whose Python only waits start without pytest, asyncio and the like (cocodla.sim.lean)."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version

import pytest

from cocodla import datasets, zoo
from cocodla.runtime import rtl
from cocodla.sim import project

START = """
import sys
from cocodla.sim import lean
lean.substitute()
lean.leave_assertions()
import cocotb.regression
"""


def python(text: str) -> str:
    """What a Python of its own prints that begins as a simulation does."""
    command = [sys.executable, "-c", START + text]
    env = {"PYTHONPATH": str(project.root() / "models")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_cocotb_is_there_and_the_others_are_not() -> None:
    text = "print([n for n in ('_pytest.config', 'asyncio.events', 'email.message', 'pdb') if n in sys.modules])"
    assert python(text).strip() == "['pdb']"
    assert python("print(cocotb.__version__)").strip() == version("cocotb")


def test_asyncio_is_loaded_when_it_is_asked_for() -> None:
    text = """
import asyncio
from cocotb.task import CancelledError
async def seven(): return 7
print(asyncio.run(seven()), asyncio.CancelledError is CancelledError, sys.modules["asyncio"].__spec__.name)
"""
    assert python(text).split() == ["7", "True", "asyncio"]


def test_pytest_is_loaded_when_it_is_asked_for() -> None:
    text = """
import pytest
from cocotb.regression import _TestFailures
with pytest.raises(ZeroDivisionError):
    1 / 0
try:
    with pytest.raises(ValueError): pass
except _TestFailures as error:
    print(error)
from pytest import approx, RaisesExc
print(1 == approx(1), sys.modules["pytest"].__spec__.name, RaisesExc.__name__)
"""
    assert python(text).splitlines() == ["DID NOT RAISE ValueError", "True pytest RaisesExc"]


def test_metadata_are_loaded_when_they_are_asked_for() -> None:
    text = """
import importlib.metadata
from importlib.metadata import metadata
print(metadata("cocotb")["Name"], importlib.metadata.version("pytest"), importlib.metadata.__spec__.name)
"""
    assert python(text).split() == ["cocotb", version("pytest"), "importlib.metadata"]


def test_what_is_imported_already_stays() -> None:
    text = "import asyncio; asyncio.run; lean.substitute(); print(sys.modules['asyncio'].__spec__.name)"
    assert python(text).strip() == "asyncio"


def test_programs_start_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was imported, told by Python itself in the log of a run."""
    monkeypatch.setenv("PYTHONVERBOSE", "1")
    pictures, _ = datasets.sklearn_digits()
    done = rtl.run(zoo.lenet5().program(pictures[:1]), rtl.Simulation(seed=1, run_name="lean"))
    assert not done.failures, done.failures
    log = max(project.build().glob("runs/lean-*/sim.log"), key=lambda path: path.stat().st_mtime)
    imported = set(re.findall(r"^import '([\w.]+)'", log.read_text(encoding="utf-8", errors="replace"), re.MULTILINE))
    assert "cocotb.regression" in imported
    assert not imported & {"_pytest.config", "asyncio.events", "email.message"}
