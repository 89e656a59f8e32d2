"""Runs made up for the tests, and Chromium, where it is installed."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np

from cocodla.program.activity import Activity, Interface, Unit
from cocodla.runtime.recording import LayerFact, Recorded, RunRecord
from cocodla.runtime.rtl import MemoryModel
from cocodla.runtime.spans import LayerSpan

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MARKUP = '</script><script>alert(1)</script><b onload="x">&amp;\'{{ 7 * 7 }}'


def made(names: tuple[str, ...] = ("first", "second"), windows: int = 10, slow: int = 0, name: str = "net") -> Recorded:
    """A run of a layer after another, each half of the windows of 64 cycles; the first takes `slow` cycles more."""
    rng = np.random.default_rng(1)
    interfaces = (
        Interface("cdma_dat_rd_rsp", "mcif", "cdma"), Interface("cacc2sdp", "cacc", "sdp"),
        Interface("sdp_wr_req", "sdp", "mcif"),
    )  # fmt: skip
    units = Unit("csc", ("cdma", "-", "cacc")), Unit("sdp", ("cacc", "sdp_rdma", "pdp"))

    def split(rows: int, states: int) -> np.ndarray:
        return rng.multinomial(64, [1 / states] * states, (windows, rows)).astype(np.int64)

    counts = split(2, 8)
    counts[:, 0] = [4, 60, 0, 0, 0, 0, 0, 0]
    activity = Activity(np.full(windows, 64), interfaces, units, split(3, 4), counts)
    cycles = activity.cycles
    half = cycles // len(names)
    spans = tuple(
        LayerSpan(layer, 0, half * n, half * n + half // 2 + (slow if n == 0 else 0), 10 * n + 8, 4)
        for n, layer in enumerate(names)
    )
    layers = tuple(LayerFact(layer, "conv", 3000, 170) for layer in names)
    record = RunRecord(
        name, "verilator", 7, 1, MemoryModel(), cycles, (0,), layers, spans, interfaces, units, predicted=340
    )
    return Recorded(record, activity)


def with_record(run: Recorded, **changes: object) -> Recorded:
    """The run with other values in its record."""
    return Recorded(replace(run.record, **changes), run.activity)  # type: ignore[arg-type]
