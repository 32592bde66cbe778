/* source.h - where the scanner reads from: bytes by offset, nothing else. */
#ifndef SG_SOURCE_H
#define SG_SOURCE_H

#include "ground/status.h"

#include <stddef.h>
#include <stdint.h>

/* Reads up to `len` bytes at `offset` into `into` and sets `*got`. SG_OK even when fewer than
 * `len` bytes are there (then the end was reached); SG_ERR_IO on a failed read. */
typedef enum sg_status sg_read_fn(void *ctx, uint64_t offset, void *into, size_t len, size_t *got);

struct sg_source {
    sg_read_fn *read;
    void *ctx;
    uint64_t size;      /* bytes */
    uint64_t start;     /* where this source begins in what `read` reads */
    const uint8_t *mem; /* all `size` bytes where they are in memory; else NULL */
};

/* Bytes in memory; the caller keeps them. */
SG_API struct sg_source sg_source_mem(const void *bytes, size_t size);

/* `size` bytes of `whole` from `offset`, cut to what `whole` has. Copies no bytes; `whole` itself
 * need not outlive it, what `whole` reads from must. */
SG_API struct sg_source sg_source_part(const struct sg_source *whole, uint64_t offset,
                                       uint64_t size);

/* Reads at `offset` (from this source's beginning); see sg_read_fn. */
SG_MUST_CHECK enum sg_status sg_source_read(const struct sg_source *source, uint64_t offset,
                                            void *into, size_t len, size_t *got);

/* Exactly `len` bytes, or SG_END. */
SG_MUST_CHECK enum sg_status sg_source_exact(const struct sg_source *source, uint64_t offset,
                                             void *into, size_t len);

#endif
