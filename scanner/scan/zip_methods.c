/* zip_methods.c - members of a zip that are neither stored nor deflated. */
#include "scan/zip_methods.h"

#include "readers/bz2.h"
#include "readers/xz.h"
#include "readers/zstd.h"

#define WINDOW_SIZE (128u << 10)

struct row {
    uint16_t method;
    sg_decoder_open_fn *open; /* NULL: readers/zip.h does it */
};

static const struct row rows[] = {
    {0, NULL},          {8, NULL},        {12, sg_bz2_open}, {14, sg_xz_open_zip},
    {93, sg_zstd_open}, {95, sg_xz_open},
};

static const struct row *row_of(uint16_t method)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].method == method)
            return &rows[i];
    return NULL;
}

bool sg_zip_method_read(uint16_t method)
{
    return row_of(method) != NULL;
}

enum sg_status sg_zip_method_open(struct sg_composer *c, const struct sg_zip *zip,
                                  const struct sg_zip_member *member, struct sg_stream *out)
{
    const struct row *row = row_of(member->method);
    struct sg_source packed = sg_zip_packed(zip, member);
    struct sg_decoder *decoder = NULL;

    if (!row)
        return SG_ERR_FORMAT;
    if (!row->open)
        return sg_zip_content(zip, member, &c->work, out);
    uint8_t *window = sg_arena_take(&c->work, WINDOW_SIZE);
    if (!window)
        return SG_ERR_MEMORY;
    enum sg_status status = row->open(&packed, &c->work, &decoder);
    sg_stream_decode(out, status ? NULL : sg_decoder_fill, decoder, window, WINDOW_SIZE);
    out->status = status;
    return SG_OK;
}
