/* report_entry.h - one line of the guard's log (DESIGN 2.6). */
#ifndef SG_REPORT_ENTRY_H
#define SG_REPORT_ENTRY_H

#include "ground/report.h"

#include <stdbool.h>
#include <stdint.h>

struct sg_entry {
    int64_t when; /* seconds since 1970, UTC: up to 2199 */
    const char *ts;
    const char *exe;
    const char *event;
    const char *path;
    const char *format;
    const char *rule;   /* of the first reason, or "" */
    const char *detail; /* of the first reason, or "" */
    enum sg_verdict verdict;
    bool blocked;
    double pid;
    double score;
    double micros;
    double left_out; /* records before it that are not in the log */
};

/* Takes the line apart in place: the texts stay as long as it does. False: no record of ours. */
bool sg_entry_read(char *line, struct sg_entry *entry);

/* "2026-01-31 23:59:59" */
#define SG_WHEN_MAX 24
void sg_entry_when(int64_t when, char text[SG_WHEN_MAX]);

#endif
