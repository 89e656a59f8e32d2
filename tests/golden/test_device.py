"""Registers, groups, interrupts and errors of the Device (system.md 4 to 7, programming.md)."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from cocodla.errors import UserError
from cocodla.golden import Device, RuleViolation, run
from cocodla.golden.config_conv import ConvConfig
from cocodla.golden.encode import Words, encode_pdp, encode_sdp_rdma, register_writes
from cocodla.golden.regions import Region
from cocodla.program import Mark, Program
from cocodla.registers import MAP
from cocodla.stimulus.layers import Allocator, RandomLayer, random_layer
from cocodla.stimulus.sequencer import Sequencer


def layer(kind: str, seed: int = 1) -> RandomLayer:
    return random_layer(np.random.default_rng(seed), kind, Allocator(np.random.default_rng(seed)))


def fitting(kind: str, condition: Callable[[RandomLayer], object]) -> RandomLayer:
    """The first random layer of a kind that satisfies a condition."""
    return next(item for item in (layer(kind, seed) for seed in range(500)) if condition(item))


def write(device: Device, path: str, value: int) -> None:
    device.write_register(MAP[path].address, value)


def read(device: Device, path: str) -> int:
    return device.read_register(MAP[path].address)


def execute(words: Words, item: RandomLayer) -> Device:
    device = Device()
    run(Program([*item.loads, *item.setup, *Sequencer().run(words)]), device)
    return device


# -- registers -------------------------------------------------------------------------------


def test_groups_pointer_and_dropped_writes() -> None:
    device = Device()
    write(device, "SDP.D_CVT_SCALE", 5)
    write(device, "SDP.S_POINTER", 1)
    assert read(device, "SDP.D_CVT_SCALE") == 0
    write(device, "SDP.D_CVT_SCALE", 0x12347)
    assert read(device, "SDP.D_CVT_SCALE") == 0x2347
    write(device, "SDP.D_OP_ENABLE", 1)
    write(device, "SDP.D_CVT_SCALE", 9)
    write(device, "SDP.D_OP_ENABLE", 0)
    assert read(device, "SDP.D_CVT_SCALE") == 0x2347
    assert read(device, "SDP.S_STATUS") == 2 << 16
    write(device, "SDP.S_POINTER", 0)
    assert read(device, "SDP.D_CVT_SCALE") == 5
    write(device, "SDP.D_OP_ENABLE", 1)
    assert read(device, "SDP.S_STATUS") == 2 << 16 | 1
    assert read(device, "SDP.S_POINTER") == 0


def test_cdp_table_access_stops_at_the_last_entry() -> None:
    device = Device()
    write(device, "CDP.S_LUT_ACCESS_CFG", 1 << 17 | 62)
    for value in (10, 11, 12, 13):
        write(device, "CDP.S_LUT_ACCESS_DATA", value)
    assert read(device, "CDP.S_LUT_ACCESS_CFG") == 1 << 17 | 64
    write(device, "CDP.S_LUT_ACCESS_CFG", 62)
    write(device, "CDP.S_LUT_ACCESS_DATA", 99)
    assert [read(device, "CDP.S_LUT_ACCESS_DATA") for _ in range(4)] == [10, 11, 13, 13]


# -- layers ----------------------------------------------------------------------------------


def test_interrupts_of_a_fused_convolution_in_both_groups() -> None:
    item = fitting("convolution_pdp", lambda item: item.sdp and item.sdp.to_pdp and not item.rdma)
    sequencer, device = Sequencer(), Device()
    for group in range(2):
        run(Program([*item.loads, *sequencer.enable(item.words)[0]]), device)
        assert read(device, "GLB.S_INTR_STATUS") == 0
        assert read(device, "CSC.S_STATUS") == 1 << 16 * group
        device.run_all()
        assert read(device, "GLB.S_INTR_STATUS") == 0x00150011 << group
        assert read(device, "CDMA.S_POINTER") >> 16 == 1 - group
        write(device, "GLB.S_INTR_STATUS", 0xFFFFFFFF)
        assert read(device, "GLB.S_INTR_STATUS") == 0


def test_a_poll_of_a_status_register_runs_the_layer() -> None:
    item = layer("pdp")
    device = Device()
    run(Program([*item.loads, *Sequencer().enable(item.words)[0]]), device)
    assert device.layers_run == 0
    device.poll_register(MAP["PDP.S_STATUS"].address, 3, 0)
    assert device.layers_run == 1
    with pytest.raises(UserError, match=r"poll of PDP\.S_STATUS .* never ends"):
        device.poll_register(MAP["PDP.S_STATUS"].address, 3, 1)


def test_a_layer_in_the_wrong_group_waits_for_ever() -> None:
    item = layer("sdp")
    sequencer = Sequencer()
    sequencer.group["SDP"] = 1
    with pytest.raises(UserError, match=r"enabled: SDP_RDMA group 0, SDP group 1 \(pending behind group 0\)"):
        run(Program([*item.loads, *sequencer.run(item.words)]))


def test_missing_units_are_named() -> None:
    item = fitting("convolution", lambda item: item.rdma)
    words = {unit: part for unit, part in item.words.items() if unit not in ("CMAC_B", "SDP_RDMA")}
    with pytest.raises(UserError, match=r"SDP group 0, .* cannot come; .*convolution lacks CMAC_B, SDP_RDMA"):
        execute(words, item)


def test_sdp_rdma_without_engines_only_flips_its_consumer() -> None:
    item = fitting("convolution", lambda item: not item.rdma)
    rdma = fitting("convolution", lambda item: item.rdma).rdma
    assert rdma
    words = {**item.words, **encode_sdp_rdma(replace(rdma, bs=None, bn=None))}
    device = execute(words, item)
    device.run_all()
    assert read(device, "SDP_RDMA.S_POINTER") == 0x00010000
    assert read(device, "SDP_RDMA.S_STATUS") == 0


def test_saturation_counter_and_status() -> None:
    item = fitting("sdp", lambda item: item.rdma and item.sdp and item.sdp.width > 2)
    assert item.sdp
    sdp = item.words["SDP"]
    sdp.update(D_PERF_ENABLE=4, D_CVT_OFFSET=-(1 << 20) & 0xFFFFFFFF, D_CVT_SCALE=1, D_CVT_SHIFT=0)
    for name in ("BS", "BN"):
        sdp[f"D_DP_{name}_CFG"] |= 1
    item.words["SDP_RDMA"].update(D_BRDMA_CFG=1, D_NRDMA_CFG=1)
    device = execute(item.words, item)
    elements = 8 * item.layout.surfaces * item.layout.height * item.layout.width
    assert read(device, "SDP.D_PERF_OUT_SATURATION") == elements
    assert read(device, "SDP.D_STATUS") == 1


# -- rules -----------------------------------------------------------------------------------

VIOLATIONS = [
    ("convolution", {"CDMA.D_DAIN_RAM_TYPE": 0}, "DATAIN_RAM_TYPE 0"),
    ("convolution", {"CDMA.D_WEIGHT_RAM_TYPE": 0}, "WEIGHT_RAM_TYPE 0"),
    ("convolution", {"CDMA.D_MISC_CFG": 0x1000}, "CDMA.PROC_PRECISION must be 0"),
    ("convolution", {"CDMA.D_MISC_CFG": 1}, "CDMA.CONV_MODE must be 0"),
    ("convolution", {"CDMA.D_BANK": 0x1F0000}, "in CDMA, .* in CSC"),
    ("convolution", {"CDMA.D_WEIGHT_BYTES": 4}, "WEIGHT_BYTES is 4 in CDMA"),
    ("convolution", {"CSC.D_ATOMICS": 0x1FFFFF}, "ATOMICS is 2097152"),
    ("convolution", {"CSC.D_POST_Y_EXTENSION": 1}, "Y_EXTENSION 1 is illegal"),
    ("convolution", {"CSC.D_RELEASE": 0xFFF}, "RLS_SLICES 4096 exceeds"),
    (
        "convolution",
        {"SDP.D_DATA_CUBE_HEIGHT": 0x1FFF, "SDP_RDMA.D_DATA_CUBE_HEIGHT": 0x1FFF},
        "convolution output height",
    ),
    ("image", {"CDMA.D_DATAIN_FORMAT": 0x101}, "PIXEL_FORMAT 1 is not implemented"),
    ("image", {"CSC.D_DATAIN_FORMAT": 0, "CSC.D_POST_Y_EXTENSION": 0}, "DATAIN_FORMAT is True in CDMA"),
    ("image", {"CDMA.D_PIXEL_OFFSET": 8}, "PIXEL_X_OFFSET is 8, beyond the first atom"),
    ("sdp", {"SDP.D_DST_DMA_CFG": 0}, "DST_RAM_TYPE 0"),
    ("sdp", {"SDP.D_DP_EW_CFG": 0x52, "SDP.D_DP_EW_TRUNCATE_VALUE": 1}, "uses the Y stage"),
    ("sdp_pdp", {"SDP.D_DP_EW_CFG": 0x50}, "EW_BYPASS is 0: the layer uses the Y stage"),
    ("convolution", {"SDP.D_DP_EW_CFG": 0x42}, "uses the Y stage .EW., which nv_small does not have"),
    ("convolution_pdp", {"SDP.D_DP_EW_CFG": 0x12}, "uses the Y stage"),
    ("sdp", {"SDP.D_DATA_FORMAT": 1}, "PROC_PRECISION must be 0"),
    ("sdp", {"SDP_RDMA.D_FEATURE_MODE_CFG": 0x14}, "IN_PRECISION must be 0"),
    ("sdp", {"SDP_RDMA.D_SRC_DMA_CFG": 0}, "SRC_RAM_TYPE 0"),
    ("sdp", {"SDP_RDMA.D_DATA_CUBE_WIDTH": 0x1FFF}, "SDP_RDMA width is 8192"),
    ("sdp", {"SDP_RDMA.D_BRDMA_CFG": 0x26, "SDP_RDMA.D_NRDMA_CFG": 0x26}, "DATA_USE 3 is illegal"),
    ("pdp", {"PDP.D_DST_RAM_CFG": 0}, "DST_RAM_TYPE 0"),
    ("pdp", {"PDP_RDMA.D_SRC_RAM_CFG": 0}, "SRC_RAM_TYPE 0"),
    ("pdp", {"PDP.D_POOLING_KERNEL_CFG": 8}, "KERNEL_WIDTH is above 8"),
    ("pdp", {"PDP.D_OPERATION_MODE_CFG": 0x13}, "POOLING_METHOD 3 is illegal"),
    ("pdp", {"PDP_RDMA.D_DATA_CUBE_IN_HEIGHT": 0x1FFF}, "PDP_RDMA input height is 8192"),
    ("pdp", {"PDP.D_DATA_CUBE_OUT_WIDTH": 0x1FFF}, "output width is 8192"),
    ("cdp", {"CDP.D_DST_DMA_CFG": 0}, "DST_RAM_TYPE 0"),
    ("cdp", {"CDP_RDMA.D_SRC_DMA_CFG": 0}, "SRC_RAM_TYPE 0"),
    ("cdp", {"MCIF.CFG_WR_WEIGHT_0": 0x00010101}, "WR_WEIGHT_CDP is 0"),
    ("convolution", {"MCIF.CFG_RD_WEIGHT_2": 0}, "RD_WEIGHT_CDMA_WT is 0"),
]


@pytest.mark.parametrize(("kind", "changes", "reason"), VIOLATIONS)
def test_broken_rules_are_reported(kind: str, changes: dict[str, int], reason: str) -> None:
    item = layer(kind, 3)
    words = {unit: dict(part) for unit, part in item.words.items()}
    device = Device()
    for path, value in changes.items():
        unit, name = path.split(".")
        if unit in words:
            words[unit][name] = value
        else:
            write(device, path, value)
    program = Program([*item.loads, *item.setup, *Sequencer().run(words)])
    with pytest.raises(RuleViolation, match=reason) as caught:
        run(program, device)
    assert "\n" not in str(caught.value)
    assert "layer 0" in str(caught.value)


def test_operands_must_match_their_engine() -> None:
    item = fitting("sdp", lambda item: item.rdma and item.rdma.bs)
    assert item.rdma
    words = {**item.words, **encode_sdp_rdma(replace(item.rdma, bs=None))}
    with pytest.raises(RuleViolation, match=r"SDP BS takes .* from memory, its SDP_RDMA engine delivers nothing"):
        execute(words, item)


@pytest.mark.parametrize("le_linear", [True, False])
def test_the_unspecified_index_select_is_reported_where_the_table_is_linear(le_linear: bool) -> None:
    item = layer("cdp", 3)
    words = {unit: dict(part) for unit, part in item.words.items()}
    config, info = MAP["CDP.S_LUT_CFG"], MAP["CDP.S_LUT_INFO"]
    words["CDP"]["S_LUT_CFG"] = config.encode(LUT_LE_FUNCTION=int(le_linear))
    words["CDP"]["S_LUT_INFO"] = info.encode(LUT_LE_INDEX_SELECT=0x20)
    if le_linear:
        with pytest.raises(RuleViolation, match="LUT_LE_INDEX_SELECT -32"):
            execute(words, item)
    else:
        execute(words, item)


def test_the_line_buffer_holds_a_power_of_two_of_rows_that_are_open_at_once() -> None:
    item = layer("pdp")
    assert item.pdp
    for kernel in range(1, 9):
        for stride in range(1, 17):
            most = max(sum(row * stride <= line < row * stride + kernel for row in range(60)) for line in range(64))
            pooled = replace(item.pdp, kernel_height=kernel, stride_height=stride)
            assert pooled.capacity == (most, 128 // (1 << (most - 1).bit_length())), (kernel, stride)


def test_pooling_beyond_the_line_buffer_is_reported() -> None:
    item = layer("pdp")
    assert item.pdp
    width = 8 * 130
    wide = replace(item.pdp, width=width, out_width=130, kernel_width=8, stride_width=8, kernel_height=1,
                   stride_height=1, height=1, out_height=1, pad_left=0, pad_right=0, pad_top=0, pad_bottom=0,
                   split=None)  # fmt: skip
    with pytest.raises(RuleViolation, match="130 output columns exceed the line buffer, 128 with 1 open rows"):
        wide.check()
    replace(wide, width=width - 16, out_width=128).check()
    assert register_writes(encode_pdp(wide))


def test_weights_that_exceed_their_banks_are_reported() -> None:
    """One group of 8 kernels must fit, with SKIP_WEIGHT_RLS all weights (convolution.md 4)."""
    item = fitting("convolution", lambda item: item.convolution and item.convolution.csc.kernels > 8)
    assert item.convolution

    def sized(channels: int, kernels: int, skip: bool) -> ConvConfig:
        assert item.convolution
        cdma, csc = item.convolution.cdma, item.convolution.csc
        shared = {
            "channels": channels, "kernels": kernels, "weight_bytes": channels * kernels, "weight_banks": 2,
            "data_banks": 30, "entries": channels // 8, "width": 1, "height": 1, "skip_weight_release": skip,
        }  # fmt: skip
        return ConvConfig(
            replace(cdma, kernel_bytes=channels, **shared),
            replace(csc, kernel_width=1, kernel_height=1, release_lines=1, **shared),
        )

    sized(1024, 80, False).check()
    with pytest.raises(RuleViolation, match="8256 bytes of weights exceed 2 weight banks"):
        sized(1032, 80, False).check()
    with pytest.raises(RuleViolation, match="81920 bytes of weights exceed 2 weight banks"):
        sized(1024, 80, True).check()


def test_marks_are_events_with_their_place_and_name() -> None:
    events = run(Program([Mark("first"), Mark("second")]), Device()).events
    assert [(event.index, event.name) for event in events] == [(0, "first"), (1, "second")]


def test_a_region_ends_behind_its_last_run() -> None:
    random = np.random.default_rng(5)
    for _ in range(200):
        rows, columns, inner, run_ = (int(value) for value in random.integers(1, 6, 4))
        region = Region(1000, run_, rows, 64, columns, inner)
        ends = [1000 + row * 64 + column * inner + run_ for row in range(rows) for column in range(columns)]
        assert region.end == max(ends)
