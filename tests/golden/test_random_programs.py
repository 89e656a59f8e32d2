"""Several layers in flight: order of execution, independence of queueing, and races that are reported."""

from dataclasses import replace

import numpy as np
import pytest
from test_random_layers import expected_cube

from cocodla.golden import Device, RuleViolation, run
from cocodla.golden.encode import encode_cdma, encode_sdp, encode_sdp_rdma
from cocodla.golden.regions import Region
from cocodla.program import CheckMemory, FillMemory, LoadMemory, Program
from cocodla.stimulus.layers import KINDS, Allocator, RandomLayer, random_layer
from cocodla.stimulus.program import LOW, build_program, random_plan
from cocodla.stimulus.sequencer import Sequencer


def test_queued_layers_give_the_bytes_of_the_scalar_formulas() -> None:
    """Low in memory, and without layers at the top of their fields: the formulas are scalar, on all memory."""
    for seed in range(12):
        made = build_program(replace(random_plan(seed, 6, [*KINDS, "follow"], size=7), base=LOW))
        if sum(len(load.data) for layer in made.layers for load in layer.loads) > 60_000:
            continue
        device = Device()
        execution = run(made.program, device)
        assert device.layers_run == len(made.layers) >= 6, f"seed {seed}"
        assert execution.passed, f"seed {seed}"
        results = {o.name: o.data for o in execution.observations}
        fill = made.program.commands[0]
        assert isinstance(fill, FillMemory)
        image = bytearray(bytes([fill.value]) * (fill.address + fill.length))
        for command in made.program:
            if isinstance(command, LoadMemory):
                image[command.address : command.address + len(command.data)] = command.data
        after = bytearray(image)
        for index, layer in enumerate(made.layers):
            for (s, h, w, i), value in expected_cube(layer, bytes(after))[0].items():
                after[layer.address + layer.layout.offset(8 * s + i, h, w)] = value & 0xFF
            expected = bytes(after[layer.address : layer.address + layer.layout.size])
            assert results[f"layer {index} output"] == expected, f"seed {seed} layer {index} {layer.kind}"
        assert results["all memory"] == bytes(after[fill.address :]), f"seed {seed}"


def test_a_fused_layer_waits_for_a_pooling_layer_from_memory() -> None:
    """PDP group 0 has a layer of its own, group 1 belongs to SDP."""
    rng = np.random.default_rng(1)
    memory, sequencer, device = Allocator(rng), Sequencer(), Device()
    first = random_layer(rng, "pdp", memory)
    second = next(x for x in iter(lambda: random_layer(rng, "sdp_pdp", memory), None) if x.sdp and x.sdp.to_pdp)
    commands = [c for layer in (first, second) for c in (*layer.loads, *sequencer.enable(layer.words)[0])]
    run(Program(commands), device)
    device.wait_interrupt(1 << 5)
    assert device.layers_run == 2
    device.wait_interrupt(1 << 4)


class TestRaces:
    """Layers and host use the same memory at the same time."""

    def pair(self, seed: int = 5) -> tuple[RandomLayer, RandomLayer, list, Sequencer]:
        """Two convolutions in different memory, and the commands that enable the first."""
        rng = np.random.default_rng(seed)
        memory, sequencer = Allocator(rng), Sequencer()
        first, second = (random_layer(rng, "convolution", memory, 6) for _ in "ab")
        return first, second, [*first.loads, *second.loads, *sequencer.enable(first.words)[0]], sequencer

    def test_reading_a_result_before_its_interrupt(self) -> None:
        first, second, commands, sequencer = self.pair()
        assert second.convolution
        cdma = replace(second.convolution.cdma, address=first.address)
        second.words["CDMA"] = encode_cdma(cdma)
        more, bits = sequencer.enable(second.words)
        device = Device()
        run(Program([*commands, *more]), device)
        with pytest.raises(RuleViolation, match="CDMA group 1 was enabled to read what convolution"):
            device.wait_interrupt(bits)
        device = Device()
        run(Program([*commands, *sequencer.run(second.words)[:0]]), device)
        device.run_all()
        run(Program(more), device)
        device.wait_interrupt(bits)

    def test_the_same_units_may_overwrite_in_order(self) -> None:
        first, second, commands, sequencer = self.pair()
        assert second.sdp
        second.words.update(encode_sdp(replace(second.sdp, address=first.address)))
        more, bits = sequencer.enable(second.words)
        device = Device()
        run(Program([*commands, *more]), device)
        device.wait_interrupt(bits)

    def test_other_units_may_not(self) -> None:
        first, _, commands, sequencer = self.pair()
        rng = np.random.default_rng(3)
        pools = iter(lambda: random_layer(rng, "pdp", Allocator(rng, 0x40000), 6), None)
        pool = next(pool for pool in pools if pool.layout.size <= first.layout.size)
        pool.words["PDP"]["D_DST_BASE_ADDR_LOW"] = first.address
        more, bits = sequencer.enable(pool.words)
        device = Device()
        run(Program([*pool.loads, *commands, *more]), device)
        with pytest.raises(RuleViolation, match=r"PDP \(PDP group 0\) was enabled to write what convolution"):
            device.wait_interrupt(bits)

    def test_the_host_keeps_off_memory_in_use(self) -> None:
        first, _, commands, _ = self.pair()
        assert first.convolution
        source, weights = first.convolution.cdma.address, first.convolution.cdma.weight_address
        for command, reason in (
            (LoadMemory(source, b"12345678"), "host writes .* while CDMA group 0 reads there"),
            (FillMemory(weights, 8), "host writes .* while CDMA group 0 reads there"),
            (LoadMemory(first.address, b"12345678"), "while the enabled layer convolution writes there"),
            (CheckMemory(first.address, 8, "early"), "host reads .* while the enabled layer convolution writes"),
        ):
            with pytest.raises(RuleViolation, match=reason):
                run(Program([*commands, command]))
        run(Program([*commands, CheckMemory(source, 8, "input"), LoadMemory(0x80000, b"free")]))

    def test_a_layer_that_is_not_complete_writes_nothing_yet(self) -> None:
        """SDP may be prepared for the next layer while the host still reads what it will overwrite."""
        first, _, commands, _ = self.pair()
        run(Program([*commands[:-1], CheckMemory(first.address, 8, "old")]))

    def test_operands_are_read_when_sdp_rdma_is_enabled(self) -> None:
        rng = np.random.default_rng(0)
        layers = (random_layer(rng, "sdp", Allocator(rng)) for _ in range(100))
        item = next(x for x in layers if x.rdma and x.rdma.bn and not x.rdma.bn.per_element)
        assert item.rdma and item.rdma.bn
        words = {"SDP_RDMA": encode_sdp_rdma(item.rdma)["SDP_RDMA"]}
        enable, _ = Sequencer().enable(words)
        with pytest.raises(RuleViolation, match="SDP_RDMA group 0 reads there"):
            run(Program([*enable, LoadMemory(item.rdma.bn.address, b"1")]))


def test_regions_overlap_byte_by_byte() -> None:
    rng = np.random.default_rng(2)

    def region() -> Region:
        sizes = rng.integers((0, 1, 1, 0, 1, 0), (60, 6, 4, 30, 4, 12))
        return Region(*(int(size) for size in sizes))

    def covered(r: Region) -> set[int]:
        starts = {r.address + i * r.outer + j * r.inner for i in range(r.rows) for j in range(r.columns)}
        return {start + k for start in starts for k in range(r.run)}

    for _ in range(400):
        one, other = region(), region()
        assert one.overlaps(other) == bool(covered(one) & covered(other)), (one, other)
