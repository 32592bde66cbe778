/* blocks.c - small reads are answered out of blocks, long ones by the kernel. */
#include "shim/blocks.h"

#include "shim/raw.h"

#include <string.h>

/* A longer piece is not asked for again nearby. */
#define SMALL 4096u

static enum sg_status read_past(struct sg_blocks *blocks, uint64_t offset, void *into, size_t len,
                                size_t *got)
{
    long done = sg_raw_pread_all(blocks->fd, into, len, offset);

    if (done < 0)
        return SG_ERR_IO;
    *got = (size_t)done;
    return SG_OK;
}

static bool is_kept(const struct sg_blocks *blocks, uint64_t number)
{
    return blocks->number[number % SG_BLOCKS] == number + 1;
}

/* `count` blocks that have their places side by side, by one call. */
static enum sg_status fetch(struct sg_blocks *blocks, uint64_t first, size_t count)
{
    size_t slot = first % SG_BLOCKS, got;
    uint64_t offset = first * SG_BLOCK_SIZE, left = blocks->size - offset;
    size_t want = count * SG_BLOCK_SIZE < left ? count * SG_BLOCK_SIZE : (size_t)left;

    memset(&blocks->number[slot], 0, count * sizeof(blocks->number[0]));
    if (read_past(blocks, offset, blocks->bytes[slot], want, &got))
        return SG_ERR_IO;
    for (size_t i = 0; i < count; i++) {
        size_t len = got < SG_BLOCK_SIZE ? got : SG_BLOCK_SIZE;
        blocks->len[slot + i] = (uint32_t)len;
        blocks->number[slot + i] = first + i + 1;
        got -= len;
    }
    return SG_OK;
}

/* Block `number`, and those of the next ones up to `last` that are not there either. */
static enum sg_status keep(struct sg_blocks *blocks, uint64_t number, uint64_t last)
{
    size_t count = 1;

    if (is_kept(blocks, number))
        return SG_OK;
    while (number + count <= last && (number + count) % SG_BLOCKS &&
           !is_kept(blocks, number + count))
        count++;
    return fetch(blocks, number, count);
}

static enum sg_status read_file(void *ctx, uint64_t offset, void *into, size_t len, size_t *got)
{
    struct sg_blocks *blocks = ctx;
    size_t done = 0;

    if (len > SMALL)
        return read_past(blocks, offset, into, len, got);
    while (done < len && offset + done < blocks->size) {
        uint64_t number = (offset + done) / SG_BLOCK_SIZE;
        size_t skip = (offset + done) % SG_BLOCK_SIZE, slot = number % SG_BLOCKS;
        if (keep(blocks, number, (offset + len - 1) / SG_BLOCK_SIZE))
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
    blocks->size = size;
    memset(blocks->number, 0, sizeof(blocks->number));
    return (struct sg_source){.read = read_file, .ctx = blocks, .size = size};
}
