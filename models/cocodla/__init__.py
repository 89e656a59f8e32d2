"""cocodla: golden model, layer compiler and runtime for an nv_small-compatible int8 accelerator."""

__version__ = "0.1.0"
