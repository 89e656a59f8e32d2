"""Registers of SDP_RDMA and SDP (spec: loadable.md section 6.1)."""

from __future__ import annotations

from cocodla.loadable.descriptors import Cube, Place, SdpDescriptor, Stage
from cocodla.loadable.registers.words import Words, address, memory, raw, word
from cocodla.loadable.task import Operation, Task

MULTIPLY, ADD, BOTH = 1, 2, 3
"""Types of a stage."""
PER_KERNEL = 1
"""Mode of a stage; 0: operands in registers, 2: one for each element."""
RELU, LUT, PRELU = 1, 2, 3
"""Activations of a stage."""
_READERS = (("BRDMA", "BS"), ("NRDMA", "BN"), ("ERDMA", "EW"))


def words(task: Task, operation: Operation) -> Words:
    """All settings of an operation of SDP."""
    op, cubes = operation.sdp, operation.sdp_cubes
    fly = int(cubes.src.type == Place.UNIT)
    stages = [(op.x1_op, cubes.x1), (op.x2_op, cubes.x2), (op.y_op, cubes.y)]
    found = [word(f"SDP_RDMA.D_{name}", **{}) for name in ("FEATURE_MODE_CFG", "BRDMA_CFG", "NRDMA_CFG", "ERDMA_CFG")]
    found.append(
        word(
            "SDP_RDMA.D_FEATURE_MODE_CFG",
            FLYING_MODE=fly, IN_PRECISION=op.src_precision, PROC_PRECISION=op.src_precision,
            OUT_PRECISION=op.dst_precision, BATCH_NUMBER=op.batch_num - 1,
        )
    )  # fmt: skip
    if not fly or any(stage.enable and stage.mode for stage, _ in stages):
        found += _size("SDP_RDMA", cubes.src)
        if not fly:
            found += [
                *address("SDP_RDMA.D_SRC_BASE_ADDR", "", task.device(cubes.src)),
                word("SDP_RDMA.D_SRC_LINE_STRIDE", SRC_LINE_STRIDE=cubes.src.line_stride),
                word("SDP_RDMA.D_SRC_SURFACE_STRIDE", SRC_SURFACE_STRIDE=cubes.src.surf_stride),
                word("SDP_RDMA.D_SRC_DMA_CFG", SRC_RAM_TYPE=memory(cubes.src)),
            ]
        for (reader, prefix), (stage, cube) in zip(_READERS, stages, strict=True):
            found += _operands(task, reader, prefix, stage, cube)
    found += _size("SDP", cubes.src)
    if cubes.dst.type != Place.UNIT:
        found += [
            *address("SDP.D_DST_BASE_ADDR", "", task.device(cubes.dst), high_first=True),
            word("SDP.D_DST_LINE_STRIDE", DST_LINE_STRIDE=cubes.dst.line_stride),
            word("SDP.D_DST_SURFACE_STRIDE", DST_SURFACE_STRIDE=cubes.dst.surf_stride),
        ]
    return [*found, *_stage("BS", op.x1_op), *_stage("BN", op.x2_op), *_output(op, cubes.dst, fly)]


def _size(unit: str, cube: Cube) -> Words:
    return [
        word(f"{unit}.D_DATA_CUBE_WIDTH", WIDTH=cube.width - 1),
        word(f"{unit}.D_DATA_CUBE_HEIGHT", HEIGHT=cube.height - 1),
        word(f"{unit}.D_DATA_CUBE_CHANNEL", CHANNEL=cube.channel - 1),
    ]


def _operands(task: Task, reader: str, prefix: str, stage: Stage, cube: Cube) -> Words:
    """A reader of operands: its settings, and where they are if it reads."""
    fields = {
        "DISABLE": not stage.reads,
        "DATA_USE": max(stage.type - 1, 0),
        "DATA_SIZE": stage.precision != 0,
        "DATA_MODE": stage.mode != PER_KERNEL,
        "RAM_TYPE": memory(cube),
    }
    found = [word(f"SDP_RDMA.D_{reader}_CFG", **{f"{reader}_{name}": int(value) for name, value in fields.items()})]
    if stage.reads:
        found += [
            *address(f"SDP_RDMA.D_{prefix}_BASE_ADDR", "", task.device(cube)),
            word(f"SDP_RDMA.D_{prefix}_LINE_STRIDE", **{f"{prefix}_LINE_STRIDE": cube.line_stride}),
            word(f"SDP_RDMA.D_{prefix}_SURFACE_STRIDE", **{f"{prefix}_SURFACE_STRIDE": cube.surf_stride}),
        ]
    return found


def _choices(prefix: str, stage: Stage) -> dict[str, int]:
    return {
        f"{prefix}_BYPASS": int(not stage.enable),
        f"{prefix}_ALU_BYPASS": int(stage.type not in (ADD, BOTH)),
        f"{prefix}_ALU_ALGO": stage.alu_type,
        f"{prefix}_MUL_BYPASS": int(stage.type not in (MULTIPLY, BOTH)),
        f"{prefix}_MUL_PRELU": int(stage.act == PRELU),
    }


def _stage(prefix: str, stage: Stage) -> Words:
    """Settings of BS or BN."""
    choices = _choices(prefix, stage)
    found = [word(f"SDP.D_DP_{prefix}_CFG", **choices, **{f"{prefix}_RELU_BYPASS": int(stage.act != RELU)})]
    if not stage.enable:
        return found
    source = int(stage.mode != 0)
    if stage.type in (ADD, BOTH):
        fields = {f"{prefix}_ALU_SRC": source, f"{prefix}_ALU_SHIFT_VALUE": stage.shift_value}
        found.append(word(f"SDP.D_DP_{prefix}_ALU_CFG", **fields))
    if not source:
        found += [
            (f"SDP.D_DP_{prefix}_ALU_SRC_VALUE", stage.alu_operand & 0xFFFF),
            (f"SDP.D_DP_{prefix}_MUL_SRC_VALUE", stage.mul_operand & 0xFFFF),
        ]
    fields = {f"{prefix}_MUL_SRC": source, f"{prefix}_MUL_SHIFT_VALUE": stage.truncate}
    return [*found, word(f"SDP.D_DP_{prefix}_MUL_CFG", **fields)]


def _output(op: SdpDescriptor, dst: Cube, fly: int) -> Words:
    lookup = int(op.y_op.act != LUT)
    return [
        word("SDP.D_DP_EW_CFG", **_choices("EW", op.y_op), EW_LUT_BYPASS=lookup),
        word(
            "SDP.D_FEATURE_MODE_CFG",
            FLYING_MODE=fly, OUTPUT_DST=int(dst.type == Place.UNIT), BATCH_NUMBER=op.batch_num - 1,
        ),
        word("SDP.D_DST_DMA_CFG", DST_RAM_TYPE=memory(dst)),
        word("SDP.D_DATA_FORMAT", PROC_PRECISION=op.src_precision, OUT_PRECISION=op.dst_precision),
        raw("SDP.D_CVT_OFFSET", op.out_cvt.offset),
        raw("SDP.D_CVT_SCALE", op.out_cvt.scale),
        word("SDP.D_CVT_SHIFT", CVT_SHIFT=op.out_cvt.truncate),
    ]  # fmt: skip
