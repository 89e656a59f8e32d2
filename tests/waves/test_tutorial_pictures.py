"""The pictures of the tutorial are what its commands make, of the RTL as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

import draw_tutorial
from cocodla.sim import tools


@pytest.mark.skipif(not tools.has_fst_headers(), reason="no headers of lz4 and zlib")
def test_pictures_are_up_to_date(tmp_path: Path) -> None:
    """To mend: python scripts/draw_tutorial.py, and look at the pictures."""
    made = draw_tutorial.draw(tmp_path)
    assert sorted(path.name for path in made) == sorted(path.name for path in draw_tutorial.PICTURES.iterdir())
    page = draw_tutorial.TUTORIAL.read_text(encoding="utf-8")
    for path in made:
        assert path.read_bytes() == (draw_tutorial.PICTURES / path.name).read_bytes(), path.name
        assert f"](pictures/{path.name})" in page
