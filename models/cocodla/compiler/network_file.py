"""The file of a compiled network.

It is a zip of network.json (layers with their register words, tensors, meaning of input and outputs), memory.bin
(constants) and host.onnx (the part that runs on the host, if any). The same network gives the same bytes.
"""

from __future__ import annotations

import base64
import io
import json
import zipfile
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from cocodla.compiler.hardware.tensors import from_json, to_json
from cocodla.compiler.parts import HostStep, InputSpec, Layer, NetworkParts, OutputSpec
from cocodla.errors import UserError
from cocodla.files import write_whole
from cocodla.registers import MAP

FORMAT = 3
MEMBERS = ("network.json", "memory.bin", "host.onnx")


def save(network: NetworkParts, path: Path | str) -> None:
    """Write the network file, whole or not at all."""
    plain = {entry.name: getattr(network, entry.name) for entry in fields(network)}
    values = {
        "format": FORMAT,
        **{name: value for name, value in plain.items() if name not in ("memory", "host")},
        "input": asdict(network.input),
        "outputs": [asdict(output) for output in network.outputs],
        "layers": [asdict(layer) for layer in network.layers],
        "tensors": {name: to_json(tensor) for name, tensor in network.tensors.items()},
        "steps": [{**asdict(step), "model": base64.b64encode(step.model).decode()} for step in network.steps],
    }
    contents = (json.dumps(values, indent=1).encode(), network.memory, network.host)
    archived = io.BytesIO()
    with zipfile.ZipFile(archived, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in zip(MEMBERS, contents, strict=True):
            archive.writestr(zipfile.ZipInfo(member, (2000, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    write_whole(path, archived.getvalue())


def load(path: Path | str) -> NetworkParts:
    """Read a network file; UserError when it is missing, unreadable or of another kind."""
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            text, memory, host = (archive.read(member) for member in MEMBERS)
        values = json.loads(text)
        if values.pop("format") != FORMAT:
            raise ValueError("written by another version of cocodla")
        network = _from_json(values, memory, host)
        _check(network)
        return network
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    except Exception as error:  # a damaged archive or JSON of another kind may raise anything
        raise UserError(f"{path}: not a compiled network ({error or type(error).__name__})") from error


def _check(network: NetworkParts) -> None:
    """ValueError for a network whose parts do not fit together."""
    if not network.layers or not network.outputs:
        raise ValueError("it has no layers or no outputs")
    named = [network.input.tensor, *network.fetched, *(step.output for step in network.steps)]
    for layer in network.layers:
        named += [*layer.completes, *(name for name, _ in (*layer.reads, *layer.writes))]
        names = [*layer.registers, *layer.address_registers, *layer.shared]
        unknown = [name for name in (*names, *(f"{unit}.D_OP_ENABLE" for unit in layer.units)) if name not in MAP]
        if unknown:
            raise ValueError(f"layer {layer.name!r}: there is no register {unknown[0]!r}")
    missing = [name for name in named if name not in network.tensors]
    if missing:
        raise ValueError(f"tensor {missing[0]!r} is missing")
    if network.memory_base + len(network.memory) > network.memory_end:
        raise ValueError("its constants end behind its memory")


def _from_json(values: dict[str, Any], memory: bytes, host: bytes) -> NetworkParts:
    parts = tuple((name, tuple(shape)) for name, shape in values["input"].pop("parts", ()))
    values["input"] = InputSpec(**_tuples(values["input"]), parts=parts)
    values["outputs"] = [OutputSpec(**_tuples(output)) for output in values["outputs"]]
    for layer in values["layers"]:
        layer["address_registers"] = _tuples(layer["address_registers"])
        layer["tables"] = _tuples(layer.get("tables", {}))
        for part in ("reads", "writes"):
            layer[part] = tuple((name, tuple(map(tuple, box))) for name, box in layer[part])
    values["layers"] = [Layer(**_tuples(layer)) for layer in values["layers"]]
    values["tensors"] = {name: from_json(tensor) for name, tensor in values["tensors"].items()}
    values["fetched"] = {name: tuple(shape) for name, shape in values["fetched"].items()}
    values["steps"] = [
        HostStep(
            step["output"],
            tuple(step["sources"]),
            tuple((name, tuple(shape)) for name, shape in step["feeds"]),
            base64.b64decode(step["model"]),
        )
        for step in values["steps"]
    ]
    return NetworkParts(memory=memory, host=host, **values)


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    """JSON knows lists only: the dataclasses hold tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
