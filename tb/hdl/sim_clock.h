// Simulation only: a Verilator model whose top has an input `core_clk` and an output `core_period`, with its clock. Included
// by the main programs, in which it takes the place of the model itself.
//
// A clock that the model makes by itself is a process of Verilator's scheduler, and each of its edges a time step in which
// cocotb is asked for its wishes. Nothing but the clock changes at a falling edge, so it needs no time step of its own: it is
// evaluated between the steps, as long as the model has no other events. While waveforms are recorded (SIM_CLOCK_STEPS)
// it is a step.
#ifdef SIM_CLOCK
#ifndef SIM_CLOCK_STEPS
#define SIM_CLOCK_STEPS false
#endif
#include "Vtop.h"
#include "verilated.h"

#include <algorithm>
#include <cstdint>

extern double sc_time_stamp();

class ClockedTop final : public Vtop {
    uint64_t m_half = 0;  // of the period, in units of the simulation's time
    uint64_t m_edge = 0;  // when the next one is due

    void toggle() {
        core_clk = !core_clk;
        m_edge += m_half;
    }

public:
    explicit ClockedTop(const char* name) : Vtop{name} { core_clk = 0; }

    bool eventsPending() { return true; }

    uint64_t nextTimeSlot() {
        if (!m_half) m_edge = m_half = core_period / 2;
        if (!(SIM_CLOCK_STEPS) && core_clk && m_edge < timer()) {
            toggle();
            Vtop::eval_step();
        }
        return std::min(m_edge, timer());
    }

    void eval_step() {
        if (m_half && now() == m_edge) toggle();
        Vtop::eval_step();
    }

private:
    uint64_t timer() { return Vtop::eventsPending() ? Vtop::nextTimeSlot() : ~0ULL; }
    static uint64_t now() { return static_cast<uint64_t>(sc_time_stamp()); }
};

#define Vtop ClockedTop
#endif
