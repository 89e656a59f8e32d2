"""Random ONNX networks for the compiler: `networks` makes them, `check` compiles and compares, `campaign` hunts."""
