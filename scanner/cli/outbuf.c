/* outbuf.c - a growing buffer, and how bytes of unknown origin are written into it. */
#include "cli/outbuf.h"

#include "cli/heap.h"
#include "ground/quote.h"

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
    if (len == 0)
        return;
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

void sg_out_json(struct sg_outbuf *out, const char *text)
{
    char piece[SG_QUOTE_MOST];

    sg_out_text(out, "\"");
    while (*text) {
        size_t len = sg_quote_json(&text, piece);
        sg_out_bytes(out, piece, len);
    }
    sg_out_text(out, "\"");
}

void sg_out_plain(struct sg_outbuf *out, const char *text)
{
    char piece[SG_QUOTE_MOST];

    while (*text) {
        size_t len = sg_quote_plain(&text, piece);
        sg_out_bytes(out, piece, len);
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
