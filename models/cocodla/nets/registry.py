"""All networks that `make nets` proves: where the model comes from, what a pixel means to it, data, sizes, limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from cocodla import datasets, zoo
from cocodla.compiler import CompileOptions
from cocodla.files.images import load_images, load_labels
from cocodla.nets import styles
from cocodla.nets.alexnet import alexnet
from cocodla.nets.builder import Builder
from cocodla.nets.paths import PATHS
from cocodla.nets.yolo import tiny_yolo, yolo_v2

Grow = Callable[[Builder], Builder]


@dataclass(frozen=True)
class Data:
    """calibration: images that set the scales. images: those it is measured with, (N, *input shape); uint8 are pixels.

    labels: (N,) class numbers, or None.
    """

    calibration: np.ndarray
    images: np.ndarray
    labels: np.ndarray | None = None


@dataclass(frozen=True)
class Limits:
    """What a network must keep; None: no limit of its own.

    sqnr: least dB of each output against float. drop: points of accuracy below float. cycles: per image on the RTL.
    The others are seconds on this machine, shown and never a failure.
    """

    sqnr: float = 15.0
    drop: float | None = None
    cycles: int | None = None
    compile_seconds: float | None = None
    image_seconds: float | None = None


@dataclass(frozen=True)
class Variant:
    """A model file with data and options. model: writes or finds the file, given a folder for generated ones."""

    model: Callable[[Path], Path]
    data: Callable[[], Data]
    options: CompileOptions


@dataclass(frozen=True)
class Net:
    """A network. on_rtl: what the RTL runs if not `main` (a smaller input); rtl_images: how many of its images.

    studied: images that outputs are compared with ideal rounding on. needs: material it cannot do without.
    """

    name: str
    about: str
    main: Variant
    rtl_images: int = 2
    studied: int = 32
    on_rtl: Variant | None = None
    limits: Limits = field(default_factory=Limits)
    needs: Path | None = None

    @property
    def missing(self) -> bool:
        """True if the material it needs is not on this machine."""
        return self.needs is not None and not self.needs.exists()


SHARED = datasets.shared_folder()
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
SIGNED = CompileOptions(pixel_scale=1 / 128, pixel_offset=-1.0)
"""Pixels from -1 to 1."""


def digits() -> Data:
    """MNIST, or scikit-learn's digits where it is absent."""
    if (SHARED / "data" / "mnist").is_dir():
        return Data(datasets.mnist("train")[0][:500], *datasets.mnist("t10k"))
    pictures, labels = datasets.sklearn_digits()
    return Data(pictures[:500], pictures[500:], labels[500:])


def cifar() -> Data:
    """The 206 CIFAR-10 pictures; the first 32 set the scales."""
    path = SHARED / "data" / "cifar10" / "test_subset.bin"
    pictures = load_images([path], (3, 32, 32))[:]
    return Data(pictures[:32], pictures, load_labels(path, len(pictures)))


def noise(shape: tuple[int, int, int], count: int, seed: int = 7) -> Data:
    """Random pictures: coarse blobs with fine noise on them, uint8."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (count, shape[0], *(-(-extent // 4) for extent in shape[1:])))
    blobs = coarse.repeat(4, axis=2).repeat(4, axis=3)[:, :, : shape[1], : shape[2]]
    pictures = np.clip(blobs + random.normal(0, 24, blobs.shape), 0, 255).astype(np.uint8)
    return Data(pictures[: count // 2], pictures[count // 2 :])


def floats(shape: tuple[int, int, int], count: int, seed: int = 7) -> Data:
    """Random normal inputs, float32."""
    values = np.random.default_rng(seed).normal(size=(count, *shape)).astype(np.float32)
    return Data(values[: count // 2], values[count // 2 :])


def photographs(folder: Path, size: int) -> Data:
    """The pictures beside Tiny-YOLOv2, scaled to size x size."""
    names = ("dog416.png", "person.jpg")
    pictures = [np.asarray(Image.open(folder / name).convert("RGB").resize((size, size))) for name in names]
    stack = np.stack([picture.transpose(2, 0, 1) for picture in pictures])
    return Data(stack, stack[:1])


def given(path: Path) -> Callable[[Path], Path]:
    """A model that is a file already."""
    return lambda folder: path


def built(name: str, grow: Grow, shape: tuple[int, int, int], seed: int = 9) -> Callable[[Path], Path]:
    """A model that is built, with random weights."""
    return lambda folder: grow(Builder(shape, seed)).save(folder / f"{name}.onnx")


def _of_zoo(name: str, about: str) -> Net:
    model = Variant(given(zoo.FOLDER / f"{name}.onnx"), digits, CompileOptions(pixel_scale=1 / 255))
    return Net(name, about, model, rtl_images=10, limits=Limits(drop=0.1))


def _of_digits(name: str, about: str, scale: float, cycles: int | None = None) -> Net:
    path = SHARED / "models" / f"{name}.onnx"
    model = Variant(given(path), digits, CompileOptions(pixel_scale=scale))
    return Net(name, about, model, rtl_images=10, limits=Limits(drop=0.1, cycles=cycles), needs=path)


def _of_cifar(name: str, about: str, scale: np.ndarray, offset: np.ndarray, limits: Limits) -> Net:
    path = SHARED / "models" / f"{name}.onnx"
    options = CompileOptions(pixel_scale=scale.tolist(), pixel_offset=offset.tolist())
    return Net(name, about, Variant(given(path), cifar, options), rtl_images=4, limits=limits, needs=path)


def _in_style(name: str, about: str, grow: Grow, size: int) -> Net:
    shape = (3, size, size)
    model = Variant(built(name, grow, shape), partial(noise, shape, 64), SIGNED)
    return Net(name, about, model, limits=Limits(sqnr=12.0))


def _tiny_yolo(full: bool = False) -> Net:
    folder = SHARED / "models" / "tiny_yolo_v2_voc"
    options = CompileOptions(pixel_scale=1 / 255, images_in_flight=1)

    def variant(size: int) -> Variant:
        def model(place: Path) -> Path:
            return tiny_yolo(folder, size).save(place / f"tiny_yolo_{size}.onnx")

        return Variant(model, partial(photographs, folder, size), options)

    limits = Limits(compile_seconds=60, image_seconds=20)
    if full:
        return Net(
            "tiny_yolo_full", "Tiny-YOLOv2, 416x416 on the RTL, too", variant(416), rtl_images=1, studied=1,
            limits=limits, needs=folder,
        )  # fmt: skip
    return Net(
        "tiny_yolo", "Tiny-YOLOv2, 416x416; RTL 96x96", variant(416), rtl_images=1, studied=1, on_rtl=variant(96),
        limits=limits, needs=folder,
    )  # fmt: skip


def _at_full_size(name: str, about: str, grow: Grow) -> Net:
    shape = (3, 224, 224)
    model = Variant(built(name, grow, shape), partial(noise, shape, 4), SIGNED)
    return Net(name, about, model, rtl_images=1, studied=1, limits=Limits(sqnr=12.0))


def _yolo_v2() -> Net:
    shape = (3, 416, 416)
    options = CompileOptions(pixel_scale=1 / 255, images_in_flight=1)
    model = Variant(built("yolo_v2", yolo_v2, shape), partial(noise, shape, 4), options)
    return Net(
        "yolo_v2", "YOLOv2, 416x416, random weights", model, rtl_images=1, studied=1,
        limits=Limits(sqnr=12.0, image_seconds=10),
    )  # fmt: skip


def _alexnet() -> Net:
    def model(folder: Path) -> Path:
        return alexnet(99, seed=9, width=1 / 4, classes=100).save(folder / "alexnet.onnx")

    options = CompileOptions(pixel_scale=1.0)
    return Net("alexnet", "AlexNet with LRN, 99x99, a quarter of the width", Variant(
        model, partial(noise, (3, 99, 99), 32), options
    ), rtl_images=1)  # fmt: skip


def _of_path(name: str) -> Net:
    grow, shape = PATHS[name]
    about = (grow.__doc__ or "").partition(":")[0].rstrip(".")
    model = Variant(built(f"path_{name}", grow, shape), partial(floats, shape, 24), CompileOptions())
    return Net(f"path_{name}", about, model, limits=Limits(sqnr=12.0))


def large_networks() -> list[Net]:
    """Networks that take the RTL minutes to an hour: run only where they are named."""
    return [
        _at_full_size("resnet50", "ResNet-50, 224x224, random weights", styles.resnet50),
        _at_full_size("vgg16", "VGG-16, 224x224, random weights", styles.vgg16),
        _yolo_v2(),
        _tiny_yolo(full=True),
    ]


def networks() -> list[Net]:
    """All networks, in the order in which they are shown."""
    return [
        _of_zoo("lenet5", "LeNet-5 of our own"),
        _of_zoo("residual", "small residual network of our own"),
        _of_digits("lenet_caffe", "LeNet 20/50/500/10", 1 / 256, cycles=100_000),
        _of_digits("mnist_cntk", "two convolutions, pooling 3x3", 1.0),
        _of_cifar(
            "resnet18_cifar10", "narrow ResNet-18", np.ones(3), -np.array([125.3, 123.0, 113.9]),
            Limits(drop=1.0, cycles=620_000, compile_seconds=10, image_seconds=1 / 60),
        ),
        _of_cifar("resnet20_cifar10", "ResNet-20", 1 / 255 / STD, -MEAN / STD, Limits(drop=1.0)),
        _alexnet(),
        _in_style("vgg", "VGG for CIFAR, random weights", styles.vgg, 32),
        _in_style("mobile", "MobileNet v2, depthwise", styles.mobile, 32),
        _in_style("squeeze", "SqueezeNet, fire modules", styles.squeeze, 48),
        _in_style("efficient", "EfficientNet, SiLU, squeeze and excitation", styles.efficient, 32),
        _in_style("detector", "YOLO of today, SiLU, CSP, neck with Resize", styles.detector, 64),
        _tiny_yolo(),
        *map(_of_path, PATHS),
    ]  # fmt: skip
