"""The DRAM: its arithmetic by hand and against the HDL's, its parameters, and predictions against the RTL."""

from __future__ import annotations

import re
import subprocess
from dataclasses import astuple, fields, replace
from pathlib import Path
from random import Random

import pytest

from cocodla.errors import UserError
from cocodla.latency import DRAMS, Dram, DramCounts, DramTiming, dram_of
from cocodla.latency.dram import QUIET, RANGES
from cocodla.latency.dram_units import GIVEN_BACK, TAKEN, Unit
from cocodla.latency.port import NEVER, Bus, Port, Reader
from cocodla.runtime.memories import MEMORIES, memory_of, memory_or_latency
from cocodla.sim import project

DDR3 = DRAMS["ddr3_1066_x32"]


def cycles(clocks: int, dram: DramTiming = DDR3) -> int:
    return -(-clocks // dram.ratio)


def test_a_closed_row_an_open_one_and_another() -> None:
    dram = Dram(DDR3)
    after = DDR3.cl + DDR3.ccd + DDR3.front
    now = 100
    assert dram.read(now, 8, 0) == cycles(2 * now + DDR3.rcd + after)
    assert dram.read(now + 50, 8, 32) == cycles(2 * (now + 50) + after)
    row = 1 << DDR3.row_log2 + DDR3.bank_log2
    assert dram.read(now + 100, 8, row) == cycles(2 * (now + 100) + DDR3.rp + DDR3.rcd + after)
    counts = dram.counts
    assert (counts.row_opens, counts.row_hits, counts.row_conflicts) == (1, 1, 1)


def test_requests_to_one_burst_are_joined_by_id() -> None:
    dram, apart = Dram(DDR3), Dram(replace(DDR3, lines=0))
    for now in range(100, 108):
        for model in (dram, apart):
            model.read(now, 8, 8 * (now - 100))
    assert (dram.counts.read_bursts, apart.counts.read_bursts) == (2, 8)
    dram.read(110, 9, 0)
    assert dram.counts.read_bursts == 3, "another id has a burst of its own"


def test_writes_wait_for_their_batch_and_turn_the_bus_twice() -> None:
    dram = Dram(DDR3)
    for index in range(DDR3.writes):
        dram.write(100 + index, 32 * index)
    assert dram.counts.write_bursts == 0
    dram.write(100 + DDR3.writes, 4096)
    assert (dram.counts.write_bursts, dram.counts.turnarounds) == (DDR3.writes, 1)
    free = dram.read(101 + DDR3.writes, 8, 32 * DDR3.writes)
    assert dram.counts.turnarounds == 2
    assert free > cycles(2 * (101 + DDR3.writes) + DDR3.wtr + DDR3.cl + DDR3.ccd + DDR3.front)


def test_quiet_lets_writes_leave() -> None:
    dram = Dram(DDR3)
    dram.write(100, 0)
    dram.read(101 + QUIET, 8, 4096)
    assert dram.counts.write_bursts == 1


def test_refreshes_are_put_off_while_there_is_work_and_done_ahead_while_there_is_none() -> None:
    busy, idle = Dram(DDR3), Dram(DDR3)
    now, end = 0, 20 * DDR3.refi // DDR3.ratio
    while now < end:
        now = max(now + 1, busy.read_from())
        busy.read(now, 8, 32 * (now % 128))
    assert 3 <= busy.counts.refreshes <= 5  # 20 are due; 8 were done before, 8 may wait
    idle.read(end, 8, 0)
    assert 19 <= idle.counts.refreshes <= 21


def test_the_queue_bounds_what_is_accepted() -> None:
    dram = Dram(DDR3)
    for index in range(DDR3.reads):
        assert dram.read_from() <= 100
        dram.read(100, 8, index << DDR3.row_log2 + DDR3.bank_log2)
    assert dram.read_from() > 100


def test_another_master_takes_its_share_of_the_bus() -> None:
    dram = Dram(replace(DDR3, other=50))
    dram.read(10_000, 8, 0)
    assert dram.counts.other_bursts == pytest.approx(10_000 * DDR3.ratio / DDR3.ccd / 2, rel=0.01)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ddr5", "ddr3_1066_x32"), ("ddr5", "lpddr4_3200_x16"), ("ddr5", "full32"), ("", "full32"),
        ("ddr3_1066_x32:colour=3", "no parameter 'colour'"), ("ddr3_1066_x32:ratio=0", "from 1 to 16"),
        ("ddr3_1066_x32:ratio=", "from 1 to 16"), ("ddr3_1066_x32:other=91", "from 0 to 90"),
        ("ddr3_1066_x32:other=-1", "from 0 to 90"), ("ddr3_1066_x32:", "no parameter ''"),
        ("ddr3_1066_x32:refi=999999999999", "from 1000"),
        ("ddr3_1066_x32:refi=1000:rfc=2000", "refresh"),
    ],
)  # fmt: skip
def test_bad_memories_are_told(name: str, said: str) -> None:
    with pytest.raises(UserError, match=re.escape(said)):
        memory_of(name)


def test_memory_and_latency_exclude_each_other() -> None:
    assert memory_or_latency("", 8).latency == 8
    assert memory_or_latency("ddr3_1066_x32", 32).dram == DDR3
    with pytest.raises(UserError, match="latency of its own"):
        memory_or_latency("full8", 64)


def test_ranges_name_every_parameter_and_hold_the_sets() -> None:
    assert set(RANGES) == {item.name for item in fields(DramTiming)}
    for dram in DRAMS.values():
        assert all(low <= getattr(dram, name) <= high for name, (low, high) in RANGES.items())


VARIANTS = [
    "ddr3_1066_x32", "lpddr4_3200_x16", "ddr3_1066_x32:map=1:lines=0:other=40",
    "lpddr4_3200_x16:ratio=3:reads=3:writes=5:other=10",
    "ddr3_1066_x32:refi=1000:bank_log2=0:front=0",
]  # fmt: skip


@pytest.fixture(scope="module")
def replayer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The HDL with a bench that replays requests."""
    target = tmp_path_factory.mktemp("dram") / "replay.vvp"
    sources = [Path(__file__).parent / "replay_dram.v", project.root() / "tb" / "hdl" / "sim_dram.v"]
    subprocess.run(["iverilog", "-g2012", "-o", target, "-s", "replay", *sources], check=True)
    return target


def requests(seed: int, count: int) -> list[tuple[int, int, int, int]]:
    """(not before, 0 read or 1 write, id, address): runs of neighbours, jumps, rests."""
    rng = Random(seed)
    now, found, place = 10, [], [rng.randrange(1 << 30) & ~7 for _ in range(4)]
    for _ in range(count):
        now += rng.choice([0, 0, 0, 0, 1, 3, QUIET + 2]) if rng.random() < 0.99 else rng.randrange(8_000)
        which = rng.randrange(4)
        if rng.random() < 0.05:
            place[which] = rng.randrange(1 << rng.choice([16, 24, 32])) & ~7
        found.append((now, which == 3, 8 + which if which < 3 else 1, place[which] & 0xFFFFFFFF))
        place[which] += 8
    return found


@pytest.mark.parametrize("name", VARIANTS)
def test_the_hdl_does_the_same_arithmetic(name: str, replayer: Path, tmp_path: Path) -> None:
    timing = dram_of(name)
    todo = requests(seed=5, count=1200)
    (tmp_path / "requests").write_text("".join(f"{t} {k:d} {i} {a:x}\n" for t, k, i, a in todo))
    words = ["vvp", "-n", str(replayer), *timing.plusargs()]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    lines = done.stdout.split("\n")
    dram, expected, now = Dram(timing), [], -1
    for wanted, writes, id, address in todo:
        now = max(now + 1, wanted, dram.write_from() if writes else dram.read_from())
        if writes:
            dram.write(now, address)
            expected.append(f"W {now}")
        else:
            expected.append(f"R {now} {dram.read(now, id, address)}")
    assert [line for line in lines if line[:1] in ("R", "W")] == expected
    counted = [int(line.split()[-1]) for line in lines if line.startswith("C dram_")]
    assert counted == list(astuple(dram.counts))
    assert len(counted) == len(fields(DramCounts))


def bus_of(timing: DramTiming = DDR3, *ids: int) -> Bus:
    return Bus(Port(timing), ids or (3,), 1)


def run_unit(bus: Bus, reader: Reader, unit: Unit) -> Unit:
    """A unit that reads as one client and writes, to its end."""
    bus.clients[reader.id].append(reader)
    for atom in range(unit.atoms):
        while len(reader.arrivals) <= atom or not unit.take(reader.arrivals[atom]):
            assert bus.step()
    while not unit.ended:
        assert bus.step()
    assert not bus.step()
    return unit


ROW = 1 << DDR3.row_log2 + DDR3.bank_log2
"""From a row of a bank to the next."""


def test_an_atom_that_needs_its_neighbour_leaves_with_the_next_and_the_last_alone() -> None:
    addresses, targets = [ROW * index for index in range(4)], [1 << 28 | 8 * index for index in range(4)]
    at_once, later = (
        run_unit(bus, Reader(3, addresses, lambda beat: 10), Unit(targets, 4, 1.0, 20, 32, held, bus.writers[0]))
        for held, bus in ((False, bus_of()), (True, bus_of()))
    )
    assert at_once.taken == later.taken and at_once.taken[1] - at_once.taken[0] > 10
    assert at_once.written == [round(at) + 20 for at in at_once.taken]
    assert later.written == [*at_once.written[1:], at_once.written[-1] + 1]


def test_a_full_output_buffer_takes_no_atom_before_a_write_leaves() -> None:
    addresses = [8 * index for index in range(64)]
    targets = [1 << 28 | ROW * index for index in range(64)]  # batches of writes that take long
    few, many = (
        run_unit(bus, Reader(3, addresses, lambda beat: 10), Unit(targets, 64, 1.0, 20, places, False, bus.writers[0]))
        for places, bus in ((4, bus_of()), (64, bus_of()))
    )
    for atom in range(5, 64):  # four in the buffer and one on the bus
        assert few.taken[atom] >= few.written[atom - 5] + GIVEN_BACK - TAKEN
    assert max(few.taken) > max(many.taken) + DDR3.rp, "many places hide the writes, few do not"


def test_clients_take_turns_and_reads_come_before_writes_of_their_cycle() -> None:
    bus = bus_of(DDR3, 8, 9)
    one, other = (Reader(id, [id << 20 | 8 * beat for beat in range(4)], lambda beat: 10) for id in (8, 9))
    late = Reader(8, [0], lambda beat: 30)
    for reader in (one, other, late):
        bus.clients[reader.id].append(reader)
    written: list[int] = []
    bus.writers[0].append((12, 1 << 28, written))
    order = []
    while bus.step():
        order.append((len(one.arrivals), len(other.arrivals), len(written), len(late.arrivals)))
    assert order[:4] == [(1, 0, 0, 0), (1, 1, 0, 0), (2, 1, 0, 0), (2, 1, 1, 0)]
    assert order[-1] == (4, 4, 1, 1) and written == [12]


def test_nothing_is_read_before_it_may_be_asked_for() -> None:
    bus = bus_of()
    bus.clients[3].append(Reader(3, [0], lambda beat: NEVER))
    assert not bus.step()


def test_the_pages_name_every_memory_and_every_parameter() -> None:
    commands, memory = ((project.root() / "docs" / page).read_text() for page in ("commands.md", "memory.md"))
    assert all(f"{name}`" in commands for name in (*MEMORIES, *DRAMS))
    absent = [key for key in RANGES if not re.search(rf"`(?:[a-z_]+`, `)*{key}\b", memory)]
    assert absent == []
