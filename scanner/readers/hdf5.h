/* hdf5.h - recognises HDF5.
 *
 * Only the superblock is read. What an HDF5 file holds is not analysed here: its attributes stand
 * in it as plain bytes, which a search finds, its datasets may be compressed, which none does.
 *
 * Rules of the format: HDF5 File Format Specification 3.0, II.A "Disk Format: Level 0A".
 */
#ifndef SG_HDF5_H
#define SG_HDF5_H

#include "ground/source.h"
#include "ground/status.h"

#include <stdbool.h>

struct sg_hdf5 {
    uint64_t start;  /* of the superblock; before it is what the user put there */
    uint64_t end;    /* of the file, as it says; 0: it does not */
    uint8_t version; /* of the superblock */
    bool cut_off;    /* it says that there is more */
};

/* Whether a file that begins with `head` is HDF5. Wants 8 bytes. */
bool sg_hdf5_bid(const uint8_t *head, size_t len);

/* Looks for a superblock at 0, 512, 1024, 2048 and so on. SG_ERR_FORMAT: there is none;
 * SG_ERR_IO. */
SG_MUST_CHECK enum sg_status sg_hdf5_find(const struct sg_source *source, struct sg_hdf5 *hdf5);

#endif
