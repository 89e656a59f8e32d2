"""cocodla: golden model, layer compiler and runtime for an nv_small-compatible int8 accelerator."""
