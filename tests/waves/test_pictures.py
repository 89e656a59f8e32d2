"""Timing diagrams: what is drawn of every kind of value, over every kind of range, and what cannot be drawn."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image
from tests.cli.conftest import complaint, invoke
from tests.waves.dump_writer import write_cycles

from cocodla.waves.dump import Dump
from cocodla.waves.picture import traces
from cocodla.waves.picture.draw import draw_dump
from cocodla.waves.picture.request import Request, find_range, find_rows
from cocodla.waves.picture.scale import without
from cocodla.waves.picture.shapes import GLYPH, fitted
from cocodla.waves.picture.traces import Span, read_traces, value_text

SVG = "{http://www.w3.org/2000/svg}"


def odd(folder: Path) -> Path:
    """A dump with values of every kind; its clock rises at 5, 15, ... 95 ns."""
    lines = [
        "$timescale 1ns $end", "$scope module top $end", "$var wire 1 ! clk $end", '$var wire 1 " bit $end',
        "$var wire 8 # bus [7:0] $end", "$var wire 100 $ wide [99:0] $end", "$var real 64 % volt $end",
        "$var string 1 & note $end", "$var wire 2 ' state $end", "$var parameter 2 ( IDLE [1:0] $end",
        "$var parameter 2 ) RUN [1:0] $end", "$var wire 1 * s_valid $end", "$var wire 1 + s_ready $end",
        "$var wire 1 , \\a<b>&\"c\" $end", "$var wire 4 - late [3:0] $end",
        "$upscope $end", "$enddefinitions $end",
        "#0", "0!", '0"', "b0 #", "bx $", "r1.5 %", "s<i>&go &", "b0 '", "b0 (", "b1 )", "0*", "0+", "1,",
    ]  # fmt: skip
    changes = {
        10: ['1"', "b11110000 #", "b1 '", "1*"], 20: ['x"', "b1x1z #", "r-2500 %", "1+"],
        30: ['z"', "bzzzzzzzz #", f"b{'1' * 100} $", "0*"], 40: ['0"', "b1 #", "sdone &", "0+"], 50: ["b11 -"],
    }  # fmt: skip
    for time in range(0, 101, 5):
        lines += [f"#{time}", f"{int(time % 10 == 5)}!", *changes.get(time, [])]
    path = folder / "odd.vcd"
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return path


def spans(path: Path, *signals: str, start: str = "0", end: str = "100ns", radix: str = "hex") -> list[list[tuple]]:
    dump = Dump(path)
    request = Request(signals, start, end, radix=radix)
    time = find_range(dump, request)
    found = read_traces(dump, find_rows(dump, None, request), time.ranges[0][0], time.ranges[-1][1])
    return [[(one.start, one.end, one.text, one.state) for one in trace.spans] for trace in found]


def test_spans_of_all_kinds(tmp_path: Path) -> None:
    path = odd(tmp_path)
    bit, bus, volt, note, state, late = spans(path, "bit", "bus", "volt", "note", "state", "late")
    assert bit == [(0, 10, "0", ""), (10, 20, "1", ""), (20, 30, "x", "x"), (30, 40, "z", "z"), (40, 100, "0", "")]
    assert [one[2:] for one in bus] == [("00", ""), ("F0", ""), ("0x", "x"), ("zz", "z"), ("01", "")]
    assert [one[2] for one in volt] == ["1.5", "-2500"] and [one[2] for one in note] == ["<i>&go", "done"]
    assert [one[:3] for one in state] == [(0, 10, "IDLE"), (10, 100, "RUN")]
    assert late == [(0, 50, "", "none"), (50, 100, "3", "")]
    (wide,) = spans(path, "wide", start="25ns", end="35")
    assert [one[2] for one in wide] == ["x" * 25, "F" * 25] and wide[0][:2] == (25, 30)


def test_handshakes(tmp_path: Path) -> None:
    """What an interface does, then its signals."""
    first, valid, ready = spans(odd(tmp_path), "s")
    texts = [(0, 10, "-", "0"), (10, 20, "receiver stalls", "2"), (20, 30, "moves", "3"), (30, 40, "sender late", "1")]
    assert first == [*texts, (40, 100, "-", "0")]
    assert [one[0] for one in valid] == [0, 10, 30] and [one[0] for one in ready] == [0, 20, 40]
    assert spans(odd(tmp_path), "top.s") == spans(odd(tmp_path), "s")


@pytest.mark.parametrize(
    ("value", "width", "radix", "text"),
    [
        (10, 8, "hex", "0A"), (10, 8, "dec", "10"), (250, 8, "signed", "-6"), (5, 8, "signed", "5"),
        (5, 4, "bin", "0101"), ("zzz00", 5, "hex", "zx"),
        ("1x", 6, "hex", "0x"), ("zzzz1111", 8, "hex", "zF"), ("z", 1, "hex", "z"), ("1x", 2, "dec", "x"),
        (1.25, 0, "hex", "1.25"), ("any", 0, "bin", "any"), (2, 3, "hex", "TWO"), (1 << 80, 81, "hex", "1" + "0" * 20),
    ],
)  # fmt: skip
def test_texts_of_values(value: int | str | float, width: int, radix: str, text: str) -> None:
    assert value_text(value, width, radix, {2: "TWO"}) == text


def test_a_radix_for_one_signal(tmp_path: Path) -> None:
    (by_word,) = spans(odd(tmp_path), "bus:dec", start="12", end="18")
    (by_default,) = spans(odd(tmp_path), "bus", start="12", end="18", radix="dec")
    assert by_word == by_default == [(12, 18, "240", "")]


def picture(path: Path, *words: object) -> ElementTree.Element:
    target = path.with_name("picture.svg")
    done = invoke("waves", "draw", path, *words, "-o", target)
    assert done.exit_code == 0, done.output
    return ElementTree.fromstring(target.read_bytes())


def words_of(root: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def test_the_svg(tmp_path: Path) -> None:
    """Names and values as they are, whatever XML makes of them; all of it inside the picture; the same each time."""
    path = odd(tmp_path)
    command = ("--signals", 'bit,bus,a<b>&"c",note,volt', "--title", "A <b> & c\x07", "--to", "60ns", "--width", 700)
    root = picture(path, *command)
    words = words_of(root)
    assert {"bit", "bus", 'a<b>&"c"', "<i>&go", "1.5", "F0", "A <b> & c\\x07"} <= set(words)
    assert {"0 ns", "10 ns", "60 ns"} & set(words)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for element in root.iter():
        for point in element.attrib.get("points", "").split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= width and 0 <= y <= height
    before = (tmp_path / "picture.svg").read_bytes()
    picture(path, *command)
    assert (tmp_path / "picture.svg").read_bytes() == before


def test_cycles(tmp_path: Path) -> None:
    """Cycle n lies around the n-th edge; what counts in it is left of its line."""
    path = odd(tmp_path)
    dump = Dump(path)
    time = find_range(dump, Request(("bit",), "1", "4", "clk"))
    assert time.ranges == [(10, 40)] and time.edges is not None and list(time.edges) == list(range(5, 100, 10))
    assert {"1", "2", "3"} <= set(words_of(picture(path, "--signals", "bit", "--clock", "clk", "--from", 1, "--to", 4)))
    assert find_range(dump, Request(("bit",), "", "", "clk")).ranges == [(0, 100)]


def test_cuts(tmp_path: Path) -> None:
    assert without(0, 100, [(20, 30), (25, 50), (90, 200)]) == [(0, 20), (50, 90)]
    assert without(5, 10, [(0, 20)]) == []
    path = odd(tmp_path)
    request = Request(("bus",), "0", "9", "clk", (("2", "7"),))
    assert find_range(Dump(path), request).ranges == [(0, 20), (70, 90)]
    words = words_of(picture(path, "--signals", "bus:dec", "--clock", "clk", "--to", 9, "--cut", "2..7"))
    assert {"0", "1", "7", "8"} <= set(words) and not {"3", "4", "5"} & set(words)


def test_a_png(tmp_path: Path) -> None:
    """As large as twice the SVG, and not empty."""
    path = odd(tmp_path)
    data = draw_dump(path, None, Request(("bit", "s", "state")), ".png", 300)
    root = ElementTree.fromstring(draw_dump(path, None, Request(("bit", "s", "state")), ".svg", 300))
    image = Image.open(io.BytesIO(data))
    assert image.size == (2 * int(root.attrib["width"]), 2 * int(root.attrib["height"]))
    assert len(image.getcolors(1 << 24) or ()) > 20


def test_text_that_does_not_fit() -> None:
    assert fitted("abcdef", 6 * GLYPH) == "abcdef" and fitted("abcdef", 5 * GLYPH) == "abcd…"
    assert fitted("abc", 10) == ""


def test_labels_are_as_short_as_they_can_be(tmp_path: Path) -> None:
    path = tmp_path / "same.vcd"
    path.write_text(
        "$timescale 1ns $end\n$scope module t $end\n$scope module a $end\n$var wire 1 ! x $end\n$upscope $end\n"
        "$scope module b $end\n$var wire 1 \" x $end\n$var wire 1 # y $end\n$upscope $end\n$upscope $end\n"
        "$enddefinitions $end\n#0\n0!\n1\"\n0#\n#5\n1!\n",
        encoding="ascii",
    )  # fmt: skip
    rows = find_rows(Dump(path), None, Request(("a.x", "b.x", "y")))
    assert [row.label for row, _ in rows] == ["a.x", "b.x", "y"]
    assert "may be t.a.x, t.b.x" in complaint("waves", "draw", path, "--signals", "x")


def test_many_changes_close_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They become one dark stretch; too many for a picture are refused."""
    rows = [{"n": f"{number % 8:03b}"} for number in range(3000)]
    path = write_cycles(tmp_path / "many.vcd", rows, {"n": 3})
    data = draw_dump(path, None, Request(("n",)), ".svg", 200)
    assert data.count(b"<polygon") < 60
    monkeypatch.setattr(traces, "MOST_CHANGES", 100)
    line = complaint("waves", "draw", path, "--signals", "n", "-o", tmp_path / "x.svg")
    assert "more than 100 changes in" in line and "choose a shorter range or fewer signals" in line
    assert draw_dump(path, None, Request(("n",), "100ns", "500ns")) and not (tmp_path / "x.svg").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--signals", "bits"), "has no such signal; did you mean bit"),
        ((), "no signal is given"),
        (("--signals", "bit", "--from", "200ns"), "ends at 100 ns"),
        (("--signals", "bit", "--to", "1us"), "ends at 100 ns"),
        (("--signals", "bit", "--from", "30", "--to", "20"), "holds nothing"),
        (("--signals", "bit", "--from", "soon"), "--from 'soon': is no time such as 120ns or 1.5us"),
        (("--signals", "bit", "--clock", "clk", "--from", "1ns"), "with --clock it is a number of cycles"),
        (("--signals", "bit", "--clock", "clk", "--to", "11"), "has cycles 0 to 9 of top.clk"),
        (("--signals", "bit", "--clock", "bus"), "is no signal of one bit"),
        (("--signals", "bit", "--clock", "volt"), "is no signal of one bit"),
        (("--signals", "bit", "--clock", "s_valid"), "rises 1 times"),
        (("--signals", "bit", "--cut", "5"), "is no FROM..TO"),
        (("--signals", "bit", "--cut", "9..5"), "holds nothing"),
        (("--signals", "bit", "--cut", "0..200ns"), "leaves nothing"),
        (("--signals", "bit", "--radix", "oct"), "is one of hex, dec, signed, bin"),
        (("--signals", "bit", "-o", "x.pdf"), "a picture is called NAME.svg or NAME.png"),
        (("--signals", ",".join(["bit"] * 201)), "at most 200 rows"),
        (("--signals", "bit", "--interfaces", "/dev/zero"), "/dev/zero: is a device"),
    ],
)
def test_what_cannot_be_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple, message: str) -> None:
    path = odd(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert message in complaint("waves", "draw", path, *words)
    assert sorted(tmp_path.iterdir()) == [path]


def test_dumps_that_cannot_be_read(tmp_path: Path) -> None:
    for name, data, message in (
        ("empty.vcd", b"", "is empty"), ("foreign.fst", b"%PDF-1.4 no dump", "cannot be read as VCD or FST"),
        ("cut.vcd", odd(tmp_path).read_bytes()[:-1], "cut off"),
    ):  # fmt: skip
        path = tmp_path / name
        path.write_bytes(data)
        assert message in complaint("waves", "draw", path, "--signals", "bit", "-o", tmp_path / "x.svg")
    assert "does not exist" in complaint("waves", "draw", tmp_path / "none.vcd", "--signals", "bit")
    assert "is read as well" in complaint("waves", "draw", odd(tmp_path), "--signals", "bit", "-o", _linked(tmp_path))
    assert not (tmp_path / "x.svg").exists()


def _linked(folder: Path) -> Path:
    link = folder / "same.svg"
    link.symlink_to(folder / "odd.vcd")
    return link


def test_a_dump_that_changes_while_it_is_read(tmp_path: Path) -> None:
    path = odd(tmp_path)
    dump = Dump(path)
    with path.open("a", encoding="ascii") as file:
        file.write("#200\n0!\n")
    with pytest.raises(Exception, match="changed while it was read"):
        dump.values([dump.variables["top.bit"]], 0, 50, 100)


def test_json(tmp_path: Path) -> None:
    target = tmp_path / "x.svg"
    done = invoke("waves", "draw", odd(tmp_path), "--signals", "bit", "-o", target, "--json")
    assert json.loads(done.stdout) == {"picture": str(target)}


def test_spans_cover_the_range_without_gaps(tmp_path: Path) -> None:
    dump = Dump(odd(tmp_path))
    found = read_traces(dump, find_rows(dump, None, Request(("bus", "s", "late"))), 7, 93)
    for trace in found:
        ends = [7, *(span.end for span in trace.spans)]
        assert [span.start for span in trace.spans] == ends[:-1] and ends[-1] == 93
        assert all(isinstance(span, Span) and re.fullmatch(r"|x|z|none|[0-3]", span.state) for span in trace.spans)


WIDE = "$scope module top $end\n$var wire 20000 ! w $end\n$upscope $end\n$enddefinitions $end\n#0\nb1{} !\n#9\n0!\n"


@pytest.mark.parametrize("radix", ["dec", "signed"])
def test_what_is_too_wide_for_decimal_digits(tmp_path: Path, radix: str) -> None:
    (tmp_path / "wide.vcd").write_text(WIDE.format("0" * 19_999))
    target = tmp_path / "x.svg"
    line = complaint("waves", "draw", tmp_path / "wide.vcd", "--signals", f"w:{radix}", "-o", target)
    assert f"top.w: 20,000 bits; radix {radix} takes 4,096 at most" in line
    assert invoke("waves", "draw", tmp_path / "wide.vcd", "--signals", "w", "-o", target).exit_code == 0


@pytest.mark.parametrize("scale", ["", "$timescale 7 parsecs $end\n"])
def test_a_dump_without_a_unit_of_time(tmp_path: Path, scale: str) -> None:
    dump = tmp_path / "dump.vcd"
    dump.write_text(scale + re.sub(r"\$timescale[^$]*\$end\n?", "", odd(tmp_path).read_text()))
    assert Dump(dump).tick == (1, -9)
    assert invoke("waves", "draw", dump, "--signals", "bit", "-o", tmp_path / "x.svg").exit_code == 0


def test_json_of_a_dump_that_the_reader_warns_of(tmp_path: Path) -> None:
    """The library prints its warnings on standard output: time that goes back."""
    dump = odd(tmp_path)
    with dump.open("a", encoding="ascii") as file:
        file.write("#1\n0!\n")
    words = [sys.executable, "-m", "cocodla", "waves", "draw", dump, "--signals", "bit", "-o", tmp_path / "x.svg"]
    done = subprocess.run([*map(str, words), "--json"], capture_output=True, text=True)
    assert json.loads(done.stdout) == {"picture": str(tmp_path / "x.svg")}, done.stderr
