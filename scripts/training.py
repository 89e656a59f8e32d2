"""What the training scripts share: MNIST, augmentation, the training loop, and networks as plain ONNX operators.

Input of all networks: pixel / 255, shape N x 1 x 28 x 28. A seed fixes initial weights, order and augmentation, so a
run repeats on the same machine and torch build.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from rich.progress import track
from torch import nn
from torch.nn import functional

ROOT = Path(__file__).resolve().parent.parent
MNIST = ROOT.parent / "shared/data/mnist"


def read_idx(path: Path) -> np.ndarray:
    """Unsigned bytes of a gzip-compressed IDX file, shaped as its header says."""
    raw = gzip.decompress(path.read_bytes())
    shape = [int.from_bytes(raw[4 + 4 * i : 8 + 4 * i], "big") for i in range(raw[3])]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * len(shape)).reshape(shape)


def load(folder: Path, split: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures as float N x 1 x 28 x 28 in 0..1, labels as int64 N; split is `train` or `t10k`."""
    images = read_idx(folder / f"{split}-images-idx3-ubyte.gz")
    labels = read_idx(folder / f"{split}-labels-idx1-ubyte.gz")
    return torch.tensor(images[:, None] / 255.0, dtype=torch.float32), torch.tensor(labels.astype(np.int64))


def augment(batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Each picture turned, scaled and moved a little, at random."""
    n = len(batch)
    angle = (torch.rand(n, generator=generator) - 0.5) * 0.4
    scale = 1 + (torch.rand(n, generator=generator) - 0.5) * 0.2
    shift = (torch.rand(n, 2, generator=generator) - 0.5) * 0.25
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = torch.cos(angle) * scale
    theta[:, 0, 1], theta[:, 1, 0] = -torch.sin(angle) * scale, torch.sin(angle) * scale
    theta[:, :, 2] = shift
    grid = functional.affine_grid(theta, list(batch.shape), align_corners=False)
    return functional.grid_sample(batch, grid, align_corners=False)


def accuracy(net: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    """Share of correct predictions in percent."""
    net.eval()
    with torch.no_grad():
        right = [(net(x).argmax(1) == y).sum() for x, y in zip(images.split(500), labels.split(500), strict=True)]
        return 100.0 * float(torch.stack(right).sum()) / len(labels)


def train(net: nn.Module, images: torch.Tensor, labels: torch.Tensor, epochs: int, seed: int) -> None:
    """AdamW with a one-cycle schedule on augmented pictures."""
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-4)
    batch = 128
    steps = epochs * (len(images) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=6e-3, total_steps=steps)
    for _ in track(range(epochs), description="epochs"):
        net.train()
        order = torch.randperm(len(images), generator=generator)
        for i in range(len(images) // batch):
            pick = order[i * batch : (i + 1) * batch]
            loss = functional.cross_entropy(net(augment(images[pick], generator)), labels[pick])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()


def run(net: nn.Module, mnist: Path, epochs: int, seed: int) -> None:
    """Train on MNIST and report the accuracy on the 10,000 test pictures."""
    print(f"seed {seed}, {sum(p.numel() for p in net.parameters()):,} parameters")
    train(net, *load(mnist, "train"), epochs, seed)
    print(f"accuracy on the test pictures: {accuracy(net, *load(mnist, 't10k')):.2f} %")


class OnnxWriter:
    """Grows an ONNX graph (opset 13, batch dimension left open) layer by layer; each method returns its output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def node(self, kind: str, name: str, *inputs: str, **attributes: Any) -> str:
        """An operator called `name` and its number."""
        number = len(self.nodes)
        self.nodes.append(helper.make_node(kind, inputs, [f"t{number}"], f"{name}{number}", **attributes))
        return f"t{number}"

    def layer(self, tensor: str, layer: nn.Module) -> str:
        """A layer of torch that needs nothing but its input."""
        if isinstance(layer, nn.Conv2d):
            (kernel, _), (stride, _), (pad, _) = layer.kernel_size, layer.stride, layer.padding
            strides = {} if stride == 1 else {"strides": [stride] * 2}
            shape = {"kernel_shape": [kernel] * 2, "pads": [int(pad)] * 4, **strides}
            return self.node("Conv", "conv", tensor, *self.parameters(layer, "weight", "bias"), **shape)
        if isinstance(layer, nn.BatchNorm2d):
            parts = self.parameters(layer, "weight", "bias", "running_mean", "running_var")
            return self.node("BatchNormalization", "norm", tensor, *parts, epsilon=layer.eps)
        if isinstance(layer, nn.Linear):
            return self.node("Gemm", "fc", tensor, *self.parameters(layer, "weight", "bias"), transB=1)
        if isinstance(layer, nn.MaxPool2d):
            return self.node("MaxPool", "pool", tensor, kernel_shape=[2, 2], strides=[2, 2])
        kinds = {nn.Flatten: "Flatten", nn.ReLU: "Relu", nn.AdaptiveAvgPool2d: "GlobalAveragePool"}
        kind = kinds[type(layer)]
        return self.node(kind, kind.lower(), tensor)

    def parameters(self, layer: nn.Module, *parts: str) -> list[str]:
        """Names of new initializers; parts a layer does not have (a bias) are left out."""
        names = []
        for part in parts:
            value = getattr(layer, part)
            if value is not None:
                names.append(f"l{len(self.nodes)}.{part}")
                self.weights.append(numpy_helper.from_array(value.detach().numpy(), names[-1]))
        return names

    def save(self, path: Path, name: str) -> None:
        """Check and write the model; what the last node makes is called `scores`."""
        self.nodes[-1].output[0] = "scores"
        image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, 28, 28])
        scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", 10])
        graph = helper.make_graph(self.nodes, name, [image], [scores], self.weights)
        model = helper.make_model(graph, producer_name="cocodla", opset_imports=[helper.make_opsetid("", 13)])
        model.ir_version = 8
        onnx.checker.check_model(model)
        path.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(model, str(path))
