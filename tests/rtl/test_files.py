"""The list of RTL sources is complete and names no file twice."""

from pathlib import Path

RTL = Path(__file__).resolve().parents[2] / "rtl"


def test_every_source_is_listed_once() -> None:
    listed = [line for line in (RTL / "files.f").read_text().splitlines() if line and not line.startswith("#")]
    assert len(listed) == len(set(listed))
    there = {path.relative_to(RTL).as_posix() for path in RTL.rglob("*.v")}
    assert sorted(listed) == sorted(path for path in there if not path.startswith("lib/formal/"))  # models for proofs
