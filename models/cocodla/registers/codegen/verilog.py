"""Writes one Verilog register file per unit.

A generated file holds what is special to its unit: ports, the flip-flops of the fields the datapath looks at, the
copies of counters, write masks and reset values. Everything else is in rtl/csb/dla_regs.v.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cocodla.registers.model import Field, Register, Unit

OWN = ("S_STATUS", "S_POINTER", "D_OP_ENABLE")
"""Registers that rtl/csb/dla_pingpong.v implements."""

LINE = 116


def port_name(prefix: str, register: Register, field: Field) -> str:
    """Name of a field's port: prefix, register without D_ or S_, field; only the field if it repeats the register."""
    reg = register.name[2:] if register.name[:2] in ("D_", "S_") else register.name
    name = field.name if field.name.startswith(reg) else f"{reg}_{field.name}"
    return f"{prefix}_{name}".lower()


def is_stored(register: Register, field: Field) -> bool:
    """True when software reads back what it wrote: the field lives in the read-back memory."""
    if register.name in OWN or field.absent:
        return False
    return field.access == "rw" or (field.access == "trig" and register.storage_only)


def is_live(register: Register, field: Field) -> bool:
    """True when the datapath sees the field."""
    return is_stored(register, field) and not (field.storage_only or register.storage_only or field.no_port)


def is_trigger(register: Register, field: Field) -> bool:
    """True when an access acts on the datapath: the unit gets strobes and gives the value that is read."""
    return field.access == "trig" and register.name not in OWN and not (register.storage_only or field.absent)


def is_status(register: Register, field: Field) -> bool:
    """True when the datapath gives the value."""
    return field.access == "ro" and register.name not in OWN and not field.absent


def render(unit: Unit, module: str) -> str:
    """The text of rtl/registers/gen/<unit>_regs.v."""
    return _Writer(unit, module).text()


def render_rom(unit: Unit) -> str:
    """The text of rtl/registers/gen/cfgrom.v: addresses of equal contents share a line."""
    by_value: dict[int, list[str]] = {}
    for r in unit.registers:
        if r.reset:
            by_value.setdefault(r.reset, []).append(f"10'd{r.offset >> 2}")
    rows = [row for value, words in by_value.items() for row in _case_rows(words, f"contents = 32'h{value:08x};")]
    body = "\n".join(f"        {row}" for row in rows)
    return f"""{_head(unit.name, "A constant table: writes do nothing.")}
module cfgrom (
    input  wire        clk,
    input  wire        rst_n,
    input  wire        reg_valid,
    input  wire        reg_write,
    input  wire [9:0]  reg_addr,
    output reg  [31:0] reg_rdata
);

reg [31:0] contents;

always @* begin
    case (reg_addr)
{body}
        default: contents = 32'd0;
    endcase
end

always @(posedge clk or negedge rst_n) begin
    if (!rst_n) reg_rdata <= 32'd0;
    else        reg_rdata <= (reg_valid && !reg_write) ? contents : 32'd0;
end

endmodule

`default_nettype wire
"""


def _head(name: str, note: str) -> str:
    return (
        f"// Register file of {name}, made by scripts/generate_registers.py from nv_small.rdl: do not edit.\n"
        f"// {note} Ports: docs/architecture.md, register bus.\n"
        "// A read is answered one cycle after its strobe; an access may come every cycle.\n"
        "`default_nettype none\n"
    )


def _case_rows(words: Sequence[str], action: str) -> list[str]:
    """Case items `w, w, ...: action`, labels wrapped to the line length."""
    rows, row = [], ""
    for word in words:
        if len(row) + len(word) + 2 > LINE - len(action) - 12:
            rows.append(row + ",")
            row = ""
        row = f"{row}, {word}" if row else word
    return [*rows, f"{row}: {action}"]


def _wrap(items: Iterable[str], indent: str) -> list[str]:
    """Comma separated items on as few lines as fit."""
    lines, line = [], ""
    for item in items:
        if line and len(indent) + len(line) + len(item) + 3 > LINE:
            lines.append(f"{indent}{line},")
            line = ""
        line = f"{line}, {item}" if line else item
    return [*lines, f"{indent}{line}"] if line else lines


def _declaration(kind: str, names: Sequence[str], indent: str) -> list[str]:
    """`kind a, b, c;` with continuation lines."""
    lines = _wrap([f"{kind} {names[0]}", *names[1:]], indent)
    lines[1:] = ["    " + line for line in lines[1:]]
    lines[-1] += ";"
    return lines


def _clear(names: Sequence[str], indent: str) -> list[str]:
    """`{a, b, c} <= 0;` on as few lines as fit."""
    lines = _wrap(names, indent + "    ")
    if len(lines) > 1:
        return [f"{indent}{{", *lines, f"{indent}}} <= 0;"]
    return [f"{indent}{_join(names)} <= 0;"] if names else []


def _range(width: int) -> str:
    return f"[{width - 1}:0]" if width > 1 else ""


def _join(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else "{" + ", ".join(parts) + "}"


def _placed(parts: Sequence[tuple[Field, str]]) -> str:
    """A 32-bit concatenation with each named value at its field's place (fields in any order)."""
    out, top = [], 32
    for f, name in sorted(parts, key=lambda p: -p[0].msb):
        if f.msb + 1 < top:
            out.append(f"{top - f.msb - 1}'d0")
        out.append(name)
        top = f.lsb
    if top:
        out.append(f"{top}'d0")
    return _join(out)


@dataclass
class _Word:
    """A register with flip-flops for the datapath: only its live fields, packed, highest first."""

    register: Register
    fields: list[Field]

    @property
    def name(self) -> str:
        r = self.register.name
        return (r[2:] if r[:2] in ("D_", "S_") else r).lower() + "_word"

    @property
    def width(self) -> int:
        return sum(f.width for f in self.fields)

    @property
    def reset(self) -> int:
        value = 0
        for f in self.fields:
            value = value << f.width | f.reset
        return value

    @property
    def data(self) -> str:
        slices: list[list[int]] = []
        for f in self.fields:
            if slices and slices[-1][1] == f.msb + 1:
                slices[-1][1] = f.lsb
            else:
                slices.append([f.msb, f.lsb])
        return _join([f"reg_wdata[{high}:{low}]" if high > low else f"reg_wdata[{low}]" for high, low in slices])

    @property
    def ports(self) -> str:
        return _join([port_name("cfg", self.register, f) for f in self.fields])


def _assign(word: _Word, source: str) -> str:
    """The ports of a word's fields, highest first, from its flip-flops."""
    line = f"assign {word.ports} = {source};"
    return line if len(line) <= LINE else f"assign {word.ports} =\n    {source};"


class _Writer:
    """Collects the parts of one register file."""

    def __init__(self, unit: Unit, module: str) -> None:
        self.unit, self.module = unit, module
        self.title = unit.name if module == f"{unit.name.lower()}_regs" else module.removesuffix("_regs").upper()
        self.word_w = max(2, (unit.registers[-1].offset >> 2).bit_length())
        self.first_dual = min((r.offset >> 2 for r in unit.registers if r.group == "dual"), default=0)
        words = [
            _Word(r, sorted((f for f in r.fields if is_live(r, f)), key=lambda f: -f.msb)) for r in unit.registers
        ]
        self.dual = [w for w in words if w.fields and w.register.group == "dual"]
        self.single = [w for w in words if w.fields and w.register.group != "dual"]
        self.copies = [(r, f) for r, f in self._fields(is_status) if r.group == "dual"]
        self.direct = [(r, f) for r, f in self._fields(is_status) if r.group != "dual"]
        self.triggers = self._fields(is_trigger)
        self.used = {
            name
            for name, needed in (
                ("read", self.triggers),
                ("single_write", self.single or self.triggers),
                ("dual_write", self.dual),
                ("producer", self.copies),
                ("started", [r for r, _ in self.copies if not r.held]),
            )
            if needed
        }

    def _fields(self, wanted: Callable[[Register, Field], bool]) -> list[tuple[Register, Field]]:
        return [(r, f) for r in self.unit.registers for f in r.fields if wanted(r, f)]

    def _in_memory(self, register: Register) -> bool:
        """True when the read-back memory answers for the register (a trigger in it makes it a live value)."""
        return any(is_stored(register, f) for f in register.fields) and not any(
            is_trigger(register, f) for f in register.fields
        )

    def text(self) -> str:
        note = "Field values change only while the group's OP_EN is 0." if self.unit.has_groups else "One copy of all."
        parts = [
            _head(self.title, note),
            self._ports(),
            self._wires(),
            self._masks(),
            self._single(),
            self._dual(),
            self._triggers(),
            self._values(),
            self._core(),
        ]
        return "\n".join(p for p in parts if p) + "\nendmodule\n\n`default_nettype wire\n"

    # -- interface

    def _ports(self) -> str:
        rows = [("input  wire", "", "clk"), ("input  wire", "", "rst_n"), ("input  wire", "[31:0]", "ram_pd")]
        rows += [("input  wire", "", "reg_valid"), ("input  wire", "", "reg_write")]
        rows += [("input  wire", "[9:0]", "reg_addr"), ("input  wire", "[31:0]", "reg_wdata")]
        rows += [("output wire", "[31:0]", "reg_rdata")]
        if self.unit.has_groups:
            rows += [("output wire", "", "op_en"), ("output wire", "", "consumer"), ("input  wire", "", "done")]
            rows += [("output wire", "", "settling")]
        for w in self.single + self.dual:
            rows += [("output wire", _range(f.width), port_name("cfg", w.register, f)) for f in reversed(w.fields)]
        rows += [("output wire", "", name) for name, _ in self._strobes()]
        for r, f in self.triggers + self.direct + self.copies:
            rows.append(("input  wire", _range(f.width), port_name("sts", r, f)))
        column = max(len(r[1]) for r in rows)
        body = ",\n".join(f"    {kind} {width:<{column}} {name}" for kind, width, name in rows)
        return f"module {self.module} (\n{body}\n);\n"

    def _wires(self) -> str:
        rows = [f"wire [{self.word_w - 1}:0] word;"]
        bits = [n for n in ("read", "single_write", "producer") if n in self.used]
        pairs = [n for n in ("dual_write", "started") if n in self.used]
        rows += _declaration("wire", bits, "") if bits else []
        rows += _declaration("wire [1:0]", pairs, "") if pairs else []
        return "\n".join(rows) + "\n"

    # -- what software sees

    def _label(self, register: Register) -> str:
        return f"{self.word_w}'d{register.offset >> 2}"

    def _masks(self) -> str:
        by_mask: dict[int, list[str]] = {}
        by_reset: dict[int, list[str]] = {}
        for r in self.unit.registers:
            if self._in_memory(r):
                mask = sum(f.mask for f in r.fields if is_stored(r, f))
                by_mask.setdefault(mask, []).append(self._label(r))
            constant = sum(f.reset << f.lsb for f in r.fields if is_stored(r, f) or f.access == "const")
            if constant:
                by_reset.setdefault(constant, []).append(self._label(r))
        return self._lookup("mask", by_mask) + "\n" + self._lookup("reset", by_reset)

    def _lookup(self, name: str, table: dict[int, list[str]]) -> str:
        if not table:
            return f"wire [31:0] {name} = 32'd0;\n"
        rows = [r for value, words in table.items() for r in _case_rows(words, f"{name} = 32'h{value:08x};")]
        return self._case(rows, f"{name} = 32'd0;")

    def _case(self, rows: Sequence[str], default: str) -> str:
        body = "\n".join(f"        {row}" for row in rows)
        name = default.split()[0]
        return (
            f"reg [31:0] {name};\nalways @* begin\n    case (word)\n{body}\n"
            f"        default: {default}\n    endcase\nend\n"
        )

    def _values(self) -> str:
        rows = []
        for r in self.unit.registers:
            parts = [(f, port_name("sts", r, f)) for f in r.fields if is_status(r, f) or is_trigger(r, f)]
            if not parts or any(f.on_read for f, _ in parts):
                continue
            if r.group == "dual":
                copies = [(f, port_name("copy", r, f)) for f, _ in parts]
                parts = [(f, f"(producer ? g_group[1].{c} : g_group[0].{c})") for f, c in copies]
            else:
                stored = next((w for w in self.single if w.register is r), None)
                parts += [(f, port_name("cfg", r, f)) for f in stored.fields] if stored else []
            rows.append(f"{self._label(r)}: value = {_placed(parts)};")
        return self._case(rows, "value = 32'd0;") if rows else "wire [31:0] value = 32'd0;\n"

    # -- storage

    def _declare(self, words: Sequence[_Word], indent: str, prefix: str = "") -> list[str]:
        by_width: dict[int, list[str]] = {}
        for w in words:
            by_width.setdefault(w.width, []).append(prefix + w.name)
        rows = []
        for width, names in by_width.items():
            rows += _declaration(f"reg {_range(width)}".rstrip(), names, indent)
        return rows

    def _flops(self, words: Sequence[_Word], write: str, indent: str) -> list[str]:
        rows = [f"{indent}always @(posedge clk or negedge rst_n) begin", f"{indent}    if (!rst_n) begin"]
        rows += _clear([w.name for w in words if not w.reset], indent + "        ")
        rows += [f"{indent}        {w.name} <= {w.width}'h{w.reset:x};" for w in words if w.reset]
        rows += [f"{indent}    end else if ({write}) begin", f"{indent}        case (word)"]
        rows += [f"{indent}            {self._label(w.register)}: {w.name} <= {w.data};" for w in words]
        rows += [f"{indent}            default: ;", f"{indent}        endcase", f"{indent}    end", f"{indent}end"]
        return rows

    def _single(self) -> str:
        if not self.single:
            return ""
        rows = self._declare(self.single, "") + self._flops(self.single, "single_write", "")
        rows += [_assign(w, w.name) for w in self.single]
        return "\n".join(rows) + "\n"

    def _dual(self) -> str:
        if not self.dual and not self.copies:
            return ""
        rows = ["wire [1:0] finished = {consumer, !consumer} & {2{done}};", ""] if self.copies else []
        rows += ["genvar g;", "generate", "for (g = 0; g < 2; g = g + 1) begin : g_group"]
        if self.dual:
            rows += self._declare(self.dual, "    ") + self._flops(self.dual, "dual_write[g]", "    ")
        if self.copies:
            rows += self._copy_flops()
        rows += ["end", "endgenerate", ""]
        return "\n".join(rows + self._running()) + "\n"

    def _running(self) -> list[str]:
        """Registers with the settings of group CONSUMER, between the groups and the datapath.

        No cycle is lost: they follow a write of a field in the cycle after it, when OP_EN is written at the earliest,
        and a new CONSUMER while op_en is still 0 (dla_pingpong).
        """
        if not self.dual:
            return []
        rows = ["// Settings of group CONSUMER. They are what the groups say whenever op_en is 1 (dla_pingpong)."]
        rows += self._declare(self.dual, "", "running_")
        rows += ["always @(posedge clk or negedge rst_n) begin", "    if (!rst_n) begin"]
        rows += _clear([f"running_{w.name}" for w in self.dual if not w.reset], "        ")
        rows += [f"        running_{w.name} <= {w.width}'h{w.reset:x};" for w in self.dual if w.reset]
        for group, condition in ((1, "else if (consumer) begin"), (0, "else begin")):
            rows += [f"    end {condition}"]
            rows += [f"        running_{w.name} <= g_group[{group}].{w.name};" for w in self.dual]
        rows += ["    end", "end", *self._asserted(), ""]
        return rows + [_assign(w, f"running_{w.name}") for w in self.dual]

    def _asserted(self) -> list[str]:
        """The rule of `_running`, where assertions are on."""
        sides = [_wrap([f"g_group[{g}].{w.name}" for w in self.dual], "    ") for g in (1, 0)]
        now = _wrap([f"running_{w.name}" for w in self.dual], "    ")
        selected = ["wire selected_match = (consumer ? {", *sides[0], "} : {", *sides[1], "}) == {", *now, "};"]
        error = '    if (rst_n && op_en && !selected_match) $error("%m: the settings of the running layer changed");'
        return ["`ifdef DLA_ASSERT", *selected, "always @(posedge clk or negedge rst_n) begin", error, "end", "`endif"]

    def _copy_flops(self) -> list[str]:
        rows, clear, take = [], [], []
        for r, f in self.copies:
            name = port_name("copy", r, f)
            rows += _declaration(f"reg {_range(f.width)}".rstrip(), [name], "    ")
            take.append(f"            {name} <= {port_name('sts', r, f)};")
            if not r.held:
                clear.append(name)
        names = [port_name("copy", r, f) for r, f in self.copies]
        rows += ["    always @(posedge clk or negedge rst_n) begin", "        if (!rst_n) begin"]
        rows += [*_clear(names, "            "), "        end else if (finished[g]) begin", *take]
        if clear:
            rows += ["        end else if (started[g]) begin", *_clear(clear, "            ")]
        return [*rows, "        end", "    end"]

    def _strobes(self) -> list[tuple[str, str]]:
        """Name and condition of the strobes for registers with side effects."""
        strobes = []
        for r in dict.fromkeys(r for r, _ in self.triggers):
            name = _Word(r, []).name.removesuffix("_word")
            strobes.append((f"write_{name}", f"single_write && word == {self._label(r)}"))
            if any(f.on_read for f in r.fields):
                strobes.append((f"read_{name}", f"read && word == {self._label(r)}"))
        return strobes

    def _triggers(self) -> str:
        return "".join(f"assign {name} = {condition};\n" for name, condition in self._strobes())

    # -- the shared part

    def _core(self) -> str:
        stored = 0
        size = 1 << self.word_w
        for r in self.unit.registers:
            if self._in_memory(r):
                stored |= 1 << (r.offset >> 2)
                if r.group == "dual":
                    stored |= 1 << (size + (r.offset >> 2))
        grouped = int(self.unit.has_groups)
        bits = size << grouped
        late = [port_name("sts", r, f) for r, f in self.triggers if f.on_read]
        rdata = "core_rdata" if late else "reg_rdata"
        pins = ["clk", "rst_n", "ram_pd", "reg_valid", "reg_write", "reg_addr", "reg_wdata", "word", "mask", "reset"]
        pins.append("value")
        connections = [f".{p}({p})" for p in pins] + [f".reg_rdata({rdata})"]
        optional = ("read", "single_write", "dual_write", "producer", "started")
        connections += [f".{p}({p if p in self.used else ''})" for p in optional]
        group = {"op_en": "op_en", "consumer": "consumer", "done": "done"} if grouped else {"done": "1'b0"}
        connections += [f".{p}({group.get(p, '')})" for p in ("op_en", "consumer", "done")]
        connections += [f".settling({'settling' if grouped else ''})"]
        rows = []
        if late:
            rows += ["// The unit answers a read with a side effect itself, one cycle after the strobe."]
            rows += ["wire [31:0] core_rdata;", f"assign reg_rdata = core_rdata | {{16'd0, {late[0]}}};", ""]
        rows += [
            "/* verilator lint_off PINCONNECTEMPTY */ // not every unit has a use for every output",
            f"dla_regs #(.WORD_W({self.word_w}), .GROUPED({grouped}), .FIRST_DUAL({self.first_dual}),",
            f"           .STORED({bits}'h{stored:x})) u_regs (",
            *_wrap(connections, "    "),
            ");",
            "/* verilator lint_on PINCONNECTEMPTY */",
        ]
        return "\n".join(rows) + "\n"
