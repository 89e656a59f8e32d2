"""Keeps the coverage of each test of a run apart. cocotb loads this module before those of the tests.

It works on Verilator's models whose main program is tb/hdl/sim_coverage.cpp. With the environment variable
COCOTBEXT_DLA_COVERAGE=folder each test begins with counts of 0 and leaves folder/NUMBER.dat, Verilator's coverage data;
folder/tests.txt has a line for each: the number, a tab, the test's module.name.
"""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cocotb.regression import RegressionManager, Test

FOLDER = "COCOTBEXT_DLA_COVERAGE"
INDEX = "tests.txt"


class Recorder:
    """Writes what each test reached into `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.count = folder, 0
        program = ctypes.CDLL(None)
        self._begin, self._write = program.dla_coverage_begin, program.dla_coverage_write
        folder.mkdir(parents=True, exist_ok=True)

    def around(self, test: Test) -> None:
        """Have the function of a test count from 0, and write what it reached, however it ends."""
        inner: Callable[..., Any] = test.func

        @functools.wraps(inner)
        async def counted(*args: Any, **kwargs: Any) -> None:
            self._begin()
            try:
                await inner(*args, **kwargs)
            finally:
                self._keep(test.fullname)

        test.func = counted

    def _keep(self, name: str) -> None:
        self._write(os.fsencode(self.folder / f"{self.count}.dat"))
        with (self.folder / INDEX).open("a", encoding="utf-8") as file:
            file.write(f"{self.count}\t{name}\n")
        self.count += 1


def install(recorder: Recorder) -> None:
    """Wrap every test that is registered from now on."""
    register = RegressionManager.register_test

    def registered(manager: RegressionManager, test: Test) -> None:
        recorder.around(test)
        register(manager, test)

    RegressionManager.register_test = registered  # type: ignore[method-assign, assignment]


if folder := os.environ.get(FOLDER):
    install(Recorder(Path(folder)))
