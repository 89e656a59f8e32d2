"""Many images through the same register program at once.

The control of a program (registers, order of layers, rules) is the same for every image. So one image goes through
the Device, which notes what it does to its memory; all images then go through these steps in chunks, as a batch axis
of the memory (memory.py). Chunks run in parallel: numpy releases the interpreter lock in its kernels.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache

import numpy as np
from threadpoolctl import ThreadpoolController

from cocodla.errors import UserError
from cocodla.formats.feature import ByteArray
from cocodla.golden.cbuf import Cbuf
from cocodla.golden.device import Device
from cocodla.golden.fusion import join_depthwise
from cocodla.golden.memory import Memory
from cocodla.golden.run import step as execute
from cocodla.golden.work import Counters, SdpWork, Work
from cocodla.program.commands import CheckMemory, Command, LoadMemory
from cocodla.program.execution import Execution
from cocodla.program.program import Program

CHUNK = 256
"""Images that go through the layers together: enough to hide Python, few enough for the caches."""

SHARE = 1 << 25
"""Least results of SDP for each thread when one chunk would do: with fewer, threads cost more than they gain."""


@dataclass(frozen=True)
class Load:
    """The host stores bytes (1, length), or the batched input of that address."""

    address: int
    data: ByteArray
    batched: bool


@dataclass(frozen=True)
class Fill:
    """The host fills memory."""

    address: int
    length: int
    value: int


@dataclass(frozen=True)
class Check:
    """The host reads an output."""

    address: int
    length: int
    name: str


class Recorder(Device):
    """A Device that notes what happens to its memory, in the order in which it does."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Load | Fill | Check | Work] = []

    def load_memory(self, address: int, data: ByteArray, batched: bool = False) -> None:
        super().load_memory(address, data)
        self.steps.append(Load(address, data, batched))

    def fill_memory(self, address: int, length: int, value: int) -> None:
        super().fill_memory(address, length, value)
        self.steps.append(Fill(address, length, value))

    def compute(self, work: Work) -> Counters:
        self.steps.append(work)
        return super().compute(work)


class Batch:
    """A one-image program whose control has been followed with one image; `run` is for any number of them."""

    def __init__(self, program: Program, first: Mapping[int, ByteArray]) -> None:
        """first: address -> (1, length) bytes in place of what the program loads there.

        UserError for an address that is not that of a LoadMemory command with at most `length` bytes, for a broken rule
        and for an expectation of the program that fails, except those about memory.
        """
        missing = set(first) - {c.address for c in program if isinstance(c, LoadMemory)}
        if missing:
            raise UserError(f"the program loads nothing at {min(missing):#x}, the address of a batched input")
        self._lengths = {address: data.shape[1] for address, data in first.items()}
        recorder, execution = Recorder(), Execution("golden")
        with _single_threaded():
            for index, command in enumerate(program.commands):
                _record(recorder, command, index, first, execution)
                if execution.failures:
                    raise UserError(execution.failures[0])
        self.steps = join_depthwise(recorder.steps, recorder.memory)
        made = (step.config for step in self.steps if isinstance(step, SdpWork))
        self._results = sum(config.width * config.height * config.channels for config in made)

    def run(
        self, inputs: Mapping[int, ByteArray], chunk: int = CHUNK, workers: int | None = None
    ) -> dict[str, ByteArray]:
        """The bytes (N, length) of every CheckMemory by name, for inputs of N images by address."""
        count = _count(inputs)
        if {address: data.shape[1] for address, data in inputs.items()} != self._lengths:
            raise UserError("a batch needs inputs at the addresses and of the lengths it was recorded with")
        threads = workers or len(os.sched_getaffinity(0))
        parts = threads if workers or count > chunk else max(1, min(threads, count * self._results // SHARE))
        chunk = max(1, min(chunk, -(-count // parts)))

        def one(first: int) -> dict[str, ByteArray]:
            part = {address: np.ascontiguousarray(data[first : first + chunk]) for address, data in inputs.items()}
            return self._run_chunk(part, min(chunk, count - first))

        with _single_threaded():
            if count <= chunk:
                return one(0) if count else {}
            with ThreadPoolExecutor(threads) as pool:
                results = list(pool.map(one, range(0, count, chunk)))
        return {name: np.concatenate([result[name] for result in results]) for name in results[0]}

    def _run_chunk(self, inputs: Mapping[int, ByteArray], count: int) -> dict[str, ByteArray]:
        memory, cbuf = Memory(count), Cbuf()
        outputs: dict[str, ByteArray] = {}
        for step in self.steps:
            match step:
                case Load(address, data, batched):
                    memory.write(address, inputs[address] if batched else data)
                case Fill(address, length, value):
                    memory.fill(address, length, value)
                case Check(address, length, name):
                    outputs[name] = np.broadcast_to(memory.read(address, length), (count, length))
                case _:
                    step.run(memory, cbuf, counted=False)
        return outputs


def run_batch(
    program: Program,
    inputs: Mapping[int, ByteArray],
    chunk: int = CHUNK,
    workers: int | None = None,
) -> dict[str, ByteArray]:
    """Run a one-image program for N images; bit-exact with N runs of it.

    inputs: address -> (N, length) bytes, stored in place of what the program loads at that address
    (the address must be that of a LoadMemory command, with at most `length` bytes).
    Returns the bytes of every CheckMemory by name, (N, length); expectations of the program about
    memory are not checked, all others are, with the first image (UserError for the first that fails).
    """
    if _count(inputs) == 0:
        return {}
    return Batch(program, {address: data[:1] for address, data in inputs.items()}).run(inputs, chunk, workers)


def _count(inputs: Mapping[int, ByteArray]) -> int:
    counts = {data.shape[0] for data in inputs.values()}
    if len(counts) != 1:
        raise UserError("a batch needs inputs, all for the same number of images")
    return counts.pop()


@cache
def _thread_pools() -> ThreadpoolController:
    return ThreadpoolController()


def _single_threaded() -> AbstractContextManager[object]:
    """One BLAS thread for each of ours: nested thread pools halve the speed, and threads that find no free processor
    wait in loops, which takes twice the time of one.
    """
    return _thread_pools().limit(limits=1, user_api="blas")


def _record(
    recorder: Recorder, command: Command, index: int, first: Mapping[int, ByteArray], execution: Execution
) -> None:
    if isinstance(command, LoadMemory) and command.address in first:
        data = first[command.address]
        if len(command.data) > data.shape[1]:
            raise UserError(f"command {index} loads {len(command.data)} bytes, the batched input has {data.shape[1]}")
        recorder.load_memory(command.address, data, batched=True)
        return
    try:
        if isinstance(command, CheckMemory):
            recorder.read_memory(command.address, command.length)
            recorder.steps.append(Check(command.address, command.length, command.name))
        else:
            execute(recorder, command, index, execution)
    except UserError as error:
        raise type(error)(f"command {index} ({type(command).__name__}): {error}") from None
