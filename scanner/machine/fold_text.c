/* fold_text.c - what methods and decoders make of constant text. Scratch of the arena is put back
 * by the caller of a fold. */
#include "machine/fold.h"

#define ITEM_WORK 8u /* for sg_work(): an item that has no bytes */

struct sg_writer sg_writer_begin(struct sg_machine *m)
{
    char *at = sg_arena_take(m->arena, SG_FOLD_MAX);

    return (struct sg_writer){.at = at, .full = !at};
}

static void put(struct sg_writer *w, const char *bytes, size_t len)
{
    if (w->full || len > SG_FOLD_MAX - w->len) {
        w->full = true;
        return;
    }
    memcpy(w->at + w->len, bytes, len);
    w->len += len;
}

void sg_writer_byte(struct sg_writer *w, unsigned byte)
{
    char c = (char)byte;

    put(w, &c, 1);
}

sg_value sg_writer_value(struct sg_machine *m, const struct sg_writer *w, enum sg_kind kind)
{
    return w->full ? SG_ABSENT : sg_value_copy(m, kind, w->at, w->len);
}

static enum sg_kind kind_of(sg_value v)
{
    return (enum sg_kind)(v & SG_KIND_MASK);
}

/* text.join(items) */
static sg_value join(struct sg_machine *m, sg_value object, sg_value items)
{
    enum sg_kind kind = sg_value_kind(m, items);
    struct sg_text glue, part;
    bool whole;
    size_t count = sg_value_count(m, items, &whole);

    if ((kind != SG_V_TUPLE && kind != SG_V_LIST) || !whole || sg_value_escaped(m, items) ||
        !sg_work(m, ITEM_WORK * count) || !sg_fold_bytes(m, object, &glue))
        return SG_ABSENT;
    struct sg_writer w = sg_writer_begin(m);
    if (sg_value_once(m, items)) /* it is empty from here on */
        sg_value_escape(m, items);
    for (size_t i = 0; i < count && !w.full; i++) {
        size_t used = m->arena->used;
        if (!sg_fold_bytes(m, sg_value_item(m, items, i), &part))
            return SG_ABSENT;
        if (i)
            put(&w, glue.at, glue.len);
        put(&w, part.at, part.len);
        m->arena->used = used;
    }
    return sg_writer_value(m, &w, kind_of(object));
}

static sg_value replace(struct sg_machine *m, sg_value object, const struct sg_call *call)
{
    sg_value from = sg_fold_argument(m, call, 0), to = sg_fold_argument(m, call, 1);
    struct sg_text text, old, new;

    if (sg_fold_argument(m, call, 2) != SG_ABSENT || !sg_fold_bytes(m, object, &text) ||
        !sg_fold_bytes(m, from, &old) || !sg_fold_bytes(m, to, &new) || !old.len)
        return SG_ABSENT;
    struct sg_writer w = sg_writer_begin(m);
    while (text.len && !w.full) {
        bool found = sg_text_starts(text, old);
        size_t step = found ? old.len : 1;
        if (found)
            put(&w, new.at, new.len);
        else
            put(&w, text.at, 1);
        text.at += step;
        text.len -= step;
    }
    return sg_writer_value(m, &w, kind_of(object));
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static char swapcase(char c)
{
    return upper(c) == c ? lower(c) : upper(c);
}

static sg_value each_byte(struct sg_machine *m, sg_value object, char (*change)(char))
{
    struct sg_text text;

    if (!sg_fold_bytes(m, object, &text) || !sg_text_ascii(text))
        return SG_ABSENT;
    struct sg_writer w = sg_writer_begin(m);
    for (size_t i = 0; i < text.len; i++)
        sg_writer_byte(&w, (unsigned char)change(text.at[i]));
    return sg_writer_value(m, &w, kind_of(object));
}

/* White space as the type has it: str has four more characters. */
static bool is_blank(char c, enum sg_kind kind)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || (kind == SG_V_STR && c >= 28 && c <= 31);
}

static sg_value strip(struct sg_machine *m, sg_value object)
{
    struct sg_text text;
    enum sg_kind kind = kind_of(object);

    if (!sg_fold_bytes(m, object, &text) || !sg_text_ascii(text))
        return SG_ABSENT;
    while (text.len && is_blank(text.at[0], kind))
        text.at++, text.len--;
    while (text.len && is_blank(text.at[text.len - 1], kind))
        text.len--;
    return sg_value_copy(m, kind, text.at, text.len);
}

/* A bound of a slice; `*number` stays where it is left out. */
static bool slice_bound(struct sg_machine *m, sg_value v, int64_t *number)
{
    return v == SG_ABSENT || v == SG_NONE_VALUE || sg_value_int(m, v, number);
}

static int64_t clamped(int64_t at, int64_t len, int64_t step)
{
    int64_t low = step < 0 ? -1 : 0, high = step < 0 ? len - 1 : len;

    at += at < 0 ? len : 0;
    return at < low ? low : at > high ? high : at;
}

/* text[start:stop:step], as PySlice_AdjustIndices() has it. */
static sg_value part_of(struct sg_machine *m, sg_value object, const struct sg_call *slice)
{
    size_t first = sg_fold_argument(m, slice, 1) != SG_ABSENT; /* slice(stop) has no start */
    int64_t start, stop, step = 1;
    struct sg_text text;

    if (!slice_bound(m, sg_fold_argument(m, slice, 2), &step) || step == 0 ||
        !sg_fold_bytes(m, object, &text) || !sg_text_ascii(text))
        return SG_ABSENT;
    start = step < 0 ? INT64_MAX : 0;
    stop = step < 0 ? INT64_MIN : INT64_MAX;
    if ((first && !slice_bound(m, sg_fold_argument(m, slice, 0), &start)) ||
        !slice_bound(m, sg_fold_argument(m, slice, first), &stop))
        return SG_ABSENT;
    struct sg_writer w = sg_writer_begin(m);
    stop = clamped(stop, (int64_t)text.len, step);
    for (int64_t i = clamped(start, (int64_t)text.len, step); step < 0 ? i > stop : i < stop;
         i += step)
        put(&w, text.at + i, 1);
    return sg_writer_value(m, &w, kind_of(object));
}

/* An iterator over the characters: a list of them that can be used once. */
sg_value sg_fold_reversed(struct sg_machine *m, const struct sg_call *call)
{
    struct sg_text text;
    sg_value items[256], object = sg_fold_argument(m, call, 0);

    if (!sg_fold_bytes(m, object, &text) || !sg_text_ascii(text) || text.len > 256 ||
        kind_of(object) != SG_V_STR)
        return SG_ABSENT;
    for (size_t i = 0; i < text.len; i++)
        items[i] = sg_value_copy(m, SG_V_STR, text.at + text.len - 1 - i, 1);
    return sg_value_iterator(m, items, text.len);
}

sg_value sg_fold_concat(struct sg_machine *m, const struct sg_call *call)
{
    struct sg_text a, b;
    sg_value first = sg_fold_argument(m, call, 0), second = sg_fold_argument(m, call, 1);

    if (kind_of(first) != kind_of(second) || !sg_fold_bytes(m, first, &a) ||
        !sg_fold_bytes(m, second, &b))
        return SG_ABSENT;
    struct sg_writer w = sg_writer_begin(m);
    put(&w, a.at, a.len);
    put(&w, b.at, b.len);
    return sg_writer_value(m, &w, kind_of(first));
}

/* The slice() that a key is. */
static bool is_slice(const struct sg_machine *m, sg_value key, struct sg_call *slice)
{
    return sg_value_call(m, key, slice) && sg_value_is_name(m, slice->callee, "builtins", "slice");
}

/* One character of text, by index, or a slice of it; a str key of a name is an attribute of it
 * (os.__dict__["system"]). */
sg_value sg_fold_getitem(struct sg_machine *m, const struct sg_call *call)
{
    sg_value object = sg_fold_argument(m, call, 0), key = sg_fold_argument(m, call, 1);
    const struct sg_global *global = sg_value_global(m, object);
    struct sg_text text;
    struct sg_call slice;
    int64_t index;

    if (global && sg_value_kind(m, key) == SG_V_STR) {
        if (sg_value_is_name(m, object, "sys", "modules") && sg_name_text(m, key, &text))
            return sg_fold_module(m, text);
        return sg_fold_attribute(m, object, key);
    }
    if (is_slice(m, key, &slice))
        return part_of(m, object, &slice);
    bool whole;
    size_t count = sg_value_count(m, object, &whole);
    if (!sg_value_int(m, key, &index))
        return SG_ABSENT;
    if (sg_value_kind(m, object) >= SG_V_TUPLE && sg_value_kind(m, object) <= SG_V_LIST)
        return index >= 0 && !sg_value_escaped(m, object) && (uint64_t)index < count
                   ? sg_value_item(m, object, (size_t)index)
                   : SG_ABSENT;
    if (!sg_fold_bytes(m, object, &text) || !sg_text_ascii(text) || kind_of(object) != SG_V_STR)
        return SG_ABSENT; /* an item of bytes is an int */
    index += index < 0 ? (int64_t)text.len : 0;
    if (index < 0 || (uint64_t)index >= text.len)
        return SG_ABSENT;
    return sg_value_copy(m, kind_of(object), text.at + index, 1);
}

/* str(x) of a str; str(bytes, codec) */
sg_value sg_fold_str(struct sg_machine *m, const struct sg_call *call)
{
    struct sg_text text, codec;
    sg_value object = sg_fold_argument(m, call, 0), name = sg_fold_argument(m, call, 1);

    if (sg_fold_keywords(m, call))
        return SG_ABSENT;
    if (object == SG_ABSENT)
        return sg_value_copy(m, SG_V_STR, "", 0);
    if (!sg_fold_bytes(m, object, &text))
        return SG_ABSENT;
    if (kind_of(object) == SG_V_STR)
        return name == SG_ABSENT ? sg_value_copy(m, SG_V_STR, text.at, text.len) : SG_ABSENT;
    if (!sg_fold_bytes(m, name, &codec) || sg_fold_argument(m, call, 2) != SG_ABSENT)
        return SG_ABSENT;
    return sg_fold_codec(m, object, text, codec);
}

static sg_value bytes_of_ints(struct sg_machine *m, sg_value items)
{
    struct sg_writer w = sg_writer_begin(m);
    bool whole;
    int64_t byte;
    size_t count = sg_value_count(m, items, &whole);

    if (!whole || sg_value_escaped(m, items) || !sg_work(m, ITEM_WORK * count))
        return SG_ABSENT;
    for (size_t i = 0; i < count; i++) {
        if (!sg_value_int(m, sg_value_item(m, items, i), &byte) || byte < 0 || byte > 255)
            return SG_ABSENT;
        sg_writer_byte(&w, (unsigned)byte);
    }
    return sg_writer_value(m, &w, SG_V_BYTES);
}

/* bytes([1, 2]), bytes("text", "latin1"), bytes(b"") */
sg_value sg_fold_bytes_type(struct sg_machine *m, const struct sg_call *call)
{
    struct sg_text text, codec;
    sg_value object = sg_fold_argument(m, call, 0), name = sg_fold_argument(m, call, 1);

    if (sg_fold_keywords(m, call))
        return SG_ABSENT;
    if (object == SG_ABSENT)
        return sg_value_copy(m, SG_V_BYTES, "", 0);
    enum sg_kind kind = sg_value_kind(m, object);
    if (kind == SG_V_TUPLE || kind == SG_V_LIST)
        return bytes_of_ints(m, object);
    if (!sg_fold_bytes(m, object, &text) || sg_fold_argument(m, call, 2) != SG_ABSENT)
        return SG_ABSENT;
    if (kind == SG_V_BYTES && name == SG_ABSENT)
        return sg_value_copy(m, SG_V_BYTES, text.at, text.len);
    if (kind != SG_V_STR || !sg_fold_bytes(m, name, &codec))
        return SG_ABSENT;
    return sg_fold_codec(m, object, text, codec);
}

sg_value sg_fold_chr(struct sg_machine *m, const struct sg_call *call)
{
    int64_t point;

    if (!sg_value_int(m, sg_fold_argument(m, call, 0), &point) || point < 0 || point > 127)
        return SG_ABSENT;
    char c = (char)point;
    return sg_value_copy(m, SG_V_STR, &c, 1);
}

static sg_value coded(struct sg_machine *m, sg_value object, const struct sg_call *call)
{
    struct sg_text text, codec = SG_TEXT("utf8");
    sg_value name = sg_fold_argument(m, call, 0);

    if (!sg_fold_bytes(m, object, &text) || sg_fold_argument(m, call, 1) != SG_ABSENT ||
        (name != SG_ABSENT && !sg_fold_bytes(m, name, &codec)))
        return SG_ABSENT;
    return sg_fold_codec(m, object, text, codec);
}

sg_value sg_fold_method(struct sg_machine *m, sg_value object, struct sg_text name,
                        const struct sg_call *call)
{
    sg_value pair[2] = {object, sg_fold_argument(m, call, 0)};
    struct sg_call with_object = {.args = sg_value_tuple(m, pair, pair[1] == SG_ABSENT ? 1 : 2)};

    if (!sg_value_is_text(object) || sg_fold_keywords(m, call))
        return SG_ABSENT;
    if (sg_text_is(name, "join"))
        return join(m, object, pair[1]);
    if (sg_text_is(name, "replace"))
        return replace(m, object, call);
    if (sg_text_is(name, "lower") || (sg_text_is(name, "casefold") && kind_of(object) == SG_V_STR))
        return each_byte(m, object, lower);
    if (sg_text_is(name, "upper"))
        return each_byte(m, object, upper);
    if (sg_text_is(name, "swapcase"))
        return each_byte(m, object, swapcase);
    if (sg_text_is(name, "strip") && pair[1] == SG_ABSENT)
        return strip(m, object);
    if (sg_text_is(name, "__add__"))
        return sg_fold_concat(m, &with_object);
    if (sg_text_is(name, "__getitem__"))
        return sg_fold_getitem(m, &with_object);
    if (sg_text_is(name, kind_of(object) == SG_V_STR ? "encode" : "decode"))
        return coded(m, object, call);
    return SG_ABSENT;
}

/* A bytearray is marked as one: APPENDS may change it. */
static sg_value changeable(sg_value bytes, bool is_array)
{
    return bytes != SG_ABSENT && is_array ? bytes | SG_TEXT_8BIT : bytes;
}

/* str.join(", ", items): the object is the first argument. bytes.fromhex has none. */
sg_value sg_fold_type_name(struct sg_machine *m, const struct sg_call *call)
{
    const struct sg_global *global = sg_value_global(m, call->callee);
    struct sg_text name = global->qualname, text;
    const char *dot = memchr(name.at, '.', name.len); /* which a row of methods has */
    sg_value object = sg_fold_argument(m, call, 0);

    name.len -= (size_t)(dot + 1 - name.at);
    name.at = dot + 1;
    if (sg_text_is(name, "fromhex"))
        return sg_fold_bytes(m, object, &text)
                   ? changeable(sg_fold_spaced_hex(m, text),
                                sg_text_starts(global->qualname, SG_TEXT("bytearray.")))
                   : SG_ABSENT;
    struct sg_call rest = *call;
    rest.args = sg_fold_rest(m, call, 1);
    return sg_fold_method(m, object, name, &rest);
}
