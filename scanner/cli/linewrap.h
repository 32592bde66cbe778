/* linewrap.h - text in lines that are no longer than a terminal is wide. */
#ifndef SG_LINEWRAP_H
#define SG_LINEWRAP_H

#include "cli/outbuf.h"

/* Adds `text` (what sg_out_plain() has made) in lines of at most `columns` characters, each behind
 * `indent` blanks, and breaks it at blanks where it can. */
void sg_out_wrapped(struct sg_outbuf *out, const struct sg_outbuf *text, unsigned indent,
                    unsigned columns);

#endif
