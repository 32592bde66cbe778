/* fuzz_wrapped.c - decoders of compressed streams: what comes out in small pieces comes out at once.
 *
 * It may be more then: liblzma compares lengths after each piece.
 */
#include "scan/formats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ARENA_SIZE ((size_t)64 << 20)
#define OUT_MAX ((size_t)2 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *data;
    size_t size;
};

struct result {
    enum sg_status status;
    bool cut;
    size_t len;
    uint8_t *bytes;
};

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "not so: %s (line %d)\n", #condition, __LINE__);                       \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static enum sg_status read_input(void *ctx, uint64_t offset, void *into, size_t len, size_t *got)
{
    const struct input *input = ctx;

    *got = 0;
    if (offset < input->size)
        *got = len < input->size - offset ? len : (size_t)(input->size - offset);
    if (*got)
        memcpy(into, input->data + offset, *got);
    return SG_OK;
}

static void *map(size_t size)
{
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    CHECK(base != MAP_FAILED);
    return base;
}

static void decode(const struct sg_format *format, const struct sg_source *source, size_t chunk,
                   struct result *out)
{
    static uint8_t *base;
    struct sg_arena arena = {.size = ARENA_SIZE};
    struct sg_decoder *decoder;
    size_t got;

    if (!base)
        base = map(ARENA_SIZE);
    arena.base = base;
    if (!out->bytes)
        out->bytes = map(OUT_MAX);
    out->len = 0;
    out->cut = false;
    out->status = format->open(source, &arena, &decoder);
    if (out->status)
        return;
    do {
        size_t room = OUT_MAX - out->len;
        out->status =
            sg_decoder_fill(decoder, out->bytes + out->len, room < chunk ? room : chunk, &got);
        CHECK(got <= room && got <= chunk && (got == 0 || out->status == SG_OK));
        out->len += got;
    } while (got && out->len < OUT_MAX);
    CHECK(out->status != SG_END && out->status != SG_ERR_ARG);
    out->cut = decoder->cut;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct result one, other;
    struct input input = {data, size};
    struct sg_source whole = sg_source_mem(data, size);
    struct sg_source read = {.read = read_input, .ctx = &input, .size = size};
    const struct sg_format *format = NULL;

    while (
        (format = sg_format_next(format, data, size < SG_DECODER_HEAD ? size : SG_DECODER_HEAD))) {
        decode(format, &whole, OUT_MAX, &one);
        decode(format, &read, 4099, &other);
        CHECK(one.len >= other.len && memcmp(one.bytes, other.bytes, other.len) == 0);
        if (one.len == OUT_MAX)
            continue;
        CHECK(one.status == other.status);
        CHECK(one.cut == other.cut || one.len > other.len);
    }
    return 0;
}
