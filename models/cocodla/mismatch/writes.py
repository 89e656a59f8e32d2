"""What a run wrote to memory, against what the layers of the golden model write: the first wrong write, its cube."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cocodla.formats.feature import ByteArray, Int8Array
from cocodla.hw import ATOM
from cocodla.mismatch.boundaries import Boundaries
from cocodla.mismatch.layers import Layer

CLIENTS = ("sdp", "pdp", "cdp")
PINS = ("dbb_aw", "dbb_w")


@dataclass(frozen=True)
class Wrong:
    """The first write that is wrong, of a client or of the bus.

    cycle: -1 for one that never came. address: where it went; place: of which atom of the layer's cube it is, -1 where
    of none. signal: what of it is wrong: addr, data or valid.
    """

    layer: Layer
    interface: str
    signal: str
    cycle: int
    address: int
    place: int


@dataclass(frozen=True)
class Writes:
    """Writes of 8 bytes in their order. cycles, addresses: (n,) int64; data: (n, 8) uint8."""

    interface: str
    cycles: NDArray[np.int64]
    addresses: NDArray[np.int64]
    data: ByteArray

    @staticmethod
    def of_client(bounds: Boundaries, client: str) -> Writes:
        """Those that a unit asks for."""
        name = f"{client}_wr_req"
        moved = bounds.moved(name)
        return Writes(name, moved.cycles, moved.numbers(f"{name}_addr") << 3, moved.bytes(f"{name}_data", ATOM))

    @staticmethod
    def of_bus(bounds: Boundaries) -> Writes:
        """Those that reach the memory; a cycle is that of the data."""
        requests, data = (bounds.moved(name) for name in PINS)
        count = min(len(requests), len(data))
        addresses = requests.numbers("nvdla_core2dbb_aw_awaddr")[:count]
        return Writes("dbb_w", data.cycles[:count], addresses, data.bytes("nvdla_core2dbb_w_wdata", ATOM)[:count])


@dataclass(frozen=True)
class Expected:
    """All writes of some layers. keys: address and how often it was written before, ascending; owner, place: whose atom
    it is; order: where it stands among all."""

    layers: Sequence[Layer]
    keys: NDArray[np.int64]
    data: ByteArray
    owner: NDArray[np.int64]
    place: NDArray[np.int64]
    order: NDArray[np.int64]

    @staticmethod
    def of(layers: Sequence[Layer]) -> Expected:
        parts = [layer.addresses() for layer in layers]
        addresses = np.concatenate([np.zeros(0, np.int64), *parts])
        results = [layer.result.reshape(-1, ATOM).view(np.uint8) for layer in layers]
        data = np.concatenate([np.zeros((0, ATOM), np.uint8), *results])
        owner = np.repeat(np.arange(len(layers)), [len(part) for part in parts])
        place = np.concatenate([np.zeros(0, np.int64), *(np.arange(len(part)) for part in parts)])
        keys = _keys(addresses)
        order = np.argsort(keys)
        return Expected(layers, keys[order], data[order], owner[order], place[order], order)

    def find(self, addresses: NDArray[np.int64]) -> NDArray[np.int64]:
        """Index of each write, in its order, among the expected ones; -1 for one that is none of them."""
        if not len(self.keys):
            return np.full(len(addresses), -1)
        keys = _keys(addresses)
        found = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[found] == keys, found, -1)


def first_wrong(bounds: Boundaries, layers: Sequence[Layer]) -> Wrong | None:
    """The first wrong write of all layers; None if every one came with its data, and no other.

    What a unit asks for tells the layer by counting; where only the pins are known, addresses do.
    """
    found = []
    for client in CLIENTS:
        own = [layer for layer in layers if layer.client == client]
        if own and bounds.has(f"{client}_wr_req"):
            found += _of_client(Writes.of_client(bounds, client), own)
    if not found:
        found += _on_bus(Writes.of_bus(bounds), Expected.of(layers))
    came = [wrong for wrong in found if wrong.cycle >= 0]
    if came:
        return min(came, key=lambda wrong: (wrong.cycle, wrong.layer.number))
    return min(found, key=lambda wrong: wrong.layer.number, default=None)


def cube_seen(bounds: Boundaries, layers: Sequence[Layer], layer: Layer) -> Int8Array:
    """Atoms (S, H, W, 8) of a layer's cube as the run left them; what it did not write is as it was before."""
    assert layer.inside is not None
    writes, expected = Writes.of_bus(bounds), Expected.of(layers)
    found = expected.find(writes.addresses)
    mine = (found >= 0) & (expected.owner[found] == layer.number)
    cube = layer.inside.before.reshape(-1, ATOM).copy()
    cube[expected.place[found[mine]]] = writes.data[mine].view(np.int8)
    return cube.reshape(layer.result.shape)


def _of_client(writes: Writes, layers: Sequence[Layer]) -> list[Wrong]:
    """The first wrong write of one client; at most one."""
    position = 0
    for layer in layers:
        addresses = layer.addresses()
        chosen = slice(position, position + len(addresses))
        position += len(addresses)
        found = _within(layer, addresses, writes, chosen)
        if found:
            return [found]
    if len(writes.cycles) > position and layers:
        return [_wrong(writes, position, layers[-1], -1, "addr")]
    return []


def _within(layer: Layer, addresses: NDArray[np.int64], writes: Writes, chosen: slice) -> Wrong | None:
    """The first wrong write of a layer, whose writes should be `chosen`."""
    order = np.argsort(addresses, kind="stable")
    seen = writes.addresses[chosen]
    if not len(seen):
        return Wrong(layer, writes.interface, "valid", -1, int(addresses[0]), 0)
    found = order[np.minimum(np.searchsorted(addresses[order], seen), len(order) - 1)]
    strange = addresses[found] != seen
    first_time = np.zeros(len(seen), bool)
    first_time[np.unique(seen, return_index=True)[1]] = True
    strange |= ~first_time & (len(np.unique(addresses)) == len(addresses))
    data = layer.result.reshape(-1, ATOM).view(np.uint8)[found]
    bad = np.flatnonzero(strange | (data != writes.data[chosen]).any(axis=1))
    if len(bad):
        k = int(bad[0])
        place, signal = (-1, "addr") if strange[k] else (int(found[k]), "data")
        return _wrong(writes, chosen.start + k, layer, place, signal)
    missing = np.setdiff1d(addresses, seen)
    if len(missing):
        place = int(np.flatnonzero(addresses == missing[0])[0])
        return Wrong(layer, writes.interface, "valid", -1, int(missing[0]), place)
    return None


def _wrong(writes: Writes, k: int, layer: Layer, place: int, signal: str) -> Wrong:
    return Wrong(layer, writes.interface, signal, int(writes.cycles[k]), int(writes.addresses[k]), place)


def _on_bus(writes: Writes, expected: Expected) -> list[Wrong]:
    """The first wrong write that reaches the memory, and the first that never does; each at most one."""
    if not len(expected.keys):
        return []
    found, result = expected.find(writes.addresses), []
    missing = np.ones(len(expected.keys), bool)
    missing[found[found >= 0]] = False
    absent = np.flatnonzero(missing)
    first = int(absent[np.argmin(expected.order[absent])]) if len(absent) else -1
    bad = np.flatnonzero((found < 0) | (expected.data[found] != writes.data).any(axis=1))
    if len(bad):
        k, at = int(bad[0]), int(found[bad[0]])
        layer = expected.layers[int(expected.owner[at if at >= 0 else first])]
        place, signal = (int(expected.place[at]), "data") if at >= 0 else (-1, "addr")
        result.append(_wrong(writes, k, layer, place, signal))
    if first >= 0:
        layer, address = expected.layers[int(expected.owner[first])], int(expected.keys[first] >> _RANK)
        result.append(Wrong(layer, "dbb_aw", "valid", -1, address, int(expected.place[first])))
    return result


_RANK = 24
"""Bits for how often an address was written before."""


def _keys(addresses: NDArray[np.int64]) -> NDArray[np.int64]:
    """Address and how often it has come before, in one number."""
    order = np.argsort(addresses, kind="stable")
    ordered = addresses[order]
    new = np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]
    starts = np.flatnonzero(new)
    ranks = np.empty(len(addresses), np.int64)
    ranks[order] = np.arange(len(ordered)) - np.repeat(starts, np.diff(np.append(starts, len(ordered))))
    keys: NDArray[np.int64] = (addresses << _RANK) + np.minimum(ranks, (1 << _RANK) - 1)
    return keys
