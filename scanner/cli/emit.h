/* emit.h - what a scan prints: one table row of functions for each format. */
#ifndef SG_EMIT_H
#define SG_EMIT_H

#include "cli/cmdline.h"
#include "cli/outbuf.h"
#include "ground/report.h"

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* What became of one file. */
struct sg_result {
    const char *path;
    char *const *also; /* the file's other names */
    size_t also_count;
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
    uint64_t jobs;  /* that are done; of so many: */
    uint64_t all;   /* files that were to be scanned */
    uint64_t files; /* read and scanned; one of several names counts once */
    uint64_t bytes; /* their sizes */
    uint64_t verdicts[SG_MALICIOUS + 1];
    uint64_t partial; /* of `files` */
    uint64_t unanalysed;
    uint64_t unread; /* beside `files` */
    uint64_t accepted;
    uint64_t left_out;   /* not looked at, as was asked for */
    const char *stopped; /* the signal that ended the scan early, or NULL */
    double seconds;
    int status; /* the exit status; the signal's number when stopped */
};

/* How it is printed, and what a format keeps from one file to the next. */
struct sg_emission {
    bool colour;
    bool verbose;
    bool baseline;          /* some findings may be accepted */
    unsigned columns;       /* of the terminal; 0: what is printed does not go to one */
    const char *folder;     /* the working directory, or NULL when that is not known */
    struct timespec begun;  /* by the clock on the wall */
    uint64_t printed;       /* files that something was printed for */
    struct sg_outbuf notes; /* what a format tells at the end */
};

struct sg_emit {
    bool by_name; /* a result for every name of a file; else one, with `also` */
    void (*begin)(struct sg_outbuf *out, struct sg_emission *how);
    /* May add nothing. */
    void (*file)(struct sg_outbuf *out, struct sg_emission *how, const struct sg_result *result);
    void (*end)(struct sg_outbuf *out, struct sg_emission *how, const struct sg_tally *tally);
};

/* `screen`: for a person at a terminal, where the format is text. */
const struct sg_emit *sg_emit_of(enum sg_format format, bool screen);

extern const struct sg_emit sg_emit_text;
extern const struct sg_emit sg_emit_screen;
extern const struct sg_emit sg_emit_json;
extern const struct sg_emit sg_emit_jsonl;
extern const struct sg_emit sg_emit_sarif;
extern const struct sg_emit sg_emit_junit;

/* For formats that have nothing to say before or after the files. */
void sg_emit_nothing(struct sg_outbuf *out, struct sg_emission *how);
void sg_emit_no_end(struct sg_outbuf *out, struct sg_emission *how, const struct sg_tally *tally);

/* "1.2 GB" */
void sg_emit_size(struct sg_outbuf *out, double bytes);

/* Whether a person who named many files wants to hear of this one. */
bool sg_emit_is_news(const struct sg_emission *how, const struct sg_result *result);

/* Colours of a terminal; nothing where `how` wants none. */
enum sg_hue { SG_PLAIN, SG_GREEN, SG_AMBER, SG_RED, SG_DIM };
void sg_emit_hue(struct sg_outbuf *out, const struct sg_emission *how, enum sg_hue hue);

/* "safeguard: 3 files (2 KB) in 0.1 s: 1 malicious, …", without a line end. */
void sg_emit_summary(struct sg_outbuf *out, const struct sg_tally *tally);

#endif
