/* fuzz_sevenzip.c - any bytes as a 7z archive, as `scan` reads it.
 *
 * Checked besides what the sanitizers see: the report is well-formed and admits what was not read,
 * and a source that is not in memory gets the same one. libarchive itself is not watched: it is the
 * system's.
 */
#include "tests/fuzz/fuzzkit.h"

#include "cli/sevenzip.h"

#include <string.h>

#define ARENA_SIZE ((size_t)16 << 20)

const char *__asan_default_options(void);

/* libarchive asks for as much memory as a header says, and takes no for an answer: it gets one
 * before the fuzzer thinks of a limit. */
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1:max_allocation_size_mb=8191";
}

static uint64_t scan(const struct sg_source *source)
{
    static uint8_t strings[1 << 20];
    struct sg_arena arena = {.base = strings, .size = sizeof(strings)};
    struct sg_options options = {.limits = SG_LIMITS_DEFAULT};
    struct sg_report report = {.coverage = SG_NONE, .format = "7z", .size = source->size};
    uint64_t print;

    options.limits.max_memory = ARENA_SIZE;
    options.limits.max_inflate = ARENA_SIZE;
    sg_sevenzip_scan(source, &options, &arena, &report);
    sg_fuzzkit_check(&report, source->size);
    print = sg_fnv_more(SG_FNV_EMPTY, &report.score, sizeof(report.score));
    print = sg_fnv_more(print, &report.coverage, sizeof(report.coverage));
    for (uint32_t i = 0; i < report.reason_count; i++)
        print = sg_fnv_more(print, report.reasons[i].detail, strlen(report.reasons[i].detail));
    return print;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_input input = {.data = data, .size = size};
    struct sg_source whole = sg_source_mem(data, size), read = sg_input_source(&input);

    CHECK(scan(&whole) == scan(&read));
    return 0;
}
