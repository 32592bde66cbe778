/* opcode_args.c - reading an opcode's argument as the unpicklers read it.
 *
 * A frame only tells how much to fetch ahead. When an argument crosses the frame's end, pickle.py
 * raises, the C unpickler over memory reads straight on, and the C unpickler over a file drops the
 * frame's rest and takes the argument from after the frame (unless the frame had been peeked). The
 * reading in the options says which of the last two this run follows.
 */
#include "machine/state.h"

/* Decides one straddle: whether the frame's rest is left behind. */
static bool drops_rest(struct sg_machine *m)
{
    bool drop = m->straddles < 32 && m->options.reading.straddles >> m->straddles & 1;

    m->load->frame_end = 0;
    sg_machine_anomaly(m, SG_A_FRAME_STRADDLE);
    if (m->straddles < 255)
        m->straddles++;
    return drop;
}

/* Before an argument of `length` bytes is read. */
static enum sg_step cross_frame(struct sg_machine *m, uint64_t length, bool straight)
{
    uint64_t at = sg_stream_offset(m->stream), end = m->load->frame_end;

    if (at < end && length <= end - at)
        return SG_STEP_ON;
    m->load->frame_end = 0;
    if (at >= end || straight || !drops_rest(m))
        return SG_STEP_ON;
    return sg_stream_skip(m->stream, end - at) ? SG_STEP_ON : SG_STEP_END;
}

static enum sg_step fetch(struct sg_machine *m, size_t length, const uint8_t **bytes)
{
    struct sg_stream *s = m->stream;

    if (m->load->frame_end) {
        enum sg_step step = cross_frame(m, length, false);
        if (step)
            return step;
    }
    if (sg_stream_need(s, length) < length)
        return SG_STEP_END;
    *bytes = s->at;
    s->at += length;
    return SG_STEP_ON;
}

/* How many bytes the stream can show at once. */
static size_t reach(const struct sg_stream *s)
{
    return s->window ? s->window_size / 2 : SIZE_MAX;
}

/* Looks for the newline within the window; false when it is further away. */
static bool near_line(struct sg_stream *s, struct sg_argument *out)
{
    for (size_t want = 1;; want = reach(s)) {
        size_t have = sg_stream_need(s, want);
        const uint8_t *newline = have ? memchr(s->at, '\n', have) : NULL;
        bool ended = !s->window || (want > 1 && have < want);
        if (!newline && !ended && want == 1)
            continue;
        if (!newline && !ended)
            return false;
        out->bytes = s->at;
        out->length = newline ? (uint64_t)(newline - s->at) : have;
        out->cut = !newline;
        return true;
    }
}

/* Gathers a line that is longer than the window into scratch of the arena and passes over it;
 * *bytes is NULL when it does not fit. */
static void far_line(struct sg_machine *m, struct sg_argument *out)
{
    struct sg_stream *s = m->stream;
    size_t room = m->arena->size / 8, kept = 0;
    uint8_t *copy = sg_arena_take(m->arena, room);

    out->cut = true;
    out->length = 0;
    for (size_t have; out->cut && (have = sg_stream_need(s, reach(s))) > 0;) {
        const uint8_t *newline = memchr(s->at, '\n', have);
        size_t part = newline ? (size_t)(newline - s->at) : have;
        if (copy && part <= room - kept)
            memcpy(copy + kept, s->at, part);
        else
            copy = NULL;
        kept += part;
        out->length += part;
        out->cut = !newline;
        s->at += part + !out->cut;
    }
    out->bytes = copy;
    m->arena->used = m->scratch;
    if (copy)
        (void)sg_arena_take(m->arena, kept);
}

static void read_line(struct sg_machine *m, struct sg_argument *out)
{
    struct sg_stream *s = m->stream;
    uint64_t end = m->load->frame_end;

    out->offset = sg_stream_offset(s);
    if (near_line(s, out))
        s->at += out->length + !out->cut;
    else
        far_line(m, out);
    if (!end || out->offset + out->length < end)
        return;
    /* No newline in the frame: the line, or what of it stands after the frame. */
    if (out->offset >= end) {
        m->load->frame_end = 0;
    } else if (drops_rest(m)) {
        uint64_t left = end - out->offset;
        out->bytes = out->bytes ? out->bytes + left : NULL;
        out->offset += left;
        out->length -= left;
    }
}

/* pickle.py cuts the last character of a line, newline or not. */
static void cut_last(uint64_t *length)
{
    if (*length)
        --*length;
}

/* The second line may move the window: then the first is kept. */
static const uint8_t *keep_first(struct sg_machine *m, const uint8_t *first, size_t length)
{
    const struct sg_stream *s = m->stream;

    if (first && memchr(s->at, '\n', (size_t)(s->end - s->at)))
        return first;
    return (const uint8_t *)sg_arena_copy(m->arena, first, length);
}

static enum sg_step read_lines(struct sg_machine *m, struct sg_argument *out)
{
    read_line(m, out);
    if (out->cut) {
        cut_last(&out->length);
        out->second = out->bytes;
        out->second_length = 0;
        return SG_STEP_ON;
    }
    size_t length = out->bytes ? (size_t)out->length : 0;
    const uint8_t *first = keep_first(m, out->bytes, length);
    if (!first)
        return SG_STEP_MEMORY;
    struct sg_argument second = {0};
    size_t scratch = m->scratch;
    m->scratch = m->arena->used;
    read_line(m, &second);
    m->scratch = scratch;
    out->bytes = first;
    out->length = length;
    out->second = second.bytes;
    out->second_length = second.bytes ? second.length : 0;
    out->cut = second.cut;
    if (second.cut)
        cut_last(&out->second_length);
    return SG_STEP_ON;
}

/* Content that somebody might hand to a loader, from its first bytes. */
static bool looks_like_payload(const uint8_t *head, size_t len)
{
    static const char *const magics[] = {"\x80\x02",    "\x80\x03",  "\x80\x04", "\x80\x05",
                                         "PK\x03\x04",  "\x93NUMPY", "\x1f\x8b", "BZh",
                                         "\xfd\x37zXZ", "\xe3"};

    for (size_t i = 0; i < sizeof(magics) / sizeof(*magics); i++) {
        size_t magic = strlen(magics[i]);
        if (len >= magic && memcmp(head, magics[i], magic) == 0)
            return true;
    }
    return len > 0 && (head[0] == 'x' || head[0] == 'c' || head[0] == '(');
}

/* An argument larger than the window. However many are kept, they leave room for all else. */
static enum sg_step read_large(struct sg_machine *m, struct sg_argument *out)
{
    struct sg_stream *s = m->stream;
    size_t room = m->arena->size - m->arena->used;

    out->bytes = NULL;
    if (!sg_stream_again(s) && out->length < room / 4 &&
        looks_like_payload(s->at, sg_stream_need(s, 8))) {
        uint8_t *kept = sg_arena_take(m->arena, (size_t)out->length);
        if (kept) {
            out->bytes = kept;
            return sg_stream_copy(s, kept, (size_t)out->length) ? SG_STEP_ON : SG_STEP_END;
        }
    }
    return sg_stream_skip(s, out->length) ? SG_STEP_ON : SG_STEP_END;
}

static enum sg_step read_counted(struct sg_machine *m, size_t width, bool straight,
                                 struct sg_argument *out)
{
    struct sg_stream *s = m->stream;
    const uint8_t *bytes;
    enum sg_step step = fetch(m, width, &bytes);

    if (step)
        return step;
    out->length = width == 1 ? bytes[0] : width == 4 ? sg_le32(bytes) : sg_le64(bytes);
    if (out->length > INT64_MAX)
        return sg_machine_error(m, "length exceeds the largest size");
    if (m->load->frame_end && (step = cross_frame(m, out->length, straight)))
        return step;
    out->offset = sg_stream_offset(s);
    if (out->length > reach(s))
        return read_large(m, out);
    if (sg_stream_need(s, (size_t)out->length) < out->length)
        return SG_STEP_END;
    out->bytes = s->at;
    s->at += out->length;
    return SG_STEP_ON;
}

static enum sg_step read_number(struct sg_machine *m, size_t width, struct sg_argument *out)
{
    const uint8_t *bytes;
    enum sg_step step = fetch(m, width, &bytes);

    if (step)
        return step;
    if (width == 1)
        out->number = bytes[0];
    else if (width == 2)
        out->number = sg_le16(bytes);
    else
        out->number = width == 4 ? sg_le32(bytes) : sg_le64(bytes);
    return SG_STEP_ON;
}

enum sg_step sg_argument_read(struct sg_machine *m, enum sg_argument_kind kind,
                              struct sg_argument *out)
{
    static const uint8_t widths[] = {
        [SG_ARG_U1] = 1,     [SG_ARG_U2] = 2,     [SG_ARG_U4] = 4,    [SG_ARG_U8] = 8,
        [SG_ARG_TEXT1] = 1,  [SG_ARG_TEXT4] = 4,  [SG_ARG_TEXT8] = 8, [SG_ARG_BYTES1] = 1,
        [SG_ARG_BYTES4] = 4, [SG_ARG_BYTES8] = 8,
    };

    switch (kind) {
    case SG_ARG_LINE:
        m->scratch = m->arena->used;
        read_line(m, out);
        return SG_STEP_ON;
    case SG_ARG_LINES:
        m->scratch = m->arena->used;
        return read_lines(m, out);
    case SG_ARG_U1:
    case SG_ARG_U2:
    case SG_ARG_U4:
    case SG_ARG_U8:
        return read_number(m, widths[kind], out);
    default:
        return read_counted(m, widths[kind], kind >= SG_ARG_BYTES1, out);
    }
}

enum sg_step sg_argument_frame(struct sg_machine *m, uint64_t length)
{
    return cross_frame(m, length, false);
}

void sg_argument_stop(struct sg_machine *m)
{
    /* The same Unpickler goes on after STOP; a new one begins after the frame. */
    uint64_t frame_end = m->load->frame_end, at = sg_stream_offset(m->stream);

    if (!frame_end || cross_frame(m, UINT64_MAX, false))
        m->load->frame_end = 0;
    else if (sg_stream_offset(m->stream) == at)
        m->load->frame_end = frame_end;
}
