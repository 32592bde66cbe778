/* code.c - the words of code objects: names they use and text they hold.
 *
 * A code object comes marshalled, or as the arguments of CodeType. What it would do shows in
 * co_names and co_consts, whatever the bytecode of the version is. Source of the marshal format:
 * Python/marshal.c; the fields of a code object before and after 3.11: w_complex_object() there.
 */
#include "machine/fold.h"

#define DEPTH_MAX 24
#define WORD_MAX 512u

struct reader {
    struct sg_machine *m;
    const struct sg_call *call;
    const uint8_t *at, *end;
    int longs; /* fields of four bytes at a code object's beginning: 5 since 3.11, before 6 */
    bool tell; /* false: only a try whether the layout fits */
};

static void tell_word(struct sg_machine *m, const struct sg_call *call, struct sg_text word,
                      bool name)
{
    if (m->events.code)
        m->events.code(m->events.ctx, m, word, name, call);
}

static bool bytes(struct reader *r, size_t length, const uint8_t **out)
{
    if (length > (size_t)(r->end - r->at))
        return false;
    *out = r->at;
    r->at += length;
    return true;
}

static bool plain(struct reader *r, size_t length)
{
    const uint8_t *skipped;

    return bytes(r, length, &skipped);
}

static bool number(struct reader *r, size_t width, size_t *out)
{
    const uint8_t *at;

    if (!bytes(r, width, &at))
        return false;
    *out = width == 1 ? at[0] : sg_le32(at);
    return *out <= INT32_MAX;
}

static bool word(struct reader *r, size_t width, bool name)
{
    const uint8_t *at;
    size_t length;

    if (!number(r, width, &length) || !bytes(r, length, &at))
        return false;
    if (r->tell && length)
        tell_word(r->m, r->call,
                  (struct sg_text){(const char *)at, length < WORD_MAX ? length : WORD_MAX}, name);
    return true;
}

static bool object(struct reader *r, int depth, bool names);

static bool objects(struct reader *r, size_t count, int depth, bool names)
{
    for (size_t i = 0; i < count; i++)
        if (!object(r, depth - 1, names))
            return false;
    return true;
}

static bool sequence(struct reader *r, size_t width, int depth, bool names)
{
    size_t count;

    return number(r, width, &count) && objects(r, count, depth, names);
}

static bool dict(struct reader *r, int depth)
{
    while (r->at < r->end && (*r->at & 0x7F) != '0')
        if (!objects(r, 2, depth, false))
            return false;
    return plain(r, 1);
}

static bool code(struct reader *r, int depth)
{
    const uint8_t *skipped;

    if (!bytes(r, (size_t)r->longs * 4, &skipped))
        return false;
    for (int i = 0; i < 8; i++)
        if (!object(r, depth - 1, i == 2)) /* co_code, co_consts, co_names, … */
            return false;
    return bytes(r, 4, &skipped) && objects(r, r->longs == 5 ? 2 : 1, depth, false);
}

static bool counted(struct reader *r, size_t width)
{
    size_t count;

    return number(r, width, &count) && plain(r, count);
}

/* A complex number as text: two counted pieces. */
static bool pair_of_numbers(struct reader *r)
{
    if (!counted(r, 1))
        return false;
    return counted(r, 1);
}

/* An integer of 15-bit digits; its sign is the count's. */
static bool long_integer(struct reader *r)
{
    const uint8_t *at;

    if (!bytes(r, 4, &at))
        return false;
    int32_t digits = (int32_t)sg_le32(at);
    return plain(r, 2 * (size_t)(digits < 0 ? -(int64_t)digits : digits));
}

static bool object(struct reader *r, int depth, bool names)
{
    if (depth == 0 || r->at == r->end)
        return false;
    switch (*r->at++ & 0x7F) {
    case 'N':
    case 'T':
    case 'F':
    case 'S':
    case '.':
    case '0':
        return true;
    case 'i':
    case 'r':
        return plain(r, 4);
    case 'I':
    case 'g':
        return plain(r, 8);
    case 'y':
        return plain(r, 16);
    case 'f':
        return counted(r, 1);
    case 'x':
        return pair_of_numbers(r);
    case 'l':
        return long_integer(r);
    case 's':
        return counted(r, 4);
    case 't':
    case 'u':
    case 'a':
    case 'A':
        return word(r, 4, names);
    case 'z':
    case 'Z':
        return word(r, 1, names);
    case ')':
        return sequence(r, 1, depth, names);
    case '(':
    case '[':
    case '<':
    case '>':
        return sequence(r, 4, depth, names);
    case '{':
        return dict(r, depth);
    case ':':
        return objects(r, 3, depth, names);
    case 'c':
        return code(r, depth);
    default:
        return false;
    }
}

static bool try_layout(struct reader r, int longs)
{
    r.longs = longs;
    r.tell = false;
    return object(&r, DEPTH_MAX, false);
}

bool sg_code_marshalled(struct sg_machine *m, struct sg_text text, const struct sg_call *call)
{
    struct reader r = {.m = m,
                       .call = call,
                       .at = (const uint8_t *)text.at,
                       .end = (const uint8_t *)text.at + text.len};

    r.longs = try_layout(r, 5) ? 5 : 6;
    if (r.longs == 6 && !try_layout(r, 6))
        return false;
    r.tell = true;
    return object(&r, DEPTH_MAX, false);
}

static void tell_value(struct sg_machine *m, sg_value v, const struct sg_call *call, int depth)
{
    bool whole;
    char text[WORD_MAX];
    enum sg_kind kind = sg_value_kind(m, v);

    if (!sg_work(m, 64))
        return;
    if (kind == SG_V_STR) {
        size_t len = sg_value_read(m, v, 0, text, sizeof(text));
        tell_word(m, call, (struct sg_text){text, len}, true);
    } else if (kind == SG_V_TUPLE && depth > 0) {
        size_t count = sg_value_count(m, v, &whole);
        for (size_t i = 0; i < count; i++)
            tell_value(m, sg_value_item(m, v, i), call, depth - 1);
    }
}

void sg_code_arguments(struct sg_machine *m, const struct sg_call *call)
{
    bool whole;
    size_t count = sg_value_count(m, call->args, &whole);

    for (size_t i = 0; i < count; i++)
        tell_value(m, sg_value_item(m, call->args, i), call, 4);
}
