#!/usr/bin/env bash
# onnxruntime's quantize_static gives a masked Softmax an infinite scale, and the model gives zeros.
#
# Packages: onnxruntime 1.32.0, onnx 1.23.2, numpy 2.4.6 (Python 3.11 or later).
# Expected: a mask of minus infinity added before Softmax is the usual way to shut positions out. Static
#   quantisation of such a model either leaves the tensors with infinite values in float, or clips their range, or
#   stops with a message that names the tensor. Each row of the Softmax of the result sums to about 1.
# Seen: quantize_static returns without an error and stores the scale "inf" for the mask and for the masked sum.
#   The quantised model loads and runs, and every output is 0: no row sums to 1. (The only sign is a
#   RuntimeWarning of numpy about a division, which names neither the tensor nor the model.)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6 2>"$dir/pip.log" ||
  { cat "$dir/pip.log"; exit 1; }

cat >"$dir/show.py" <<'PY'
import logging
import warnings

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, quantize_static

X = {"x": np.linspace(-1, 1, 16, dtype=np.float32).reshape(4, 4)}


class OneInput(CalibrationDataReader):
    def __init__(self):
        self.rest = iter([X])

    def get_next(self):
        return next(self.rest, None)


warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
mask = np.triu(np.full((4, 4), -np.inf, np.float32), 1)
nodes = [helper.make_node("Add", ["x", "mask"], ["masked"]), helper.make_node("Softmax", ["masked"], ["y"])]
graph = helper.make_graph(nodes, "masked_softmax", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4, 4])],
                          [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4, 4])],
                          [numpy_helper.from_array(mask, "mask")])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.checker.check_model(model, full_check=True)
onnx.save(model, "float.onnx")
quantize_static("float.onnx", "int8.onnx", OneInput())
rows = {name: onnxruntime.InferenceSession(f"{name}.onnx").run(None, X)[0].sum(1).round(2).tolist()
        for name in ("float", "int8")}
scales = {i.name: float(numpy_helper.to_array(i).item()) for i in onnx.load("int8.onnx").graph.initializer
          if i.name in ("mask_scale", "masked_scale")}
print(f"sums of the Softmax rows: float model {rows['float']}, quantised model {rows['int8']}; scales {scales}")
holds = rows == {"float": [1] * 4, "int8": [0] * 4} and set(scales.values()) == {np.inf} and len(scales) == 2
print("onnxruntime 1.32.0: expected rows that sum to 1, or an error; seen: infinite scales, rows of zeros, no error"
      if holds else "CHANGED: the behaviour above is no longer what this script states")
raise SystemExit(not holds)
PY
cd "$dir"
"$dir/venv/bin/python" "$dir/show.py"
