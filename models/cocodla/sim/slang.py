"""Elaboration by slang, the strictest free front end: what it refuses, some tool of a user refuses, too."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path


def installed() -> bool:
    """Whether pyslang is there: only development needs it."""
    return importlib.util.find_spec("pyslang") is not None


def messages(
    top: str, files: Sequence[Path], defines: Sequence[str] = (), parameters: Mapping[str, object] | None = None
) -> str:
    """Errors and warnings of slang on a design, with no option that relaxes a rule; empty when it has none."""
    from pyslang import TextDiagnosticClient
    from pyslang.driver import Driver

    driver = Driver()
    driver.addStandardArgs()
    words = ["slang", "--top", top, "-Wextra", "--timescale", "1ns/1ps"]
    words += [f"-D{name}" for name in defines]
    words += [f"-G{name}={value}" for name, value in (parameters or {}).items()]
    words += [f'"{path}"' for path in files]
    client = TextDiagnosticClient()
    driver.diagEngine.clearClients()
    driver.diagEngine.addClient(client)
    if driver.parseCommandLine(" ".join(words)) and driver.processOptions():
        driver.parseAllSources()
        compilation = driver.createCompilation()
        driver.reportCompilation(compilation, True)
        driver.runAnalysis(compilation)
    return str(client.getString()).strip()
