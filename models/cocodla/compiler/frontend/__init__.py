"""From an ONNX file to the compiler's graph, and to what the host runs: one form for what exporters write in many."""
