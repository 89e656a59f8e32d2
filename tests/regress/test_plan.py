"""Plans: those that come along can be run; what a plan gets wrong is told in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from cocodla.errors import UserError
from cocodla.regress.affected import _touched
from cocodla.regress.plan import duration, load_plan, parse_plan, plan_names
from cocodla.regress.run import first_items, matrix_of


@pytest.mark.parametrize("name", ["smoke", "nightly", "weekly"])
def test_plans_of_the_project_can_be_run(name: str) -> None:
    plan = load_plan(name)
    matrix = matrix_of(plan)
    items = first_items(plan, matrix, 7)
    assert name in plan_names() and len({item.id for item in items}) == len(items) > 20
    assert items == first_items(plan, matrix, 7), "the seed of a run gives all others"
    seeds = {item.seed for item in items}
    assert seeds.isdisjoint(item.seed for item in first_items(plan, matrix, 8))
    assert len(seeds) == len(items)


BLOCKS = '[suites.b]\nkind = "blocks"\n'


def test_a_suite_with_coverage_asks_for_it() -> None:
    plan = parse_plan(BLOCKS + 'blocks = ["glb"]\ncoverage = true', "p", "p.toml")
    assert [item.cell.words for item in first_items(plan, matrix_of(plan), 7)] == [
        ("sim", "glb", "--sim", "verilator", "--coverage")
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "suites"),
        ("suites = 3", "suites"),
        ("[suites]", "length"),
        (BLOCKS + "colour = 1", "unknown field 'colour' - at 'suites.b'"),
        (BLOCKS + 'seeds = "many"', "got 'str' - at 'suites.b.seeds'"),
        (BLOCKS + "seeds = 0", "suites.b.seeds"),
        (BLOCKS + "seeds = [1, -2]", "suites.b.seeds"),
        (BLOCKS + 'blocks = ["nosuch"]', "suites.b.blocks: no block is called 'nosuch'; there are"),
        (BLOCKS + 'coverage = true\nsims = ["verilator", "icarus"]', "suites.b.coverage: is counted under"),
        (BLOCKS + 'sims = ["vcs"]', "suites.b.sims: unknown simulator 'vcs'"),
        (BLOCKS + 'blocks = ["glb"]\ntest = "nosuchtest"', "suites.b: none of its blocks has a test 'nosuchtest'"),
        (BLOCKS + 'test = "("', "no regular expression"),
        (BLOCKS + 'timeout = "soon"', "suites.b.timeout: 'soon' is no duration"),
        (BLOCKS + 'parameters = ["SDP_LANES=1"]', "unknown field 'parameters'"),
        ('[suites.b]\nkind = "mystery"', "'mystery'"),
        ('[suites.b]\nblocks = ["glb"]', "kind"),
        ('[suites."a b"]\nkind = "blocks"', "name"),
        ('[suites.r]\nkind = "random"\nparameters = ["SDP_LANES=3"]', "suites.r.parameters: SDP_LANES is a power"),
        ('[suites.r]\nkind = "random"\nonly = ["nosuch"]', "suites.r.only: unknown kind 'nosuch'"),
        ('[suites.r]\nkind = "nets"\nonly = ["nosuch"]', "suites.r.only: no network is called 'nosuch'"),
        ('[suites.r]\nkind = "traces"\nfolder = "/nosuch"', "/nosuch: no such folder"),
        (f'budget = "-1h"\n{BLOCKS}', "budget: '-1h' is no duration"),
        (f'name = "x"\n{BLOCKS}', "unknown key 'name'"),
        (f"space = -1\n{BLOCKS}", "space"),
        ("[suites", "TOML"),
        (f'colour = "red"\n{BLOCKS}', "unknown field 'colour'"),
    ],
)
def test_what_a_plan_gets_wrong(text: str, told: str) -> None:
    with pytest.raises(UserError) as error:
        matrix_of(parse_plan(text, "p", "p.toml"))
    line = str(error.value)
    assert told.lower() in line.lower() or (told == "TOML" and "p.toml: " in line), line
    assert line.startswith("p") and "\n" not in line


def test_a_plan_is_looked_for_by_name_and_by_path(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nosuch: no such plan; there are nightly, smoke, weekly"):
        load_plan("nosuch")
    with pytest.raises(UserError, match="no such file"):
        load_plan(str(tmp_path / "x.toml"))
    (tmp_path / "own.toml").write_text(BLOCKS + "seeds = [4, 5]")
    plan = load_plan(str(tmp_path / "own.toml"))
    matrix = matrix_of(plan)
    assert plan.name == "own" and {item.seed for item in first_items(plan, matrix, 1)} == {4, 5}


def test_durations() -> None:
    assert [duration(text, "x") for text in ("90", "1.5m", "2 h", "1D")] == [90, 90, 7200, 86400]
    for text in ("", "h", "1y", "31d", "0", "1h30m", "nan", "1e3"):
        with pytest.raises(UserError, match="x: "):
            duration(text, "x")


@pytest.mark.parametrize(
    ("changed", "touched"),
    [
        ("docs/status.md", set()),
        ("tb/blocks/sdp/test_sdp.py", {"sdp"}),
        ("rtl/csb/glb.v", {"glb", "programs", "networks", "resets", "lenet5"}),
        ("rtl/lib/dla_fifo.v", {"sdp", "programs", "networks", "resets", "lenet5"}),
        ("models/cocodla/golden/sdp.py", {"sdp", "programs", "networks", "resets", "lenet5"}),
        ("models/cocodla/fuzz/layers.py", {"networks"}),
        ("models/cocodla/nets/styles.py", {"lenet5"}),
        ("models/cocodla/sim/build.py", {"glb", "sdp", "programs", "networks", "resets", "lenet5"}),
    ],
)
def test_what_depends_on_a_file(changed: str, touched: set[str]) -> None:
    text = """
        [suites.b]\nkind = "blocks"\nblocks = ["glb", "sdp"]
        [suites.r]\nkind = "random"\n[suites.f]\nkind = "fuzz"\n[suites.z]\nkind = "resets"
        [suites.n]\nkind = "nets"\nonly = ["lenet5"]"""
    matrix = matrix_of(parse_plan(text, "p", "p"))
    found = {cell.unit for cells in matrix.values() for cell in cells if _touched(cell, [changed])}
    assert found == touched
