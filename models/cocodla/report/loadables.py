"""Tables of a loadable: tasks, operations, surfaces, addresses, memory, tensors, look-up tables; and of its runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cocodla.loadable.descriptors import Cube, Kind, Lut, Place, Signal
from cocodla.loadable.emu import EmuTask
from cocodla.loadable.network import LoadedNetwork
from cocodla.loadable.ports import Port
from cocodla.loadable.schema import ALLOC, DEBUG, INPUT, OUTPUT, SET
from cocodla.loadable.stages import Stage
from cocodla.loadable.task import Operation, Task
from cocodla.report.runs import show_waves
from cocodla.runtime.loadables import LoadableRun

_FLAGS = ((ALLOC, "alloc"), (SET, "set"), (INPUT, "input"), (OUTPUT, "output"), (DEBUG, "debug"))
_EVENTS = {signal.value: signal.name.lower() for signal in Signal}
_PLACES: dict[int, str] = {Place.MEMORY: "memory", Place.UNIT: "unit"}


def describe(network: LoadedNetwork) -> dict[str, Any]:
    """All that is in a loadable, as plain values."""
    loadable = network.loadable
    tasks = [_dla(task) for stage in network.stages if isinstance(stage, Stage) for task in stage.tasks]
    tasks += [_emu(stage) for stage in network.stages if isinstance(stage, EmuTask)]
    return {
        "name": network.name,
        "version": str(loadable.version),
        "tasks": sorted(tasks, key=lambda task: int(task["task"])),
        "memory": [_memory(network, number) for number in range(len(loadable.memory_list))],
        "addresses": [asdict(address) for address in loadable.address_list],
        "tensors": [asdict(tensor) for tensor in loadable.tensor_desc_list],
        "blobs": [
            {"name": blob.name, "bytes": len(blob.data), "version": str(blob.version), "interface": blob.interface}
            for blob in loadable.blobs
        ],
        "inputs": [_ported(port) for port in network.inputs],
        "outputs": [_ported(port) for port in network.outputs],
    }


def _ported(port: Port) -> dict[str, Any]:
    return {"name": port.name, "shape": list(port.form.shape), "address": port.address, "bytes": port.size}


def _memory(network: LoadedNetwork, number: int) -> dict[str, Any]:
    memory, buffer = network.loadable.memory_list[number], network.buffers.of(number)
    return {
        "memory": number,
        "size": memory.size,
        "flags": [name for flag, name in _FLAGS if memory.flags & flag],
        "address": buffer.base if buffer else None,
        "contents": list(memory.contents),
    }


def _dla(task: Task) -> dict[str, Any]:
    return {
        "task": task.id,
        "on": "accelerator",
        "descriptors": str(task.version),
        "layout": task.layout.value,
        "operations": [_operation(task, operation) for operation in task.operations],
        "luts": [_lut(number, lut) for number, lut in enumerate(task.luts)],
    }


def _lut(number: int, lut: Lut) -> dict[str, Any]:
    return {
        "lut": number,
        "method": "linear" if lut.method else "exponential",
        "first_table": [lut.le_start, lut.le_end],
        "second_table": [lut.lo_start, lut.lo_end],
        "first_values": [min(lut.le), max(lut.le)],
        "second_values": [min(lut.lo), max(lut.lo)],
    }


def _operation(task: Task, operation: Operation) -> dict[str, Any]:
    common = operation.common
    consumers = [
        {"operation": link.index, "event": _EVENTS.get(link.event, str(link.event))}
        for link in common.consumers
        if link.index >= 0
    ]
    return {
        "operation": operation.index,
        "kind": str(operation.kind),
        "count": common.dependency_count,
        "consumers": consumers,
        "behind": fused_with(task, operation),
        "surfaces": {name: _cube(task, cube) for name, cube in operation.cubes().items()},
        "settings": _settings(operation),
    }


def fused_with(task: Task, operation: Operation) -> int | None:
    """The operation that feeds this one on the fly."""
    parent = operation.common.fused_parent.index
    return parent if operation.src.type == Place.UNIT and parent >= 0 else None


def _cube(task: Task, cube: Cube) -> dict[str, Any]:
    return {
        "place": _PLACES[cube.type],
        "address": task.device(cube) if cube.type == Place.MEMORY and cube.address >= 0 else None,
        "width": cube.width, "height": cube.height, "channel": cube.channel,
        "line_stride": cube.line_stride, "surf_stride": cube.surf_stride, "size": cube.size,
    }  # fmt: skip


def _settings(operation: Operation) -> str:
    """What an operation does, in a few words."""
    match operation.kind:
        case Kind.CONVOLUTION:
            op = operation.convolution
            text = f"{op.kernel_width_csc}x{op.kernel_height_csc}, stride {op.conv_stride_x}x{op.conv_stride_y}"
            text += f", banks {op.data_bank}+{op.weight_bank}"
            return text + (f", pixels {op.data_format}" if op.data_format < 36 else "")
        case Kind.SDP:
            stages = (("x1", operation.sdp.x1_op), ("x2", operation.sdp.x2_op))
            used = [f"{name} {_stage(stage)}" for name, stage in stages if stage.enable]
            cvt = operation.sdp.out_cvt
            return "; ".join([*used, f"x {cvt.scale} >> {cvt.truncate}, {cvt.offset:+}"])
        case Kind.PDP:
            pdp = operation.pdp
            mode = ("average", "max", "min")[pdp.pool_mode]
            return f"{mode} {pdp.pool_width + 1}x{pdp.pool_height + 1}, stride {pdp.stride_x}x{pdp.stride_y}"
        case _:
            return f"window {operation.cdp.local_size}, LUT {operation.cdp.lut_index}"


def _stage(stage: Any) -> str:
    parts = [("", "multiply", "add", "both")[stage.type], ("", "ReLU", "LUT", "PReLU")[stage.act]]
    where = ("registers", "per kernel", "per element")[stage.mode] if stage.type else ""
    return " ".join(part for part in (parts[0], where, parts[1]) if part)


def _emu(task: EmuTask) -> dict[str, Any]:
    return {
        "task": task.id,
        "on": "CPU",
        "layout": task.layout.value,
        "operations": [
            {"operation": n, "kind": step.name, "channel": step.src.channel, "source": task.address(step.src),
             "target": task.address(step.dst)}
            for n, step in enumerate(task.steps)
        ],
    }  # fmt: skip


# -- tables ------------------------------------------------------------------------------------


def show_loadable(network: LoadedNetwork, console: Console) -> None:
    """Print what is in a loadable."""
    facts = describe(network)
    for task in facts["tasks"]:
        if task["on"] == "CPU":
            for entry in task["operations"]:
                told = f"{entry['channel']} channels from {entry['source']:#x} to {entry['target']:#x}"
                console.print(f"task {task['task']} on the CPU: {entry['kind']}, {told}", highlight=False)
            continue
        console.print(_operation_table(task))
        console.print(_surface_table(task))
        for lut in task["luts"]:
            console.print(_lut_line(lut), highlight=False)
    console.print(_memory_table(facts))
    console.print(_address_table(facts))
    if facts["tensors"]:
        console.print(_tensor_table(facts))
    for kind in ("inputs", "outputs"):
        for port in facts[kind]:
            shape = " x ".join(map(str, port["shape"]))
            line = f"{kind[:-1]} {port['name']}: {shape} (c x h x w) at {port['address']:#x}, {port['bytes']:,} bytes"
            console.print(line, highlight=False, markup=False, soft_wrap=True)


def _operation_table(task: dict[str, Any]) -> Table:
    table = Table(title=f"task {task['task']}: descriptors {task['descriptors']} (layout {task['layout']})")
    for heading in ("op", "kind", "waits", "wakes (op: event)", "behind", "what it does"):
        table.add_column(heading)
    for entry in task["operations"]:
        wakes = ", ".join(f"{link['operation']}: {link['event']}" for link in entry["consumers"])
        behind = "" if entry["behind"] is None else str(entry["behind"])
        table.add_row(
            str(entry["operation"]), entry["kind"], str(entry["count"]), wakes, behind, entry["settings"]
        )
    return table


def _surface_table(task: dict[str, Any]) -> Table:
    table = Table(title="surfaces")
    for heading in ("op", "cube", "where", "w x h x c", "line", "surface"):
        table.add_column(heading, justify="left" if heading in ("op", "cube", "where") else "right")
    for entry in task["operations"]:
        for name, cube in entry["surfaces"].items():
            where = cube["place"] if cube["address"] is None else f"{cube['address']:#010x}"
            extents = f"{cube['width']} x {cube['height']} x {cube['channel']}"
            strides = (f"{cube['line_stride']:,}", f"{cube['surf_stride']:,}")
            if name == "weight":
                extents, strides = f"{cube['size']:,} bytes", ("", "")
            table.add_row(str(entry["operation"]), name, where, extents, *strides)
    return table


def _memory_table(facts: dict[str, Any]) -> Table:
    table = Table(title="memory")
    for heading in ("memory", "address", "bytes", "flags", "contents"):
        table.add_column(heading, justify="right" if heading == "bytes" else "left")
    for entry in facts["memory"]:
        address = "" if entry["address"] is None else f"{entry['address']:#010x}"
        named = ", ".join(name for name in entry["contents"] if name)
        flags = " ".join(entry["flags"])
        table.add_row(str(entry["memory"]), address, f"{entry['size']:,}", flags, Text(named))
    return table


def _address_table(facts: dict[str, Any]) -> Table:
    table = Table(title="addresses")
    for heading in ("address", "memory", "offset", "bytes"):
        table.add_column(heading, justify="right")
    for entry in facts["addresses"]:
        table.add_row(str(entry["id"]), str(entry["mem_id"]), f"{entry['offset']:#x}", f"{entry['size']:,}")
    return table


def _tensor_table(facts: dict[str, Any]) -> Table:
    table = Table(title="tensors")
    for heading in ("tensor", "name", "memory", "w x h x c", "type", "format", "line", "surface", "bytes"):
        table.add_column(heading, justify="left" if heading in ("tensor", "name") else "right")
    for entry in facts["tensors"]:
        extents = f"{entry['w']} x {entry['h']} x {entry['c']}"
        kinds = (str(entry[key]) for key in ("data_type", "pixel_format"))
        sizes = (f"{entry[key]:,}" for key in ("stride_1", "stride_2", "size"))
        table.add_row(str(entry["id"]), Text(entry["name"]), str(entry["mem_id"]), extents, *kinds, *sizes)
    return table


def _lut_line(lut: dict[str, Any]) -> str:
    parts = [
        f"{name} table from {lut[f'{name}_table'][0]:,} to {lut[f'{name}_table'][1]:,}, values "
        f"{lut[f'{name}_values'][0]:,} to {lut[f'{name}_values'][1]:,}"
        for name in ("first", "second")
    ]
    return f"LUT {lut['lut']}: {lut['method']}; " + "; ".join(parts)


# -- runs --------------------------------------------------------------------------------------


def show_runs(runs: Sequence[LoadableRun], difference: str, compared: Sequence[str], console: Console) -> bool:
    """Print what failed, and the verdict; whether all passed.

    difference: of the first output from what was expected, in words. compared: what was equal if nothing failed.
    """
    for number, run in enumerate(runs):
        for line in [*run.failures, *map(str, run.mismatches)]:
            console.print(f"image {number}: {line}", style="red", highlight=False, markup=False, soft_wrap=True)
        for path in run.waves:
            show_waves(path, console)
    if difference:
        console.print(difference, style="red", highlight=False, markup=False, soft_wrap=True)
    passed = all(run.passed for run in runs) and not difference
    if not passed:
        console.print("FAIL", style="red", highlight=False)
    elif compared:
        line = f"PASS: {'; '.join(compared)}"
        console.print(line, style="green", highlight=False, markup=False, soft_wrap=True)
    return passed


def compared_on_rtl(runs: Sequence[LoadableRun]) -> str:
    """What the RTL was compared in, and what it took."""
    cycles = sum(run.cycles for run in runs) / len(runs)
    return f"{sum(run.tensors for run in runs):,} tensors of RTL and golden model equal, {cycles:,.0f} cycles an image"
