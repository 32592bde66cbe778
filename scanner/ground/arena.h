/* arena.h - scratch memory that the caller owns.
 *
 * The scanner allocates from one arena only and never frees; the caller drops the whole when
 * the report has been used. What lies in the memory beforehand does not matter, and only what is
 * used gets touched: memory that was used before costs no page faults.
 */
#ifndef SG_ARENA_H
#define SG_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sg_arena {
    uint8_t *base;
    size_t size;  /* bytes */
    size_t used;  /* bytes; set back to drop what was allocated since */
    bool refused; /* something was asked for that was not there; nothing sets it back */
};

/* `size` bytes aligned to 16, whatever lies there; NULL when the arena is used up. */
void *sg_arena_take(struct sg_arena *arena, size_t size);

/* `size` zeroed bytes; NULL when the arena is used up. */
void *sg_arena_zero(struct sg_arena *arena, size_t size);

/* Moves a block of `old` bytes to one of `size` bytes (in place when it is the last one); NULL
 * when the arena is used up, the old block is then untouched. Bytes past `old` are undefined. */
void *sg_arena_grow(struct sg_arena *arena, void *block, size_t old, size_t size);

/* A NUL-terminated copy of `len` bytes; NULL when the arena is used up. */
char *sg_arena_copy(struct sg_arena *arena, const void *bytes, size_t len);

#endif
