/* fuzz_explain.c - what `explain` tells of any bytes.
 *
 * Checked besides what the sanitizers see: a scan that is watched finds the same as one that is
 * not, and nothing of a file becomes markup, a control character or a broken line.
 */
#include "tests/fuzz/fuzzkit.h"
#include "tests/fuzz/mutate.h"

#include "cli/explain.h"

#include <string.h>
#include <sys/mman.h>

#define ARENA_SIZE ((size_t)64 << 20)

static size_t count_of(const struct sg_outbuf *out, char what)
{
    size_t count = 0;

    for (size_t i = 0; i < out->len; i++)
        count += out->text[i] == what;
    return count;
}

static void check_plain(const struct sg_outbuf *out)
{
    for (size_t i = 0; i < out->len; i++)
        CHECK((unsigned char)out->text[i] >= ' ' || out->text[i] == '\n');
}

static void tell(const struct sg_explained *what)
{
    struct sg_outbuf out = {0};

    sg_explain_text(&out, what);
    check_plain(&out);
    out.len = 0;
    sg_explain_html(&out, what);
    check_plain(&out);
    CHECK(count_of(&out, '<') == count_of(&out, '>'));
    CHECK(!memmem(out.text, out.len, "<script", 7));
    out.len = 0;
    sg_explain_dot(&out, what);
    check_plain(&out);
    CHECK(count_of(&out, '{') >= 1);
    sg_out_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t *base;
    struct sg_source source = sg_source_mem(data, size);
    struct sg_options options = {.limits = SG_LIMITS_DEFAULT};
    struct sg_summary plain;
    struct sg_report report;
    struct sg_story story;

    if (!sg_fuzzkit_scan(&source, NULL, &plain))
        return 0;
    base = base ? base : sg_fuzzkit_map(ARENA_SIZE);
    CHECK(madvise(base, ARENA_SIZE, MADV_DONTNEED) == 0);
    struct sg_arena arena = {.base = base, .size = ARENA_SIZE};
    sg_story_begin(&story, &sg_model_embedded, size % 2);
    options.limits.max_memory = options.limits.max_inflate = ARENA_SIZE;
    options.tap = &story.tap;
    options.onlooker = &story.onlooker;
    CHECK(sg_scan(&source, &options, &arena, &report) == SG_OK);
    CHECK(report.verdict == plain.verdict && report.score == plain.score);
    sg_story_end(&story, &report);
    tell(&(struct sg_explained){.path = "file", .report = &report, .story = &story});
    sg_story_free(&story);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t cap, unsigned seed)
{
    return sg_mutate_carrier(data, size, cap, seed);
}
