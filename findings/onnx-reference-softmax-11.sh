#!/usr/bin/env bash
# onnx's reference evaluator runs the Softmax of opset 12 by the rule of opset 13.
#
# Packages: onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6 (Python 3.10 or later).
# Expected: up to opset 12, Softmax flattens its input to two dimensions at "axis" (default 1) and normalises whole
#   rows of it; from opset 13 it normalises along one axis (default -1). The reference evaluator, the standard's
#   own word on results, follows the model's opset, as onnxruntime does: at opset 12 four equal values of shape
#   (1, 2, 2) give 0.25 each.
# Seen: it gives 0.5 each, in opset 12 as in 13, without a warning. The same holds with axis=1 written out.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 2>"$dir/pip.log" ||
  { cat "$dir/pip.log"; exit 1; }

cat >"$dir/show.py" <<'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

onnxruntime.set_default_logger_severity(4)
X = {"x": np.zeros((1, 2, 2), np.float32)}
holds = True
for opset, attributes, want in ((12, {}, (0.5, 0.25)), (12, {"axis": 1}, (0.5, 0.25)), (13, {}, (0.5, 0.5))):
    node = helper.make_node("Softmax", ["x"], ["y"], **attributes)
    graph = helper.make_graph([node], "softmax", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2, 2])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2, 2])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=7)
    onnx.checker.check_model(model, full_check=True)
    reference = ReferenceEvaluator(model).run(None, X)[0]
    runtime = onnxruntime.InferenceSession(model.SerializeToString()).run(None, X)[0]
    print(f"Softmax {attributes} opset {opset} of 4 zeros, shape (1, 2, 2): "
          f"onnx.reference sums to {reference.sum():g}, each {reference[0, 0, 0]:g}; "
          f"onnxruntime sums to {runtime.sum():g}, each {runtime[0, 0, 0]:g}")
    holds &= np.allclose(reference, want[0]) and np.allclose(runtime, want[1])
print("onnx 1.23.2: expected 0.25 each at opset 12; seen: onnx.reference gives 0.5, the rule of opset 13"
      if holds else "CHANGED: the behaviour above is no longer what this script states")
raise SystemExit(not holds)
PY
"$dir/venv/bin/python" "$dir/show.py"
