/* formats.h - the compressed formats that are read. Included by scan/ only. */
#ifndef SG_FORMATS_H
#define SG_FORMATS_H

#include "readers/decoder.h"

struct sg_format {
    const char *name; /* as reports have it */
    bool telling;     /* hardly any other file begins as this format does */
    sg_decoder_bid_fn *bid;
    sg_decoder_open_fn *open;
};

/* The formats in which some loader would read what begins with `head`, one after the other: the
 * first for NULL; NULL after the last. Wants SG_DECODER_HEAD bytes. */
const struct sg_format *sg_format_next(const struct sg_format *before, const uint8_t *head,
                                       size_t len);

/* Whether there is any. */
bool sg_formats_bid(const uint8_t *head, size_t len);

#endif
