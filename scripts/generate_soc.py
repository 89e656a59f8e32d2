"""Writes what tool flows read of the AXI shell, out of the RTL: FuseSoC core and IP-XACT (1685-2014) description.

Run after a change of rtl/files.f or of the ports or parameters of rtl/soc/cocodla_axi.v; tests/soc holds the files
equal to fresh ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as Xml

ROOT = Path(__file__).resolve().parent.parent
TOP = "cocodla_axi"
VERSION = "1.0"
IPXACT = "http://www.accellera.org/XMLSchema/IPXACT/1685-2014"
ABOUT = "int8 neural network accelerator, compatible with the nv_small registers, with AXI4-Lite and AXI4"
BUSES = {"s_axi": ("slave", "aximm"), "m_axi": ("master", "aximm")}
CLOCKS = {"s_axi_aclk": ("s_axi", "s_axi_aresetn"), "m_axi_aclk": ("m_axi", "s_axi_aresetn")}
INTERRUPTS = ("irq", "error_irq")
UNUSED = {"test_mode": "0", "direct_reset_": "1"}
"""Pins on no bus, and their values where nobody connects them: those of the test."""


@dataclass(frozen=True)
class Port:
    """A port of the top: left is the text of its highest bit, "" for one bit."""

    name: str
    direction: str
    left: str


def sources() -> list[str]:
    """RTL files from the project's root, in the order of rtl/files.f."""
    lines = (ROOT / "rtl" / "files.f").read_text(encoding="utf-8").splitlines()
    return [f"rtl/{line}" for line in lines if line and not line.startswith("#")]


def _header() -> str:
    text = (ROOT / "rtl" / "soc" / f"{TOP}.v").read_text(encoding="utf-8")
    text = text[text.index(f"module {TOP} #(") :]
    return text[: text.index(");")]


def ports() -> list[Port]:
    """Ports of the top, in order."""
    found = re.findall(r"^ +(input|output) +wire +(?:\[(.+?):0\])? *(\w+)", _header(), re.MULTILINE)
    return [Port(name, direction, left) for direction, left, name in found]


def parameters() -> dict[str, str]:
    """Parameters of the top with their default values, as Verilog writes them."""
    return dict(re.findall(r"^ +parameter (?:\[.*?\] )?(\w+) += ([\w']+)", _header(), re.MULTILINE))


def number(text: str) -> int:
    """Value of a Verilog number."""
    base, digits = re.fullmatch(r"(?:\d+'([bdh]))?([0-9a-fA-F]+)", text).groups()  # type: ignore[union-attr]
    return int(digits, {"b": 2, "h": 16}.get(base, 10))


def core() -> str:
    """Text of cocodla.core."""
    lines = [
        "CAPI=2:",
        "# FuseSoC core of the accelerator in its AXI shell. Written by scripts/generate_soc.py.",
        f"name: ::cocodla:{VERSION}",
        f"description: {ABOUT}",
        "",
        "filesets:",
        "  rtl:",
        "    files:",
        *(f"      - {path}" for path in sources()),
        "    file_type: verilogSource-2005",
        "",
        "targets:",
        "  default: &default",
        "    filesets: [rtl]",
        f"    toplevel: {TOP}",
        f"    parameters: [{', '.join(parameters())}]",
        "  lint:",
        "    <<: *default",
        "    default_tool: verilator",
        "    tools:",
        "      verilator:",
        "        mode: lint-only",
        "",
        "parameters:",
    ]
    for name, value in parameters().items():
        lines += [f"  {name}:", "    datatype: int", f"    default: {number(value)}", "    paramtype: vlogparam"]
    return "\n".join(lines) + "\n"


def _add(parent: Xml.Element, tag: str, text: str = "", **attributes: str) -> Xml.Element:
    element = Xml.SubElement(parent, f"{{{IPXACT}}}{tag}", attributes)
    element.text = text or None
    return element


def _library(parent: Xml.Element, tag: str, vendor: str, library: str, name: str, version: str = "1.0") -> None:
    _add(parent, tag, vendor=vendor, library=library, name=name, version=version)


def _bus(parent: Xml.Element, name: str, library: str, kind: str, role: str, maps: dict[str, str]) -> Xml.Element:
    bus = _add(parent, "busInterface")
    _add(bus, "name", name)
    _library(bus, "busType", "xilinx.com", library, kind)
    abstraction = _add(_add(bus, "abstractionTypes"), "abstractionType")
    _library(abstraction, "abstractionRef", "xilinx.com", library, f"{kind}_rtl")
    port_maps = _add(abstraction, "portMaps")
    for logical, physical in maps.items():
        port_map = _add(port_maps, "portMap")
        _add(_add(port_map, "logicalPort"), "name", logical)
        _add(_add(port_map, "physicalPort"), "name", physical)
    side = _add(bus, role)
    if role == "slave":
        _add(side, "memoryMapRef", memoryMapRef="s_axi")
    elif name == "m_axi":
        _add(side, "addressSpaceRef", addressSpaceRef="memory")
    settings = _add(bus, "parameters")
    return settings


def _setting(parent: Xml.Element, name: str, value: str) -> None:
    parameter = _add(parent, "parameter")
    _add(parameter, "name", name)
    _add(parameter, "value", value)


def ipxact() -> str:
    """Text of boards/cocodla_axi.xml."""
    Xml.register_namespace("ipxact", IPXACT)
    root = Xml.Element(f"{{{IPXACT}}}component")
    for tag, text in (("vendor", "cocodla"), ("library", "ip"), ("name", TOP), ("version", VERSION)):
        _add(root, tag, text)
    buses = _add(root, "busInterfaces")
    names = [port.name for port in ports()]
    for bus, (role, kind) in BUSES.items():
        signals = [name for name in names if name.startswith(f"{bus}_") and name not in (*CLOCKS, "s_axi_aresetn")]
        _bus(buses, bus, "interface", kind, role, {name.removeprefix(f"{bus}_").upper(): name for name in signals})
    for clock, (bus, reset) in CLOCKS.items():
        settings = _bus(buses, clock, "signal", "clock", "slave", {"CLK": clock})
        _setting(settings, "ASSOCIATED_BUSIF", bus)
        _setting(settings, "ASSOCIATED_RESET", reset)
    reset_bus = _bus(buses, "s_axi_aresetn", "signal", "reset", "slave", {"RST": "s_axi_aresetn"})
    _setting(reset_bus, "POLARITY", "ACTIVE_LOW")
    for interrupt in INTERRUPTS:
        settings = _bus(buses, interrupt, "signal", "interrupt", "master", {"INTERRUPT": interrupt})
        _setting(settings, "SENSITIVITY", "LEVEL_HIGH")
    for bus in buses.findall(f"{{{IPXACT}}}busInterface"):
        for side in bus.findall(f"{{{IPXACT}}}slave"):
            if bus.findtext(f"{{{IPXACT}}}name") != "s_axi":
                side.clear()
    spaces = _add(_add(root, "addressSpaces"), "addressSpace")
    for tag, text in (("name", "memory"), ("range", "'h100000000"), ("width", "32")):
        _add(spaces, tag, text)
    memory = _add(_add(root, "memoryMaps"), "memoryMap")
    _add(memory, "name", "s_axi")
    for name, base, span in (("accelerator", 0, 0x40000), ("bridge", 0x40000, 0x1000), ("shell", 0x41000, 0x1000)):
        block = _add(memory, "addressBlock")
        for tag, text in (("name", name), ("baseAddress", f"'h{base:x}"), ("range", f"'h{span:x}"), ("width", "32")):
            _add(block, tag, text)
    _model(root)
    files = _add(_add(root, "fileSets"), "fileSet")
    _add(files, "name", "rtl")
    for path in sources():
        file = _add(files, "file")
        _add(file, "name", f"../{path}")
        _add(file, "fileType", "verilogSource-2005")
    _add(root, "description", ABOUT)
    values = _add(root, "parameters")
    for name, value in parameters().items():
        parameter = _add(values, "parameter", parameterId=name, type="int", resolve="user")
        _add(parameter, "name", name)
        _add(parameter, "value", str(number(value)))
    Xml.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{Xml.tostring(root, encoding="unicode")}\n'


def _model(root: Xml.Element) -> None:
    """Views, the module with its parameters, and all ports."""
    model = _add(root, "model")
    view = _add(_add(model, "views"), "view")
    _add(view, "name", "rtl")
    _add(view, "componentInstantiationRef", "verilog")
    instance = _add(_add(model, "instantiations"), "componentInstantiation")
    _add(instance, "name", "verilog")
    _add(instance, "language", "verilog")
    _add(instance, "moduleName", TOP)
    values = _add(instance, "moduleParameters")
    for name in parameters():
        parameter = _add(values, "moduleParameter")
        _add(parameter, "name", name)
        _add(parameter, "value", name)
    _add(_add(instance, "fileSetRef"), "localName", "rtl")
    every = _add(model, "ports")
    for port in ports():
        element = _add(every, "port")
        _add(element, "name", port.name)
        wire = _add(element, "wire")
        _add(wire, "direction", {"input": "in", "output": "out"}[port.direction])
        if port.left:
            vector = _add(_add(wire, "vectors"), "vector")
            _add(vector, "left", port.left)
            _add(vector, "right", "0")
        if port.name in UNUSED:
            _add(_add(_add(wire, "drivers"), "driver"), "defaultValue", UNUSED[port.name])


OUTPUTS = {ROOT / "cocodla.core": core, ROOT / "boards" / f"{TOP}.xml": ipxact}

if __name__ == "__main__":
    for path, text in OUTPUTS.items():
        path.write_text(text(), encoding="utf-8")
        print(path.relative_to(ROOT))
