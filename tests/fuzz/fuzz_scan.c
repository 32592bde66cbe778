/* fuzz_scan.c - any bytes through the whole scanner.
 *
 * Checked besides what the sanitizers see: the report is well-formed; the same bytes read through
 * a source that is not in memory get the same verdict; and what sg_sniff() refuses is no carrier.
 */
#include "sgscan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ARENA_SIZE ((size_t)64 << 20)
#define INFLATE_MAX ((uint64_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *data;
    size_t size;
};

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "not so: %s (line %d)\n", #condition, __LINE__);                       \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static enum sg_status read_input(void *ctx, uint64_t offset, void *into, size_t len, size_t *got)
{
    const struct input *input = ctx;

    *got = 0;
    if (offset < input->size)
        *got = len < input->size - offset ? len : (size_t)(input->size - offset);
    if (*got)
        memcpy(into, input->data + offset, *got);
    return SG_OK;
}

static void check_report(const struct sg_report *report, size_t size)
{
    CHECK(report->size == size);
    CHECK(report->score >= 0 && report->score <= 1);
    CHECK(report->format && report->format[0]);
    CHECK(strcmp(sg_verdict_name(report->verdict), "") != 0);
    CHECK(strcmp(sg_coverage_name(report->coverage), "") != 0);
    CHECK(report->reason_count <= SG_REASONS_MAX);
    CHECK(report->verdict == SG_BENIGN || report->reason_count > 0);
    for (uint32_t i = 0; i < report->reason_count; i++) {
        const struct sg_reason *reason = &report->reasons[i];

        CHECK(reason->rule && reason->rule[0] && reason->detail && reason->member);
        CHECK(reason->weight >= 0 && reason->weight <= 1);
        for (const char *at = reason->detail; *at; at++)
            CHECK((unsigned char)*at >= 0x20 && *at != 0x7f);
    }
}

static bool sniffed(const uint8_t *data, size_t size)
{
    size_t tail = 0;

    if (sg_sniff(data, size < SG_SNIFF_SIZE ? size : SG_SNIFF_SIZE, size, &tail))
        return true;
    CHECK(tail <= SG_SNIFF_TAIL_MAX && tail <= size);
    return tail > 0 && sg_sniff_tail(data + size - tail, tail);
}

/* An arena is handed in zeroed. */
static struct sg_arena fresh_arena(void)
{
    static uint8_t *base;

    if (!base)
        base = mmap(NULL, ARENA_SIZE, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(base != MAP_FAILED);
    CHECK(madvise(base, ARENA_SIZE, MADV_DONTNEED) == 0);
    return (struct sg_arena){.base = base, .size = ARENA_SIZE};
}

/* False when the arena is too small to begin. The strings of the report are gone with the next
 * scan but for the format's, which is a constant. */
static bool scan(const struct sg_source *source, struct sg_report *report)
{
    struct sg_options options = {.limits = SG_LIMITS_DEFAULT};
    struct sg_arena arena = fresh_arena();
    enum sg_status status;

    options.limits.max_memory = ARENA_SIZE;
    options.limits.max_inflate = INFLATE_MAX;
    status = sg_scan(source, &options, &arena, report);
    CHECK(status == SG_OK || status == SG_ERR_MEMORY);
    if (status == SG_OK)
        check_report(report, (size_t)source->size);
    return status == SG_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct sg_source whole = sg_source_mem(data, size);
    struct sg_source read = {.read = read_input, .ctx = &input, .size = size};
    struct sg_report first, second;

    if (!scan(&whole, &first))
        return 0;
    if (!sniffed(data, size))
        CHECK(first.verdict == SG_BENIGN && first.coverage == SG_COMPLETE);
    if (scan(&read, &second)) {
        CHECK(first.verdict == second.verdict);
        CHECK(first.coverage == second.coverage);
        CHECK(strcmp(first.format, second.format) == 0);
    }
    return 0;
}
