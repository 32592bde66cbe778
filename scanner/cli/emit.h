/* emit.h - what a scan prints: one table row of functions for each format. */
#ifndef SG_EMIT_H
#define SG_EMIT_H

#include "cli/cmdline.h"
#include "cli/outbuf.h"
#include "ground/report.h"

#include <stdint.h>

/* What became of one path. */
struct sg_result {
    const char *path;
    const struct sg_report *report; /* always there; says `partial` when there is a problem */
    const char *problem;            /* why it could not be read, or NULL */
    const char *note;               /* what the policy's lists say of it, or NULL */
    const char *accepted;           /* why its finding is accepted, or NULL */
    uint64_t micros;
    bool named; /* on the command line itself */
    bool found; /* at or above the level asked for, or denied by the policy, and not accepted */
};

/* What became of all of them. */
struct sg_tally {
    uint64_t files; /* read and scanned */
    uint64_t bytes; /* their sizes */
    uint64_t verdicts[SG_MALICIOUS + 1];
    uint64_t partial; /* of `files` */
    uint64_t unanalysed;
    uint64_t unread; /* beside `files` */
    uint64_t accepted;
    uint64_t left_out; /* not looked at, as was asked for */
    double seconds;
};

struct sg_style {
    bool colour;
    bool verbose;
};

struct sg_emit {
    void (*begin)(struct sg_outbuf *out);
    /* `first`: nothing was printed for a file before. May add nothing. */
    void (*file)(struct sg_outbuf *out, const struct sg_result *result, struct sg_style style,
                 bool first);
    void (*end)(struct sg_outbuf *out, const struct sg_tally *tally, struct sg_style style);
};

const struct sg_emit *sg_emit_of(enum sg_format format);

extern const struct sg_emit sg_emit_text;
extern const struct sg_emit sg_emit_json;
extern const struct sg_emit sg_emit_jsonl;
extern const struct sg_emit sg_emit_sarif;
extern const struct sg_emit sg_emit_junit;

/* The fields of DESIGN 2.2 as one JSON object on one line, without a line end. */
void sg_emit_object(struct sg_outbuf *out, const struct sg_result *result);

/* `[{"rule": …}, …]` */
void sg_emit_reasons(struct sg_outbuf *out, const struct sg_report *report);

/* "1.2 GB" */
void sg_emit_size(struct sg_outbuf *out, double bytes);

#endif
