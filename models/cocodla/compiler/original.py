"""The original model in onnxruntime: the truth for passes, and the runner of the host's part."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache

import numpy as np
import onnx
import onnxruntime

from cocodla.compiler.foreign_model import folded_limit, memory_limit
from cocodla.compiler.ir import FloatArray
from cocodla.compiler.old_onnxruntime import NEEDED, adapted
from cocodla.errors import UserError

onnxruntime.set_default_logger_severity(4)  # what goes wrong is told in the exception


@cache
def _limit_memory() -> None:
    """All sessions of the process share one pool of memory, which ends before the machine's does."""
    place = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    as_asked = 1  # not twice as much as before
    settings = onnxruntime.OrtArenaCfg({"max_mem": memory_limit(), "arena_extend_strategy": as_asked})
    onnxruntime.create_and_register_allocator(place, settings)


def session(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    """An onnxruntime session; UserError if onnxruntime refuses the model.

    Its graph optimisations are off: they break some quantised models, and take zeros of Pad before MaxPool for minus
    infinity.
    """
    _limit_memory()
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.use_env_allocators", "1")
    given = adapted(model) if NEEDED else model
    options.enable_mem_reuse = given is model  # by its plan, which counts windows behind the input below opset 22
    try:
        data, providers = given.SerializeToString(), ["CPUExecutionProvider"]
        return onnxruntime.InferenceSession(data, options, providers=providers, enable_fallback=0)  # it would print
    except Exception as error:  # its exceptions share no base class
        raise UserError(f"onnxruntime {onnxruntime.__version__} refuses the model ({told(error)})") from error


def takes(model: onnx.ModelProto) -> bool:
    """Whether onnxruntime takes a model whose shapes ONNX does not understand. Old ones end the process over some of
    those: they are asked in one of their own.
    """
    if NEEDED:
        command = [sys.executable, "-c", _ASK]
        return not subprocess.run(command, input=model.SerializeToString(), stderr=subprocess.DEVNULL).returncode
    try:
        session(model)
    except UserError:
        return False
    return True


_ASK = """import sys, onnx, cocodla.compiler.original as original
original.session(onnx.load_model_from_string(sys.stdin.buffer.read()))"""


def run(
    runner: onnxruntime.InferenceSession, names: list[str], feeds: Mapping[str, np.ndarray]
) -> list[np.ndarray]:
    """Some outputs of a model; UserError if onnxruntime cannot compute them."""
    try:
        return [np.asarray(value) for value in runner.run(names, dict(feeds))]
    except Exception as error:  # its exceptions share no base class
        raise UserError(f"onnxruntime cannot compute {names[0]!r} ({told(error)})") from error


def told(error: Exception) -> str:
    """What onnxruntime says, in one line, without the places in its own source."""
    line = " ".join(str(error).split()) or type(error).__name__
    line = re.sub(r"\[ONNXRuntimeError\] : \d+ : \w+ : ", "", line)
    return re.sub(r"/onnxruntime_src/\S+ .*?\) ", "", line)


def outputs_of(model: onnx.ModelProto, tensors: list[str], images: FloatArray) -> dict[str, FloatArray]:
    """Values of named tensors of a model with one real input, image by image: (batch, ...) each.

    images: (batch, *shape) without the batch axis of the model.
    """
    wanted = onnx.ModelProto()
    wanted.CopyFrom(model)
    del wanted.graph.output[:]
    wanted.graph.output.extend(onnx.ValueInfoProto(name=tensor) for tensor in tensors)
    del wanted.graph.value_info[:]  # shapes of the batch in the file
    constants = {tensor.name for tensor in model.graph.initializer}
    (given,) = (value for value in wanted.graph.input if value.name not in constants)
    given.type.tensor_type.shape.dim[0].dim_value, name = 1, given.name
    runner = session(wanted)
    rows = [run(runner, tensors, {name: image[None].astype(np.float32)}) for image in images]
    return {tensor: joined(values, tensor) for tensor, values in zip(tensors, zip(*rows, strict=True), strict=True)}


def evaluate(node: onnx.NodeProto, feeds: Mapping[str, np.ndarray], like: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Outputs of one operator by name, for the values of its inputs; opsets as in `like`.

    UserError if onnxruntime cannot compute it.
    """
    kinds = {name: onnx.helper.np_dtype_to_tensor_dtype(value.dtype) for name, value in feeds.items()}
    inputs = [onnx.helper.make_tensor_value_info(name, kinds[name], value.shape) for name, value in feeds.items()]
    outputs = [onnx.ValueInfoProto(name=name) for name in node.output if name]
    graph = onnx.helper.make_graph([node], "constant", inputs, outputs)
    names = [value.name for value in outputs]
    runner = session(onnx.helper.make_model(graph, opset_imports=like.opset_import, ir_version=like.ir_version))
    values = run(runner, names, feeds)
    if (size := sum(value.nbytes for value in values)) > folded_limit():
        raise UserError(f"{size:,} bytes of constants; at most {folded_limit():,} are taken")
    return dict(zip(names, values, strict=True))


def curve(model: bytes, x: FloatArray) -> FloatArray:
    """A model of one input and one output of any shape, in float32."""
    runner = _cached_session(model)
    (feed,), (result,) = runner.get_inputs(), runner.get_outputs()
    return run(runner, [result.name], {feed.name: x.astype(np.float32)})[0].reshape(x.shape)  # constants may add axes


def run_host(model: bytes, feeds: dict[str, FloatArray], output: str) -> FloatArray:
    """One output of a model of batch 1 for each row of its inputs: (batch, ...) in all arrays."""
    runner = _cached_session(model)
    rows = []
    for image in range(len(next(iter(feeds.values())))):
        row = {name: np.asarray(value[image : image + 1], np.float32) for name, value in feeds.items()}
        rows.append(run(runner, [output], row)[0])
    return joined(rows, output)


def joined(rows: Sequence[np.ndarray], tensor: str) -> np.ndarray:
    """A tensor of single images as one array (batch, ...), also where the model drops the batch axis.

    UserError if its shape depends on the image.
    """
    check_shapes([row.shape for row in rows], tensor)
    return np.concatenate(rows) if rows[0].shape[:1] == (1,) else np.stack(rows)


def check_shapes(shapes: Sequence[tuple[int, ...]], tensor: str) -> None:
    """UserError unless all shapes are the same."""
    other = next((shape for shape in shapes if shape != shapes[0]), None)
    if other is not None:
        raise UserError(
            f"tensor {tensor!r} has shape {shapes[0]} for one image and {other} for another: run them one at a time"
        )


@lru_cache(maxsize=32)
def _cached_session(model: bytes) -> onnxruntime.InferenceSession:
    return session(onnx.load_model_from_string(model))
