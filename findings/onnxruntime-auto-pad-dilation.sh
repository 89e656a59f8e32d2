#!/usr/bin/env bash
# A dilated convolution with auto_pad SAME_UPPER is computed by the ONNX reference, and refused by onnxruntime.
#
# Packages: onnxruntime 1.32.0, onnx 1.23.2, numpy 2.4.6 (Python 3.11 or later).
# Expected: Conv has attributes auto_pad and dilations, and the operator's text forbids no pair of values. With SAME_UPPER
#   the output has ceil(size / stride) lines; the padding is that of the dilated kernel. The same convolution with that
#   padding written as pads runs everywhere.
# Seen: the checker with full shape inference accepts the model (output 1x1x9x9) and the ONNX reference evaluator gives what
#   explicit pads give. onnxruntime loads the same model and fails in its first run: it says that dilation is not
#   supported for this auto_pad; with explicit pads it agrees with the reference.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6 2>"$dir/pip.log" ||
  { cat "$dir/pip.log"; exit 1; }

cat >"$dir/show.py" <<'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator


def model(**padding):
    weights = numpy_helper.from_array(np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3), "w")
    node = helper.make_node("Conv", ["x", "w"], ["y"], kernel_shape=[3, 3], dilations=[2, 2], **padding)
    graph = helper.make_graph([node], "conv", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 9, 9])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 9, 9])], [weights])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(made, full_check=True)
    return made


def run(made, x):
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


x = np.random.default_rng(0).integers(-8, 8, (1, 1, 9, 9)).astype(np.float32)
same, explicit = model(auto_pad="SAME_UPPER"), model(pads=[2, 2, 2, 2])
wanted = run(explicit, x)
reference = [ReferenceEvaluator(made).run(None, {"x": x})[0] for made in (same, explicit)]
print("reference evaluator, SAME_UPPER as explicit pads:", np.array_equal(*reference),
      "; explicit pads as onnxruntime:", np.array_equal(reference[1], wanted))
try:
    run(same, x)
    refused = ""
except Exception as error:
    refused = str(error).splitlines()[0]
print("onnxruntime, SAME_UPPER:", refused or "runs")
holds = np.array_equal(*reference) and np.array_equal(reference[1], wanted) and "ilation" in refused
print("onnxruntime 1.32.0: expected the convolution of the reference; seen: refused for its auto_pad with dilation" if holds
      else "CHANGED: the behaviour above is no longer what this script states")
raise SystemExit(not holds)
PY
"$dir/venv/bin/python" "$dir/show.py"
