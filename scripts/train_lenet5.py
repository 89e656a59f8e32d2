"""Train the zoo's LeNet-5 on MNIST and write it as ONNX (needs the extra `train`: torch on the CPU).

    python scripts/train_lenet5.py --mnist ../shared/data/mnist

The network is the classic one on 28x28 pictures: 5x5 convolution with padding 2 to 6 maps, 5x5 convolution to
16 maps, ReLU and 2x2 max pooling after each, then 400-120-84-10.
"""

from __future__ import annotations

from pathlib import Path

import torch
import typer
from torch import nn

import training


def lenet5() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def write(net: nn.Sequential, path: Path) -> None:
    """The network as plain ONNX operators."""
    writer, tensor = training.OnnxWriter(), "image"
    for layer in net:
        tensor = writer.layer(tensor, layer)
    writer.save(path, "lenet5")


def main(
    mnist: Path = typer.Option(training.MNIST, help="folder of the four IDX files"),
    out: Path = typer.Option(training.ROOT / "models/zoo/lenet5.onnx", help="ONNX file to write"),
    epochs: int = 30,
    seed: int = 2026,
) -> None:
    """Train, report the accuracy on the 10,000 test pictures, write the ONNX file."""
    torch.manual_seed(seed)
    net = lenet5()
    training.run(net, mnist, epochs, seed)
    write(net, out)


if __name__ == "__main__":
    typer.run(main)
