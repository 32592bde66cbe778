/* members.c - tar and npy: their members, and pickles behind their headers. */
#include "scan/members.h"

#include "readers/hdf5.h"
#include "readers/npy.h"
#include "readers/tar.h"
#include "scan/known.h"

/* How many archives deep the ways of other readers are followed: each may multiply the work. */
#define FOLLOW_DEPTH 1u

/* Arrays in a row inside compressed content, each of which is decoded from the beginning. */
#define DECODED_ARRAYS_MAX 16u

static bool open_from(struct sg_composer *c, const struct sg_feed *feed, struct sg_stream *out)
{
    const struct sg_feed *inner = feed->reader;
    const uint64_t *offset = feed->entry;

    return inner->open(c, inner, out) && sg_stream_skip(out, *offset);
}

struct sg_feed sg_feed_from(const struct sg_feed *feed, const uint64_t *offset)
{
    return (struct sg_feed){.open = open_from, .reader = feed, .entry = offset};
}

/* What of a tar makes its content other than what was scanned. */
#define TAR_UNREAD (SG_TAR_CUT_OFF | SG_TAR_NO_END | SG_TAR_DAMAGED | SG_TAR_SPARSE | SG_TAR_LIMIT)

static enum sg_finding tar_finding(uint32_t bit)
{
    if (bit & (SG_TAR_CUT_OFF | SG_TAR_NO_END))
        return SG_F_TRUNCATED;
    if (bit & SG_TAR_DAMAGED)
        return SG_F_DAMAGED;
    if (bit & SG_TAR_LIMIT)
        return SG_F_LIMIT;
    return bit & SG_TAR_SPARSE ? SG_F_NOT_ANALYSED : SG_F_POLYGLOT;
}

static void tell_tar(struct sg_composer *c, const struct sg_tar *tar)
{
    /* Archives in a row are honest. */
    uint32_t telling = tar->findings & ~(uint32_t)SG_TAR_AFTER_END;

    for (uint32_t bit = 1; bit <= SG_TAR_LIMIT; bit <<= 1) {
        if (!(telling & bit))
            continue;
        const char *text = sg_tar_finding_text((enum sg_tar_finding)bit);
        sg_judge_finding(c->judge, tar_finding(bit), tar->at, text);
        if (bit & TAR_UNREAD)
            sg_judge_partial(c->judge, tar->at, text);
    }
}

static void scan_tar_member(struct sg_composer *c, const struct sg_source *source,
                            const struct sg_tar_member *member)
{
    struct sg_source part = sg_source_part(source, member->data_offset, member->size);

    if (member->size == 0) {
        sg_compose_torch_link(c, member->name);
        return;
    }
    sg_compose_source(c, &part);
    sg_compose_torch_tar(c, member->name, &part);
}

static void scan_tar(struct sg_composer *c, const struct sg_source *source, struct sg_tar *tar)
{
    struct sg_tar_member member;
    struct sg_place place;
    enum sg_status status;

    while ((status = sg_tar_next(tar, &member)) == SG_OK) {
        if (!sg_compose_enter(c, member.name, &place))
            return;
        scan_tar_member(c, source, &member);
        sg_compose_leave(c, &place);
    }
    if (status != SG_END)
        sg_judge_partial(c->judge, tar->at, "the archive could not be read to its end");
}

/* Members are scanned under every reading. */
static void compose_tar(struct sg_composer *c, const struct sg_source *source)
{
    struct sg_feed feed = sg_feed_source(source);
    size_t used = c->work.used;
    struct sg_tar *tar = sg_arena_take(&c->work, sizeof(*tar));
    struct sg_stream stream;

    if (tar && feed.open(c, &feed, &stream) &&
        sg_tar_open(tar, &stream, c->depth <= FOLLOW_DEPTH, &c->work) == SG_OK) {
        sg_compose_format(c, "tar");
        scan_tar(c, source, tar);
        tell_tar(c, tar);
    }
    c->work.used = used;
}

/* An array of numbers that is shorter than its header says is no damage that hides anything:
 * whoever makes one by and by has it so for a while. Of a negative length numpy takes all there is,
 * but for what is no whole item, which is for whoever reads next. */
static void tell_npy(struct sg_composer *c, const struct sg_npy *npy, bool pickled)
{
    const char *text = NULL;

    if (npy->cut_off)
        text = "the array's header is cut off";
    else if (npy->data == SG_NPY_UNCLEAR)
        text = "the array's header is not as numpy writes it: what follows may be read otherwise";
    else if (npy->data == SG_NPY_PLAIN && npy->data_size == SG_NPY_UNKNOWN)
        text = "the array's length is none, or too large";
    else if (npy->data == SG_NPY_PICKLE && !pickled)
        text = "the array is of objects, but no pickle follows its header";
    if (!text)
        return;
    if (npy->cut_off || npy->data != SG_NPY_UNCLEAR)
        sg_judge_finding(c->judge, npy->cut_off ? SG_F_TRUNCATED : SG_F_DAMAGED, npy->data_offset,
                         text);
    sg_judge_partial(c->judge, npy->data_offset, text);
}

/* One array at `*offset`, which is set to what follows it; false when that is not known. */
static bool scan_array(struct sg_composer *c, const struct sg_feed *feed, uint64_t *offset,
                       const struct sg_npy *npy)
{
    struct sg_feed data = sg_feed_from(feed, &npy->data_offset);
    struct sg_stream stream;
    size_t used = c->work.used;
    bool pickled = false, cut = false;

    if (npy->data != SG_NPY_PLAIN && !npy->cut_off)
        pickled = sg_compose_pickles(c, &data);
    else if (npy->data_size != SG_NPY_UNKNOWN && data.open(c, &data, &stream))
        cut = !sg_stream_skip(&stream, npy->data_size);
    c->work.used = used;
    tell_npy(c, npy, pickled);
    if (npy->cut_off || cut)
        return false;
    *offset = npy->data_offset;
    if (npy->data != SG_NPY_PLAIN && c->pickles_end <= npy->data_offset)
        return false; /* no pickle has ended */
    if (npy->data != SG_NPY_PLAIN)
        *offset = c->pickles_end;
    else if (npy->data_size != SG_NPY_UNKNOWN)
        *offset += npy->data_size;
    return npy->data == SG_NPY_PLAIN ? npy->data_size != SG_NPY_UNKNOWN : pickled;
}

/* Arrays in a row, and what follows the last one: numpy.save() and load() may be called on one file
 * again and again. */
static void compose_npy(struct sg_composer *c, const struct sg_feed *feed)
{
    struct sg_feed rest;
    struct sg_stream stream;
    struct sg_npy npy;
    uint64_t offset = 0;
    size_t used = c->work.used, count = 0;

    for (;; count++) {
        rest = sg_feed_from(feed, &offset);
        enum sg_status status =
            rest.open(c, &rest, &stream) ? sg_npy_read(&stream, &c->work, &npy) : SG_END;
        c->work.used = used;
        if (status)
            break;
        sg_compose_format(c, "npy");
        if (!scan_array(c, feed, &offset, &npy))
            return;
        if (!feed->source && count == DECODED_ARRAYS_MAX) {
            sg_judge_partial(c->judge, offset, "more arrays in a row than are looked at here");
            return;
        }
    }
    if (count)
        (void)sg_compose_pickles(c, &rest);
}

bool sg_members_bid(const uint8_t *head, size_t len)
{
    return sg_npy_bid(head, len) || sg_hdf5_bid(head, len) ||
           sg_known_format(head, len).kind != SG_KNOWN_NOT || sg_tar_bid(head, len);
}

static size_t read_head(struct sg_composer *c, const struct sg_feed *feed, uint8_t *head)
{
    struct sg_stream stream;
    size_t got = 0, used = c->work.used;

    if (feed->source)
        return sg_source_read(feed->source, 0, head, SG_SNIFF_SIZE, &got) ? 0 : got;
    if (feed->open(c, feed, &stream)) {
        got = sg_stream_need(&stream, SG_SNIFF_SIZE);
        got = got < SG_SNIFF_SIZE ? got : SG_SNIFF_SIZE;
        memcpy(head, stream.at, got);
    }
    c->work.used = used;
    return got;
}

static void tell_known(struct sg_composer *c, const struct sg_known *known)
{
    if (known->kind == SG_KNOWN_NOT)
        return;
    sg_compose_format(c, known->name);
    sg_judge_finding(c->judge, SG_F_NOT_ANALYSED, 0,
                     known->kind == SG_KNOWN_POINTER
                         ? "a Git LFS pointer: the file itself is not here"
                         : "a 7z archive: its members are not read here");
}

bool sg_compose_members(struct sg_composer *c, const struct sg_feed *feed)
{
    uint8_t head[SG_SNIFF_SIZE];
    size_t len = read_head(c, feed, head), used = c->work.used;
    struct sg_known known = sg_known_format(head, len);

    tell_known(c, &known);
    if (feed->source && sg_tar_bid(head, len))
        compose_tar(c, feed->source);
    c->work.used = used;
    if (sg_npy_bid(head, len))
        compose_npy(c, feed);
    c->work.used = used;
    /* A file may begin with anything of its user's; a tar's first member stands where that ends. */
    if (feed->source && (sg_hdf5_bid(head, len) || (c->depth == 0 && !sg_tar_bid(head, len))))
        (void)sg_compose_hdf5(c, feed->source);
    c->work.used = used;
    return sg_plausible_pickle(head, len);
}
