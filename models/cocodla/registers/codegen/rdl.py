"""Reads the SystemRDL register map into `cocodla.registers.model` objects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from systemrdl import RDLCompileError, RDLCompiler
from systemrdl.node import AddrmapNode, FieldNode, RegNode
from systemrdl.rdltypes import AccessType, OnWriteType

from cocodla.errors import UserError
from cocodla.registers.model import Field, Register, Unit

GROUPS = ("rom", "plain", "single", "dual")


def load(path: Path, top: str = "nv_small") -> tuple[Unit, ...]:
    """Compile the map at `path`. Raises UserError with the compiler's verdict (details go to stderr)."""
    compiler = RDLCompiler()
    try:
        compiler.compile_file(str(path))
        root = compiler.elaborate(top)
    except RDLCompileError as error:
        raise UserError(f"{path}: not a valid register description: {error}") from error
    return tuple(_unit(node) for node in root.top.children() if isinstance(node, AddrmapNode))


def _unit(node: AddrmapNode) -> Unit:
    registers = tuple(_register(node.inst_name, reg) for reg in node.registers())
    return Unit(node.inst_name, node.absolute_address, registers, _text(node))


def _register(unit: str, node: RegNode) -> Register:
    group = node.get_property("group")
    if group not in GROUPS:
        raise UserError(f"register {unit}.{node.inst_name}: group is {group!r}, must be one of {', '.join(GROUPS)}")
    return Register(
        name=node.inst_name,
        unit=unit,
        address=node.absolute_address,
        group=group,
        fields=tuple(_field(f) for f in node.fields()),
        description=_text(node),
        storage_only=bool(node.get_property("storage_only")),
        held=bool(node.get_property("held")),
    )


def _field(node: FieldNode) -> Field:
    encode = node.get_property("encode")
    return Field(
        name=node.inst_name,
        msb=node.high,
        lsb=node.low,
        access=_access(node),
        reset=_reset(node),
        enum={m.name: m.value for m in encode} if encode else {},
        minus_one=bool(node.get_property("minus_one")),
        storage_only=bool(node.get_property("storage_only")),
        no_port=bool(node.get_property("no_port")),
        absent=bool(node.get_property("absent")),
        on_read=bool(node.get_property("swacc")),
    )


def _reset(node: FieldNode) -> int:
    value = node.get_property("reset", default=0)
    if not isinstance(value, int):
        raise UserError(f"field {node.get_path()}: the reset value must be a number")
    return value


def _access(node: FieldNode) -> str:
    """The field's access in the terms of `Field.access`."""
    sw = node.get_property("sw")
    if sw == AccessType.r:
        constant = node.get_property("hw") == AccessType.na and not node.get_property("absent")
        return "const" if constant else "ro"
    if sw == AccessType.w:
        return "wo"
    if node.get_property("onwrite") == OnWriteType.woclr:
        return "w1c"
    return "trig" if node.get_property("swmod") else "rw"


def _text(node: Any) -> str:
    return " ".join((node.get_property("desc") or "").split())
