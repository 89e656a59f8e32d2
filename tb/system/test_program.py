"""Chip level: HDL executes the command file of a Program; Python waits for its marks and its end."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import First, RisingEdge, ValueChange

REPORT_EVERY = 0.2  # seconds of wall time between two lines of progress


@cocotb.test()
async def run_program(dut: Any) -> None:
    """Run to the end of the program (the HDL watchdog ends one that hangs); the results file is judged outside."""
    done, moved = RisingEdge(dut.done), ValueChange(dut.position)
    reported = time.monotonic()
    while dut.done.value != 1:
        await First(done, moved)
        if time.monotonic() - reported > REPORT_EVERY:
            reported = time.monotonic()
            sys.stdout.write(f"@progress {int(dut.position.value)}\n")
            sys.stdout.flush()
    Path("usage.json").write_text(json.dumps({"cpu_seconds": time.process_time()}), encoding="utf-8")
