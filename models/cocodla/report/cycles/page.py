"""The page of a run: one HTML file that needs nothing else, neither network nor folder."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup

from cocodla.program.activity import Activity
from cocodla.report.cycles.charts import clients, roofline_chart, traffic_chart
from cocodla.report.cycles.summary import state_name, summarize
from cocodla.runtime.recording import Recorded, RunRecord

WINDOWS = 4000
"""Windows of the timeline at most; runs of several stages may have more."""

_ORDER = (
    "cdma", "csc", "cmac", "cacc", "sdp_rdma", "sdp", "pdp_rdma", "pdp", "cdp_rdma", "cdp", "dbb_read", "dbb_write",
)  # fmt: skip
_FOLDER = Path(__file__).parent


def page(run: Recorded, against: Recorded | None = None) -> str:
    """The HTML text. UserError if `against` is a run of other layers."""
    facts = summarize(run, against)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    environment.filters.update(count=_count, share=_share, signed=_signed)
    return environment.get_template("page.html.j2").render(
        facts=facts,
        traffic=traffic_chart(run),
        clients=clients(run),
        roofline=roofline_chart(facts["layers"], run.record.memory.ar_every),
        style=Markup((_FOLDER.parent / "page.css").read_text(encoding="utf-8")),
        script=_part("timeline.js"),
        data=_embedded(timeline(run.record, run.activity)),
    )


def _part(name: str) -> Markup:
    """A file of this package that goes into the page as it is."""
    return Markup((_FOLDER / name).read_text(encoding="utf-8"))


def _embedded(values: Any) -> Markup:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(values, separators=(",", ":"))
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def timeline(record: RunRecord, activity: Activity) -> dict[str, Any]:
    """What timeline.js draws. Of each unit, window and state the share of its cycles, a byte (255: all of them)."""
    known = {unit.name: place for place, unit in enumerate(activity.units)}
    places = [known[name] for name in _ORDER if name in known] or list(known.values())
    numbers = {layer.name: number for number, layer in enumerate(record.layers)}
    step = -(-len(activity.lengths) // WINDOWS)
    begins = np.arange(0, len(activity.lengths), step)
    lengths = np.add.reduceat(activity.lengths, begins)
    counts = np.add.reduceat(activity.unit_counts[:, places].astype(np.int64), begins)
    shares = np.rint(counts * 255 / lengths[:, None, None]).astype(np.uint8)
    return {
        "cycles": record.cycles,
        "ends": np.cumsum(lengths).tolist(),
        "units": [
            {"name": activity.units[p].name, "states": [state_name(activity.units[p], s) for s in range(8)]}
            for p in places
        ],
        "shares": base64.b64encode(shares.tobytes()).decode(),
        "layers": [layer.name for layer in record.layers],
        "spans": [[numbers[span.layer], span.image, span.start, span.end] for span in record.spans],
        "stages": list(record.stages),
    }


def _count(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _share(value: float | None, digits: int = 1) -> str:
    return "" if value is None else f"{value:.{digits}%}"


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+,.0f}"
