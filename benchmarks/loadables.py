"""What a loadable costs: cycles of an image by our own schedule and by the driver's, of the networks of `make nets`.

    .venv/bin/python benchmarks/loadables.py [--rtl] [text in the network's name]
    .venv/bin/python benchmarks/loadables.py --random COUNT    # what becomes of random networks, seeds 0 to COUNT - 1

Each network is compiled for both targets (effort fast), and dB at the worst output are told; its loadable runs on the
golden model, where its outputs must be the bytes of the network's own program, a softmax on the CPU what its formula
makes of them. --rtl: all three on the RTL as well, for
one image of random pixels.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import numpy as np
from rich.console import Console

from cocodla.compiler import Network, compile_model
from cocodla.compiler.options import Target
from cocodla.compiler.parts import OutputSpec
from cocodla.errors import UserError
from cocodla.formats import bytes_to_tensor
from cocodla.fuzz.check import QUANTISED, draw_images, draw_options
from cocodla.fuzz.networks import random_network
from cocodla.fuzz.quantised import quantised
from cocodla.loadable.export import export_network
from cocodla.loadable.export.softmax import ONE, softmax_of
from cocodla.loadable.network import LoadedNetwork, open_network
from cocodla.nets.registry import Net, networks
from cocodla.report.progress import progress_bar
from cocodla.runtime import rtl
from cocodla.runtime.loadables import run_image
from cocodla.runtime.targets import TargetCost, target_cost
from cocodla.runtime.traces import program_cycles

SIMULATION = rtl.Simulation(seed=1)


def compiled(net: Net) -> tuple[dict[str, Network], TargetCost]:
    """A network for each target, the smaller one that the RTL runs, where there is one; what the target costs."""
    variant = net.on_rtl or net.main
    with TemporaryDirectory() as folder:
        model, images = variant.model(Path(folder)), variant.data().calibration
        made = {
            target: compile_model(model, images, replace(variant.options, effort="fast", target=target))
            for target in get_args(Target)
        }
        return made, target_cost(model, images, variant.options, made["official"], made["direct"])


def pictures(network: Network) -> np.ndarray:
    """One image of random pixels, or codes."""
    pixels = np.random.default_rng(0).integers(0, 256, (1, *network.input.shape)).astype(np.uint8)
    return pixels.view(np.int8) if network.input.codes == "int8" else pixels


def equal(network: Network, loaded: LoadedNetwork, cycles: bool) -> tuple[bool, int]:
    """Whether the outputs are those of the network's own program, and the cycles on the RTL."""
    feeds = {network.input.tensor: network.input_bytes(pictures(network))}
    inputs = {loaded.inputs[0].name: feeds[network.input.tensor][0].tobytes()}
    done = run_image(loaded, inputs, SIMULATION if cycles else None)
    wanted = network.golden_stage(0, feeds)
    same = [done.buffers[output.name] == _expected(network, output, wanted) for output in network.outputs]
    return done.passed and all(same), done.cycles


def _expected(network: Network, output: OutputSpec, wanted: Mapping[str, np.ndarray]) -> bytes:
    """The bytes of an output by the network's own program, and the runtime's softmax (loadable.md section 10)."""
    if output.tensor is not None:
        return wanted[output.tensor][0].tobytes()
    softmax = softmax_of(network)
    assert softmax is not None
    tensor = network.tensors[softmax.scores]
    codes = bytes_to_tensor(wanted[softmax.scores], tensor.layout)[0].ravel()
    scores = (codes.astype(np.float32) * np.float32(softmax.scale)).astype(np.float16).astype(np.float32)
    powers = np.exp(scores - scores.max())
    shares = (powers / np.add.accumulate(powers)[-1]).astype(np.float16).astype(np.float32)
    made = np.trunc(shares / np.float32(1 / ONE)).astype(np.int8)
    return made.tobytes().ljust(softmax.target.size, b"\0")


def own_cycles(network: Network) -> int:
    """Cycles of an image by the program of our own."""
    program = network.program(pictures(network))
    return program_cycles(program, rtl.run(program, SIMULATION))


def row(made: Mapping[str, Network], cost: TargetCost, cycles: bool) -> Iterator[str]:
    """What is told of a network."""
    official = made["official"]
    try:
        exported = export_network(official)
    except UserError as error:
        yield str(error).partition("cannot be a loadable: ")[2]
        return
    same, found = equal(official, open_network(Path(official.name), exported.data), cycles)
    yield f"{exported.operations} operations, {'equal' if same else 'DIFFERENT'}"
    if cost.sqnr is not None:
        yield f"{cost.sqnr[0]:.1f} dB; official target {cost.sqnr[1]:.1f} dB"
    if cycles:
        counts = [own_cycles(made["direct"]), own_cycles(official), found]
        lost = [f"{100 * (count / counts[0] - 1):+.1f} %" for count in counts[1:]]
        yield f"{counts[0]:,} cycles; official target {counts[1]:,} ({lost[0]}); by the driver {found:,} ({lost[1]})"


def outcome(seed: int, folder: Path) -> str:
    """What becomes of a random network for the official driver."""
    model = random_network(seed)
    images = draw_images(model, seed)
    model = quantised(model, images, seed) if seed % QUANTISED == 2 else model
    path = folder / "random.onnx"
    path.write_bytes(model.SerializeToString())
    drawn = draw_options(seed, images.dtype == np.uint8, images.shape[1])
    try:
        network = compile_model(path, images, replace(drawn, effort="fast", target="official"))
    except UserError:
        return "none for the accelerator"
    try:
        exported = export_network(network)
    except UserError as error:
        return "needs the host" if network.host or network.steps else str(error).partition("cannot be a loadable: ")[2]
    same, _ = equal(network, open_network(Path(network.name), exported.data), cycles=False)
    return "equal" if same else f"DIFFERENT (seed {seed})"


def random_networks(count: int, console: Console) -> None:
    """A tally of outcomes."""
    tally: Counter[str] = Counter()
    with TemporaryDirectory() as folder, progress_bar(console, "random networks") as progress:
        for seed in range(count):
            progress(seed, count)
            tally[outcome(seed, Path(folder))] += 1
    for text, number in tally.most_common():
        console.print(f"{number} {text}", highlight=False)


def main() -> None:
    console = Console(soft_wrap=True, markup=False)
    if sys.argv[1:2] == ["--random"]:
        random_networks(int(sys.argv[2]), console)
        return
    words = [word for word in sys.argv[1:] if word != "--rtl"]
    for net in networks():
        if not net.missing and (not words or any(word in net.name for word in words)):
            console.print(f"{net.name}: {'; '.join(row(*compiled(net), '--rtl' in sys.argv))}", highlight=False)


if __name__ == "__main__":
    main()
