"""What tests of synthesis need from the machine."""

from __future__ import annotations

import pytest

from cocodla.errors import UserError
from cocodla.synth.yosys import find_yosys


@pytest.fixture
def with_yosys() -> None:
    """Skips a test where there is no Yosys."""
    try:
        find_yosys()
    except UserError as error:
        pytest.skip(f"no Yosys: {error}")
