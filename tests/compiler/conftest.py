"""Tests of the compiler do without trials of quantisation, but for those about them: the usual start is enough."""

from __future__ import annotations

import pytest

from cocodla.compiler.quantisation import search


@pytest.fixture(autouse=True)
def no_trials(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "trials" not in request.keywords:
        monkeypatch.setitem(search.BUDGETS, "default", 0.0)
