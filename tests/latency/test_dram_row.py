"""Layers and networks on a DRAM: one port for all, and the prediction against what was measured on the RTL."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cocodla.bench.layers import LAYERS
from cocodla.bench.measure import layer_cases
from cocodla.bench.program import layer_program
from cocodla.compiler import compile_model
from cocodla.compiler.hardware.emit import emit, steps
from cocodla.compiler.prediction import predict_network, predict_row
from cocodla.latency import DRAMS, Layer, MemoryTiming, layer_of, predict, predict_overlapped
from cocodla.latency.dram_row import REACTION, Row, Turn
from cocodla.nets.registry import networks
from cocodla.program.commands import Mark, PollRegister, WriteRegister
from cocodla.sim import project

MEASURED = json.loads((project.root() / "benchmarks" / "results" / "dram.json").read_text())
SHORT = 100_000
"""Cycles of layers that are compared here; `benchmarks/dram.py model` compares all."""
NETS = ("lenet5", "residual", "mnist_cntk")
BY_NAME = {layer.name: layer for layer in LAYERS}


def layer(name: str) -> Layer:
    return layer_of(layer_program(BY_NAME[name], 1))


@pytest.mark.parametrize("memory", list(DRAMS))
def test_layers_take_what_they_took_on_the_rtl(memory: str) -> None:
    timing, measured = MemoryTiming(dram=DRAMS[memory]), MEASURED["layers"][memory]
    cases = layer_cases(1)
    assert {case.name for case in cases} == set(measured)
    errors = {
        case.name: abs(predict(layer_of(case.program), timing) / measured[case.name] - 1)
        for case in cases if measured[case.name] <= SHORT
    }  # fmt: skip
    assert len(errors) > 30 and sum(errors.values()) / len(errors) <= 0.005
    worst = max(errors, key=errors.__getitem__)
    assert errors[worst] <= 0.02, worst


@pytest.mark.parametrize("name", NETS)
def test_networks_take_what_they_took_on_the_rtl(name: str) -> None:
    (net,) = [net for net in networks() if net.name == name]
    if net.missing:
        pytest.skip(f"{name}: {net.missing}")
    variant = net.on_rtl or net.main
    network = compile_model(variant.model(Path()), variant.data().calibration, variant.options)
    images = MEASURED["images"]
    for memory, dram in DRAMS.items():
        found = predict_row(network, dram, images) / images
        assert found == pytest.approx(MEASURED["networks"][memory][name], rel=0.04), memory
        long = predict_network(network, MemoryTiming(dram=dram))
        assert long.image == pytest.approx(found, rel=0.15) and long.image <= sum(long.alone)
        assert all(added >= 0 for added in long.added)


@pytest.mark.parametrize("name", ["m_1x1_28x28_c16_k64", "r18_add_16x16x32", "m_pdp_avg2s2_28x28x64"])
def test_layers_of_a_row_overlap_if_they_are_enabled_early(name: str) -> None:
    dram, one = DRAMS["ddr3_1066_x32"], layer(name)
    alone = Row(dram, [Turn(one)]).run()[0]
    early = Row(dram, [Turn(one, early=True)] * 3).run()
    late = Row(dram, [Turn(one)] * 3).run()
    assert early == sorted(early) and early[-1] < late[-1]
    assert late[-1] == pytest.approx(3 * alone + 2 * REACTION, rel=0.01)
    assert predict_overlapped(one, MemoryTiming(dram=dram)) == round(early[2] - early[1]) < alone


def test_registers_that_take_long_to_write_delay_the_next_layer() -> None:
    dram, one = DRAMS["ddr3_1066_x32"], layer("lenet5_fc3")
    quick, slow = (Row(dram, [Turn(one, 0, True), Turn(one, prepared, True)]).run() for prepared in (0, 5000))
    assert quick[1] < 2 * slow[0] < 5000
    assert slow[1] == pytest.approx(5000 + slow[0], rel=0.05)


def test_another_split_of_the_buffer_waits_until_it_is_empty() -> None:
    """Under one split the next layer is fetched while the first operates; under another none of it."""
    dram, one = DRAMS["ddr3_1066_x32"], layer("m_1x1_28x28_c16_k64")
    assert one.conv is not None
    csc, cdma = one.conv.csc, one.conv.cdma
    less = csc.weight_banks - 1
    split = replace(
        one.conv, csc=replace(csc, weight_banks=less), cdma=replace(cdma, weight_banks=less)
    )
    same, other = (Row(dram, [Turn(one, early=True), Turn(following, early=True)])
                   for following in (one, replace(one, conv=split)))  # fmt: skip
    same.run()
    other.run()
    (last,) = [job.work.issued[-1] for job in other.jobs[:1] if job.work]
    fetched = [job.work.lines.arrivals[0] for row in (same, other) for job in row.jobs[1:] if job.work]
    assert fetched[0] < last < fetched[1]


def test_steps_are_those_of_the_program() -> None:
    """Order, addresses and number of register accesses are those of the program of the same images."""
    (net,) = [net for net in networks() if net.name == "residual"]
    network = compile_model(net.main.model(Path()), net.main.data().calibration, net.main.options)
    program = emit(network, network.input_bytes(net.main.data().images[:3]))
    row = list(steps(network, 3))
    accesses = sum(isinstance(command, WriteRegister | PollRegister) for command in program.commands)
    setup = 2  # the interrupt mask, and the wait for the buffer
    assert accesses - setup == sum(step.writes + step.layer.readers for step in row)
    marks = [command.info for command in program.commands if isinstance(command, Mark) and "layer" in command.info]
    assert [(mark["image"], mark["layer"]) for mark in marks] == [(step.image, step.layer.name) for step in row]
    for mark, step in zip(marks, row, strict=True):
        assert mark["tensor"]["address"] in step.registers.values()
    assert not row[0].early and any(step.early for step in row)
