"""Waveforms: what they record, that they are complete or not there, and what is said of wrong wishes."""

from __future__ import annotations

from pathlib import Path

import pytest

from cocodla.errors import UserError
from cocodla.sim import bench, tools
from cocodla.sim import run as simulation
from cocodla.sim.run import _settle_waves
from cocodla.sim.waves import PERIOD_PS, Waves, is_complete, resolve

SCOPES = [
    "sim_top", "sim_top.u_dla", "sim_top.u_dla.u_cdma", "sim_top.u_dla.u_cdma.u_regs", "sim_top.u_dla.u_csc.u_regs",
]  # fmt: skip
TEST = "set_wins_over_clear"
needs_fst = pytest.mark.skipif(not tools.has_fst_headers(), reason="no headers of lz4 and zlib")


def header(path: Path) -> tuple[int, int, int]:
    """(first time, last time, number of signals) of an FST file."""
    head = path.read_bytes()[:57]
    first, last, signals = (int.from_bytes(head[place : place + 8], "big") for place in (9, 17, 49))
    return first, last, signals


@needs_fst
def test_cycles_of_a_block() -> None:
    """Exactly the wanted cycles; the next run with all of them has more."""
    waves = Waves(start=20, stop=30)
    (part,) = bench.run_bench("pingpong", seed=1, waves=waves).runs.values()
    assert part.passed and part.waves is not None and is_complete(part.waves, ".fst")
    first, last, signals = header(part.waves)
    assert 20 * PERIOD_PS <= first <= 20 * PERIOD_PS + PERIOD_PS // 2
    assert 29 * PERIOD_PS <= last < 30 * PERIOD_PS
    (whole,) = bench.run_bench("pingpong", seed=1, waves=Waves()).runs.values()
    assert whole.waves is not None
    assert header(whole.waves)[0] == 0 and header(whole.waves)[1] > last and header(whole.waves)[2] == signals


@needs_fst
@pytest.mark.parametrize("sim", ["verilator", "icarus"])
def test_instances_of_a_block(sim: str) -> None:
    counts = []
    for scopes in ((), ("intr",)):
        (run,) = bench.run_bench("glb", sim, test=TEST, seed=1, waves=Waves(scopes=scopes)).runs.values()
        assert run.passed and run.waves is not None
        counts.append(header(run.waves)[2])
    assert 0 < counts[1] < counts[0]
    with pytest.raises(UserError, match="no unit is called 'intrr'; did you mean intr"):
        bench.run_bench("glb", sim, seed=1, waves=Waves(scopes=("intrr",)))


def test_cycles_behind_the_end() -> None:
    with pytest.raises(UserError, match="the run ends before the cycles whose waves are wanted"):
        bench.run_bench("pingpong", seed=1, waves=Waves(start=10**9))
    with pytest.raises(UserError, match="waves from cycle 7 to 7 hold no cycle"):
        Waves(7, 7)


def test_names_of_instances() -> None:
    found = {
        "cdma": ["sim_top.u_dla.u_cdma"], "u_CDMA": ["sim_top.u_dla.u_cdma"], "dla.csc.regs": [SCOPES[4]],
        "regs": SCOPES[3:], "sim_top": ["sim_top"],
    }  # fmt: skip
    for name, paths in found.items():
        assert resolve([name], SCOPES) == tuple(paths)
    assert resolve(["cdma", "csc.regs"], SCOPES) == (SCOPES[2], SCOPES[4])
    for name in ("", "dma", "cdma.", "x"):
        with pytest.raises(UserError, match=f"no unit is called '{name}'"):
            resolve([name], SCOPES)


def block(kind: int, size: int) -> bytes:
    return bytes([kind]) + (size + 8).to_bytes(8, "big") + bytes(size)


@pytest.mark.parametrize(
    ("name", "data", "left"),
    [
        ("dump.fst", block(0, 9) + block(3, 4) + block(4, 5), "dump.fst"),
        ("dump.fst.part", block(0, 9) + block(8, 50) + block(3, 4) + block(6, 5), "dump.fst"),
        ("dump.fst.part", block(0, 9) + block(3, 4) + block(4, 5)[:-1], ""),
        ("dump.fst.part", block(0, 9) + block(3, 4), ""),
        ("dump.fst.part", bytes(330), ""),
        ("dump.fst.part", b"", ""),
        ("dump.vcd.part", b"#10\n1!\n", "dump.vcd"),
        ("dump.vcd.part", b"#10\n1", ""),
        ("dump.fst.part.hier", b"left over", ""),
    ],
)
def test_a_waveform_is_complete_or_gone(name: str, data: bytes, left: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    told = _settle_waves(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ([left] if left else [])
    assert bool(told) == (not left and not name.endswith(".hier"))


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dump.fst.part").write_bytes(bytes(100))
    monkeypatch.setattr(simulation, "LITTLE", 1 << 62)
    with pytest.raises(UserError, match="no space is left for the waveform"):
        _settle_waves(tmp_path)
    assert not list(tmp_path.iterdir())
