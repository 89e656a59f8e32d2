"""What Python begins with in a simulation: cocotb's own entry points, without the garbage collector.

While cocotb and the tests are imported everything stays; the collector would look at all of it again and again, a
tenth of a second in every simulation. What is there then is never looked at again, at the end neither.
"""

from __future__ import annotations

import gc
import os

from pygpi import entry

from cocodla.sim import lean

VARIABLE = "PYGPI_USERS"
"""Of the environment: the functions that cocotb's library calls when it starts; unset: cocotb's."""
NAME = f"{__name__}:start"
"""Names `start` there."""


def start() -> None:
    """Call cocotb's entry points, then let the collector begin with what comes after them."""
    del os.environ[VARIABLE]
    gc.disable()
    try:
        if os.environ.pop(lean.VARIABLE, ""):
            lean.substitute()
            lean.leave_assertions()
        entry.load_entry()
    finally:
        gc.freeze()
        gc.enable()
