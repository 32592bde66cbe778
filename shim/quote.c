/* quote.c - bytes of unknown origin in records. */
#include "shim/quote.h"

/* One character of UTF-8 at `at`; 0 when the bytes are none (over-long, surrogate, above U+10FFFF,
 * cut). The NUL at the text's end ends every form. */
static size_t utf8_length(const uint8_t *at, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;

    *code = at[0];
    if (len <= 1 || at[0] > 0xf4)
        return len == 1;
    *code &= 0x7fu >> len;
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (at[i] & 0x3f);
    }
    return *code < least[len] || *code > 0x10ffff || (*code & 0xfffff800) == 0xd800 ? 0 : len;
}

static void add(struct sg_phrase *phrase, const uint8_t *at, size_t len)
{
    sg_phrase_add(phrase, (struct sg_text){(const char *)at, len});
}

static void add_hex(struct sg_phrase *phrase, const char *lead, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t hex[] = {(uint8_t)digits[byte >> 4], (uint8_t)digits[byte & 15]};

    sg_phrase_string(phrase, lead);
    add(phrase, hex, sizeof(hex));
}

static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

static bool turns_writing(uint32_t code)
{
    return code == 0x61c || code == 0x200e || code == 0x200f ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

void sg_quote_json(struct sg_phrase *phrase, const char *text, size_t most)
{
    const uint8_t *at = (const uint8_t *)text;
    uint32_t code;

    sg_phrase_string(phrase, "\"");
    while (*at && (size_t)((const char *)at - text) < most) {
        size_t len = utf8_length(at, &code);
        if (len == 0)
            add_hex(phrase, "\\udc", *at);
        else if (is_control(code))
            add_hex(phrase, "\\u00", (uint8_t)code);
        else if (code == '"' || code == '\\')
            sg_phrase_string(phrase, code == '"' ? "\\\"" : "\\\\");
        else
            add(phrase, at, len);
        at += len ? len : 1;
    }
    sg_phrase_string(phrase, *at ? "…\"" : "\"");
}

void sg_quote_plain(struct sg_phrase *phrase, const char *text, size_t most)
{
    const uint8_t *at = (const uint8_t *)text;
    uint32_t code;

    while (*at && (size_t)((const char *)at - text) < most) {
        size_t len = utf8_length(at, &code);
        bool escape = len == 0 || is_control(code) || turns_writing(code);
        if (!escape)
            add(phrase, at, len);
        for (size_t i = 0; escape && i < (len ? len : 1); i++)
            add_hex(phrase, "\\x", at[i]);
        at += len ? len : 1;
    }
    if (*at)
        sg_phrase_string(phrase, "…");
}
