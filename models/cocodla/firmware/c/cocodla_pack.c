/* See cocodla_pack.h. Floating point is to be as written: compile with -std=c99 or -ffp-contract=off. */
#include "cocodla_pack.h"

#define ATOM 8u
#define FAR 100000.0 /* beyond what any code or byte means */

/* Nearest whole number, ties to even, limited to low..high. */
static int32_t nearest(double value, int32_t summand, int32_t low, int32_t high)
{
    int32_t whole;
    double rest;

    if (!(value > -FAR))
        return low;
    if (value > FAR)
        return high;
    whole = (int32_t)value;
    rest = value - whole;
    if (rest > 0.5 || (rest == 0.5 && whole % 2))
        whole++;
    if (rest < -0.5 || (rest == -0.5 && whole % 2))
        whole--;
    whole += summand;
    return whole < low ? low : whole > high ? high : whole;
}

static uint32_t entry(const struct cocodla_map *map, uint32_t values, uint32_t index)
{
    return map->count == 1 ? 0 : index / (values / map->count);
}

static uint32_t place(const struct cocodla_slot *slot, uint32_t index)
{
    uint32_t column = index % slot->width, row = index / slot->width % slot->height;
    uint32_t channel = index / slot->width / slot->height;

    if (slot->is_pixels) {
        uint32_t plane = slot->channel_planes[channel];

        return slot->planes[plane] + row * slot->line_strides[plane] + column * slot->pixel_bytes[plane] + slot->order[channel];
    }
    return channel / ATOM * slot->surface_stride + row * slot->line_strides[0] + column * ATOM + channel % ATOM;
}

static void clear(const struct cocodla_slot *slot, uint8_t *memory)
{
    uint32_t at;

    for (at = 0; at < slot->size; at++)
        memory[at] = 0;
}

/* Rounded to float where the compiler's own arithmetic is. */
static uint8_t code_of(const struct cocodla_input *input, uint32_t index, float real)
{
    const struct cocodla_map *prepare = &input->prepare;
    const struct cocodla_slot *slot = &input->slot;
    double exact;

    if (prepare->count) {
        uint32_t channel = entry(prepare, input->values, index);

        exact = (real * prepare->factors[channel] + prepare->summands[channel]) / slot->scale;
    } else {
        exact = (float)(real / (float)slot->scale);
    }
    return (uint8_t)nearest(exact, slot->zero, -128, 127);
}

void cocodla_pack_bytes(const struct cocodla_input *input, const uint8_t *image, uint8_t *memory)
{
    const struct cocodla_map *pixels = &input->pixels;
    uint32_t index;

    clear(&input->slot, memory);
    for (index = 0; index < input->values; index++) {
        uint32_t channel = entry(pixels, input->values, index), at = place(&input->slot, index);

        if (input->slot.is_pixels)
            memory[at] = image[index];
        else
            memory[at] = code_of(input, index, (float)(image[index] * pixels->factors[channel] + pixels->summands[channel]));
    }
}

static void store(const struct cocodla_input *input, uint32_t index, float real, uint8_t *memory)
{
    const struct cocodla_map *pixels = &input->pixels;
    uint32_t channel = entry(pixels, input->values, index), at = place(&input->slot, index);

    if (input->slot.is_pixels)
        memory[at] = (uint8_t)nearest((real - pixels->summands[channel]) / pixels->factors[channel], 0, 0, 255);
    else
        memory[at] = code_of(input, index, real);
}

void cocodla_pack_reals(const struct cocodla_input *input, const float *image, uint8_t *memory)
{
    uint32_t index;

    clear(&input->slot, memory);
    for (index = 0; index < input->values; index++)
        store(input, index, image[index], memory);
}

int cocodla_pack_codes(const struct cocodla_input *input, const void *codes, uint8_t *memory)
{
    const uint8_t *bytes = codes;
    uint32_t index;

    if (input->codes.kind == COCODLA_NO_CODES)
        return 0;
    clear(&input->slot, memory);
    for (index = 0; index < input->values; index++) {
        int32_t byte = bytes[index], code = input->codes.kind == COCODLA_UINT8 ? byte - 128 : byte < 128 ? byte : byte - 256;

        store(input, index, (float)(code - input->codes.zero) * (float)input->codes.scale, memory);
    }
    return 1;
}

void cocodla_unpack_codes(const struct cocodla_slot *slot, const uint8_t *memory, int8_t *codes)
{
    uint32_t index, count = slot->channels * slot->height * slot->width;

    for (index = 0; index < count; index++) {
        uint8_t byte = memory[place(slot, index)];

        codes[index] = (int8_t)(byte < 128 ? byte : byte - 256);
    }
}

void cocodla_unpack_reals(const struct cocodla_slot *slot, const uint8_t *memory, float *reals)
{
    uint32_t index, count = slot->channels * slot->height * slot->width;

    for (index = 0; index < count; index++) {
        uint8_t byte = memory[place(slot, index)];

        reals[index] = (float)((byte < 128 ? byte : byte - 256) - slot->zero) * (float)slot->scale;
    }
}
