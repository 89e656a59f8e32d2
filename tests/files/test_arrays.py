"""Arrays and pictures of others: what a file declares is held against what it has, and what is odd is named."""

from __future__ import annotations

import gzip
import io
import logging
import os
import resource
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cocodla.datasets import digits
from cocodla.errors import UserError
from cocodla.files.images import load_images, load_inputs, load_labels

SHAPE = (1, 28, 28)
VALUES = np.random.default_rng(1).integers(0, 256, (3, *SHAPE)).astype(np.uint8)


def npy(header: str, body: bytes = b"", version: int = 1) -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(text)) + text + body


def described(shape: str, kind: str = "|u1") -> str:
    return f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"


def idx(shape: tuple[int, ...], body: bytes) -> bytes:
    return b"\0\0\x08" + bytes([len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + body


def png(width: int, height: int, rows: bytes, depth: int = 1) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def saved(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def zipped(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


@pytest.mark.parametrize(("name", "data", "words"), [
    ("a.npy", npy(described("(1000000000000, 1, 28, 28)")), "784,000,000,000,000 bytes, there are 0"),
    ("a.npy", npy(described("(4294967296, 4294967296, 4294967296)")), "declares an array of"),
    ("a.npy", npy(described("(-1, 1, 28, 28)"), bytes(784)), "extents from 0"),
    ("a.npy", npy(described("(1,) * 9"), bytes(1)), "not a numpy file"),
    ("a.npy", npy(described("(1, 1, 1, 1, 1, 1, 1, 1, 1)"), bytes(1)), "at most 8 extents"),
    ("a.npy", npy("(" * 9000), "not a numpy file"), ("a.npy", npy("x" * 20_000), "a header of 20,001 bytes"),
    ("a.npy", b"\x93NUMPY\2\0\xff\xff\xff\xff", "a header of 4,294,967,295 bytes"), ("a.npy", b"", "not a numpy file"),
    ("a.npy", saved(VALUES) + b"x", "2,352 bytes, there are 2,353"), ("a.npy", saved(VALUES)[:-1], "there are 2,351"),
    ("a.npy", npy(described("(1, 1, 28, 28)", "|O"), bytes(6272)), "values of type object"),
    ("a.npy", saved(np.zeros((1, *SHAPE), [("a", "i4")])), "values of type"), ("a.npy", saved(VALUES > 5), "type bool"),
    ("a.npy", saved(np.zeros((1, *SHAPE), "S3")), r"type \|S3"), ("a.npy", saved(VALUES[:0]), "holds no images"),
    ("a.npz", lambda: zipped(a=np.zeros((1 << 19, *SHAPE), np.uint8)), "contents of 411,041,920 bytes; at most"),
    ("a.npz", zipped(a=VALUES, b=VALUES), r"holds 2 arrays \(a, b\)"), ("a.npz", zipped(), "holds 0 arrays"),
    ("a.npz", zipped(a=np.array([1, "x"], object)), "'a.npy': holds values of type object"),
    ("a.npz", b"PK", "not a numpy file"),
    ("a.idx", idx((1 << 31, 1 << 31, 4), b""), "header promises 18446744073709551616 bytes, there are 0"),
    ("a.idx", idx((0xFFFFFFFF,) * 3, b"x"), "header promises"), ("a.idx", idx((0, 28, 28), b""), "holds no images"),
    ("a.idx", idx((1,) * 9, b"x"), "not an IDX file"), ("a.idx", b"\0\0\x08\3\0\0", "not an IDX file"),
    ("a.gz", lambda: gzip.compress(idx((1 << 20, 28, 28), bytes(300 << 20))), "unpacks to more than 268,435,456 bytes"),
    ("a.gz", gzip.compress(png(28, 28, bytes(1000))), "known by their names"),
    ("a.bin", bytes(3074), "3074 bytes are no whole number"), ("a.bin", b"", "0 bytes are"),
    ("a.png", png(60_000, 60_000, b"\0"), "more than 67,108,864 pixels"),
    ("a.png", png(10_000, 10_000, b"\0"), "67,108,864 pixels"), ("a.png", png(28, 28, b"\0\0"), "truncated"),
    ("a.png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 28 28\n", "not a picture"),
], ids=lambda value: value[:40] if isinstance(value, str) else "")  # fmt: skip
def test_files_that_lie(name: str, data: bytes | Callable[[], bytes], words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data() if callable(data) else data)
    for resize in (False, True):
        with pytest.raises(UserError, match=words) as caught:
            load_images([tmp_path / name], SHAPE, resize)[:]
        assert name in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.idx", "a.gz", "a.bin", "a.png", "a.txt"])
@pytest.mark.parametrize(("make", "words"), [
    (os.mkfifo, "a pipe"), (lambda path: path.symlink_to("/dev/zero"), "a device"),
    (lambda path: path.symlink_to(path), "cannot be read"), (lambda path: None, "no such file"),
])  # fmt: skip
def test_what_is_no_file(make: Callable[[Path], object], words: str, name: str, tmp_path: Path) -> None:
    make(tmp_path / name)
    for read in (
        lambda: load_images([tmp_path / name], SHAPE), lambda: load_labels(tmp_path / name, 1),
        lambda: digits([tmp_path / name], 1),
    ):  # fmt: skip
        with pytest.raises(UserError, match=f"{name}: .*{words}"):
            read()


def test_sparse_files(tmp_path: Path) -> None:
    """A header, and then as much nothing as a disk never had."""
    for name, head in (("a.npy", saved(VALUES)), ("a.idx", idx((9, 28, 28), b"")), ("a.bin", b""), ("a.png", b"")):
        with (tmp_path / name).open("wb") as file:
            file.write(head)
            file.truncate(1 << 42)
        with pytest.raises(UserError, match="at most"):
            load_images([tmp_path / name], SHAPE)


@pytest.mark.parametrize("kind", ["<f4", ">f4", "<f2", "<f8", ">i4", "i1", "<u2"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_spellings_of_arrays(kind: str, order: Any, tmp_path: Path) -> None:
    values = np.asarray(np.arange(3 * 784).reshape(3, *SHAPE) % 100, kind, order)
    np.save(tmp_path / "a.npy", values)
    np.savez(tmp_path / "b.npz", x=values)
    for name in ("a.npy", "b.npz"):
        np.testing.assert_array_equal(load_images([tmp_path / name], SHAPE), values)
        np.testing.assert_array_equal(load_images([tmp_path / name] * 2, SHAPE)[2:5], np.concatenate([values] * 2)[2:5])
    np.testing.assert_array_equal(load_inputs([tmp_path / "b.npz"], [("x", SHAPE)])["x"], values)


def test_more_arrays_than_files_may_be_open(tmp_path: Path) -> None:
    for number in range(80):
        np.save(tmp_path / f"{number:02}.npy", np.full((2, *SHAPE), number, np.uint8))
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (60, most[1]))
    try:
        images = load_images([tmp_path], SHAPE)
        assert images[:][:, 0, 0, 0].tolist() == [number // 2 for number in range(160)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, most)


@pytest.mark.parametrize("suffix", ["gif", "png", "webp", "tiff"])
def test_one_picture_is_wanted(suffix: str, tmp_path: Path) -> None:
    frames = [Image.new("L", (28, 28), 60 * number) for number in range(3)]
    frames[0].save(tmp_path / f"a.{suffix}", save_all=True, append_images=frames[1:])
    with pytest.raises(UserError, match="holds several pictures"):
        load_images([tmp_path / f"a.{suffix}"], SHAPE)


def test_odd_modes(tmp_path: Path) -> None:
    """One bit, 16 bits, a palette with transparency, four inks: the colours that are meant."""
    palette = Image.new("P", (28, 28), 1)
    palette.putpalette([0, 0, 0, 10, 20, 30])
    palette.save(tmp_path / "p.png", transparency=bytes([0, 255]))
    Image.new("1", (28, 28), 1).save(tmp_path / "one.png")
    Image.fromarray(np.full((28, 28), 0x1234, np.uint16)).save(tmp_path / "wide.png")
    Image.new("CMYK", (28, 28), (255, 0, 0, 0)).save(tmp_path / "ink.tiff")
    for name, pixel in (("p", [10, 20, 30]), ("one", [255] * 3), ("wide", [0x12] * 3), ("ink", [0, 255, 255])):
        file = next(tmp_path.glob(f"{name}.*"))
        assert load_images([file], (3, 28, 28))[:][0, :, 5, 5].tolist() == pixel, name
    Image.fromarray(np.zeros((28, 28), np.float32)).save(tmp_path / "f.tiff")
    with pytest.raises(UserError, match="has 32"):
        load_images([tmp_path / "f.tiff"], SHAPE)


def test_pillow_says_nothing_of_its_own(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """TIFF files of 127 samples a pixel, and of broken data: libraries told that, too, beside the line of ours."""
    Image.new("RGB", (28, 28)).save(tmp_path / "a.tif")
    whole = bytearray((tmp_path / "a.tif").read_bytes())
    place = whole.index(struct.pack("<HHI", 277, 3, 1))
    whole[place + 8] = 127
    (tmp_path / "a.tif").write_bytes(whole)
    Image.new("RGB", (28, 28)).save(tmp_path / "b.tif", compression="tiff_lzw")
    whole = bytearray((tmp_path / "b.tif").read_bytes())
    whole[8:40] = bytes(32)
    (tmp_path / "b.tif").write_bytes(whole)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    for name in ("a.tif", "b.tif"):
        with pytest.raises(UserError, match=name):
            load_images([tmp_path / name], (3, 28, 28))[:]
    assert capfd.readouterr() == ("", "")


def test_a_folder_is_judged_at_once(tmp_path: Path) -> None:
    """The headers of all pictures are looked at before the first one runs."""
    for number in range(3):
        Image.new("L", (28, 28)).save(tmp_path / f"{number}.png")
    (tmp_path / "7.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"7\.png: not a picture"):
        load_images([tmp_path], SHAPE)
    (tmp_path / "7.png").unlink()
    (tmp_path / "8.png").symlink_to("gone")
    with pytest.raises(UserError, match=r"8\.png: no such file"):
        load_images([tmp_path], SHAPE)


@pytest.mark.parametrize(("text", "words"), [
    (b"1 2 x", "whole numbers"), (b"9" * 5000, "whole numbers"), (b"9" * 30 + b" 1 2", "of object"), (b"", "0 of"),
    (b"\xff\xfe1", "whole numbers"), (b"1 " * (4 << 20) + b"1", "at most 8,388,608"), (b"1 2", "2 labels for 3 images"),
])  # fmt: skip
def test_labels_that_are_none(text: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "l.txt").write_bytes(text)
    with pytest.raises(UserError, match=rf"l\.txt: .*{words}"):
        load_labels(tmp_path / "l.txt", 3)


def test_digits_of_many_files(tmp_path: Path) -> None:
    """Whatever is picked comes from the right file; and of a file that is not packed only that is read."""
    (tmp_path / "a-images-idx3").write_bytes(idx((3, 28, 28), VALUES.tobytes()))
    (tmp_path / "a-labels-idx1").write_bytes(idx((3,), bytes([4, 5, 6])))
    Image.fromarray(VALUES[1, 0]).save(tmp_path / "b.png")
    known = list(zip(np.concatenate([VALUES, VALUES[1:2]]), [4, 5, 6, -1], strict=True))
    for seed in range(5):
        found = digits([tmp_path / "a-images-idx3", tmp_path / "b.png"], 3, seed)
        assert len(found.images) == 3
        for image, label in zip(found.images, found.labels, strict=True):
            assert any((image == other).all() and label == wanted for other, wanted in known)
