/* xz_heap.h - memory for liblzma, which frees and takes anew with every block: blocks in a row. */
#ifndef SG_XZ_HEAP_H
#define SG_XZ_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct sg_xz_heap {
    uint8_t *base; /* aligned to 16 */
    size_t size;   /* bytes, a multiple of 16, at least that */
};

/* Makes it one free block. */
void sg_xz_heap_clear(struct sg_xz_heap *heap);

/* The functions of a lzma_allocator; its opaque is a struct sg_xz_heap. */
void *sg_xz_heap_take(void *opaque, size_t count, size_t size);
void sg_xz_heap_drop(void *opaque, void *block);

#endif
