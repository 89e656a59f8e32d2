"""Random layers of every kind: the Device against the scalar formulas, on every byte of memory."""

import numpy as np
import pytest
import scalar_model

from cocodla.errors import UserError
from cocodla.formats import CubeLayout
from cocodla.golden import Device, run
from cocodla.golden.config import PdpConfig, SdpConfig, SdpRdmaConfig
from cocodla.golden.config_cdp import CdpConfig, LutConfig, cdp_source
from cocodla.golden.config_conv import CdmaConfig, CscConfig
from cocodla.golden.snapshot import Snapshot
from cocodla.program.program import Program
from cocodla.registers import MAP
from cocodla.stimulus.layers import KINDS, Allocator, RandomLayer, random_layer
from cocodla.stimulus.sequencer import Sequencer

COUNTS = {
    "convolution": 40,
    "image": 40,
    "convolution_pdp": 15,
    "image_pdp": 15,
    "sdp": 60,
    "sdp_pdp": 30,
    "pdp": 60,
    "cdp": 40,
}
MEMORY = 1 << 18


def read_cube(mem: bytes, address: int, layout: CubeLayout) -> scalar_model.Cube:
    """All atoms of a cube in memory."""
    return {
        (s, h, w, i): scalar_model.sx(mem[address + layout.offset(8 * s + i, h, w)], 8)
        for s in range(layout.surfaces)
        for h in range(layout.height)
        for w in range(layout.width)
        for i in range(8)
    }


def expected_cube(layer: RandomLayer, mem: bytes) -> tuple[scalar_model.Cube, dict[str, int]]:
    """What the layer writes, and the LUT counters, from the scalar model."""
    if layer.source:
        cube = read_cube(mem, *layer.source)
        if layer.cdp:
            assert layer.lut and layer.tables
            tables = layer.tables.le.tolist(), layer.tables.lo.tolist()
            return scalar_model.cdp(layer.cdp, layer.lut, tables, cube, layer.source[1].channels)
        assert layer.pdp
        return scalar_model.pdp(layer.pdp, cube), {}
    sums = scalar_model.Convolution(mem, layer.convolution).run() if layer.convolution else None
    assert layer.sdp
    cube = scalar_model.sdp(mem, layer.sdp, layer.rdma, sums)
    return (scalar_model.pdp(layer.pdp, cube) if layer.sdp.to_pdp and layer.pdp else cube), {}


def expected_memory(layer: RandomLayer, background: bytes) -> tuple[bytes, dict[str, int]]:
    """Memory after the layer, and the LUT counters."""
    mem = bytearray(background)
    for load in layer.loads:
        mem[load.address : load.address + len(load.data)] = load.data
    cube, counters = expected_cube(layer, bytes(mem))
    for (s, h, w, i), value in cube.items():
        mem[layer.address + layer.layout.offset(8 * s + i, h, w)] = value & 0xFF
    return bytes(mem), counters


@pytest.mark.parametrize("kind", KINDS)
def test_device_equals_the_scalar_formulas(kind: str) -> None:
    large = 0
    for seed in range(COUNTS[kind]):
        rng = np.random.default_rng([seed, KINDS.index(kind)])
        memory = Allocator(rng)
        layer = random_layer(rng, kind, memory, size=8)
        if memory.next >= MEMORY:  # layers at the top of their fields are rare, and slow by scalar formulas
            large += 1
            continue
        background = rng.bytes(MEMORY)
        device = Device()
        device.memory.load(0, background)
        run(Program([*layer.loads, *layer.setup, *Sequencer().run(layer.words)]), device)
        got = device.memory.dump(0, MEMORY)
        expected, counters = expected_memory(layer, background)
        for name, count in counters.items():
            register = f"CDP.D_PERF_LUT_{name.upper().replace('UNDER', 'U').replace('OVER', 'O')}"
            assert device.read_register(MAP[register].address) == count, f"seed {seed}: {register}"
        differ = [a for a in range(MEMORY) if got[a] != expected[a]] if got != expected else []
        assert not differ, f"{kind} seed {seed}: {len(differ)} bytes, first {differ[0]:#x} (output {layer.address:#x})"
    assert large <= COUNTS[kind] // 5


@pytest.mark.parametrize("kind", KINDS)
def test_configurations_survive_the_registers(kind: str) -> None:
    """from_registers(encode(config)) == config, so benches may use either."""
    for seed in range(40):
        rng = np.random.default_rng([seed, 77, KINDS.index(kind)])
        layer = random_layer(rng, kind, Allocator(rng))
        snapshot = {unit: Snapshot(unit, words) for unit, words in layer.words.items()}
        if layer.convolution:
            assert CdmaConfig.from_registers(snapshot["CDMA"]) == layer.convolution.cdma, f"seed {seed}"
            assert CscConfig.from_registers(snapshot["CSC"], snapshot["CACC"]) == layer.convolution.csc
        if layer.sdp:
            assert SdpConfig.from_registers(snapshot["SDP"]) == layer.sdp, f"seed {seed}"
        if layer.rdma:
            assert SdpRdmaConfig.from_registers(snapshot["SDP_RDMA"]) == layer.rdma, f"seed {seed}"
        if layer.pdp and "PDP" in snapshot:
            assert PdpConfig.from_registers(snapshot["PDP"]) == layer.pdp, f"seed {seed}"
        if layer.cdp:
            single = {MAP.at(write.address).name: write.value for write in layer.setup}
            cdp = Snapshot("CDP", {**single, **layer.words["CDP"]})
            assert CdpConfig.from_registers(cdp) == layer.cdp, f"seed {seed}"
            assert LutConfig.from_registers(cdp) == layer.lut
            assert cdp_source(snapshot["CDP_RDMA"]) == layer.source


def test_layers_queued_in_both_groups_run_in_order() -> None:
    """Two layers per unit enabled before the first wait; the second reads what the first wrote."""
    rng = np.random.default_rng(3)
    memory, sequencer, device = Allocator(rng), Sequencer(), Device()
    layers = [random_layer(rng, kind, memory, 8) for kind in ("convolution", "image", "sdp", "pdp")]
    queued = [sequencer.enable(layer.words) for layer in layers[:2]]
    commands = [c for part, _ in queued for c in part]
    run(Program([*(load for layer in layers for load in layer.loads), *commands]), device)
    assert device.read_register(0x9000) == 0x00020001
    device.wait_interrupt(1)
    assert device.read_register(0x9000) == 0x00010000
    assert device.read_register(0x9004) == 0x00010001
    device.wait_interrupt(2)
    assert device.read_register(0x9000) == 0
    with pytest.raises(UserError, match="no unit is enabled"):
        device.wait_interrupt(1)
