"""Pictures to learn from: variations that stay pictures of the same kind, crops of photographs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cocodla.errors import UserError
from cocodla.training.pictures import LARGEST, crops, varied


def photograph(folder: Path, size: tuple[int, int] = (90, 60), mode: str = "RGB") -> Path:
    """Smooth colours with an edge."""
    across, down = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    value = np.stack([across * 2, down * 3, 200 * (across > 40)], -1).astype(np.uint8)
    Image.fromarray(value).convert(mode).save(folder / "photo.png")
    return folder / "photo.png"


def test_variations_keep_what_they_say_they_keep() -> None:
    """What still shows the same is the picture moved, perhaps mirrored; the others are mixed with others."""
    images = np.arange(64, dtype=np.float32)[:, None, None, None] * np.ones((1, 3, 16, 16), np.float32)
    made, same = varied(images, np.random.default_rng(1))
    assert made.dtype == np.float32 and made.shape == images.shape
    np.testing.assert_array_equal(made[same], images[same])  # even pictures stay even
    assert 8 < same.sum() < 40
    changed = (made != images).any((1, 2, 3))
    assert changed[~same].mean() > 0.8
    assert made.min() >= 0 and made.max() <= 63
    again, _ = varied(images, np.random.default_rng(1))
    np.testing.assert_array_equal(made, again)


def test_pictures_move_by_an_eighth_at_most_and_colours_are_mirrored() -> None:
    ramp = np.broadcast_to(np.arange(32, dtype=np.float32), (200, 3, 32, 32)).copy()
    made, same = varied(ramp, np.random.default_rng(2))
    steps = np.diff(made[same], axis=3)
    assert {-1.0, 1.0} <= {float(step) for step in steps[:, 0, 16, 16]}
    straight = made[same][steps[:, 0, 16, 16] > 0]
    assert np.abs(straight - ramp[0]).max() == 4
    grey, kept = varied(ramp[:, :1], np.random.default_rng(2))
    assert (np.diff(grey[kept], axis=3)[:, 0, 16, 16] > 0).all()


def test_vectors_are_only_mixed() -> None:
    vectors = np.eye(16, dtype=np.float32)
    made, same = varied(vectors, np.random.default_rng(3))
    np.testing.assert_array_equal(made[same], vectors[same])
    np.testing.assert_allclose(made.sum(1), 1, rtol=1e-5)
    assert (made[~same].max(1) < 1).any()


@pytest.mark.parametrize(("shape", "mode"), [((3, 32, 32), "RGB"), ((1, 28, 20), "L"), ((4, 8, 8), "RGB")])
def test_crops_have_the_shape_of_the_input_and_differ(shape: tuple[int, int, int], mode: str, tmp_path: Path) -> None:
    file = photograph(tmp_path, mode=mode)
    made = crops([file], shape, 12, seed=1)
    assert made.shape == (12, *shape) and made.dtype == np.uint8
    assert len({each.tobytes() for each in made}) == 12
    np.testing.assert_array_equal(made, crops([file], shape, 12, seed=1))
    assert not np.array_equal(made, crops([file], shape, 12, seed=2))


def test_photographs_smaller_than_a_crop_are_taken_whole(tmp_path: Path) -> None:
    assert crops([photograph(tmp_path, (10, 7))], (3, 32, 32), 4, 0).shape == (4, 3, 32, 32)


def test_large_photographs_are_looked_at_as_small_ones(tmp_path: Path) -> None:
    noise = np.random.default_rng(4).integers(0, 256, (300, 500, 3), np.uint8)
    large, small = tmp_path / "large.png", tmp_path / "small.png"
    Image.fromarray(noise).save(large)
    shrunk = Image.fromarray(noise)
    shrunk.thumbnail((8 * LARGEST, 8 * LARGEST))
    assert max(shrunk.size) == 8 * LARGEST
    shrunk.save(small)
    np.testing.assert_array_equal(crops([large], (3, 8, 8), 6, seed=1), crops([small], (3, 8, 8), 6, seed=1))


def test_what_is_no_photograph_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"x\.png"):
        crops([tmp_path / "x.png"], (3, 8, 8), 1, 0)
    with pytest.raises(UserError, match="1, 3 or 4 channels, the model takes 6 x 8 x 8"):
        crops([photograph(tmp_path)], (6, 8, 8), 1, 0)
