"""Firmware of networks on the RTL: the exported C driver, with interrupts and polling, against the golden model.

python scripts/try_firmware.py [NAME ...]            networks of `make nets` (default: lenet5 resnet18_cifar10)
python scripts/try_firmware.py --golden [NAME ...]   the same driver on the golden model (default: all; effort fast)

Status 1 unless every output is equal. Where riscv64-unknown-elf-gcc is installed, sizes of code on a bare RISC-V are
printed, too.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from cocodla import firmware
from cocodla.compiler import Network, compile_model
from cocodla.errors import UserError
from cocodla.formats import bytes_to_tensor
from cocodla.nets.registry import Net, networks
from cocodla.runtime import rtl
from cocodla.runtime.firmware import run_on_rtl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from firmware.library import DONE, Library, Machine, golden_codes

MODES = "ipi"
"""An image with interrupts, one polling, and one more: units then begin with either group."""
BASE = 0x4000_0100


def main(names: list[str]) -> int:
    """Exit status."""
    known, golden = {net.name: net for net in networks()}, "--golden" in names
    names = [name for name in names if name != "--golden"]
    wanted = names or (list(known) if golden else ["lenet5", "resnet18_cifar10"])
    if strange := [name for name in wanted if name not in known]:
        print(f"{strange[0]}: no such network; known: {', '.join(known)}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        return 0 if all([_run(known[name], Path(folder), golden) for name in wanted]) else 1


def _run(net: Net, folder: Path, golden: bool) -> bool:
    if net.missing:
        print(f"{net.name}: skipped: no {net.needs}")
        return True
    variant = net.on_rtl or net.main
    data = variant.data()
    options = replace(variant.options, effort="fast") if golden else variant.options
    network = compile_model(variant.model(folder), data.calibration, options)
    target = folder / net.name
    try:
        done = firmware.export(network, target, net.name)
    except UserError as refusal:
        print(f"refused: {refusal}", flush=True)
        return True
    images = data.images[: len(MODES)]
    if images.dtype != np.uint8:
        images = images.astype(np.float32)
    if golden:
        equal = _on_golden(network, folder, f"{net.name}_golden", images)
        print(f"{net.name}: {'equal' if equal else 'DIFFERENT'}: {len(images)} images on golden", flush=True)
        return equal
    run = run_on_rtl(network, target, net.name, images, MODES, BASE, rtl.Simulation(seed=1, run_name="firmware"))
    codes = network.golden_stage(0, {network.input.tensor: network.input_bytes(images)}, list(network.fetched))
    equal = not run.failures and all(image.result == 0 for image in run.images)
    for name in network.fetched:
        tensor = network.tensors[name]
        wanted = bytes_to_tensor(codes[name], tensor.layout)
        equal = equal and np.array_equal(run.outputs.get(name), wanted)
    cycles = ", ".join(f"{image.cycles:,} ({image.mode})" for image in run.images)
    verdict = "equal" if equal else "DIFFERENT"
    sizes = f"{done.image:,} bytes of constants, {done.memory:,} of memory, {done.steps:,} words of sequence"
    print(f"{net.name}: {verdict}: {len(images)} images, cycles {cycles}; {sizes}", flush=True)
    print(*(f"  {failure}\n" for failure in run.failures), end="")
    _riscv(target)
    return bool(equal)


def _on_golden(network: Network, folder: Path, name: str, images: np.ndarray) -> bool:
    """The driver on one machine for all images, with interrupts, polling, and interrupts: its outputs are golden's."""
    library, machine, wanted = Library(network, folder, name), Machine(), golden_codes(network, images)
    for index, mode in enumerate(MODES[: len(images)]):
        library.load(machine, BASE, images[index])
        if library.run(machine, BASE, interrupts=mode == "i", patience=10_000_000) != DONE:
            return False
        found = library.outputs(machine, BASE)
        if not all(np.array_equal(codes[0], wanted[tensor][index]) for tensor, codes in found.items()):
            return False
    return True


def _riscv(folder: Path) -> None:
    """Sizes on a bare RISC-V."""
    if shutil.which("riscv64-unknown-elf-gcc") is None:
        print("  no riscv64-unknown-elf-gcc: sizes are not shown")
        return
    done = subprocess.run(["make", "-s", "-C", str(folder), "riscv"], capture_output=True, text=True, check=True)
    print(*(f"  {line}" for line in done.stdout.splitlines()), sep="\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
