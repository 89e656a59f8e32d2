"""Imports of cocotb that a simulation does without whose Python only waits for the end of a program.

cocotb imports all of pytest for the exception of its failures, all of asyncio for two exceptions, and what reads the
metadata of packages for its own version: more than half of what such a simulation computes before its first clock
edge. Each gets a module in its place that has what cocotb looks at, and loads the real one as soon as anything else is
asked for.
"""

from __future__ import annotations

import importlib
import logging
import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any

VARIABLE = "COCODLA_LEAN_START"
"""Of a simulation's environment: set where its Python only waits (`cocodla.runtime.rtl.WAITING`)."""


class Substitute(ModuleType):
    """Stands for the module of that name with some of its attributes; absent: those that it is known not to have."""

    def __init__(self, name: str, attributes: dict[str, object], absent: tuple[str, ...] = ()) -> None:
        super().__init__(name)
        self.__dict__.update(attributes, _absent=absent)

    def __getattr__(self, name: str) -> Any:
        if name in self._absent or (name.startswith("__") and name.endswith("__")):  # import looks for __spec__, ...
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return getattr(_real(self.__name__), name)


def substitute() -> None:
    """Put the substitutes where cocotb will look for its imports; a module that is there already stays."""
    if "asyncio" not in sys.modules and (spec := find_spec("asyncio")):
        # A package, so that its exceptions are those that the real one will have.
        asyncio = Substitute("asyncio", {"__path__": spec.submodule_search_locations})
        sys.modules["asyncio"] = asyncio
        exceptions = import_module("asyncio.exceptions")
        asyncio.__dict__.update({name: getattr(exceptions, name) for name in exceptions.__all__})
        vars(logging)["logAsyncioTasks"] = False  # else each line of the log asks it for its task (Python 3.12)
    if "pytest" not in sys.modules:
        vars(_raises)["Exception"] = import_module("_pytest.outcomes").Failed
        # pytest before 8.4 has no such matchers of exceptions: cocotb looks whether this one has.
        sys.modules["pytest"] = Substitute("pytest", {"raises": _raises}, absent=("RaisesExc", "RaisesGroup"))
    if "importlib.metadata" not in sys.modules:
        metadata = Substitute("importlib.metadata", {"version": _version})
        sys.modules["importlib.metadata"] = vars(importlib)["metadata"] = metadata


def leave_assertions() -> None:
    """Keep cocotb from importing what rewrites assertions, which it does before it looks whether any are wanted."""
    manager = import_module("cocotb.regression").RegressionManager
    manager.setup_pytest_assertion_rewriting = classmethod(lambda _: None)


def _real(name: str) -> ModuleType:
    """The module itself, imported now if a substitute is in its place."""
    if not isinstance(sys.modules.get(name), Substitute):
        return import_module(name)
    del sys.modules[name]
    spec = find_spec(name)
    assert spec and spec.loader
    sys.modules[name] = module = module_from_spec(spec)
    for full, loaded in list(sys.modules.items()):  # its parts that are there already, which import binds only once
        if full.rpartition(".")[0] == name:
            setattr(module, full.rpartition(".")[2], loaded)
    spec.loader.exec_module(module)
    package, _, part = name.rpartition(".")
    if package:
        setattr(sys.modules[package], part, module)
    return module


def _version(name: str) -> str:
    """Version of an installed package, by the name of the folder beside it that holds its metadata, if there is one."""
    spec = find_spec(name)
    for folder in Path(spec.origin).parents[1].glob(f"{name}-*.dist-info") if spec and spec.origin else ():
        return folder.name.removeprefix(f"{name}-").removesuffix(".dist-info")
    return str(_real("importlib.metadata").version(name))


def _raises(*arguments: Any, **named: Any) -> Any:
    """Stand for pytest.raises, whose attribute Exception is all that cocotb looks at."""
    return _real("pytest").raises(*arguments, **named)
