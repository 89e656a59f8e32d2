"""An exported folder as a library that Python calls, with the golden model as the accelerator."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cocodla import firmware
from cocodla.compiler import Network
from cocodla.firmware.folder import FIXED
from cocodla.formats import bytes_to_tensor
from cocodla.golden.device import Device
from cocodla.registers import MAP
from cocodla.runtime.firmware import WARNINGS, compiler

DONE, BAD_BASE, BAD_STEP, TIMEOUT, ABORTED = range(5)
STATUS = MAP["GLB.S_INTR_STATUS"].address
Word = ctypes.c_uint32
_READ = ctypes.CFUNCTYPE(Word, ctypes.c_void_p, Word)
_WRITE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, Word, Word)
_WAIT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)


class _Bus(ctypes.Structure):
    _fields_ = (
        ("read", _READ), ("write", _WRITE), ("wait", _WAIT), ("context", ctypes.c_void_p), ("patience", Word),
    )  # fmt: skip


class Table(ctypes.Structure):
    """struct cocodla_network."""

    _fields_ = (
        ("name", ctypes.c_char_p), ("steps", ctypes.POINTER(Word)), ("length", Word), ("units", Word),
        ("image_size", Word), ("memory_size", Word), ("alignment", Word),
    )  # fmt: skip


class Machine:
    """The golden model as hooks see it: a layer ends whenever the host looks for it. `faults`: what went wrong."""

    def __init__(self) -> None:
        self.device = Device()
        self.faults: list[Exception] = []
        self.waits = 0

    def read(self, address: int) -> int:
        """A bus read."""
        register = MAP.find(address)
        self.device.flight.update()
        value = self.device.read_register(address)
        self.device.rely_on(address, 0xFFFF_FFFF, value)
        if register is not None and register.name in ("S_STATUS", "S_INTR_STATUS"):
            self.device.run_layer()
        return value

    def wait(self) -> int:
        """Sleep until the interrupt line is high: forever, if nothing is left to run."""
        self.waits += 1
        while not self.read(STATUS) & ~self.device.read_register(MAP["GLB.S_INTR_MASK"].address):
            if not self.device.run_layer():
                return 1
        return 0


class Library:
    """Firmware of a network, compiled. base: where its memory is."""

    def __init__(self, network: Network, folder: Path, name: str = "net") -> None:
        self.network, self.name, self.folder = network, name, folder / name
        firmware.export(network, self.folder, name)
        target = folder / f"{name}.so"
        sources = [f"{name}.c", *(file for file in FIXED if file.endswith(".c"))]
        words = [compiler(), "-O2", "-shared", "-fPIC", *WARNINGS, "-o", str(target), *sources]
        subprocess.run(words, cwd=self.folder, check=True)
        self.code = ctypes.CDLL(str(target))
        self.table = Table.in_dll(self.code, f"{name}_network")

    def run(self, machine: Any, base: int, interrupts: bool, patience: int = 1000, table: Table | None = None) -> int:
        """cocodla_run on a machine with read, wait and a device."""
        def guarded(function: Callable[..., Any]) -> Callable[..., Any]:
            def call(_: Any, *values: int) -> Any:
                try:
                    return function(*values)
                except Exception as error:
                    machine.faults.append(error)
                    return 1
            return call

        wait = _WAIT(guarded(machine.wait)) if interrupts else _WAIT()
        bus = _Bus(_READ(guarded(machine.read)), _WRITE(guarded(machine.device.write_register)), wait, None, patience)
        result: int = self.code.cocodla_run(ctypes.byref(table or self.table), ctypes.byref(bus), Word(base))
        if machine.faults:
            raise machine.faults[0]
        return result

    def pack(self, image: np.ndarray) -> bytes:
        """What the C code makes of one image."""
        memory = np.full(self.network.tensors[self.network.input.tensor].size, 0xA5, np.uint8)
        image = np.ascontiguousarray(image if image.dtype == np.uint8 else image.astype(np.float32))
        pack = self.code.cocodla_pack_bytes if image.dtype == np.uint8 else self.code.cocodla_pack_reals
        pack(self._address(f"{self.name}_input"), _pointer(image), _pointer(memory))
        return memory.tobytes()

    def pack_codes(self, codes: np.ndarray) -> bytes | None:
        """The same of integer codes; None where the network takes none."""
        memory = np.full(self.network.tensors[self.network.input.tensor].size, 0xA5, np.uint8)
        codes = np.ascontiguousarray(codes)
        taken = self.code.cocodla_pack_codes(self._address(f"{self.name}_input"), _pointer(codes), _pointer(memory))
        assert taken or (memory == 0xA5).all()
        return memory.tobytes() if taken else None

    def _address(self, symbol: str) -> ctypes.c_void_p:
        return ctypes.c_void_p(ctypes.addressof(ctypes.c_char.in_dll(self.code, symbol)))

    def load(self, machine: Machine, base: int, image: np.ndarray) -> None:
        """Constants and an image into the machine's memory."""
        constants = np.fromfile(self.folder / f"{self.name}.bin", np.uint8)
        offset = self.network.tensors[self.network.input.tensor].address - self.network.memory_base
        machine.device.load_memory(base, constants[None])
        machine.device.load_memory(base + offset, np.frombuffer(self.pack(image), np.uint8)[None])

    def outputs(self, machine: Machine, base: int) -> dict[str, np.ndarray]:
        """int8 codes (1, C, H, W) in the output slots."""
        found = {}
        for name in self.network.fetched:
            tensor = self.network.tensors[name]
            data = machine.device.read_memory(base + tensor.address - self.network.memory_base, tensor.size)
            found[name] = bytes_to_tensor(data, tensor.layout)
        return found

    def unpack(self, which: int, data: bytes) -> np.ndarray:
        """Real values of an output slot's bytes, (C, H, W) float32, by the C code."""
        tensor = self.network.tensors[list(self.network.fetched)[which]]
        reals = np.zeros(tensor.shape, np.float32)
        first = ctypes.addressof(ctypes.c_char.in_dll(self.code, f"{self.name}_outputs"))
        memory = ctypes.create_string_buffer(data, len(data))
        self.code.cocodla_unpack_reals(ctypes.c_void_p(first + which * ctypes.sizeof(Slot)), memory, _pointer(reals))
        return reals


def _pointer(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


class Slot(ctypes.Structure):
    """struct cocodla_slot."""

    _fields_ = (
        ("name", ctypes.c_char_p), ("place", Word * 5), ("scale", ctypes.c_double), ("zero", ctypes.c_int32),
        ("is_pixels", ctypes.c_uint8), ("strides", Word * 5), ("pixels", ctypes.c_uint8 * 10),
    )  # fmt: skip


def golden_codes(network: Network, images: np.ndarray) -> dict[str, np.ndarray]:
    """int8 codes (batch, C, H, W) of all tensors that leave the accelerator."""
    names: Sequence[str] = list(network.fetched)
    data = network.golden_stage(0, {network.input.tensor: network.input_bytes(images)}, names)
    return {name: bytes_to_tensor(data[name], network.tensors[name].layout) for name in names}
