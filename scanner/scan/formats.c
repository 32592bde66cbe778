/* formats.c - one row for each compressed format. */
#include "scan/formats.h"

#include "readers/bz2.h"
#include "readers/gzip.h"
#include "readers/lz4.h"
#include "readers/xz.h"
#include "readers/zlib.h"
#include "readers/zstd.h"

static const struct sg_format rows[] = {
    {"gzip", true, sg_gzip_bid, sg_gzip_open},    {"zlib", false, sg_zlib_bid, sg_zlib_open},
    {"bz2", true, sg_bz2_bid, sg_bz2_open},       {"xz", true, sg_xz_bid, sg_xz_open},
    {"lzma", false, sg_lzma_bid, sg_xz_open},     {"lzip", true, sg_lzip_bid, sg_xz_open},
    {"zstd", true, sg_zstd_bid, sg_zstd_open},    {"lz4", true, sg_lz4_bid, sg_lz4_open},
    {"zfile", true, sg_zfile_bid, sg_zfile_open},
};

const struct sg_format *sg_format_next(const struct sg_format *before, const uint8_t *head,
                                       size_t len)
{
    const struct sg_format *end = rows + sizeof(rows) / sizeof(*rows);

    for (const struct sg_format *row = before ? before + 1 : rows; row < end; row++)
        if (row->bid(head, len))
            return row;
    return NULL;
}

bool sg_formats_bid(const uint8_t *head, size_t len)
{
    return sg_format_next(NULL, head, len) != NULL;
}
