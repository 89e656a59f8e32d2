"""The exported C, compiled and called: sequence, packing, limits; the golden model stands for the accelerator."""

from __future__ import annotations

import ctypes
import re
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from cocodla import datasets, firmware, zoo
from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.compiler.hardware.emit import emit
from cocodla.compiler.ir import Quantisation
from cocodla.firmware import sequence
from cocodla.firmware.folder import memory_of, sections_of
from cocodla.formats import bytes_to_tensor
from cocodla.nets import paths
from cocodla.nets.builder import Builder
from cocodla.nets.registry import cifar
from cocodla.program.commands import LoadMemory, Mark, PollRegister, WaitInterrupt, WriteRegister
from cocodla.registers import MAP
from cocodla.runtime import rtl
from cocodla.runtime.firmware import run_on_rtl

from .library import ABORTED, BAD_BASE, BAD_STEP, DONE, TIMEOUT, Library, Machine, Table, golden_codes

RANDOM = np.random.default_rng(5)
Grow = Callable[[Builder], Builder]


def made(grow: Grow, shape: tuple[int, int, int], seed: int = 3, pixels: bool = False, **options: object) -> Network:
    """A network with random weights. pixels: its images are uint8."""
    images = RANDOM.integers(0, 256, (4, *shape)).astype(np.uint8) if pixels else RANDOM.normal(0.3, 1, (4, *shape))
    choices = CompileOptions(effort="fast", **options)  # type: ignore[arg-type]
    return compiled(grow(Builder(shape, seed=seed)), images if pixels else images.astype(np.float32), choices)


def compiled(builder: Builder, images: np.ndarray, options: CompileOptions) -> Network:
    """The network of a model that is in no file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "grown.onnx"
        onnx.save(builder.model(), path)
        return compile_model(path, images, options)


def lrn(builder: Builder) -> Builder:
    """Two normalisations with tables of their own, and a function on a third."""
    builder.conv(16, (3, 3), pads=[1] * 4).node("Relu").node("LRN", size=5, alpha=1e-2, beta=0.75)
    builder.conv(16, (3, 3)).node("Relu").node("LRN", size=3, alpha=1e-1, beta=0.5)
    return builder.conv(8, (1, 1)).node("Sigmoid").conv(5, (3, 3))


def preprocessed(builder: Builder) -> Builder:
    """Preprocessing by channel in front of a convolution."""
    scale = builder.floats(builder.channels, 1, 1) + np.float32(2)
    builder.node("Mul", builder.constant(scale)).node("Add", builder.constant(builder.floats(builder.channels, 1, 1)))
    return builder.conv(8, (3, 3)).node("Relu").conv(9, (2, 2))


NETWORKS: dict[str, Callable[[], Network]] = {
    "lenet5": zoo.lenet5,
    "groups": lambda: made(paths.groups, (8, 12, 12)),
    "pools": lambda: made(paths.pools, (8, 14, 30)),
    "lrn": lambda: made(lrn, (3, 12, 12), pixels=True, pixel_scale=1 / 255),
    "products": lambda: made(paths.products, (8, 12, 12), reuse_memory=True),
    "cube": lambda: made(preprocessed, (11, 6, 5)),
    "codes": lambda: made(preprocessed, (3, 7, 5), image_mode=False, pixels=True, pixel_scale=[0.1, 0.02, 1 / 255],
                          pixel_offset=[-3.0, 0.5, 0.0]),
    "colours": lambda: made(preprocessed, (3, 6, 5), pixels=True, pixel_scale=1 / 255, pixel_offset=0.0),
    "four": lambda: made(preprocessed, (4, 6, 5), pixels=True, pixel_scale=0.25, pixel_offset=-32.0),
}  # fmt: skip


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Library]:
    """Firmware of a network in NETWORKS, compiled once."""
    known: dict[str, Library] = {}

    def get(name: str) -> Library:
        if name not in known:
            known[name] = Library(NETWORKS[name](), tmp_path_factory.mktemp(name))
        return known[name]

    return get


def images_of(network: Network, kind: str, count: int) -> np.ndarray:
    """Random images: bytes, or floats that also lie between codes and beyond them."""
    shape = (count, *network.input.shape)
    if kind == "bytes":
        return RANDOM.integers(0, 256, shape).astype(np.uint8)
    real = network.input_codes(np.zeros((1, *network.input.shape), np.float32))  # the tensor's shape
    tensor = network.tensors[network.input.tensor]
    step = 1.0 if tensor.form == "pixels" else tensor.scale
    halves = RANDOM.integers(-300, 300, shape) * 0.5 * step
    spread = np.where(RANDOM.random(shape) < 0.5, halves, RANDOM.normal(0, 200 * step, shape))
    assert real.size == spread[0].size
    return spread.astype(np.float32)


@pytest.mark.parametrize("name", ["lenet5", "groups", "pools", "lrn", "products"])
def test_driver_runs_networks_one_after_the_other(name: str, libraries: Callable[[str], Library]) -> None:
    """Interrupts and polling, units that begin with either group, several bases: outputs are the compiler's."""
    library, machine = libraries(name), Machine()
    images = images_of(library.network, "bytes", 5)
    wanted = golden_codes(library.network, images)
    bases = (0x4000_0000, 0, 0x9000_0100, 0xFFFF_0000 - library.table.memory_size & -256, 0x4000_0000)
    for index, base in enumerate(bases):
        library.load(machine, base, images[index])
        assert library.run(machine, base, interrupts=index % 2 == 0) == DONE
        for tensor, codes in library.outputs(machine, base).items():
            assert np.array_equal(codes[0], wanted[tensor][index]), (tensor, index)
    assert machine.waits > 0


def test_two_networks_share_an_accelerator(libraries: Callable[[str], Library]) -> None:
    """Neither knows what the other one leaves in registers, groups and tables."""
    machine = Machine()
    for index, name in enumerate(("lrn", "lenet5", "lrn", "groups", "lenet5", "lrn")):
        library, base = libraries(name), 0x100_0000 * (index + 1)
        image = images_of(library.network, "bytes", 1)
        library.load(machine, base, image[0])
        assert library.run(machine, base, interrupts=index % 3 == 0) == DONE
        wanted = golden_codes(library.network, image)
        assert all(np.array_equal(codes, wanted[tensor]) for tensor, codes in library.outputs(machine, base).items())


@pytest.mark.parametrize("kind", ["bytes", "floats"])
@pytest.mark.parametrize("name", ["lenet5", "groups", "lrn", "cube", "codes", "colours", "four"])
def test_packing_is_the_compilers(name: str, kind: str, libraries: Callable[[str], Library]) -> None:
    """Cubes and pixels of one, three and four channels, with preprocessing and zero points: equal bytes."""
    library = libraries(name)
    images = images_of(library.network, kind, 8)
    for image, wanted in zip(images, library.network.input_bytes(images), strict=True):
        assert library.pack(image) == wanted.tobytes()


def integer_input(kind: type, channels: int, pixel_scale: float | None = None) -> Network:
    """A network whose input is integer codes with a zero point; as pixels, where it has one channel."""
    builder = Builder((channels, 9, 7))
    builder.input.type.tensor_type.elem_type = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    zero = builder.constant(np.array(5 if kind is np.int8 else 140, kind))
    builder.node("DequantizeLinear", builder.constant(np.float32(0.0311)), zero).conv(6, (3, 3)).node("Relu")
    images = RANDOM.integers(0, 256, (4, channels, 9, 7)).astype(np.uint8)
    return compiled(builder, images.view(kind), CompileOptions(effort="fast", pixel_scale=pixel_scale))


@pytest.mark.parametrize(("kind", "pixel_scale"), [(np.int8, None), (np.uint8, None), (np.uint8, 0.02)])
@pytest.mark.parametrize("channels", [1, 3, 11])
def test_packing_of_codes(kind: type, channels: int, pixel_scale: float | None, tmp_path: Path) -> None:
    """Codes as the model takes them, whatever a pixel means; by the function, and by the host program."""
    network = integer_input(kind, channels, pixel_scale)
    library = Library(network, tmp_path)
    codes = RANDOM.integers(0, 256, (1, *network.input.shape)).astype(np.uint8).view(kind)
    real = (codes.astype(np.float32) - (5 if kind is np.int8 else 140)) * np.float32(0.0311)
    wanted = network.input_bytes(real.astype(np.float32)).tobytes()
    assert library.pack_codes(codes[0]) == wanted
    if pixel_scale is None:  # else a byte is no code, but a pixel of another meaning
        assert network.input_bytes(codes).tobytes() == wanted
    (tmp_path / "codes").write_bytes(codes.tobytes())
    subprocess.run(["make", "-s", "-C", str(library.folder), "net_host"], check=True)
    host = library.folder / "net_host"
    subprocess.run([host, "pack-codes", tmp_path / "codes", tmp_path / "slot"], check=True)
    assert (tmp_path / "slot").read_bytes() == wanted
    told = subprocess.run([host, "info"], capture_output=True, text=True, check=True).stdout
    assert f"codes of the input: {np.dtype(kind).name}, real = {np.float32(0.0311):.9g} * " in told
    assert f"(code - {5 if kind is np.int8 else 140})" in told
    assert f"{np.dtype(kind).name} codes: cocodla_pack_codes" in (library.folder / "net.h").read_text()


def test_a_real_input_takes_no_codes(libraries: Callable[[str], Library]) -> None:
    assert libraries("cube").pack_codes(np.zeros((11, 6, 5), np.int8)) is None


def test_packing_of_resnet18(shared: Path, tmp_path: Path) -> None:
    data = cifar()
    options = CompileOptions(effort="fast", pixel_scale=1.0, pixel_offset=[-125.3, -123.0, -113.9])
    network = compile_model(shared / "models" / "resnet18_cifar10.onnx", data.calibration[:32], options)
    library = Library(network, tmp_path)
    for kind in (data.images[:4], images_of(network, "floats", 4)):
        for image, wanted in zip(kind, network.input_bytes(kind), strict=True):
            assert library.pack(image) == wanted.tobytes()


@pytest.mark.parametrize("name", ["lenet5", "groups", "pools", "lrn"])
def test_unpacking_is_the_compilers(name: str, libraries: Callable[[str], Library]) -> None:
    library = libraries(name)
    for which, tensor_name in enumerate(library.network.fetched):
        tensor = library.network.tensors[tensor_name]
        data = RANDOM.integers(0, 256, tensor.size).astype(np.uint8)
        wanted = Quantisation(tensor.scale, tensor.zero).dequantise(bytes_to_tensor(data[None], tensor.layout)[0])
        assert np.array_equal(library.unpack(which, data.tobytes()), wanted)


@pytest.mark.parametrize("name", ["groups", "lrn", "products"])
def test_sequence_at_another_base_is_the_program_compiled_there(name: str) -> None:
    """Everything that depends on the base is relocated, and nothing else."""
    grow = {"groups": paths.groups, "lrn": lrn, "products": paths.products}[name]
    here, there = (made_at(grow, (8, 12, 12), base) for base in (0x8000_0000, 0x1000))
    replayed: list[object] = []
    for section in sections_of(here):
        for step in section.steps:
            first, *rest = step.words
            op, address = first >> 28, first & 0x3FFFF
            if op == sequence.WRITE_REL:
                replayed.append(WriteRegister(address, 0x1000 + rest[0]))
            elif op in (sequence.WRITE, sequence.SELECT):
                replayed.append(WriteRegister(address, rest[0]))
            elif op == sequence.WAIT:
                replayed.append(WaitInterrupt(address))
            else:
                replayed.append(PollRegister(address, rest[0], rest[1]))
    assert replayed == _commands(there)
    assert memory_of(here)[1] - memory_of(here)[0] == memory_of(there)[1] - memory_of(there)[0]


def made_at(grow: Grow, shape: tuple[int, int, int], base: int) -> Network:
    """The same network for any base."""
    images = np.random.default_rng(1).normal(0, 1, (4, *shape)).astype(np.float32)
    return compiled(grow(Builder(shape, seed=4)), images, CompileOptions(effort="fast", base_address=base))


def _commands(network: Network) -> list[object]:
    nothing = np.zeros((1, network.tensors[network.input.tensor].size), np.uint8)
    mask = MAP["GLB.S_INTR_MASK"].address
    return [
        command for command in emit(network, nothing, tensors=())
        if not isinstance(command, (Mark, LoadMemory)) and getattr(command, "address", 0) != mask
    ]  # fmt: skip


class Dead:
    """Registers that never change."""

    def __init__(self, value: int) -> None:
        self.device, self.faults, self.value, self.reads = self, [], value, 0  # type: ignore[var-annotated]

    def write_register(self, address: int, value: int) -> None:
        """Nothing happens."""

    def read(self, address: int) -> int:
        """Always the same."""
        self.reads += 1
        return self.value

    def wait(self) -> int:
        """Nothing comes; the hook of a real machine may time out, too."""
        return 1


def test_driver_gives_up(libraries: Callable[[str], Library]) -> None:
    """Busy for ever; idle but without any interrupt; a wait hook that has enough; each has its own result."""
    library = libraries("lenet5")
    busy, idle = Dead(0xFFFF_FFFF), Dead(0)
    assert library.run(busy, 0, interrupts=False, patience=50) == TIMEOUT and busy.reads == 50
    assert library.run(idle, 0, interrupts=False, patience=50) == TIMEOUT  # the flush of CBUF never ends
    flushed = Dead(0)
    flushed.read = lambda address: int(address == 0x300C)  # type: ignore[method-assign]
    assert library.run(flushed, 0, interrupts=False, patience=50) == TIMEOUT
    assert library.run(flushed, 0, interrupts=True, patience=50) == ABORTED


class Scripted(Dead):
    """CSC and SDP that will run group 1 next; the status of CSC is `csc` from its second read on, one bit of
    S_INTR_STATUS of `interrupts` comes with each read of it, and writing clears.
    """

    def __init__(self, csc: int = 0, interrupts: tuple[int, ...] = (), stale: int = 0) -> None:
        super().__init__(0)
        self.csc, self.interrupts, self.status, self.looks = csc, list(interrupts), stale, 0

    def read(self, address: int) -> int:
        """A bus read."""
        if address == MAP["CSC.S_STATUS"].address:
            self.looks += 1
            return self.csc if self.looks > 1 else 0
        if address == MAP["GLB.S_INTR_STATUS"].address:
            self.status |= self.interrupts.pop(0) if self.interrupts else 0
            return self.status
        return 1 << 16 if address in (MAP["CSC.S_POINTER"].address, MAP["SDP.S_POINTER"].address) else 0

    def write_register(self, address: int, value: int) -> None:
        """A bus write."""
        if address == MAP["GLB.S_INTR_STATUS"].address:
            self.status &= ~value


CSC_RESTS = [sequence.POLL_GROUPS << 28 | MAP["CSC.S_STATUS"].address, 0x3, 0x0]
"""Group 0 of CSC is idle: for a unit that has begun with group 1 that is the upper half."""
BOTH_END = [sequence.WAIT << 28 | 0x11]
"""SDP's and PDP's group 0 have ended; SDP's is group 1 of one that has begun with it: bit 1."""


@pytest.mark.parametrize(
    ("words", "machine", "wanted"),
    [
        (CSC_RESTS, Scripted(csc=0x0000_0003), DONE),
        (CSC_RESTS, Scripted(csc=0x0003_0000), TIMEOUT),
        (BOTH_END, Scripted(interrupts=(0x2, 0, 0x10)), DONE),
        (BOTH_END, Scripted(interrupts=(0x10, 0x20, 0x2)), DONE),
        (BOTH_END, Scripted(interrupts=(0x2, 0, 0)), TIMEOUT),
        (BOTH_END, Scripted(interrupts=(0x11,)), TIMEOUT),
        (BOTH_END, Scripted(interrupts=(0x10,), stale=0x2), TIMEOUT),
        (BOTH_END * 2, Scripted(interrupts=(0x12, 0, 0)), TIMEOUT),
        (BOTH_END * 2, Scripted(interrupts=(0x12, 0, 0x12)), DONE),
    ],
)
def test_driver_takes_groups_and_interrupts_for_what_they_are(
    words: list[int], machine: Scripted, wanted: int, libraries: Callable[[str], Library]
) -> None:
    """Interrupts one by one, of other layers, left over from before, and each for one wait only."""
    library = libraries("lenet5")
    table = Table.from_buffer_copy(library.table)
    steps = (ctypes.c_uint32 * len(words))(*words)
    table.steps, table.length = ctypes.cast(steps, ctypes.POINTER(ctypes.c_uint32)), len(words)
    assert library.run(machine, 0, interrupts=False, patience=20, table=table) == wanted


def test_driver_refuses_bases(libraries: Callable[[str], Library]) -> None:
    library = libraries("lenet5")
    last = 2**32 - library.table.memory_size & -256
    for base, wanted in ((1, BAD_BASE), (128, BAD_BASE), (last + 256, BAD_BASE), (last, TIMEOUT), (256, TIMEOUT)):
        assert library.run(Dead(0xFFFF_FFFF), base, interrupts=False, patience=3) == wanted, hex(base)


@pytest.mark.parametrize("words", [[0x60000000], [0xF0000000, 0, 0], [0x00003000], [0x30003000, 0], [0x10003000]])
def test_driver_refuses_damaged_sequences(words: list[int], libraries: Callable[[str], Library]) -> None:
    library = libraries("lenet5")
    table = Table.from_buffer_copy(library.table)
    steps = (ctypes.c_uint32 * len(words))(*words)
    table.steps, table.length, table.units = ctypes.cast(steps, ctypes.POINTER(ctypes.c_uint32)), len(words), 0
    assert library.run(Dead(0), 0, interrupts=False, table=table) == BAD_STEP


def test_sizes() -> None:
    """What the driver promises: under 300 lines, no library but the integers of the compiler."""
    folder = Path(sequence.__file__).parent / "c"
    texts = [(folder / f"cocodla_driver.{kind}").read_text() for kind in "hc"]
    assert sum(len(text.splitlines()) for text in texts) <= 300
    assert re.findall("#include (.*)", "".join(texts)) == ["<stdint.h>", '"cocodla_driver.h"']


def test_lenet_on_the_rtl(tmp_path: Path) -> None:
    """The C driver as the host of a simulation: interrupts, polling, and a base that the compiler did not know."""
    network = zoo.lenet5()
    images = datasets.sklearn_digits()[0][:3]
    firmware.export(network, tmp_path / "fw", "lenet5")
    memory = rtl.MemoryModel(latency=20, jitter=10, stall=30, reorder=True)
    simulation = rtl.Simulation(seed=4, memory=memory, run_name="firmware")
    run = run_on_rtl(network, tmp_path / "fw", "lenet5", images, "ipi", 0x9000_0100, simulation)
    assert not run.failures
    assert [image.result for image in run.images] == [DONE] * 3
    assert [image.waits > 0 for image in run.images] == [True, False, True]
    for name, codes in golden_codes(network, images).items():
        assert np.array_equal(run.outputs[name], codes)


def test_a_hang_on_the_rtl_ends(tmp_path: Path) -> None:
    """A driver that waits for what never comes is ended by the watchdog, and told."""
    network = zoo.lenet5()
    folder = tmp_path / "fw"
    firmware.export(network, folder, "lenet5")
    source = (folder / "lenet5.c").read_text()
    enable = next(line for line in source.splitlines() if line.endswith("/* CDMA.D_OP_ENABLE */"))
    (folder / "lenet5.c").write_text(source.replace(enable + "\n", "", 1))
    simulation = rtl.Simulation(seed=4, run_name="firmware", watchdog=2000)
    run = run_on_rtl(network, folder, "lenet5", datasets.sklearn_digits()[0][:1], "i", 0, simulation)
    assert run.failures and run.outputs == {}
