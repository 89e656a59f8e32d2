"""The rules a compiled program keeps: groups, dependencies, completeness of registers, files."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from onnx_builder import Builder, small_network

from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.compiler.hardware.schedule import best_lead, image_order
from cocodla.compiler.parts import check_name
from cocodla.errors import UserError
from cocodla.golden.run import run
from cocodla.program.commands import CheckMemory, LoadMemory, Mark, PollRegister, WaitInterrupt, WriteRegister
from cocodla.program.program import Program
from cocodla.registers import MAP

IMAGES = np.random.default_rng(2).integers(0, 256, (5, 1, 12, 12), dtype=np.uint8)


@pytest.fixture
def network(tmp_path: Path) -> Network:
    return compile_model(small_network().save(tmp_path / "m.onnx"), IMAGES, CompileOptions(pixel_scale=1 / 255))


class GroupModel:
    """Replays the register writes of a program and checks the rules of programming.md section 1."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.producer: dict[str, int] = defaultdict(int)
        self.words: dict[tuple[str, int], dict[str, int]] = defaultdict(dict)
        self.enabled: dict[tuple[str, int], int] = {}
        self.next_group: dict[str, int] = defaultdict(int)
        self.serial = 0
        self.writes = 0

    def write(self, command: WriteRegister) -> None:
        register = MAP.at(command.address)
        self.writes += 1
        if register.name == "S_POINTER":
            self.producer[register.unit] = command.value & 1
        elif register.name.startswith("D_"):
            key = register.unit, self.producer[register.unit]
            assert key not in self.enabled, f"{register.path} written while group {key[1]} is enabled"
            if register.name == "D_OP_ENABLE":
                assert self.next_group[register.unit] == key[1], f"{register.unit}: groups must alternate"
                self.next_group[register.unit] ^= 1
                self.enabled[key] = self.serial
            else:
                assert self.words[key].get(register.path) != command.value, f"{register.path} written again unchanged"
                self.words[key][register.path] = command.value

    def finish(self, layer: str) -> None:
        """A layer has ended: all its units must have been enabled with its registers, in groups now free."""
        info = next(entry for entry in self.network.layers if entry.name == layer)
        for unit in info.units:
            key = unit, min(((serial, group) for (name, group), serial in self.enabled.items() if name == unit))[1]
            del self.enabled[key]
            for path, word in info.registers.items():
                if path.startswith(f"{unit}.") and path not in info.address_registers:
                    assert self.words[key][path] == word, path


def replay(network: Network, program: Program) -> GroupModel:
    model = GroupModel(network)
    layer = ""
    for command in program:
        if isinstance(command, WriteRegister):
            model.serial += 1
            model.write(command)
        elif isinstance(command, Mark):
            layer = str(command.info.get("layer", ""))
        elif isinstance(command, WaitInterrupt):
            model.finish(layer)
    assert not model.enabled
    return model


def test_groups_alternate_and_every_layer_has_its_registers(network: Network) -> None:
    program = network.program(IMAGES)
    model = replay(network, program)
    every_register = len(IMAGES) * sum(len(layer.registers) for layer in network.layers)
    assert model.writes < every_register


@pytest.mark.parametrize(("in_flight", "overlapping"), [(1, 4), (2, 14)])
def test_a_layer_starts_only_when_its_input_is_final(in_flight: int, overlapping: int, tmp_path: Path) -> None:
    """With two images in flight nearly all layers start while another runs, with one only the next image's first."""
    path = small_network().save(tmp_path / "m.onnx")
    network = compile_model(path, IMAGES, CompileOptions(pixel_scale=1 / 255, images_in_flight=in_flight))
    program = network.program(IMAGES)
    marks = [command.info for command in program if isinstance(command, Mark) and "layer" in command.info]
    jobs = [(info["image"], next(entry for entry in network.layers if entry.name == info["layer"])) for info in marks]
    assert len(jobs) == len(IMAGES) * len(network.layers)
    starter = MAP["CDMA.D_OP_ENABLE"].address
    started = ended = early = 0
    for command in program:
        if isinstance(command, WriteRegister) and command.address == starter:
            image, layer = jobs[started]
            final = {(other, done.target) for other, done in jobs[:ended]}
            assert all(name == network.input.tensor or (image, name) in final for name in layer.sources)
            early += started > ended
            started += 1
        elif isinstance(command, WaitInterrupt):
            ended += 1
            assert ended <= started
    assert started == ended == len(jobs)
    assert early == overlapping if in_flight == 1 else early >= overlapping


@pytest.mark.parametrize("images", [1, 2, 3, 6])
@pytest.mark.parametrize("costs", [[(5, 1)], [(9, 1), (1, 9)], [(3920, 135), (5000, 504), (750, 6110), (165, 1319)]])
def test_order_of_images(images: int, costs: list[tuple[int, int]]) -> None:
    order = list(image_order(costs, images, 2))
    assert sorted(order) == [(image, index) for image in range(images) for index in range(len(costs))]
    for image in range(images):
        assert [index for other, index in order if other == image] == list(range(len(costs)))
    alternating = sum(one[0] % 2 != other[0] % 2 for one, other in pairwise(order))
    assert images % 2 or alternating >= len(order) - 2 * len(costs)


def test_lead_pairs_fetching_with_computing() -> None:
    """A layer that only computes is followed by one that only fetches, not by its like."""
    assert best_lead([(100, 0), (0, 100)]) == 0
    assert best_lead([(100, 0), (100, 0), (0, 100), (0, 100)]) in (1, 2, 3)


def test_next_layer_is_prepared_while_one_runs(network: Network) -> None:
    """Between an interrupt and the start of the next layer there is one register write."""
    between = None
    counts = []
    for command in network.program(IMAGES[:1]):
        if isinstance(command, WaitInterrupt):
            between = 0
        elif isinstance(command, WriteRegister) and between is not None:
            between += 1
            if command.address == MAP["CDMA.D_OP_ENABLE"].address:
                counts.append(between)
                between = None
    assert counts == [1] * (len(network.layers) - 1)


def test_every_tensor_is_read_back_behind_its_mark(network: Network) -> None:
    layer, image, names = "", -1, []
    for command in network.program(IMAGES[:2]):
        if isinstance(command, Mark) and "layer" in command.info:
            layer, image = command.info["layer"], command.info["image"]
            assert command.info["tensor"]["channels"] >= 1
        elif isinstance(command, CheckMemory):
            target = next(entry.target for entry in network.layers if entry.name == layer)
            assert command.name == check_name(image, target)
            names.append(command.name)
    assert len(set(names)) == 2 * len(network.layers)


def test_constants_are_loaded_once(network: Network) -> None:
    loads = [command for command in network.program(IMAGES) if isinstance(command, LoadMemory)]
    assert len(loads) == 1 + len(IMAGES)
    assert sum(load.address == network.memory_base for load in loads) == 1


def test_flush_is_awaited_before_the_first_layer(network: Network) -> None:
    commands = network.program(IMAGES[:1]).commands
    flush = next(i for i, c in enumerate(commands) if isinstance(c, PollRegister))
    enable = next(
        i for i, c in enumerate(commands) if isinstance(c, WriteRegister) and MAP.at(c.address).name == "D_OP_ENABLE"
    )
    assert flush < enable


def test_bank_split_is_the_same_for_all_layers(network: Network) -> None:
    splits = {layer.registers["CDMA.D_BANK"] for layer in network.layers}
    assert len(splits) == 1
    assert all(layer.registers["CSC.D_BANK"] == layer.registers["CDMA.D_BANK"] for layer in network.layers)


def test_bank_split_changes_only_where_it_must(tmp_path: Path) -> None:
    """A large input, then a layer with large kernels: no split suits both."""
    builder = Builder((64, 32, 32), seed=1).conv(8, (3, 3), strides=[8, 8]).conv(256, (2, 2))
    builder.conv(8, (3, 3)).gemm(8, 4)
    images = np.random.default_rng(0).normal(size=(2, 64, 32, 32)).astype(np.float32)
    network = compile_model(builder.save(tmp_path / "m.onnx"), images)
    banks = [MAP["CDMA.D_BANK"].decode(layer.registers["CDMA.D_BANK"]) for layer in network.layers]
    assert banks[0]["DATA_BANK"] + 1 >= 16
    assert run(network.program(images)).passed


def test_layer_that_does_not_fit_runs_in_bands(tmp_path: Path) -> None:
    """The bands do not depend on each other: the next one is fetched while one computes."""
    path = Builder((64, 64, 64)).conv(8, (3, 3)).save(tmp_path / "m.onnx")
    images = np.random.default_rng(0).normal(size=(1, 64, 64, 64)).astype(np.float32)
    network = compile_model(path, images)
    assert [layer.name for layer in network.layers] == ["conv0#0", "conv0#1", "conv0#2"]
    assert [layer.completes for layer in network.layers] == [(), (), ("t0",)]
    waiting, deepest = 0, 0
    for command in network.program(images):
        if isinstance(command, WriteRegister) and command.address == MAP["CDMA.D_OP_ENABLE"].address:
            waiting += 1
        elif isinstance(command, WaitInterrupt):
            waiting -= 1
        deepest = max(deepest, waiting)
    assert deepest == 2


def test_memory_reuse_needs_less_and_never_overlaps(tmp_path: Path) -> None:
    builder = Builder((8, 16, 16))
    for _ in range(4):
        builder.conv(8, (3, 3), pads=[1, 1, 1, 1]).node("Relu")
    path = builder.save(tmp_path / "m.onnx")
    images = np.random.default_rng(0).normal(size=(2, 8, 16, 16)).astype(np.float32)
    plain = compile_model(path, images)
    reused = compile_model(path, images, CompileOptions(reuse_memory=True))
    assert reused.memory_end - reused.memory_base < plain.memory_end - plain.memory_base
    for layer in reused.layers:
        source, target = reused.tensors[layer.sources[0]], reused.tensors[layer.target]
        for address in source.addresses:
            assert address + source.size <= target.address or target.address + target.size <= address
    np.testing.assert_array_equal(plain.golden_batch(images), reused.golden_batch(images))


def test_network_beyond_the_address_space(tmp_path: Path) -> None:
    path = Builder((1, 8, 8)).conv(2, (3, 3)).save(tmp_path / "m.onnx")
    with pytest.raises(UserError, match="32-bit address space"):
        compile_model(path, IMAGES[:, :, :8, :8], CompileOptions(base_address=0xFFFFFF00))


def test_saved_network_is_the_same(network: Network, tmp_path: Path) -> None:
    network.save(tmp_path / "one.dla")
    loaded = Network.load(tmp_path / "one.dla")
    assert loaded.program(IMAGES).commands == network.program(IMAGES).commands
    np.testing.assert_array_equal(loaded.golden_batch(IMAGES), network.golden_batch(IMAGES))
    loaded.save(tmp_path / "two.dla")
    assert (tmp_path / "one.dla").read_bytes() == (tmp_path / "two.dla").read_bytes()


def test_compilation_is_deterministic(network: Network, tmp_path: Path) -> None:
    again = compile_model(tmp_path / "m.onnx", IMAGES, CompileOptions(pixel_scale=1 / 255))
    network.save(tmp_path / "one.dla")
    again.save(tmp_path / "two.dla")
    assert (tmp_path / "one.dla").read_bytes() == (tmp_path / "two.dla").read_bytes()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"no zip at all"])
def test_damaged_network_file(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "net.dla").write_bytes(content)
    with pytest.raises(UserError, match="not a compiled network"):
        Network.load(tmp_path / "net.dla")


def test_missing_network_file_and_unwritable_place(network: Network, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        Network.load(tmp_path / "absent.dla")
    with pytest.raises(UserError, match="cannot be written"):
        network.save(tmp_path / "no_folder" / "net.dla")


def test_images_of_the_wrong_shape(network: Network) -> None:
    with pytest.raises(UserError, match=r"shape \(2, 1, 11, 12\), the network takes N x 1x12x12"):
        network.program(np.zeros((2, 1, 11, 12), np.uint8))


def test_execution_without_the_outputs(network: Network) -> None:
    execution = run(network.program(IMAGES[:1]))
    assert network.decode(execution, 1).shape == (1, 4)
    with pytest.raises(UserError, match="has no tensor 'image1/"):
        network.decode(execution, 2)


def test_float_and_pixel_images_give_the_same_program(network: Network) -> None:
    floats = IMAGES.astype(np.float32) / 255
    assert network.program(floats).commands == network.program(IMAGES).commands


def test_decode_of_single_images_equals_the_batch(network: Network) -> None:
    one_by_one = network.decode(run(network.program(IMAGES)), len(IMAGES))
    np.testing.assert_array_equal(one_by_one, network.golden_batch(IMAGES))
