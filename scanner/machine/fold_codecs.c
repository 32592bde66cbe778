/* fold_codecs.c - what encoders and decoders make of constant text. Where CPython would raise, or
 * where it is not certain what comes out, the answer is SG_ABSENT: never a wrong text. */
#include "machine/fold.h"

/* binascii.a2b_base64 without strict mode: what is not of the alphabet is passed over; padding ends
 * the data once it completes a group. `last` are the digits 62 and 63; + and / always are. */
static sg_value base64(struct sg_machine *m, struct sg_text text, const char last[2])
{
    struct sg_writer w = sg_writer_begin(m);
    uint32_t bits = 0;
    unsigned group = 0, pads = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '=' && group >= 2 && group + ++pads >= 4)
            return sg_writer_value(m, &w, SG_V_BYTES);
        char c = text.at[i];
        int digit = sg_base64_digit((uint8_t)(c == last[0] ? '+' : c == last[1] ? '/' : c));
        if (digit < 0)
            continue;
        pads = 0;
        bits = bits << 6 | (uint32_t)digit;
        if (group)
            sg_writer_byte(&w, bits >> (6 - 2 * group) & 255);
        group = (group + 1) % 4;
    }
    return group ? SG_ABSENT : sg_writer_value(m, &w, SG_V_BYTES);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 32);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static sg_value from_hex(struct sg_machine *m, struct sg_text text)
{
    struct sg_writer w = sg_writer_begin(m);
    size_t i = 0;

    for (; i + 1 < text.len; i += 2) {
        int high = hex_digit(text.at[i]), low = hex_digit(text.at[i + 1]);
        if (high < 0 || low < 0)
            return SG_ABSENT;
        sg_writer_byte(&w, (unsigned)(high << 4 | low));
    }
    return i == text.len ? sg_writer_value(m, &w, SG_V_BYTES) : SG_ABSENT;
}

/* Blanks may stand before and behind each byte, not in it. */
sg_value sg_fold_spaced_hex(struct sg_machine *m, struct sg_text text)
{
    struct sg_writer digits = sg_writer_begin(m);

    for (size_t i = 0; i < text.len; i++) {
        bool blank = text.at[i] == ' ' || (text.at[i] >= '\t' && text.at[i] <= '\r');
        if (blank && digits.len % 2)
            return SG_ABSENT;
        if (!blank)
            sg_writer_byte(&digits, (uint8_t)text.at[i]);
    }
    return digits.full ? SG_ABSENT : from_hex(m, (struct sg_text){digits.at, digits.len});
}

/* In place; false where a character is none of Latin-1. */
static bool shrink_latin1(uint8_t *at, size_t *length)
{
    size_t out = 0;

    for (size_t i = 0; i < *length; i++) {
        uint8_t c = at[i];
        if ((c & 0xFE) == 0xC2 && i + 1 < *length)
            c = (uint8_t)((c & 3) << 6 | (at[++i] & 63));
        else if (c >= 0x80)
            return false;
        at[out++] = c;
    }
    *length = out;
    return true;
}

/* A str as Latin-1: what _codecs.encode(text, "latin1") makes of the str that pickles of bytes hold
 * below protocol 3. */
static sg_value to_latin1(struct sg_machine *m, struct sg_text text)
{
    struct sg_writer w = sg_writer_begin(m);
    size_t length = text.len;

    if (w.full)
        return SG_ABSENT;
    memcpy(w.at, text.at, length); /* which is no longer than what a writer has room for */
    return shrink_latin1((uint8_t *)w.at, &length) ? sg_value_copy(m, SG_V_BYTES, w.at, length)
                                                   : SG_ABSENT;
}

static sg_value from_latin1(struct sg_machine *m, struct sg_text text)
{
    struct sg_writer w = sg_writer_begin(m);

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = (uint8_t)text.at[i];
        if (c >= 0x80)
            sg_writer_byte(&w, 0xC0u | c >> 6);
        sg_writer_byte(&w, c < 0x80 ? c : 0x80u | (c & 63));
    }
    return sg_writer_value(m, &w, SG_V_STR);
}

static sg_value rot13(struct sg_machine *m, sg_value object, struct sg_text text)
{
    struct sg_writer w = sg_writer_begin(m);

    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i], base = (char)(c | 32);
        if (base >= 'a' && base <= 'z')
            c = (char)(base < 'n' ? c + 13 : c - 13);
        sg_writer_byte(&w, (unsigned char)c);
    }
    return sg_writer_value(m, &w, (enum sg_kind)(object & SG_KIND_MASK));
}

/* Codec names are compared as encodings.normalize_encoding() leaves them. */
static bool codec_is(struct sg_text name, const char *wanted)
{
    size_t at = 0;

    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        if (c == '_' || c == '-' || c == ' ')
            continue;
        if (c >= 'A' && c <= 'Z')
            c = (char)(c + 32);
        if (!wanted[at] || c != wanted[at])
            return false;
        at++;
    }
    return !wanted[at];
}

static bool codec_among(struct sg_text name, const char *const *wanted)
{
    for (; *wanted; wanted++)
        if (codec_is(name, *wanted))
            return true;
    return false;
}

static const char *const latin[] = {"latin1", "latin", "l1", "iso88591", NULL};

sg_value sg_fold_codec(struct sg_machine *m, sg_value object, struct sg_text text,
                       struct sg_text codec)
{
    static const char *const utf8[] = {"utf8", "ascii", "usascii", "u8", "utf", "cp65001", NULL};
    bool to_bytes = (object & SG_KIND_MASK) == SG_V_STR;

    if (codec_is(codec, "rot13"))
        return to_bytes ? rot13(m, object, text) : SG_ABSENT;
    if (codec_is(codec, "base64") || codec_is(codec, "base64codec"))
        return to_bytes ? SG_ABSENT : base64(m, text, "+/");
    if (codec_is(codec, "hex") || codec_is(codec, "hexcodec"))
        return to_bytes ? SG_ABSENT : from_hex(m, text);
    if (codec_among(codec, latin))
        return to_bytes ? to_latin1(m, text) : from_latin1(m, text);
    if (!codec_among(codec, utf8))
        return SG_ABSENT;
    if (!sg_text_ascii(text) && (!codec_is(codec, "utf8") || !sg_utf8_valid(text)))
        return SG_ABSENT;
    return sg_value_copy(m, to_bytes ? SG_V_BYTES : SG_V_STR, text.at, text.len);
}

static sg_value by_function(struct sg_machine *m, struct sg_text function, sg_value object,
                            struct sg_text text)
{
    /* Of bytes, those that are no digits are passed over whatever they are. */
    if ((object & SG_KIND_MASK) == SG_V_STR && !sg_text_ascii(text))
        return SG_ABSENT;
    if (sg_text_is(function, "urlsafe_b64decode"))
        return base64(m, text, "-_");
    if (sg_text_is(function, "b16decode") || sg_text_is(function, "unhexlify") ||
        sg_text_is(function, "a2b_hex"))
        return from_hex(m, text);
    return base64(m, text, "+/");
}

sg_value sg_fold_decoder(struct sg_machine *m, const struct sg_call *call)
{
    const struct sg_global *global = sg_value_global(m, call->callee);
    sg_value object = sg_fold_argument(m, call, 0), name = sg_fold_argument(m, call, 1);
    struct sg_text text, codec = SG_TEXT("utf8");
    bool named = sg_text_is(global->module, "_codecs") || sg_text_is(global->module, "codecs");
    bool encodes = sg_text_is(global->qualname, "encode");

    if (sg_fold_keywords(m, call) || sg_fold_argument(m, call, named ? 2 : 1) != SG_ABSENT ||
        !sg_fold_bytes(m, object, &text))
        return SG_ABSENT;
    if (!named)
        return by_function(m, global->qualname, object, text);
    if (name != SG_ABSENT && !sg_fold_bytes(m, name, &codec))
        return SG_ABSENT;
    if (encodes != ((object & SG_KIND_MASK) == SG_V_STR) && !codec_is(codec, "rot13"))
        return SG_ABSENT;
    return sg_fold_codec(m, object, text, codec);
}

sg_value sg_fold_long_latin1(struct sg_machine *m, const struct sg_call *made)
{
    sg_value object = sg_fold_argument(m, made, 0);
    uint64_t whole = sg_value_length(m, object);
    struct sg_text codec;

    if (!(sg_value_is_name(m, made->callee, "_codecs", "encode") ||
          sg_value_is_name(m, made->callee, "codecs", "encode")) ||
        sg_value_kind(m, object) != SG_V_STR || object & SG_TEXT_8BIT ||
        sg_fold_keywords(m, made) || sg_fold_argument(m, made, 2) != SG_ABSENT ||
        !sg_fold_bytes(m, sg_fold_argument(m, made, 1), &codec) || !codec_among(codec, latin) ||
        whole > (m->arena->size - m->arena->used) / 2 || !sg_work(m, whole))
        return SG_ABSENT;
    size_t length = (size_t)whole;
    uint8_t *at = sg_arena_take(m->arena, length);
    if (!at || sg_value_read(m, object, 0, at, length) != length || !shrink_latin1(at, &length))
        return SG_ABSENT;
    return sg_value_spool(m, SG_V_BYTES, at, length);
}
