// Simulation only: a Verilator model whose top has inputs `core_clk`, `csb_clk` and outputs `core_period`, `csb_period` (ps), with
// its clocks. Included by the main programs, in which it takes the place of the model itself.
//
// A clock that the model makes by itself is a process of Verilator's scheduler, and each of its edges a time step in which
// cocotb is asked for its wishes. Python looks at nothing but the outputs `done` and `position` and may wait for a time, so
// edges are evaluated between the steps until one of these is due or the model has other events:
//
//   step    | next time slot ------------------------------------------------> | step: callbacks
//   edges   |  rise   fall   rise   fall   rise (position moves: due now)      |
//
// From time SIM_CLOCK_UNTIL on (while waveforms are recorded, 0) each edge is a step.
#ifdef SIM_CLOCK
#ifndef SIM_CLOCK_UNTIL
#define SIM_CLOCK_UNTIL ~0ULL
#endif
#include "Vtop.h"
#include "verilated.h"
#include "verilated_vpi.h"

#include <algorithm>
#include <cstdint>

// What Vtop::eval_step calls. Around it, it empties queues of other threads under locks, of which these models have none:
// a fortieth of the instructions of a run. Steps empty them still.
void Vtop___024root___eval(Vtop___024root*);

double cocotb_step_time();  // the time of cocotb's step; that of the simulation may be beyond it

class ClockedTop final : public Vtop {
    // half: of the period; edge: when the next one is due; both in units of the simulation's time.
    struct Clock {
        CData& pin;
        uint64_t half = 0, edge = 0;

        void start(uint64_t period) { edge = half = period / 2 * picosecond(); }
        void toggle(uint64_t time) {
            if (edge != time) return;
            pin = !pin;
            edge += half;
        }
    };

    Clock m_core{core_clk}, m_csb{csb_clk};
    CData m_done = 0;
    IData m_position = 0;
    static inline uint64_t s_time = 0;  // of the last edge between two steps

public:
    explicit ClockedTop(const char* name) : Vtop{name} { core_clk = csb_clk = 0; }

    static uint64_t time() { return std::max(s_time, static_cast<uint64_t>(cocotb_step_time())); }

    bool eventsPending() { return true; }

    uint64_t nextTimeSlot() {
        if (!m_core.half) {
            m_core.start(core_period);
            m_csb.start(csb_period);
        }
        const uint64_t wanted = asked();
        while (edge() < wanted && edge() < timer() && edge() < SIM_CLOCK_UNTIL) {
            s_time = edge();
            toggle();
            Vtop___024root___eval(rootp);
            if (moved()) return s_time;
        }
        return std::min(edge(), timer());
    }

    void eval_step() {
        if (m_core.half && time() == edge()) toggle();
        Vtop::eval_step();
    }

private:
    uint64_t edge() const { return std::min(m_core.edge, m_csb.edge); }
    uint64_t timer() { return Vtop::eventsPending() ? Vtop::nextTimeSlot() : ~0ULL; }

    // When Python wants to be called though nothing has moved.
    static uint64_t asked() {
        for (const uint32_t reason : {cbReadWriteSynch, cbReadOnlySynch, cbNextSimTime})
            if (VerilatedVpi::hasCbs(reason)) return 0;
        return VerilatedVpi::cbNextDeadline();
    }

    bool moved() {
        if (VL_LIKELY(done == m_done && position == m_position)) return Verilated::threadContextp()->gotFinish();
        m_done = done;
        m_position = position;
        return true;
    }

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

double sc_time_stamp() { return static_cast<double>(ClockedTop::time()); }

#define sc_time_stamp cocotb_step_time
#define Vtop ClockedTop
#endif
