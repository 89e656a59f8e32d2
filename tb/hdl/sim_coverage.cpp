// Simulation only: main program of Verilator's models that count coverage. It is cocotb's, and two functions that
// cocotbext/dla/coverage.py calls around each test, so that one process keeps its tests apart.
#include "verilator.cpp"
#include "verilated_cov.h"

extern "C" {
// All counts to 0.
void dla_coverage_begin() { VerilatedCov::zero(); }

// The counts since then into a file. Instances are kept apart: bins of a generate loop are told by nothing else.
void dla_coverage_write(const char* file) {
    Verilated::threadContextp()->coveragep()->forcePerInstance(true);
    VerilatedCov::write(file);
}
}
