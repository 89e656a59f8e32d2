#!/usr/bin/env bash
# onnx's reference evaluator pads MaxPool with auto_pad SAME_LOWER at the wrong end.
#
# Packages: onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6 (Python 3.10 or later).
# Expected: SAME_LOWER puts the odd element of padding before the input, and there are ceil(size / stride) windows,
#   as the operator's text, shape inference, onnxruntime and AveragePool of the same evaluator have it. MaxPool of
#   1 2 3 4 5 6, kernel 3, stride 2, is the maximum of (1 2), (2 3 4), (4 5 6): 2 4 6.
# Seen: the evaluator gives 3 5 6, which is SAME_UPPER. On 5 elements, kernel 2, stride 2, it also gives 2 values
#   where onnx's shape inference says 3. Kernel 3, stride 1 stops with an IndexError, with SAME_UPPER too.
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


def results(operator, auto_pad, size, kernel, stride):
    """Output of onnx.reference (or the error's name), output of onnxruntime, inferred size."""
    node = helper.make_node(operator, ["x"], ["y"], kernel_shape=[kernel], strides=[stride], auto_pad=auto_pad)
    graph = helper.make_graph([node], "pooling", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, size])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, None])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    x = {"x": np.arange(1, size + 1, dtype=np.float32).reshape(1, 1, size)}
    try:
        reference = ReferenceEvaluator(model).run(None, x)[0].ravel().tolist()
    except IndexError as error:
        reference = type(error).__name__
    inferred = onnx.shape_inference.infer_shapes(model).graph.output[0].type.tensor_type.shape.dim[2].dim_value
    return reference, onnxruntime.InferenceSession(model.SerializeToString()).run(None, x)[0].ravel().tolist(), inferred


holds = True
for case, want in ((("MaxPool", "SAME_LOWER", 6, 3, 2), ([3, 5, 6], [2, 4, 6], 3)),
                   (("MaxPool", "SAME_UPPER", 6, 3, 2), ([3, 5, 6], [3, 5, 6], 3)),
                   (("AveragePool", "SAME_LOWER", 6, 3, 2), ([1.5, 3, 5], [1.5, 3, 5], 3)),
                   (("MaxPool", "SAME_LOWER", 5, 2, 2), ([3, 5], [1, 3, 5], 3)),
                   (("MaxPool", "SAME_UPPER", 4, 3, 1), ("IndexError", [2, 3, 4, 4], 4))):
    got = results(*case)
    print("{} {}, {} elements, kernel {}, stride {}:".format(*case),
          f"onnx.reference {got[0]}, onnxruntime {got[1]}, inferred size {got[2]}")
    holds &= got == want
print("onnx 1.23.2: expected 2 4 6 for the first; seen: onnx.reference pads at the other end, or drops a window"
      if holds else "CHANGED: the behaviour above is no longer what this script states")
raise SystemExit(not holds)
PY
"$dir/venv/bin/python" "$dir/show.py"
