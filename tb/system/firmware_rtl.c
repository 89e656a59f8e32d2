/* The exported driver against the RTL: its hooks write the command file of tb/hdl/sim_player.v and read the results file,
 * which are pipes. The simulation stands still while this program thinks.
 *
 *   firmware_rtl COMMANDS RESULTS BASE CONSTANTS OUTPUTS [i|p IMAGE]...
 *
 * i: with interrupts, p: polling. IMAGE: bytes, or floats of this machine. The bytes of all output slots of all images go to
 * OUTPUTS; stdout has a line for each image and each counter. Compiled with -DHEADER, -DNETWORK, -DINPUT, -DSLOTS, -DSLOT_COUNT. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include HEADER

enum op { END = 0, WRITE = 1, READ = 2, LOAD = 5, DUMP = 7, MARK = 8, MAP = 9, LINE = 11, FLUSH = 12 };

static FILE *commands, *results;
static char line[256];

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "firmware_rtl: %s: %s\n", what, why);
    exit(1);
}

static void big_endian(uint32_t value)
{
    int shift;

    for (shift = 24; shift >= 0; shift -= 8)
        putc((int)(value >> shift & 0xFF), commands);
}

static void record(enum op op, uint32_t a, uint32_t b, uint32_t c)
{
    big_endian((uint32_t)op << 24);
    big_endian(a);
    big_endian(b);
    big_endian(c);
}

/* The next line that begins with `kind`; none is skipped but those of events nobody asked for. */
static void expect(char kind)
{
    record(FLUSH, 0, 0, 0);
    fflush(commands);
    do {
        if (!fgets(line, sizeof line, results))
            fail("simulation", "it has ended");
        if (line[0] == 'F' || line[0] == 'H')
            fail("simulation", line);
    } while (line[0] != kind);
}

/* -- hooks --------------------------------------------------------------------------------------------- */

static uint32_t bus_read(void *context, uint32_t address)
{
    char *end;
    uint32_t value;

    (void)context;
    record(READ, address, 0, 0);
    expect('R');
    value = (uint32_t)strtoul(line + 4, &end, 10); /* "R 0 value" */
    if (end == line + 4)
        fail("register reads X", line);
    return value;
}

static void bus_write(void *context, uint32_t address, uint32_t value)
{
    (void)context;
    record(WRITE, address, value, 0);
}

static int bus_wait(void *context)
{
    ++*(unsigned long *)context;
    record(LINE, 0, 0, 0);
    expect('E');
    return 0;
}

/* -- memory -------------------------------------------------------------------------------------------- */

static void load(uint32_t address, const uint8_t *data, uint32_t size)
{
    uint32_t words = (size + 7) / 8, at;
    int byte;

    if (!words)
        return;
    record(LOAD, address, words, 0xFF);
    for (at = 0; at < words; at++)
        for (byte = 7; byte >= 0; byte--)
            putc(at * 8 + (uint32_t)byte < size ? data[at * 8 + (uint32_t)byte] : 0, commands);
}

static void dump(uint32_t address, uint8_t *data, uint32_t size)
{
    uint32_t words = (size + 7) / 8, at;
    int byte;

    record(DUMP, address, words, 0);
    expect('D');
    for (at = 0; at < words; at++) {
        if (!fgets(line, sizeof line, results) || strspn(line, "0123456789abcdef") != 16)
            fail("memory holds X", line);
        for (byte = 0; byte < 8; byte++) {
            char digits[3] = {line[14 - 2 * byte], line[15 - 2 * byte], 0};

            if (at * 8 + (uint32_t)byte < size)
                data[at * 8 + (uint32_t)byte] = (uint8_t)strtoul(digits, NULL, 16);
        }
    }
}

static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data;
    long length;

    if (!file || fseek(file, 0, SEEK_END) || (length = ftell(file)) < 0)
        fail(path, "cannot be read");
    rewind(file);
    data = malloc((size_t)length + 1);
    if (!data || fread(data, 1, (size_t)length, file) != (size_t)length)
        fail(path, "cannot be read");
    fclose(file);
    *size = (size_t)length;
    return data;
}

/* -- one image ----------------------------------------------------------------------------------------- */

static unsigned long cycle(void)
{
    unsigned long value = 0;

    record(MARK, 0, 0, 0);
    expect('E');
    sscanf(line, "E %*s %lu", &value);
    return value;
}

static void give_image(const char *path, uint32_t base)
{
    const struct cocodla_input *input = &INPUT;
    uint8_t *memory = malloc(input->slot.size);
    size_t size;
    uint8_t *image = read_file(path, &size);

    if (memory && size == input->values)
        cocodla_pack_bytes(input, image, memory);
    else if (memory && size == 4 * (size_t)input->values)
        cocodla_pack_reals(input, (const float *)(const void *)image, memory);
    else
        fail(path, "has another size than an image");
    load(base + input->slot.offset, memory, input->slot.size);
    free(image);
    free(memory);
}

static void take_outputs(uint32_t base, FILE *file)
{
    int which;

    for (which = 0; which < SLOT_COUNT; which++) {
        uint8_t *memory = malloc(SLOTS[which].size);

        if (!memory)
            fail("memory", "there is not enough of it");
        dump(base + SLOTS[which].offset, memory, SLOTS[which].size);
        fwrite(memory, 1, SLOTS[which].size, file);
        free(memory);
    }
}

static void run_image(const char *mode, const char *path, uint32_t base, FILE *file)
{
    unsigned long waits = 0, start;
    const struct cocodla_bus bus = {bus_read, bus_write, mode[0] == 'i' ? bus_wait : NULL, &waits, 10000000};
    enum cocodla_result result;

    give_image(path, base);
    start = cycle();
    result = cocodla_run(&NETWORK, &bus, base);
    printf("image %s %d %lu %lu\n", mode, (int)result, cycle() - start, waits);
    take_outputs(base, file);
}

int main(int count, char **words)
{
    uint32_t base;
    uint8_t *constants;
    size_t size;
    FILE *file;
    int at, descriptor;

    if (count < 6 || count % 2)
        fail("usage", "COMMANDS RESULTS BASE CONSTANTS OUTPUTS [i|p IMAGE]...");
    /* No end of a pipe waits for the other one here: the simulator opens them in an order of its own. */
    descriptor = open(words[2], O_RDONLY | O_NONBLOCK);
    commands = fopen(words[1], "wb");
    if (descriptor < 0 || !commands || fcntl(descriptor, F_SETFL, 0) < 0 || !(results = fdopen(descriptor, "r")))
        fail("pipes", "cannot be opened");
    base = (uint32_t)strtoul(words[3], NULL, 0);
    constants = read_file(words[4], &size);
    if (size != NETWORK.image_size || !(file = fopen(words[5], "wb")))
        fail(words[4], "is not the image of this network");
    record(MAP, base & ~4095u, (NETWORK.memory_size + (base & 4095u) + 7) / 8, 0);
    load(base, constants, NETWORK.image_size);
    for (at = 6; at < count; at += 2)
        run_image(words[at], words[at + 1], base, file);
    record(END, 0, 0, 0);
    fflush(commands);
    while (fgets(line, sizeof line, results) && line[0] != 'Z')
        if (line[0] == 'C' || line[0] == 'F' || line[0] == 'H')
            fputs(line, stdout);
    if (line[0] != 'Z')
        fail("simulation", "it has left no complete results");
    return fclose(file) ? 1 : 0;
}
