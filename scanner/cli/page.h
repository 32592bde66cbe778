/* page.h - a page of HTML that needs nothing but itself: no script, no network. */
#ifndef SG_PAGE_H
#define SG_PAGE_H

#include "cli/outbuf.h"

/* Everything up to the content; `style` is what the page's own look adds. */
void sg_page_begin(struct sg_outbuf *out, const char *title, const char *style);
void sg_page_end(struct sg_outbuf *out);

/* Text of unknown origin: control characters and the like as \xNN, and safe inside elements and
 * quoted attributes. */
void sg_page_text(struct sg_outbuf *out, const char *text);

/* The same for a piece of what sg_out_plain() has made. */
void sg_page_plain(struct sg_outbuf *out, const char *plain, size_t len);

#endif
