"""Damaged ONNX models: every field of the messages with wrong values, and bytes of the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.errors import UserError

from . import archives
from .trial import Damage

INTEGERS = (-1, 0, 1, 2, 7, 1 << 20, (1 << 31) - 1, 1 << 62, -(1 << 62))
REALS = (0.0, -1.0, 1e-42, 3e38, float("nan"), float("inf"))
MOST_INPUT = 1 << 20
TEXTS = ("", "a name nobody knows", "x" * 3000, "../../x\n\0", "Relu", "Loop", "image", "ai.onnx.ml")
KINDS = {
    FieldDescriptor.CPPTYPE_INT32: INTEGERS, FieldDescriptor.CPPTYPE_INT64: INTEGERS,
    FieldDescriptor.CPPTYPE_UINT64: INTEGERS, FieldDescriptor.CPPTYPE_ENUM: (0, 1, 2, 4, 7, 10, 11, 99),
    FieldDescriptor.CPPTYPE_FLOAT: REALS, FieldDescriptor.CPPTYPE_DOUBLE: REALS,
}  # fmt: skip


def damages(path: Path, count: int = 600) -> Iterator[Damage]:
    """All damages of a model file; `count` random ones of its bytes."""
    model = onnx.load(path)
    for name in _damaged(model, ""):
        yield name, model.SerializeToString()
    yield from archives.damaged_bytes(path.read_bytes(), count, 6)
    yield "zeros", bytes(1000)


def _damaged(message: Message, place: str) -> Iterator[str]:
    """Each field changed in place while its name is told, and set right again."""
    before = type(message)()
    before.CopyFrom(message)
    for field, value in message.ListFields():
        named = f"{place}/{field.name}"
        for kind in _changes(message, field, value):
            yield f"{named} {kind}"
            message.CopyFrom(before)
    for field, _ in before.ListFields():
        if field.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE:
            inner = getattr(message, field.name)
            parts = list(enumerate(inner))[:6] if _repeated(field) else [("", inner)]
            for index, part in parts:
                yield from _damaged(part, f"{place}/{field.name}{index}")


def _repeated(field: Any) -> bool:
    return bool(field.is_repeated)


def _changes(message: Message, field: Any, value: Any) -> Iterator[str]:
    """Make one change after the other in a field."""
    entries = list(value) if _repeated(field) else []
    message.ClearField(field.name)
    yield "left out"
    if _repeated(field):
        holder = getattr(message, field.name)
        holder.extend(entries)
        holder.extend(entries)
        yield "doubled"
        del getattr(message, field.name)[-1]
        yield "one less"
    if field.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE:
        return
    for wrong in _wrong(field, value):
        try:
            if _repeated(field):
                getattr(message, field.name)[0] = wrong
            else:
                setattr(message, field.name, wrong)
        except (ValueError, TypeError):  # no value of this field
            continue
        yield repr(wrong)[:30]


def _wrong(field: Any, value: Any) -> tuple[Any, ...]:
    if field.type == FieldDescriptor.TYPE_BYTES:
        data = bytes(value[0] if _repeated(field) else value)
        return b"", data[:-1], data + b"\0", data * 2, b"\xff" * len(data)
    return KINDS.get(field.cpp_type, TEXTS)


def use(path: Path) -> None:
    """Compile a model, and load and run what comes of it."""

    def images(shape: tuple[int, ...], parts: tuple[tuple[str, tuple[int, ...]], ...] = ()) -> Any:
        if np.prod(shape, dtype=float) > MOST_INPUT:
            raise UserError("nobody has such images")
        values = np.random.default_rng(0).normal(size=(4, *shape)).astype(np.float32)
        return values if not parts else {name: values[:, : int(np.prod(part))] for name, part in parts}

    network = compile_model(path, images, CompileOptions(effort="fast"))
    target = path.with_suffix(".dla")
    network.save(target)
    given = np.random.default_rng(1).normal(size=(1, *network.input.shape)).astype(np.float32)
    Network.load(target).golden_outputs(given)
