/* zip_alloc.c - libzip's allocator, on the arena of the running call. */
#include "readers/zip_alloc.h"

#include <stdint.h>
#include <string.h>

/* Before each block, in 16 bytes, so that blocks stay aligned. */
struct head {
    size_t size; /* bytes of the block */
    size_t used; /* of the arena, before it */
};

static __thread struct sg_arena *lender;

struct sg_arena *sg_zip_lend(struct sg_arena *arena)
{
    struct sg_arena *before = lender;

    lender = arena;
    return before;
}

void *sg_zip_malloc(size_t size)
{
    if (!lender || size > SIZE_MAX - sizeof(struct head))
        return NULL;
    size_t used = lender->used;
    struct head *head = sg_arena_take(lender, sizeof(*head) + size);
    if (!head)
        return NULL;
    *head = (struct head){size, used};
    return head + 1;
}

void *sg_zip_calloc(size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return NULL;
    void *block = sg_zip_malloc(count * size);
    return block ? memset(block, 0, count * size) : NULL;
}

void *sg_zip_realloc(void *block, size_t size)
{
    struct head *head = block;

    if (!block)
        return sg_zip_malloc(size);
    if (!lender || size > SIZE_MAX - sizeof(*head))
        return NULL;
    head--;
    struct head *moved =
        sg_arena_grow(lender, head, sizeof(*head) + head->size, sizeof(*head) + size);
    if (!moved)
        return NULL;
    if (moved != head)
        moved->used = (size_t)((uint8_t *)moved - lender->base);
    moved->size = size;
    return moved + 1;
}

void sg_zip_free(void *block)
{
    const struct head *head = block;

    if (!block || !lender)
        return;
    head--;
    size_t end = head->used + ((sizeof(*head) + head->size + 15) & ~(size_t)15);
    if (end == lender->used)
        lender->used = head->used;
}

char *sg_zip_strdup(const char *string)
{
    size_t size = strlen(string) + 1;
    void *copy = sg_zip_malloc(size);

    return copy ? memcpy(copy, string, size) : NULL;
}

time_t sg_zip_mktime(struct tm *tm)
{
    time_t days = (time_t)tm->tm_year * 372 + (time_t)tm->tm_mon * 31 + tm->tm_mday;

    return ((days * 24 + tm->tm_hour) * 60 + tm->tm_min) * 60 + tm->tm_sec;
}
