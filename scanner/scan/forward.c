/* forward.c - reads decoded content forward, and begins anew where it must. */
#include "scan/forward.h"

#include "readers/decoder.h"
#include "readers/hdf5.h"
#include "readers/inflate.h"
#include "readers/tar.h"
#include "readers/zip.h"
#include "scan/formats.h"
#include "scan/members.h"

#define HEAD_SIZE (32u << 10)
#define WINDOW_SIZE (128u << 10)

/* What unpacks to this, and to so many times its own size, unpacks without end. */
#define BOMB_SIZE (1ULL << 30)
#define BOMB_RATIO 100u

#define WORK_RATIO 4u

/* A reading from the beginning. */
struct reading {
    struct sg_forward *f;
    uint64_t offset;
};

static enum sg_status reading_fill(void *ctx, uint8_t *into, size_t len, size_t *got)
{
    struct reading *reading = ctx;

    *got = sg_forward_read(reading->f, reading->offset, into, len);
    reading->offset += *got;
    return *got ? SG_OK : reading->f->status;
}

/* A clean archive is read some times over: what was unpacked before counts less. */
static bool spent(const struct sg_composer *c)
{
    return c->unpacked >= c->limits->max_inflate ||
           c->inflated / WORK_RATIO >= c->limits->max_inflate;
}

static void tell_limit(struct sg_composer *c)
{
    bool bomb = c->unpacked >= BOMB_SIZE && c->unpacked / BOMB_RATIO >= c->size;
    const char *text = bomb ? "unpacks to more than a hundred times its size, and on"
                            : "unpacks to more than max_inflate";

    if (!c->inflate_told)
        sg_judge_finding(c->judge, bomb ? SG_F_BOMB : SG_F_LIMIT, 0, text);
    if (!c->inflate_told)
        sg_judge_partial(c->judge, 0, text);
    c->inflate_told = true;
}

static void count(struct sg_forward *f, size_t got)
{
    f->at += got;
    f->c->inflated += got;
    if (f->at > f->furthest) {
        f->c->unpacked += f->at - f->furthest;
        f->furthest = f->at;
    }
}

static bool cut_off(const struct sg_stream *s)
{
    if (s->fill == sg_decoder_fill)
        return ((const struct sg_decoder *)s->ctx)->cut;
    return s->fill == sg_inflate_fill && sg_inflate_cut(s->ctx);
}

static void note_end(struct sg_forward *f)
{
    f->ended = true;
    f->status = f->live.status;
    if (!f->status || f->failure)
        return;
    f->failure = f->status;
    f->cut = cut_off(&f->live);
}

/* The next bytes of the decoder; 0 at its end. */
static size_t pull(struct sg_forward *f, uint8_t *into, size_t len)
{
    struct sg_stream *s = &f->live;
    size_t have = (size_t)(s->end - s->at);

    if (f->ended)
        return 0;
    if (spent(f->c)) {
        tell_limit(f->c);
        f->ended = true;
        f->status = SG_ERR_LIMIT;
        return 0;
    }
    if (have == 0 && s->fill) { /* past the window: one copy less */
        s->status = s->fill(s->ctx, into, len, &have);
        s->end_offset += have;
    } else {
        have = sg_stream_need(s, 1);
        have = have < len ? have : len;
        memcpy(into, s->at, have);
        s->at += have;
    }
    count(f, have);
    if (have == 0)
        note_end(f);
    return have;
}

static bool begin(struct sg_forward *f)
{
    struct sg_arena *work = &f->c->work;
    size_t used = work->used;

    /* In its old place, whatever lies behind it by now. */
    work->used = f->work_before;
    bool opened = f->feed->open(f->c, f->feed, &f->live) && work->used <= f->work_after;
    work->used = used;
    f->at = 0;
    f->ended = !opened;
    f->status = opened ? SG_OK : SG_ERR_MEMORY;
    if (!opened && !f->failure)
        f->failure = f->status;
    return opened;
}

bool sg_forward_open(struct sg_forward *f, struct sg_composer *c, const struct sg_feed *feed)
{
    size_t got;

    *f = (struct sg_forward){.c = c, .feed = feed, .head = sg_arena_take(&c->work, HEAD_SIZE)};
    f->work_before = c->work.used;
    if (!f->head || !feed->open(c, feed, &f->live))
        return false;
    f->work_after = c->work.used;
    do {
        got = pull(f, f->head + f->head_len, HEAD_SIZE - f->head_len);
        f->head_len += got;
    } while (got && f->head_len < HEAD_SIZE);
    return true;
}

/* Makes the decoder stand at `offset`; passes over bytes through `scrap`. */
static bool go(struct sg_forward *f, uint64_t offset, uint8_t *scrap, size_t len)
{
    if (offset < f->at && !begin(f))
        return false;
    while (f->at < offset) {
        uint64_t left = offset - f->at;
        if (!pull(f, scrap, left < len ? (size_t)left : len))
            return false;
    }
    return true;
}

size_t sg_forward_read(struct sg_forward *f, uint64_t offset, uint8_t *into, size_t len)
{
    size_t done = 0, got = 1;

    if (offset < f->head_len) {
        done = f->head_len - (size_t)offset < len ? f->head_len - (size_t)offset : len;
        memcpy(into, f->head + offset, done);
    }
    if (done == len || !go(f, offset + done, into + done, len - done))
        return done;
    while (done < len && got) {
        got = pull(f, into + done, len - done);
        done += got;
    }
    return done;
}

bool sg_forward_whole(const struct sg_forward *f)
{
    return f->ended && !f->status && f->at == f->head_len;
}

bool sg_forward_promising(const struct sg_forward *f)
{
    size_t tail, len = f->head_len < SG_SNIFF_SIZE ? f->head_len : SG_SNIFF_SIZE;

    return sg_sniff(f->head, len, f->head_len, &tail) ||
           (sg_forward_whole(f) && sg_sniff_tail(f->head, f->head_len));
}

void sg_forward_tell(const struct sg_forward *f)
{
    enum sg_finding what = SG_F_DAMAGED;
    const char *text = "the compressed data is damaged";

    if (!f->failure)
        return;
    if (f->failure == SG_ERR_MEMORY) {
        what = SG_F_LIMIT;
        text = "unpacking takes more than max_memory, or what is not at hand";
    } else if (f->cut) {
        what = SG_F_TRUNCATED;
        text = "the compressed data ends too early";
    }
    sg_judge_finding(f->c->judge, what, f->furthest, text);
    sg_judge_partial(f->c->judge, f->furthest, text);
}

static bool open_reading(struct sg_composer *c, const struct sg_feed *feed, struct sg_stream *out)
{
    struct reading *reading = sg_arena_zero(&c->work, sizeof(*reading));
    uint8_t *window = sg_arena_take(&c->work, WINDOW_SIZE);

    if (!reading || !window)
        return false;
    reading->f = (struct sg_forward *)(uintptr_t)feed->reader;
    sg_stream_decode(out, reading_fill, reading, window, WINDOW_SIZE);
    return true;
}

/* What wants to be read by offset: some of it from its end, all of it in one piece if it fits. */
static bool scan_source(struct sg_forward *f, bool sized)
{
    struct sg_composer *c = f->c;
    struct sg_source source;

    if (!sg_forward_source(f, sized, &source)) {
        sg_judge_partial(c->judge, 0, "no memory to unpack an archive");
        return true;
    }
    if (source.size != SG_FORWARD_ENDLESS) {
        sg_compose_source(c, &source);
        return true;
    }
    struct sg_feed feed = sg_feed_source(&source);
    bool something = sg_compose_wrapped(c, &source) || sg_tar_bid(f->head, f->head_len);
    (void)sg_compose_members(c, &feed);
    return something;
}

/* Whether what came out is anything that a loader takes: else its damage is nobody's loss, and
 * the bytes may have been no compressed stream at all. */
static bool worth_telling(const struct sg_forward *f)
{
    size_t len = f->head_len < SG_SNIFF_SIZE ? f->head_len : SG_SNIFF_SIZE;
    const struct sg_format *format = NULL;

    while ((format = sg_format_next(format, f->head, len)))
        if (format->telling)
            return true;
    return sg_plausible_pickle(f->head, len) || sg_members_bid(f->head, len) ||
           sg_zip_bid(f->head, len) || (sg_forward_whole(f) && sg_sniff_tail(f->head, f->head_len));
}

static bool scan_all(struct sg_forward *f)
{
    struct sg_feed feed = {.open = open_reading, .reader = f};
    size_t len = f->head_len < SG_SNIFF_SIZE ? f->head_len : SG_SNIFF_SIZE;
    struct sg_source source = sg_source_mem(f->head, f->head_len);
    bool sized = sg_zip_bid(f->head, len) || sg_hdf5_bid(f->head, len), something = true;

    if (sg_forward_whole(f)) {
        sg_compose_source(f->c, &source);
    } else if (sized)
        return scan_source(f, true);
    else if (sg_tar_bid(f->head, len) || sg_formats_bid(f->head, len)) {
        something = scan_source(f, false);
        something |= sg_compose_pickles(f->c, &feed);
    } else
        something = (sg_compose_members(f->c, &feed) && sg_compose_pickles(f->c, &feed)) ||
                    sg_members_bid(f->head, len);
    return something;
}

bool sg_forward_scan(struct sg_forward *f)
{
    size_t used = f->c->work.used;
    bool something = scan_all(f) && worth_telling(f);

    f->c->work.used = used;
    if (something)
        sg_forward_tell(f);
    return something;
}

bool sg_compose_feed(struct sg_composer *c, const struct sg_feed *feed, bool packed)
{
    struct sg_forward f;
    size_t used = c->work.used;
    bool told = false;

    if (!sg_forward_open(&f, c, feed)) {
        sg_judge_partial(c->judge, 0, "no memory to unpack a member");
        c->work.used = used;
        return false;
    }
    if (sg_forward_promising(&f)) {
        told = sg_forward_scan(&f);
    } else if (f.failure == SG_ERR_MEMORY || (packed && !f.head_len)) {
        sg_forward_tell(&f);
        told = true;
    }
    c->work.used = used;
    return told && f.failure == SG_ERR_FORMAT && !f.cut;
}
