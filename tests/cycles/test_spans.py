"""Which layer was at work when, from the events of made-up runs."""

from __future__ import annotations

from cocodla import zoo
from cocodla.program import Event, Execution, Mark, Program, WaitInterrupt, WriteRegister
from cocodla.registers import MAP
from cocodla.runtime.recording import Stages
from cocodla.runtime.rtl import Simulation
from cocodla.runtime.spans import spans

from .recorded import made

CONVOLUTION = ("SDP", "CACC", "CSC", "CDMA")


def program(*steps: object) -> tuple[Program, Execution]:
    """Names of units (enabled), numbers (interrupt bits waited for), marks; each takes 10 cycles, and a beat."""
    made_up, execution = Program(), Execution("rtl")
    for step in steps:
        if isinstance(step, str):
            made_up.append(WriteRegister(MAP[f"{step}.D_OP_ENABLE"].address, 1))
            name = f"{step}.D_OP_ENABLE"
        else:
            made_up.append(WaitInterrupt(step) if isinstance(step, int) else step)  # type: ignore[arg-type]
            name = "other"
        index = len(made_up) - 1
        execution.events.append(Event(index, name, 10 * index, index, 0))
    return made_up, execution


def found(*steps: object, offset: int = 0) -> list[tuple[str, int, int]]:
    return [(span.layer, span.start, span.end) for span in spans(*program(*steps), offset)]


def test_a_layer_ends_with_its_last_unit() -> None:
    """Interrupts of CDMA and CACC before are no end, nor is SDP's where PDP follows."""
    assert found(*CONVOLUTION, 0x50000, 0x100000, 1) == [("1: conv+sdp", 0, 60)]
    assert found("PDP", *CONVOLUTION, 1, 0x10) == [("1: conv+sdp+pdp", 0, 60)]
    assert found("CDP", "CDP_RDMA", 0x4, offset=1000) == [("1: cdp", 1000, 1020)]


def test_layers_of_both_groups_are_told_apart() -> None:
    """The second layer is enabled before the first has ended; each has an end of its own, of either group."""
    assert found("SDP", "SDP_RDMA", "SDP", "SDP_RDMA", 1, 2) == [("1: sdp", 0, 40), ("2: sdp", 20, 50)]
    assert found("SDP", "SDP_RDMA", 2, "PDP", "PDP_RDMA", 0x20) == [("1: sdp", 0, 20), ("2: pdp", 30, 50)]


def test_what_never_ends_is_no_layer() -> None:
    assert found("SDP", "SDP_RDMA") == [] and found(1, 1) == []


def test_marks_name_layers_and_images() -> None:
    """Other marks, and those of layers that are not waited for, begin nothing."""
    marks = [Mark(f"image{n}/a", {"layer": "a", "image": n}) for n in range(2)]
    seen = spans(*program(marks[0], "SDP", 1, marks[1], "SDP", 2, Mark("end"), 1), 0)
    assert [(s.layer, s.image, s.start, s.end, s.read_beats) for s in seen] == [("a", 0, 0, 20, 2), ("a", 1, 30, 50, 2)]


def test_stages_follow_one_another() -> None:
    """Cycles of the second run of a network count on from those of the first; what was not run is left out."""
    network = zoo.lenet5()
    names = [layer.name for layer in network.layers]
    stages = Stages(Simulation(activity=True))
    for name in names[:2]:
        made_up, execution = program(Mark(name, {"layer": name, "image": 0}), "SDP", 1)
        execution.activity = made().activity
        stages.add(made_up, execution)
    recorded = stages.of_network(network, 1)
    assert recorded is not None
    record = recorded.record
    assert record.stages == (0, 640) and record.cycles == recorded.activity.cycles == 1280
    assert [(span.layer, span.start) for span in record.spans] == [(names[0], 0), (names[1], 640)]
    assert [layer.name for layer in record.layers] == names[:2]
    assert Stages(Simulation()).of_network(network, 1) is None
