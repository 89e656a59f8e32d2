"""What stands behind the bridge: a CSB of words with its delays, losses and resets, and the registers of the shell."""

from __future__ import annotations

from collections import deque
from random import Random
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from cocotbext.dla import Stall, StreamChecker, never
from cocotbext.dla.pins import Output, high, number


class Words:
    """A slave of words behind a request stream with answers in order: CSB, or the port `reg`.

    silent: requests are taken, no answer comes. delay: cycles to an answer, up to that. `log`: (write, address,
    data) of what was taken.
    """

    def __init__(self, dut: Any, kind: str, rng: Random, delay: int = 5, stall: Stall = never) -> None:
        self.dut, self.rng, self.delay, self.stall, self.kind = dut, rng, delay, stall, kind
        self.words: dict[int, int] = {}
        self.log: list[tuple[bool, int, int]] = []
        self.silent = False
        self.refuse = False
        self._pending: deque[tuple[int, bool, int]] = deque()
        self._cycle = 0
        csb = kind == "csb"
        prefix = "csb2nvdla" if csb else "reg"
        fields = ["addr", "wdat", "write", "nposted"] if csb else ["addr", "wdata", "write"]
        self._pins = {name: getattr(dut, f"{prefix}_{name}") for name in ("valid", *fields)}
        self._ready = Output(getattr(dut, f"{prefix}_ready"))
        answer = ("nvdla2csb_valid", "nvdla2csb_data") if csb else ("reg_rsp_valid", "reg_rsp_data")
        self._valid, self._data = (Output(getattr(dut, name)) for name in answer)
        self._complete = Output(dut.nvdla2csb_wr_complete) if csb else None
        self.checker = StreamChecker(dut, prefix, dut.clk, fields, dut.csb_rst_n if csb else dut.rst_n)
        cocotb.start_soon(self._run())
        if csb:
            cocotb.start_soon(self._reset_at_once())

    async def _reset_at_once(self) -> None:
        while True:
            await FallingEdge(self.dut.csb_rst_n)
            self._pending.clear()
            self._ready.drive(0)
            self._answer()

    @property
    def owed(self) -> int:
        """Answers that are to come."""
        return len(self._pending)

    async def _run(self) -> None:
        while True:
            await FallingEdge(self.dut.clk)
            self._cycle += 1
            up = high(self.dut.rst_n) and (self.kind != "csb" or high(self.dut.csb_rst_n))
            if not up:
                self._pending.clear()
            elif high(self._pins["valid"]) and self._ready._value:
                self._take()
            await RisingEdge(self.dut.clk)
            self._ready.drive(up and not self.refuse and not self.stall())
            self._answer()

    def _take(self) -> None:
        csb = self.kind == "csb"
        write, address = high(self._pins["write"]), number(self._pins["addr"])
        data = number(self._pins["wdat" if csb else "wdata"])
        self.log.append((write, address, data if write else 0))
        if write:
            self.words[address] = data
        if write and csb and not high(self._pins["nposted"]):
            return
        due = self._cycle + self.rng.randint(1, self.delay)
        self._pending.append((due, write, 0 if write else self.words.get(address, 0)))

    def _answer(self) -> None:
        due = bool(self._pending) and self._pending[0][0] <= self._cycle and not self.silent
        _, write, data = self._pending.popleft() if due else (0, False, 0)
        complete = write and self._complete is not None
        self._valid.drive(due and not complete)
        if self._complete:
            self._complete.drive(due and complete)
        if due and not complete:
            self._data.drive(data)
