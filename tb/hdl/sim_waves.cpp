// Simulation only: main program of Verilator's models with waveforms. It is cocotb's, with a tracer that records what the
// plusargs ask for:
//
//   +waves_from=T +waves_to=T         picoseconds, from T to before T
//   +waves_first=I +waves_last=I      while the top's port `position` is at least and below I
//   +waves_scope=a.b.c,a.d            instances, with all that is in them
//   +waves_depth=N                    of these N levels only: 1 leaves out what is in their instances
//
// The file is opened at the first moment that is recorded, has a name of its own until it is complete, and is completed as
// soon as nothing more can be asked for, or when the process is told to end (SIGTERM, SIGINT).
#include "Vtop.h"
#include "verilated.h"
#include "verilated_vpi.h"
#if VM_TRACE_FST
#include <verilated_fst_c.h>
using Tracer = VerilatedFstC;
#else
#include <verilated_vcd_c.h>
using Tracer = VerilatedVcdC;
#endif

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>

namespace {

volatile std::sig_atomic_t ending = 0;

void end_soon(int number) { ending = number; }

std::string argument(const char* name) {
    const std::string prefix = std::string{name} + "=";
    const std::string found = Verilated::threadContextp()->commandArgsPlusMatch(prefix.c_str());
    return found.empty() ? "" : found.substr(prefix.size() + 1);
}

uint64_t number(const char* name, uint64_t otherwise) {
    const std::string text = argument(name);
    return text.empty() ? otherwise : std::strtoull(text.c_str(), nullptr, 10);
}

class Recorder final : public Tracer {
    uint64_t m_from = 0, m_to = 0, m_first = 0, m_last = 0;
    const IData* m_position = nullptr;
    std::string m_name;
    bool m_begun = false, m_over = false;

    // A port of 32 bits of the top. It is read in every step, so by its place in the model: VPI would take a tenth of the run.
    static const IData* find_port(const std::string& path) {
        const size_t dot = path.rfind('.');
        if (dot == std::string::npos) return nullptr;
        for (const std::string& name : {path.substr(0, dot), "TOP." + path.substr(0, dot)}) {
            const VerilatedScope* const scope = Verilated::threadContextp()->scopeFind(name.c_str());
            const VerilatedVar* const var = scope ? scope->varFind(path.c_str() + dot + 1) : nullptr;
            if (var) return static_cast<const IData*>(var->datap());
        }
        return nullptr;
    }

    uint64_t position() {
        if (!m_position) m_position = find_port(argument("waves_position"));
        return m_position ? *m_position : 0;
    }

    std::string part() const { return m_name + ".part"; }

    void begin() {
        std::stringstream scopes{argument("waves_scope")};
        const int depth = static_cast<int>(number("waves_depth", 99));
        for (std::string scope; std::getline(scopes, scope, ',');) Tracer::dumpvars(depth, scope);
        Tracer::open(part().c_str());
        m_begun = true;
    }

public:
    static inline uint64_t next = 0;  // no moment before it is recorded, unless `position` moves

    void open(const char* name) {
        m_name = name;
        m_from = number("waves_from", 0);
        m_to = number("waves_to", ~0ULL);
        m_first = number("waves_first", 0);
        m_last = number("waves_last", ~0ULL);
        for (const int signal : {SIGTERM, SIGINT}) std::signal(signal, end_soon);
    }

    void dump(uint64_t time) {
        if (VL_UNLIKELY(ending)) {
            close();
            std::signal(ending, SIG_DFL);
            std::raise(ending);
        }
        if (m_over) return;
        if (time < m_from) {
            next = m_from;
            return;
        }
        const bool bounded = m_first || ~m_last;
        const uint64_t now = bounded ? position() : 0;
        if (time >= m_to || (bounded && now >= m_last)) {
            close();
        } else if (now >= m_first) {
            if (VL_UNLIKELY(!m_begun)) begin();
            Tracer::dump(time);
            next = 0;
        } else {
            next = ~0ULL;
        }
    }

    void flush() {
        if (m_begun && !m_over) Tracer::flush();
    }

    void close() {
        if (m_begun && !m_over) {
            Tracer::close();
            std::rename(part().c_str(), m_name.c_str());
        }
        m_over = true;
        next = ~0ULL;
    }
};

}  // namespace

#define SIM_CLOCK_UNTIL (ending ? 0 : Recorder::next)
#include "sim_clock.h"
#define VerilatedFstC Recorder
#define VerilatedVcdC Recorder
#include "verilator.cpp"
