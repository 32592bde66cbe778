/* mutate.h - mutators that know how a format is built, for LLVMFuzzerCustomMutator.
 *
 *     size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t cap, unsigned seed)
 *     {
 *         return sg_mutate_pickle(data, size, cap, seed);
 *     }
 *
 * Each changes the `size` bytes at `data` in place and returns the new size, at most `cap`. The
 * same bytes and seed give the same result, but for what LLVMFuzzerMutate() adds.
 */
#ifndef SG_FUZZ_MUTATE_H
#define SG_FUZZ_MUTATE_H

#include "ground/bytes.h"

/* Opcodes move, repeat, go and change; calls from the table of shapes come in; memo indices,
 * lengths, PROTO and FRAME are set anew; the whole is handed to an inner loader. */
size_t sg_mutate_pickle(uint8_t *data, size_t size, size_t cap, unsigned seed);

/* Members are renamed, repeated, packed otherwise, put in another order, and mutated as pickles,
 * with size and CRC as they then are; or local header, directory and end record are made to
 * disagree. What is no zip becomes the member of one. */
size_t sg_mutate_zip(uint8_t *data, size_t size, size_t cap, unsigned seed);

/* One of the two, by what the bytes are; or bytes as such. */
size_t sg_mutate_carrier(uint8_t *data, size_t size, size_t cap, unsigned seed);

/* mutate_shapes.c: opcodes as attacks have them. Each leaves one value on the stack. */
extern const struct sg_text sg_attack_shapes[];
extern const size_t sg_attack_shape_count;

/* Numbers that a seed determines. */
struct sg_dice {
    uint64_t state;
};

static inline struct sg_dice sg_dice_of(unsigned seed)
{
    return (struct sg_dice){seed * 0x9e3779b97f4a7c15ULL + 0x1234567};
}

/* 0 to sides - 1. */
static inline size_t sg_dice_roll(struct sg_dice *dice, size_t sides)
{
    dice->state ^= dice->state << 13;
    dice->state ^= dice->state >> 7;
    dice->state ^= dice->state << 17;
    return (size_t)(dice->state >> 16) % sides;
}

/* libFuzzer's own; NULL in programs without it. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t cap) __attribute__((weak));

/* Changes bytes without knowing what they are; an empty string may grow. */
size_t sg_mutate_bytes(struct sg_dice *dice, uint8_t *data, size_t size, size_t cap);

#endif
