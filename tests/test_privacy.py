"""Using the project leaves nothing in the user's folders that the user did not ask for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

RUN = """
import cocodla.compiler.original as original
from onnx import TensorProto, helper
values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", values[:1], values[1:])
original.session(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8))
"""


def test_onnxruntime_keeps_no_records(tmp_path: Path) -> None:
    """Neither an identifier nor events."""
    dropped = ("ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    subprocess.run([sys.executable, "-c", RUN], env={**kept, "HOME": str(tmp_path)}, check=True)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
