/* decoder.c - what the decoders of compressed streams have in common. */
#include "readers/decoder.h"

#define INPUT_WINDOW (64u << 10)

enum sg_status sg_decoder_fill(void *ctx, uint8_t *into, size_t len, size_t *got)
{
    struct sg_decoder *self = ctx;

    *got = 0;
    while (!self->status && *got == 0)
        self->status = self->step(self, into, len, got);
    if (*got || self->status == SG_END)
        return SG_OK;
    return self->status;
}

enum sg_status sg_decoder_input(const struct sg_source *packed, struct sg_arena *arena,
                                struct sg_stream *input)
{
    uint8_t *window = NULL;

    if (!packed->mem) {
        window = sg_arena_take(arena, INPUT_WINDOW);
        if (!window)
            return SG_ERR_MEMORY;
    }
    sg_stream_open(input, packed, window, INPUT_WINDOW);
    return SG_OK;
}

enum sg_status sg_decoder_starved(struct sg_decoder *self, const struct sg_stream *input)
{
    self->cut = !input->status;
    return input->status ? input->status : SG_ERR_FORMAT;
}
