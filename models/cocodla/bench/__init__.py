"""The benchmark: what is measured (layers), how (program, measure), and what became of it (results)."""
