/* quote.c - text of unknown origin, a character at a time. */
#include "ground/quote.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

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

static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

static bool turns_writing(uint32_t code)
{
    return code == 0x61c || code == 0x200e || code == 0x200f ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

static size_t put_hex(char *piece, const char *lead, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    size_t len = strlen(lead);

    memcpy(piece, lead, len);
    piece[len] = digits[byte >> 4];
    piece[len + 1] = digits[byte & 15];
    return len + 2;
}

size_t sg_quote_json(const char **text, char piece[SG_QUOTE_MOST])
{
    const uint8_t *at = (const uint8_t *)*text;
    uint32_t code;
    size_t len = utf8_length(at, &code);

    *text += len ? len : 1;
    if (len == 0)
        return put_hex(piece, "\\udc", *at);
    if (is_control(code))
        return put_hex(piece, "\\u00", (uint8_t)code);
    if (code == '"' || code == '\\') {
        piece[0] = '\\';
        piece[1] = (char)code;
        return 2;
    }
    memcpy(piece, at, len);
    return len;
}

size_t sg_quote_plain(const char **text, char piece[SG_QUOTE_MOST])
{
    const uint8_t *at = (const uint8_t *)*text;
    uint32_t code;
    size_t len = utf8_length(at, &code), used = 0;
    bool escape = len == 0 || is_control(code) || turns_writing(code);

    len = len ? len : 1;
    *text += len;
    if (!escape) {
        memcpy(piece, at, len);
        return len;
    }
    for (size_t i = 0; i < len; i++)
        used += put_hex(piece + used, "\\x", at[i]);
    return used;
}
