/* wrapped.c - compressed streams: what they unpack to is scanned. */
#include "scan/formats.h"
#include "scan/forward.h"

/* What is unpacked has no name of its own. */
#define MEMBER SG_TEXT("(unpacked)")

/* Zeros are empty .lzma streams, with others behind them perhaps; but models hold gigabytes of
 * zeros. So many are looked through in all members of a file together: Python's lzma, which alone
 * reads on behind them, takes a second for these. */
#define ZEROS_MAX (12u << 20)
#define ZEROS_WINDOW (64u << 10)

enum wrapped {
    WRAPPED_NOT,   /* nothing came out */
    WRAPPED_OTHER, /* something did that carries nothing */
    WRAPPED_SCANNED,
};

static bool open_packed(struct sg_composer *c, const struct sg_feed *feed, struct sg_stream *out)
{
    const struct sg_format *format = feed->entry;
    struct sg_decoder *decoder = NULL;
    uint8_t *window = sg_arena_take(&c->work, SG_WINDOW_MIN);

    if (!window)
        return false;
    enum sg_status status = format->open(feed->reader, &c->work, &decoder);
    /* Without a decoder there is nothing to ask why it failed. */
    sg_stream_decode(out, status ? NULL : sg_decoder_fill, decoder, window, SG_WINDOW_MIN);
    out->status = status;
    return true;
}

static enum wrapped scan_unpacked(struct sg_composer *c, struct sg_forward *f)
{
    struct sg_place place;

    if (f->head_len == 0 && f->status == SG_ERR_MEMORY)
        sg_forward_tell(f);
    if (f->head_len == 0 && f->status)
        return WRAPPED_NOT;
    if (!sg_forward_promising(f) || !sg_compose_enter(c, MEMBER, &place))
        return WRAPPED_OTHER;
    bool something = sg_forward_scan(f);
    sg_compose_leave(c, &place);
    return something ? WRAPPED_SCANNED : WRAPPED_OTHER;
}

/* A beginning that is all there is, or no sooner damaged than told. */
static void tell_nothing(struct sg_composer *c, const struct sg_source *source,
                         const struct sg_format *format)
{
    struct sg_feed feed = {.open = open_packed, .reader = source, .entry = format};
    struct sg_forward f;
    size_t used = c->work.used;

    if (sg_forward_open(&f, c, &feed))
        sg_forward_tell(&f);
    else
        sg_judge_partial(c->judge, 0, "no memory to unpack the file");
    c->work.used = used;
    sg_compose_format(c, format->name);
}

static enum wrapped scan_as(struct sg_composer *c, const struct sg_source *source,
                            const struct sg_format *format)
{
    struct sg_feed feed = {.open = open_packed, .reader = source, .entry = format};
    struct sg_forward f;
    size_t used = c->work.used;
    enum wrapped result = WRAPPED_NOT;

    if (sg_forward_open(&f, c, &feed))
        result = scan_unpacked(c, &f);
    c->work.used = used;
    if (result == WRAPPED_SCANNED || (result && format->telling))
        sg_compose_format(c, format->name);
    return result;
}

/* Whether a member is nothing but zeros, as far as it is looked through: at its beginning, however
 * many were looked through before. */
static bool endless_zeros(struct sg_composer *c, const struct sg_source *source)
{
    size_t used = c->work.used, len = 0;
    uint8_t *window = c->depth ? sg_arena_take(&c->work, ZEROS_WINDOW) : NULL;
    uint64_t at = 0;
    bool zeros = window != NULL;

    while (zeros && (at == 0 || c->zeros < ZEROS_MAX)) {
        if (sg_source_read(source, at, window, ZEROS_WINDOW, &len) || !len)
            break;
        zeros = !window[0] && !memcmp(window, window + 1, len - 1);
        c->zeros += zeros ? len : 0;
        at += len;
    }
    c->work.used = used;
    return zeros;
}

bool sg_compose_wrapped(struct sg_composer *c, const struct sg_source *source)
{
    uint8_t head[SG_DECODER_HEAD];
    size_t len;
    const struct sg_format *format = NULL, *empty = NULL;
    bool something = false, scanned = false;

    if (sg_source_read(source, 0, head, sizeof(head), &len))
        return false;
    if (len && !head[0] && endless_zeros(c, source))
        return false;
    while ((format = sg_format_next(format, head, len))) {
        enum wrapped result = scan_as(c, source, format);
        something |= result != WRAPPED_NOT;
        scanned |= result == WRAPPED_SCANNED;
        if (result == WRAPPED_NOT && format->telling && !empty)
            empty = format;
    }
    if (empty && !something)
        tell_nothing(c, source, empty);
    return scanned || (empty && !something);
}
