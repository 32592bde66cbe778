/* npy_literal.c - the Python literal in a .npy header.
 *
 * Takes less than ast.literal_eval() does: no escapes, no comments, no strings in a row. What is
 * not taken leaves the header unclear, which is safe; what is taken means the same to Python.
 */
#include "readers/npy_literal.h"

#define DEPTH_MAX 16

struct text {
    const char *at, *end;
    int depth;
};

struct dtype {
    enum sg_npy_data data;
    uint64_t size; /* bytes of an item, or SG_NPY_UNKNOWN */
};

struct shape {
    uint64_t count; /* items, or SG_NPY_UNKNOWN */
    uint32_t dims;
};

static uint64_t times(uint64_t a, uint64_t b)
{
    uint64_t product;

    if (a == SG_NPY_UNKNOWN || b == SG_NPY_UNKNOWN || __builtin_mul_overflow(a, b, &product))
        return SG_NPY_UNKNOWN;
    return product;
}

static uint64_t plus(uint64_t a, uint64_t b)
{
    uint64_t sum;

    if (a == SG_NPY_UNKNOWN || b == SG_NPY_UNKNOWN || __builtin_add_overflow(a, b, &sum))
        return SG_NPY_UNKNOWN;
    return sum;
}

/* The next character that is no space; NUL at the end. */
static char peek(struct text *t)
{
    while (t->at < t->end && (*t->at == ' ' || *t->at == '\n' || *t->at == '\t' || *t->at == '\r'))
        t->at++;
    return t->at < t->end ? *t->at : '\0';
}

static bool take(struct text *t, char c)
{
    if (peek(t) != c || t->at == t->end)
        return false;
    t->at++;
    return true;
}

static bool string(struct text *t, struct sg_text *out)
{
    char quote = peek(t);

    if (quote == 'u' || quote == 'b') {
        t->at++;
        quote = t->at < t->end ? *t->at : '\0';
    }
    if (quote != '\'' && quote != '"')
        return false;
    const char *from = ++t->at;
    while (t->at < t->end && *t->at != quote) {
        if (*t->at == '\\' || *t->at == '\n' || *t->at == '\r' || *t->at == '\0')
            return false;
        t->at++;
    }
    if (t->at == t->end)
        return false;
    *out = (struct sg_text){from, (size_t)(t->at++ - from)};
    /* A string in a row with this one (or three quotes) would be one with it. */
    char next = peek(t);
    return next == ',' || next == ':' || next == ')' || next == ']' || next == '}';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A decimal number; a negative one is SG_NPY_UNKNOWN. Python 2 wrote 3L. */
static bool number(struct text *t, uint64_t *out)
{
    uint64_t value = 0;
    bool negative = take(t, '-');

    if (!is_digit(peek(t)))
        return false;
    if (*t->at == '0' && t->end - t->at > 1 && is_digit(t->at[1]))
        return false;
    for (; t->at < t->end && is_digit(*t->at); t->at++)
        value = plus(times(value, 10), (uint64_t)(*t->at - '0'));
    if (t->at < t->end && *t->at == 'L')
        t->at++;
    *out = negative ? SG_NPY_UNKNOWN : value;
    return true;
}

/* A tuple of numbers, or one number. */
static bool shape(struct text *t, struct shape *out)
{
    uint64_t length;

    *out = (struct shape){.count = 1};
    if (!take(t, '(')) {
        out->dims = 1;
        return number(t, &out->count);
    }
    while (peek(t) != ')') {
        if (!number(t, &length))
            return false;
        out->count = times(out->count, length);
        out->dims++;
        if (!take(t, ',') && peek(t) != ')')
            return false;
    }
    return take(t, ')');
}

/* Dates have a unit: M8[25s]. */
static bool unit(const char *at, const char *end)
{
    if (at == end)
        return true;
    if (*at++ != '[' || at == end || *--end != ']')
        return false;
    for (; at < end; at++)
        if (!is_digit(*at) && !((*at | 32) >= 'a' && (*at | 32) <= 'z'))
            return false;
    return true;
}

/* "<f8" and its like; what else numpy.dtype() takes is unclear. */
static struct dtype simple(struct sg_text text)
{
    struct dtype unclear = {SG_NPY_UNCLEAR, SG_NPY_UNKNOWN};
    const char *at = text.at, *end = text.at + text.len;
    uint64_t size = 0;

    if (at < end && strchr("<>|=", *at) && *at)
        at++;
    if (at == end)
        return unclear;
    char kind = *at++;
    const char *digits = at;
    for (; at < end && is_digit(*at); at++)
        size = plus(times(size, 10), (uint64_t)(*at - '0'));
    if (kind == 'O' && at == end)
        return (struct dtype){SG_NPY_PICKLE, SG_NPY_UNKNOWN};
    if (digits == at)
        return unclear;
    switch (kind) {
    case 'M':
    case 'm':
        return unit(at, end) ? (struct dtype){SG_NPY_PLAIN, size} : unclear;
    case 'U':
        size = times(size, 4);
        break;
    case 'b':
    case 'i':
    case 'u':
    case 'f':
    case 'c':
    case 'S':
    case 'a':
    case 'V':
        break;
    default:
        return unclear;
    }
    return at == end ? (struct dtype){SG_NPY_PLAIN, size} : unclear;
}

static bool descr(struct text *t, struct dtype *out);

/* The name of a field, or a title and a name. */
static bool name(struct text *t, struct sg_text *out)
{
    if (!take(t, '('))
        return string(t, out);
    return string(t, out) && take(t, ',') && string(t, out) && take(t, ')');
}

static void add(struct dtype *whole, struct dtype part, uint64_t count)
{
    if (part.data == SG_NPY_PICKLE || whole->data == SG_NPY_PLAIN)
        whole->data = part.data;
    whole->size = plus(whole->size, times(part.size, count));
}

static bool field(struct text *t, struct dtype *whole)
{
    struct shape times_of = {.count = 1};
    struct dtype part;
    struct sg_text called;

    if (!take(t, '(') || !name(t, &called) || !take(t, ',') || !descr(t, &part))
        return false;
    if (take(t, ',') && peek(t) != ')' && !shape(t, &times_of))
        return false;
    (void)take(t, ',');
    /* What has no name may be padding to numpy, which drops it, objects and all. */
    if (called.len == 0 && part.data == SG_NPY_PICKLE)
        part.data = SG_NPY_UNCLEAR;
    add(whole, part, times_of.count);
    return take(t, ')');
}

static bool fields(struct text *t, struct dtype *out)
{
    *out = (struct dtype){SG_NPY_PLAIN, 0};
    while (peek(t) != ']') {
        if (!field(t, out))
            return false;
        if (!take(t, ',') && peek(t) != ']')
            return false;
    }
    return take(t, ']');
}

static bool array_of(struct text *t, struct dtype *out)
{
    struct shape count;
    struct dtype part;

    *out = (struct dtype){SG_NPY_PLAIN, 0};
    if (!descr(t, &part) || !take(t, ',') || !shape(t, &count))
        return false;
    add(out, part, count.count);
    return take(t, ')');
}

static bool descr(struct text *t, struct dtype *out)
{
    struct sg_text text;

    if (t->depth == DEPTH_MAX)
        return false;
    t->depth++;
    bool taken = false;
    if (take(t, '['))
        taken = fields(t, out);
    else if (take(t, '('))
        taken = array_of(t, out);
    else if ((taken = string(t, &text)))
        *out = simple(text);
    t->depth--;
    return taken;
}

static bool boolean(struct text *t, bool *out)
{
    static const struct sg_text words[] = {{"False", 5}, {"True", 4}};

    (void)peek(t);
    for (size_t i = 0; i < 2; i++) {
        if (!sg_text_starts((struct sg_text){t->at, (size_t)(t->end - t->at)}, words[i]))
            continue;
        t->at += words[i].len;
        *out = i == 1;
        return true;
    }
    return false;
}

enum { HAS_DESCR = 1, HAS_ORDER = 2, HAS_SHAPE = 4, HAS_ALL = 7 };

/* One entry of the dict; a bit of the above, 0 when it is none that numpy wants. */
static int entry(struct text *t, struct dtype *dtype, struct shape *dims, bool *fortran)
{
    struct sg_text key;

    if (!string(t, &key) || !take(t, ':'))
        return 0;
    if (sg_text_is(key, "descr"))
        return descr(t, dtype) ? HAS_DESCR : 0;
    if (sg_text_is(key, "fortran_order"))
        return boolean(t, fortran) ? HAS_ORDER : 0;
    if (sg_text_is(key, "shape"))
        return peek(t) == '(' && shape(t, dims) ? HAS_SHAPE : 0;
    return 0;
}

void sg_npy_literal(struct sg_text text, struct sg_npy *npy)
{
    struct text t = {.at = text.at, .end = text.at + text.len};
    struct dtype dtype = {SG_NPY_UNCLEAR, SG_NPY_UNKNOWN};
    struct shape dims = {0};
    bool fortran = false;
    int have = 0;

    if (!take(&t, '{'))
        return;
    while (peek(&t) != '}') {
        int bit = entry(&t, &dtype, &dims, &fortran);
        if (bit == 0 || have & bit || (!take(&t, ',') && peek(&t) != '}'))
            return;
        have |= bit;
    }
    if (!take(&t, '}') || peek(&t) != '\0' || t.at != t.end || have != HAS_ALL)
        return;
    npy->data = dtype.data;
    npy->dims = dims.dims;
    npy->fortran_order = fortran;
    npy->data_size = dtype.data == SG_NPY_PLAIN ? times(dtype.size, dims.count) : SG_NPY_UNKNOWN;
}
