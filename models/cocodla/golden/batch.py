"""Many images through one program: the Device with a batch axis, in chunks, on several threads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import threadpool_limits

from cocodla.errors import UserError
from cocodla.formats.feature import ByteArray
from cocodla.golden.device import Device
from cocodla.golden.run import step
from cocodla.program.commands import CheckMemory, Command, LoadMemory
from cocodla.program.execution import Execution
from cocodla.program.program import Program

CHUNK = 256
"""Images that go through the layers together: enough to hide Python, few enough for the caches."""


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
    memory are not checked, all others are (UserError for the first that fails).
    """
    counts = {data.shape[0] for data in inputs.values()}
    if len(counts) != 1:
        raise UserError("a batch needs inputs, all for the same number of images")
    count = counts.pop()
    missing = set(inputs) - {c.address for c in program if isinstance(c, LoadMemory)}
    if missing:
        raise UserError(f"the program loads nothing at {min(missing):#x}, the address of a batched input")
    threads = workers or len(os.sched_getaffinity(0))
    chunk = max(1, min(chunk, -(-count // threads)))
    starts = range(0, count, chunk)

    def one(first: int) -> dict[str, ByteArray]:
        part = {address: np.ascontiguousarray(data[first : first + chunk]) for address, data in inputs.items()}
        return _run_chunk(program, part, min(chunk, count - first))

    # one BLAS thread for each of ours: nested thread pools halve the speed
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as pool:
        results = list(pool.map(one, starts))
    return {name: np.concatenate([result[name] for result in results]) for name in results[0]} if results else {}


def _run_chunk(program: Program, inputs: Mapping[int, ByteArray], count: int) -> dict[str, ByteArray]:
    device = Device(batch=count)
    outputs: dict[str, ByteArray] = {}
    execution = Execution("golden")
    for index, command in enumerate(program.commands):
        _batch_step(device, command, index, inputs, outputs, execution)
        if execution.failures:
            raise UserError(execution.failures[0])
    return outputs


def _batch_step(
    device: Device,
    command: Command,
    index: int,
    inputs: Mapping[int, ByteArray],
    outputs: dict[str, ByteArray],
    execution: Execution,
) -> None:
    if isinstance(command, CheckMemory):
        data = device.read_memory(command.address, command.length)
        outputs[command.name] = np.broadcast_to(data, (device.batch, command.length))
    elif isinstance(command, LoadMemory) and command.address in inputs:
        data = inputs[command.address]
        if len(command.data) > data.shape[1]:
            raise UserError(f"command {index} loads {len(command.data)} bytes, the batched input has {data.shape[1]}")
        device.load_memory(command.address, data)
    else:
        try:
            step(device, command, index, execution)
        except UserError as error:
            raise type(error)(f"command {index} ({type(command).__name__}): {error}") from None
