"""What assertions say at time 0, when registers are random and no reset has been driven, is no failure; later it is."""

from __future__ import annotations

from pathlib import Path

from cocodla.sim.run import _complaint, _complaints

HEAD = "     0.00ns INFO     cocotb.regression                  running test_x.works (1/1)\n"
EARLY = "[0] %Error: a.v:3: Assertion failed in top.u: a: broken\n"
LATE = "[10000] %Error: a.v:4: Assertion failed in top.u: a: still broken\n"


def test_time_0_is_no_failure(tmp_path: Path) -> None:
    log = tmp_path / "sim.log"
    log.write_text(HEAD + EARLY)
    assert _complaints(log) == {} and _complaint(log) == ""
    log.write_text(HEAD + EARLY + LATE)
    assert _complaints(log) == {"test_x.works": "top.u: a: still broken (a.v:4)"}
    assert "still broken" in _complaint(log)
