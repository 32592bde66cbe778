/* report_book.h - what the records of some logs add up to. */
#ifndef SG_REPORT_BOOK_H
#define SG_REPORT_BOOK_H

#include "cli/outbuf.h"
#include "cli/report_entry.h"

#include <stddef.h>

/* Records that have something in common. */
struct sg_ranked {
    char *name;
    uint64_t blocked, logged;
    uint64_t members;        /* of an executable: its processes */
    enum sg_verdict verdict; /* the worst */
    double score;            /* the highest */
    char *note;              /* further words, or NULL: of a reason its rule */
};

struct sg_ranking {
    struct sg_ranked *rows;
    size_t count;
    size_t *slots; /* row + 1, 0: free; none once sorted */
    size_t slot_count;
};

/* Counts in equal stretches of time. The stretch grows by the ladder in report_book.c, so that
 * any time from the first to the last record has its place among SG_STRETCHES. */
#define SG_STRETCHES 72
struct sg_stretch {
    uint64_t blocked, logged;
};
struct sg_timeline {
    int64_t width; /* seconds */
    int64_t first; /* number of the first stretch since 1970 */
    size_t count;
    struct sg_stretch stretches[SG_STRETCHES];
};

/* How long vetting took: below 0.1 ms, 1 ms, 10 ms, 0.1 s, 1 s, and longer. */
#define SG_DURATIONS 6
extern const double sg_duration_bounds[SG_DURATIONS - 1]; /* in seconds */

struct sg_book {
    uint64_t logs;
    uint64_t records, blocked;
    uint64_t bad;      /* lines that are no records */
    uint64_t left_out; /* records that are not in the logs */
    uint64_t verdicts[SG_MALICIOUS + 1];
    uint64_t durations[SG_DURATIONS];
    double seconds; /* that vetting took in all */
    double slowest;
    int64_t first, last; /* seconds since 1970 */
    struct sg_timeline timeline;
    struct sg_ranking files;
    struct sg_ranking reasons;
    struct sg_ranking programs;
    struct sg_ranking processes; /* "exe pid" */
    struct sg_ranking formats;
    struct sg_ranking kinds; /* "event action verdict" */
    struct sg_ranking rules;
};

void sg_book_add(struct sg_book *book, const struct sg_entry *entry);

/* Sorts all rankings, most records first; nothing can be added afterwards. */
void sg_book_close(struct sg_book *book);
void sg_book_free(struct sg_book *book);

static inline uint64_t sg_ranked_all(const struct sg_ranked *row)
{
    return row->blocked + row->logged;
}

/* "1 record", "2 records" */
void sg_report_count(struct sg_outbuf *out, uint64_t count, const char *one, const char *many);

/* The forms of a report. */
void sg_report_text(struct sg_outbuf *out, const struct sg_book *book);
void sg_report_html(struct sg_outbuf *out, const struct sg_book *book);
void sg_report_prometheus(struct sg_outbuf *out, const struct sg_book *book);

#endif
