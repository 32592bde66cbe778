/* sgscan.h - the scanner as a library: bytes in, report out.
 *
 *     struct sg_source source = sg_source_mem(bytes, len);
 *     struct sg_options options = {.limits = SG_LIMITS_DEFAULT};
 *     struct sg_arena arena = {.base = memory, .size = its_size};
 *     struct sg_report report;
 *     if (sg_scan(&source, &options, &arena, &report) == SG_OK)
 *         puts(sg_verdict_name(report.verdict));
 *
 * Strings of the report live in the arena. The scanner does no I/O but through the source, has
 * no state of its own, prints nothing and may run in many threads at once, each with its arena.
 */
#ifndef SGSCAN_H
#define SGSCAN_H

#include "ground/arena.h"
#include "ground/limits.h"
#include "ground/opinion.h"
#include "ground/report.h"
#include "ground/source.h"
#include "ground/status.h"

#include <stdbool.h>

/* How many leading bytes sg_sniff() wants (fewer when the file is shorter). */
#define SG_SNIFF_SIZE 512u

/* The most bytes of a file's end that sg_sniff_tail() wants. */
#define SG_SNIFF_TAIL_MAX 69584u /* as far back as miniz looks for an end record */

/* Whether a file of `size` bytes that begins with `head` (`len` bytes) needs a scan. When it
 * says no, `*tail` is how many bytes of the file's end must still be shown to sg_sniff_tail()
 * (0: none). All three say no only to what no reading could take for a pickle carrier. Costs well
 * under a microsecond, needs no arena. */
SG_API bool sg_sniff(const uint8_t *head, size_t len, uint64_t size, size_t *tail);

/* Whether the last `len` bytes of a file show an archive that is found from its end. */
SG_API bool sg_sniff_tail(const uint8_t *tail, size_t len);

/* Whether what stands at SG_SNIFF_SIZE of a file, or twice, four times, eight times as far, … shows
 * content that is found there, whatever comes before it (HDF5 behind a user's block). For what both
 * others said no to. Wants SG_SNIFF_BLOCK bytes. */
#define SG_SNIFF_BLOCK 8u
SG_API bool sg_sniff_block(const uint8_t *at, size_t len);

/* A file for sg_source_file(). */
struct sg_file {
    int fd;    /* a regular file, open for reading; its position is neither used nor moved */
    int error; /* errno of the last failed read, or 0 */
};

/* The first `size` bytes of `*file`, which must stay where it is as long as the source is used. */
SG_API struct sg_source sg_source_file(struct sg_file *file, uint64_t size);

struct sg_model;    /* judge/model.h */
struct sg_tap;      /* judge/tap.h */
struct sg_onlooker; /* scan/onlooker.h */

struct sg_options {
    struct sg_limits limits;
    struct sg_opinion opinion;          /* what the site says of names; zeroed: nothing */
    const struct sg_model *model;       /* NULL: the embedded one */
    const struct sg_tap *tap;           /* who listens to what the model sees, or NULL */
    const struct sg_onlooker *onlooker; /* who watches the machines at work, or NULL */
};

/* A model file (scripts/train/train makes them), for the options: its bytes must be aligned to 8
 * and stay where they are as long as the model, as must the arena. SG_ERR_FORMAT: no model file of
 * this version, or damaged. On failure `*out` is untouched. */
SG_API SG_MUST_CHECK enum sg_status sg_model_open(const uint8_t *bytes, size_t len,
                                                  struct sg_arena *arena,
                                                  const struct sg_model **out);

/* Scans `source` under every reading a loader could give it. SG_OK whenever a report was
 * written (also for damaged files: that is coverage `partial`); SG_ERR_IO when the source could
 * not be read, SG_ERR_MEMORY when the arena is too small to begin. On failure `report` is
 * untouched. An arena of limits.max_memory bytes is always enough. */
SG_API SG_MUST_CHECK enum sg_status sg_scan(const struct sg_source *source,
                                            const struct sg_options *options,
                                            struct sg_arena *arena, struct sg_report *report);

#endif
