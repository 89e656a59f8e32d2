"""What a pixel byte of a model's input means, where the model tells: metadata that fine-tuned models have."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import onnx

from cocodla.compiler.options import CompileOptions
from cocodla.errors import UserError

PROPERTY = "cocodla.pixels"
"""Metadata: scale and offset of a pixel byte, a number or one for each channel each, as JSON."""


def write(model: onnx.ModelProto, scale: Sequence[float], offset: Sequence[float]) -> None:
    """Let a model tell that a pixel byte p means scale * p + offset, in place."""
    model.metadata_props.add(key=PROPERTY, value=json.dumps([list(scale), list(offset)]))


def read(model: onnx.ModelProto, options: CompileOptions) -> CompileOptions:
    """Options with the meaning of a pixel that the model tells, if it does and they do not. UserError if it is none."""
    text = next((entry.value for entry in model.metadata_props if entry.key == PROPERTY), None)
    if text is None or options.pixel_scale is not None:
        return options
    try:
        scale, offset = ([float(number) for number in numbers] for numbers in json.loads(text))
    except (ValueError, TypeError):
        raise UserError(f"metadata {PROPERTY!r} must be scales and offsets, it is {text[:60]!r}") from None
    return replace(options, pixel_scale=scale, pixel_offset=offset)
