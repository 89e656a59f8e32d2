"""Synthesis of the units with Yosys: area for an FPGA and in gates, longest paths."""
