/* npy.h - the header of a .npy array: what follows it, and how much of it.
 *
 *     struct sg_npy npy;
 *     if (sg_npy_read(&stream, &arena, &npy) == SG_OK && npy.data != SG_NPY_PLAIN)
 *         what stands at npy.data_offset is (or may be) a pickle
 *
 * The header is a Python literal, a dict of "descr", "fortran_order" and "shape". numpy.load()
 * unpickles what follows it when the dtype has an object in it anywhere. Whatever is not beyond
 * doubt here is told as unclear: then both may be so.
 *
 * Rules of the format: numpy.lib.format, versions 1.0 to 3.0; of the reader: read_array() and
 * descr_to_dtype() there, numpy 1.17 to 2.4.
 */
#ifndef SG_NPY_H
#define SG_NPY_H

#include "ground/arena.h"
#include "ground/status.h"
#include "ground/stream.h"

#include <stdbool.h>

/* Longer headers are told as unclear: real ones are shorter than 64 KB. */
#define SG_NPY_HEADER_MAX (1u << 20)

#define SG_NPY_UNKNOWN UINT64_MAX

enum sg_npy_data {
    SG_NPY_PLAIN,  /* numbers, text, dates: never unpickled */
    SG_NPY_PICKLE, /* objects */
    SG_NPY_UNCLEAR,
};

struct sg_npy {
    uint64_t data_offset; /* from the stream's beginning */
    uint64_t data_size;   /* bytes of plain data, or SG_NPY_UNKNOWN */
    enum sg_npy_data data;
    uint32_t dims; /* of the shape */
    uint8_t major, minor;
    bool fortran_order;
    bool cut_off; /* the data ends inside the header */
};

/* Whether an array begins here. Wants 6 bytes. */
bool sg_npy_bid(const uint8_t *head, size_t len);

/* Reads the header at the stream's place and goes to its end. The arena is used in passing.
 * SG_ERR_FORMAT: no array; SG_ERR_IO, SG_ERR_LIMIT: the stream's own failure; SG_ERR_MEMORY. */
SG_MUST_CHECK enum sg_status sg_npy_read(struct sg_stream *stream, struct sg_arena *arena,
                                         struct sg_npy *npy);

#endif
