"""Waveforms of programs on the chip: around layers, of what has failed, and of a run that is ended from outside."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cocodla import zoo
from cocodla.compiler import Network
from cocodla.errors import UserError
from cocodla.program import CheckMemory, Mark, Program, WaitInterrupt
from cocodla.runtime import rtl, windows
from cocodla.runtime.span import Span
from cocodla.runtime.verify import NetworkRun, verify_network
from cocodla.sim import project, stop, tools
from cocodla.sim.waves import PERIOD_PS, Waves, is_complete

pytestmark = pytest.mark.skipif(not tools.has_fst_headers(), reason="no headers of lz4 and zlib")
ORIGIN = 385_000
"""Picoseconds before cycle 0."""


def digits(count: int = 1) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (count, 1, 28, 28), dtype=np.uint8)


def cycles(path: Path) -> tuple[int, int]:
    """First and last cycle of an FST file."""
    head = path.read_bytes()[:25]
    first, last = (int.from_bytes(part, "big") for part in (head[9:17], head[17:25]))
    return (first - ORIGIN) // PERIOD_PS, (last - ORIGIN) // PERIOD_PS


def verified(network: Network, waves: Waves | None, span: Span | None = None) -> NetworkRun:
    return verify_network(network, digits(), np.zeros(1), rtl.Simulation(seed=1, waves=waves), span=span)


def test_layers() -> None:
    """From the Mark of the first to the interrupt of the last."""
    network = zoo.lenet5()
    names = [layer.name for layer in network.layers]
    program = network.program(digits())
    execution = rtl.run(program, rtl.Simulation(seed=1))
    marks = {event.name.partition("/")[2]: event.cycle for event in execution.events if "/" in event.name}
    waits = [event.cycle for event in execution.events if isinstance(program.commands[event.index], WaitInterrupt)]
    for first, last in ((1, 1), (1, 2), (0, 4)):
        run = verified(network, Waves(layer=f"{names[first]}..{names[last]}"))
        assert run.passed and len(run.waves) == 1
        begin, end = cycles(Path(run.waves[0]))
        assert abs(begin - marks[names[first]]) <= 3 and 0 <= end - waits[last] <= 16  # until the host sees it
    with pytest.raises(UserError, match="no layer 'convO'; did you mean conv3 or conv0"):
        verified(network, Waves(layer="convO"))
    with pytest.raises(UserError, match="are not run"):
        verified(network, Waves(layer=names[0]), span=Span(1, 2))


def test_positions_of_layers() -> None:
    marks = [Mark(name, {"layer": name}) for name in ("a", "b", "a")]
    wait = WaitInterrupt(1)
    program = Program([Mark("setup"), marks[0], wait, marks[1], wait, marks[2], wait])
    assert windows.of_layers(program, "a") == (1, 2)
    assert windows.of_layers(program, "a..b") == (1, 4)
    assert windows.of_layers(program, "b..a") == (3, 6)
    for text, message in (("c", "no layer is called 'c'"), ("a..c", "'c'"), ("", "no layer is called ''")):
        with pytest.raises(UserError, match=message):
            windows.of_layers(program, text)
    with pytest.raises(UserError, match="the program names none"):
        windows.of_layers(Program([wait]), "a")


def test_a_failure_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong tensor of the third layer: waves of its cycles, and the command that opens them."""
    genuine, network = rtl.run, zoo.lenet5()

    def faulty(program: Program, simulation: rtl.Simulation, **options: object) -> object:
        execution = genuine(program, simulation)
        place = next(n for n, seen in enumerate(execution.observations) if seen.name.endswith(network.layers[2].target))
        seen = execution.observations[place]
        execution.observations[place] = replace(seen, data=bytes([seen.data[0] ^ 1]) + seen.data[1:])
        return execution

    monkeypatch.setattr(rtl, "run", faulty)
    assert verified(network, None).recorded == ""  # AUTOWAVES=0 in the tests
    monkeypatch.setenv("AUTOWAVES", "1")
    run = verified(network, None)
    assert not run.passed and run.first_mismatch is not None
    save = Path(run.recorded.rpartition("gtkwave ")[2])
    path = save.with_suffix(".fst")
    assert save.is_file() and is_complete(path, ".fst") and str(path) in run.recorded.partition("open with")[0]
    begin, end = cycles(path)
    program = network.program(digits())
    events = genuine(program, rtl.Simulation(seed=1)).events
    check = next(
        n for n, c in enumerate(program) if isinstance(c, CheckMemory) and c.name.endswith(network.layers[2].target)
    )
    last = max(event.cycle for event in events if event.index < check)
    assert begin < last <= end and f"wrong by cycle {last:,}" in run.recorded
    assert end - begin < 12_000  # one layer of 16,000 cycles in all


def test_a_run_that_is_ended_leaves_a_complete_waveform() -> None:
    """SIGTERM in the middle: what has been recorded can be opened."""
    program = Program([Mark("begin"), WaitInterrupt(1)])
    simulation = rtl.Simulation(seed=1, waves=Waves(), watchdog=2_000_000_000, run_name="ended")
    processes = stop.Processes()
    ended: list[BaseException] = []

    def work() -> None:
        try:
            with processes.owner():
                rtl.run(program, simulation)
        except stop.Stopped as error:
            ended.append(error)

    rtl.build_model(simulation)
    begun = time.time()
    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(2)
    processes.stop()
    thread.join(30)
    assert ended
    found = list((project.build() / "runs").glob("ended*/*.fst*"))
    newest = max(found, key=lambda path: path.stat().st_mtime)
    assert newest.stat().st_mtime > begun and is_complete(newest, ".fst") and cycles(newest)[1] > 10
