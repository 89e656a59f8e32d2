"""What the compiler does by itself for the quality of int8: each measure against the network without it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx_builder import Builder

from cocodla.compiler import CompileOptions, compile_whole, reference
from cocodla.compiler.quantisation import simulate
from cocodla.compiler.quantisation.costs import ratio
from cocodla.compiler.quantisation.rounding import Rounder, _compensated
from cocodla.compiler.quantisation.search import HELD, SEEN
from cocodla.compiler.reference import walk
from cocodla.errors import UserError

PLAIN = CompileOptions(
    effort="fast", calibrator="minmax", headroom=0.0, equalise=False, bias_correction=False, adaptive_rounding=False,
    asymmetric=False,
)  # fmt: skip


def smooth(shape: tuple[int, ...], count: int = 12, seed: int = 1) -> np.ndarray:
    """Pictures whose neighbouring pixels are alike, of different brightness."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(count, *shape)).cumsum(2).cumsum(3)
    values /= np.abs(values).max((1, 2, 3), keepdims=True)
    return (values + random.normal(size=(count, 1, 1, 1))).astype(np.float32)


def quality(path: Path, images: np.ndarray, options: CompileOptions) -> float:
    """SQNR of the golden model's first output on other images, in dB."""
    compiled = compile_whole(path, images, options)
    others = smooth(images.shape[1:], seed=2)
    (wanted,) = reference.run(compiled.graph, others).values()
    return ratio(wanted, compiled.network.golden_batch(others).reshape(wanted.shape))


def with_options(**changes: object) -> CompileOptions:
    return CompileOptions(**{**vars(PLAIN), **changes})  # type: ignore[arg-type]


def sizes(channels: int, spread: float) -> np.ndarray:
    """Sizes of channels, from 1 to `spread`."""
    return np.logspace(0, np.log10(spread), channels, dtype=np.float32)


def uneven(builder: Builder, channels: int, spread: float) -> Builder:
    """A convolution whose kernels differ `spread` times in size."""
    weight = builder.floats(channels, builder.channels, 3, 3, scale=0.2) * sizes(channels, spread)[:, None, None, None]
    builder.channels = channels
    return builder.node("Conv", builder.constant(weight), pads=[1] * 4)


def depthwise(builder: Builder) -> Builder:
    channels = builder.channels
    return builder.node(
        "Conv", builder.constant(builder.floats(channels, 1, 3, 3)), group=channels, pads=[1, 1, 1, 1]
    )


def levelled(builder: Builder, *spreads: float) -> Builder:
    """A 1x1 convolution whose weights take the sizes of channels back, of as many convolutions as there are spreads."""
    given = np.concatenate([sizes(builder.channels // len(spreads), spread) for spread in spreads])
    weight = builder.floats(8, builder.channels, 1, 1) / given[None, :, None, None]
    builder.channels = 8
    return builder.node("Conv", builder.constant(weight))


def in_depthwise(b: Builder) -> None:
    levelled(depthwise(uneven(b, 16, 300).node("Relu")), 300)


def in_residual(b: Builder) -> None:
    trunk = uneven(b, 16, 300).node("Relu").last
    depthwise(b).node("Add", trunk).node("Relu")
    levelled(b, 300)


def in_concat(b: Builder) -> None:
    source = b.last
    one = uneven(b, 8, 100).node("Relu").last
    b.last, b.channels = source, 3
    other = uneven(b, 8, 0.03).node("Relu").last
    b.node("Concat", inputs=[one, other], axis=1)
    b.channels = 16
    levelled(b, 100, 0.03)


def for_two_readers(b: Builder) -> None:
    trunk = uneven(b, 16, 300).node("Relu").last
    one = levelled(b, 300).last
    b.last, b.channels = trunk, 16
    levelled(b, 300)
    b.node("Add", one)


@pytest.mark.parametrize("build", [in_depthwise, in_residual, in_concat, for_two_readers])
def test_channels_of_different_size_are_equalised(build: Callable[[Builder], None], tmp_path: Path) -> None:
    builder = Builder((3, 12, 12), seed=3)
    build(builder)
    path, images = builder.save(tmp_path / "m.onnx"), smooth((3, 12, 12))
    assert quality(path, images, with_options(equalise=True)) > quality(path, images, PLAIN) + 4


def test_equalising_changes_nothing_in_real_numbers(tmp_path: Path) -> None:
    builder = Builder((3, 12, 12), seed=3)
    in_residual(builder)
    path, images = builder.save(tmp_path / "m.onnx"), smooth((3, 12, 12))
    plain, scaled = (compile_whole(path, images, with_options(equalise=flag)) for flag in (False, True))
    changed = scaled.network.meta["changed"]
    assert changed
    exact = dict(walk(plain.graph, images))
    for name, value in walk(scaled.graph, images):
        factor, summand = (np.reshape(part, (-1, 1, 1)) for part in changed.get(name, (1.0, 0.0)))
        np.testing.assert_allclose(value * factor + summand, exact[name], rtol=1e-4, atol=1e-4)


def test_skewed_channels_are_centred(tmp_path: Path) -> None:
    builder = Builder((3, 12, 12), seed=4)
    builder.conv(16, (3, 3), bias=False).node("Relu").conv(16, (1, 1), bias=False)
    builder.node("Add", builder.constant(np.linspace(-20, 20, 16, dtype=np.float32)[:, None, None]))
    levelled(builder, 1)
    path, images = builder.save(tmp_path / "m.onnx"), smooth((3, 12, 12))
    assert quality(path, images, with_options(equalise=True)) > quality(path, images, PLAIN) + 5


def test_zero_points_of_tensors_that_are_rarely_negative(tmp_path: Path) -> None:
    builder = Builder((3, 12, 12), seed=4)
    builder.conv(16, (3, 3)).node("LeakyRelu", alpha=0.05).conv(8, (3, 3)).node("LeakyRelu", alpha=0.05)
    path, images = builder.save(tmp_path / "m.onnx"), smooth((3, 12, 12))
    compiled = compile_whole(path, images, with_options(asymmetric=True))
    assert any(codes.zero not in (0, -128) for codes in compiled.quantised.tensors.values())
    assert quality(path, images, with_options(asymmetric=True)) > quality(path, images, PLAIN) + 3


@pytest.mark.parametrize("kernel", [(5, 5), (1, 1)])
def test_weights_are_rounded_together(kernel: tuple[int, int], tmp_path: Path) -> None:
    """Noise of the weights alone, on other images: plain rounding is beaten by far where inputs are alike."""
    builder = Builder((3, 12, 12), seed=5)
    builder.conv(16, (3, 3)).node("Relu").conv(16, kernel).node("Relu").conv(8, kernel)
    path, images, others = builder.save(tmp_path / "m.onnx"), smooth((3, 12, 12), 32), smooth((3, 12, 12), 32, seed=2)
    found = {}
    for together in (False, True):
        options = with_options(bias_correction=True, adaptive_rounding=together)
        compiled = compile_whole(path, images, options)
        exact = simulate.simulated(compiled.graph, compiled.quantised)
        exact.pins = {}
        (wanted,), (got,) = (reference.run(graph, others).values() for graph in (compiled.graph, exact))
        found[together] = ratio(wanted, got)
    assert found[True] > found[False] + 3


def test_rounding_without_correlation_is_plain() -> None:
    exact = np.random.default_rng(0).normal(size=(4, 20)) * 30
    assert (_compensated(exact, np.eye(20)) == np.rint(exact)).all()
    assert (_compensated(exact, np.zeros((20, 20))) == np.rint(exact)).all()


def test_rounded_weights_are_codes(tmp_path: Path) -> None:
    """Weights at the ends of int8 are not pushed beyond, and zeros of other channels stay zeros."""
    builder = Builder((8, 12, 12), seed=6)
    depthwise(builder)
    compiled = compile_whole(builder.save(tmp_path / "m.onnx"), smooth((8, 12, 12)), with_options())
    (node,) = compiled.graph.nodes
    rounder = Rounder(compiled.graph, smooth((8, 12, 12)))
    exact = np.where(node.weight != 0, np.sign(node.weight) * 127.4, 0)  # type: ignore[attr-defined]
    codes = rounder.codes(node, exact, np.ones(8))  # type: ignore[arg-type]
    assert np.abs(codes.astype(int)).max() <= 127 and not codes[exact == 0].any()


def hard_swish(b: Builder) -> Builder:
    return b.node("HardSwish")


@pytest.mark.parametrize("low", [-40.0, -400.0])
def test_values_that_a_function_drops_get_no_codes(low: float, tmp_path: Path) -> None:
    """Before a HardSwish nothing below -3 matters, however far it goes."""
    builder = Builder((3, 12, 12), seed=7, opset=14)
    builder.conv(16, (3, 3), bias=False)
    offset = np.where(np.arange(16) % 8 == 0, low, 0).astype(np.float32)
    builder.node("Add", builder.constant(offset[:, None, None]))
    hard_swish(builder).conv(8, (1, 1))
    path, images = builder.save(tmp_path / "m.onnx"), smooth((3, 12, 12))
    compiled = compile_whole(path, images, with_options(asymmetric=True))
    before = compiled.quantised.tensors[next(n for n in compiled.graph.nodes if type(n).__name__ == "Curve").inputs[0]]
    assert before.real(-128) > low / 4
    assert quality(path, images, with_options(asymmetric=True)) > 30


def test_values_that_the_host_drops_get_no_codes(tmp_path: Path) -> None:
    """Before the host's Sigmoid logits of -60 are as good as those of -15."""
    builder = Builder((3, 12, 12), seed=8)
    builder.conv(4, (3, 3), bias=False)
    builder.node("Add", builder.constant(np.array([-60, -2, 0, 2], np.float32)[:, None, None])).node("Sigmoid")
    path, images = builder.save(tmp_path / "m.onnx"), smooth((3, 12, 12))
    compiled = compile_whole(path, images, with_options())
    (output,) = compiled.graph.outputs
    assert compiled.quantised.tensors[output].real(-128) > -40


@pytest.mark.trials
def test_trials_choose_what_makes_less_noise(tmp_path: Path) -> None:
    builder = Builder((3, 12, 12), seed=3)
    in_residual(builder)
    path, images = builder.save(tmp_path / "m.onnx"), smooth((3, 12, 12), 16)
    compiled = compile_whole(path, images, CompileOptions(asymmetric=False))
    how = compiled.network.meta["quantisation"]
    assert how["settings"]["asymmetric"] is False and how["images"] == {"ranges": 12, "errors": 4}
    assert how["settings"]["equalise"] is True
    found = {trial["settings"]: trial["sqnr"] for trial in how["trials"]}
    assert len(found) == len(how["trials"]) >= 4
    again = compile_whole(path, images, CompileOptions(asymmetric=False)).network
    assert again.meta["quantisation"] == how and again.memory == compiled.network.memory


@pytest.mark.trials
def test_single_ranges_are_tried_with_the_best_effort(tmp_path: Path) -> None:
    builder = Builder((3, 12, 12), seed=3)
    builder.conv(8, (3, 3)).node("Relu").conv(8, (3, 3))
    path, images = builder.save(tmp_path / "m.onnx"), smooth((3, 12, 12), 16)
    fast, usual, best = (
        compile_whole(path, images, CompileOptions(effort=effort)).network.meta["quantisation"]["trials"]
        for effort in ("fast", "default", "best")
    )
    assert not fast and len(best) > len(usual) > 1


@pytest.mark.trials
def test_no_trials_without_budget(tmp_path: Path) -> None:
    builder = Builder((3, 12, 12), seed=3)
    builder.conv(8, (3, 3))
    path = builder.save(tmp_path / "m.onnx")
    network = compile_whole(path, smooth((3, 12, 12)), CompileOptions(budget=0)).network
    assert not network.meta["quantisation"]["trials"]


@pytest.mark.trials
@pytest.mark.parametrize("budget", [np.inf, 1e308])
def test_trials_without_an_end_to_the_budget(budget: float, tmp_path: Path) -> None:
    path = Builder((3, 12, 12), seed=3).conv(8, (3, 3)).save(tmp_path / "m.onnx")
    many, enough = (
        compile_whole(path, smooth((3, 12, 12), 90), CompileOptions(budget=seconds)).network.meta["quantisation"]
        for seconds in (budget, 1000.0)
    )
    assert many == enough and many["trials"] and sum(many["images"].values()) == SEEN + HELD


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"effort": "much"}, ["effort", "'much'", "fast, default, best"]),
        ({"budget": -1.0}, ["budget", "-1.0"]),
        ({"budget": float("nan")}, ["budget", "nan"]),
        ({"headroom": -0.5}, ["headroom", "-0.5"]),
    ],
)
def test_options_that_mean_nothing(options: dict[str, object], words: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        CompileOptions(**options)  # type: ignore[arg-type]
    assert all(word in str(caught.value) for word in words)


def warnings_of(path: Path, images: np.ndarray, options: CompileOptions | None = None) -> str:
    return "\n".join(compile_whole(path, images, options or CompileOptions(effort="fast")).network.meta["warnings"])


@pytest.mark.parametrize(("count", "words"), [(1, "a single image"), (5, "5 times the same image"), (70, "70 times")])
def test_images_that_are_all_the_same_are_told(count: int, words: str, tmp_path: Path) -> None:
    path = Builder((3, 12, 12), seed=3).conv(8, (3, 3)).save(tmp_path / "m.onnx")
    images = smooth((3, 12, 12), 2)
    assert words in warnings_of(path, np.repeat(images[:1], count, 0))
    assert "image" not in warnings_of(path, images)


@pytest.mark.trials
def test_noise_behind_the_host_is_told(tmp_path: Path) -> None:
    """What the accelerator makes is good; what the host makes of it, a sine of large values, is not."""
    good, bad = Builder((3, 12, 12), seed=3).conv(8, (3, 3)), Builder((3, 12, 12), seed=3).conv(8, (3, 3))
    bad.node("Mul", bad.constant(np.float32(400)))
    images, told = smooth((3, 12, 12), 16), []
    for builder in (good, bad):
        path = builder.node("Sin").save(tmp_path / "m.onnx")
        told.append(warnings_of(path, images, CompileOptions()))
    assert "host's part" not in told[0]
    assert "behind the host's part the model's outputs are only" in told[1]


@pytest.mark.parametrize("pixels", [True, False])
def test_an_input_that_one_value_dominates_is_told(pixels: bool, tmp_path: Path) -> None:
    """One odd value of an image takes nearly all codes of the input, before any layer."""
    path = Builder((3, 12, 12), seed=3).conv(8, (3, 3)).save(tmp_path / "m.onnx")
    images, options = smooth((3, 12, 12), 48), CompileOptions(effort="fast", image_mode=pixels)
    assert "input" not in warnings_of(path, images, options)
    images[5, 1, 7, 7] = 1e4
    assert "input 'image': its range reaches 1" in warnings_of(path, images, options)


@pytest.mark.trials
def test_a_start_of_which_the_host_makes_nan_is_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    noises = iter([np.nan])
    monkeypatch.setattr("cocodla.compiler.quantisation.search.mean_noise", lambda *_: next(noises, 0.01))
    path = Builder((3, 12, 12), seed=3).conv(8, (3, 3)).save(tmp_path / "m.onnx")
    how = compile_whole(path, smooth((3, 12, 12), 16), CompileOptions()).network.meta["quantisation"]
    assert [trial["sqnr"] for trial in how["trials"]][:2] == [-300.0, 20.0]
    assert how["settings"]["equalise"] is True
