/* opcode_count.h - counts the opcodes that a scan looks at: work, told without a clock. */
#ifndef SG_TEST_OPCODE_COUNT_H
#define SG_TEST_OPCODE_COUNT_H

#include "scan/onlooker.h"

static inline void count_opcode(void *ctx, const struct sg_machine *m, uint64_t offset,
                                uint8_t opcode)
{
    (void)m;
    (void)offset;
    (void)opcode;
    ++*(uint64_t *)ctx;
}

static inline void count_begins(void *ctx, const char *member, unsigned reading, bool unlikely)
{
    (void)ctx;
    (void)member;
    (void)reading;
    (void)unlikely;
}

static inline void count_ends(void *ctx)
{
    (void)ctx;
}

static inline struct sg_onlooker counting_into(uint64_t *opcodes)
{
    return (struct sg_onlooker){.begin = count_begins,
                                .end = count_ends,
                                .events = {.ctx = opcodes, .opcode = count_opcode}};
}

#endif
