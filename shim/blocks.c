/* blocks.c - small reads are answered out of blocks, long ones by the kernel. */
#include "shim/blocks.h"

#include "shim/raw.h"

#include <string.h>

/* A longer piece is not asked for again nearby. */
#define SMALL 2048u

static enum sg_status read_past(struct sg_blocks *blocks, uint64_t offset, void *into, size_t len,
                                size_t *got)
{
    long done = sg_raw_pread_all(blocks->fd, into, len, offset);

    if (done < 0)
        return SG_ERR_IO;
    *got = (size_t)done;
    return SG_OK;
}

static enum sg_status keep(struct sg_blocks *blocks, uint64_t number, size_t *slot)
{
    size_t at = number % SG_BLOCKS, len;

    if (blocks->number[at] != number + 1) {
        blocks->number[at] = 0;
        if (read_past(blocks, number * SG_BLOCK_SIZE, blocks->bytes[at], SG_BLOCK_SIZE, &len))
            return SG_ERR_IO;
        blocks->len[at] = (uint32_t)len;
        blocks->number[at] = number + 1;
    }
    *slot = at;
    return SG_OK;
}

static enum sg_status read_file(void *ctx, uint64_t offset, void *into, size_t len, size_t *got)
{
    struct sg_blocks *blocks = ctx;
    size_t done = 0, slot;

    if (len > SMALL)
        return read_past(blocks, offset, into, len, got);
    while (done < len) {
        size_t skip = (offset + done) % SG_BLOCK_SIZE;
        if (keep(blocks, (offset + done) / SG_BLOCK_SIZE, &slot))
            return SG_ERR_IO;
        if (skip >= blocks->len[slot])
            break;
        size_t most = blocks->len[slot] - skip, take = len - done < most ? len - done : most;
        memcpy((uint8_t *)into + done, &blocks->bytes[slot][skip], take);
        done += take;
        if (blocks->len[slot] < SG_BLOCK_SIZE)
            break;
    }
    *got = done;
    return SG_OK;
}

struct sg_source sg_blocks_source(struct sg_blocks *blocks, int fd, uint64_t size)
{
    blocks->fd = fd;
    memset(blocks->number, 0, sizeof(blocks->number));
    return (struct sg_source){.read = read_file, .ctx = blocks, .size = size};
}
