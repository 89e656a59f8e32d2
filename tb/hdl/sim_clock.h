// Simulation only: a Verilator model whose top has inputs `core_clk`, `csb_clk` and outputs `core_period`, `csb_period` (ps), with
// its clocks. Included by the main programs, in which it takes the place of the model itself.
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
    // half: of the period; edge: when the next one is due; both in units of the simulation's time.
    struct Clock {
        CData& pin;
        uint64_t half = 0, edge = 0;

        void start(uint64_t period) { edge = half = period / 2 * picosecond(); }
        bool rises(uint64_t time) const { return edge == time && !pin; }
        void toggle(uint64_t time) {
            if (edge != time) return;
            pin = !pin;
            edge += half;
        }
    };

    Clock m_core{core_clk}, m_csb{csb_clk};

public:
    explicit ClockedTop(const char* name) : Vtop{name} { core_clk = csb_clk = 0; }

    bool eventsPending() { return true; }

    uint64_t nextTimeSlot() {
        if (!m_core.half) {
            m_core.start(core_period);
            m_csb.start(csb_period);
        }
        while (!(SIM_CLOCK_STEPS) && !m_core.rises(edge()) && !m_csb.rises(edge()) && edge() < timer()) {
            toggle();
            Vtop::eval_step();
        }
        return std::min(edge(), timer());
    }

    void eval_step() {
        if (m_core.half && now() == edge()) toggle();
        Vtop::eval_step();
    }

private:
    uint64_t edge() const { return std::min(m_core.edge, m_csb.edge); }
    uint64_t timer() { return Vtop::eventsPending() ? Vtop::nextTimeSlot() : ~0ULL; }
    static uint64_t now() { return static_cast<uint64_t>(sc_time_stamp()); }

    void toggle() {
        const uint64_t time = edge();
        m_core.toggle(time);
        m_csb.toggle(time);
    }

    // A file of the design may ask for a finer unit of time.
    static uint64_t picosecond() {
        uint64_t units = 1;
        for (int power = Verilated::threadContextp()->timeprecision(); power < -12; ++power) units *= 10;
        return units;
    }
};

#define Vtop ClockedTop
#endif
