"""Regressions of whole networks: small ones of the registry from float to RTL, and that a fault does not pass."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from cocodla import cli
from cocodla.errors import UserError
from cocodla.nets.registry import Limits, Net, networks
from cocodla.nets.regression import check_all, check_net, chosen
from cocodla.runtime import rtl
from cocodla.runtime.quality import Study
from cocodla.sim import project


def net(name: str) -> Net:
    return next(net for net in networks() if net.name == name)


@pytest.mark.parametrize("name", ["path_gates", "path_stages", "path_products"])
def test_network(name: str) -> None:
    result = check_net(net(name), rtl.Simulation(seed=1))
    assert result.passed, result.failures
    assert result.tensors >= 10 and result.predicted > 0
    assert abs(result.cycles / result.predicted - 1) < 0.05  # small layers, two images: start and end count
    assert min(result.sqnr.values()) > 20


def test_limits_are_held() -> None:
    strict = replace(net("path_stages"), limits=Limits(sqnr=99, cycles=10, compile_seconds=1e-9, image_seconds=1e-9))
    result = check_net(strict, rtl.Simulation(seed=1))
    assert [line for line in result.failures if "dB against float" in line]
    assert [line for line in result.failures if "cycles an image" in line]
    assert len(result.failures) == 2 and len(result.slow) == 2


def test_a_wrong_tensor_on_the_rtl_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = rtl.run

    def faulty(*args: object, **kwargs: object) -> object:
        execution = genuine(*args, **kwargs)  # type: ignore[arg-type]
        seen = execution.observations[-1]
        execution.observations[-1] = type(seen)(seen.index, seen.name, bytes([seen.data[0] ^ 1]) + seen.data[1:])
        return execution

    monkeypatch.setattr(rtl, "run", faulty)
    result = check_net(net("path_products"), rtl.Simulation(seed=1))
    assert not result.passed and "RTL differs" in result.failures[0]


def test_a_wrong_weight_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """The integer layers are right by themselves; only float tells."""
    from cocodla.compiler.quantisation import search

    genuine = search.quantise

    def faulty(*args: object, **kwargs: object) -> object:
        quantised = genuine(*args, **kwargs)  # type: ignore[arg-type]
        quantised.layers[-1].weight = np.flip(quantised.layers[-1].weight, 1)
        return quantised

    monkeypatch.setattr(search, "quantise", faulty)
    result = check_net(net("path_products"), rtl.Simulation(seed=1))
    assert any("against float" in failure for failure in result.failures)


def test_a_crash_is_a_failure_of_its_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> object:
        raise KeyError("t7")

    monkeypatch.setattr(Study, "of", broken)
    result = check_net(net("path_gates"), rtl.Simulation(seed=1))
    assert result.failures == [f"KeyError at test_nets.py:{broken.__code__.co_firstlineno + 1}: 't7'"]


def test_several_networks_at_a_time() -> None:
    nets = [net("path_stages"), net("path_products")]
    results = {result.name: result for result in check_all(nets, rtl.Simulation(seed=1), 2)}
    assert set(results) == {"path_stages", "path_products"} and all(result.passed for result in results.values())


def test_absent_material_is_skipped(tmp_path: Path) -> None:
    result = check_net(replace(net("path_gates"), needs=tmp_path / "nothing"), rtl.Simulation())
    assert result.skipped and not result.passed and not result.failures


def test_unknown_name() -> None:
    with pytest.raises(UserError, match="no network is called 'lenet6'; known: lenet5"):
        chosen("lenet6")


def test_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "build", lambda: tmp_path)
    outcome = CliRunner().invoke(cli.app, ["nets", "--only", "path_stages", "--seed", "1"])
    assert outcome.exit_code == 0 and "1 pass, 0 FAIL, 0 skipped" in outcome.output, outcome.output
    (result,) = json.loads((tmp_path / "nets" / "result.json").read_text())
    assert result["passed"] and result["name"] == "path_stages"
