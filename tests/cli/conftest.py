"""What the command line's tests share: digits in files and a compiled LeNet-5."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from cocodla import cli, datasets, zoo

LENET = zoo.FOLDER / "lenet5.onnx"


def invoke(*arguments: object) -> Result:
    """Run a command of the project."""
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def complaint(*arguments: object) -> str:
    """The one line on stderr of a command that must end with status 2."""
    outcome = invoke(*arguments)
    assert outcome.exit_code == 2, outcome.output
    lines = outcome.stderr.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("cocodla: "), outcome.output
    return lines[0]


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with digits.npy (300), labels.npy and a folder `png` of 10 pictures."""
    folder = tmp_path_factory.mktemp("digits")
    pictures, labels = datasets.sklearn_digits()
    np.save(folder / "digits.npy", pictures[:300])
    np.save(folder / "labels.npy", labels[:300])
    (folder / "png").mkdir()
    for index in range(10):
        Image.fromarray(pictures[index, 0]).save(folder / "png" / f"{index}.png")
    return folder


@pytest.fixture(scope="session")
def compiled(digits: Path) -> Path:
    """LeNet-5, compiled by the command."""
    target = digits / "lenet5.dla"
    outcome = invoke("compile", LENET, "--calib", digits / "digits.npy", "--pixel-scale", 1 / 255, "-o", target)
    assert outcome.exit_code == 0, outcome.output
    return target
