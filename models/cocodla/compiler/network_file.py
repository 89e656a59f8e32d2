"""The file of a compiled network.

It is a zip of network.json (layers with their register words, tensors, meaning of input and outputs), memory.bin
(constants) and host.onnx (the part that runs on the host, if any). The same network gives the same bytes. A file may
come from anybody: all that running or showing the network assumes is checked when it is read.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np

from cocodla.compiler.hardware.tensors import Tensor
from cocodla.compiler.host_check import check_host
from cocodla.compiler.layer_check import check_layers
from cocodla.compiler.network_check import check_structure
from cocodla.compiler.network_meta import NetworkMeta
from cocodla.compiler.parts import HostStep, InputSpec, Layer, NetworkParts, OutputSpec
from cocodla.compiler.plain_values import Address, End, Extents, Name
from cocodla.errors import UserError
from cocodla.files.inputs import open_input, read_archive, strict_json
from cocodla.files.outputs import write_whole

FORMAT = 3
MEMBERS = ("network.json", "memory.bin", "host.onnx")
KIND = "a compiled network"
Value = TypeVar("Value")


def save(network: NetworkParts, path: Path | str) -> None:
    """Write the network file, whole or not at all."""
    plain = {entry.name: getattr(network, entry.name) for entry in fields(network)}
    values = {"format": FORMAT, **{name: value for name, value in plain.items() if name not in ("memory", "host")}}
    text = json.dumps(msgspec.to_builtins(values, enc_hook=np.generic.item), indent=1)
    contents = (text.encode(), network.memory, network.host)
    archived = io.BytesIO()
    with zipfile.ZipFile(archived, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in zip(MEMBERS, contents, strict=True):
            archive.writestr(zipfile.ZipInfo(member, (2000, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    write_whole(path, archived.getvalue())


def is_network(path: Path | str) -> bool:
    """Whether a file is a zip archive that begins with the description of a network, as those of `save` do."""
    with open_input(path) as file:
        head = file.read(30 + len(MEMBERS[0])) or b""
    return head.startswith(b"PK\3\4") and head.endswith(MEMBERS[0].encode())


def load(path: Path | str) -> NetworkParts:
    """Read a network file; UserError when it is missing, unreadable, of another kind, or its parts do not fit."""
    text, memory, host = read_archive(path, MEMBERS, kind=KIND).values()
    try:
        network = _network(strict_json(text), memory, host)
        check_structure(network)
        check_layers(network)
        check_host(network)
    except (ValueError, UserError) as error:
        raise UserError(f"{path}: not {KIND} ({error})") from None
    return network


def _network(values: Any, memory: bytes, host: bytes) -> NetworkParts:
    """The network that plain values describe; ValueError that names the place of a value that is none of its kind."""
    description = _fields(values, NetworkParts, "the description", {"format"}, {"memory", "host"})
    if description.get("format") != FORMAT:
        raise ValueError("written by another version of cocodla")
    _value(description["meta"], NetworkMeta, "meta")
    return NetworkParts(
        name=_value(description["name"], Name, "name"),
        input=_object(description["input"], InputSpec, "input"),
        outputs=[_object(entry, OutputSpec, place) for place, entry in _list(description, "outputs")],
        layers=[_object(entry, Layer, place) for place, entry in _list(description, "layers")],
        tensors={name: _object(entry, Tensor, place) for name, place, entry in _named(description, "tensors")},
        memory=memory,
        memory_base=_value(description["memory_base"], Address, "memory_base"),
        memory_end=_value(description["memory_end"], End, "memory_end"),
        fetched={name: _value(entry, Extents, place) for name, place, entry in _named(description, "fetched")},
        host=host,
        steps=[_object(entry, HostStep, place) for place, entry in _list(description, "steps")],
        meta=description["meta"],
    )


def _fields(
    values: Any, kind: type, place: str, more: set[str] | frozenset[str] = frozenset(), but: set[str] | None = None
) -> dict[str, Any]:
    """An object of JSON with the names of a dataclass's fields; ValueError for others and for missing ones."""
    if not isinstance(values, dict):
        raise ValueError(f"{place} is no object but {_shown(values)}")
    entries = [entry for entry in fields(kind) if entry.name not in (but or ())]
    unknown = values.keys() - {entry.name for entry in entries} - more
    if unknown:
        raise ValueError(f"{place} has an unknown field {min(unknown)[:80]!r}")
    missing = next((entry.name for entry in entries if entry.name not in values), None)
    if missing is not None:
        raise ValueError(f"{place} has no field {missing!r}")
    return values


def _object(values: Any, kind: type[Value], place: str) -> Value:
    return _value(_fields(values, kind, place), kind, place)


def _value(value: Any, kind: Any, place: str) -> Any:
    """A value of a type with ranges; ValueError that names its place, the rule and what it is."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        rule, _, where = str(error).partition(" - at `$")
        path = where.rstrip("`").lstrip(".")
        raise ValueError(f"{place}{': ' + path if path else ''}: {rule}{_found(value, path)}") from None


def _found(value: Any, path: str) -> str:
    """", it is VALUE" for the value at a path of names; empty where the path does not tell which one."""
    for name in filter(None, path.replace("]", "").replace("[", ".").split(".")):
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return ""
    return f", it is {_shown(value)}"


def _shown(value: Any) -> str:
    text = f"{value!r}" if isinstance(value, (str, int, float, bool)) or value is None else type(value).__name__
    return text if len(text) <= 40 else f"{text[:40]}..."


def _list(values: Mapping[str, Any], name: str) -> Iterator[tuple[str, Any]]:
    """Entries of a list with what to call them."""
    entries = _value(values[name], list[Any], name)
    for index, entry in enumerate(entries):
        called = entry.get("name", index) if isinstance(entry, dict) else index
        yield f"{name}[{_shown(called)}]", entry


def _named(values: Mapping[str, Any], name: str) -> Iterator[tuple[str, str, Any]]:
    """Entries of an object: name, what to call it, value."""
    for key, entry in _value(values[name], dict[Name, Any], name).items():
        yield key, f"{name}[{_shown(key)}]", entry
