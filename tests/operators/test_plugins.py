"""Operators as plug-ins of the compiler: numbers, registers, RTL, and everything that can be wrong with one."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from models import CustomBuilder, every_operator, save
from typer.testing import CliRunner

from cocodla import cli
from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.compiler.frontend.importer import load_model
from cocodla.errors import UserError
from cocodla.nets.builder import Builder
from cocodla.operators.library import DOMAIN
from cocodla.runtime import rtl
from cocodla.runtime.verify import verify_network
from cocodla.units import registry

PLAIN = CompileOptions(
    effort="fast", strict=True, calibrator="minmax", headroom=0.0, equalise=False, bias_correction=False,
    adaptive_rounding=False, asymmetric=False,
)  # fmt: skip
IMAGES = np.random.default_rng(5).normal(size=(8, 8, 8, 8)).astype(np.float32)
PADS = [1, 1, 1, 1]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Network]:
    path = save(every_operator(), tmp_path_factory.mktemp("custom"))
    return path, compile_model(path, IMAGES, PLAIN)


def test_every_operator_is_used(compiled: tuple[Path, Network]) -> None:
    used = {layer.operation.partition(":")[0] for layer in compiled[1].layers}
    known = {name for domain, name in registry.known_operators() if domain == DOMAIN}
    assert known <= used and len(known) >= 10


def test_results_are_near_the_references(compiled: tuple[Path, Network], tmp_path: Path) -> None:
    """Saved and loaded; against onnxruntime, which runs the references as functions."""
    path, network = compiled
    network.save(tmp_path / "custom.dla")
    found = Network.load(tmp_path / "custom.dla").golden_batch(IMAGES)
    session = onnxruntime.InferenceSession(load_model(path).SerializeToString())
    (name,) = (value.name for value in session.get_inputs())
    wanted = np.concatenate([np.asarray(session.run(None, {name: image[None]})[0]) for image in IMAGES])
    error = float(np.sqrt(np.mean((found.reshape(wanted.shape) - wanted) ** 2) / np.mean(wanted**2)))
    assert error < 0.06


def test_on_the_rtl(compiled: tuple[Path, Network]) -> None:
    """Every tensor, those between an operator's layers as well, equal to the golden model's."""
    network = compiled[1]
    run = verify_network(network, IMAGES[:2], np.zeros(2, int), rtl.Simulation(seed=1))
    assert run.passed, run.first_mismatch or run.failures
    assert run.tensors_compared == 2 * sum(len(layer.completes) for layer in network.layers)


PAIRS: dict[str, tuple[Any, Any]] = {
    "ConvRelu": (
        lambda b: b.custom("ConvRelu", *b.weights(16, 8, 3, 3), strides=[1, 1], pads=PADS),
        lambda b: b.node("Conv", *b.weights(16, 8, 3, 3), pads=PADS).node("Relu"),
    ),
    "ConvLeakyRelu": (
        lambda b: b.custom("ConvLeakyRelu", *b.weights(11, 8, 1, 1), strides=[1, 1], pads=[0] * 4, alpha=0.2),
        lambda b: b.node("Conv", *b.weights(11, 8, 1, 1)).node("LeakyRelu", alpha=0.2),
    ),
    "ConvReluMaxPool": (
        lambda b: b.custom("ConvReluMaxPool", *b.weights(9, 8, 1, 1), strides=[1, 1], pads=[0] * 4),
        lambda b: b.node("Conv", *b.weights(9, 8, 1, 1)).node("Relu").node(
            "MaxPool", kernel_shape=[3, 3], strides=[2, 2]
        ),
    ),
    "FullyConnected": (
        lambda b: b.custom("FullyConnected", *b.weights(20, 512)),
        lambda b: b.node("Flatten").node("Gemm", *b.weights(20, 512), transB=1),
    ),
    "Lrn": (
        lambda b: b.custom("Lrn", size=3, alpha=0.1, beta=0.75, bias=1.0),
        lambda b: b.node("LRN", size=3, alpha=0.1, beta=0.75, bias=1.0),
    ),
    "Reorg": (lambda b: b.custom("Reorg", stride=2), lambda b: b.node("SpaceToDepth", blocksize=2)),
    "GlobalAverage": (lambda b: b.custom("GlobalAverage"), lambda b: b.node("GlobalAveragePool")),
}  # fmt: skip
OTHER_CODES = ("GlobalAverage",)
"""The compiler leaves room above the largest average it has seen."""
OTHER_LAYERS = ("GlobalAverage", "Reorg", "ConvReluMaxPool")
"""The compiler stacks surfaces, picks elements of few channels by a convolution, leaves out rows that nobody reads."""
OUTSIDE = re.compile(
    r"D_DP_B[SN]_(ALU|MUL)_(CFG|SRC_VALUE)$|D_DAIN_MAP$|D_(BS|BN|SRC)_(LINE|SURFACE)_STRIDE$|_ADDR_|^CDMA.D_ZERO_"
)
"""Registers in which the two may differ: operands of bypassed parts, packing that our CDMA does not look at, strides
of operands by channel, memory, padding of features (CSC's)."""


@pytest.mark.parametrize("name", PAIRS)
def test_the_compiler_makes_the_same_of_the_same_operator(name: str, tmp_path: Path) -> None:
    """Codes of all outputs; the same registers where both take one layer for the same cube."""
    networks = []
    for index, grow in enumerate(PAIRS[name]):
        builder = CustomBuilder((8, 8, 8), seed=6)
        grow(builder)
        networks.append(compile_model(builder.save(tmp_path / f"{index}.onnx"), IMAGES, PLAIN))
    ours, theirs = networks
    found, wanted = (network.golden_batch(IMAGES).reshape(len(IMAGES), -1) for network in networks)
    step = theirs.tensors[theirs.outputs[0].tensor or ""].scale
    assert np.abs(found - wanted).max() < (2 * step if name in OTHER_CODES else step / 100)
    if name in OTHER_LAYERS:
        return
    (mine,), (other,) = ours.layers, theirs.layers
    assert mine.units == other.units
    both = mine.registers.keys() & other.registers.keys()
    assert not [path for path in both if mine.registers[path] != other.registers[path] and not OUTSIDE.search(path)]


def test_depthwise_layers_of_the_input_are_taken_apart(tmp_path: Path) -> None:
    """Found by the benchmark of operators: merged to one dense layer they took four times as long."""
    builder = Builder((32, 12, 12)).conv(32, (3, 3), group=32, pads=PADS)
    images = np.random.default_rng(1).normal(size=(1, 32, 12, 12))
    network = compile_model(builder.save(tmp_path / "m.onnx"), images, PLAIN)
    assert len(network.layers) == 4


# -- what can be wrong -----------------------------------------------------------------------

GOOD = '''
from cocodla.operators import Sdp, Stage, operator

@operator("my.ops", "{name}", "(x) => (y) {{ y = Relu(x) }}")
def rectify(steps, x, *, to):
    steps(Sdp(x, bs=Stage(relu=True), scale=1), to=to)
'''


def plugged(folder: Path, name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed distribution with a module that is a plug-in."""
    (folder / f"{name}.py").write_text(text)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[cocodla.operators]\n{name} = {name}\n")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, name, raising=False)
    return folder / f"{name}.py"


def model(folder: Path, name: str = "Rectify", domain: str = "my.ops", **attributes: Any) -> Path:
    builder = CustomBuilder((8, 8, 8))
    builder.custom(name, domain=domain, **attributes)
    builder.channels = 8
    builder.conv(4, (1, 1))
    return save(builder, folder)


def complaint(path: Path, folder: Path) -> str:
    """The one line of `cocodla compile`, which ends with status 2 and writes nothing."""
    np.save(folder / "calib.npy", IMAGES)
    arguments = ["compile", path, "--calib", folder / "calib.npy", "--effort", "fast", "-o", folder / "out.dla"]
    outcome = CliRunner().invoke(cli.app, list(map(str, arguments)))
    assert outcome.exit_code == 2, outcome.output
    assert not (folder / "out.dla").exists()
    (line,) = outcome.stderr.strip().splitlines()
    return line


def test_an_installed_plugin_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugged(tmp_path, "rectifier", GOOD.format(name="Rectify"), monkeypatch)
    network = compile_model(model(tmp_path), IMAGES, CompileOptions(effort="fast"))
    assert network.layers[0].operation == "Rectify: sdp" and not network.meta["host"]


def test_a_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.py").write_text(GOOD.format(name="Rectify"))
    monkeypatch.setenv(registry.VARIABLE, str(tmp_path / "mine.py"))
    assert compile_model(model(tmp_path), IMAGES, CompileOptions(effort="fast")).layers[0].operation == "Rectify: sdp"


def test_the_host_takes_what_does_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its reference: a vector is no image."""
    (tmp_path / "mine.py").write_text(GOOD.format(name="Rectify"))
    monkeypatch.setenv(registry.VARIABLE, str(tmp_path / "mine.py"))
    builder = CustomBuilder((8, 8, 8))
    builder.gemm(512, 6)
    builder.custom("Rectify", domain="my.ops")
    network = compile_model(save(builder, tmp_path), IMAGES, CompileOptions(effort="fast"))
    assert [place["operator"] for place in network.meta["host"]] == ["Rectify"]
    assert "must be N x C x H x W" in network.meta["host"][0]["reason"]
    network.save(tmp_path / "n.dla")
    assert Network.load(tmp_path / "n.dla").golden_batch(IMAGES).min() >= 0


def test_scales_that_are_not_possible_go_to_the_host(tmp_path: Path) -> None:
    """A curve too steep for the tables: what the compiler's integers refuse, an operator refuses, too."""
    builder = CustomBuilder((8, 8, 8))
    builder.custom("Lrn", size=3, alpha=1e9, beta=2.0, bias=1e-6)
    builder.channels = 8
    builder.conv(4, (1, 1))
    network = compile_model(save(builder, tmp_path), 100 * IMAGES, CompileOptions(effort="fast"))
    (place,) = network.meta["host"]
    assert place["operator"] == "Lrn" and "step" in place["reason"]


BAD = {
    "broken rule": (
        GOOD.replace("scale=1", "scale=99999"), {},
        r"mine\.py:6: Rectify 'rectify0': Sdp\.scale: 99999 given, -32768 to 32767 is possible \(sdp\.md 2\.2\)$",
    ),
    "other shape": (
        GOOD.replace("to=to)", "to=steps.tensor('z', (8, 4, 4)))"), {},
        r"mine\.py:6: Rectify 'rectify0': to: '\S*z' has shape \(8, 4, 4\), the chain makes \(8, 8, 8\)$",
    ),
    "attribute": (
        GOOD, {"alpha": 1.0}, r"mine\.py:4: Rectify 'rectify0': my\.ops\.Rectify: got an unexpected keyword .*'alpha'"
    ),
    "its own error": (
        GOOD.replace("    steps(", "    [][1]\n    steps("), {},
        r"mine\.py:6: Rectify 'rectify0': my\.ops\.Rectify: IndexError: list index out of range$",
    ),
    "no chains": (
        re.sub(r"    steps\(.*\n", "    pass\n", GOOD), {},
        r"mine\.py:4: Rectify 'rectify0': my\.ops\.Rectify: nothing writes its result$",
    ),
    "reference": (GOOD.replace("Relu(x)", "Relu(x"), {}, r"mine\.py:4: reference of my\.ops\.Rectify: "),
    "import": ("import nothing_of_this_name\n", {}, r"mine\.py cannot be imported: ModuleNotFoundError: "),
    "exit": ("raise SystemExit(3)\n", {}, r"mine\.py cannot be imported: SystemExit: 3"),
    "syntax": ("def\n", {}, r"mine\.py cannot be imported: SyntaxError: "),
    "no operators": ("a = 1\n", {}, r"mine\.py has no operators$"),
    "codes": (
        GOOD.replace("}}\")", "}}\", codes=\"some\")"), {}, r"mine\.py:4: codes of my\.ops\.Rectify: 'some' given"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_operator_is_one_line(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, attributes, told = BAD[name]
    (tmp_path / "mine.py").write_text(text.format(name="Rectify") if "{name}" in text else text)
    monkeypatch.setenv(registry.VARIABLE, str(tmp_path / "mine.py"))
    line = complaint(model(tmp_path, **attributes), tmp_path)
    assert re.search(told, line), line


def test_plugins_that_do_not_fit_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = complaint(model(tmp_path, domain="nobody.ops"), tmp_path)
    assert re.search(r"Rectify 'rectify0': no plug-in has operator Rectify of domain 'nobody.ops'; known domains", told)
    told = complaint(model(tmp_path, name="Other", domain=DOMAIN), tmp_path)
    assert re.search(r"no plug-in has operator Other of domain 'cocodla'; it has AddRelu, Conv", told)
    path = model(tmp_path)
    plugged(tmp_path, "first_plugin", GOOD.format(name="Rectify"), monkeypatch)
    plugged(tmp_path, "second_plugin", GOOD.format(name="Rectify"), monkeypatch)
    told = complaint(path, tmp_path)
    assert re.search(r"two operators my\.ops\.Rectify: \S*first_plugin\.py:4 and \S*second_plugin\.py:4$", told)
    plugged(tmp_path, "broken_plugin", "import nothing_of_this_name\n", monkeypatch)
    told = complaint(path, tmp_path)
    assert re.search(r"plug-in 'broken_plugin' \(broken_plugin\) cannot be imported: ModuleNotFoundError", told)


def test_a_missing_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(registry.VARIABLE, str(tmp_path / "none.py"))
    assert re.search(r"COCODLA_OPERATORS: there is no file \S*none\.py$", complaint(model(tmp_path), tmp_path))


def test_register_refuses_a_second_one() -> None:
    @registry.operator("test.ops", "Twice", "(x) => (y) { y = Relu(x) }")
    def one(steps: Any, x: Any, *, to: Any) -> None: ...

    @registry.operator("test.ops", "Twice", "(x) => (y) { y = Relu(x) }")
    def other(steps: Any, x: Any, *, to: Any) -> None: ...

    registry.register(one)
    try:
        registry.register(one)
        with pytest.raises(UserError, match=r"two operators test\.ops\.Twice: "):
            registry.register(other)
    finally:
        registry._registered.clear()
