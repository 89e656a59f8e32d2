"""On the RTL as it is every boundary carries what the golden model expects; on a broken one the unit is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import try_mismatches as trials
from cocodla.bench.layers import BenchLayer
from cocodla.bench.program import layer_program
from cocodla.mismatch.array import READ_SIGNALS, wrong_read
from cocodla.mismatch.blame import interfaces, look, wrong_answer, wrong_request
from cocodla.mismatch.boundaries import Boundaries
from cocodla.mismatch.layers import Layer, layers_of
from cocodla.mismatch.writes import cube_seen, first_wrong
from cocodla.program import Program
from cocodla.runtime import autowaves, campaign, rtl
from cocodla.sim.waves import Waves
from cocodla.stimulus.program import build_program
from rtl_copies import changed_copy


def followed(seed: int) -> tuple[Program, Boundaries, list[Layer]]:
    """A random program run on the RTL as it is: its dump, read, and its layers."""
    case = campaign.make_case(seed, pieces=10)
    program = build_program(case.plan).program
    simulation = replace(case.simulation, csb_period_ps=0, assertions=False, waves=Waves(boundaries=True))
    dump = rtl.run(program, simulation).waves
    assert dump is not None
    bounds, layers = Boundaries(dump, rtl.FIRST_CYCLE_PS), layers_of(program)
    bounds.read(interfaces(layers), READ_SIGNALS)
    return program, bounds, layers


@pytest.mark.parametrize("seed", [5, 11])
def test_random_layers_are_followed_beat_by_beat(seed: int) -> None:
    """Layers of all kinds, on random memories: every stream, every write, every answer of the memory."""
    program, bounds, layers = followed(seed)
    assert len(layers) >= 10 and len({layer.kind for layer in layers}) >= 4
    assert first_wrong(bounds, layers) is None
    assert wrong_read(bounds) is None
    for client in ("cdma_dat", "cdma_wt", "sdp", "sdp_b", "sdp_n"):
        assert wrong_answer(bounds, client) is None
    for number in range(len(layers)):
        layer = layers_of(program, wanted=number)[number]
        looked = look(bounds, layers, layer)
        for client in layer.reads:
            assert wrong_request(bounds, layers, layer, client) is None
        assert looked and not [one for one in looked if one.difference], str(layer)
        assert (cube_seen(bounds, layers, layer) == layer.result).all()


def test_the_first_wrong_write_is_found_by_units_and_by_pins(monkeypatch: pytest.MonkeyPatch) -> None:
    """A golden model that expects another byte, or another place, of one layer: that layer, that write."""
    _, bounds, layers = followed(5)
    number = len(layers) // 2
    genuine = layers[number]
    wrong = genuine.result.copy()
    wrong[-1, -1, -1, 3] ^= 1
    moved = replace(genuine, address=genuine.address + (1 << 24))
    for pins_only in (False, True):
        if pins_only:  # as of another DUT
            monkeypatch.setattr(Boundaries, "has", lambda self, *names: all(name.startswith("dbb") for name in names))
        assert first_wrong(bounds, layers) is None
        layers[number] = replace(genuine, result=wrong)
        found = first_wrong(bounds, layers)
        assert found is not None and found.layer.number == number and found.signal == "data" and found.cycle > 0
        assert found.place == len(genuine.addresses()) - 1
        layers[number] = moved
        found = first_wrong(bounds, layers)
        assert found is not None and found.layer.number == number and found.signal == "addr"
        layers[number] = genuine


@pytest.mark.parametrize("name", ["partial_sum", "lines"])
def test_a_planted_fault_is_named_on_icarus(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unit and interface, and a waveform of that cycle; scripts/try_mismatches.py does all faults and the cycles."""
    monkeypatch.setenv(autowaves.SWITCH, "1")
    fault = next(fault for fault in trials.FAULTS if fault.name == name)
    program = layer_program(BenchLayer("fault", "trial", fault.shape), 1)
    found = trials.look_into(fault, program, changed_copy(tmp_path, fault.changes), "icarus")
    assert found.blame is not None and (found.blame.unit, found.blame.interface) == (fault.unit, fault.interface)
    assert f"wrong by cycle {found.blame.cycle:,}" in found.waves
    assert found.explanation is not None and found.explanation.steps[-1].differs
    assert found.element is not None and found.patterns


def test_without_a_second_run_the_cube_is_known_from_what_was_read_back_on_icarus(tmp_path: Path) -> None:
    """AUTOWAVES=0: pattern and expected values, no unit, and a note that says why."""
    fault = next(fault for fault in trials.FAULTS if fault.name == "maximum")
    program = layer_program(BenchLayer("fault", "trial", fault.shape), 1)
    found = trials.look_into(fault, program, changed_copy(tmp_path, fault.changes), "icarus")
    assert found.blame is None and found.layer is not None and found.patterns and found.explanation is not None
    assert any("AUTOWAVES=0" in note for note in found.notes) and not found.waves
