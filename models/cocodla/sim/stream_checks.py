"""Checkers of the streams between the units, in HDL: tb/hdl/sim_streams.v, made from rtl/interfaces.toml.

Every simulation of this project's own NV_nvdla has them (define STREAM_CHECKS); what they find are lines of the
results.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cocodla.sim import project
from cocodla.waves.interfaces import Description, Interface

_HEAD = """\
// Made by scripts/generate_checkers.py from rtl/interfaces.toml: do not edit.
//
// Simulation only: a checker for each stream between the units of NV_nvdla (sim_stream_check).
// Macro STREAM_CHECKS: the DUT is this project's, and signals in it are looked at. Else there is nothing here.
`default_nettype none

module sim_streams (
    input wire        up,    // the DUT has been reset: before that nothing in it is known
    input wire [31:0] log,   // file descriptor
    input wire [63:0] cycle
);

`ifdef STREAM_CHECKS
`define DLA sim_top.u_dla

/* verilator lint_off WIDTHTRUNC */ // a payload whose width follows a parameter
"""
_TAIL = """\
/* verilator lint_on WIDTHTRUNC */

`undef DLA
`else
wire unused = &{1'b0, up, log, cycle};
`endif

endmodule

`default_nettype wire
"""


def own_file() -> Path:
    """The generated file."""
    return project.root() / "tb" / "hdl" / "sim_streams.v"


def as_verilog(described: Description, widths: Mapping[str, int]) -> str:
    """The module sim_streams. widths: bits of each signal of the top module."""
    by_name = {interface.name: interface for interface in described.interfaces}
    parts = [_HEAD]
    for interface in described.interfaces:
        parts.append(_checker(interface, by_name, widths))
    return "\n".join([*parts, _TAIL])


def _checker(interface: Interface, by_name: Mapping[str, Interface], widths: Mapping[str, int]) -> str:
    asker = by_name.get(interface.answers)
    # At the pins answers to what was asked before a reset are legal (docs/reset.md).
    owed = asker is not None and interface.group != "DBB"
    payload = ", ".join(f"`DLA.{name}" for name in interface.payload)
    limit = f"`DLA.{interface.credits}" if isinstance(interface.credits, str) and interface.credits else "32'd0"
    if isinstance(interface.credits, int):
        limit = f"32'd{interface.credits}"
    credit = f"`DLA.{interface.credit}" if interface.credit else "1'b0"
    level = "" if interface.reset_level == 0 else "!"
    return f"""\
sim_stream_check #(
    .NAME("{interface.name}"), .SENDER("{interface.sender}"), .RECEIVER("{interface.receiver}"),
    .WIDTH({sum(widths[name] for name in interface.payload) or 1}), .READY({int(bool(interface.ready))}), \
.CREDITS({int(bool(interface.credit))}), .OWED({int(owed)})
) u_{interface.name} (
    .clk(`DLA.{interface.clock}), .rst_n(up && {level}`DLA.{interface.reset}), .log(log), .cycle(cycle),
    .valid({_all(interface.valid)}), .ready({f"`DLA.{interface.ready}" if interface.ready else "1'b1"}),
    .payload({f"{{{payload}}}" if payload else "1'b0"}),
    .credit({credit}), .limit({limit}), .asked({_sent(asker) if owed else "1'b0"})
);
"""


def _all(names: tuple[str, ...]) -> str:
    return " && ".join(f"`DLA.{name}" for name in names)


def _sent(interface: Interface | None) -> str:
    """A transfer of an interface."""
    assert interface is not None
    return _all((*interface.valid, *((interface.ready,) if interface.ready else ())))
