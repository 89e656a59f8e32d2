"""Some layers of a network by themselves: the same tensors as in the whole, whatever a layer finds when it starts."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from cocodla import cli
from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.errors import UserError
from cocodla.golden import run as run_golden
from cocodla.nets import paths
from cocodla.nets.builder import Builder
from cocodla.registers import MAP
from cocodla.runtime import rtl
from cocodla.runtime.span import Span, span_program
from cocodla.runtime.verify import verify_network

IMAGES = 3


def normal(shape: tuple[int, int, int]) -> np.ndarray:
    return np.random.default_rng(5).normal(size=(IMAGES, *shape)).astype(np.float32)


def with_tables(folder: Path, **options: int | bool) -> tuple[Network, np.ndarray]:
    """Two normalisations with tables of their own, a Concat in place, an Add, pooling; memory is used again."""
    builder = Builder((9, 6, 6), 3).conv(9, (1, 1)).node("Relu")
    builder.node("LRN", size=3, alpha=4.0).node("LRN", size=5, alpha=3.0, beta=1.0)
    left = builder.conv(16, (3, 3), pads=[1, 1, 1, 1]).last
    right = builder.conv(8, (1, 1)).last
    builder.node("Concat", inputs=[left, right], axis=1).channels = 24
    joined = builder.conv(16, (1, 1)).last
    builder.node("Add", inputs=[joined, left]).node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    images = np.abs(normal((9, 6, 6)))
    return compile_model(builder.save(folder / "m.onnx"), images, CompileOptions(reuse_memory=True, **options)), images


def sharing(folder: Path, reuse: dict[int, str]) -> tuple[Network, np.ndarray]:
    """Three convolutions of the same input, one image in flight. reuse: what one takes from the one before."""
    builder = Builder((16, 5, 5), 3)
    source = builder.last
    parts = [_conv(builder, source) for _ in range(3)]
    builder.node("Add", inputs=parts[:2])
    builder.node("Add", inputs=[builder.last, parts[2]])
    images = normal((16, 5, 5))
    network = compile_model(builder.save(folder / "m.onnx"), images, CompileOptions(images_in_flight=1))
    places = [place for place, layer in enumerate(network.layers) if "CDMA" in layer.units]
    for number, kind in reuse.items():
        _set(network, places[number - 1], f"SKIP_{kind}_RLS")
        _set(network, places[number], f"{kind}_REUSE")
    return network, images


def _conv(builder: Builder, source: str) -> str:
    builder.last, builder.channels = source, 16
    return builder.conv(8, (1, 1)).last


def _set(network: Network, place: int, flag: str) -> None:
    for unit in ("CDMA", "CSC"):
        path = f"{unit}.D_MISC_CFG"
        words = network.layers[place].registers
        words[path] |= 1 << MAP[path].field(flag).lsb


def tensors(network: Network, images: np.ndarray, span: Span) -> dict[str, bytes]:
    """What the golden model reads back of a span: by name."""
    program = span_program(network, {network.input.tensor: network.input_bytes(images)}, 0, span)
    return {seen.name: seen.data for seen in run_golden(program).observations}


@pytest.mark.parametrize("in_flight", [1, 2])
def test_every_span_has_the_tensors_of_the_whole(in_flight: int, tmp_path: Path) -> None:
    network, images = with_tables(tmp_path, images_in_flight=in_flight)
    count = len(network.layers)
    whole = tensors(network, images, Span.whole(network))
    for first in range(count):
        for last in range(first, count):
            found = tensors(network, images, Span(first, last))
            completed = {name for layer in network.layers[first : last + 1] for name in layer.completes}
            assert {name.partition("/")[2] for name in found} >= completed
            for name in completed:
                if not network.tensors[name].has_gaps:
                    assert all(found[f"image{i}/{name}"] == whole[f"image{i}/{name}"] for i in range(IMAGES)), name
            assert len(found) >= IMAGES


def test_every_split_on_the_rtl(tmp_path: Path) -> None:
    network, images = with_tables(tmp_path)
    assert [layer.operation[:3] for layer in network.layers].count("lrn") == 2
    whole = verify_network(network, images, np.zeros(IMAGES), rtl.Simulation(seed=1))
    for place in range(1, len(network.layers)):
        parts = [Span(0, place - 1), Span(place, len(network.layers) - 1)]
        runs = [verify_network(network, images, np.zeros(IMAGES), rtl.Simulation(seed=1), span=span) for span in parts]
        assert all(run.passed for run in runs), [run.first_mismatch or run.failures for run in runs]
        assert [layer.name for run in runs for layer in run.layers] == [layer.name for layer in whole.layers]
        assert not runs[0].predictions


@pytest.mark.parametrize(
    ("reuse", "wanted", "run"),
    [
        ({1: "DATA"}, Span(1, 1), Span(0, 1)),
        ({1: "DATA", 2: "DATA"}, Span(2, 2), Span(0, 2)),
        ({2: "DATA"}, Span(2, 2), Span(1, 2)),
        ({2: "DATA"}, Span(0, 1), Span(0, 1)),
        ({1: "WEIGHT"}, Span(1, 2), Span(0, 2)),
        ({0: "WEIGHT"}, Span(0, 1), Span(0, 2)),  # from the last layer of the image before
    ],
)
def test_layers_that_reuse_run_with_those_that_leave(
    reuse: dict[int, str], wanted: Span, run: Span, tmp_path: Path
) -> None:
    network, images = sharing(tmp_path, reuse)
    assert len(network.layers) == 3
    span = wanted.runnable(network)
    assert span == run
    whole, found = (tensors(network, images, part) for part in (Span.whole(network), span))
    assert found and all(whole[name] == data for name, data in found.items())
    result = verify_network(network, images, np.zeros(IMAGES), rtl.Simulation(seed=1), span=span)
    assert result.passed, result.first_mismatch or result.failures


def test_spans_of_stages(tmp_path: Path) -> None:
    """The host between two stages, whose tensors are joined: layers on both sides of it, and of one stage alone."""
    builder, images = Builder((8, 6, 6), 3), normal((8, 6, 6))
    network = compile_model(paths.stages(builder).save(tmp_path / "m.onnx"), images)
    count = len(network.layers)
    begin = next(place for place, layer in enumerate(network.layers) if layer.stage == 1)
    assert network.stages == 2 and 0 < begin < count - 1
    for span in (Span(begin - 1, begin), Span(0, begin), Span(begin, begin), Span(begin + 1, count - 1)):
        run = verify_network(network, images, np.zeros(IMAGES), rtl.Simulation(seed=1), span=span)
        assert run.passed, run.first_mismatch or run.failures
        wanted = network.layers[span.first : span.last + 1]
        assert [layer.name for layer in run.layers] == [layer.name for layer in wanted]


def test_texts(tmp_path: Path) -> None:
    network, _ = sharing(tmp_path, {})
    network.layers = [replace(layer, name=f"conv{place}..x") for place, layer in enumerate(network.layers)]
    assert Span.parse(network, "conv1..x") == Span(1, 1)  # a name that looks like a range
    network.layers = [replace(layer, name=f"conv{place}") for place, layer in enumerate(network.layers)]
    texts = {"conv1": (1, 1), "conv0..conv1": (0, 1), "conv1..": (1, 2), "..conv1": (0, 1), "..": (0, 2)}
    for text, ends in texts.items():
        assert Span.parse(network, text) == Span(*ends)
    for text, message in {
        "con1": "no layer 'con1'; did you mean conv1", "conv0..comv2": "no layer 'comv2'; did you mean conv2",
        "conv2..conv0": "'conv0' comes before 'conv2'", "7": "it has conv0, conv1, conv2", "": "no layer ''",
    }.items():  # fmt: skip
        with pytest.raises(UserError, match=message):
            Span.parse(network, text)


def test_command(tmp_path: Path) -> None:
    network, images = sharing(tmp_path, {1: "DATA"})
    network.save(tmp_path / "net.dla")
    np.save(tmp_path / "images.npy", images)
    first, second, third = (layer.name for layer in network.layers)
    words = ["verify", str(tmp_path / "net.dla"), "--input", str(tmp_path / "images.npy"), "--seed", "1", "--layers"]
    outcome = CliRunner().invoke(cli.app, [*words, second])
    assert outcome.exit_code == 0, outcome.output
    assert f"layers {second} reuse what is in the convolution buffer: {first}..{second} are run" in outcome.output
    assert f"PASS: {2 * IMAGES} tensors compared" in outcome.output
    outcome = CliRunner().invoke(cli.app, [*words, f"{third}..{first}"])
    assert outcome.exit_code == 2 and len(outcome.stderr.strip().splitlines()) == 1


def test_command_fails_where_a_tensor_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network, images = sharing(tmp_path, {})
    network.save(tmp_path / "net.dla")
    np.save(tmp_path / "images.npy", images)
    genuine = rtl.run

    def faulty(*args: object, **kwargs: object) -> object:
        execution = genuine(*args, **kwargs)  # type: ignore[arg-type]
        seen = execution.observations[-1]
        execution.observations[-1] = type(seen)(seen.index, seen.name, bytes([seen.data[0] ^ 1]) + seen.data[1:])
        return execution

    monkeypatch.setattr(rtl, "run", faulty)
    words = ["verify", str(tmp_path / "net.dla"), "--input", str(tmp_path / "images.npy"), "--seed", "1"]
    outcome = CliRunner().invoke(cli.app, [*words, "--layers", f"{network.layers[1].name}.."])
    assert outcome.exit_code == 1 and re.search("first mismatch: .*image2/", outcome.output)
    assert f"--layers {network.layers[1].name}.." in outcome.output  # in the command that does it again


def test_a_layer_in_parts_has_one_name(tmp_path: Path) -> None:
    """NAME stands for NAME#0, NAME#1, ..., also as an end; parts keep names of their own."""
    grow, shape = paths.PATHS["bands"]
    images = normal(shape)
    network = compile_model(grow(Builder(shape, 1)).save(tmp_path / "m.onnx"), images, CompileOptions())
    names = [layer.name for layer in network.layers]
    name = next(name.partition("#")[0] for name in names if "#" in name)
    parts = [place for place, other in enumerate(names) if other.partition("#")[0] == name]
    assert len(parts) > 1
    whole = Span(parts[0], parts[-1])
    assert Span.parse(network, name) == whole == Span.parse(network, f"{name}..{name}")
    assert Span.parse(network, f"..{name}") == Span(0, parts[-1])
    assert Span.parse(network, f"{name}..") == Span(parts[0], len(names) - 1)
    assert Span.parse(network, f"{name}#1") == Span(parts[1], parts[1])
    with pytest.raises(UserError, match=f"has no layer '{name}x'; did you mean"):
        Span.parse(network, f"{name}x")
