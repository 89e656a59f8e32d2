// Simulation only: main program of Verilator's models whose clock it drives. It is cocotb's, with another top.
#include "verilated_vpi.h"
#include "sim_clock.h"
#include "verilator.cpp"
