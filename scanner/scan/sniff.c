/* sniff.c - whether a file needs a scan, from its first and last bytes. */
#include "readers/hdf5.h"
#include "readers/zip.h"
#include "scan/composer.h"
#include "scan/formats.h"
#include "scan/members.h"

bool sg_sniff(const uint8_t *head, size_t len, uint64_t size, size_t *tail)
{
    *tail = 0;
    if (len == 0)
        return false;
    if (sg_plausible_pickle(head, len))
        return true;
    if (sg_members_bid(head, len) || sg_formats_bid(head, len) || sg_zip_bid(head, len))
        return true;
    *tail = size < SG_SNIFF_TAIL_MAX ? (size_t)size : SG_SNIFF_TAIL_MAX;
    return false;
}

bool sg_sniff_tail(const uint8_t *tail, size_t len)
{
    return sg_zip_tail(tail, len);
}

bool sg_sniff_block(const uint8_t *at, size_t len)
{
    return sg_hdf5_bid(at, len);
}
