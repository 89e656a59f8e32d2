/* Images into input slots, output slots into numbers: C99, no library. */
#ifndef COCODLA_PACK_H
#define COCODLA_PACK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A tensor in memory, `offset` bytes behind the base. A code means scale * (code - zero).
 *
 * Cube: code of (channel, row, column) at (channel / 8) * surface_stride + row * line_strides[0] + column * 8 + channel % 8.
 * Pixels: byte of (channel, row, column) at planes[p] + row * line_strides[p] + column * pixel_bytes[p] + order[channel],
 * where p = channel_planes[channel]. */
struct cocodla_slot {
    const char *name;
    uint32_t offset, size;
    uint32_t channels, height, width;
    double scale;
    int32_t zero;
    uint8_t is_pixels;
    uint32_t surface_stride;
    uint32_t line_strides[2], planes[2];
    uint8_t pixel_bytes[2], order[4], channel_planes[4];
};

/* One factor and summand for all channels (count 1), or for each. */
struct cocodla_map {
    uint32_t count; /* 0: nothing is done */
    const double *factors, *summands;
};

/* Codes of a model whose input is integer: scale * (code - zero), of int8 codes; uint8 ones are 128 more. */
enum cocodla_code_kind { COCODLA_NO_CODES, COCODLA_INT8, COCODLA_UINT8 };
struct cocodla_codes {
    enum cocodla_code_kind kind;
    double scale;
    int32_t zero;
};

/* An input of the model: `values` numbers, channels first. pixels: byte -> input of the model; prepare: preprocessing that
 * the compiler has taken out of the model (cubes only; pixels have it in the first layer). */
struct cocodla_input {
    struct cocodla_slot slot;
    uint32_t values;
    struct cocodla_map pixels, prepare;
    struct cocodla_codes codes;
};

/* Write an image into the slot's memory: slot.size bytes, of which those of no element become 0. */
void cocodla_pack_bytes(const struct cocodla_input *input, const uint8_t *image, uint8_t *memory);
void cocodla_pack_reals(const struct cocodla_input *input, const float *image, uint8_t *memory);

/* The same of codes as the model takes them, int8 or uint8; 0, and nothing is written, if its input is real. */
int cocodla_pack_codes(const struct cocodla_input *input, const void *codes, uint8_t *memory);

/* Read channels * height * width elements, channels first: int8 codes, or what they mean. */
void cocodla_unpack_codes(const struct cocodla_slot *slot, const uint8_t *memory, int8_t *codes);
void cocodla_unpack_reals(const struct cocodla_slot *slot, const uint8_t *memory, float *reals);

#ifdef __cplusplus
}
#endif
#endif
