"""Train the zoo's residual network on MNIST and write it as ONNX (needs the extra `train`: torch on the CPU).

    python scripts/train_residual.py --mnist ../shared/data/mnist

3x3 convolution to 16 maps, 2x2 max pooling, three residual blocks (16 maps; 24 with stride 2 and a 1x1 convolution in
the short cut; 24), global average pooling, one fully connected layer. BatchNormalization stays in the file.
"""

from __future__ import annotations

from pathlib import Path

import torch
import typer
from torch import nn
from torch.nn import functional

import training


class Block(nn.Module):
    """relu(conv(relu(conv(x))) + x); the short cut is a 1x1 convolution where the shapes differ."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU(),
            nn.Conv2d(after, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after),
        )  # fmt: skip
        self.short = nn.Sequential()
        if before != after or stride != 1:
            self.short = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.relu(self.body(x) + self.short(x))


def residual() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        Block(16, 16, 1), Block(16, 24, 2), Block(24, 24, 1),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 10),
    )  # fmt: skip


def write(net: nn.Sequential, path: Path) -> None:
    """The network as plain ONNX operators."""
    writer, tensor = training.OnnxWriter(), "image"
    for layer in net:
        if isinstance(layer, Block):
            body = short = tensor
            for part in layer.body:
                body = writer.layer(body, part)
            for part in layer.short:
                short = writer.layer(short, part)
            tensor = writer.node("Relu", "relu", writer.node("Add", "add", body, short))
        else:
            tensor = writer.layer(tensor, layer)
    writer.save(path, "residual")


def main(
    mnist: Path = typer.Option(training.MNIST, help="folder of the four IDX files"),
    out: Path = typer.Option(training.ROOT / "models/zoo/residual.onnx", help="ONNX file to write"),
    epochs: int = 8,
    seed: int = 2026,
) -> None:
    """Train, report the accuracy on the 10,000 test pictures, write the ONNX file."""
    torch.manual_seed(seed)
    net = residual()
    training.run(net, mnist, epochs, seed)
    write(net, out)


if __name__ == "__main__":
    typer.run(main)
