"""What a task must keep so that nv_small can run it (spec: loadable.md section 9)."""

from __future__ import annotations

from collections.abc import Iterator

from cocodla.errors import UserError
from cocodla.formats.feature import CubeLayout
from cocodla.hw import ATOM, MAX_EXTENT
from cocodla.loadable.buffers import MOST_BYTES
from cocodla.loadable.descriptors import Cube, Kind, Place, Stage
from cocodla.loadable.registers.convolution import FEATURE
from cocodla.loadable.registers.sdp import ADD, BOTH, LUT, PER_KERNEL
from cocodla.loadable.task import Operation, Task

LARGE_ATOM = 32
"""Bytes of an atom of nv_full and nv_large."""


def check_task(task: Task) -> None:
    """UserError that names the task, the operation, the field and its value."""
    try:
        _check_network(task)
        _check_atoms(task)
        for operation in task.operations:
            _check_links(task, operation)
        for operation in task.operations:
            _check(task, operation)
    except UserError as error:
        raise UserError(f"task {task.id}: {error}") from None


def _check_network(task: Task) -> None:
    network = task.network
    _require(network.num_rois, 1, "network: num_rois")
    _require(network.dynamic_roi, 0, "network: dynamic_roi")
    for kind, head in zip(Kind, network.heads, strict=True):
        if not -1 <= head < network.num_operations:
            raise UserError(f"network: op_head[{kind.value}] is {head}, there are {network.num_operations} operations")
        if head >= 0 and task.operations[head].kind is not kind:
            raise UserError(f"network: op_head[{kind.value}] is {head}, which is {task.operations[head].kind}")


def _require(value: int, wanted: int, what: str) -> None:
    if value != wanted:
        raise UserError(f"{what} is {value}; nv_small takes {wanted} only")


def _check_links(task: Task, operation: Operation) -> None:
    """The graph names operations that exist, each of the kind it stands for."""
    count = len(task.operations)
    named = [(f"consumers[{kind.value}]", kind, operation.common.consumers[kind]) for kind in Kind]
    below = Kind(operation.kind - 1) if operation.kind in (Kind.SDP, Kind.PDP) else None
    for what, kind, link in [*named, ("fused_parent", below, operation.common.fused_parent)]:
        if link.index == -1:
            continue
        if not 0 <= link.index < count:
            raise UserError(f"{operation}: {what} is {link.index}, there are {count} operations")
        found = task.operations[link.index].kind
        if kind is not None and found is not kind:
            raise UserError(f"{operation}: {what} is operation {link.index}, which is {found}")


def _check(task: Task, operation: Operation) -> None:
    try:
        for name, cube in operation.cubes().items():
            _check_cube(task, operation, name, cube)
        for what, found, wanted in _fixed(operation):
            _require(found, wanted, what)
        for what, found, least, most in _ranges(task, operation):
            if not least <= found <= most:
                raise UserError(f"{what} is {found}, not {least} to {most}")
        _check_flow(operation)
    except UserError as error:
        raise UserError(f"{operation}: {error}") from None


def _check_atoms(task: Task) -> None:
    """UserError for a task that was made for another configuration: its lines tell, files carry no name of it. Those of
    one column do not: a line of 32 bytes may have a gap in it.
    """
    cubes = [
        (operation, name, cube)
        for operation in task.operations
        for name, cube in (("src", operation.src), ("dst", operation.dst))
        if cube.type == Place.MEMORY and cube.width > 1 and _has_atoms(operation, name)
    ]
    if cubes and all(cube.line_stride == LARGE_ATOM * cube.width for _, _, cube in cubes):
        operation, name, cube = cubes[0]
        raise UserError(
            f"{operation}, {name}: lines of {cube.line_stride} bytes for {cube.width} columns: made for atoms of "
            f"{LARGE_ATOM} bytes (nv_full, nv_large); nv_small has {ATOM}"
        )


def _has_atoms(operation: Operation, name: str) -> bool:
    """Whether the lines of a cube are made of atoms: not those of an image, nor what CACC is told of memory."""
    return operation.kind is not Kind.CONVOLUTION or not (name == "dst" or _holds_pixels(operation, name))


def _holds_pixels(operation: Operation, name: str) -> bool:
    """Whether a cube is an image: its lines are not made of atoms."""
    return operation.kind is Kind.CONVOLUTION and name == "src" and operation.convolution.data_format != FEATURE


def _check_cube(task: Task, operation: Operation, name: str, cube: Cube) -> None:
    if cube.type == Place.SRAM:
        raise UserError(f"{name}: type is 1 (SRAM), which nv_small does not have")
    if cube.type == Place.UNIT:
        if name not in ("src", "dst"):
            raise UserError(f"{name}: type is 2 (another unit); it must be in memory")
        return
    if operation.kind is Kind.CONVOLUTION and name == "dst":
        return  # CACC only stores what it is told of memory
    if cube.address == -1:
        raise UserError(f"{name}: its type is 0 (memory), its address -1")
    try:
        task.device(cube)
    except UserError as error:
        raise UserError(f"{name}: {error}") from None
    entry = task.entries[cube.address]
    assert entry.buffer is not None
    end = entry.offset + cube.offset + extent(operation, name, cube)
    if end > entry.buffer.room:
        raise UserError(f"{name}: it ends at {end:,} of memory {entry.memory}, which has {entry.buffer.size:,} bytes")


def extent(operation: Operation, name: str, cube: Cube) -> int:
    """Bytes from the first to behind the last that the hardware touches."""
    if name == "weight":
        return cube.size
    if _holds_pixels(operation, name):
        return cube.line_stride * cube.height
    stages = {"x1": "x1_op", "x2": "x2_op", "y": "y_op"}
    if name in stages:
        return _operand_extent(getattr(operation.sdp, stages[name]), cube, operation.src)
    return CubeLayout(cube.width, cube.height, cube.channel, cube.line_stride, cube.surf_stride).size


def _operand_extent(stage: Stage, cube: Cube, src: Cube) -> int:
    """Operands for the places of `src`: one or two numbers of one or two bytes each."""
    factor = (2 if stage.precision else 1) * (2 if stage.type == BOTH else 1)
    if stage.mode == PER_KERNEL:
        return ATOM * -(-src.channel // ATOM) * factor
    layout = CubeLayout(src.width, src.height, src.channel, cube.line_stride, cube.surf_stride)
    return layout.size + ATOM * src.width * (factor - 1)


def _fixed(operation: Operation) -> Iterator[tuple[str, int, int]]:
    """(name, value, the only value nv_small has)."""
    match operation.kind:
        case Kind.CONVOLUTION:
            op = operation.convolution
            yield "conv_mode", op.conv_mode, 0
            yield "in_precision", op.in_precision, 0
            yield "out_precision", op.out_precision, 0
            yield "batch", op.batch, 1
            yield "weight_format", op.weight_format, 0
            yield "pixel_mapping", op.pixel_mapping, 0
            yield "out_cvt.scale", op.out_cvt.scale, 1
            yield "out_cvt.offset", op.out_cvt.offset, 0
            if operation.dst.width == operation.dst.height == 1:
                yield "dst.line_stride of a 1 x 1 output", operation.dst.line_stride, ATOM
        case Kind.SDP:
            op_sdp = operation.sdp
            yield "src_precision", op_sdp.src_precision, 0
            yield "dst_precision", op_sdp.dst_precision, 0
            yield "conv_mode", op_sdp.conv_mode, 0
            yield "batch_num", op_sdp.batch_num, 1
            yield "y_op.enable", op_sdp.y_op.enable, 0
            yield "lut_index", op_sdp.lut_index if op_sdp.lut_index >= 0 else -1, -1
        case Kind.PDP:
            yield "precision", operation.pdp.precision, 0
        case Kind.CDP:
            yield "in_precision", operation.cdp.in_precision, 0
            yield "out_precision", operation.cdp.out_precision, 0
        case kind:
            raise AssertionError(kind)


def _ranges(task: Task, operation: Operation) -> Iterator[tuple[str, int, int, int]]:
    """(name, value, least, most) of fields whose other values no register can take."""
    for name, cube in operation.cubes().items():
        if name in ("src", "dst"):
            for extent_name in ("width", "height", "channel"):
                yield f"{name}.{extent_name}", getattr(cube, extent_name), 1, MAX_EXTENT
    match operation.kind:
        case Kind.CONVOLUTION:
            op = operation.convolution
            yield "data_format", op.data_format, 0, FEATURE
            yield "offset_u", operation.convolution_cubes.offset_u, 0, MOST_BYTES
            sizes: tuple[str, ...] = ("entry_per_slice", "fetch_grain", "data_bank", "weight_bank", "release")
            sizes += ("input_width_csc", "input_height_csc", "input_channel_csc", "kernel_width_csc")
            sizes += ("kernel_height_csc", "kernel_channel_csc", "input_width_cmac", "input_height_cmac")
            sizes += ("bytes_per_kernel", "conv_stride_x", "conv_stride_y", "dilation_x", "dilation_y")
            for name in sizes:
                yield name, getattr(op, name), 1, 1 << 18
        case Kind.SDP:
            for name in ("x1_op", "x2_op"):
                stage = getattr(operation.sdp, name)
                if stage.enable:
                    yield f"{name}.enable", stage.enable, 0, 1
                    yield f"{name}.alu_type", stage.alu_type, 0, 2 if stage.type in (ADD, BOTH) else 3
                    yield f"{name}.type", stage.type, 0, 3
                    yield f"{name}.mode", stage.mode, 0, 2
                    yield f"{name}.act", stage.act, 0, 3
        case Kind.PDP:
            pdp = operation.pdp
            yield "split_num", pdp.split_num, 1, 64
            yield "pool_mode", pdp.pool_mode, 0, 2
            for name in ("pool_width", "pool_height"):
                yield name, getattr(pdp, name), 0, 7
            for name in ("stride_x", "stride_y"):
                yield name, getattr(pdp, name), 1, 16
        case _:
            yield "local_size", operation.cdp.local_size, 3, 9
            yield "local_size % 2", operation.cdp.local_size % 2, 1, 1
            yield "lut_index", operation.cdp.lut_index, -1, len(task.luts) - 1


def _check_flow(operation: Operation) -> None:
    """What comes from units and goes to them."""
    src, dst = operation.src.type, operation.dst.type
    if operation.kind in (Kind.CONVOLUTION, Kind.CDP) and src == Place.UNIT:
        raise UserError("src: type is 2 (another unit); it must be in memory")
    if operation.kind in (Kind.PDP, Kind.CDP) and dst == Place.UNIT:
        raise UserError("dst: type is 2 (another unit); it must be in memory")
    if operation.kind is Kind.PDP and src == Place.UNIT and operation.pdp.split_num != 1:
        raise UserError(f"split_num is {operation.pdp.split_num}; behind SDP it must be 1")
    if operation.kind is Kind.SDP:
        op = operation.sdp
        for name, stage in (("x1_op", op.x1_op), ("x2_op", op.x2_op), ("y_op", op.y_op)):
            if stage.enable and stage.act == LUT:
                raise UserError(f"{name}.act is {LUT} (look-up table), which SDP of nv_small does not have")
            if src == Place.UNIT and stage.enable and stage.mode and not stage.type:
                raise UserError(f"{name}: mode is {stage.mode}, but its type is 0: it would read nothing")
