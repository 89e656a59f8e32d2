#!/usr/bin/env bash
# onnx shape inference counts a pooling window that begins behind the input.
#
# Packages: onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6 (Python 3.10 or later).
# Expected: for one model, onnx's shape inference, onnx's reference evaluator and onnxruntime agree on the output
#   shape, and check_model(full_check=True) takes a model that declares the shape it has when run. Kernel 1, stride 2
#   on 8 elements, ceil_mode=1, are the 4 elements 0, 2, 4, 6; a fifth window would hold no element at all.
# Seen: below opset 22 shape inference gives 5 (and 3 for kernel 2, stride 3 on 6, where 2 are computed). The
#   evaluator of the same package and onnxruntime compute 4, and full_check refuses the model that declares 4.
#   From opset 22 on all agree. The text of opset 22 leaves such windows out; the formula of the older texts says
#   nothing of them, and inference alone holds to it: no runtime does, so no declaration suits both.
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


def pooling(operator, opset, size, kernel, stride, declared):
    node = helper.make_node(operator, ["x"], ["y"], kernel_shape=[kernel], strides=[stride], ceil_mode=1)
    graph = helper.make_graph([node], "pooling", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, size])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, declared])])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


onnxruntime.set_default_logger_severity(4)
holds = True
for operator, opset, size, kernel, stride, want in (
        ("MaxPool", 21, 8, 1, 2, (5, 4, 4, "refused")), ("MaxPool", 22, 8, 1, 2, (4, 4, 4, "taken")),
        ("AveragePool", 21, 6, 2, 3, (3, 2, 2, "refused")), ("AveragePool", 22, 6, 2, 3, (2, 2, 2, "taken"))):
    model = pooling(operator, opset, size, kernel, stride, "n")
    inferred = onnx.shape_inference.infer_shapes(pooling(operator, opset, size, kernel, stride, None))
    x = {"x": np.arange(size, dtype=np.float32).reshape(1, 1, size)}
    evaluated = ReferenceEvaluator(model).run(None, x)[0].shape[2]
    run = onnxruntime.InferenceSession(model.SerializeToString()).run(None, x)[0].shape[2]
    try:
        onnx.checker.check_model(pooling(operator, opset, size, kernel, stride, run), full_check=True)
        verdict = "taken"
    except onnx.shape_inference.InferenceError:
        verdict = "refused"
    got = (inferred.graph.output[0].type.tensor_type.shape.dim[2].dim_value, evaluated, run, verdict)
    print(f"{operator} opset {opset}, {size} elements, kernel {kernel}, stride {stride}: shape inference {got[0]}, "
          f"onnx.reference {got[1]}, onnxruntime {got[2]}; a model that declares {run} is {got[3]}")
    holds &= got == want
print("onnx 1.23.2: expected one shape everywhere; seen: inference counts one window more below opset 22"
      if holds else "CHANGED: the behaviour above is no longer what this script states")
raise SystemExit(not holds)
PY
"$dir/venv/bin/python" "$dir/show.py"
