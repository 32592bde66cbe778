/* fold_text.c - what methods and decoders make of constant text. Scratch of the arena is put back by
 * the caller of a fold. */
#include "machine/fold.h"

/* Text under construction, at most SG_FOLD_MAX bytes. */
struct writer {
    char *at;
    size_t len;
    bool full;
};

static bool begin(struct sg_machine *m, struct writer *w)
{
    *w = (struct writer){.at = sg_arena_take(m->arena, SG_FOLD_MAX)};
    return w->at != NULL;
}

static void put(struct writer *w, const char *bytes, size_t len)
{
    if (len > SG_FOLD_MAX - w->len) {
        w->full = true;
        return;
    }
    memcpy(w->at + w->len, bytes, len);
    w->len += len;
}

static void put_byte(struct writer *w, unsigned byte)
{
    char c = (char)byte;

    put(w, &c, 1);
}

static sg_value finish(struct sg_machine *m, const struct writer *w, enum sg_kind kind)
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
    struct sg_text glue, part;
    struct writer w;
    bool whole;
    size_t count = sg_value_count(m, items, &whole);

    if (!whole || !sg_fold_bytes(m, object, &glue) || !begin(m, &w))
        return SG_ABSENT;
    for (size_t i = 0; i < count && !w.full; i++) {
        size_t used = m->arena->used;
        if (!sg_fold_bytes(m, sg_value_item(m, items, i), &part))
            return SG_ABSENT;
        if (i)
            put(&w, glue.at, glue.len);
        put(&w, part.at, part.len);
        m->arena->used = used;
    }
    return finish(m, &w, kind_of(object));
}

static sg_value replace(struct sg_machine *m, sg_value object, sg_value from, sg_value to)
{
    struct sg_text text, old, new;
    struct writer w;

    if (!sg_fold_bytes(m, object, &text) || !sg_fold_bytes(m, from, &old) ||
        !sg_fold_bytes(m, to, &new) || !old.len || !begin(m, &w))
        return SG_ABSENT;
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
    return finish(m, &w, kind_of(object));
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

static char rot13(char c)
{
    char base = lower(c);

    if (base < 'a' || base > 'z')
        return c;
    return (char)(base < 'n' ? c + 13 : c - 13);
}

static sg_value each_byte(struct sg_machine *m, sg_value object, char (*change)(char))
{
    struct sg_text text;
    struct writer w;

    if (!sg_fold_bytes(m, object, &text) || !begin(m, &w))
        return SG_ABSENT;
    for (size_t i = 0; i < text.len; i++)
        put_byte(&w, (unsigned char)change(text.at[i]));
    return finish(m, &w, kind_of(object));
}

static sg_value strip(struct sg_machine *m, sg_value object)
{
    struct sg_text text;

    if (!sg_fold_bytes(m, object, &text))
        return SG_ABSENT;
    while (text.len && (text.at[0] == ' ' || (text.at[0] >= '\t' && text.at[0] <= '\r')))
        text.at++, text.len--;
    while (text.len && (text.at[text.len - 1] == ' ' ||
                        (text.at[text.len - 1] >= '\t' && text.at[text.len - 1] <= '\r')))
        text.len--;
    return sg_value_copy(m, kind_of(object), text.at, text.len);
}

sg_value sg_fold_reversed(struct sg_machine *m, const struct sg_call *call)
{
    struct sg_text text;
    struct writer w;
    sg_value object = sg_fold_argument(m, call, 0);

    if (!sg_fold_bytes(m, object, &text) || !begin(m, &w))
        return SG_ABSENT;
    for (size_t i = text.len; i-- > 0;)
        put(&w, text.at + i, 1);
    return finish(m, &w, kind_of(object));
}

sg_value sg_fold_concat(struct sg_machine *m, const struct sg_call *call)
{
    struct sg_text a, b;
    struct writer w;
    sg_value first = sg_fold_argument(m, call, 0), second = sg_fold_argument(m, call, 1);

    if (kind_of(first) != kind_of(second) || !sg_fold_bytes(m, first, &a) ||
        !sg_fold_bytes(m, second, &b) || !begin(m, &w))
        return SG_ABSENT;
    put(&w, a.at, a.len);
    put(&w, b.at, b.len);
    return finish(m, &w, kind_of(first));
}

/* One character of text, by index; slices with step -1 turn it round; a str key of a name is an
 * attribute of it (os.__dict__["system"]). */
sg_value sg_fold_getitem(struct sg_machine *m, const struct sg_call *call)
{
    sg_value object = sg_fold_argument(m, call, 0), key = sg_fold_argument(m, call, 1);
    const struct sg_global *global = sg_value_global(m, object);
    struct sg_text text;
    struct sg_call slice;
    int64_t index;

    if (global && sg_value_kind(m, key) == SG_V_STR) {
        if (sg_text_is(global->module, "sys") && sg_text_is(global->qualname, "modules") &&
            sg_name_text(m, key, &text))
            return sg_fold_module(m, text);
        return sg_fold_attribute(m, object, key);
    }
    if (sg_value_call(m, key, &slice) && sg_value_int(m, sg_fold_argument(m, &slice, 2), &index) &&
        index == -1)
        return sg_fold_reversed(m, call);
    bool whole;
    size_t count = sg_value_count(m, object, &whole);
    if (!sg_value_int(m, key, &index))
        return SG_ABSENT;
    if (sg_value_kind(m, object) >= SG_V_TUPLE && sg_value_kind(m, object) <= SG_V_LIST)
        return index >= 0 && (uint64_t)index < count ? sg_value_item(m, object, (size_t)index)
                                                     : SG_ABSENT;
    if (!sg_fold_bytes(m, object, &text))
        return SG_ABSENT;
    index += index < 0 ? (int64_t)text.len : 0;
    if (index < 0 || (uint64_t)index >= text.len)
        return SG_ABSENT;
    return sg_value_copy(m, kind_of(object), text.at + index, 1);
}

/* str(x): of text itself; of bytes with an encoding the text. */
sg_value sg_fold_str(struct sg_machine *m, const struct sg_call *call)
{
    struct sg_text text;
    sg_value object = sg_fold_argument(m, call, 0);

    if (object == SG_ABSENT)
        return sg_value_copy(m, SG_V_STR, "", 0);
    if (sg_value_kind(m, object) == SG_V_BYTES && sg_fold_argument(m, call, 1) == SG_ABSENT)
        return SG_ABSENT;
    if (!sg_fold_bytes(m, object, &text))
        return SG_ABSENT;
    return sg_value_copy(m, SG_V_STR, text.at, text.len);
}

/* bytes([1, 2]), bytes("text", "latin1"), bytes(b"") */
sg_value sg_fold_bytes_type(struct sg_machine *m, const struct sg_call *call)
{
    struct sg_text text;
    struct writer w;
    bool whole;
    int64_t byte;
    sg_value object = sg_fold_argument(m, call, 0);

    if (object == SG_ABSENT)
        return sg_value_copy(m, SG_V_BYTES, "", 0);
    if (sg_fold_bytes(m, object, &text))
        return sg_value_copy(m, SG_V_BYTES, text.at, text.len);
    size_t count = sg_value_count(m, object, &whole);
    if (!whole || !begin(m, &w))
        return SG_ABSENT;
    for (size_t i = 0; i < count; i++) {
        if (!sg_value_int(m, sg_value_item(m, object, i), &byte) || byte < 0 || byte > 255)
            return SG_ABSENT;
        put_byte(&w, (unsigned)byte);
    }
    return finish(m, &w, SG_V_BYTES);
}

sg_value sg_fold_chr(struct sg_machine *m, const struct sg_call *call)
{
    int64_t point;

    if (!sg_value_int(m, sg_fold_argument(m, call, 0), &point) || point < 0 || point > 127)
        return SG_ABSENT;
    char c = (char)point;
    return sg_value_copy(m, SG_V_STR, &c, 1);
}

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

static sg_value base64(struct sg_machine *m, struct sg_text text)
{
    struct writer w;
    uint32_t bits = 0;
    int have = 0;

    if (!begin(m, &w))
        return SG_ABSENT;
    for (size_t i = 0; i < text.len && text.at[i] != '='; i++) {
        int digit = base64_digit(text.at[i]);
        if (digit < 0)
            continue; /* as the lenient decoder does */
        bits = bits << 6 | (uint32_t)digit;
        have += 6;
        if (have >= 8) {
            have -= 8;
            put_byte(&w, bits >> have & 255);
        }
    }
    return finish(m, &w, SG_V_BYTES);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static sg_value hex(struct sg_machine *m, struct sg_text text)
{
    struct writer w;
    int high = -1;

    if (!begin(m, &w))
        return SG_ABSENT;
    for (size_t i = 0; i < text.len; i++) {
        int digit = hex_digit(text.at[i]);
        if (digit < 0 && text.at[i] != ' ')
            return SG_ABSENT;
        if (digit < 0)
            continue;
        if (high >= 0)
            put_byte(&w, (unsigned)(high << 4 | digit));
        high = high >= 0 ? -1 : digit;
    }
    return finish(m, &w, SG_V_BYTES);
}

/* A str as Latin-1: what _codecs.encode(text, "latin1") makes of the str that pickles of bytes hold
 * below protocol 3. */
static sg_value latin1(struct sg_machine *m, struct sg_text text)
{
    struct writer w;

    if (!begin(m, &w))
        return SG_ABSENT;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = (uint8_t)text.at[i];
        if ((c & 0xFC) == 0xC0 && i + 1 < text.len) {
            c = (uint8_t)((c & 3) << 6 | (text.at[++i] & 63));
        } else if (c >= 0x80) {
            return SG_ABSENT;
        }
        put_byte(&w, c);
    }
    return finish(m, &w, SG_V_BYTES);
}

static bool codec_is(struct sg_text name, const char *wanted)
{
    size_t i = 0, at = 0;

    for (; i < name.len; i++) {
        if (name.at[i] == '_' || name.at[i] == '-' || name.at[i] == ' ')
            continue;
        if (!wanted[at] || lower(name.at[i]) != wanted[at])
            return false;
        at++;
    }
    return !wanted[at];
}

static sg_value by_codec(struct sg_machine *m, sg_value object, struct sg_text text,
                         struct sg_text codec)
{
    bool to_bytes = kind_of(object) == SG_V_STR;

    if (codec_is(codec, "rot13") || codec_is(codec, "rot"))
        return each_byte(m, object, rot13);
    if (codec_is(codec, "base64") || codec_is(codec, "base64codec"))
        return base64(m, text);
    if (codec_is(codec, "hex") || codec_is(codec, "hexcodec"))
        return hex(m, text);
    if (to_bytes && (codec_is(codec, "latin1") || codec_is(codec, "iso88591") ||
                     codec_is(codec, "l1") || codec_is(codec, "latin")))
        return latin1(m, text);
    if (codec_is(codec, "utf8") || codec_is(codec, "ascii") || codec_is(codec, "latin1") ||
        codec_is(codec, "rawunicodeescape"))
        return sg_value_copy(m, to_bytes ? SG_V_BYTES : SG_V_STR, text.at, text.len);
    return SG_ABSENT;
}

sg_value sg_fold_decoder(struct sg_machine *m, const struct sg_call *call)
{
    const struct sg_global *global = sg_value_global(m, call->callee);
    sg_value object = sg_fold_argument(m, call, 0);
    struct sg_text text, codec = SG_TEXT("utf8");

    if (!global || !sg_fold_bytes(m, object, &text))
        return SG_ABSENT;
    if (sg_text_starts(global->qualname, SG_TEXT("b64")) ||
        memmem(global->qualname.at, global->qualname.len, "base64", 6) ||
        memmem(global->qualname.at, global->qualname.len, "b64", 3) ||
        sg_text_is(global->qualname, "decodebytes"))
        return base64(m, text);
    if (!memmem(global->module.at, global->module.len, "codecs", 6))
        return hex(m, text);
    sg_value name = sg_fold_argument(m, call, 1);
    if (name != SG_ABSENT && !sg_fold_bytes(m, name, &codec))
        return SG_ABSENT;
    return by_codec(m, object, text, codec);
}

static sg_value coded(struct sg_machine *m, sg_value object, const struct sg_call *call)
{
    struct sg_text text, codec = SG_TEXT("utf8");
    sg_value name = sg_fold_argument(m, call, 0);

    if (!sg_fold_bytes(m, object, &text) ||
        (name != SG_ABSENT && !sg_fold_bytes(m, name, &codec)))
        return SG_ABSENT;
    return by_codec(m, object, text, codec);
}

sg_value sg_fold_method(struct sg_machine *m, sg_value object, struct sg_text name,
                        const struct sg_call *call)
{
    sg_value pair[2] = {object, sg_fold_argument(m, call, 0)};
    struct sg_call with_object = {.args = sg_value_tuple(m, pair, pair[1] == SG_ABSENT ? 1 : 2)};

    if (!sg_value_is_text(object))
        return SG_ABSENT;
    if (sg_text_is(name, "join"))
        return join(m, object, pair[1]);
    if (sg_text_is(name, "replace"))
        return replace(m, object, pair[1], sg_fold_argument(m, call, 1));
    if (sg_text_is(name, "lower") || sg_text_is(name, "casefold"))
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
    if (sg_text_is(name, "encode") || sg_text_is(name, "decode"))
        return coded(m, object, call);
    return SG_ABSENT;
}

/* str.join(", ", items): the object is the first argument. bytes.fromhex has none. */
sg_value sg_fold_type_name(struct sg_machine *m, const struct sg_call *call)
{
    const struct sg_global *global = sg_value_global(m, call->callee);
    struct sg_text name = global->qualname, text;
    const char *dot = memchr(name.at, '.', name.len);
    size_t before = dot ? (size_t)(dot + 1 - name.at) : 0;
    sg_value object = sg_fold_argument(m, call, 0);

    name.at += before;
    name.len -= before;
    if (sg_text_is(name, "fromhex"))
        return sg_fold_bytes(m, object, &text) ? hex(m, text) : SG_ABSENT;
    struct sg_call rest = *call;
    rest.args = sg_fold_rest(m, call, 1);
    return object == SG_ABSENT ? SG_ABSENT : sg_fold_method(m, object, name, &rest);
}
