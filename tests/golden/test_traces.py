"""Public nv_small traces on the golden model: every expected CRC, and the bytes behind it."""

import os
from pathlib import Path

import pytest

from cocodla.golden import run
from cocodla.program.trace import read_trace

SHARED = Path(os.environ.get("COCODLA_SHARED", Path(__file__).parents[3] / "shared"))
TRACES = sorted(p.name for p in (SHARED / "traces/nv_small").glob("*")) or ["none"]


@pytest.mark.parametrize("name", TRACES)
def test_trace_gives_the_expected_bytes(name: str) -> None:
    if name == "none":
        pytest.skip("skipped: no ../shared")
    execution = run(read_trace(SHARED / "traces/nv_small" / name))
    assert execution.failures == []
    output = execution.observations[-1].data
    expected = (SHARED / f"traces/expected/{name}.bin").read_bytes()
    assert output == expected
