"""Memory interface: order per client, bus rules, weighted round robin, limits, done pulses, throughput."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge

from cocodla.hw import ATOM
from cocodla.registers import MAP
from cocotbext.dla import (
    DbbMemory,
    DbbTiming,
    RegisterBus,
    SparseMemory,
    Stall,
    StreamMonitor,
    StreamSource,
    Unwritten,
    expect,
    expect_beats,
    expect_bytes,
    expect_range,
    hang,
    never,
    require,
    reset,
    some_stalls,
    start_clock,
)
from cocotbext.dla.pins import number as pin
from postlib import Space

READ_IDS = {"cdma_dat": 8, "cdma_wt": 9, "sdp": 1, "sdp_b": 5, "sdp_n": 6, "pdp": 2, "cdp": 3}
"""Read clients in the circular order of system.md section 7, with their bus ids."""

WRITE_IDS = {"sdp": 1, "pdp": 2, "cdp": 3}


class _DbbNames:
    """The ports dbb_arvalid, ... under the names that DbbMemory looks for (nvdla_core2dbb_ar_arvalid)."""

    def __init__(self, dut: Any) -> None:
        self._dut = dut

    def __getattr__(self, name: str) -> Any:
        if name.startswith("nvdla_core2dbb_"):
            return getattr(self._dut, "dbb_" + name.rsplit("_", 1)[1])
        return getattr(self._dut, name)


class Bench:
    """Sources and monitors on every client, memory behind."""

    def __init__(self, dut: Any, rng: Random, timing: DbbTiming, idle: Callable[[], Stall] = lambda: never) -> None:
        self.dut, self.rng = dut, rng
        self.memory = SparseMemory(Unwritten.RANDOM, rng=rng)
        self.dbb = DbbMemory(_DbbNames(dut), dut.clk, self.memory, reset_n=dut.rst_n, timing=timing, rng=rng)
        self.bus = RegisterBus(dut, dut.clk, reset_n=dut.rst_n)
        self.readers = {c: StreamSource(dut, f"{c}_rd_req", dut.clk, ("addr",), idle()) for c in READ_IDS}
        self.answers = {c: StreamMonitor(dut, f"{c}_rd_rsp", dut.clk, reset_n=dut.rst_n, ready=False) for c in READ_IDS}
        fields = ("addr", "data", "last")
        self.writers = {c: StreamSource(dut, f"{c}_wr_req", dut.clk, fields, idle()) for c in WRITE_IDS}
        self.cycle = 0

    @staticmethod
    async def start(dut: Any, rng: Random, timing: DbbTiming, idle: Callable[[], Stall] = lambda: never) -> Bench:
        bench = Bench(dut, rng, timing, idle)
        start_clock(dut.clk)
        await reset(dut.clk, dut.rst_n)
        return bench

    async def set_weights(self, reads: Mapping[str, int], writes: Mapping[str, int]) -> None:
        """Arbitration weights of the named clients, 1 for all others."""
        for kind, weights in (("RD", reads), ("WR", writes)):
            for number in range(3 if kind == "RD" else 2):
                register = MAP[f"MCIF.CFG_{kind}_WEIGHT_{number}"]
                prefix = f"{kind}_WEIGHT_"
                values = {f.name: weights.get(f.name.removeprefix(prefix).lower(), 1) for f in register.fields}
                await self.bus.write(register.address, register.encode(**values))

    async def wait(self, condition: Callable[[], bool], limit: int = 50_000, what: str = "what is waited for") -> int:
        """Cycles until a condition holds."""
        for cycles in range(limit):
            if condition():
                return cycles
            await FallingEdge(self.dut.clk)
        seen = ", ".join(f"{client} {len(monitor.items)}" for client, monitor in self.answers.items())
        raise hang(f"{what}: not in {limit} cycles; answers so far: {seen}")


def seeded(*more: object) -> Random:
    """A generator that repeats with the seed of the run."""
    return Random(f"{cocotb.RANDOM_SEED}-{more}")


@cocotb.test()
async def test_registers(dut: Any) -> None:
    """STATUS is always idle; weights read back what was written and 1 after reset."""
    bench = await Bench.start(dut, seeded(), DbbTiming())
    expect("MCIF.STATUS", await bench.bus.read(MAP["MCIF.STATUS"].address), 0x100, show=hex)
    for number in range(3):
        register = MAP[f"MCIF.CFG_RD_WEIGHT_{number}"]
        expect(register.path, await bench.bus.read(register.address), 0x01010101, show=hex)
    await bench.bus.write(MAP["MCIF.CFG_OUTSTANDING_CNT"].address, 0x1234)
    expect("MCIF.CFG_OUTSTANDING_CNT", await bench.bus.read(MAP["MCIF.CFG_OUTSTANDING_CNT"].address), 0x1234, show=hex)


def random_requests(rng: Random, counts: range) -> tuple[dict[str, list[int]], dict[str, list[dict[str, int]]]]:
    """For every client atoms to read, anywhere in memory, and neighbouring ones to write where nobody reads."""
    space = Space(rng)
    writes = {}
    for client in WRITE_IDS:
        first = space.take(counts.stop * ATOM) // ATOM
        writes[client] = [
            {"addr": first + i, "data": rng.getrandbits(64), "last": rng.random() < 0.1}
            for i in range(rng.choice(counts))
        ]
    reads = {client: [space.take(ATOM) // ATOM for _ in range(rng.choice(counts))] for client in READ_IDS}
    return reads, writes


@cocotb.test()
@cocotb.parametrize(run=range(6))
async def test_random(dut: Any, run: int) -> None:
    """All clients at once under random stalls and reordering: each gets its own data, in order."""
    rng = seeded(run)
    await random_traffic(dut, rng, DbbTiming.random(rng), range(150))


@cocotb.test()
@cocotb.parametrize(kind=["ar", "aw", "w", "all"])
async def test_ready_after_valid(dut: Any, kind: str) -> None:
    """A memory whose ready waits for a valid, as a bus allows: no valid may wait for ready."""

    def unasked(channel: str) -> Stall:
        return lambda: pin(getattr(dut, f"dbb_{channel}valid")) == 0

    waiting = {f"{name}_stall": unasked(name) for name in ("ar", "aw", "w") if kind in (name, "all")}
    await random_traffic(dut, seeded(kind), DbbTiming(**waiting), range(60))


async def random_traffic(dut: Any, rng: Random, timing: DbbTiming, counts: range) -> None:
    """Random requests of all clients, compared with what the memory holds and with the order of the arbiter."""
    bench = await Bench.start(dut, rng, timing, lambda: some_stalls(rng))
    dones = cocotb.start_soon(check_dones(bench))
    arbiter = cocotb.start_soon(check_arbiter(bench, READ_IDS, "rd"))
    reads, writes = random_requests(rng, counts)
    tasks = [cocotb.start_soon(bench.readers[c].send_all(items)) for c, items in reads.items()]
    tasks += [cocotb.start_soon(bench.writers[c].send_all(items)) for c, items in writes.items()]
    await bench.wait(lambda: all(task.done() for task in tasks), what="the last request taken")
    await bench.wait(lambda: all(len(bench.answers[c].items) >= len(reads[c]) for c in READ_IDS), what="all answers")
    stored_beats = bench.dbb.statistics.writes
    sent = {WRITE_IDS[client]: len(items) for client, items in writes.items()}
    await bench.wait(lambda: all(stored_beats[i] >= count for i, count in sent.items()), what="all writes in memory")
    await bench.wait(lambda: bench.dbb.idle, what="the memory's last answer")
    await ClockCycles(dut.clk, 10)
    # Writes first: one that went astray changes what a read finds.
    for client, items in writes.items():
        for item in items:
            stored = int.from_bytes(bench.memory.read(8 * item["addr"], 8), "little")
            where = f"memory at {8 * item['addr']:#010x}, written by {client}"
            expect_bytes(where, stored, item["data"])
        expect(f"write beats of {client} on DBB", bench.dbb.statistics.writes[WRITE_IDS[client]], len(items))
    for client, addresses in reads.items():
        expected = [int.from_bytes(bench.memory.read(8 * a, 8), "little") for a in addresses]
        answers = bench.answers[client]
        expect_beats(f"{client}_rd_rsp", answers.items, expected, answers.times, check=expect_bytes)
        expect(f"read beats of {client} on DBB", bench.dbb.statistics.reads[READ_IDS[client]], len(addresses))
    bench.dbb.finish()
    arbiter.cancel()
    dones.cancel()


async def check_dones(bench: Bench) -> None:
    """wr_done pulses once for each beat marked last, in the cycle after its acknowledge and not before."""
    dut = bench.dut
    sent: Counter[str] = Counter()
    acked: Counter[str] = Counter()
    marks: dict[str, list[int]] = {client: [] for client in WRITE_IDS}
    due: dict[str, int] = {}
    cycle = 0
    while True:
        await FallingEdge(dut.clk)
        cycle += 1
        for client, id_ in WRITE_IDS.items():
            if getattr(dut, f"{client}_wr_done").value == 1:
                require(client in due, f"{client}_wr_done: a pulse without the acknowledge of a marked beat")
                expect(f"{client}_wr_done, cycle of the test", cycle, due.pop(client))
            missing = due.get(client, cycle + 1) <= cycle
            require(not missing, f"{client}_wr_done: no pulse in the cycle after the acknowledge")
            late = sent[client] == acked[client]  # the acknowledge of a beat from before a reset
            if dut.dbb_bvalid.value == 1 and pin(dut.dbb_bid) == id_ and not late:
                acked[client] += 1
                if marks[client] and marks[client][0] == acked[client]:
                    marks[client].pop(0)
                    due[client] = cycle + 1
            if getattr(dut, f"{client}_wr_req_valid").value == getattr(dut, f"{client}_wr_req_ready").value == 1:
                sent[client] += 1
                if getattr(dut, f"{client}_wr_req_last").value == 1:
                    marks[client].append(sent[client])


async def watch_dones(bench: Bench, client: str, seen: list[int]) -> None:
    """Append how many beats were acknowledged at each wr_done of a client that has the bus alone."""
    acknowledged = 0
    while True:
        await FallingEdge(bench.dut.clk)
        if getattr(bench.dut, f"{client}_wr_done").value == 1:
            seen.append(acknowledged)
        acknowledged += pin(bench.dut.dbb_bvalid)


async def check_arbiter(
    bench: Bench, clients: Mapping[str, int], kind: str, weights: Mapping[str, int] | None = None
) -> None:
    """Every grant is the one that weighted round robin gives; at most one client is granted."""
    names = list(clients)
    quota = [(weights or {}).get(name, 1) for name in names]
    owner, left = len(names) - 1, 0
    while True:
        await FallingEdge(bench.dut.clk)
        wants = [getattr(bench.dut, f"{name}_{kind}_req_valid").value == 1 for name in names]
        ready = [getattr(bench.dut, f"{name}_{kind}_req_ready").value == 1 for name in names]
        taken = [i for i, (want, grant) in enumerate(zip(wants, ready, strict=True)) if want and grant]
        granted = [name for name, grant in zip(names, ready, strict=True) if grant]
        require(len(granted) <= 1, f"{kind} arbiter grants several clients at once: {', '.join(granted)}")
        if not taken:
            continue
        asking = [want and quota[i] > 0 for i, want in enumerate(wants)]
        if asking[owner] and left:
            expected = owner
        else:
            order = [(owner + 1 + i) % len(names) for i in range(len(names))]
            due = [i for i in order if asking[i]]
            require(due, f"{kind} arbiter grants {names[taken[0]]}, whose weight is 0, as nobody else asks")
            expected = due[0]
            left = quota[expected]
        expect(f"{kind} arbiter, client granted", names[taken[0]], names[expected])
        owner, left = expected, left - 1


@cocotb.test()
@cocotb.parametrize(run=range(3))
async def test_weights(dut: Any, run: int) -> None:
    """Random weights: the share of the bus follows them, weight 0 is never served."""
    rng = seeded(run)
    bench = await Bench.start(dut, rng, DbbTiming(read_latency=(20, 20)))
    reads = {client: rng.choice([0, 1, 2, 3, 7]) for client in READ_IDS}
    reads["pdp"], reads["sdp"] = 5, 0
    writes = {client: rng.randint(1, 4) for client in WRITE_IDS}
    writes["cdp"] = 0
    await bench.set_weights(reads, writes)
    checks = [
        cocotb.start_soon(check_arbiter(bench, READ_IDS, "rd", reads)),
        cocotb.start_soon(check_arbiter(bench, WRITE_IDS, "wr", writes)),
    ]
    for client in READ_IDS:
        cocotb.start_soon(bench.readers[client].send_all(range(600)))
    for client in WRITE_IDS:
        items = [{"addr": 0x100000 + i, "data": i, "last": 0} for i in range(600)]
        cocotb.start_soon(bench.writers[client].send_all(items))
    await ClockCycles(dut.clk, 500)
    for check in checks:
        check.cancel()
    for statistics, weights, ids in (
        (bench.dbb.statistics.reads, reads, READ_IDS),
        (bench.dbb.statistics.writes, writes, WRITE_IDS),
    ):
        served = {client: statistics[id_] for client, id_ in ids.items()}
        for client, count in served.items():
            share = 500 * weights[client] / sum(weights.values())
            most, least = share + weights[client] + 8, share - weights[client] - 8
            expect_range(f"beats of {client} of weight {weights[client]} in 500 cycles", count, least, most)


@cocotb.test()
@cocotb.parametrize(kind=["rd", "wr"])
async def test_largest_weights(dut: Any, kind: str) -> None:
    """Weights of 255 and 254 beside 1: every grant of more than two rounds; who leaves off early loses the rest."""
    ids = READ_IDS if kind == "rd" else WRITE_IDS
    bench = await Bench.start(dut, seeded(kind), DbbTiming(read_latency=(20, 20)))
    weights = dict.fromkeys(ids, 0) | {"sdp": 255, "pdp": 1, "cdp": 254}
    await bench.set_weights(weights, weights)
    check = cocotb.start_soon(check_arbiter(bench, ids, kind, weights))
    for client, count in (("sdp", 2 * 255 + 100), ("pdp", 900), ("cdp", 900)):
        if kind == "rd":
            cocotb.start_soon(bench.readers[client].send_all(range(count)))
        else:
            items = [{"addr": 0x100000 + i, "data": i, "last": 0} for i in range(count)]
            cocotb.start_soon(bench.writers[client].send_all(items))
    await ClockCycles(dut.clk, 3 * 510)
    check.cancel()
    statistics = bench.dbb.statistics.reads if kind == "rd" else bench.dbb.statistics.writes
    expect(f"{kind} arbiter, beats of sdp (weight 255, three turns)", statistics[ids["sdp"]], 2 * 255 + 100)


@cocotb.test()
@cocotb.parametrize(before=[254, 255, 256, 257, 511])
async def test_done_far_behind(dut: Any, before: int) -> None:
    """A marked beat with up to 255 beats of its client before it on the bus, and as many behind it: one done each."""
    bench = await Bench.start(dut, seeded(), DbbTiming(write_latency=(600, 600)))
    dones = cocotb.start_soon(check_dones(bench))
    for client in WRITE_IDS:
        # One client alone has the bus: all 256 beats under way are its own.
        marks = {before, before + 1, 2 * before}
        items = [{"addr": i, "data": i, "last": i in marks} for i in range(2 * before + 1)]
        seen: list[int] = []
        watcher = cocotb.start_soon(watch_dones(bench, client, seen))
        task = cocotb.start_soon(bench.writers[client].send_all(items))
        await bench.wait(task.done, limit=10_000, what=f"the last beat of {client} taken")
        await bench.wait(lambda: bench.dbb.idle, what="the last acknowledge")
        await ClockCycles(dut.clk, 5)
        watcher.cancel()
        expect(f"acknowledges before each done pulse of {client}", seen, sorted(mark + 1 for mark in marks))
    dones.cancel()


@cocotb.test()
@cocotb.parametrize(limit=[0, 3, 255])
async def test_outstanding(dut: Any, limit: int) -> None:
    """Never more than limit + 1 beats on the bus, and that many when the memory is slow."""
    bench = await Bench.start(dut, seeded(), DbbTiming(read_latency=(400, 400), write_latency=(400, 400)))
    await bench.bus.write(MAP["MCIF.CFG_OUTSTANDING_CNT"].address, limit | limit << 8)
    for client in ("cdma_dat", "pdp"):
        cocotb.start_soon(bench.readers[client].send_all(range(400)))
    for client in ("sdp", "cdp"):
        items = [{"addr": i, "data": i, "last": 0} for i in range(400)]
        cocotb.start_soon(bench.writers[client].send_all(items))
    await ClockCycles(dut.clk, 1500)
    expect("most reads in flight", bench.dbb.statistics.max_reads_in_flight, limit + 1)
    expect("most writes in flight", bench.dbb.statistics.max_writes_in_flight, limit + 1)


@cocotb.test()
@cocotb.parametrize(latency=[1, 64])
async def test_throughput(dut: Any, latency: int) -> None:
    """One read and one write beat a cycle at the same time, from one client or from all."""
    bench = await Bench.start(dut, seeded(), DbbTiming(read_latency=(latency,) * 2, write_latency=(latency,) * 2))
    await measure(bench, ["cdma_wt"], ["pdp"], latency)
    await measure(bench, list(READ_IDS), list(WRITE_IDS), latency)


async def measure(bench: Bench, readers: list[str], writers: list[str], latency: int) -> None:
    """420 reads and 420 writes shared evenly by the clients, all at full rate."""
    each = 420 // len(readers)
    goals = {client: len(bench.answers[client].items) + each for client in readers}
    tasks = [cocotb.start_soon(bench.readers[c].send_all(range(each))) for c in readers]
    items = [{"addr": i, "data": i, "last": 0} for i in range(420 // len(writers))]
    tasks += [cocotb.start_soon(bench.writers[c].send_all(items)) for c in writers]
    cycles = await bench.wait(
        lambda: all(len(bench.answers[c].items) >= goal for c, goal in goals.items()), what="420 answers"
    )
    expect_range("cycles for 420 reads", cycles, most=420 + latency + 8)
    late = f"requests of {', '.join(writers)}: 420 writes take longer than as many reads"
    require(all(task.done() for task in tasks), late)
    await bench.wait(lambda: bench.dbb.idle, what="the memory's last answer")


@cocotb.test()
async def test_latency(dut: Any) -> None:
    """One cycle from a request to AR (and AW, W), one from R to the answer."""
    bench = await Bench.start(dut, seeded(), DbbTiming(read_latency=(5, 5)))
    times: dict[str, int] = {}
    names = ("sdp_rd_req_valid", "dbb_arvalid", "dbb_rvalid", "sdp_rd_rsp_valid")
    names += ("cdp_wr_req_valid", "dbb_awvalid", "dbb_wvalid")
    cocotb.start_soon(bench.readers["sdp"].send_all([5]))
    cocotb.start_soon(bench.writers["cdp"].send_all([{"addr": 5, "data": 7, "last": 1}]))
    for cycle in range(30):
        await FallingEdge(dut.clk)
        for name in names:
            if getattr(dut, name).value == 1:
                times.setdefault(name, cycle)
    for first, then, cycles in (
        ("sdp_rd_req_valid", "dbb_arvalid", 1),
        ("dbb_rvalid", "sdp_rd_rsp_valid", 1),
        ("cdp_wr_req_valid", "dbb_awvalid", 1),
        ("dbb_awvalid", "dbb_wvalid", 0),
    ):
        expect(f"cycles from {first} to {then}", times[then] - times[first], cycles)
