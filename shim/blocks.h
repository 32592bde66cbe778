/* blocks.h - a file read through a few blocks that are kept: a scan asks for many small pieces. */
#ifndef SG_BLOCKS_H
#define SG_BLOCKS_H

#include "ground/source.h"

/* Half a page: most of what is asked for is the end of a member and the head of the next one, and
 * what is copied beside it costs as much. */
#define SG_BLOCKS 32u
#define SG_BLOCK_SIZE 2048u

struct sg_blocks {
    int fd;
    uint64_t size;              /* bytes of the file; what is behind them is not looked at */
    uint32_t len[SG_BLOCKS];    /* bytes in it; fewer than SG_BLOCK_SIZE: the file ends there */
    uint64_t number[SG_BLOCKS]; /* which block of the file, from 1 on; 0: none */
    uint8_t bytes[SG_BLOCKS][SG_BLOCK_SIZE];
};

/* `size` bytes of `fd`; none are kept yet. */
struct sg_source sg_blocks_source(struct sg_blocks *blocks, int fd, uint64_t size);

#endif
