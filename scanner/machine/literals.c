/* literals.c - text of INT, LONG, FLOAT, PUT, STRING and UNICODE as the unpicklers read it. */
#include "machine/state.h"

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* C reads a copy that ends at its first NUL; int() of pickle.py would refuse the NUL. */
static struct sg_text as_c_string(struct sg_text text, bool *odd)
{
    const char *nul = text.len ? memchr(text.at, '\0', text.len) : NULL;

    if (nul) {
        text.len = (size_t)(nul - text.at);
        *odd = true;
    }
    while (text.len && is_space(text.at[0])) {
        text.at++;
        text.len--;
        *odd = true;
    }
    while (text.len && is_space(text.at[text.len - 1])) {
        text.len--;
        *odd = true;
    }
    return text;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 32) >= 'a' && (c | 32) <= 'z')
        return (c | 32) - 'a' + 10;
    return 99;
}

/* A base-0 literal: strtol takes a leading 0 for octal, PyLong_FromString takes 0x, 0o and 0b. */
static int base_of(struct sg_text *text)
{
    if (text->len < 2 || text->at[0] != '0')
        return 10;
    char mark = (char)(text->at[1] | 32);
    int base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
    if (!base)
        return 8;
    text->at += 2;
    text->len -= 2;
    return base;
}

struct digits {
    uint64_t value;
    uint64_t hash; /* of the digits without leading zeros */
    bool big, bad, odd;
};

static struct digits read_digits(struct sg_text text, int base)
{
    struct digits d = {.hash = 14695981039346656037ULL, .bad = text.len == 0};

    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '_' && i > 0 && i + 1 < text.len && text.at[i - 1] != '_') {
            d.odd = true;
            continue;
        }
        int digit = digit_of(text.at[i]);
        if (digit >= base) {
            d.bad = true;
            return d;
        }
        if (d.value > (INT64_MAX - (uint64_t)digit) / (uint64_t)base)
            d.big = true;
        d.value = d.value * (uint64_t)base + (uint64_t)digit;
        if (digit || d.hash != 14695981039346656037ULL)
            d.hash = (d.hash ^ (uint64_t)digit) * 1099511628211ULL;
    }
    return d;
}

static bool take_sign(struct sg_text *text, bool *odd)
{
    bool minus = text->len && text->at[0] == '-';

    if (minus || (text->len && text->at[0] == '+')) {
        *odd |= !minus;
        text->at++;
        text->len--;
    }
    return minus;
}

enum sg_literal sg_literal_int(struct sg_text text, int base, int64_t *value, bool *odd)
{
    text = as_c_string(text, odd);
    bool minus = take_sign(&text, odd);
    if (base == 0) {
        size_t before = text.len;
        base = base_of(&text);
        *odd |= text.len != before || base == 8;
        if (text.len && text.len != before && text.at[0] == '_')
            text.at++, text.len--;
    }
    struct digits d = read_digits(text, base);
    *odd |= d.odd;
    if (d.bad)
        return SG_LITERAL_BAD;
    if (d.big)
        return SG_LITERAL_BIG;
    *value = minus ? -(int64_t)d.value : (int64_t)d.value;
    return SG_LITERAL_OK;
}

enum sg_literal sg_literal_key(struct sg_text text, uint64_t *key, bool *odd)
{
    text = as_c_string(text, odd);
    bool minus = take_sign(&text, odd);
    struct digits d = read_digits(text, 10);

    *odd |= d.odd;
    if (d.bad || (minus && (d.value || d.big)))
        return SG_LITERAL_BAD;
    /* pickle.py's memo is a dict: beyond ssize_t any key will do; the digits stand for it. */
    *key = d.big ? (d.hash | 1ULL << 63) & ~1ULL : d.value;
    return d.big ? SG_LITERAL_BIG : SG_LITERAL_OK;
}

static bool word_is(struct sg_text text, const char *word)
{
    size_t i = 0;

    while (word[i] && i < text.len && (text.at[i] | 32) == word[i])
        i++;
    return !word[i] && i == text.len;
}

bool sg_literal_float(struct sg_text text)
{
    bool odd = false, digits = false;
    size_t i = 0;

    text = as_c_string(text, &odd);
    take_sign(&text, &odd);
    if (word_is(text, "inf") || word_is(text, "nan") || word_is(text, "infinity"))
        return true;
    for (; i < text.len; i++) {
        char c = text.at[i];
        if (c >= '0' && c <= '9')
            digits = true;
        else if (c != '.' && c != '_' && c != 'e' && c != 'E' && c != '+' && c != '-')
            return false;
    }
    return digits;
}

static int octal_run(struct sg_text text, size_t *at)
{
    int value = 0;

    for (int i = 0; i < 3 && *at < text.len && text.at[*at] >= '0' && text.at[*at] <= '7'; i++)
        value = value * 8 + (text.at[(*at)++] - '0');
    return value & 255;
}

/* `count` hexadecimal digits at `at`; -1 when there are fewer. */
static int64_t hex_run(struct sg_text text, size_t at, size_t count)
{
    int64_t value = 0;

    if (count > text.len - at)
        return -1;
    for (size_t i = 0; i < count; i++) {
        int digit = digit_of(text.at[at + i]);
        if (digit > 15)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static char simple_escape(char c)
{
    static const char from[] = "\\'\"bftnrva", to[] = "\\'\"\b\f\t\n\r\v\a";
    const char *found = c ? strchr(from, c) : NULL;

    return found ? to[found - from] : '\0';
}

bool sg_literal_escapes(struct sg_text text, char *into, size_t *length)
{
    size_t out = 0, at = 0;

    while (at < text.len) {
        char c = text.at[at++];
        if (c != '\\') {
            into[out++] = c;
            continue;
        }
        if (at == text.len)
            return false;
        c = text.at[at++];
        if (c == 'x') {
            int64_t value = hex_run(text, at, 2);
            if (value < 0)
                return false;
            into[out++] = (char)value;
            at += 2;
        } else if (c >= '0' && c <= '7') {
            at--;
            into[out++] = (char)octal_run(text, &at);
        } else if (simple_escape(c)) {
            into[out++] = simple_escape(c);
        } else {
            into[out++] = '\\';
            into[out++] = c;
        }
    }
    *length = out;
    return true;
}

static size_t put_utf8(char *into, uint32_t point)
{
    if (point < 0x80) {
        into[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        into[0] = (char)(0xC0 | point >> 6);
        into[1] = (char)(0x80 | (point & 63));
        return 2;
    }
    if (point < 0x10000) {
        into[0] = (char)(0xE0 | point >> 12);
        into[1] = (char)(0x80 | (point >> 6 & 63));
        into[2] = (char)(0x80 | (point & 63));
        return 3;
    }
    into[0] = (char)(0xF0 | point >> 18);
    into[1] = (char)(0x80 | (point >> 12 & 63));
    into[2] = (char)(0x80 | (point >> 6 & 63));
    into[3] = (char)(0x80 | (point & 63));
    return 4;
}

/* `into` must have room for twice the text: a byte above 127 is a Latin-1 character. */
bool sg_literal_raw_unicode(struct sg_text text, char *into, size_t *length)
{
    size_t out = 0, at = 0;

    while (at < text.len) {
        uint8_t c = (uint8_t)text.at[at++];
        if (c != '\\' || at == text.len) {
            out += put_utf8(into + out, c);
            continue;
        }
        uint8_t mark = (uint8_t)text.at[at++];
        if (mark != 'u' && mark != 'U') {
            into[out++] = '\\';
            out += put_utf8(into + out, mark);
            continue;
        }
        size_t digits = mark == 'u' ? 4 : 8;
        int64_t point = hex_run(text, at, digits);
        if (point < 0 || point > 0x10FFFF)
            return false;
        out += put_utf8(into + out, (uint32_t)point);
        at += digits;
    }
    *length = out;
    return true;
}
