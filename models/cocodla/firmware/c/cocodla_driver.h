/* Runs compiled networks on the accelerator: C99, no library, no memory of its own, no state between calls. */
#ifndef COCODLA_DRIVER_H
#define COCODLA_DRIVER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How your program reaches the accelerator. Addresses are bytes in its register window, multiples of 4. */
struct cocodla_bus {
    uint32_t (*read)(void *context, uint32_t address);
    void (*write)(void *context, uint32_t address, uint32_t value);
    /* Returns 0 when the interrupt line is high or has risen since the last call, anything else to give up.
     * NULL: the line is masked, and the status register is polled. */
    int (*wait)(void *context);
    void *context;
    uint32_t patience; /* reads or waits in vain after which one step gives up; 0: never */
};

enum cocodla_result {
    COCODLA_DONE = 0,
    COCODLA_BAD_BASE, /* not aligned, or the memory would end beyond 32 bits */
    COCODLA_BAD_STEP, /* the sequence is damaged */
    COCODLA_TIMEOUT,  /* patience is over: what was waited for did not come */
    COCODLA_ABORTED   /* the wait hook gave up */
};

/* A compiled network; net.h has it as a constant, with inputs and outputs beside it. */
struct cocodla_network {
    const char *name;
    const uint32_t *steps; /* see enum cocodla_step */
    uint32_t length;       /* words of it */
    uint32_t units;        /* bit n: the unit with registers from n << 12 on is used */
    uint32_t image_size;   /* bytes of constants, to be at the base before the first run */
    uint32_t memory_size;  /* bytes of memory in all: constants, inputs, outputs, what lies between */
    uint32_t alignment;    /* of the base */
};

/* Steps: a word (step << 28 | register address) and its operands. Groups are those of a unit that begins with group 0. */
enum cocodla_step {
    COCODLA_WRITE = 0,       /* value */
    COCODLA_WRITE_REL = 1,   /* offset: base + offset is written */
    COCODLA_SELECT = 2,      /* group: the unit's registers are those of this group */
    COCODLA_POLL = 3,        /* mask, expected: read until (value & mask) == expected */
    COCODLA_POLL_GROUPS = 4, /* the same of a status whose halves belong to the groups */
    COCODLA_WAIT = 5         /* no operand; instead of an address: interrupts, all of which are awaited */
};

/* Runs a network once: for the image in its input slots. Constants and inputs are in memory from `base` on (and not in a
 * cache of the processor only); when it returns COCODLA_DONE the outputs are. The accelerator may have run anything
 * before, as long as it is idle or comes to rest. */
enum cocodla_result cocodla_run(const struct cocodla_network *network, const struct cocodla_bus *bus, uint32_t base);

#ifdef __cplusplus
}
#endif
#endif
