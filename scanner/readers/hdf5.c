/* hdf5.c - recognises HDF5. */
#include "readers/hdf5.h"

#include <string.h>

#define SIGNATURE "\x89HDF\r\n\x1a\n"
#define SIGNATURE_SIZE 8u
#define BLOCK_SIZE 64u /* more than the widest superblock has before its end address */

bool sg_hdf5_bid(const uint8_t *head, size_t len)
{
    return len >= SIGNATURE_SIZE && !memcmp(head, SIGNATURE, SIGNATURE_SIZE);
}

static bool width_is_valid(uint8_t width)
{
    return width == 2 || width == 4 || width == 8;
}

static uint64_t address(const uint8_t *at, size_t width)
{
    uint64_t value = 0;

    for (size_t i = width; i-- > 0;)
        value = value << 8 | at[i];
    return value;
}

/* Versions 0 and 1 have the addresses at 24 or 28, 2 and 3 at 12: base, another, end. */
static bool read_superblock(const uint8_t *at, struct sg_hdf5 *hdf5)
{
    hdf5->version = at[SIGNATURE_SIZE];
    if (hdf5->version > 3)
        return false;
    bool old = hdf5->version < 2;
    uint8_t width = at[old ? 13 : 9];
    if (!width_is_valid(width) || !width_is_valid(at[old ? 14 : 10]))
        return false;
    size_t addresses = old ? 24 + 4u * hdf5->version : 12;
    hdf5->end = address(at + addresses + 2u * width, width);
    return true;
}

enum sg_status sg_hdf5_find(const struct sg_source *source, struct sg_hdf5 *hdf5)
{
    uint64_t start = 0;

    while (start < source->size) {
        uint8_t block[BLOCK_SIZE] = {0};
        struct sg_hdf5 found = {.start = start};
        size_t got;
        if (sg_source_read(source, start, block, sizeof(block), &got))
            return SG_ERR_IO;
        if (sg_hdf5_bid(block, got)) {
            bool whole = read_superblock(block, &found);
            found.cut_off = got < BLOCK_SIZE || (whole && found.end > source->size);
            if (!whole)
                found.end = 0;
            *hdf5 = found;
            return SG_OK;
        }
        if (start > UINT64_MAX / 2)
            break;
        start = start ? 2 * start : 512;
    }
    return SG_ERR_FORMAT;
}
