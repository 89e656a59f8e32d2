/* See cocodla_driver.h. */
#include "cocodla_driver.h"

#define INTR_MASK 0x1004u
#define INTR_STATUS 0x100Cu
#define S_STATUS 0x0u  /* of a unit; bits 1..0 of group 0, 17..16 of group 1: 0 is idle */
#define S_POINTER 0x4u /* bit 0: group that registers are written to; bit 16: group that runs, or runs next */
#define BUSY 0x00030003u
#define AWAITED 0x3Fu /* interrupts of the units that write memory; all others stay masked */
#define ALL_MASKED 0x3FFFFFu
#define UNITS 16u

/* Interrupts of the two groups are neighbours: bits `bit` and `bit` + 1. */
static const struct {
    uint32_t unit, bit;
} writers[] = {{0x9, 0}, {0xD, 2}, {0xB, 4}};

struct run {
    const struct cocodla_bus *bus;
    uint32_t base;
    uint32_t swapped; /* bit n: unit n begins with group 1 */
    uint32_t pending; /* interrupts that have come and are not awaited yet */
};

static uint32_t read_register(const struct run *run, uint32_t address)
{
    return run->bus->read(run->bus->context, address);
}

static void write_register(const struct run *run, uint32_t address, uint32_t value)
{
    run->bus->write(run->bus->context, address, value);
}

static uint32_t is_swapped(const struct run *run, uint32_t unit)
{
    return run->swapped >> unit & 1u;
}

static uint32_t exchange_halves(uint32_t value)
{
    return value << 16 | value >> 16;
}

static enum cocodla_result poll_register(const struct run *run, uint32_t address, uint32_t mask, uint32_t expected)
{
    uint32_t tries = 0;

    while ((read_register(run, address) & mask) != expected)
        if (++tries == run->bus->patience)
            return COCODLA_TIMEOUT;
    return COCODLA_DONE;
}

/* Interrupts as they are named in the sequence -> as they come, where a unit has begun with group 1. */
static uint32_t as_they_come(const struct run *run, uint32_t bits)
{
    uint32_t result = bits, n;

    for (n = 0; n < sizeof writers / sizeof writers[0]; n++) {
        uint32_t bit = writers[n].bit, pair = bits >> bit & 3u;

        if (is_swapped(run, writers[n].unit))
            result = (result & ~(3u << bit)) | (pair >> 1 | (pair & 1u) << 1) << bit;
    }
    return result;
}

/* Whatever has come is cleared and remembered, so that the line falls and the next interrupt makes it rise. */
static enum cocodla_result await(struct run *run, uint32_t bits)
{
    const struct cocodla_bus *bus = run->bus;
    uint32_t tries = 0;

    for (;;) {
        uint32_t come = read_register(run, INTR_STATUS) & AWAITED;

        if (come)
            write_register(run, INTR_STATUS, come);
        run->pending |= come;
        if ((run->pending & bits) == bits) {
            run->pending &= ~bits;
            return COCODLA_DONE;
        }
        if (!come && ++tries == bus->patience)
            return COCODLA_TIMEOUT;
        if (bus->wait && bus->wait(bus->context))
            return COCODLA_ABORTED;
    }
}

/* Wait until all units of the network rest, and learn which group each will run next. */
static enum cocodla_result begin(struct run *run, uint32_t units)
{
    uint32_t unit;

    for (unit = 0; unit < UNITS; unit++) {
        enum cocodla_result result;

        if (!(units >> unit & 1u))
            continue;
        result = poll_register(run, (unit << 12) + S_STATUS, BUSY, 0);
        if (result != COCODLA_DONE)
            return result;
        run->swapped |= (read_register(run, (unit << 12) + S_POINTER) >> 16 & 1u) << unit;
    }
    write_register(run, INTR_STATUS, AWAITED);
    write_register(run, INTR_MASK, run->bus->wait ? ALL_MASKED & ~AWAITED : ALL_MASKED);
    return COCODLA_DONE;
}

/* Operands behind the first word of a step; 3 for none that exists. */
static uint32_t operands(uint32_t step)
{
    switch (step) {
    case COCODLA_WRITE:
    case COCODLA_WRITE_REL:
    case COCODLA_SELECT:
        return 1;
    case COCODLA_POLL:
    case COCODLA_POLL_GROUPS:
        return 2;
    case COCODLA_WAIT:
        return 0;
    default:
        return 3;
    }
}

static enum cocodla_result do_step(struct run *run, const uint32_t *words)
{
    uint32_t address = words[0] & 0x3FFFFu, swapped = is_swapped(run, address >> 12 & (UNITS - 1));

    switch (words[0] >> 28) {
    case COCODLA_WRITE:
        write_register(run, address, words[1]);
        return COCODLA_DONE;
    case COCODLA_WRITE_REL:
        write_register(run, address, run->base + words[1]);
        return COCODLA_DONE;
    case COCODLA_SELECT:
        write_register(run, address, words[1] ^ swapped);
        return COCODLA_DONE;
    case COCODLA_POLL:
        return poll_register(run, address, words[1], words[2]);
    case COCODLA_POLL_GROUPS:
        if (swapped)
            return poll_register(run, address, exchange_halves(words[1]), exchange_halves(words[2]));
        return poll_register(run, address, words[1], words[2]);
    default:
        return await(run, as_they_come(run, words[0] & AWAITED));
    }
}

enum cocodla_result cocodla_run(const struct cocodla_network *network, const struct cocodla_bus *bus, uint32_t base)
{
    struct run run = {0, 0, 0, 0};
    enum cocodla_result result;
    uint32_t at = 0;

    if (base % network->alignment || network->memory_size - 1 > UINT32_MAX - base)
        return COCODLA_BAD_BASE;
    run.bus = bus;
    run.base = base;
    result = begin(&run, network->units);
    while (result == COCODLA_DONE && at < network->length) {
        uint32_t count = operands(network->steps[at] >> 28);

        if (count > 2 || count >= network->length - at)
            return COCODLA_BAD_STEP;
        result = do_step(&run, network->steps + at);
        at += 1 + count;
    }
    return result;
}
