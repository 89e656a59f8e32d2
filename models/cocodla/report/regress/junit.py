"""The results of a regression as JUnit XML, as CI servers take it: a suite for each suite, a case for each item."""

from __future__ import annotations

from collections import defaultdict
from xml.etree import ElementTree

from cocodla.regress.store import Run, Store

_ILLEGAL = {code: "?" for code in (*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF)}
"""Characters that XML does not have."""


def junit(store: Store, run: Run) -> bytes:
    """The file."""
    items = store.rows("select * from items where run = ? and again_of = '' order by suite, unit, place, seed", run.run)
    problems = defaultdict(list)
    for row in store.rows("select * from problems where run = ? order by number", run.run):
        problems[row["item"]].append(row)
    root = ElementTree.Element("testsuites", name=f"{run.plan} {run.run}", time=f"{run.spent:.3f}")
    suites: dict[str, ElementTree.Element] = {}
    for item in items:
        if item["suite"] not in suites:
            suites[item["suite"]] = ElementTree.SubElement(root, "testsuite", name=item["suite"])
        name = f"{item['unit']} {item['place']} seed {item['seed']}"
        case = ElementTree.SubElement(
            suites[item["suite"]], "testcase", name=_legal(name), classname=f"{run.plan}.{item['suite']}",
            time=f"{item['seconds'] or 0:.3f}",
        )  # fmt: skip
        if item["verdict"] == "failed":
            _add_failure(case, problems[item["id"]])
        elif item["verdict"] != "passed":
            ElementTree.SubElement(case, "skipped", message=_legal(item["text"] or "not run"))
    for suite in suites.values():
        cases = list(suite)
        suite.set("tests", str(len(cases)))
        suite.set("failures", str(sum(case.find("failure") is not None for case in cases)))
        suite.set("skipped", str(sum(case.find("skipped") is not None for case in cases)))
        suite.set("time", f"{sum(float(case.get('time', '0')) for case in cases):.3f}")
    ElementTree.indent(root, " ")
    return ElementTree.tostring(root, "utf-8", xml_declaration=True) + b"\n"


def _add_failure(case: ElementTree.Element, problems: list[dict[str, str]]) -> None:
    """One failure for an item: servers count them."""
    texts = [f"{row['stage']}: {row['text']}" for row in problems] or ["failed"]
    failure = ElementTree.SubElement(case, "failure", message=_legal(texts[0]))
    folders = {row["folder"] for row in problems if row["folder"]}
    failure.text = _legal("\n".join([*texts, *sorted(folders)]))


def _legal(text: str) -> str:
    return text.encode("utf-8", "replace").decode().translate(_ILLEGAL)
