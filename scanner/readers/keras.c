/* keras.c - what a Keras configuration would make: its classes, its functions, its code. */
#include "readers/keras.h"

/* Python makes an object by two calls at least, of 1000 that it has. */
#define DEPTH_MAX 512u
#define WORD_MAX 127u
#define NEED 256u

enum word { MODULE, CLASS, SPEC, CONFIG, WORDS, NO_WORD };

struct frame {
    uint64_t offset;
    uint32_t lists; /* open ones inside the object */
    bool value;     /* behind a colon */
    enum word key;
    uint8_t len[WORDS];
    char text[WORDS][WORD_MAX];
};

struct walk {
    struct sg_stream *stream;
    const struct sg_keras_events *events;
    struct frame *frames; /* DEPTH_MAX of them */
    uint32_t depth;       /* of open objects; more than DEPTH_MAX are counted only */
    uint8_t *text;        /* of the last string, a byte for each character up to U+00FF */
    size_t text_len;
    bool text_cut;
    bool deep; /* there were more open objects than DEPTH_MAX */
};

static int next_byte(struct walk *w)
{
    if (sg_stream_need(w->stream, 1) == 0)
        return -1;
    return *w->stream->at++;
}

static int peek_byte(struct walk *w)
{
    return sg_stream_need(w->stream, 1) ? *w->stream->at : -1;
}

static bool is_space(int c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int hex_digit(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The character that a backslash begins, or -1. */
static int escaped(struct walk *w)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    int c = next_byte(w), value = 0;

    if (c > 0 && c != 'u') {
        const char *at = strchr(from, c);
        return at ? to[at - from] : -1;
    }
    for (int i = 0; c == 'u' && i < 4; i++) {
        int digit = hex_digit(next_byte(w));
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return c == 'u' ? value : -1;
}

/* A character of UTF-8 of which the first byte was `c`; what is above U+00FF becomes that byte. */
static int character(struct walk *w, int c)
{
    if ((c == 0xc2 || c == 0xc3) && (peek_byte(w) & 0xc0) == 0x80)
        return (c & 3) << 6 | (next_byte(w) & 0x3f);
    return c;
}

/* Reads a string behind its quote; false when it is none. */
static bool read_string(struct walk *w)
{
    w->text_len = 0;
    w->text_cut = false;
    for (;;) {
        int c = next_byte(w);
        if (c < ' ')
            return false;
        if (c == '"')
            return true;
        c = c == '\\' ? escaped(w) : character(w, c);
        if (c < 0)
            return false;
        if (w->text_len < SG_KERAS_TEXT_MAX)
            w->text[w->text_len++] = c > 0xff ? '?' : (uint8_t)c;
        else
            w->text_cut = true;
    }
}

static enum word key_of(const struct walk *w)
{
    static const struct {
        const char *key;
        enum word word;
    } rows[] = {
        {"module", MODULE},   {"__module__", MODULE}, {"class_name", CLASS},
        {"__class__", CLASS}, {"spec_name", SPEC},    {"config", CONFIG},
    };
    struct sg_text text = {(const char *)w->text, w->text_len};

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (sg_text_is(text, rows[i].key))
            return rows[i].word;
    return NO_WORD;
}

/* As binascii.a2b_base64() does, which passes over what is not of the alphabet. In place. */
static size_t decode_base64(uint8_t *text, size_t len)
{
    size_t out = 0;
    uint32_t bits = 0;
    unsigned count = 0;

    for (size_t i = 0; i < len; i++) {
        int value = sg_base64_digit(text[i]);
        if (value < 0)
            continue;
        bits = bits << 6 | (uint32_t)value;
        if (++count % 4 == 0)
            count = 0;
        if (count != 1)
            text[out++] = (uint8_t)(bits >> (count == 2 ? 4 : count == 3 ? 2 : 0));
    }
    return out;
}

/* TYPE_CODE of marshal, with or without FLAG_REF; the fields behind it begin with small numbers. */
static bool begins_as_code(const uint8_t *at, size_t len)
{
    return len >= 24 && (at[0] & 0x7f) == 'c' && memchr(at, 0, 24);
}

static void tell_code(struct walk *w, uint64_t offset)
{
    uint8_t head[64];
    size_t len = w->text_len < sizeof(head) ? w->text_len : sizeof(head);

    if (begins_as_code(w->text, w->text_len)) {
        w->events->code(w->events->ctx, offset, w->text, w->text_len, w->text_cut);
        return;
    }
    memcpy(head, w->text, len);
    if (!begins_as_code(head, decode_base64(head, len)))
        return;
    len = decode_base64(w->text, w->text_len);
    w->events->code(w->events->ctx, offset, w->text, len, w->text_cut);
}

static void take_value(struct walk *w, struct frame *frame, uint64_t offset)
{
    tell_code(w, offset);
    if (frame->key == NO_WORD || w->text_len == 0)
        return;
    size_t len = w->text_len < WORD_MAX ? w->text_len : WORD_MAX;
    memcpy(frame->text[frame->key], w->text, len);
    frame->len[frame->key] = (uint8_t)len;
}

static struct frame *top(struct walk *w)
{
    return w->depth && w->depth <= DEPTH_MAX ? &w->frames[w->depth - 1] : NULL;
}

static void open_object(struct walk *w)
{
    w->depth++;
    w->deep |= w->depth > DEPTH_MAX;
    struct frame *frame = top(w);
    if (frame) {
        frame->offset = sg_stream_offset(w->stream) - 1;
        frame->lists = 0;
        frame->value = false;
        frame->key = NO_WORD;
        memset(frame->len, 0, sizeof(frame->len));
    }
}

static void close_object(struct walk *w)
{
    struct frame *frame = top(w);

    w->depth--;
    if (!frame || (!frame->len[MODULE] && !frame->len[CLASS]))
        return;
    struct sg_keras_object object = {
        .module = {frame->text[MODULE], frame->len[MODULE]},
        .class = {frame->text[CLASS], frame->len[CLASS]},
        .spec = {frame->text[SPEC], frame->len[SPEC]},
        .config = {frame->text[CONFIG], frame->len[CONFIG]},
    };
    w->events->object(w->events->ctx, frame->offset, &object);
}

/* A string, as a key or a value; false when the JSON ends here. */
static bool on_string(struct walk *w)
{
    uint64_t offset = sg_stream_offset(w->stream) - 1;
    struct frame *frame = top(w);

    if (!read_string(w))
        return false;
    if (frame && frame->value)
        take_value(w, frame, offset);
    else if (frame)
        frame->key = key_of(w);
    return true;
}

static void on_mark(struct frame *frame, int c)
{
    if (c == ':')
        frame->value = true;
    else if (c == ',' && frame->lists == 0)
        frame->value = false;
    else if (c == '[')
        frame->lists++;
    else if (c == ']' && frame->lists)
        frame->lists--;
}

/* One byte inside an object; false when it is of no JSON. */
static bool step(struct walk *w, int c)
{
    if (c == '"')
        return on_string(w);
    if (c == '{')
        open_object(w);
    else if (c == '}')
        close_object(w);
    else if (c >= 0x7f || (c < ' ' && !is_space(c)))
        return false;
    else if (top(w))
        on_mark(top(w), c);
    return true;
}

/* Goes to where an object begins; false at the end. */
static bool find_object(struct walk *w)
{
    for (;;) {
        size_t have = sg_stream_need(w->stream, NEED);
        if (have == 0)
            return false;
        const uint8_t *brace = memchr(w->stream->at, '{', have);
        w->stream->at += brace ? (size_t)(brace + 1 - w->stream->at) : have;
        if (!brace)
            continue;
        open_object(w);
        while (is_space(peek_byte(w)))
            w->stream->at++;
        if (peek_byte(w) == '"')
            return true;
        w->depth = 0;
    }
}

enum sg_status sg_keras_read(struct sg_stream *stream, struct sg_arena *arena,
                             const struct sg_keras_events *events)
{
    size_t used = arena->used;
    struct walk w = {.stream = stream,
                     .events = events,
                     .frames = sg_arena_take(arena, DEPTH_MAX * sizeof(struct frame)),
                     .text = sg_arena_take(arena, SG_KERAS_TEXT_MAX)};

    while (w.frames && w.text && find_object(&w))
        while (w.depth) {
            int c = next_byte(&w);
            if (c < 0 || !step(&w, c))
                w.depth = 0;
        }
    arena->used = used;
    if (!w.frames || !w.text)
        return SG_ERR_MEMORY;
    return w.deep && !stream->status ? SG_ERR_LIMIT : stream->status;
}

bool sg_keras_is_wide(const uint8_t *head, size_t len)
{
    if (len < 2)
        return false;
    uint16_t mark = sg_le16(head);
    return mark == 0xfeff || mark == 0xfffe || !head[0] || !head[1];
}
