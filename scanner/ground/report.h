/* report.h - what a scan found: the only thing that policy, shim and command line see. */
#ifndef SG_REPORT_H
#define SG_REPORT_H

#include "ground/status.h"

#include <stdint.h>

enum sg_verdict { SG_BENIGN, SG_SUSPICIOUS, SG_MALICIOUS };

/* How much of the file was understood. `none`: a model format that is recognised but not
 * analysed. A file that carries no pickle at all is `complete`. */
enum sg_coverage { SG_COMPLETE, SG_PARTIAL, SG_NONE };

#define SG_REASONS_MAX 16

struct sg_reason {
    const char *rule;   /* short stable identifier, as "calls-exec" */
    const char *detail; /* one line of plain words, UTF-8, printable */
    const char *member; /* path inside the archive, "" for the file itself; nested by "!" */
    uint64_t offset;    /* bytes from the beginning of the member's (decoded) content */
    double weight;      /* 0..1; the largest is the file's score */
};

struct sg_report {
    enum sg_verdict verdict;
    enum sg_coverage coverage;
    double score;       /* 0..1 */
    const char *format; /* "pickle", "torch-zip", …, "none" */
    uint64_t size;      /* bytes of the file */
    uint32_t reason_count;
    struct sg_reason reasons[SG_REASONS_MAX]; /* most telling first */
};

SG_API const char *sg_verdict_name(enum sg_verdict verdict);
SG_API const char *sg_coverage_name(enum sg_coverage coverage);

#endif
