"""Scales, integers and calibrators."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx_builder import Builder

from cocodla.compiler import CompileOptions, compile_model, compile_whole
from cocodla.compiler.ir import InputMap
from cocodla.compiler.quantisation.averages import average_reciprocals
from cocodla.compiler.quantisation.calibrate import CALIBRATORS, Histogram
from cocodla.compiler.quantisation.layers import QuantisedConv
from cocodla.compiler.quantisation.pixels import PixelMap, conversion, pixel_map
from cocodla.errors import UserError


def histogram(*batches: np.ndarray) -> Histogram:
    result = Histogram()
    for batch in batches:
        result.add(batch)
    return result


@pytest.mark.parametrize("seed", range(3))
def test_multiplier_and_weight_scale_agree_exactly(seed: int, tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Scheme C: the weight scale is what the 16-bit multiplier makes of it, and no weight is clipped."""
    builder = Builder((8, 6, 6), seed)
    weight = builder.floats(16, 8, 3, 3) * np.logspace(0, -2, 16, dtype=np.float32)[:, None, None, None]
    builder.node("Conv", builder.constant(weight), builder.constant(builder.floats(16, scale=5.0)))
    images = np.random.default_rng(seed).normal(size=(8, 8, 6, 6)).astype(np.float32)
    options = CompileOptions(adaptive_rounding=False)
    quantised = compile_whole(builder.save(tmp_path / "m.onnx"), images, options).quantised
    layer = quantised.layers[0]
    assert isinstance(layer, QuantisedConv)
    step = quantised.tensors["image"].scale
    ratio = layer.scales / layer.out.scale
    np.testing.assert_allclose(ratio * 2.0 ** (layer.fraction + layer.multiplier_shift), layer.multiplier, rtol=1e-12)
    assert 16384 <= layer.multiplier.max() <= 32767 and layer.multiplier.min() >= 1
    assert layer.fraction == 14
    assert np.abs(layer.bias).max() <= 32767
    error = np.abs(layer.weight * (layer.scales / step)[:, None, None, None] - weight).reshape(16, -1).max(1)
    assert (error <= 0.501 * layer.scales / step).all()
    assert layer.early is not None  # the kernels' biases are up to 50 output steps
    bias = layer.bias * 2.0**layer.bias_shift / 2.0**layer.fraction + layer.early * 2.0**layer.early_shift * ratio
    bias_error = np.abs(bias - layer.exact_bias)
    assert bias_error.max() <= 2.0 ** (layer.bias_shift - 1 - layer.fraction)


@pytest.mark.parametrize(
    ("rows", "columns", "share"),
    [(1, 2, 0), (2, 2, 0), (2, 3, 0), (8, 1, 0), (3, 3, 0), (7, 7, 0.001), (4, 4, 0.05), (8, 8, 0.1)],
)
def test_average_reciprocals(rows: int, columns: int, share: float) -> None:
    """Windows up to 8 elements, 3x3 and 7x7 are exact (numerics.md item 6)."""
    count, (width, height) = rows * columns, average_reciprocals(rows, columns)
    assert 0 < width <= 65536 and 0 < height <= 65536
    sums = np.arange(-128 * count, 127 * count + 1)
    middle = np.sign(sums) * np.floor(np.abs(sums * width / 65536) + 0.5)
    assert np.abs(middle).max() <= 1024
    final = np.sign(middle) * np.floor(np.abs(middle * height / 65536) + 0.5)
    ideal = np.sign(sums) * np.floor(np.abs(sums / count) + 0.5)
    assert np.abs(final - ideal).max() <= 1
    assert (final != ideal).mean() <= share


def test_histogram_does_not_depend_on_the_batches() -> None:
    random = np.random.default_rng(0)
    small, large = random.normal(size=5000), random.normal(size=5000) * 40
    options = CompileOptions(percentile=99.0)
    for name, calibrator in CALIBRATORS.items():
        one = calibrator(histogram(small, large), options)
        other = calibrator(histogram(np.concatenate([large, small])), options)
        tolerance = 0.1 if name == "entropy" else 0.03  # its optimum is flat: bins decide
        np.testing.assert_allclose(one, other, rtol=tolerance, err_msg=name)


def test_percentile_drops_outliers_and_minmax_keeps_them() -> None:
    values = np.concatenate([np.random.default_rng(0).uniform(-1, 1, 100_000), [50.0]])
    filled = histogram(values)
    assert CALIBRATORS["minmax"](filled, CompileOptions())[1] == 50
    low, high = CALIBRATORS["percentile"](filled, CompileOptions(percentile=99.9))
    assert high < 1.1 and low > -1.1


def test_percentile_of_everything_is_minmax() -> None:
    filled = histogram(np.random.default_rng(0).normal(size=1000))
    exact = CALIBRATORS["minmax"](filled, CompileOptions())
    np.testing.assert_allclose(CALIBRATORS["percentile"](filled, CompileOptions(percentile=100.0)), exact)


def test_least_squares_clips_a_long_tail() -> None:
    values = np.concatenate([np.random.default_rng(0).normal(size=200_000), [60.0]])
    _, high = CALIBRATORS["mse"](histogram(values), CompileOptions())
    assert high < 50


def test_unpadded_pixels_keep_all_bits() -> None:
    pixels = PixelMap(np.array([0.5, 2.0]), np.array([3.0, -1.0]))
    found = conversion(pixels, None, padded=False)
    codes = found.convert(np.arange(256, dtype=np.uint8).reshape(1, 1, 1, 256).repeat(2, 1))
    assert len(np.unique(codes[0, 0])) == 256
    real = found.step[:, None, None] * (codes[0] - found.zero[:, None, None])
    np.testing.assert_allclose(real[0, 0], np.arange(256) * 0.5 + 3, atol=1e-9)
    np.testing.assert_allclose(real[1, 0], np.arange(256) * 2.0 - 1, atol=1e-9)


@pytest.mark.parametrize("offset", [0.0, -0.5, -1.0, 0.3])
def test_padded_pixels_have_a_code_for_zero(offset: float) -> None:
    found = conversion(PixelMap(np.array([1 / 255]), np.array([offset])), None, padded=True)
    assert abs(found.step[0] * (found.pad_value - found.zero[0])) <= found.step[0] * 0.51
    codes = found.convert(np.array([[[[0, 255]]]], np.uint8))
    real = found.step[0] * (codes[0, 0, 0] - found.zero[0])
    np.testing.assert_allclose(real, [offset, 1 + offset], atol=abs(found.step[0]))


def test_inverted_image_is_folded() -> None:
    """x = 1 - p/255: the step is negative, and ends up in the weights."""
    found = conversion(PixelMap(np.array([1 / 255]), np.array([0.0])), InputMap(-np.ones(1), np.ones(1)), padded=True)
    assert found.step[0] < 0
    codes = found.convert(np.array([[[[0, 255]]]], np.uint8))
    np.testing.assert_allclose(found.step[0] * (codes[0, 0, 0] - found.zero[0]), [1, 0], atol=0.005)


def test_pixel_meaning_is_guessed_from_floats_only() -> None:
    options = CompileOptions()
    unit = np.linspace(0, 1, 64, dtype=np.float32).reshape(1, 1, 8, 8)
    assert pixel_map(unit, 1, options).scale[0] == pytest.approx(1 / 255)
    assert pixel_map(np.rint(unit * 255), 1, options).scale[0] == 1
    centred = pixel_map(unit * 4 - 2, 1, options)
    first, zero, last = centred.to_input(np.array([[[[0, 127, 255]]]], np.uint8))[0, 0, 0]
    assert first <= -2 and zero == 0 and 2 <= last < 2.02
    assert pixel_map((unit * 255).astype(np.uint8), 1, options).scale[0] == 1


@pytest.mark.parametrize("options", [
    {"calibrator": "magic"}, {"percentile": 20.0}, {"base_address": 3}, {"base_address": 1 << 33},
    {"images_in_flight": 3},
])  # fmt: skip
def test_bad_options(options: dict[str, object]) -> None:
    with pytest.raises(UserError):
        CompileOptions(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize("scale", [0.0, float("nan"), (1.0, 2.0)])
def test_bad_pixel_scale(scale: object) -> None:
    with pytest.raises(UserError, match="pixel_scale"):
        pixel_map(np.zeros((1, 1, 2, 2), np.uint8), 1, CompileOptions(pixel_scale=scale))  # type: ignore[arg-type]


def chain(seed: int, spread: float = 2.0) -> Builder:
    """Two convolutions with a pooling between them; channels of the inner tensor differ by 10^spread."""
    builder = Builder((8, 12, 12), seed)
    weight = builder.floats(16, 8, 3, 3, scale=0.2) * np.logspace(0, -spread, 16, dtype=np.float32)[:, None, None, None]
    builder.node("Conv", builder.constant(weight), builder.constant(np.zeros(16, np.float32)), pads=[1, 1, 1, 1])
    builder.channels = 16
    builder.node("Relu").node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    second = builder.floats(8, 16, 3, 3, scale=0.1) * np.logspace(0, spread, 16, dtype=np.float32)[:, None, None]
    builder.channels = 8
    return builder.node("Conv", builder.constant(second), builder.constant(np.zeros(8, np.float32)))


def output_sqnr(builder: Builder, path: Path, images: np.ndarray, **options: Any) -> float:
    network = compile_model(builder.save(path / "m.onnx"), images, CompileOptions(**options))
    session = onnxruntime.InferenceSession(str(path / "m.onnx"))
    exact = session.run(None, {"image": images})[0]
    error = network.golden_batch(images).reshape(exact.shape) - exact
    return float(10 * np.log10((exact**2).sum() / (error**2).sum()))


@pytest.mark.parametrize("seed", range(3))
def test_equalisation_rescues_small_channels(seed: int, tmp_path: Path) -> None:
    """The verifier of the passes has also seen that nothing changes in float."""
    images = np.random.default_rng(seed).normal(size=(16, 8, 12, 12)).astype(np.float32)
    builder = chain(seed)
    plain = output_sqnr(builder, tmp_path, images)
    assert output_sqnr(builder, tmp_path, images, equalise=True) > plain + 6


def test_equalisation_leaves_sums_and_clips_alone(tmp_path: Path) -> None:
    """A residual sum inside a convolution has two operands of one range each; a clip has a bound that must not move."""
    builder = Builder((8, 10, 10), 1)
    builder.conv(8, (3, 3), pads=[1, 1, 1, 1]).node("Relu")
    shortcut = builder.last
    builder.conv(8, (3, 3), pads=[1, 1, 1, 1]).node("Relu").conv(8, (3, 3), pads=[1, 1, 1, 1])
    builder.node("Add", shortcut).node("Relu").conv(8, (1, 1))
    low, high = builder.constant(np.float32(0)), builder.constant(np.float32(0.7))
    builder.node("Clip", low, high).conv(4, (3, 3))
    images = np.random.default_rng(1).normal(size=(16, 8, 10, 10)).astype(np.float32)
    assert output_sqnr(builder, tmp_path, images, equalise=True) > 24


def test_bias_correction_removes_the_mean_error(tmp_path: Path) -> None:
    """Weights of very different size in one kernel round badly; inputs that are never negative make that a bias."""
    builder = Builder((8, 10, 10), 3)
    weight = builder.floats(8, 8, 3, 3, scale=0.004)
    weight[:, 0, 0, 0] = 1.0
    builder.node("Conv", builder.constant(weight), builder.constant(np.zeros(8, np.float32)), pads=[1, 1, 1, 1])
    images = np.random.default_rng(3).uniform(0, 1, (32, 8, 10, 10)).astype(np.float32)
    exact = onnxruntime.InferenceSession(str(builder.save(tmp_path / "m.onnx"))).run(None, {"image": images})[0]
    means = []
    for correct in (False, True):
        network = compile_model(tmp_path / "m.onnx", images, CompileOptions(bias_correction=correct))
        error = network.golden_batch(images).reshape(exact.shape) - exact
        means.append(float(np.abs(error.mean((0, 2, 3))).max()))
    assert means[1] < means[0] / 4


def test_entropy_clips_outliers_and_ignores_heaps_of_zeros() -> None:
    random = np.random.default_rng(0)
    values = np.concatenate([np.maximum(random.normal(size=200_000), 0), [40.0]])
    _, high = CALIBRATORS["entropy"](histogram(values), CompileOptions())
    assert 3 < high < 12


def test_calibration_does_not_depend_on_the_size_of_batches(tmp_path: Path) -> None:
    """200 images go through in several batches, from an image set that only ever gives slices."""
    images = np.random.default_rng(5).normal(size=(200, 8, 12, 12)).astype(np.float32)

    class Slices:
        shape, dtype, largest = images.shape, images.dtype, 0

        def __len__(self) -> int:
            return len(images)

        def __getitem__(self, index: slice) -> np.ndarray:
            part = images[index]
            self.largest = max(self.largest, len(part))
            return part

    slices = Slices()
    path = chain(5).save(tmp_path / "m.onnx")
    options = CompileOptions(bias_correction=True, equalise=True)
    one, other = (compile_whole(path, data, options).quantised for data in (images, slices))
    assert one.tensors == other.tensors
    assert slices.largest <= 64


@pytest.mark.parametrize("activation", ["Relu", "LeakyRelu", None])
@pytest.mark.parametrize("equalise", [False, True])
def test_sum_inside_a_convolution_with_zero_points(activation: str | None, equalise: bool, tmp_path: Path) -> None:
    """The summand's zero point must not move the point where an activation bends."""
    builder = Builder((8, 10, 10), 7)
    builder.conv(8, (3, 3), pads=[1, 1, 1, 1]).node("Relu")
    shortcut = builder.last
    builder.conv(8, (3, 3), pads=[1, 1, 1, 1]).node("Relu").conv(8, (3, 3), pads=[1, 1, 1, 1]).node("Add", shortcut)
    if activation is not None:
        builder.node(activation)
    builder.conv(8, (3, 3))
    images = np.random.default_rng(7).normal(size=(16, 8, 10, 10)).astype(np.float32)
    symmetric = output_sqnr(builder, tmp_path, images)
    assert output_sqnr(builder, tmp_path, images, asymmetric=True, equalise=equalise) > max(symmetric - 1, 25)


def test_guessed_pixels_express_zero(tmp_path: Path) -> None:
    """Padding of an image whose bytes were spread over any range of floats is exact."""
    builder = Builder((3, 1, 22), seed=2).conv(9, (5, 5), pads=[4, 2, 4, 2])
    images = np.random.default_rng(3).normal(size=(6, 3, 1, 22)).astype(np.float32)
    quantised = compile_whole(builder.save(tmp_path / "m.onnx"), images).quantised
    conversion = quantised.layers[0].conversion
    assert conversion is not None
    np.testing.assert_allclose(conversion.zero, conversion.pad_value, atol=1e-6)
    ends = conversion.convert(np.array([0, 255]).reshape(1, 1, 1, 2)) - conversion.zero[:, None, None]
    real = conversion.step[:, None, None] * ends
    assert real.min() <= images.min() and real.max() >= images.max()


@pytest.mark.parametrize("calibrator", CALIBRATORS)
def test_part_of_zeros_in_a_whole_that_varies(calibrator: Any, tmp_path: Path) -> None:
    builder = Builder((16, 5, 5), seed=4).node("Relu")
    whole = builder.last
    builder.node("Slice", *(builder.constant(np.array([bound])) for bound in (8, 16, 1)))
    builder.node("Concat", inputs=[builder.last, whole], axis=1)
    builder.channels = 24
    images = np.random.default_rng(6).normal(size=(6, 16, 5, 5)).astype(np.float32)
    images[:, 8:] = -1
    path = builder.conv(5, (3, 3)).save(tmp_path / "m.onnx")
    network = compile_model(path, images, CompileOptions(calibrator=calibrator))
    assert np.ptp(network.golden_batch(images)) > 0
