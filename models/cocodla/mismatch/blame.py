"""Which unit was first to send something else than the golden model: boundary by boundary, in the order data flow.

The beats of a layer are found by counting from reset on; the boundaries in front of its first wrong one are right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cocodla.formats.feature import ByteArray
from cocodla.golden.work import SdpWork
from cocodla.hw import ATOM, CBUF_BANK_ENTRIES
from cocodla.mismatch import array
from cocodla.mismatch.boundaries import Boundaries, Moved
from cocodla.mismatch.layers import Layer, used_bytes
from cocodla.mismatch.verdict import Blame, Boundary, Difference
from cocodla.mismatch.writes import PINS, Wrong


@dataclass(frozen=True)
class Stream:
    """How a stream of Layer.beats is seen: interface, signal, bytes of a lane, unit that sends it, client of mcif."""

    interface: str
    signal: str
    lane: int
    sender: str
    client: str = ""


STREAMS = {
    "cbuf_wt": Stream("cdma2cbuf", "cbuf_wr_data", 1, "cdma", "cdma_wt"),
    "cbuf_dat": Stream("cdma2cbuf", "cbuf_wr_data", 1, "cdma", "cdma_dat"),
    "cacc2sdp": Stream("cacc2sdp", "cacc2sdp_data", 4, "cacc"),
    "mrd": Stream("mrd", "mrd_data", 1, "sdp_rdma", "sdp"),
    "brd_alu": Stream("brd_data", "brd_alu", 2, "sdp_rdma", "sdp_b"),
    "brd_mul": Stream("brd_data", "brd_mul", 2, "sdp_rdma", "sdp_b"),
    "nrd_alu": Stream("nrd_data", "nrd_alu", 2, "sdp_rdma", "sdp_n"),
    "nrd_mul": Stream("nrd_data", "nrd_mul", 2, "sdp_rdma", "sdp_n"),
    "sdp2pdp": Stream("sdp2pdp", "sdp2pdp_data", 1, "sdp"),
    "pdp_rd": Stream("pdp_rd", "pdp_rd_data", 1, "pdp_rdma", "pdp"),
    "cdp_rd": Stream("cdp_rd", "cdp_rd_data", 1, "cdp_rdma", "cdp"),
}
"""In the order data flow."""

ANSWERS = ("dbb_ar", "dbb_r")


@dataclass(frozen=True)
class Seen:
    """A stream of a layer as it was seen: cycles (n,), data (n, bytes); n may be less than expected."""

    cycles: NDArray[np.int64]
    data: ByteArray


def interfaces(layers: Sequence[Layer]) -> list[str]:
    """Interfaces that have to be read to follow these layers."""
    used = {STREAMS[name].interface for layer in layers for name in layer.beats}
    clients = {STREAMS[name].client for layer in layers for name in layer.beats} - {""}
    names = [*used, *(f"{layer.client}_wr_req" for layer in layers), *PINS, *ANSWERS]
    names += [f"{client}_rd_{part}" for client in clients for part in ("req", "rsp")]
    if any("cacc2sdp" in layer.beats for layer in layers):
        names += ["csc2cmac_wt", "csc2cmac_dat", "cmac2cacc", "cmac2cacc_b"]
    return list(dict.fromkeys(names))


def look(bounds: Boundaries, layers: Sequence[Layer], layer: Layer) -> list[Boundary]:
    """Every boundary of the layer in front of its writes, in the order data flow."""
    return list(_look(bounds, layers, layer))


def _look(bounds: Boundaries, layers: Sequence[Layer], layer: Layer) -> Iterator[Boundary]:
    assert layer.inside is not None
    for name, stream in STREAMS.items():
        if name not in layer.inside.streams or not bounds.has(stream.interface):
            continue
        expected, seen = layer.inside.streams[name], seen_stream(bounds, layers, layer, name)
        mask = np.ones(expected.shape, bool)
        if name == "cbuf_dat" and len(expected):
            assert isinstance(layer.work, SdpWork)
            used = used_bytes(layer.work)
            mask = np.tile(used, (len(expected) // len(used), 1))
        difference = _difference(expected, seen, mask, stream.lane)
        yield Boundary(name, stream.interface, stream.signal, stream.sender, len(expected), difference)


def seen_stream(bounds: Boundaries, layers: Sequence[Layer], layer: Layer, name: str) -> Seen:
    """The beats of a stream that are the layer's."""
    stream = STREAMS[name]
    moved = bounds.moved(stream.interface)
    if name.startswith("cbuf"):
        return _in_cbuf(moved, layers, layer, name)
    same = [other for other, known in STREAMS.items() if known.interface == stream.interface]
    before = sum(max(one.beats.get(other, 0) for other in same) for one in layers if one.number < layer.number)
    chosen = slice(before, before + layer.beats[name])
    return Seen(moved.cycles[chosen], moved.bytes(stream.signal, ATOM * stream.lane, chosen))


def _in_cbuf(moved: Moved, layers: Sequence[Layer], layer: Layer, name: str) -> Seen:
    """Data or weights of a layer among all that is written to CBUF: layers with the same banks follow each other."""
    users = [one for one in layers if "cbuf_dat" in one.beats]
    position, addresses = 0, moved.numbers("cbuf_wr_addr")
    while users:
        banks = _data_banks(users[0])
        group = users[: next((n for n, one in enumerate(users) if _data_banks(one) != banks), len(users))]
        users = users[len(group) :]
        count = sum(one.beats["cbuf_dat"] + one.beats["cbuf_wt"] for one in group)
        if layer.number in [one.number for one in group]:
            here = np.arange(position, min(position + count, len(addresses)))
            is_data = addresses[here] < banks * CBUF_BANK_ENTRIES
            here = here[is_data if name == "cbuf_dat" else ~is_data]
            before = sum(one.beats[name] for one in group if one.number < layer.number)
            here = here[before : before + layer.beats[name]]
            values = moved.bytes("cbuf_wr_data", ATOM)
            return Seen(moved.cycles[here], values[here])
        position += count
    return Seen(np.zeros(0, np.int64), np.zeros((0, ATOM), np.uint8))


def _data_banks(layer: Layer) -> int:
    assert isinstance(layer.work, SdpWork) and layer.work.convolution is not None
    return layer.work.convolution.cdma.data_banks


def _difference(expected: ByteArray, seen: Seen, mask: NDArray[np.bool_], width: int) -> Difference | None:
    count = min(len(expected), len(seen.data))
    wrong = ((expected[:count] != seen.data[:count]) & mask[:count]).any(axis=1)
    bad = np.flatnonzero(wrong)
    if len(bad):
        k = int(bad[0])
        lane = int(np.flatnonzero((expected[k] != seen.data[k]) & mask[k])[0]) // width
        want, have = (lane_of(beat, lane, width) for beat in (expected[k], seen.data[k]))
        return Difference(k, int(seen.cycles[k]), lane, want, have, len(bad))
    if count < len(expected):
        last = int(seen.cycles[-1]) if count else -1
        return Difference(count, last, 0, lane_of(expected[count], 0, width), None, len(expected) - count)
    return None


def lane_of(beat: ByteArray, lane: int, width: int) -> int:
    """A lane of a beat as a signed number."""
    return int.from_bytes(beat[lane * width : (lane + 1) * width].tobytes(), "little", signed=True)


def judge(
    bounds: Boundaries, layers: Sequence[Layer], layer: Layer, looked: Sequence[Boundary], wrong: Wrong | None
) -> Blame | None:
    """The unit that is to blame for the layer. None where nothing is wrong at any boundary."""
    differing = [one for one in looked if one.difference]
    valued = [one for one in differing if one.difference and one.difference.got is not None]
    first = valued[0] if valued else None
    if first is None and not (wrong and wrong.cycle >= 0):
        first = _stopped(bounds, differing)
    if first is None:
        return _writer(bounds, layer, wrong)
    assert first.difference is not None
    found = first.difference
    client = STREAMS[first.stream].client
    answer = wrong_answer(bounds, client) if client else None
    if answer is not None:
        cycle, address = answer
        reason = f"{client}'s answer of address {address:#010x} is not what the memory has sent for it"
        return Blame("mcif_read", f"{client}_rd_rsp", f"{client}_rd_rsp_data", cycle, reason)
    strange = wrong_request(bounds, layers, layer, client) if client else None
    if strange is not None:
        cycle, address, due = strange
        reason = f"it asks for address {address:#010x} where {due:#010x} is due"
        return Blame(first.sender, f"{client}_rd_req", f"{client}_rd_req_addr", cycle, reason)
    if first.stream == "cacc2sdp":
        before = sum(one.beats.get("cacc2sdp", 0) for one in layers if one.number < layer.number)
        return array.judge(bounds, layer, found, before + found.beat)
    return Blame(first.sender, first.interface, first.signal, found.cycle, _reason(first, looked))


def _reason(first: Boundary, looked: Sequence[Boundary]) -> str:
    found = first.difference
    assert found is not None
    right = [one.interface for one in looked if one.difference is None and one.stream in _inputs(first.stream)]
    into = f"{', '.join(dict.fromkeys(right))} as expected" if right else "what it asked the memory for came as sent"
    what = (
        f"beat {found.beat} of {first.interface} never came"
        if found.got is None
        else f"{first.signal} of beat {found.beat}, lane {found.lane} is {found.got} instead of {found.expected}"
    )
    return f"{into}, but {what}"


def _inputs(stream: str) -> tuple[str, ...]:
    """Streams that the sender of a stream takes in."""
    if stream == "sdp2pdp":
        return ("cacc2sdp", "mrd", "brd_alu", "brd_mul", "nrd_alu", "nrd_mul")
    return ()


def _writer(bounds: Boundaries, layer: Layer, wrong: Wrong | None) -> Blame | None:
    """The unit that writes the layer, all of whose inputs are right; or the one behind it, if it is right, too."""
    if wrong is None:
        return None
    if wrong.interface in PINS:
        reason = f"what {layer.client} asks for is as expected, but not what leaves for the memory"
        signal = "nvdla_core2dbb_aw_awaddr" if wrong.signal == "addr" else "nvdla_core2dbb_w_wdata"
        return Blame("mcif_write", wrong.interface, signal, wrong.cycle, reason)
    cycles = bounds.moved(wrong.interface).cycles
    if wrong.cycle < 0 and _held_up(bounds, wrong.interface):
        reason = f"it does not take the write of address {wrong.address:#010x}"
        return Blame("mcif_write", wrong.interface, f"{wrong.interface}_ready", _last(cycles), reason)
    if wrong.cycle < 0:
        reason = f"all its inputs came as expected, but the write of address {wrong.address:#010x} never did"
    else:
        what = "goes to a place that is not its own" if wrong.signal == "addr" else "holds other bytes"
        reason = f"all its inputs are as expected, but its write of address {wrong.address:#010x} {what}"
    cycle = wrong.cycle if wrong.cycle >= 0 else _last(cycles)
    return Blame(layer.client, wrong.interface, f"{wrong.interface}_{wrong.signal}", cycle, reason)


def _last(cycles: NDArray[np.int64]) -> int:
    """The last of some cycles, -1 if there is none."""
    return int(cycles[-1]) if len(cycles) else -1


def _stopped(bounds: Boundaries, missing: Sequence[Boundary]) -> Boundary | None:
    """Of boundaries whose last beats never came, in the order data flow, the first behind which nobody is held up."""
    held = [n for n, one in enumerate(missing) if _held_up(bounds, one.interface)]
    rest = missing[held[-1] + 1 :] if held else missing
    return rest[0] if rest else None


def _held_up(bounds: Boundaries, name: str) -> bool:
    """Whether at the end of the dump the sender waits for the receiver."""
    face = bounds.interface(name.removesuffix("_data"))
    if not face.ready:
        return False
    places, _ = bounds.at(())
    last = places[-1:]
    return all(bounds.bits(name, last)[0] == 1 for name in face.valid) and bounds.bits(face.ready, last)[0] == 0


def wrong_request(
    bounds: Boundaries, layers: Sequence[Layer], layer: Layer, client: str
) -> tuple[int, int, int] | None:
    """(cycle, address, what it should be) of the first wrong read that a client asks for in a layer.

    None where every one is right, or what the client's layers need is not known.
    """
    users = [one for one in layers if any(STREAMS[name].client == client for name in one.beats)]
    if any(client not in one.reads for one in users):
        return None
    before = sum(len(one.reads[client]) for one in users if one.number < layer.number)
    due = next(one for one in users if one.number == layer.number).reads[client]
    moved = bounds.moved(f"{client}_rd_req")
    addresses = moved.numbers(f"{client}_rd_req_addr")[before : before + len(due)] << 3
    wrong = np.flatnonzero(addresses != due[: len(addresses)])
    if not len(wrong):
        return None
    k = int(wrong[0])
    return int(moved.cycles[before + k]), int(addresses[k]), int(due[k])


def wrong_answer(bounds: Boundaries, client: str) -> tuple[int, int] | None:
    """(cycle, address) of the first answer to a client that the memory has not given for that address."""
    asked, answered = bounds.moved(f"{client}_rd_req"), bounds.moved(f"{client}_rd_rsp")
    count = min(len(asked), len(answered))
    addresses = (asked.numbers(f"{client}_rd_req_addr") << 3)[:count].tolist()
    values = answered.payload[f"{client}_rd_rsp_data"][:count]
    given = _given(bounds)
    for k, (address, value) in enumerate(zip(addresses, values, strict=True)):
        if (address, value) not in given:
            return int(answered.cycles[k]), address
    return None


def _given(bounds: Boundaries) -> set[tuple[int, int | None]]:
    """(address, data) of every read that the memory has answered; answers of one id come in the order of requests."""
    asked, answered = (bounds.moved(name) for name in ANSWERS)
    pins = "nvdla_core2dbb_"
    ask_ids, answer_ids = asked.numbers(f"{pins}ar_arid"), answered.numbers(f"{pins}r_rid")
    addresses, data = asked.numbers(f"{pins}ar_araddr"), answered.payload[f"{pins}r_rdata"]
    pairs = set()
    for one in np.unique(ask_ids).tolist():
        mine, theirs = np.flatnonzero(ask_ids == one), np.flatnonzero(answer_ids == one)
        pairs |= {(int(addresses[a]), data[b]) for a, b in zip(mine.tolist(), theirs.tolist(), strict=False)}
    return pairs
