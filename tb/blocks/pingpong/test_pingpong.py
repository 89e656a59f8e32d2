"""Group control, cycle by cycle against the rules of system.md section 5."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from cocotbext.dla import expect, reset, start_clock
from cocotbext.dla.pins import number

INPUTS = ("pointer_write", "op_en_write", "wdata", "done")


class Model:
    """The rules, one call of `clock` a cycle."""

    def __init__(self) -> None:
        self.producer = self.consumer = 0
        self.enabled = [0, 0]
        self.after_done = False

    def outputs(self, op_en_write: int, wdata: int, done: int) -> dict[str, int]:
        """What the outputs show while these inputs are applied."""
        state = [(1 if self.consumer == g else 2) if self.enabled[g] else 0 for g in (0, 1)]
        start = op_en_write and wdata and not self.enabled[self.producer]
        return {
            "op_en": int(self.enabled[self.consumer] and not done and not self.after_done),
            "consumer": self.consumer,
            "producer": self.producer,
            "writable": 3 & ~(self.enabled[0] | self.enabled[1] << 1),
            "started": 1 << self.producer if start else 0,
            "status": state[0] | state[1] << 16,
            "op_en_read": self.enabled[self.producer],
            "settling": int(done or self.after_done),
        }

    def clock(self, pointer_write: int, op_en_write: int, wdata: int, done: int) -> None:
        """One clock edge."""
        if op_en_write and wdata and not self.enabled[self.producer]:
            self.enabled[self.producer] = 1  # a done in this cycle is of another group: this one was not enabled
        if done:
            self.enabled[self.consumer] = 0
            self.consumer ^= 1
        if pointer_write:
            self.producer = wdata
        self.after_done = bool(done)


async def begin(dut: Any) -> Model:
    """Clock, quiet inputs, reset."""
    for name in INPUTS:
        getattr(dut, name).value = 0
    start_clock(dut.clk)
    await reset(dut.clk, dut.rst_n)
    return Model()


async def step(dut: Any, model: Model, **values: int) -> None:
    """Apply inputs for one cycle and compare every output; other inputs are 0."""
    inputs = {name: values.get(name, 0) for name in INPUTS}
    for name, value in inputs.items():
        getattr(dut, name).value = value
    await FallingEdge(dut.clk)
    expected = model.outputs(inputs["op_en_write"], inputs["wdata"], inputs["done"])
    given = ", ".join(f"{name}={value}" for name, value in inputs.items())
    for name, value in expected.items():
        expect(f"{name} (inputs {given})", number(getattr(dut, name)), value, show=hex)
    await RisingEdge(dut.clk)
    model.clock(**inputs)


@cocotb.test()
async def start_and_done(dut: Any) -> None:
    """One layer: op_en the cycle after the write, 0 with done and one cycle longer; OP_EN cannot be taken back."""
    model = await begin(dut)
    await step(dut, model, op_en_write=1, wdata=0)
    expect("op_en", number(dut.op_en), 0)
    await step(dut, model, op_en_write=1, wdata=1)
    await step(dut, model)
    expect("op_en", number(dut.op_en), 1)
    await step(dut, model, op_en_write=1, wdata=0)
    await step(dut, model, op_en_write=1, wdata=1)
    expect("started", number(dut.started), 0)
    await step(dut, model, done=1)
    for _ in range(5):
        await step(dut, model)


@cocotb.test()
async def back_to_back(dut: Any) -> None:
    """Two queued layers: op_en falls for the done cycle and the next one, then the second layer starts."""
    model = await begin(dut)
    await step(dut, model, op_en_write=1, wdata=1)
    await step(dut, model, pointer_write=1, wdata=1)
    await step(dut, model, op_en_write=1, wdata=1)
    await step(dut, model)
    expect("status", number(dut.status), 0x00020001, show=hex)
    levels = []
    for done in (0, 1, 0, 0):
        await step(dut, model, done=done)
        levels.append(model.outputs(0, 0, 0)["op_en"])  # of the next cycle; step compares it with the design
    await step(dut, model)
    assert levels == [1, 0, 1, 1]
    expect("consumer", model.consumer, 1)
    expect("status", number(dut.status), 0x00010000, show=hex)


@cocotb.test()
async def waits_for_its_turn(dut: Any) -> None:
    """A layer enabled in the group that is not next stays pending for ever."""
    model = await begin(dut)
    await step(dut, model, pointer_write=1, wdata=1)
    await step(dut, model, op_en_write=1, wdata=1)
    for _ in range(50):
        await step(dut, model)
    expect("op_en", number(dut.op_en), 0)
    expect("status", number(dut.status), 0x00020000, show=hex)


@cocotb.test()
async def reset_at_any_time(dut: Any) -> None:
    """Reset takes everything back in every state, in the cycle after a done, too."""
    for layers in range(60):
        model = await begin(dut)
        await step(dut, model)
        await step(dut, model, op_en_write=1, wdata=1)
        await step(dut, model, pointer_write=1, wdata=1)
        await step(dut, model, op_en_write=layers & 1, wdata=1)
        for _ in range(layers % 3):
            await step(dut, model)
        await step(dut, model, done=layers >> 1 & 1)
        dut.done.value = 0
        dut.rst_n.value = 0
        await FallingEdge(dut.clk)
        for name, value in Model().outputs(0, 0, 0).items():
            expect(f"{name} in reset", number(getattr(dut, name)), value, show=hex)


@cocotb.test()
async def random_walk(dut: Any) -> None:
    """20,000 random cycles, every output in every cycle; done as soon as a layer runs or later."""
    model = await begin(dut)
    for _ in range(20_000):
        running = model.enabled[model.consumer]
        write = random.choice(["pointer_write", "op_en_write", None, None])
        values = {"wdata": random.getrandbits(1), "done": int(bool(running) and random.random() < 0.3)}
        if write:
            values[write] = 1
        await step(dut, model, **values)
