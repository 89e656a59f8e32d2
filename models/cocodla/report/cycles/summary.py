"""The facts of a run as plain values: what `cocodla report --json` prints and the page shows (keys: docs/report.md)."""

from __future__ import annotations

from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cocodla.errors import UserError
from cocodla.hw import ATOM, CLOCK_MHZ
from cocodla.program.activity import COMPUTE, FETCH, HAND, IDLE, LOST, MEMORY, NOTHING, STARVED, TRANSFER, Unit
from cocodla.runtime.recording import LayerFact, Recorded, RunRecord, same_layers
from cocodla.runtime.spans import LayerSpan

FORMAT = "cocodla cycles 1"
MULTIPLIERS = 64
WORKERS = ("csc", "sdp", "pdp", "cdp")
"""Units that set a layer's pace."""

READ_SUFFIX, WRITE_SUFFIX = "_rd_rsp", "_wr_req"


def summarize(run: Recorded, against: Recorded | None = None) -> dict[str, Any]:
    """All facts. UserError if `against` is a run of other layers."""
    record = run.record
    layers = _layers(run)
    return {
        "format": FORMAT,
        "run": _run(record),
        "layers": layers,
        "units": [_unit(unit, counts) for unit, counts in zip(run.activity.units, _totals(run), strict=True)],
        "interfaces": _interfaces(run),
        "traffic": [
            {"client": name, "direction": direction, "bytes": int(beats.sum()) * ATOM}
            for name, direction, beats in traffic(run)
        ],
        "against": _against(record, layers, against) if against else None,
    }


def _run(record: RunRecord) -> dict[str, Any]:
    per_image = busy_cycles(record) / record.images
    return {
        "name": record.name,
        "simulator": record.simulator,
        "seed": record.seed,
        "images": record.images,
        "memory": asdict(record.memory),
        "cycles": record.cycles,
        "cycles_per_image": per_image,
        "milliseconds_per_image": per_image / (CLOCK_MHZ * 1000),
        "predicted_per_image": record.predicted,
        "stages": list(record.stages),
    }


def busy_cycles(record: RunRecord) -> int:
    """Cycles from the first start to the last end of a layer, of all stages."""
    bounds = [*record.stages, record.cycles]
    total = 0
    for begin, end in pairwise(bounds):
        inside = [span for span in record.spans if begin <= span.start and span.end <= end]
        if inside:
            total += max(span.end for span in inside) - min(span.start for span in inside)
    return total


def _layers(run: Recorded) -> list[dict[str, Any]]:
    record = run.record
    by_layer: dict[str, list[LayerSpan]] = {layer.name: [] for layer in record.layers}
    for span in record.spans:
        by_layer[span.layer].append(span)
    whole = sum(span.end - span.start for span in record.spans) or 1
    return [_layer(run, layer, by_layer[layer.name], whole) for layer in record.layers]


def _layer(run: Recorded, layer: LayerFact, found: list[LayerSpan], whole: int) -> dict[str, Any]:
    times = max(len(found), 1)
    spent = sum(span.end - span.start for span in found)
    cycles = spent / times
    read, written = (sum(getattr(s, name) for s in found) * ATOM / times for name in ("read_beats", "write_beats"))
    most = max(read, written)
    worker, states = _worker(run, found)
    return {
        "name": layer.name,
        "operation": layer.operation,
        "runs": len(found),
        "cycles": cycles,
        "share": spent / whole,
        "macs": layer.macs,
        "mac_utilisation": layer.macs / (MULTIPLIERS * cycles) if cycles else 0.0,
        "read_bytes": read,
        "written_bytes": written,
        "macs_per_byte": layer.macs / most if most else None,
        "predicted": layer.predicted,
        "prediction_error": layer.predicted / cycles - 1 if layer.predicted is not None and cycles else None,
        "worker": worker,
        "worker_states": states,
    }


def _worker(run: Recorded, found: list[LayerSpan]) -> tuple[str | None, dict[str, float]]:
    """The unit that computes most while a layer is at work, and the share of its cycles in each of its states."""
    places = [place for place, unit in enumerate(run.activity.units) if unit.name in WORKERS]
    if not places or not found:
        return None, {}
    ends = np.cumsum(run.activity.lengths)
    begins = ends - run.activity.lengths
    inside = np.zeros(len(ends))
    for span in found:
        inside += np.clip(np.minimum(ends, span.end) - np.maximum(begins, span.start), 0, None)
    counts = np.einsum("w,wus->us", inside / run.activity.lengths, run.activity.unit_counts[:, places])
    place = int(counts[:, COMPUTE].argmax())
    unit = run.activity.units[places[place]]
    total = counts[place].sum() or 1.0
    return unit.name, {name: value / total for name, value in _named(unit, counts[place]).items()}


def state_name(unit: Unit, state: int) -> str:
    """What a state of a unit is called: "computes", ..., "waits for sdp"."""
    plain = {IDLE: "idle", COMPUTE: "computes", FETCH: "fetches", HAND: "hands on"}
    return plain.get(state) or f"waits for {unit.waits_for(state)}"


def _named(unit: Unit, counts: NDArray[Any]) -> dict[str, float]:
    return {state_name(unit, state): float(value) for state, value in enumerate(counts) if value}


def _totals(run: Recorded) -> NDArray[np.int64]:
    return np.asarray(run.activity.unit_counts.sum(0, dtype=np.int64))


def _unit(unit: Unit, counts: NDArray[np.int64]) -> dict[str, Any]:
    waits = {unit.waits_for(state): int(counts[state]) for state in range(MEMORY, 8) if unit.waits_for(state) != "-"}
    return {
        "name": unit.name,
        "computes": int(counts[COMPUTE]),
        "fetches": int(counts[FETCH]),
        "hands_on": int(counts[HAND]),
        "idle": int(counts[IDLE]),
        "waits": waits,
    }


def _interfaces(run: Recorded) -> list[dict[str, Any]]:
    totals = run.activity.interface_counts.sum(0, dtype=np.int64)
    return [
        {
            **asdict(interface),
            "transfers": int(counts[TRANSFER]),
            "lost": int(counts[LOST]),
            "starved": int(counts[STARVED]),
            "quiet": int(counts[NOTHING]),
        }
        for interface, counts in zip(run.activity.interfaces, totals, strict=True)
    ]


def traffic(run: Recorded) -> list[tuple[str, str, NDArray[np.int64]]]:
    """(client, "read" or "write", beats of 8 bytes by window) of all traffic; of another DUT what its pins tell."""
    rows = {row.name: place for place, row in enumerate(run.activity.interfaces)}
    beats = run.activity.interface_counts[:, :, TRANSFER].astype(np.int64)
    found = []
    for suffix, direction in ((READ_SUFFIX, "read"), (WRITE_SUFFIX, "write")):
        found += [(n.removesuffix(suffix), direction, beats[:, p]) for n, p in rows.items() if n.endswith(suffix)]
    if not found:
        pins = (("dbb_r", "read"), ("dbb_w", "write"))
        found = [("all", direction, beats[:, rows[pin]]) for pin, direction in pins if pin in rows]
    return found


def _against(record: RunRecord, layers: list[dict[str, Any]], other: Recorded) -> dict[str, Any]:
    if not same_layers(record, other.record):
        raise UserError(f"--against: {other.record.name!r} has other layers than {record.name!r}")
    pairs = [(now["name"], then["cycles"], now["cycles"]) for now, then in zip(layers, _layers(other), strict=True)]
    changes = [{"name": name, "before": then, "now": now, "change": now - then} for name, then, now in pairs]
    return {"run": _run(other.record), "layers": changes}
