"""The register map: look-up, encoding, equality with the specification and with a fresh generation."""

import itertools
import json
import os
from pathlib import Path

import pytest

from cocodla.errors import UserError
from cocodla.registers import MAP
from cocodla.registers.codegen import generate, stale

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("COCODLA_SHARED", ROOT.parent / "shared"))


def test_lookup_by_name_and_address() -> None:
    register = MAP["SDP.D_CVT_SCALE"]
    assert register.address == 0x90C4
    assert MAP.at(0x90C4) is register
    assert MAP.find(0x0FFC) is None
    assert (register.group, register.write_mask, register.offset) == ("dual", 0xFFFF, 0xC4)


@pytest.mark.parametrize("path", ["SDP.D_CVT_SCAL", "SPD.D_CVT_SCALE", "SDP", ""])
def test_unknown_name_is_a_user_error(path: str) -> None:
    with pytest.raises(UserError, match="unknown"):
        MAP[path]


def test_unknown_address_is_a_user_error() -> None:
    with pytest.raises(UserError, match="0x3ffff"):
        MAP.at(0x3FFFF)


def test_encode_and_decode() -> None:
    register = MAP["CDMA.D_DATAIN_FORMAT"]
    word = register.encode(DATAIN_FORMAT="PIXEL", PIXEL_FORMAT="T_A8B8G8R8")
    assert word == 0xC01
    assert register.decode(word)["PIXEL_FORMAT"] == 12
    assert register.encode(word, PIXEL_FORMAT=0) == 1
    assert MAP["SDP.D_CVT_OFFSET"].encode(CVT_OFFSET=-2) == 0xFFFFFFFE


@pytest.mark.parametrize("values", [{"DATA_BANK": 32}, {"DATA_BANK": -17}, {"DATA_BANKS": 1}, {"DATA_BANK": "ALL"}])
def test_encode_refuses_what_does_not_fit(values: dict[str, int | str]) -> None:
    with pytest.raises(UserError, match="DATA_BANK"):
        MAP["CDMA.D_BANK"].encode(**values)


def test_round_trip_of_every_register() -> None:
    for register in MAP:
        word = register.write_mask | register.reset
        assert register.encode(**register.decode(word)) == word, register.path
        assert sum(f.width for f in register.fields) == bin(sum(f.mask for f in register.fields)).count("1")


def test_equal_to_the_specification() -> None:
    source = SHARED / "spec" / "registers.json"
    if not source.is_file():
        pytest.skip("skipped: no ../shared")
    units = json.loads(source.read_text())["units"]
    assert list(MAP.units) == list(units)
    for name, unit in units.items():
        assert MAP.units[name].base == int(unit["base"], 16)
        assert [r.name for r in MAP.units[name].registers] == [r["name"] for r in unit["registers"]]
        for ours, theirs in zip(MAP.units[name].registers, unit["registers"], strict=True):
            for key in ("address", "offset", "reset", "write_mask", "read_mask"):
                assert getattr(ours, key) == int(theirs[key], 16), f"{ours.path}.{key}"
            assert (ours.group, ours.access) == (theirs["group"], theirs["access"]), ours.path
            assert ours.storage_only == theirs.get("storage_only", False), ours.path
            assert [
                {
                    "name": f.name,
                    "msb": f.msb,
                    "lsb": f.lsb,
                    "access": f.access,
                    "reset": f.reset,
                    "enum": dict(f.enum),
                    "minus_one": f.minus_one,
                    "storage_only": f.storage_only,
                }
                for f in ours.fields
            ] == [
                {
                    **{key: f[key] for key in ("name", "msb", "lsb", "access", "reset")},
                    "enum": f.get("enum", {}),
                    "minus_one": f.get("encoding") == "minus1",
                    "storage_only": f.get("storage_only", False),
                }
                for f in theirs["fields"]
            ], ours.path


def test_generated_files_are_fresh() -> None:
    assert stale(ROOT, generate(ROOT)) == []


def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    files = {"a.txt": "text\n", "b.txt": "text\n"}
    (tmp_path / "a.txt").write_text("text\n")
    assert stale(tmp_path, files) == ["b.txt"]
    (tmp_path / "b.txt").write_text("other\n")
    assert stale(tmp_path, files) == ["b.txt"]


def test_lengths_in_the_rom_are_those_of_the_public_design() -> None:
    """system.md section 12: the list of descriptors can be walked by address only; four lengths are wrong and kept."""
    rom = MAP.units["CFGROM"].registers
    heads = [i for i, r in enumerate(rom) if r.name.endswith("_DESC") or r.name == "CFGROM_END_OF_LIST"]
    said = {rom[i].name: rom[i].reset >> 16 for i in heads[:-1]}
    real = {rom[i].name: 4 * (following - i - 1) for i, following in itertools.pairwise(heads)}
    wrong = {name: (said[name], real[name]) for name in said if said[name] != real[name]}
    assert wrong == {
        "CFGROM_SDP_RDMA_DESC": (0x0E, 0x10),
        "CFGROM_SDP_DESC": (0x20, 0x24),
        "CFGROM_PDP_RDMA_DESC": (0x0E, 0x10),
        "CFGROM_CDP_RDMA_DESC": (0x0E, 0x10),
    }
