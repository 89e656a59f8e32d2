"""Reusable cocotb agents for an nv_small accelerator and its units. Imports no package of the project.

Convention of every agent: outputs are driven after a rising clock edge; inputs are sampled at the falling
edge, where both Verilator (edges fire after values have settled) and Icarus (before) show the values that
the design will see at the next rising edge. A transfer sampled at a falling edge happens at that next edge.
"""

from cocotbext.dla.apb import ApbDriver
from cocotbext.dla.axi import AxiMemory, AxiTiming
from cocotbext.dla.bench import ICARUS, repeats, reset, start_clock, within
from cocotbext.dla.checks import ProtocolError, Report, fail
from cocotbext.dla.csb import CsbDriver, CsbMonitor, CsbRequest, CsbTransaction
from cocotbext.dla.dbb import DbbMemory, DbbTiming, OnReset
from cocotbext.dla.dma import ReadResponder, WriteAcceptor
from cocotbext.dla.interrupt import InterruptMonitor
from cocotbext.dla.memory import SparseMemory, Unwritten
from cocotbext.dla.mismatch import (
    Cube,
    Mismatch,
    described,
    expect,
    expect_beats,
    expect_bytes,
    expect_lanes,
    expect_range,
    explained,
    hexadecimal,
    require,
)
from cocotbext.dla.regbus import RegisterBus
from cocotbext.dla.stalls import Stall, bursts, every, never, random_stalls, some_stalls, steps
from cocotbext.dla.stream import StreamChecker, StreamMonitor, StreamSink, StreamSource
from cocotbext.dla.watchdog import Hang, hang

__all__ = [
    "ICARUS",
    "ApbDriver",
    "AxiMemory",
    "AxiTiming",
    "CsbDriver",
    "CsbMonitor",
    "CsbRequest",
    "CsbTransaction",
    "Cube",
    "DbbMemory",
    "DbbTiming",
    "Hang",
    "InterruptMonitor",
    "Mismatch",
    "OnReset",
    "ProtocolError",
    "ReadResponder",
    "RegisterBus",
    "Report",
    "SparseMemory",
    "Stall",
    "StreamChecker",
    "StreamMonitor",
    "StreamSink",
    "StreamSource",
    "Unwritten",
    "WriteAcceptor",
    "bursts",
    "described",
    "every",
    "expect",
    "expect_beats",
    "expect_bytes",
    "expect_lanes",
    "expect_range",
    "explained",
    "fail",
    "hang",
    "hexadecimal",
    "never",
    "random_stalls",
    "repeats",
    "require",
    "reset",
    "some_stalls",
    "start_clock",
    "steps",
    "within",
]
