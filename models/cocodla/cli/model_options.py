"""Options that the commands about networks share, and how their values are read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from cocodla.cli.numbers import whole
from cocodla.errors import UserError

if TYPE_CHECKING:
    from cocodla.compiler import CompileOptions

MODEL = typer.Argument(help="an ONNX model")
NETWORK = typer.Argument(help="a compiled network")
RUNNABLE = typer.Argument(help="a compiled network, or a loadable of the public compiler")
CALIB = typer.Option(
    [],
    "--calib",
    help="calibration data: folder of pictures, .npy, IDX or CIFAR-10 file; not needed if the model brings its scales",
)
INPUT = typer.Option(..., "--input", help="pictures, a folder of them, .npy, IDX or CIFAR-10 file")
RESIZE = typer.Option(False, "--resize", help="scale pictures to the input's size")
OUTSIDE = typer.Option(False, "--allow-outside", help="files that a trace or log names may lie outside of its folder")
COUNT = whole("--count", None, "use the first images only")
SCALE = typer.Option(
    None, "--pixel-scale", help="a pixel byte p means scale * p + offset to the model: one number, or one a channel"
)
OFFSET = typer.Option("0", "--pixel-offset", help="see --pixel-scale")
SHAPE = typer.Option(None, "--input-shape", help="channels,height,width where the model leaves them open")
EFFORT = typer.Option(
    "default", "--effort",
    help="how to look for the best quantisation: fast (the usual choices), default (tries them), best (tensors, too)",
)  # fmt: skip
BUDGET = typer.Option(
    None, "--budget", help="about how many seconds the trials may take (default: 30, with --effort best 300)"
)
CALIBRATOR = typer.Option(None, "--calibrator", help="minmax, percentile, entropy or mse (default: what is best)")
PERCENTILE = typer.Option(99.99, "--percentile", help="share of values inside the range, in percent")
HEADROOM = typer.Option(
    None, "--headroom", help="standard deviations beyond the usual peak of an image that ranges hold (default: tried)"
)
EQUALISE = typer.Option(None, "--equalise/--no-equalise", help="balance channels of inner tensors (default: tried)")
CORRECTION = typer.Option(
    None, "--bias-correction/--no-bias-correction",
    help="take the mean error of rounded weights out of the biases (default: yes)",
)  # fmt: skip
ROUNDING = typer.Option(
    None, "--adaptive-rounding/--no-adaptive-rounding",
    help="round weights together, so that errors cancel (default: yes)",
)  # fmt: skip
ASYMMETRIC = typer.Option(
    None, "--asymmetric/--symmetric", help="zero points, so that no codes are lost (default: yes)"
)


def numbers(text: str | None, option: str) -> list[float] | None:
    """Numbers between commas."""
    if text is None:
        return None
    try:
        return [float(word) for word in text.split(",")]
    except ValueError:
        raise UserError(f"{option} takes numbers between commas, not {text[:60]!r}") from None


def _extents(text: str | None) -> list[int] | None:
    """Extents between commas."""
    if text is None:
        return None
    words = [word.strip() for word in text.split(",")]
    if not all(word.isascii() and word.isdecimal() and len(word) < 10 and int(word) > 0 for word in words):
        raise UserError(f"--input-shape takes whole numbers from 1 to 999999999, not {text[:60]!r}")
    return [int(word) for word in words]


def address(text: str) -> int:
    """A number in any of the usual spellings."""
    try:
        return int(text, 0)
    except ValueError:
        raise UserError(f"--base-address takes a number, not {text[:60]!r}") from None


def compile_options(scale: str | None, offset: str, shape: str | None, **choices: Any) -> CompileOptions:
    """Options of the compiler; choices: those that are taken as they are, by name."""
    from cocodla.compiler import CompileOptions

    return CompileOptions(
        pixel_scale=numbers(scale, "--pixel-scale"),
        pixel_offset=numbers(offset, "--pixel-offset") or 0.0,
        input_shape=_extents(shape),
        **choices,
    )


def loader(paths: list[Path], resize: bool, count: int | None) -> Any:
    """A function that loads images for an input's shape, or several inputs for their names and shapes."""
    from cocodla.compiler.quantisation.pixels import packed
    from cocodla.files.images import load_images, load_inputs

    def load(shape: tuple[int, ...], parts: tuple[tuple[str, tuple[int, ...]], ...] = ()) -> Any:
        images = packed(load_inputs(paths, parts), parts) if parts else load_images(paths, shape, resize)
        return images if count is None else images[:count]

    return load
