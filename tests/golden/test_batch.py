"""The batched Device: every image equal to a run of its own."""

import numpy as np
import pytest

from cocodla.errors import UserError
from cocodla.golden import run
from cocodla.golden.batch import Batch, run_batch
from cocodla.golden.work import SdpWork
from cocodla.program.commands import CheckMemory, LoadMemory
from cocodla.program.program import Program
from cocodla.stimulus.layers import KINDS, Allocator, random_layer
from cocodla.stimulus.sequencer import Sequencer


@pytest.mark.parametrize("kind", KINDS)
def test_each_image_equals_its_own_run(kind: str) -> None:
    """Any operand of a layer (input, weights, bias) may differ from image to image."""
    for seed in range(6):
        rng = np.random.default_rng([seed, KINDS.index(kind)])
        layer = random_layer(rng, kind, Allocator(rng))
        check = CheckMemory(layer.address, layer.layout.size, "output")
        program = Program([*layer.loads, *layer.setup, *Sequencer().run(layer.words), check])
        varied = {load.address: len(load.data) for load in layer.loads if rng.random() < 0.6}
        if not varied:
            varied = {layer.loads[0].address: len(layer.loads[0].data)}
        inputs = {a: np.frombuffer(rng.bytes(5 * n), np.uint8).reshape(5, n) for a, n in varied.items()}
        outputs = run_batch(program, inputs, chunk=3, workers=2)
        assert outputs["output"].shape == (5, layer.layout.size)
        for image in range(5):
            commands = [
                LoadMemory(c.address, inputs[c.address][image].tobytes())
                if isinstance(c, LoadMemory) and c.address in inputs
                else c
                for c in program
            ]
            single = run(Program(commands)).observations[-1].data
            assert outputs["output"][image].tobytes() == single, f"{kind} seed {seed} image {image}"


def test_bad_batches_are_refused() -> None:
    program = Program([LoadMemory(0, bytes(8))])
    with pytest.raises(UserError, match="nothing at 0x8"):
        run_batch(program, {8: np.zeros((2, 8), np.uint8)})
    with pytest.raises(UserError, match="same number"):
        run_batch(program, {})
    with pytest.raises(UserError, match="loads 8 bytes, the batched input has 4"):
        run_batch(program, {0: np.zeros((2, 4), np.uint8)})


def test_layers_with_the_same_weights_share_what_is_made_of_them() -> None:
    """The bands of a large layer would each hold its weights as floats."""
    kind = next(kind for kind in KINDS if "conv" in kind)
    rng = np.random.default_rng(3)
    layer, other = (random_layer(rng, kind, Allocator(rng)) for _ in range(2))
    commands = [*layer.loads, *layer.setup]
    sequencer = Sequencer()
    for _ in range(2):
        commands += sequencer.run(layer.words)
    steps = Batch(Program([*commands, *other.loads, *other.setup, *sequencer.run(other.words)]), {}).steps
    first, second, third = (step._kernels._last for step in steps if isinstance(step, SdpWork))
    assert first and second and third
    assert first[1] is second[1] and first[1] is not third[1]
