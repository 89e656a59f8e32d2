"""Interfaces found by the names of their signals."""

from __future__ import annotations

import pytest

from cocodla.waves.dump import Variable
from cocodla.waves.interfaces import Interface
from cocodla.waves.patterns import find_interfaces


def found(*names: str, scope: str = "top", aliases: dict[str, str] | None = None) -> dict[str, Interface]:
    """Interfaces among signals of one scope; NAME:WIDTH for more than a bit. aliases: name -> the signal it is."""
    variables = {}
    for entry in names:
        name, _, width = entry.partition(":")
        path = f"{scope}.{name}" if "." not in name else name
        variables[path] = Variable(path, int(width or 1), (aliases or {}).get(name, path), None)
    return {one.name: one for one in find_interfaces(variables)}


def short(one: Interface) -> tuple[list[str], str, list[str]]:
    def last(path: str) -> str:
        return path.rpartition(".")[2]

    return [last(name) for name in one.valid], last(one.ready), [last(name) for name in one.payload]


@pytest.mark.parametrize(
    ("names", "name", "expected"),
    [
        (["x_valid", "x_ready", "x_data:8"], "x", (["x_valid"], "x_ready", ["x_data"])),
        (["xvalid", "xready", "xdata:8"], "x", (["xvalid"], "xready", ["xdata"])),
        (["x_vld", "x_rdy"], "x", (["x_vld"], "x_rdy", [])),
        (["valid_x", "ready_x"], "x", (["valid_x"], "ready_x", [])),
        (["x_valid_i", "x_ready_o", "x_data_i:8"], "x_i", (["x_valid_i"], "x_ready_o", ["x_data_i"])),
        (["i_valid", "o_ready"], "i", (["i_valid"], "o_ready", [])),
        (["X_VALID", "X_READY", "X_DATA:4"], "X", (["X_VALID"], "X_READY", ["X_DATA"])),
        (["valid", "ready"], "valid", (["valid"], "ready", [])),
        (["s_tvalid", "s_tready", "s_tdata:8", "s_tlast"], "s_t", (["s_tvalid"], "s_tready", ["s_tdata", "s_tlast"])),
        (["m_awvalid", "m_awready", "m_awaddr:32"], "m_aw", (["m_awvalid"], "m_awready", ["m_awaddr"])),
        (["m_rvalid", "m_rready", "m_rdata:32", "m_rlast"], "m_r", (["m_rvalid"], "m_rready", ["m_rdata", "m_rlast"])),
        (
            ["p_psel", "p_penable", "p_pready", "p_paddr:12", "p_pwrite"], "p",
            (["p_psel", "p_penable"], "p_pready", ["p_paddr", "p_pwrite"]),
        ),
    ],
)  # fmt: skip
def test_names(names: list[str], name: str, expected: tuple[list[str], str, list[str]]) -> None:
    interfaces = found("clk", *names)
    assert list(interfaces) == [f"top.{name}"]
    assert short(interfaces[f"top.{name}"]) == expected


def test_credits() -> None:
    one = found("clk", "x_valid", "x_credit", "x_data:8")["top.x"]
    assert one.ready == "" and one.credit == "top.x_credit" and one.payload == ("top.x_data",)


@pytest.mark.parametrize(
    "names", [["x_valid"], ["x_valid:3", "x_ready:3"], ["invalid", "x_ready"], ["psel", "penable"]]
)
def test_what_is_none(names: list[str]) -> None:
    assert not found("clk", *names)


def test_without_a_clock_there_is_none() -> None:
    assert not found("x_valid", "x_ready")


def test_an_interface_of_two_names_is_told_once() -> None:
    same = {"top.u.in_valid": "top.x_valid", "top.u.in_ready": "top.x_ready"}
    interfaces = found(
        "clk", "x_valid", "x_ready", *same, aliases={**same, "x_valid": "top.x_valid", "x_ready": "top.x_ready"}
    )
    assert list(interfaces) == ["top.x"]


@pytest.mark.parametrize(
    ("names", "clock", "reset", "level"),
    [
        (["clk", "rst_n"], "clk", "rst_n", 0),
        (["aclk", "aresetn"], "aclk", "aresetn", 0),
        (["clock", "reset"], "clock", "reset", 1),
        (["clk_i", "rst_ni"], "clk_i", "rst_ni", 0),
        (["x_clk", "y_clk", "x_rst", "y_rst"], "x_clk", "x_rst", 1),
        (["core_clk"], "core_clk", "", 1),
    ],
)
def test_clock_and_reset(names: list[str], clock: str, reset: str, level: int) -> None:
    one = found(*names, "x_valid", "x_ready")["top.x"]
    assert one.clock == f"top.{clock}"
    assert one.reset == (f"top.{reset}" if reset else "")
    assert not reset or one.reset_level == level


def test_the_clock_of_a_scope_around() -> None:
    one = found("clk", "top.u.v.x_valid", "top.u.v.x_ready")["top.u.v.x"]
    assert one.clock == "top.clk"
