"""Simulators: finding them, building models (cached), running cocotb tests on them, linting the RTL."""
