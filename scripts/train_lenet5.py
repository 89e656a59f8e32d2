"""Train the zoo's LeNet-5 on MNIST and write it as ONNX (needs the extra `train`: torch on the CPU).

    python scripts/train_lenet5.py --mnist ../shared/data/mnist

The network is the classic one on 28x28 pictures: 5x5 convolution with padding 2 to 6 maps, 5x5 convolution to
16 maps, ReLU and 2x2 max pooling after each, then 400-120-84-10. Input: pixel / 255, shape N x 1 x 28 x 28.
The seed fixes initial weights, order and augmentation, so a run repeats on the same machine and torch build.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import onnx
import torch
import typer
from onnx import TensorProto, helper, numpy_helper
from rich.progress import track
from torch import nn
from torch.nn import functional

ROOT = Path(__file__).resolve().parent.parent


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


def lenet5() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


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
        return 100.0 * (net(images).argmax(1) == labels).float().mean().item()


def train(net: nn.Module, images: torch.Tensor, labels: torch.Tensor, epochs: int, seed: int) -> None:
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


def to_onnx(net: nn.Sequential) -> onnx.ModelProto:
    """The network as plain ONNX operators, opset 13, batch dimension left open."""
    nodes, weights, tensor = [], [], "image"
    for index, layer in enumerate(net):
        out = f"t{index}"
        inputs = [tensor]
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            for part in ("weight", "bias"):
                inputs.append(f"l{index}.{part}")
                weights.append(numpy_helper.from_array(getattr(layer, part).detach().numpy(), inputs[-1]))
        if isinstance(layer, nn.Conv2d):
            shape = {"kernel_shape": [5, 5], "pads": [int(layer.padding[0])] * 4}
            nodes.append(helper.make_node("Conv", inputs, [out], f"conv{index}", **shape))
        elif isinstance(layer, nn.Linear):
            nodes.append(helper.make_node("Gemm", inputs, [out], f"fc{index}", transB=1))
        elif isinstance(layer, nn.MaxPool2d):
            shape = {"kernel_shape": [2, 2], "strides": [2, 2]}
            nodes.append(helper.make_node("MaxPool", inputs, [out], f"pool{index}", **shape))
        elif isinstance(layer, nn.Flatten):
            nodes.append(helper.make_node("Flatten", inputs, [out], f"flatten{index}"))
        else:
            nodes.append(helper.make_node("Relu", inputs, [out], f"relu{index}"))
        tensor = out
    nodes[-1].output[0] = "scores"
    graph = helper.make_graph(
        nodes,
        "lenet5",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, 28, 28])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", 10])],
        weights,
    )
    model = helper.make_model(graph, producer_name="cocodla", opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


def main(
    mnist: Path = typer.Option(ROOT.parent / "shared/data/mnist", help="folder of the four IDX files"),
    out: Path = typer.Option(ROOT / "models/zoo/lenet5.onnx", help="ONNX file to write"),
    epochs: int = 30,
    seed: int = 2026,
) -> None:
    """Train, report the accuracy on the 10,000 test pictures, write the ONNX file."""
    print(f"seed {seed}")
    torch.manual_seed(seed)
    net = lenet5()
    train(net, *load(mnist, "train"), epochs, seed)
    print(f"accuracy on the test pictures: {accuracy(net, *load(mnist, 't10k')):.2f} %")
    out.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(to_onnx(net), str(out))


if __name__ == "__main__":
    typer.run(main)
