/* xz_heap.c - first fit among blocks in a row; liblzma never holds more than some dozen. */
#include "readers/xz_heap.h"

#include <stdbool.h>

#define UNIT 16u

struct head {
    size_t size; /* of the block, with this head */
    bool taken;
};

_Static_assert(sizeof(struct head) == UNIT, "what follows a head is aligned as the head is");

static struct head *head_at(const struct sg_xz_heap *heap, size_t offset)
{
    return (struct head *)(void *)(heap->base + offset);
}

void sg_xz_heap_clear(struct sg_xz_heap *heap)
{
    *head_at(heap, 0) = (struct head){.size = heap->size};
}

/* A free block takes in the free ones behind it. */
static void merge(const struct sg_xz_heap *heap, size_t offset)
{
    struct head *head = head_at(heap, offset);

    while (offset + head->size < heap->size && !head_at(heap, offset + head->size)->taken)
        head->size += head_at(heap, offset + head->size)->size;
}

void *sg_xz_heap_take(void *opaque, size_t count, size_t size)
{
    struct sg_xz_heap *heap = opaque;
    size_t want;

    if (__builtin_mul_overflow(count, size, &want) || want > heap->size - UNIT)
        return NULL;
    want = (want + 2 * UNIT - 1) & ~(size_t)(UNIT - 1);
    for (size_t offset = 0; offset < heap->size;) {
        struct head *head = head_at(heap, offset);
        if (!head->taken)
            merge(heap, offset);
        if (!head->taken && head->size >= want) {
            if (head->size - want >= 2 * UNIT) {
                *head_at(heap, offset + want) = (struct head){.size = head->size - want};
                head->size = want;
            }
            head->taken = true;
            return head + 1;
        }
        offset += head->size;
    }
    return NULL;
}

void sg_xz_heap_drop(void *opaque, void *block)
{
    (void)opaque;
    if (block)
        ((struct head *)block - 1)->taken = false;
}
