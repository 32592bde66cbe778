/* record.h - one thing that happened, as a line for people or as a line of JSON. */
#ifndef SG_RECORD_H
#define SG_RECORD_H

#include "shim/libc.h"

#include "policy/phrase.h"
#include "policy/policy.h"

enum sg_event {
    SG_EVENT_OPEN,
    SG_EVENT_READ,
    SG_EVENT_MMAP,
    SG_EVENT_FIND_CLASS,
    SG_EVENT_EFFECT,
    SG_EVENT_START,
};

struct sg_record {
    enum sg_event event;
    const char *exe;
    const char *path;
    const struct sg_report *report;
    enum sg_verdict verdict; /* under the policy's thresholds */
    enum sg_action action;   /* SG_BLOCK or SG_LOG */
    uint64_t micros;         /* that it took */
    const uint8_t *sha256;   /* 32 bytes, or NULL: not known */
    uint32_t pid, tid;       /* who did it; 0: this thread */
    uint64_t left_out;       /* records before it that were left out, or did not reach their log */
};

/* A buffer of this size holds every record, quoted as badly as may be. */
#define SG_RECORD_MAX (256u << 10)

/* safeguard: blocked PATH: malicious 0.997: calls posix.system("…") at byte 24 of a/data.pkl */
void sg_record_line(const struct sg_record *record, struct sg_phrase *phrase);

/* "open", "read", … */
const char *sg_record_event(const struct sg_record *record);

/* The time of now, as RFC 3339 has it, in UTC. */
void sg_record_time(struct sg_phrase *phrase);

/* An object with the keys of DESIGN 2.6, no newline behind it; `left_out` too,
 * where it is not 0. */
void sg_record_json(const struct sg_record *record, struct sg_phrase *phrase);

/* The first reason and where it stands; the verdict where there is no reason. */
void sg_record_reason(const struct sg_record *record, struct sg_phrase *phrase);

#endif
