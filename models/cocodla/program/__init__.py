"""Programs: commands, their file format, readers of foreign formats, and what an execution leaves behind."""

from cocodla.program.commands import (
    CheckMemory,
    Command,
    FillMemory,
    LoadMemory,
    Mark,
    PollRegister,
    ReadRegister,
    WaitInterrupt,
    WriteRegister,
)
from cocodla.program.compare import Mismatch, compare
from cocodla.program.execution import Event, Execution, Observation
from cocodla.program.program import Program
from cocodla.program.trace import read_trace
from cocodla.program.txn import read_txn

__all__ = [
    "CheckMemory",
    "Command",
    "Event",
    "Execution",
    "FillMemory",
    "LoadMemory",
    "Mark",
    "Mismatch",
    "Observation",
    "PollRegister",
    "Program",
    "ReadRegister",
    "WaitInterrupt",
    "WriteRegister",
    "compare",
    "read_trace",
    "read_txn",
]
