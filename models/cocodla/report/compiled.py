"""What a compiled network looks like: memory map, layers, bounds, traffic; what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from cocodla import hw
from cocodla.compiler import Layer, Network
from cocodla.compiler.prediction import predict_network
from cocodla.latency import MemoryTiming
from cocodla.registers import MAP
from cocodla.runtime.accuracy import Accuracy

MACS_PER_CYCLE = 64


FOLLOWING = ("it follows host operators", "it lies between host operators", "no convolution or fully connected layer")
"""How the reasons of operators begin that the host runs because of their neighbours."""
COSTLY = 5
"""Layers that are named for what int8 costs them."""
MEMORY = MemoryTiming()
"""The memory that predicted cycles are for."""


def describe(network: Network) -> dict[str, Any]:
    """All figures of a network as plain values."""
    prediction = predict_network(network, MEMORY)
    tensors = [
        {
            "name": tensor.name, "shape": list(tensor.shape), "form": tensor.form, "bytes": tensor.size,
            "addresses": list(tensor.addresses), "scale": tensor.scale, "zero": tensor.zero,
        }
        for tensor in network.tensors.values()
    ]  # fmt: skip
    layers = [
        {
            "name": layer.name, "operation": layer.operation, "input": list(layer.input_shape),
            "output": list(layer.output_shape), "sources": list(layer.sources), "target": layer.target,
            "units": list(layer.units), "macs": layer.macs, "mac_cycles": layer.mac_cycles, "bound": layer.bound,
            "cycles": alone, "limited_by": limit(layer), "read_bytes": layer.read_beats * hw.ATOM,
            "written_bytes": layer.write_beats * hw.ATOM, "banks": banks(layer),
            "tables": tables(layer),
        }
        for layer, alone in zip(network.layers, prediction.alone, strict=True)
    ]  # fmt: skip
    spans = [
        (address, address + tensor.size) for tensor in network.tensors.values() if not tensor.root
        for address in tensor.addresses
    ]  # fmt: skip
    return {
        "name": network.name,
        "input": {"tensor": network.input.tensor, "shape": list(network.input.shape)},
        "outputs": [
            {"name": output.name, "shape": list(output.shape), "on": "accelerator" if output.tensor else "host"}
            for output in network.outputs
        ],
        "memory": {
            "base": network.memory_base, "constants": len(network.memory),
            "end": network.memory_end, "images_in_flight": network.images_in_flight,
            "tensors": sum(end - start for start, end in spans), "tensors_used": _covered(spans),
        },
        "tensors": tensors,
        "layers": layers,
        "host": host_operators(network),
        "host_runs": network.host_runs,
        "quantisation": network.meta.get("quantisation", {}),
        "warnings": network.meta.get("warnings", []),
        "bound_cycles": network.bound,
        "predicted_cycles": prediction.image,
        "predicted_cycles_one_by_one": sum(prediction.alone),
    }  # fmt: skip


def _covered(spans: list[tuple[int, int]]) -> int:
    """Bytes that at least one span (first, end) covers."""
    total = reached = 0
    for start, end in sorted(spans):
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total


def quantisation(how: Mapping[str, Any]) -> list[str]:
    """How a network was quantised, what was tried, and the layers that cost most, a line each."""
    if not how.get("layers"):
        return []
    settings = how["settings"]
    words = [f"calibrator {settings['calibrator']}", f"headroom {settings['headroom']:g}"]
    words += [name.replace("_", " ") for name, value in settings.items() if value is True]
    lines = [f"quantised with {', '.join(words)}"]
    if trials := how["trials"]:
        images, found = how["images"], [trial["sqnr"] for trial in trials]
        lines[0] += (
            f": {len(trials)} choices tried, ranges of {images['ranges']} images, noise of {images['errors']}; "
            f"{found[0]:.1f} dB at first, {max(found):.1f} dB at best"
        )
    costly = sorted(how["layers"], key=lambda layer: layer["own"])[:COSTLY]
    lines.append("int8 costs most at " + ", ".join(f"{layer['layer']} ({layer['own']:.1f} dB)" for layer in costly))
    return lines


def host_operators(network: Network) -> list[str]:
    """Operators that run on the host: type, name and why."""
    return [f"{entry['operator']} {entry['node']!r}: {entry['reason']}" for entry in network.meta.get("host", [])]


def folded(placements: Sequence[Mapping[str, str]]) -> list[str]:
    """Operators that run on the host, a line for each reason in a row; with what runs there only because of them."""
    lines: list[str] = []
    for reason, members in groupby(placements, key=lambda entry: "" if _follows(entry) else entry["reason"]):
        block = [f"{entry['operator']} {entry['node']!r}" for entry in members]
        span = block[0] if len(block) == 1 else f"{block[0]} to {block[-1]}"
        if not reason and lines:
            count = "1 operator" if len(block) == 1 else f"{len(block)} operators"
            lines[-1] += f"; {count} behind it, {span}"
        else:
            count = "" if len(block) == 1 else f"{len(block)} operators, "
            lines.append(f"{count}{span}: {reason or placements[0]['reason']}")
    return lines


def _follows(placement: Mapping[str, str]) -> bool:
    """True if nothing is wrong with an operator but where it is."""
    return placement["reason"].startswith(FOLLOWING)


def limit(layer: Layer) -> str:
    """What bounds a layer's cycles."""
    costs = {"MAC": layer.mac_cycles, "read": layer.read_beats, "write": layer.write_beats}
    return max(costs, key=lambda kind: costs[kind])


def banks(layer: Layer) -> list[int] | None:
    """Convolution buffer banks for data and weights; None for a layer that does not use it."""
    word = layer.registers.get("CDMA.D_BANK")
    if word is None:
        return None
    register = MAP["CDMA.D_BANK"]
    return [((word & field.mask) >> field.lsb) + 1 for field in sorted(register.fields, key=lambda f: f.lsb)]


def tables(layer: Layer) -> dict[str, list[int]]:
    """Look-up tables of a normalisation: the first and the last sum of squares of each.

    The one table of a function of one number holds a value for each code: nothing to tell.
    """
    if "LE" not in layer.tables:
        return {}
    return {
        name: [layer.shared[f"CDP.S_LUT_{name}_{end}_LOW"] for end in ("START", "END")] for name in layer.tables
    }  # fmt: skip


def show_network(network: Network, console: Console) -> None:
    """Print memory map, layers and totals."""
    facts = describe(network)
    console.print(_memory_table(facts))
    console.print(_layer_table(facts))
    for layer in facts["layers"]:
        if layer["tables"] and layer["operation"].startswith("lrn"):
            spans = (f"{name} from {first:,} to {last:,}" for name, (first, last) in layer["tables"].items())
            console.print(f"{layer['name']}: sums of squares in {', '.join(spans)}", highlight=False)
    for line in folded(network.meta.get("host", [])):
        console.print(f"host: {line}", highlight=False)
    for line in quantisation(network.meta.get("quantisation", {})):
        console.print(line, highlight=False)
    for line in facts["warnings"]:
        console.print(f"warning: {line}", highlight=False)
    for line in _totals(network, facts):
        console.print(line, highlight=False)


def _totals(network: Network, facts: dict[str, Any]) -> list[str]:
    """Cycles, traffic and memory of the whole network."""
    bound = max(network.bound, 1)
    macs = sum(layer.macs for layer in network.layers)
    read = sum(layer["read_bytes"] for layer in facts["layers"])
    written = sum(layer["written_bytes"] for layer in facts["layers"])
    memory = facts["memory"]
    shared = f", {memory['tensors']:,} if none shared memory" if memory["tensors"] != memory["tensors_used"] else ""
    pieces = f", the host runs {facts['host_runs']} time(s)" if facts["host_runs"] else ""
    return [
        f"{len(network.layers)} layers, {macs:,} MACs, multipliers {macs / bound / MACS_PER_CYCLE:.0%} busy{pieces}",
        f"{facts['predicted_cycles']:,} cycles an image predicted (memory latency {MEMORY.latency}; "
        f"{facts['predicted_cycles'] / hw.CLOCK_MHZ / 1000:.3f} ms at {hw.CLOCK_MHZ} MHz), at least {bound:,}, "
        f"layer after layer {facts['predicted_cycles_one_by_one']:,}",
        f"traffic of an image {read:,} B read, {written:,} B written; "
        f"tensors of {memory['images_in_flight']} image(s) take {memory['tensors_used']:,} B{shared}",
    ]


def _memory_table(facts: dict[str, Any]) -> Table:
    memory = facts["memory"]
    table = Table(title=f"{facts['name']}: memory, {memory['images_in_flight']} image(s) in flight")
    for heading in ("address", "what", "shape"):
        table.add_column(heading)
    for heading in ("bytes", "scale", "zero"):
        table.add_column(heading, justify="right")
    table.add_row(f"{memory['base']:#010x}", "constants", "", f"{memory['constants']:,}", "", "")
    rows = [(address, tensor) for tensor in facts["tensors"] for address in tensor["addresses"]]
    for address, tensor in sorted(rows, key=lambda row: row[0]):
        scale = "" if tensor["form"] == "pixels" else f"{tensor['scale']:.6g}"
        table.add_row(
            f"{address:#010x}", tensor["name"], _shape(tensor["shape"]), f"{tensor['bytes']:,}", scale,
            "" if tensor["form"] == "pixels" else str(tensor["zero"]),
        )  # fmt: skip
    table.add_row(f"{memory['end']:#010x}", "end", "", f"{memory['end'] - memory['base']:,}", "", "")
    return table


def _layer_table(facts: dict[str, Any]) -> Table:
    table = Table(title="layers")
    for heading in ("layer", "operation", "input", "output"):
        table.add_column(heading, no_wrap=heading == "operation")
    for heading in ("MACs", "cycles", "at least", "banks", "read B", "written B"):
        table.add_column(heading, justify="right")
    for layer in facts["layers"]:
        table.add_row(
            layer["name"], layer["operation"], _shape(layer["input"]), _shape(layer["output"]), f"{layer['macs']:,}",
            f"{layer['cycles']:,}", f"{layer['bound']:,} {layer['limited_by']}",
            "+".join(map(str, layer["banks"] or ())) or "-", f"{layer['read_bytes']:,}", f"{layer['written_bytes']:,}",
        )  # fmt: skip
    return table


def show_outputs(name: str, outputs: np.ndarray, console: Console, shown: int = 20) -> None:
    """Print the best classes of each image, or the range of outputs that are no scores."""
    rows = outputs.reshape(len(outputs), -1)
    table = Table(title=f"output {name}, {_shape(outputs.shape[1:])}")
    for heading in ("image", "best", "value", "lowest", "highest"):
        table.add_column(heading, justify="right")
    for index, row in enumerate(rows[:shown].astype(np.float64) if rows.size else ()):  # also of truth values
        best = int(row.argmax())
        table.add_row(str(index), str(best), f"{row[best]:.5g}", f"{row.min():.5g}", f"{row.max():.5g}")
    console.print(table)
    if len(rows) > shown:
        console.print(f"... {len(rows) - shown} more images", highlight=False)


def outputs_json(found: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """Plain values of each output: for each image the best class, its value, the range."""
    return [
        {
            "name": name,
            "shape": list(values.shape[1:]),
            "images": [
                {"best": int(row.argmax()), "value": row.max(), "lowest": row.min(), "highest": row.max()}
                for row in values.reshape(len(values), -1)
            ],
        }
        for name, values in found.items()
    ]


def show_accuracy(accuracy: Accuracy, network: Network, console: Console) -> None:
    """Print what share of images was recognised."""
    line = f"{network.name}: {accuracy.count} images, int8 {accuracy.top1:.2%}"
    if accuracy.top5 is not None:
        line += f" (top 5 {accuracy.top5:.2%})"
    if accuracy.float_top1 is not None and accuracy.agreement is not None:
        drop = 100 * (accuracy.float_top1 - accuracy.top1)
        line += f", float {accuracy.float_top1:.2%}, drop {drop:+.2f} points, same class {accuracy.agreement:.2%}"
    console.print(line, highlight=False)


def _shape(shape: tuple[int, ...] | list[int]) -> str:
    return "x".join(map(str, shape))
