"""A project of one small source and its bins, and coverage data of it as Verilator writes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from cocodla.coverage import store
from cocodla.coverage.data import Data, TestRun, pack
from cocodla.coverage.verilator import HEADER, Reader
from cocodla.sim import project

SOURCE = """module x (input wire clk, a, output reg [1:0] q);
always @(posedge clk) begin
    if (a) q <= q + 1;
end
`ifdef DLA_ASSERT
always @(posedge clk) if (q == 3) $error("no");
`else
wire taken = a;
`endif
wire unused = a |
    clk;
endmodule
"""
BINS = "`COVER(wraps, a && &q)\n`COVER(starts_at_0, q == 0)\n"
KEYS = (
    "rtl/x.v|2|1|v_line/x|block|TOP.x.u_a|2", "rtl/x.v|2|1|v_line/x|block|TOP.x.u_b|2",
    "rtl/x.v|3|5|v_branch/x|if|TOP.x.u_a|3", "rtl/x.v|3|6|v_branch/x|else|TOP.x.u_a|",
    "rtl/x.v|1|48|v_toggle/x|q[0]:0->1|TOP.x.u_a|", "rtl/x.v|1|48|v_toggle/x|q[1]:0->1|TOP.x.u_a|",
    "rtl/x.v|6|30|v_expr/x|(q==3) => 1|TOP.x.u_a|", "rtl/x.v|8|6|v_toggle/x|taken:0->1|TOP.x.u_a|",
    "rtl/x.v|11|5|v_expr/x|(clk==1) => 1|TOP.x.u_a|", "rtl/x.v|1|9|v_toggle/x|unused_q[3]:0->1|TOP.x.u_a|",
    "rtl/lib/formal/y.v|1|1|v_line/y|block|TOP.y|1", "tb/blocks/x/x.v|1|1|v_line/z|block|TOP.z|1",
    "tb/hdl/coverage/x_cover.sv|1|1|v_user/x_cover|wraps|TOP.x.u_a.u_cover.wraps|1",
    "tb/hdl/coverage/x_cover.sv|2|1|v_user/x_cover|starts_at_0|TOP.x.u_cover.lane[3].starts_at_0|2",
)  # fmt: skip


def raw(root: Path, counts: Sequence[int]) -> str:
    """A file of Verilator with these counts of KEYS."""
    lines = [HEADER]
    for key, count in zip(KEYS, counts, strict=True):
        file, line, column, page, name, instance, block = key.split("|")
        fields = {"f": str(root / file), "l": line, "n": column, "page": page, "o": name, "h": instance}
        if block:
            fields["S"] = block
        text = "".join(f"\x01{name}\x02{value}" for name, value in fields.items())
        lines.append(f"C '{text}' {count}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of the project."""
    files = {"rtl/x.v": SOURCE, "tb/hdl/coverage/x_cover.sv": BINS, "tb/hdl/coverage/include/cover.svh": ""}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    monkeypatch.setattr(project, "build", lambda: tmp_path / "build")
    return tmp_path


@pytest.fixture
def keep(tree: Path) -> Callable[..., Path]:
    """Keeps a run of block x: keep(seed, **counts of each test)."""

    def keep_run(seed: int, **tests: Sequence[int]) -> Path:
        reader, total, runs = Reader(tree), None, []
        for name, counts in tests.items():
            (tree / "one.dat").write_text(raw(tree, counts))
            found = reader.read(tree / "one.dat")
            total = found if total is None else total + found
            runs.append(TestRun("x", "default", f"test_x.{name}", seed, pack(found > 0)))
        assert total is not None
        sources = {point.file: store.digest(point.file) for point in reader.points}
        path = store.folder() / "runs" / f"x-seed{seed}.cov"
        path.parent.mkdir(parents=True, exist_ok=True)
        store.save(path, Data(sources, reader.points, total.tolist(), runs))
        return path

    return keep_run
