"""The command that shows what a compiled detector finds on pictures: detect."""

from __future__ import annotations

import io
from pathlib import Path

import typer

from cocodla.cli.base import command, console, emit
from cocodla.cli.model_options import NETWORK
from cocodla.errors import UserError
from cocodla.files.outputs import check_target, write_whole

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}


@command
def detect(
    network: Path = NETWORK,
    pictures: list[Path] = typer.Argument(help="pictures of any size, or a folder of them"),
    detector: str = typer.Option(
        ..., "--detector", help="a TOML file with anchors and classes, or yolo_v2_coco, yolo_v2_voc, tiny_yolo_v2_voc"
    ),
    output: Path = typer.Option(None, "-o", "--output", help="draw the boxes: a .png or .jpg"),
    model: Path = typer.Option(None, "--model", help="the ONNX model, to compare with its boxes in float"),
    threshold: float = typer.Option(None, "--threshold", help="least score of a box (default: the detector's)"),
) -> None:
    """Find things on pictures with a compiled YOLOv2-style detector (golden model); draw boxes, compare with float.

    Pictures are stretched to the network's input.
    """
    import msgspec

    from cocodla.compiler import Network
    from cocodla.detection.detector import load_detector
    from cocodla.files.images import load_images
    from cocodla.files.pictures import PictureFiles
    from cocodla.report import detections as report
    from cocodla.report.progress import progress_bar
    from cocodla.runtime import detection

    chosen = load_detector(detector)
    if threshold is not None:
        if not 0 < threshold < 1:
            raise UserError(f"--threshold is a score between 0 and 1, not {threshold:g}")
        chosen = msgspec.structs.replace(chosen, threshold=threshold)
    if output is not None:
        if output.suffix.lower() not in FORMATS:
            raise UserError(f"{output}: must end in {', '.join(FORMATS)}")
        check_target(output, [network, *pictures, *([model] if model else [])])
    loaded = Network.load(network)
    detection.output_of(loaded, chosen)
    images = load_images(pictures, loaded.input.shape, resize=True)
    if not isinstance(images, PictureFiles):
        raise UserError(f"{pictures[0]}: is no picture: boxes are for pictures")
    with progress_bar(console, f"{loaded.name} on golden") as progress:
        found = detection.detect(loaded, chosen, images, model, progress)
    report.show(found, chosen, console)
    if output is not None:
        file = io.BytesIO()
        report.draw(found, chosen).save(file, FORMATS[output.suffix.lower()])
        write_whole(output, file.getvalue())
        console.print(f"written: {output}", highlight=False, soft_wrap=True)
    emit(lambda: report.as_json(found, chosen))
