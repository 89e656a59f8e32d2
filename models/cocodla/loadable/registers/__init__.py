"""What the firmware writes to program and enable an operation, in its order (spec: loadable.md sections 5 and 6)."""

from __future__ import annotations

from cocodla.loadable.descriptors import Kind, Place
from cocodla.loadable.registers import cdp, convolution, pdp, sdp
from cocodla.loadable.registers.words import Words
from cocodla.loadable.task import Operation, Task

UNITS: dict[Kind, tuple[str, ...]] = {
    Kind.CONVOLUTION: ("CACC", "CMAC_A", "CMAC_B", "CSC", "CDMA"),
    Kind.SDP: ("SDP", "SDP_RDMA"),
    Kind.PDP: ("PDP", "PDP_RDMA"),
    Kind.CDP: ("CDP", "CDP_RDMA"),
}
"""Units of an engine in the order in which their groups are chosen; the first one tells which group is free."""

MASKED = {Kind.SDP: 0x03, Kind.CDP: 0x0C, Kind.PDP: 0x30}
"""Bits of GLB.S_INTR_MASK that are cleared before an operation is programmed."""

_WRITES = {
    Kind.CONVOLUTION: convolution.words, Kind.SDP: sdp.words, Kind.PDP: pdp.words, Kind.CDP: cdp.words
}  # fmt: skip


def program(task: Task, operation: Operation) -> Words:
    """(register, word) of an operation's settings, without those of S_POINTER and GLB."""
    return _WRITES[operation.kind](task, operation)


def reads_memory(operation: Operation) -> bool:
    """Whether the read unit of SDP, PDP or CDP takes part."""
    match operation.kind:
        case Kind.SDP:
            op = operation.sdp
            stages = (op.x1_op, op.x2_op, op.y_op)
            return operation.src.type != Place.UNIT or any(stage.enable and stage.mode for stage in stages)
        case Kind.PDP:
            return operation.src.type != Place.UNIT
        case kind:
            return kind is Kind.CDP


def enabled(operation: Operation) -> list[str]:
    """The units whose D_OP_ENABLE is set, in this order."""
    units = UNITS[operation.kind]
    if operation.kind is Kind.CONVOLUTION:
        return list(units)
    return [units[1], units[0]] if reads_memory(operation) else [units[0]]
