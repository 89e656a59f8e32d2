"""State that outlives a layer: lines and weights in CBUF over chains of layers, table addresses past their end."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from test_reuse import HEIGHT, SIZE, Host

from cocodla.golden import Device
from cocodla.golden.arithmetic import sign_extend
from cocodla.registers import MAP


@pytest.fixture(scope="module")
def whole() -> np.ndarray:
    """The layer over all lines at once: its output rows are those of any lines that follow each other."""
    return Host().layer(0, HEIGHT, HEIGHT)


def rows_of(whole: np.ndarray, lines: list[int]) -> np.ndarray:
    """Output of a layer over these neighbouring lines."""
    return whole[:, lines[0] : lines[0] + len(lines) - SIZE + 1]


def test_keep_all_then_release_some_then_append(whole: np.ndarray) -> None:
    host = Host()
    chain = [  # first line fetched, lines fetched, lines used, flags; the lines that it must work on
        (0, 9, 9, {"skip_data_release": 1}, range(9)),
        (0, 9, 9, {"data_reuse": 1, "skip_data_release": 1}, range(9)),
        (0, 9, 9, {"data_reuse": 1, "release_lines": 7}, range(9)),
        (9, 4, 6, {"data_reuse": 1, "release_lines": 4}, range(7, 13)),
        (13, 3, 5, {"data_reuse": 1, "skip_data_release": 1}, range(11, 16)),
        (0, 5, 5, {"data_reuse": 1, "release_lines": 1}, range(11, 16)),
        (2, 8, 8, {"release_lines": 8}, range(2, 10)),
    ]
    for step, (first, fetched, lines, flags, used) in enumerate(chain):
        assert (host.layer(first, fetched, lines, **flags) == rows_of(whole, list(used))).all(), f"step {step}"


@pytest.mark.parametrize("seed", range(6))
def test_random_chains_of_lines(whole: np.ndarray, seed: int) -> None:
    """Against a list of line numbers: what is kept, what is fetched, what is released."""
    rng, host = Random(seed), Host()
    held: list[int] = []
    all_kept = False
    for step in range(25):
        reuse = bool(held) and rng.random() < 0.7
        first = held[-1] + 1 if reuse else rng.randrange(HEIGHT - SIZE + 1)
        if reuse and all_kept:
            lines, fetched = held, len(held)  # nothing is fetched
        else:
            kept = held if reuse else []
            least = max(1, SIZE - len(kept))
            if first + least > HEIGHT:
                continue
            fetched = rng.randint(least, HEIGHT - first)
            lines = [*kept, *range(first, first + fetched)]
        skip, release = rng.random() < 0.3, rng.randint(1, len(lines))
        flags = {"data_reuse": int(reuse), "skip_data_release": int(skip), "release_lines": release}
        got = host.layer(min(first, HEIGHT - 1), fetched, len(lines), **flags)
        assert (got == rows_of(whole, lines)).all(), f"seed {seed}, step {step}: {flags}, lines {lines}"
        held, all_kept = (lines if skip else lines[release:]), skip


def test_weights_stay_as_long_as_each_layer_keeps_them(whole: np.ndarray) -> None:
    host = Host()
    host.layer(0, HEIGHT, HEIGHT, skip_weight_release=1)
    host.spoil_weights()
    for keeps in (1, 1, 1, 0):
        assert (host.layer(0, HEIGHT, HEIGHT, weight_reuse=1, skip_weight_release=keeps) == whole).all()
    assert (host.layer(0, HEIGHT, HEIGHT, weight_reuse=1) != whole).any()


@pytest.mark.parametrize("seed", range(4))
def test_table_addresses_anywhere(seed: int) -> None:
    """cdp.md 2.3, written apart from the model: nothing is stored past the end, entry 0 is read there, it goes on."""
    rng, device = Random(seed), Device()
    config, data = (MAP[f"CDP.S_LUT_ACCESS_{name}"].address for name in ("CFG", "DATA"))
    tables, address, table, writing = ([0] * 65, [0] * 257), 0, 0, False
    for _ in range(600):
        last = (64, 256)[table]
        match rng.randrange(5):
            case 0:
                table, writing = rng.randrange(2), rng.random() < 0.5
                address = rng.choice([0, 63, 64, 65, 255, 256, 257, 1022, 1023, rng.randrange(1024)])
                device.write_register(config, address | table << 16 | writing << 17)
            case 1 | 2:
                value = rng.getrandbits(16)
                device.write_register(data, value)
                if writing:
                    if address <= last:
                        tables[table][address] = sign_extend(value, 16)
                    address = address if address == last else (address + 1) % 1024
            case 3:
                expected = tables[table][address if address <= last else 0] & 0xFFFF
                assert device.read_register(data) == expected
                if not writing:
                    address = address if address == last else (address + 1) % 1024
            case _:
                assert device.read_register(config) == address | table << 16 | writing << 17
