/* linewrap.c - breaks lines at blanks, and long words where they must be. */
#include "cli/linewrap.h"

#include <stdbool.h>

#define NARROWEST 24u /* characters of text in a line, whatever was asked for */

/* The bytes that the next line holds, of `len`. */
static size_t line_length(const char *text, size_t len, unsigned room)
{
    size_t blank = 0, at = 0;
    unsigned used = 0;

    for (; at < len; at++) {
        bool begins = (text[at] & 0xC0) != 0x80; /* a character of UTF-8 */
        if (begins && used++ == room)
            return blank ? blank : at;
        if (text[at] == ' ')
            blank = at;
    }
    return len;
}

void sg_out_wrapped(struct sg_outbuf *out, const struct sg_outbuf *text, unsigned indent,
                    unsigned columns)
{
    unsigned room = columns > indent + NARROWEST ? columns - indent : NARROWEST;

    for (size_t at = 0; at < text->len;) {
        size_t len = line_length(text->text + at, text->len - at, room);
        sg_out_format(out, "%*s", (int)indent, "");
        sg_out_bytes(out, text->text + at, len);
        sg_out_text(out, "\n");
        at += len;
        while (at < text->len && text->text[at] == ' ')
            at++;
    }
}
