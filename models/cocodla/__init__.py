"""cocodla: golden model, layer compiler and runtime for an nv_small-compatible int8 accelerator."""

import os

__version__ = "0.1.0"

# onnxruntime would leave an identifier of the machine and a store of events in the user's cache, and send these. It
# asks for this variable when it is loaded.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
