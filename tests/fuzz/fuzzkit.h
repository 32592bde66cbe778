/* fuzzkit.h - what fuzz targets share: a claim that ends the run, bytes that are read, a scan. */
#ifndef SG_FUZZ_FUZZKIT_H
#define SG_FUZZ_FUZZKIT_H

#include "ground/bytes.h"
#include "sgscan.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t cap, unsigned seed);

/* Written past stdio: a target may have closed that. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            dprintf(2, "not so: %s (%s:%d)\n", #condition, __FILE__, __LINE__);                    \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* Bytes that are not in memory to who reads them. */
struct sg_input {
    const uint8_t *data;
    size_t size;
    size_t position; /* of what is decoded */
    size_t step;     /* bytes that a decoder gives at once */
    uint64_t served; /* bytes given in all */
};

struct sg_source sg_input_source(struct sg_input *input);

/* An sg_fill_fn (ground/stream.h); its ctx is a struct sg_input. */
enum sg_status sg_input_fill(void *ctx, uint8_t *into, size_t len, size_t *got);

/* Memory that only what is used of is taken. */
void *sg_fuzzkit_map(size_t size);

/* A block of `size` bytes that ends where it ends, so that the sanitizer sees what
 * reads past it. */
uint8_t *sg_fuzzkit_copy(const uint8_t *data, size_t size);

/* What a report says, to compare with another's: its strings may be gone. */
struct sg_summary {
    enum sg_verdict verdict;
    enum sg_coverage coverage;
    double score;
    uint64_t print; /* of all of it, reasons too */
};

/* Scans in an arena of 64 MB that the next call takes anew, and checks that the report is
 * well-formed and admits what its reasons say. False: the arena was too small to begin. */
bool sg_fuzzkit_scan(const struct sg_source *source, const struct sg_onlooker *onlooker,
                     struct sg_summary *said);
void sg_fuzzkit_check(const struct sg_report *report, uint64_t size);

#endif
