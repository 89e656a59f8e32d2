"""What tb/hdl/sim_activity.v counts: every cycle once in every row, what crosses an interface as often as it does."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pytest

from cocodla import datasets, zoo
from cocodla.bench.measure import layer_cases
from cocodla.compiler.hardware.emit import emit
from cocodla.files.inputs import read_toml
from cocodla.program import Execution, Program, WaitInterrupt
from cocodla.program.activity import COMPUTE, IDLE, LOST, TRANSFER, Activity
from cocodla.runtime import rtl
from cocodla.runtime.recording import Stages
from cocodla.sim import project

STANDIN = project.root() / "tb" / "hdl" / "standin" / "files.f"

def beats(activity: Activity, name: str, state: int = TRANSFER) -> int:
    """Cycles that an interface was in a state."""
    place = next(n for n, interface in enumerate(activity.interfaces) if interface.name == name)
    return int(activity.interface_counts[:, place, state].sum())


def states(activity: Activity, name: str) -> np.ndarray:
    """Cycles of a unit in each state."""
    place = next(n for n, unit in enumerate(activity.units) if unit.name == name)
    return np.asarray(activity.unit_counts[:, place].sum(0))


def counted(execution: Execution) -> Activity:
    """What was counted; checked: every row adds up to the cycles of the run, the bus to its beats."""
    assert execution.failures == []
    activity = execution.activity
    assert activity is not None
    activity.check()
    assert activity.cycles == execution.counters["cycles"]
    assert beats(activity, "dbb_r") == execution.counters["read_beats"]
    assert beats(activity, "dbb_w") == execution.counters["write_beats"]
    return activity


def small(name: str) -> Program:
    """A layer of the benchmark."""
    return next(case for case in layer_cases(1) if case.name == name).program


@pytest.mark.skipif(not shutil.which("iverilog"), reason="no iverilog")
def test_both_simulators_count_the_same() -> None:
    """Every count of every window."""
    program = small("lenet5_fc3")
    one, other = (
        counted(rtl.run(program, rtl.Simulation(sim=sim, seed=1, activity=True))) for sim in ("verilator", "icarus")
    )
    assert one.lengths.tolist() == other.lengths.tolist()
    assert np.array_equal(one.unit_counts, other.unit_counts)
    assert np.array_equal(one.interface_counts, other.interface_counts)


def test_rows_of_a_network_agree() -> None:
    """Each word that mcif hands out or takes is one of the bus; the MAC array works in the cycles its atoms take."""
    network = zoo.lenet5()
    program = emit(network, network_input(1))
    activity = counted(rtl.run(program, rtl.Simulation(seed=1, activity=True)))
    answers = [i.name for i in activity.interfaces if i.name.endswith("_rd_rsp")]
    writes = [i.name for i in activity.interfaces if i.name.endswith("_wr_req")]
    assert sum(beats(activity, name) for name in answers) == beats(activity, "dbb_r")
    assert sum(beats(activity, name) for name in writes) == beats(activity, "dbb_w")
    for name in answers:
        assert beats(activity, name) == beats(activity, name.replace("_rsp", "_req"))
    assert states(activity, "csc")[COMPUTE] == beats(activity, "csc2cmac_dat") == beats(activity, "cmac2cacc")
    assert beats(activity, "csc2cmac_dat") == sum(layer.mac_cycles for layer in network.layers)
    for unit in ("cdp", "cdp_rdma", "pdp_rdma"):
        assert states(activity, unit)[IDLE] == activity.cycles, unit


def network_input(images: int) -> np.ndarray:
    """Digits as LeNet-5's input tensor has them."""
    network = zoo.lenet5()
    captured: list[np.ndarray] = []

    def capture(stage: int, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        captured.append(next(iter(feeds.values())))
        return network.golden_stage(stage, feeds)

    network.run(datasets.sklearn_digits()[0][:images], capture)
    return captured[0]


def test_the_table_is_that_of_the_interfaces() -> None:
    """Names, ends and handshakes are those of rtl/interfaces.toml."""
    described = read_toml(project.root() / "rtl" / "interfaces.toml")["interface"]
    known = {entry["name"]: entry for entry in described}
    text = (project.root() / "tb" / "hdl" / "sim_activity.v").read_text(encoding="utf-8")
    rows = re.findall(r'`INTERFACE\("(\w+) (\w+) (\w+)",\s*`DLA\.(\w+), (?:`DLA\.(\w+)|1\'b1)', text)
    assert len(rows) > 20
    for name, sender, receiver, valid, ready in rows:
        entry = known[name]
        ends = [entry[end].removesuffix("_read").removesuffix("_write") for end in ("sender", "receiver")]
        assert ends == [sender, receiver] and [entry["valid"], entry.get("ready", "")] == [valid, ready], name


def test_long_runs_have_wider_windows() -> None:
    """Beyond 4,000 windows of 64 cycles neighbours are joined; nothing is lost by it."""
    program = emit(zoo.lenet5(), network_input(17))
    activity = counted(rtl.run(program, rtl.Simulation(seed=1, activity=True)))
    assert activity.cycles > 4000 * 64
    assert set(activity.lengths[:-1]) == {128} and 2000 <= len(activity.lengths) < 4000


def test_a_slow_memory_shows_where_it_is_felt() -> None:
    """A memory that takes a request every fourth cycle loses cycles on AR, and the readers wait for it."""
    program = small("r18_add_8x8x64")
    slow, fast = (
        counted(rtl.run(program, rtl.Simulation(seed=1, activity=True, memory=memory)))
        for memory in (rtl.MemoryModel(ar_every=4), rtl.MemoryModel())
    )
    assert beats(slow, "dbb_ar", LOST) > 2 * beats(slow, "dbb_ar") and not beats(fast, "dbb_ar", LOST)
    assert beats(slow, "sdp_rd_rsp") == beats(fast, "sdp_rd_rsp")


def test_a_run_that_hangs_is_counted_to_its_end() -> None:
    """So that the report tells what waited for whom."""
    program = Program([WaitInterrupt(1)])
    execution = rtl.run(program, rtl.Simulation(seed=1, activity=True, watchdog=1000))
    assert execution.failures and execution.activity is not None
    assert 1000 < execution.activity.cycles == execution.counters["cycles"]


def test_off_unless_asked() -> None:
    """Nothing is counted, nothing is written."""
    execution = rtl.run(small("r18_add_8x8x64"), rtl.Simulation(seed=1, run_name="uncounted"))
    assert execution.failures == [] and execution.activity is None
    folder = project.build() / "runs"
    assert not [path for path in folder.glob("uncounted*/*") if path.name == "activity.bin"]


def test_another_dut_is_seen_at_its_pins() -> None:
    """The stand-in is no NV_nvdla of ours: nothing inside is looked at."""
    program = Program([])
    execution = rtl.run(program, rtl.Simulation(file_list=STANDIN, seed=1, activity=True))
    assert execution.activity is not None
    assert {unit.name for unit in execution.activity.units} == {"dbb_read", "dbb_write"}


def test_the_layer_of_a_program_is_found() -> None:
    """A program without marks: a layer from its first enable to the interrupt of its last unit, and its prediction."""
    simulation = rtl.Simulation(seed=1, activity=True)
    stages = Stages(simulation)
    program = small("r18_add_8x8x64")
    stages.add(program, rtl.run(program, simulation))
    recorded = stages.of_program("some")
    assert recorded is not None
    (span,), (layer,) = recorded.record.spans, recorded.record.layers
    assert span.layer == layer.name == "1: sdp" and layer.predicted
    assert abs(span.end - span.start - layer.predicted) < 20
