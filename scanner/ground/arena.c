/* arena.c - a bump allocator over the caller's memory. */
#include "ground/arena.h"

#include <string.h>

#define ALIGN 16u

static size_t round_up(size_t size)
{
    return (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

void *sg_arena_take(struct sg_arena *arena, size_t size)
{
    size_t room = arena->size - arena->used;

    if (size > room || round_up(size) > room) {
        arena->refused = true;
        return NULL;
    }
    void *block = arena->base + arena->used;
    arena->used += round_up(size);
    return block;
}

void *sg_arena_zero(struct sg_arena *arena, size_t size)
{
    void *block = sg_arena_take(arena, size);

    return block ? memset(block, 0, size) : NULL;
}

void *sg_arena_grow(struct sg_arena *arena, void *block, size_t old, size_t size)
{
    uint8_t *bytes = block;

    if (block && bytes + round_up(old) == arena->base + arena->used) {
        size_t start = (size_t)(bytes - arena->base);
        if (size > arena->size - start || round_up(size) > arena->size - start) {
            arena->refused = true;
            return NULL;
        }
        arena->used = start + round_up(size);
        return block;
    }
    void *fresh = sg_arena_take(arena, size);
    if (fresh && block)
        memcpy(fresh, block, old < size ? old : size);
    return fresh;
}

char *sg_arena_copy(struct sg_arena *arena, const void *bytes, size_t len)
{
    if (len == SIZE_MAX)
        return NULL;
    char *copy = sg_arena_take(arena, len + 1);
    if (!copy)
        return NULL;
    if (len)
        memcpy(copy, bytes, len);
    copy[len] = '\0';
    return copy;
}
