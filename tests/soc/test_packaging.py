"""What tool flows read of the AXI shell fits the RTL: FuseSoC, IP-XACT, Vivado's script, device tree, LiteX."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

import generate_soc

ROOT = Path(__file__).resolve().parents[2]
BOARDS = ROOT / "boards"
NAMES = {port.name for port in generate_soc.ports()}
SPACE = {"ipxact": generate_soc.IPXACT}


@pytest.mark.parametrize("path", generate_soc.OUTPUTS, ids=lambda path: path.name)
def test_generated_files_are_fresh(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == generate_soc.OUTPUTS[path](), "run scripts/generate_soc.py"


def test_every_file_exists() -> None:
    listed = re.findall(r"^      - (\S+)$", (ROOT / "cocodla.core").read_text(encoding="utf-8"), re.MULTILINE)
    tree = Xml.parse(BOARDS / "cocodla_axi.xml")
    packed = [file.findtext("ipxact:name", "", SPACE) for file in tree.iterfind(".//ipxact:file", SPACE)]
    assert len(listed) > 80 and listed == [name.removeprefix("../") for name in packed]
    assert [name for name in listed if not (ROOT / name).is_file()] == []


def test_ports_are_read_whole() -> None:
    """The generator's reading of the header against a count of its own, and against widths that are known."""
    text = (ROOT / "rtl" / "soc" / "cocodla_axi.v").read_text(encoding="utf-8")
    assert len(NAMES) == len(re.findall(r"^ +(?:in|out)put ", text, re.MULTILINE))
    widths = {port.name: port.left for port in generate_soc.ports()}
    assert (widths["s_axi_awaddr"], widths["m_axi_wdata"], widths["irq"]) == ("19", "DATA_W-1", "")
    assert "WINDOW_LIMIT" in generate_soc.parameters() and "PROT" in generate_soc.parameters()


def test_every_pin_is_on_one_bus_of_ipxact() -> None:
    tree = Xml.parse(BOARDS / "cocodla_axi.xml")
    mapped = [port.findtext("ipxact:name", "", SPACE) for port in tree.iterfind(".//ipxact:physicalPort", SPACE)]
    assert sorted(mapped) == sorted(NAMES - set(generate_soc.UNUSED))
    listed = [port.findtext("ipxact:name", "", SPACE) for port in tree.iterfind(".//ipxact:ports/ipxact:port", SPACE)]
    assert sorted(listed) == sorted(NAMES)


def test_vivado_names_pins_and_parameters_of_the_shell() -> None:
    text = (BOARDS / "vivado.tcl").read_text(encoding="utf-8")
    pins = {name for name in re.findall(r"\baccelerator/(\w+)", text) if name not in ("s_axi", "m_axi")}
    assert pins == {"s_axi_aclk", "m_axi_aclk", "irq", "error_irq"} and pins <= NAMES
    tied = re.search(r"foreach {pin level} {(.*?)}", text)
    assert tied and tied[1] == " ".join(f"{pin} {level}" for pin, level in generate_soc.UNUSED.items())
    cell = text[text.index("-reference cocodla_axi") : text.index("[get_bd_cells accelerator]")]
    chosen = re.findall(r"CONFIG\.(\w+)", cell)
    assert chosen and set(chosen) <= set(generate_soc.parameters())
    assert "rtl files.f" in text and "set_property top cocodla_axi" in text
    assert all(text.count(left) == text.count(right) for left, right in ("{}", "[]"))


def test_device_tree_fits_the_block_design() -> None:
    tree, script = ((BOARDS / name).read_text(encoding="utf-8") for name in ("cocodla.dtsi", "vivado.tcl"))
    base = re.search(r"accelerator@([0-9a-f]+)", tree)
    offset = re.search(r"-offset 0x([0-9A-F]+) -range 1M \[get_bd_addr_segs accelerator", script)
    assert base and offset and base[1] == offset[1].lower()
    assert re.search(rf"reg = <0x0 0x{base[1]} 0x0 0x100000>", tree)
    interrupts = re.findall(r'"(\w+)"', re.search(r"interrupt-names = (.*);", tree)[1])  # type: ignore[index]
    clocks = re.findall(r'"(\w+)"', re.search(r"clock-names = (.*);", tree)[1])  # type: ignore[index]
    assert {*interrupts, *clocks} <= NAMES
    assert tree.count("{") == tree.count("}")


def test_litex_connects_every_pin() -> None:
    """The module's own function makes the names of the pins, with stand-ins for LiteX's streams."""
    source = ast.parse((BOARDS / "litex_cocodla.py").read_text(encoding="utf-8"))
    wanted = [
        node
        for node in source.body
        if isinstance(node, ast.Assign) or (isinstance(node, ast.FunctionDef) and node.name == "_pins")
    ]
    module = ast.Module([node for node in wanted if "RTL" not in ast.unparse(node)], [])

    class Anything:
        def __getattr__(self, name: str) -> Anything:
            return Anything()

    scope: dict[str, object] = {"Any": object, "Signal": Anything}
    exec(compile(module, "litex_cocodla.py", "exec"), scope)
    pins: dict[str, object] = {}
    for prefix, channels, manager in (("s_axi", "_LITE", False), ("m_axi", "_FULL", True)):
        pins |= scope["_pins"](prefix, Anything(), scope[channels], manager)  # type: ignore[operator]
    directions = {"i_": "input", "o_": "output"}
    found = {name[2:]: directions[name[:2]] for name in pins}
    others = {"s_axi_aclk", "s_axi_aresetn", "m_axi_aclk", "irq", "error_irq", *generate_soc.UNUSED}
    assert found == {port.name: port.direction for port in generate_soc.ports() if port.name not in others}
    text = (BOARDS / "litex_cocodla.py").read_text(encoding="utf-8")
    assert all(re.search(rf'"[io]_{name}"', text) for name in others)
