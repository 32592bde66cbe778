/* fuzzkit.c - sources, memory and checked scans for fuzz targets. */
#include "tests/fuzz/fuzzkit.h"

#include "ground/stream.h"

#include <string.h>
#include <sys/mman.h>

#define ARENA_SIZE ((size_t)64 << 20)
#define INFLATE_MAX ((uint64_t)64 << 20)

static enum sg_status read_input(void *ctx, uint64_t offset, void *into, size_t len, size_t *got)
{
    struct sg_input *input = ctx;

    *got = 0;
    if (offset < input->size)
        *got = len < input->size - offset ? len : (size_t)(input->size - offset);
    if (*got)
        memcpy(into, input->data + offset, *got);
    input->served += *got;
    return SG_OK;
}

struct sg_source sg_input_source(struct sg_input *input)
{
    return (struct sg_source){.read = read_input, .ctx = input, .size = input->size};
}

enum sg_status sg_input_fill(void *ctx, uint8_t *into, size_t len, size_t *got)
{
    struct sg_input *input = ctx;
    size_t most = input->step && input->step < len ? input->step : len;
    enum sg_status status = read_input(input, input->position, into, most, got);

    input->position += *got;
    return status;
}

void *sg_fuzzkit_map(size_t size)
{
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    CHECK(base != MAP_FAILED);
    return base;
}

uint8_t *sg_fuzzkit_copy(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + !size);

    CHECK(copy);
    if (size)
        memcpy(copy, data, size);
    return copy;
}

/* Rules that say that something was not read; the last is a format that is not analysed. */
static bool admits(const char *rule, enum sg_coverage coverage)
{
    static const char *const unread[] = {"truncated", "damaged", "limit", "encrypted",
                                         "incomplete"};

    for (size_t i = 0; i < sizeof(unread) / sizeof(*unread); i++)
        if (strcmp(rule, unread[i]) == 0)
            return coverage == SG_PARTIAL;
    return strcmp(rule, "not-analysed") != 0 || coverage != SG_COMPLETE;
}

static void check_reason(const struct sg_report *report, const struct sg_reason *reason)
{
    CHECK(reason->rule && reason->rule[0] && reason->detail && reason->member);
    CHECK(reason->weight >= 0 && reason->weight <= report->score);
    CHECK(admits(reason->rule, report->coverage));
    for (const char *at = reason->detail; *at; at++)
        CHECK((unsigned char)*at >= 0x20 && *at != 0x7f);
}

void sg_fuzzkit_check(const struct sg_report *report, uint64_t size)
{
    CHECK(report->size == size);
    CHECK(report->score >= 0 && report->score <= 1);
    CHECK(report->format && report->format[0]);
    CHECK(strcmp(sg_verdict_name(report->verdict), "") != 0);
    CHECK(strcmp(sg_coverage_name(report->coverage), "") != 0);
    CHECK(report->reason_count <= SG_REASONS_MAX);
    CHECK(report->verdict == SG_BENIGN || report->reason_count > 0);
    for (uint32_t i = 0; i < report->reason_count; i++) {
        check_reason(report, &report->reasons[i]);
        CHECK(i == 0 || report->reasons[i].weight <= report->reasons[i - 1].weight);
    }
}

static uint64_t print_of(const struct sg_report *report)
{
    uint64_t print = sg_fnv_more(SG_FNV_EMPTY, report->format, strlen(report->format) + 1);

    print = sg_fnv_more(print, &report->score, sizeof(report->score));
    for (uint32_t i = 0; i < report->reason_count; i++) {
        const struct sg_reason *reason = &report->reasons[i];
        print = sg_fnv_more(print, reason->rule, strlen(reason->rule) + 1);
        print = sg_fnv_more(print, reason->detail, strlen(reason->detail) + 1);
        print = sg_fnv_more(print, reason->member, strlen(reason->member) + 1);
        print = sg_fnv_more(print, &reason->offset, sizeof(reason->offset));
    }
    return print;
}

bool sg_fuzzkit_scan(const struct sg_source *source, const struct sg_onlooker *onlooker,
                     struct sg_summary *said)
{
    static uint8_t *base;
    struct sg_options options = {.limits = SG_LIMITS_DEFAULT, .onlooker = onlooker};
    struct sg_report report;

    base = base ? base : sg_fuzzkit_map(ARENA_SIZE);
    CHECK(madvise(base, ARENA_SIZE, MADV_DONTNEED) == 0);
    struct sg_arena arena = {.base = base, .size = ARENA_SIZE};
    options.limits.max_memory = ARENA_SIZE;
    options.limits.max_inflate = INFLATE_MAX;
    enum sg_status status = sg_scan(source, &options, &arena, &report);
    CHECK(status == SG_OK || status == SG_ERR_MEMORY);
    if (status)
        return false;
    sg_fuzzkit_check(&report, source->size);
    *said = (struct sg_summary){report.verdict, report.coverage, report.score, print_of(&report)};
    return true;
}
