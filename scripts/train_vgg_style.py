"""Train a VGG-style network on MNIST and write it as ONNX (needs the extra `train`: torch on the CPU).

    python scripts/train_vgg_style.py --mnist ../shared/data/mnist --out vgg_style.onnx

Pairs of 3x3 convolutions (16; 32, 32; 64, 64 maps) with ReLU, 2x2 max pooling behind each, two fully connected layers.
It does not ship: it is what docs/pruning.md is measured with.
"""

from __future__ import annotations

from pathlib import Path

import torch
import typer
from torch import nn

import training


def vgg_style() -> nn.Sequential:
    layers: list[nn.Module] = []
    before = 1
    for stage in ((16,), (32, 32), (64, 64)):
        for maps in stage:
            layers += [nn.Conv2d(before, maps, 3, padding=1), nn.ReLU()]
            before = maps
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * 9, 64), nn.ReLU(), nn.Linear(64, 10))


def write(net: nn.Sequential, path: Path) -> None:
    """The network as plain ONNX operators."""
    writer, tensor = training.OnnxWriter(), "image"
    for layer in net:
        tensor = writer.layer(tensor, layer)
    writer.save(path, "vgg_style")


def main(
    mnist: Path = typer.Option(training.MNIST, help="folder of the four IDX files"),
    out: Path = typer.Option(Path("vgg_style.onnx"), help="ONNX file to write"),
    epochs: int = 3,
    seed: int = 2026,
) -> None:
    """Train, report the accuracy on the 10,000 test pictures, write the ONNX file."""
    torch.manual_seed(seed)
    net = vgg_style()
    training.run(net, mnist, epochs, seed)
    write(net, out)


if __name__ == "__main__":
    typer.run(main)
