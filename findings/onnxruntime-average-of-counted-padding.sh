#!/usr/bin/env bash
# An average pooling that counts its padding divides by another number after a change of the opset, in the last
# onnxruntime for Python 3.10.
#
# Packages: onnxruntime 1.23.2, onnx 1.23.2, numpy 2.2.6 (Python 3.10 to 3.13).
# Expected: AveragePool with count_include_pad = 1, kernel 2x2, pads (0, 0, 1, 1), all inputs 1. Each window holds four
#   elements of the input and its padding; the one in the last corner holds one 1 and three 0: 0.25. Opset 19 adds
#   dilations and nothing else, so opsets 17 and 19 agree. With ceil_mode and no padding a last window holds fewer
#   elements: what lies beyond the padding does not count, so an average of ones is 1.
# Seen: opset 17 gives 0.25, as the ONNX reference evaluator does for both; opset 19 gives another value for the same
#   node. With ceil_mode and count_include_pad in opset 17 the average of ones is less than 1 in the last window; in
#   opset 19 it is 1 there. No error or warning comes with it.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet onnxruntime==1.23.2 onnx==1.23.2 numpy==2.2.6 2>"$dir/pip.log" ||
  { cat "$dir/pip.log"; exit 1; }

cat >"$dir/show.py" <<'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator


def model(opset, size, **attributes):
    node = helper.make_node("AveragePool", ["x"], ["y"], kernel_shape=[2, 2], count_include_pad=1, **attributes)
    graph = helper.make_graph([node], "average", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, size, size])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, None, None])])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.checker.check_model(made)
    return made


def last(made, size):
    """The last corner of the output for an input of ones: onnxruntime's and the reference evaluator's."""
    x = np.ones((1, 1, size, size), np.float32)
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    return [float(run(None, {"x": x})[0][0, 0, -1, -1]) for run in (session.run, ReferenceEvaluator(made).run)]


padded = {opset: last(model(opset, 3, pads=[0, 0, 1, 1]), 3) for opset in (17, 19)}
rounded = {opset: last(model(opset, 3, strides=[2, 2], ceil_mode=1), 3)[0] for opset in (17, 19)}
for opset in padded:
    print(f"opset {opset}: pads (0, 0, 1, 1): onnxruntime {padded[opset][0]:.4f}, reference {padded[opset][1]:.4f};"
          f" ceil_mode: onnxruntime {rounded[opset]:.4f}")
holds = (padded[17] == [0.25, 0.25] and padded[19][1] == 0.25 and padded[19][0] != 0.25
         and rounded[17] < 1 and rounded[19] == 1)
print("onnxruntime 1.23.2: expected one divisor for both opsets; seen: two" if holds
      else "CHANGED: the behaviour above is no longer what this script states")
raise SystemExit(not holds)
PY
"$dir/venv/bin/python" "$dir/show.py"
