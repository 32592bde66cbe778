/* hdf5_search.c - HDF5: what can be found in it without reading it as HDF5 does.
 *
 * Attributes stand in the file as plain bytes. Keras keeps its configuration in one, PyTables
 * pickles. The ends of the file are searched; datasets may be compressed, so the coverage is never
 * more than `none`.
 */
#include "readers/hdf5.h"
#include "scan/members.h"

/* Writers put attributes near the beginning; what was changed later stands at the end. */
#define SEARCH_HEAD (32ULL << 20)
#define SEARCH_TAIL (8ULL << 20)

static void search(struct sg_composer *c, const struct sg_source *source, uint64_t offset,
                   uint64_t size)
{
    struct sg_source part = sg_source_part(source, 0, offset + size);
    struct sg_feed feed = sg_feed_source(&part), from = sg_feed_from(&feed, &offset);
    struct sg_stream stream;
    size_t used = c->work.used;

    if (from.open(c, &from, &stream))
        sg_compose_keras(c, &stream);
    c->work.used = used;
    sg_compose_embedded(c, source, offset, size);
}

bool sg_compose_hdf5(struct sg_composer *c, const struct sg_source *source)
{
    struct sg_hdf5 hdf5;

    if (sg_hdf5_find(source, &hdf5))
        return false;
    sg_compose_format(c, "hdf5");
    sg_judge_finding(c->judge, SG_F_NOT_ANALYSED, hdf5.start,
                     "HDF5: searched for code, not read as a whole");
    if (hdf5.cut_off) {
        sg_judge_finding(c->judge, SG_F_TRUNCATED, source->size, "the HDF5 file is cut off");
        sg_judge_partial(c->judge, source->size, "the HDF5 file is cut off");
    }
    search(c, source, 0, SEARCH_HEAD);
    if (source->size > SEARCH_HEAD) {
        uint64_t tail = source->size - SEARCH_HEAD;
        if (tail > SEARCH_TAIL)
            tail = SEARCH_TAIL;
        search(c, source, source->size - tail, tail);
    }
    return true;
}
