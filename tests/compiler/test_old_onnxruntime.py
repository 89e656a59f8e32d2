"""Averages whose padding counts, and quantisers of opset 23: as ONNX says, whatever onnxruntime is installed.

onnxruntime 1.23.2, the last for Python 3.10, divides by the wrong number without a word. What is written for it
computes the same with every onnxruntime, so it is tried with each.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from cocodla.compiler import original
from cocodla.compiler.old_onnxruntime import NEEDED, adapted
from cocodla.errors import UserError

FLOAT = TensorProto.FLOAT
Pads = tuple[int, int, int, int]


def averaged(x: np.ndarray, kernel: tuple[int, int], stride: tuple[int, int], pads: Pads, ceil: bool) -> np.ndarray:
    """The average of ONNX's text, of one channel: padding counts, what lies beyond it does not, and a last window that
    begins behind the input is none.
    """
    starts = []
    for axis in (0, 1):
        extent, before, behind = x.shape[axis], pads[axis], pads[axis + 2]
        room = extent + before + behind - kernel[axis]
        count = (-(-room // stride[axis]) if ceil else room // stride[axis]) + 1
        all_starts = [number * stride[axis] for number in range(count)]
        starts.append([start for start in all_starts if not ceil or start < extent + before])
    padded = np.pad(x, ((pads[0], pads[2]), (pads[1], pads[3])))
    windows = [[padded[top : top + kernel[0], left : left + kernel[1]] for left in starts[1]] for top in starts[0]]
    return np.array([[window.mean(dtype=np.float64) for window in row] for row in windows])


def pooling(opset: int, name: str = "y", **attributes: object) -> onnx.ModelProto:
    node = helper.make_node("AveragePool", ["x"], [name], count_include_pad=1, **attributes)
    values = [helper.make_tensor_value_info(tensor, FLOAT, None) for tensor in ("x", name)]
    graph = helper.make_graph([node], "average", values[:1], values[1:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


@pytest.mark.parametrize(
    ("opset", "ceil"),
    [(7, False), *product((10, 11, 17, 19, 22, 23), (False, True))],  # ceil_mode came with opset 10
)
def test_averages_with_counted_padding(opset: int, ceil: bool) -> None:
    """All sizes and paddings, also where the last window begins in the padding behind, or is not there."""
    kinds, changed = 0, 0
    for (kernel, stride), pads in product(
        [((2, 2), (2, 2)), ((3, 2), (2, 3)), ((1, 3), (2, 2)), ((3, 3), (3, 4))],
        [(0, 0, 0, 0), (0, 1, 0, 1), (0, 0, 0, 1), (0, 1, 0, 0), (0, 2, 0, 1), (1, 1, 1, 1), (2, 1, 1, 0)],
    ):
        if any(pad >= kernel[axis % 2] for axis, pad in enumerate(pads)):
            continue
        given = {"kernel_shape": kernel, "strides": stride, "pads": pads, **({"ceil_mode": 1} if ceil else {})}
        model = pooling(opset, **given)
        written = adapted(model)
        assert adapted(written) is written
        kinds, changed = kinds + 1, changed + (written is not model)
        runners = [original.session(model), original.session(written)]
        for height, width in product(range(3, 8), (3, 4, 6)):
            x = np.random.default_rng(height * 8 + width).normal(size=(height, width)).astype(np.float32)
            wanted = averaged(x, kernel, stride, pads, ceil)
            for runner in runners:
                (got,) = original.run(runner, ["y"], {"x": np.stack([x, -x])[None]})
                assert got.shape == (1, 2, *wanted.shape), given
                np.testing.assert_allclose(got[0], np.stack([wanted, -wanted]), rtol=2e-6, atol=1e-6)
    assert changed == kinds if ceil else 0 < changed < kinds if opset >= 19 else changed == 0


@pytest.mark.parametrize("opset", [7, 17, 19, 23])
@pytest.mark.parametrize("mode", ["SAME_UPPER", "SAME_LOWER"])
def test_averages_with_padding_by_itself(opset: int, mode: str) -> None:
    for kernel, stride in [((2, 2), (1, 1)), ((5, 4), (3, 3)), ((3, 2), (2, 2)), ((1, 4), (1, 2))]:
        model = pooling(opset, kernel_shape=kernel, strides=stride, auto_pad=mode)
        written = adapted(model)
        assert (written is model) == (opset < 19)
        runners = [original.session(model), original.session(written)]
        for shape in product((2, 3, 7), (3, 5, 8)):
            pads = same_pads(shape, kernel, stride, mode)
            x = np.random.default_rng(1).normal(size=shape).astype(np.float32)
            wanted = averaged(x, kernel, stride, pads, False)
            for runner in runners:
                (got,) = original.run(runner, ["y"], {"x": x[None, None]})
                np.testing.assert_allclose(got[0, 0], wanted, rtol=2e-6, atol=1e-6)


def same_pads(shape: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int], mode: str) -> Pads:
    """Padding for ceil(extent / stride) windows, the odd one behind or before."""
    totals = [(-(-n // s) - 1) * s + k - n for n, k, s in zip(shape, kernel, stride, strict=True)]
    small, large = [total // 2 for total in totals], [-(-total // 2) for total in totals]
    before, behind = (small, large) if mode == "SAME_UPPER" else (large, small)
    return before[0], before[1], behind[0], behind[1]


def test_averages_inside_of_other_operators() -> None:
    """In both branches of an If, of which each has names of its own."""
    given = {"kernel_shape": [2, 2], "pads": [0, 0, 1, 1]}
    first, second = (pooling(22, name, **given).graph for name in "ab")
    for branch in (first, second):
        del branch.input[:]
    node = helper.make_node("If", ["chosen"], ["y"], then_branch=first, else_branch=second)
    inputs = [helper.make_tensor_value_info("x", FLOAT, None), helper.make_tensor_value_info("chosen", 9, [])]
    graph = helper.make_graph([node], "branches", inputs, [helper.make_tensor_value_info("y", FLOAT, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=8)
    x = np.arange(12, dtype=np.float32).reshape(1, 1, 3, 4)
    wanted = averaged(x[0, 0], (2, 2), (1, 1), (0, 0, 1, 1), False)
    for made in (model, adapted(model)):
        for chosen in (False, True):
            (got,) = original.run(original.session(made), ["y"], {"x": x, "chosen": np.array(chosen)})
            np.testing.assert_allclose(got[0, 0], wanted, rtol=1e-6)
    assert adapted(model) is not model


@pytest.mark.parametrize("attributes", [{"auto_pad": "VALID"}, {"pads": [1, 1, 1, 1]}, {}])
def test_what_is_computed_right_stays(attributes: dict[str, object]) -> None:
    model = pooling(19, kernel_shape=[3, 3], **attributes)
    assert adapted(model) is model


@pytest.mark.parametrize("attributes", [
    {"kernel_shape": 2, "ceil_mode": 1}, {"ceil_mode": 1}, {"kernel_shape": [2, 2], "pads": [0, 1], "ceil_mode": 1},
    {"kernel_shape": [2, 2], "pads": [0, 1, 1], "ceil_mode": 1}, {"kernel_shape": [2, 2], "ceil_mode": b"x"},
])  # fmt: skip
def test_what_makes_no_sense_is_left_to_be_refused(attributes: dict[str, object]) -> None:
    model = pooling(19, **attributes)
    assert adapted(model) is model


def quantised(*nodes: onnx.NodeProto) -> onnx.ModelProto:
    made = [*nodes, helper.make_node("QuantizeLinear", ["h", "step", "zero"], ["y"])]
    constants = [numpy_helper.from_array(np.float32(0.25), "step"), numpy_helper.from_array(np.int8(3), "zero")]
    values = [helper.make_tensor_value_info("x", FLOAT, [4]), helper.make_tensor_value_info("y", TensorProto.INT8, [4])]
    graph = helper.make_graph(made, "quantiser", values[:1], values[1:], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=8)


def test_quantisers_of_opset_23() -> None:
    model = quantised(helper.make_node("Relu", ["x"], ["h"]))
    written = adapted(model)
    assert [entry.version for entry in model.opset_import] == [23] and written.opset_import[0].version == 22
    x = np.array([-1, 0.3, 7, 900], np.float32)
    for made in (model, written):
        (got,) = original.run(original.session(made), ["y"], {"x": x})
        assert got.tolist() == [3, 4, 31, 127]


def test_operators_that_came_with_opset_23_keep_it() -> None:
    """An old onnxruntime then refuses the model in one line that names itself; it is never read as something else."""
    model = quantised(helper.make_node("RMSNormalization", ["x", "step"], ["h"]))
    assert adapted(model) is model
    if NEEDED:
        with pytest.raises(UserError, match=r"^onnxruntime 1\.\d+\.\d+ refuses .*QuantizeLinear\(23\)"):
            original.session(model)
    else:
        original.session(model)
