"""Writes the register reference, docs/registers.md."""

from __future__ import annotations

from collections.abc import Sequence

from cocodla.registers.model import Field, Register, Unit

HEAD = """# Registers

Made by scripts/generate_registers.py from rtl/registers/nv_small.rdl: do not edit.

Addresses are byte addresses in the 256 KiB window of the CSB. S_ registers exist once, D_ registers once in each
of the two groups: S_POINTER.PRODUCER chooses which one is read and written. Bits without a field read 0.

Marks: **-1** the field holds the quantity minus 1; **storage** can be written and read back, but nothing depends on
it; **const** never changes; **ro** read only; **wo** write only; **w1c** writing 1 clears; **act** an access does
something.
"""

ENUM_LIMIT = 8
"""Longer lists of values get a line of their own."""


def render(units: Sequence[Unit]) -> str:
    """The text of docs/registers.md."""
    parts = [HEAD, "| unit | base | |\n|---|---|---|\n" + "\n".join(_summary(u) for u in units) + "\n"]
    parts += [_unit(u) for u in units]
    return "\n".join(parts)


def _summary(unit: Unit) -> str:
    return f"| [{unit.name}](#{unit.name.lower()}) | 0x{unit.base:05x} | {unit.description} |"


def _unit(unit: Unit) -> str:
    rows = [f"## {unit.name}\n", unit.description + "\n"]
    rows += ["| address | register | reset | fields | |", "|---|---|---|---|---|"]
    rows += [_register(r) for r in unit.registers]
    long = {f.name: f for r in unit.registers for f in r.fields if len(f.enum) > ENUM_LIMIT}
    rows += [f"\nValues of {name}: {_values(f)}." for name, f in long.items()]
    return "\n".join(rows) + "\n"


def _register(register: Register) -> str:
    fields = "<br>".join(_field(register, f) for f in register.fields)
    return (
        f"| 0x{register.address:05x} | {register.name} | 0x{register.reset:x} | {fields} | {register.description} |"
    )


def _field(register: Register, field: Field) -> str:
    bits = f"{field.msb}:{field.lsb}" if field.width > 1 else str(field.lsb)
    marks = []
    if field.minus_one:
        marks.append("-1")
    if field.storage_only or register.storage_only:
        marks.append("storage")
    if field.access != "rw":
        marks.append({"trig": "act"}.get(field.access, field.access))
    text = f"{field.name}[{bits}]" + "".join(f" **{m}**" for m in marks)
    if field.enum and len(field.enum) <= ENUM_LIMIT:
        text += f" ({_values(field)})"
    return text


def _values(field: Field) -> str:
    return ", ".join(f"{value} {name}" for name, value in field.enum.items())
