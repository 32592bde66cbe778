/* outbuf.h - text that is put together and then written whole. */
#ifndef SG_OUTBUF_H
#define SG_OUTBUF_H

#include <stdbool.h>
#include <stddef.h>

struct sg_outbuf {
    char *text; /* not NUL-terminated */
    size_t len;
    size_t cap;
};

void sg_out_bytes(struct sg_outbuf *out, const char *bytes, size_t len);
void sg_out_text(struct sg_outbuf *out, const char *text);
void sg_out_format(struct sg_outbuf *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A JSON string with its quotes. Bytes that are no UTF-8 become \udc80 to \udcff, as Python's
 * "surrogateescape" has them; nothing else does, so the bytes can be had back. */
void sg_out_json(struct sg_outbuf *out, const char *text);

/* For a terminal: control characters, marks that turn the writing direction, and bytes that are
 * no UTF-8 as \xNN. */
void sg_out_plain(struct sg_outbuf *out, const char *text);

/* A relative or file: URI reference of a path: bytes as %NN where a URI wants that. */
void sg_out_uri(struct sg_outbuf *out, const char *path);

/* Writes everything to `fd` and empties the buffer; false when that failed (errno tells). */
bool sg_out_write(struct sg_outbuf *out, int fd);

void sg_out_free(struct sg_outbuf *out);

#endif
