"""Files of others: kinds, sizes and contents that are refused before they take memory or time."""

from __future__ import annotations

import gzip
import os
import socket
import struct
import threading
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cocodla.errors import UserError
from cocodla.files.inputs import FILE_LIMIT_VARIABLE, gunzipped, read_archive, read_input, strict_json


def archive(path: Path, *members: tuple[str, bytes]) -> Path:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        warnings.simplefilter("ignore")  # names twice
        for name, data in members:
            file.writestr(name, data)
    return path


def bound_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


@pytest.mark.parametrize(("make", "kind"), [
    (Path.mkdir, "a folder"), (os.mkfifo, "a pipe"), (bound_socket, "a socket"),
    (lambda path: path.symlink_to("/dev/zero"), "a device"), (lambda path: None, "no such file"),
    (lambda path: path.symlink_to(path), "symbolic links"),
])  # fmt: skip
def test_what_is_no_file(make: Callable[[Path], object], kind: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    make(path)
    for read in (read_input, lambda path: read_archive(path, ["a"])):
        with pytest.raises(UserError, match=kind):
            read(path)


def test_pipes(tmp_path: Path) -> None:
    path = tmp_path / "p"
    os.mkfifo(path)
    assert read_input(path, pipes=True) == b""  # nobody writes
    reading, writing = os.pipe()
    writer = threading.Timer(0.2, lambda: (os.write(writing, b"late"), os.close(writing)))
    writer.start()
    assert read_input(f"/dev/fd/{reading}", pipes=True) == b"late"
    os.close(reading)
    reading, writing = os.pipe()
    os.write(writing, bytes(100))
    with pytest.raises(UserError, match="more than 99 bytes"):
        read_input(f"/dev/fd/{reading}", 99, pipes=True)


def test_size_is_checked_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(5 << 30)
    with pytest.raises(UserError, match=r"5,368,709,120 bytes; at most 268,435,456 .*COCODLA_FILE_LIMIT"):
        read_input(path)
    with pytest.raises(UserError, match="at most"):
        read_archive(path, ["a"])
    monkeypatch.setenv(FILE_LIMIT_VARIABLE, "many")
    with pytest.raises(UserError, match="'many'"):
        read_input(path)


def test_members(tmp_path: Path) -> None:
    path = archive(tmp_path / "z", ("a", b"1" * 1000), ("b", b"2"))
    assert read_archive(path, ["a"], ["b", "c"]) == {"a": b"1" * 1000, "b": b"2"}
    assert read_archive(path, [], None).keys() == {"a", "b"}
    for required, optional, words in ((["c"], None, "c is missing"), (["a"], [], "'b' is unknown")):
        with pytest.raises(UserError, match=f"z: not a zip archive, or damaged .*{words}"):
            read_archive(path, required, optional)
    with pytest.raises(UserError, match="contents of 1,001 bytes; at most 1,000"):
        read_archive(path, ["a", "b"], most=1000)
    with pytest.raises(UserError, match="twice"):
        read_archive(archive(path, ("a", b"1"), ("a", b"2")), ["a"])


def places(data: bytes, signature: bytes, offset: int) -> list[int]:
    """Places of a field of the zip format behind each of its records' signatures."""
    return [at + offset for at in range(len(data)) if data.startswith(signature, at)]


@pytest.mark.parametrize(("fields", "value", "words"), [
    ([(b"PK\1\2", 24), (b"PK\3\4", 22)], 100, "unpacks to more than 100 bytes|Bad CRC"),
    ([(b"PK\1\2", 24), (b"PK\3\4", 22)], 2000, "declared are 2,000|Bad CRC"),
    ([(b"PK\1\2", 24)], 1 << 31, "contents of"),
    ([(b"PK\1\2", 8), (b"PK\3\4", 6)], 1, "encrypted"), ([(b"PK\1\2", 10)], 12, "method 12"),
    ([(b"PK\5\6", 12)], 1 << 24, "a list of members of 16,777,216 bytes"),
])  # fmt: skip
def test_archives_that_lie(fields: list[tuple[bytes, int]], value: int, words: str, tmp_path: Path) -> None:
    path = archive(tmp_path / "z", ("a", bytes(range(250)) * 4))
    data = bytearray(path.read_bytes())
    for signature, offset in fields:
        for place in places(bytes(data), signature, offset):
            kind = "<H" if offset in (6, 8, 10) else "<L"
            struct.pack_into(kind, data, place, value)
    path.write_bytes(data)
    with pytest.raises(UserError, match=words):
        read_archive(path, ["a"])


def test_every_cut_and_flip_is_told(tmp_path: Path) -> None:
    path = archive(tmp_path / "z", ("a", b"some text " * 20), ("b", b""))
    whole, good = path.read_bytes(), read_archive(path, ["a", "b"])
    for place in range(len(whole)):
        for damaged in (whole[:place], whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :]):
            path.write_bytes(damaged)
            try:
                assert read_archive(path, ["a", "b"]) == good
            except UserError as error:
                assert "\n" not in str(error)


def test_gzip(tmp_path: Path) -> None:
    packed = gzip.compress(bytes(5000))
    assert gunzipped("x", packed) == bytes(5000)
    for data, most, words in ((packed, 4999, "than 4,999"), (packed[:-1], None, "damaged"), (b"x", None, "damaged")):
        with pytest.raises(UserError, match=words):
            gunzipped("x", data, most)


@pytest.mark.parametrize(("text", "words"), [
    ("[NaN]", "NaN"), ("[-Infinity]", "Infinity"), ("1e999", "range"), ("9" * 5000, "digits"), ('{"a":1,"a":1}', "'a'"),
    ("[" * 33 + "]" * 33, "32 levels"), ("[" * 100_000 + "]" * 100_000, "32 levels"), ('{"a":' * 50, "Expecting"),
    ("[" + "0," * 4_000_001 + "0]", "values"), ("", "Expecting"), (b"\xff", "utf-8"), ("[1] 2", "Extra"),
])  # fmt: skip
def test_json_by_the_letter(text: str | bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        strict_json(text)


def test_json_brackets_in_strings() -> None:
    assert strict_json('["' + "[" * 100 + '", "\\"{", {}]') == ["[" * 100, '"{', {}]
