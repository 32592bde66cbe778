/* outbuf.c - a growing buffer, and how bytes of unknown origin are written into it. */
#include "cli/outbuf.h"

#include "cli/heap.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void make_room(struct sg_outbuf *out, size_t len)
{
    if (len <= out->cap - out->len)
        return;
    size_t cap = out->cap ? out->cap : 512;
    while (cap - out->len < len)
        cap *= 2;
    out->text = sg_heap_grow(out->text, cap);
    out->cap = cap;
}

void sg_out_bytes(struct sg_outbuf *out, const char *bytes, size_t len)
{
    make_room(out, len);
    memcpy(out->text + out->len, bytes, len);
    out->len += len;
}

void sg_out_text(struct sg_outbuf *out, const char *text)
{
    sg_out_bytes(out, text, strlen(text));
}

void sg_out_format(struct sg_outbuf *out, const char *format, ...)
{
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    if (len >= 0) {
        make_room(out, (size_t)len + 1);
        vsnprintf(out->text + out->len, (size_t)len + 1, format, again);
        out->len += (size_t)len;
    }
    va_end(again);
    va_end(args);
}

/* One character of UTF-8 at `at`; 0 when the bytes there are none (too long a form, surrogate,
 * beyond U+10FFFF, cut). The NUL that ends the text stops every form. */
static size_t utf8_char(const uint8_t *at, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = at[0] < 0x80 ? 1 : at[0] < 0xc0 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;

    if (len <= 1) {
        *code = at[0];
        return len;
    }
    uint32_t value = at[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (at[i] & 0x3f);
    }
    if (value < least[len] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
        return 0;
    *code = value;
    return at[0] < 0xf8 ? len : 0;
}

void sg_out_json(struct sg_outbuf *out, const char *text)
{
    const uint8_t *at = (const uint8_t *)text;

    sg_out_text(out, "\"");
    while (*at) {
        uint32_t code;
        size_t len = utf8_char(at, &code);
        if (len == 0)
            sg_out_format(out, "\\udc%02x", *at);
        else if (code == '"' || code == '\\')
            sg_out_format(out, "\\%c", (char)code);
        else if (code < 0x20 || (code >= 0x7f && code < 0xa0))
            sg_out_format(out, "\\u%04x", code);
        else
            sg_out_bytes(out, (const char *)at, len);
        at += len ? len : 1;
    }
    sg_out_text(out, "\"");
}

static bool disturbs(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x200e || code == 0x200f ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

void sg_out_plain(struct sg_outbuf *out, const char *text)
{
    const uint8_t *at = (const uint8_t *)text;

    while (*at) {
        uint32_t code;
        size_t len = utf8_char(at, &code);
        bool escape = len == 0 || disturbs(code);
        for (size_t i = 0; i < (len ? len : 1); i++) {
            if (escape)
                sg_out_format(out, "\\x%02x", at[i]);
            else
                sg_out_bytes(out, (const char *)at + i, 1);
        }
        at += len ? len : 1;
    }
}

/* RFC 3986: what may stand for itself in a path. A colon may not in a relative one's first
 * segment, so it never does here. */
static bool stands_in_uri(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("-._~/!$&'()*+,;=@", c));
}

void sg_out_uri(struct sg_outbuf *out, const char *path)
{
    if (*path == '/')
        sg_out_text(out, "file://");
    for (const uint8_t *at = (const uint8_t *)path; *at; at++) {
        if (stands_in_uri(*at))
            sg_out_bytes(out, (const char *)at, 1);
        else
            sg_out_format(out, "%%%02X", *at);
    }
}

bool sg_out_write(struct sg_outbuf *out, int fd)
{
    size_t done = 0;

    while (done < out->len) {
        ssize_t got = write(fd, out->text + done, out->len - done);
        if (got < 0 && errno != EINTR)
            return false;
        done += got > 0 ? (size_t)got : 0;
    }
    out->len = 0;
    return true;
}

void sg_out_free(struct sg_outbuf *out)
{
    free(out->text);
    *out = (struct sg_outbuf){0};
}
