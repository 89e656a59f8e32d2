"""Units as objects: what breaks a rule names rule, field, value and the line that wrote it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cocodla.errors import UserError
from cocodla.operators import BrokenRule, Cdp, Convolve, LutConfig, Pool, Sdp, Sequence, Stage, Tables, library, tensors
from cocodla.operators.sequence import Tensor
from cocodla.units.registry import Operator

STEPS = Sequence("rules")
X = STEPS.input("x", (16, 12, 12), 0.05)
Y = STEPS.tensor("y", (16, 12, 12), 0.05)
WIDE = STEPS.input("wide", (512, 64, 64))
KERNELS = np.ones((8, 16, 3, 3), np.int8)


def image() -> Tensor:
    return Sequence().input("other", (16, 12, 12))


BROKEN: dict[str, tuple[Callable[[], object], str]] = {
    "kernel": (lambda: Pool((9, 2), source=X), r"Pool\.kernel: \(9, 2\) given, 1 to 8"),
    "no pair": (lambda: Pool((3, 3, 3), source=X), r"Pool\.kernel: \(3, 3, 3\) given, one number or \(y, x\)"),
    "method": (lambda: Pool(2, method="mean", source=X), r"Pool\.method: 'mean' given, known are average, max, min"),  # type: ignore[arg-type]
    "pool stride": (lambda: Pool(2, 17, source=X), r"Pool\.stride: 17 given, 1 to 16"),
    "pool pad": (lambda: STEPS(Pool(2, 2, pad=3, source=X), to=Y), r"Pool: PDP: padding 3 in width is not smaller"),
    "line buffer": (
        lambda: STEPS(Convolve(_row(), np.ones((8, 8, 1, 1), np.int8)), Sdp(), Pool(3, 1), to=Y),
        r"Pool: PDP: 298 output columns exceed the line buffer, 32 with 3 open rows",
    ),
    "stride": (lambda: Convolve(X, KERNELS, stride=9), r"Convolve\.stride: 9 given, 1 to 8"),
    "channels": (lambda: Convolve(X, KERNELS[:, :8]), r"Convolve\.weight: kernels of 8 channels, 'x' has 16"),
    "weight type": (lambda: Convolve(X, KERNELS.astype(float)), r"Convolve\.weight: float64 of \(8, 16, 3, 3\) given"),
    "size": (lambda: Convolve(X, np.ones((8, 16, 13, 1), np.int8)), r"Convolve\.size: \(0, 12\) given"),
    "buffer": (
        lambda: STEPS(Convolve(WIDE, np.ones((8, 512, 1, 1), np.int8)), Sdp(), to=Y),
        r"Convolve: 'wide' needs 512 banks, a group of 8 kernels 1; CBUF has 32",
    ),
    "shift": (lambda: Stage(mul=3, mul_shift=64), r"Stage\.mul_shift: 64 given, 0 to 63"),
    "register": (lambda: Stage(alu=40000), r"Stage\.alu: 40000 given, -32768 to 32767"),
    "operands": (lambda: Stage(alu=np.array([1, 2, 70000])), r"Stage\.alu: 70000 given, -32768 to 32767"),
    "real operands": (lambda: Stage(alu=np.ones(16)), r"Stage\.alu: float64 of \(16,\) given, whole"),
    "prelu": (lambda: Stage(prelu=True), r"Stage\.prelu: it says what the multiplier `mul` is for"),
    "count": (
        lambda: STEPS(Sdp(X, bs=Stage(np.ones(8, int))), to=Y), r"Sdp\.bs\.alu: 8 operands given, the layer has 16"
    ),
    "two readers": (
        lambda: STEPS(Sdp(X, bn=Stage(alu=X, mul=np.ones(16, int))), to=Y),
        r"Sdp\.bn: alu and mul both come from memory",
    ),
    "operand shape": (lambda: STEPS(Sdp(X, bs=Stage(alu=WIDE)), to=Y), r"Sdp\.bs\.alu: tensor 'wide' has shape"),
    "converter": (lambda: Sdp(X, scale=1 << 15), r"Sdp\.scale: 32768 given, -32768 to 32767"),
    "window": (lambda: Cdp(X, LutConfig(), Tables.zeros(), window=4), r"Cdp\.window: 4 given, 3, 5, 7 and 9"),
    "table": (
        lambda: Cdp(X, LutConfig(), Tables(np.zeros(64, int), np.zeros(257, int))),
        r"Cdp\.tables\.le: 64 entries given, 65",
    ),
    "order": (lambda: STEPS(Sdp(X), Convolve(X, KERNELS), to=Y), r"chain: Sdp -> Convolve given; possible are Cdp, "),
    "nothing": (lambda: STEPS(to=Y), r"chain: no unit given"),
    "source": (lambda: STEPS(Sdp(), to=Y), r"Sdp\.source: the first unit of a chain reads a tensor"),
    "two sources": (
        lambda: STEPS(Convolve(X, KERNELS), Sdp(X), to=Y), r"Sdp\.source: it is given by the unit before it"
    ),
    "result": (
        lambda: STEPS(Convolve(X, KERNELS, pad=1), Sdp(), to=Y),
        r"to: 'y' has shape \(16, 12, 12\), the chain makes \(8, 12, 12\)",
    ),
    "one pixel": (
        lambda: STEPS(Sdp(X.view((0, 16), (0, 1), (0, 1))), to=STEPS.tensors.get("p") or STEPS.tensor("p", (16, 1, 1))),
        r"Sdp: 'x' is one pixel of surfaces 1152 bytes apart",
    ),
    "name": (lambda: STEPS.tensor("y", (8, 1, 1)), r"tensor 'y': there is one of this name"),
    "extents": (lambda: STEPS.tensor("z", (8, 0, 1)), r"tensor 'z': \(8, 0, 1\) given, 1 to 8192"),
    "scale": (lambda: STEPS.tensor("z", (8, 1, 1), -1.0), r"tensor 'z': scale -1.0 given"),
    "bias": (
        lambda: library.conv_relu(STEPS, X, KERNELS, np.ones(3), to=Y), r"convolution\.bias: \(3,\) given, 8 kernels"
    ),
}  # fmt: skip


def _row() -> Tensor:
    return STEPS.tensors.get("row") or STEPS.input("row", (8, 3, 300))


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_told_with_its_line(name: str) -> None:
    write, told = BROKEN[name]
    before = list(STEPS.chains)
    with pytest.raises(BrokenRule, match=told) as found:
        write()
    assert STEPS.chains == before
    lines, first = inspect.getsourcelines(write)
    inside = range(first, first + len(lines))
    assert found.value.place.file == __file__ and found.value.place.line in inside
    assert re.match(r"\S+\.py:\d+: ", str(found.value)) and "\n" not in str(found.value)


def _other(steps: Sequence, x: Tensor, y: Tensor) -> None:
    steps(Sdp(image()), to=y)


def _unmade(steps: Sequence, x: Tensor, y: Tensor) -> None:
    steps(Sdp(y), to=steps.tensor("z", y.shape))  # type: ignore[arg-type]


def _onto_input(steps: Sequence, x: Tensor, y: Tensor) -> None:
    steps(Sdp(x), to=x)


def _unread(steps: Sequence, x: Tensor, y: Tensor) -> None:
    steps(Sdp(steps.input("second", (16, 12, 12))), to=y)


@pytest.mark.parametrize(
    ("write", "told"),
    [
        (_other, "tensor 'other': it belongs to another sequence"),
        (_unmade, "tensor 'y': it is read before anything is written to it"),
        (_onto_input, "tensor 'x': it is an input"),
        (_unread, "input 'x': no chain reads it"),
        (lambda steps, x, y: None, "it runs no unit"),
    ],
)
def test_sequences_that_make_no_sense(write: Callable[[Sequence, Tensor, Tensor], None], told: str) -> None:
    steps = Sequence()
    x = steps.input("x", (16, 12, 12))
    write(steps, x, steps.tensor("y", (16, 12, 12)))
    with pytest.raises(BrokenRule, match=told):
        steps.network  # noqa: B018


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({}, "input 'x' is missing"),
        ({"x": np.zeros((1, 16, 12, 12), np.int8), "z": np.zeros(1)}, "has no input 'z'; it has x"),
        ({"x": np.zeros((1, 16, 12, 12))}, r"is float64 \(1, 16, 12, 12\), it takes int8 \(batch, 16, 12, 12\)"),
        ({"x": np.zeros((16, 12, 12), np.int8)}, "it takes int8"),
        ({"x": np.zeros((0, 16, 12, 12), np.int8)}, "it takes int8"),
    ],
)
def test_inputs_that_do_not_fit(inputs: dict[str, np.ndarray], told: str) -> None:
    steps = Sequence()
    steps(Sdp(steps.input("x", (16, 12, 12))), to=steps.tensor("y", (16, 12, 12)))
    with pytest.raises(UserError, match=told):
        steps.program(inputs)


ALL = [value for module in (library, tensors) for value in vars(module).values() if isinstance(value, Operator)]


@pytest.mark.parametrize("made", ALL, ids=lambda made: made.name)
def test_an_operator_has_at_most_40_lines(made: Operator) -> None:
    assert len(inspect.getsource(made.function).splitlines()) <= 40
    assert Path(made.place.file).name in ("library.py", "tensors.py")
