"""YOLOv2 and Tiny-YOLOv2 whole, at 416 x 416: cycles by layer beside a published machine, speed, layers on the RTL.

    python benchmarks/yolo.py grow FOLDER [--tiny]            model.onnx, network.dla, calib/ and look/ with pictures
    python benchmarks/yolo.py table FOLDER/network.dla        cycles by layer, beside the paper's time
    python benchmarks/yolo.py speed FOLDER                    seconds for a picture on the golden model
    python benchmarks/yolo.py rtl FOLDER [--layers NAME ...]  layers at full size, every tensor compared

YOLOv2 has its exact shape (COCO) and random weights with a seed; Tiny-YOLOv2 (VOC) those of ../shared, random where
they are missing. The last layer is fitted to the pictures (cocodla.nets.heads), so that there is something to find:

    cocodla detect FOLDER/network.dla FOLDER/look --detector yolo_v2_coco --model FOLDER/model.onnx -o boxes.png
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import onnx
import typer
from rich.console import Console
from rich.table import Table

from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.compiler.original import outputs_of
from cocodla.detection.boxes import Boxes, boxes_of
from cocodla.detection.detector import Detector, load_detector
from cocodla.detection.precision import precision_of
from cocodla.errors import UserError
from cocodla.files.images import load_images
from cocodla.nets import examples
from cocodla.nets.builder import Builder
from cocodla.nets.heads import fit_head
from cocodla.nets.yolo import tiny_yolo, yolo_v2
from cocodla.report.efficiency import Use, table, together, uses_of
from cocodla.report.progress import progress_bar
from cocodla.runtime import rtl as simulator
from cocodla.runtime.detection import LEAST
from cocodla.runtime.span import Span
from cocodla.runtime.verify import verify_network

SIZE = 416
MEGAHERTZ = 150.0
PAPER = {"milliseconds": 977.0, "megahertz": 150.0, "macs": 128, "bits": 16, "layers": 29}
"""YOLOv2 on a Zynq as published; macs: a multiplication in each of its 128 DSPs every cycle."""
MACS = 14.7e9
"""Of YOLOv2 for a picture, to a hundredth: classes make that difference."""
CHOSEN = ("conv0", "conv44", "spacetodepth68")
"""Layers of YOLOv2 for the RTL: pixels in, 512 to 1,024 channels at 13 x 13, the reorg."""

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
console = Console(width=190, markup=False, highlight=False)


@app.command()
def grow(folder: Path, tiny: bool = False, variations: int = 11, look: int = 4, seed: int = 1) -> None:
    """Build, fit and compile; pictures with so many variations of each to calibrate with, and others to look at."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    known = examples.photographs() or [examples.scene(SIZE, random) for _ in range(2)]
    fitted, others = examples.variations(known, variations, seed), examples.variations(known, look, seed + 1)
    model = (tiny_yolo(examples.FOLDER, SIZE) if tiny else yolo_v2(Builder((3, SIZE, SIZE), seed, batch=1))).model()
    detector = load_detector("tiny_yolo_v2_voc" if tiny else "yolo_v2_coco")
    console.print(f"seed {seed}; last layer fitted to {len(known)} pictures and {len(fitted)} variations of them")
    fit_head(model, detector, [*known, *fitted], SIZE)
    found = right(model, detector, others)
    console.print(f"float against the boxes drawn by hand on {len(others)} others: mAP {found:.2%}")
    onnx.save(model, folder / "model.onnx")
    for name, pictures in (("calib", [*known, *fitted]), ("look", [*known, *others])):
        (folder / name).mkdir(exist_ok=True)
        for number, example in enumerate(pictures):
            example.picture.save(folder / name / f"{number:02}.png")
    options = CompileOptions(pixel_scale=1 / 255, images_in_flight=1, effort="fast", strict=True)
    images = load_images([folder / "calib"], (3, SIZE, SIZE), resize=True)
    begun = time.process_time()
    with progress_bar(console, "compiling") as progress:
        network = compile_model(folder / "model.onnx", images, options, progress)
    network.save(folder / "network.dla")
    console.print(f"compiled in {time.process_time() - begun:.1f} CPU seconds: {folder / 'network.dla'}")


def right(model: onnx.ModelProto, detector: Detector, known: list[examples.Example]) -> float:
    """Mean average precision of a float model against what is known to be on pictures."""
    name, found, truth = model.graph.output[0].name, [], []
    for example in known:
        values = outputs_of(model, [name], examples.pixels([example], SIZE).astype(np.float32) / np.float32(255))[name]
        found.append(boxes_of(values[0], detector, LEAST))
        kinds = np.array([detector.classes.index(kind) for kind in example.classes], np.int64)
        truth.append(Boxes(example.corners, np.ones(len(kinds)), kinds))
    return precision_of(found, truth).mean or 0.0


@app.command("table")
def show(network: Path) -> None:
    """Cycles by layer, and the time of a picture beside the published one."""
    uses = uses_of(Network.load(network))
    whole = together("all", uses)
    console.print(table("latency model, memory of a request a cycle", uses, MEGAHERTZ, [whole]))
    if abs(whole.macs / MACS - 1) < 0.01:  # the published time is of no other network
        console.print(machines(whole))


def machines(whole: Use) -> Table:
    """Both machines, and what each makes of its multipliers."""
    clocks = PAPER["milliseconds"] * PAPER["megahertz"] * 1000
    found = Table("", "published", "here", title="the same network on two machines", title_justify="left")
    found.add_row("numbers", f"{PAPER['bits']} bits", "8 bits")
    found.add_row("MACs a cycle", f"{PAPER['macs']} (DSPs)", "64")
    found.add_row("clock", f"{PAPER['megahertz']:g} MHz", f"{MEGAHERTZ:g} MHz (taken as theirs)")
    found.add_row("a picture", f"{PAPER['milliseconds']:,.0f} ms", f"{whole.milliseconds(MEGAHERTZ):,.0f} ms")
    found.add_row("cycles", f"{clocks / 1e6:,.1f} million", f"{whole.cycles / 1e6:,.1f} million")
    found.add_row("MAC use", f"{whole.macs / clocks / PAPER['macs']:.1%}", f"{whole.mac_use:.1%}")
    share = whole.cycles * 64 / clocks / PAPER["macs"]
    found.add_row("multiplier cycles", "1", f"{share:.2f}")
    return found


@app.command()
def speed(folder: Path, pictures: int = 3) -> None:
    """Seconds of the golden model: the first picture (control and weights are made ready), and later ones."""
    begun, spent = time.perf_counter(), time.process_time()
    network = Network.load(folder / "network.dla")
    images = load_images([folder / "look"], network.input.shape, resize=True)
    for number in range(pictures):
        network.golden_outputs(images[number : number + 1])
        now, cpu = time.perf_counter(), time.process_time()
        console.print(f"picture {number}: {now - begun:.2f} s, {cpu - spent:.2f} CPU seconds")
        begun, spent = now, cpu


@app.command()
def rtl(folder: Path, layers: list[str] = typer.Option(list(CHOSEN), "--layers"), seed: int = 1) -> None:
    """Layers on the RTL, on what golden makes of those before; every tensor compared, cycles beside predicted ones."""
    network = Network.load(folder / "network.dla")
    picture = load_images([folder / "look"], network.input.shape, resize=True)[:1]
    predicted = {use.name: use for use in uses_of(network)}
    found = Table("layer", "operation", "output", "hardware layers", "cycles", "predicted", "MAC use", "tensors", "")
    right = True
    for name in layers:
        span = Span.parse(network, name).runnable(network)
        with progress_bar(console, name) as progress:
            run = verify_network(network, picture, np.array([-1]), simulator.Simulation(seed=seed), progress, span)
        right &= run.passed
        use = predicted[name.partition("#")[0]]
        found.add_row(
            name, use.operation, "x".join(map(str, use.target)), str(len(run.layers)), f"{run.cycles_per_image:,.0f}",
            f"{use.cycles:,}", f"{use.macs / 64 / run.cycles_per_image:.2%}", str(run.tensors_compared),
            "equal" if run.passed else str(run.first_mismatch or run.failures[:1]),
        )  # fmt: skip
    console.print(f"seed {seed}")
    console.print(found)
    raise typer.Exit(int(not right))


if __name__ == "__main__":
    try:
        app()
    except UserError as error:
        raise SystemExit(f"yolo.py: {error}") from None
