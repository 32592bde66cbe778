/* reader_cases.h - bytes before a page that may not be touched, as a source in memory or read by
 * pieces. */
#ifndef SG_READER_CASES_H
#define SG_READER_CASES_H

#include "ground/arena.h"
#include "ground/source.h"
#include "ground/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#define CASE_MAX ((size_t)1 << 20)
#define CASE_ARENA ((size_t)8 << 20)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct desk {
    uint8_t *guarded; /* CASE_MAX bytes, and a page that may not be touched */
    struct sg_arena arena;
    uint8_t window[SG_WINDOW_MIN];
    const uint8_t *bytes; /* of the present case */
    size_t len;
    size_t position; /* of a decoder that gives them */
    struct sg_source source;
    struct sg_stream stream;
};

/* How the bytes are handed in. */
enum manner { IN_MEMORY, BY_PIECES, DECODED, MANNERS };

static inline uint8_t *desk_map(size_t size)
{
    uint8_t *map = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    assert_true(map != MAP_FAILED);
    return map;
}

static inline int desk_setup(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    assert_non_null(desk);
    desk->guarded = desk_map(CASE_MAX + page);
    assert_int_equal(mprotect(desk->guarded + CASE_MAX, page, PROT_NONE), 0);
    desk->arena = (struct sg_arena){.base = desk_map(CASE_ARENA), .size = CASE_ARENA};
    *state = desk;
    return 0;
}

static inline int desk_teardown(void **state)
{
    struct desk *desk = *state;

    munmap(desk->guarded, CASE_MAX + (size_t)sysconf(_SC_PAGESIZE));
    munmap(desk->arena.base, CASE_ARENA);
    free(desk);
    return 0;
}

static inline enum sg_status desk_read(void *ctx, uint64_t offset, void *into, size_t len,
                                       size_t *got)
{
    const struct desk *desk = ctx;

    *got = offset < desk->len ? desk->len - (size_t)offset : 0;
    *got = *got < len ? *got : len;
    if (*got)
        memcpy(into, desk->bytes + offset, *got);
    return SG_OK;
}

static inline enum sg_status desk_fill(void *ctx, uint8_t *into, size_t len, size_t *got)
{
    struct desk *desk = ctx;
    /* By uneven steps, as decoders give. */
    size_t step = len > 1000 ? 1000 : len;
    enum sg_status status = desk_read(desk, desk->position, into, step, got);

    desk->position += *got;
    return status;
}

/* Lays `len` bytes out before the guard page, and opens desk->source and desk->stream over them. */
static inline void desk_lay(struct desk *desk, const void *bytes, size_t len, enum manner manner)
{
    assert_true(len <= CASE_MAX);
    if (len)
        memcpy(desk->guarded + CASE_MAX - len, bytes, len);
    desk->bytes = desk->guarded + CASE_MAX - len;
    desk->len = len;
    desk->position = 0;
    desk->arena.used = 0;
    desk->source = sg_source_mem(desk->bytes, len);
    if (manner != IN_MEMORY)
        desk->source = (struct sg_source){.read = desk_read, .ctx = desk, .size = len};
    if (manner == DECODED)
        sg_stream_decode(&desk->stream, desk_fill, desk, desk->window, sizeof(desk->window));
    else
        sg_stream_open(&desk->stream, &desk->source, desk->window, sizeof(desk->window));
}

#endif
