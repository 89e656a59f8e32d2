"""The page: all on its own, names are text, numbers are those of the run; what `cocodla report` says and refuses."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli.conftest import complaint, invoke

from cocodla.report.cycles.charts import rebinned
from cocodla.report.cycles.page import page, timeline
from cocodla.report.cycles.summary import summarize
from cocodla.runtime.recording import keep
from cocodla.sim import project

from .recorded import CHROMIUM, MARKUP, made, with_record

NAMES = (MARKUP, "second")


class Elements(HTMLParser):
    """Elements with their attributes, and the text of each kind."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self.inside = tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.inside, data))


@pytest.fixture(autouse=True)
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(project.BUILD, str(tmp_path / "build"))


def test_the_page_needs_nothing_else() -> None:
    """No address, no file, nothing loaded; and the policy in it forbids all that."""
    text = page(made())
    elements = Elements(text)
    names = {tag for tag, _ in elements.found}
    assert not names & {"img", "iframe", "object", "embed", "form", "base", "audio", "video", "a"}
    for tag, attributes in elements.found:
        assert not set(attributes) & {"src", "srcset", "action", "style"}, tag
        assert attributes.get("href", "data:,") == "data:,"
        assert not [name for name in attributes if name.startswith("on")]
    assert not re.search(r"https?:|//[a-z]+\.|@import|url\(", text.replace("// ", ""))
    policies = [a["content"] for _, a in elements.found if a.get("http-equiv") == "Content-Security-Policy"]
    assert policies and "default-src 'none'" in str(policies[0])


def test_names_are_text() -> None:
    """Markup in the names of network and layers ends up as text, in every part of the page."""
    plain, marked = Elements(page(made(), made())), Elements(page(made(NAMES, name=MARKUP), made(NAMES)))
    tags = [tag for tag, _ in marked.found]
    assert tags == [tag for tag, _ in plain.found]
    data = json.loads(next(text for tag, text in marked.texts if tag == "script" and text.startswith("{")))
    assert data["layers"] == list(NAMES)
    assert any(MARKUP in text for tag, text in marked.texts if tag == "h1")


def check(value: Any, kind: Any, place: str = "") -> None:
    """Values and keys are of the kinds in `kind`: a dict of keys, [kind of all items], or types."""
    if isinstance(kind, dict):
        assert isinstance(value, dict) and set(value) == set(kind), place
        for key, inner in kind.items():
            check(value[key], inner, f"{place}.{key}")
    elif isinstance(kind, list):
        assert isinstance(value, list), place
        for item in value:
            check(item, kind[0], f"{place}[]")
    else:
        assert isinstance(value, kind), f"{place}: {value!r}"


NUMBER, MAYBE = (int, float), (int, float, type(None))
RUN = {
    "name": str, "simulator": str, "seed": int, "images": int, "memory": dict, "cycles": int,
    "cycles_per_image": NUMBER, "milliseconds_per_image": NUMBER, "predicted_per_image": MAYBE, "stages": [int],
}  # fmt: skip
KEYS: dict[str, Any] = {
    "format": str,
    "run": RUN,
    "layers": [
        {
            "name": str, "operation": str, "runs": int, "cycles": NUMBER, "share": NUMBER, "macs": int,
            "mac_utilisation": NUMBER, "read_bytes": NUMBER, "written_bytes": NUMBER, "macs_per_byte": MAYBE,
            "predicted": MAYBE, "prediction_error": MAYBE, "worker": (str, type(None)), "worker_states": dict,
        }
    ],
    "units": [{"name": str, "computes": int, "fetches": int, "hands_on": int, "idle": int, "waits": dict}],
    "interfaces": [
        {
            "name": str, "sender": str, "receiver": str, "transfers": int, "lost": int, "starved": int, "quiet": int,
        }
    ],
    "traffic": [{"client": str, "direction": str, "bytes": int}],
    "against": {"run": RUN, "layers": [{"name": str, "before": NUMBER, "now": NUMBER, "change": NUMBER}]},
}  # fmt: skip


def test_json_has_the_documented_keys() -> None:
    """All of them, each documented, and the states of a unit and of an interface add up to the cycles of the run."""
    run = made()
    here, there = keep(run), keep(made(slow=40))
    facts = json.loads(invoke("report", there, "--against", here, "--json").stdout)
    check(facts, KEYS)
    for unit in facts["units"]:
        own = unit["computes"] + unit["fetches"] + unit["hands_on"] + unit["idle"]
        assert own + sum(unit["waits"].values()) == facts["run"]["cycles"]
    for row in facts["interfaces"]:
        assert row["transfers"] + row["lost"] + row["starved"] + row["quiet"] == facts["run"]["cycles"]
    assert sum(layer["share"] for layer in facts["layers"]) == pytest.approx(1)
    documented = set(re.findall(r"`(\w+)`", (project.root() / "docs" / "report.md").read_text(encoding="utf-8")))
    kinds: list[Any] = [kind for (kind,) in (KEYS[name] for name in ("layers", "units", "interfaces", "traffic"))]
    assert {key for kind in [KEYS, RUN, *kinds] for key in kind} <= documented
    assert json.loads(invoke("report", here, "--json").stdout)["against"] is None


def test_numbers_of_a_layer() -> None:
    """Of a run whose cycles, bytes and states are known."""
    first, second = summarize(made())["layers"]
    assert (first["cycles"], first["read_bytes"], first["written_bytes"]) == (160, 64, 32)
    assert first["mac_utilisation"] == 3000 / (64 * 160) and first["macs_per_byte"] == 3000 / 64
    assert first["prediction_error"] == 170 / 160 - 1
    assert (second["read_bytes"], second["share"]) == (144, 0.5)
    assert first["worker"] == "csc" and first["worker_states"] == {"idle": 4 / 64, "computes": 60 / 64}


def test_differences_to_another_run() -> None:
    """Layer by layer, also on the page; a run of other layers is refused."""
    here, there = made(slow=40), made()
    found = summarize(here, there)["against"]
    assert [row["change"] for row in found["layers"]] == [40, 0]
    text = page(here, there)
    assert "+40" in text and "Against the run" in text and "Against the run" not in page(here)
    other = keep(made(("first", "third")))
    assert "other layers" in complaint("report", keep(here), "--against", other)


def test_runs_without_layers_or_convolutions_have_a_page() -> None:
    """Nothing is divided by nothing."""
    run = made()
    empty = with_record(run, layers=(), spans=(), predicted=None)
    facts = summarize(empty)
    assert facts["layers"] == [] and facts["run"]["cycles_per_image"] == 0
    assert "Roofline" not in page(empty)
    idle = [replace(span, end=span.start, read_beats=0, write_beats=0) for span in run.record.spans]
    assert "Timeline" in page(with_record(run, spans=tuple(idle)))


def test_many_windows_become_few() -> None:
    """Those of the timeline are bounded; amounts over time stay the same in sum."""
    run = made(windows=9001)
    data = timeline(run.record, run.activity)
    assert len(data["ends"]) <= 4000 and data["ends"][-1] == run.record.cycles
    amounts = np.arange(100)
    assert rebinned(amounts, np.full(100, 7), 33).sum() == pytest.approx(amounts.sum())


def test_the_page_is_written_and_told(tmp_path: Path) -> None:
    """Into the folder, or where the user wants it; a place where it cannot be leaves the folder as it was."""
    folder = keep(made())
    assert str(folder / "report.html") in invoke("report", folder).output
    assert (folder / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert invoke("report", folder, "-o", tmp_path / "x.html").exit_code == 0
    assert "folder does not exist" in complaint("report", folder, "-o", tmp_path / "no" / "x.html")
    assert "is read as well" in complaint("report", folder, "-o", folder / "record.json")
    (folder / "activity.npz").unlink()
    assert str(folder) in complaint("report", folder, "-o", tmp_path / "y.html")
    assert not (tmp_path / "y.html").exists()
    assert "no such folder" in complaint("report", tmp_path / "missing")


@pytest.mark.skipif(not shutil.which("node"), reason="no node")
def test_the_script_is_one(tmp_path: Path) -> None:
    script = project.root() / "models" / "cocodla" / "report" / "cycles" / "timeline.js"
    subprocess.run(["node", "--check", str(script)], check=True)


def in_chromium(text: str, folder: Path) -> tuple[str, str]:
    """The document after its scripts have run, and what Chromium logged."""
    path = folder / "page.html"
    path.write_text(text, encoding="utf-8")
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'user'}",
        "--enable-logging=stderr", "--log-level=0", "--virtual-time-budget=2000", "--dump-dom", path.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
def test_chromium_shows_it_without_an_error(tmp_path: Path) -> None:
    """The timeline tells of its first cycle, and nothing is logged: no script error, nothing that was forbidden."""
    text, log = in_chromium(page(made(NAMES, name=MARKUP)), tmp_path)
    assert "Cycle 0, &lt;/script&gt;" in text and "csc: computes 94 %" in text
    assert log == ""


KEYS_PRESSED = """<script>
const timeline = document.getElementById("timeline");
for (const key of ["ArrowDown", "+", "+", "PageDown", "ArrowRight"])
  timeline.dispatchEvent(new KeyboardEvent("keydown", { key }));
timeline.dispatchEvent(new WheelEvent("wheel", { deltaY: 1 }));
dispatchEvent(new Event("beforeprint"));  // draws at once
</script></body>"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
def test_keys_and_wheel_move_the_timeline(tmp_path: Path) -> None:
    """Down takes the next unit, + halves what is shown, the page keys turn it, the wheel widens it by a quarter."""
    text, log = in_chromium(page(made()).replace("</body>", KEYS_PRESSED), tmp_path)
    shown = re.search(r'id="where">(\d+) to (\d+)<', text)
    assert shown and int(shown[2]) - int(shown[1]) == 640 // 4 * 5 // 4
    assert re.search(r'id="told"[^>]*>Cycle 164, no layer\. sdp: ', text) and log == ""
