/* fuzz_wrapped.c - decoders of compressed streams: what comes out in small pieces comes out at
 * once.
 *
 * It may be more then: liblzma compares lengths after each piece.
 */
#include "tests/fuzz/fuzzkit.h"

#include "readers/xz.h"
#include "scan/formats.h"

#define ARENA_SIZE ((size_t)64 << 20)
#define OUT_MAX ((size_t)2 << 20)

struct result {
    enum sg_status status;
    bool cut;
    size_t len;
    uint8_t *bytes;
};

static void decode(sg_decoder_open_fn *open, const struct sg_source *source, size_t chunk,
                   struct result *out)
{
    static uint8_t *base;
    struct sg_arena arena = {.size = ARENA_SIZE};
    struct sg_decoder *decoder;
    size_t got;

    arena.base = base = base ? base : sg_fuzzkit_map(ARENA_SIZE);
    out->bytes = out->bytes ? out->bytes : sg_fuzzkit_map(OUT_MAX);
    out->len = 0;
    out->cut = false;
    out->status = open(source, &arena, &decoder);
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

static void check(sg_decoder_open_fn *open, const uint8_t *data, size_t size)
{
    static struct result one, other;
    struct sg_input input = {.data = data, .size = size};
    struct sg_source whole = sg_source_mem(data, size);
    struct sg_source read = sg_input_source(&input);

    decode(open, &whole, OUT_MAX, &one);
    decode(open, &read, 4099, &other);
    CHECK(one.len >= other.len && memcmp(one.bytes, other.bytes, other.len) == 0);
    if (one.len == OUT_MAX)
        return;
    CHECK(one.status == other.status);
    CHECK(one.cut == other.cut || one.len > other.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sg_format *format = NULL;
    size_t head = size < SG_DECODER_HEAD ? size : SG_DECODER_HEAD;

    while ((format = sg_format_next(format, data, head)))
        check(format->open, data, size);
    check(sg_xz_open_zip, data, size);
    return 0;
}
