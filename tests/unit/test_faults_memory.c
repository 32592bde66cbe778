/* test_faults_memory.c - scans that run out of memory, anywhere: they say so, or say
 * all the same. */
#include "corpus_cases.h"

#include <zlib.h>

/* The arena of this program is the real one, with a count before it: what the archive has of these
 * names is then not linked. */
static void *real_take(struct sg_arena *arena, size_t size);
static void *real_zero(struct sg_arena *arena, size_t size);
static void *real_grow(struct sg_arena *arena, void *block, size_t old, size_t size);
static char *real_copy(struct sg_arena *arena, const void *bytes, size_t len);

#define sg_arena_take real_take
#define sg_arena_zero real_zero
#define sg_arena_grow real_grow
#define sg_arena_copy real_copy
#include "ground/arena.c"
#undef sg_arena_take
#undef sg_arena_zero
#undef sg_arena_grow
#undef sg_arena_copy

static size_t asked, fails_at; /* 0: never */
static bool fails_on;          /* and ever after */

static bool fails(void)
{
    asked++;
    return fails_at && (fails_on ? asked >= fails_at : asked == fails_at);
}

void *sg_arena_take(struct sg_arena *arena, size_t size)
{
    return real_take(arena, fails() ? SIZE_MAX : size);
}

void *sg_arena_zero(struct sg_arena *arena, size_t size)
{
    return real_zero(arena, fails() ? SIZE_MAX : size);
}

void *sg_arena_grow(struct sg_arena *arena, void *block, size_t old, size_t size)
{
    return real_grow(arena, block, old, fails() ? SIZE_MAX : size);
}

char *sg_arena_copy(struct sg_arena *arena, const void *bytes, size_t len)
{
    return real_copy(arena, bytes, fails() ? SIZE_MAX - 1 : len);
}

/* Not in memory, so that windows are asked for too. */
static enum sg_status read_file(void *ctx, uint64_t offset, void *into, size_t len, size_t *got)
{
    const struct corpus_file *file = ctx;

    *got = len;
    memcpy(into, file->bytes + offset, len);
    return SG_OK;
}

static struct sg_source source_of(struct corpus_file *file)
{
    return (struct sg_source){.read = read_file, .ctx = file, .size = file->len};
}

/* How many requests a scan made; complains where it was fooled. */
static size_t scan_failing(const struct corpus *corpus, struct corpus_file *file, size_t at,
                           size_t memory, size_t *fooled)
{
    struct sg_source source = source_of(file);
    struct sg_report report;

    asked = 0;
    fails_at = at;
    enum sg_status status = corpus_scan(corpus, &source, memory, &report);
    fails_at = 0;
    assert_true(status == SG_OK || status == SG_ERR_MEMORY);
    if (corpus_is_fooled(file, status, &report)) {
        print_error("%s: fooled at request %zu%s, %zu bytes\n", file->name, at,
                    fails_on ? " and on" : "", memory);
        ++*fooled;
    }
    return asked;
}

static void fail_each_request(void **state, bool on)
{
    const struct corpus *corpus = *state;
    size_t fooled = 0;

    fails_on = on;
    for (size_t i = 0; i < corpus->count; i++) {
        struct corpus_file file = corpus->files[i];
        size_t most = scan_failing(corpus, &file, 0, CORPUS_ARENA, &fooled);
        for (size_t at = 1; at <= most; at++)
            scan_failing(corpus, &file, at, CORPUS_ARENA, &fooled);
    }
    assert_int_equal(fooled, 0);
}

static void each_request_for_memory_fails_in_turn(void **state)
{
    fail_each_request(state, false);
}

static void each_request_for_memory_fails_and_all_after_it(void **state)
{
    fail_each_request(state, true);
}

static void arenas_of_every_size(void **state)
{
    const struct corpus *corpus = *state;
    size_t fooled = 0;

    for (size_t i = 0; i < corpus->count; i++) {
        struct corpus_file file = corpus->files[i];
        for (size_t size = 0; size <= CORPUS_ARENA; size += size / 16 + 1000)
            scan_failing(corpus, &file, 0, size, &fooled);
    }
    assert_int_equal(fooled, 0);
}

#define LARGE                                                                                      \
    140000u /* larger than a window, so it is kept when what is unpacked cannot be read again */

static uint8_t *put_large(uint8_t *at)
{
    const uint32_t len = LARGE;

    *at = 'B';
    memcpy(at + 1, &len, sizeof(len));
    memset(at + 5, 'x', len);
    at[5 + len] = '0';
    return at + 5 + len + 1;
}

/* Arguments that look like content for a loader are kept; they took all there was, and a name that
 * is put together behind them was then not told. */
static void large_arguments_leave_memory_for_what_follows(void **state)
{
    const struct corpus *corpus = *state;
    static const char tail[] = "c_codecs\nencode\nX\5\0\0\0posixX\6\0\0\0latin1\x86R0"
                               "(S'posix'\nibuiltins\nstr\nS'system'\n\x93.";
    const size_t count = 120;
    uint8_t *plain = malloc(count * (LARGE + 6) + sizeof(tail) + 2), *at = plain + 2;
    uLongf len = compressBound(count * (LARGE + 6) + sizeof(tail) + 2);
    uint8_t *packed = malloc(len);
    struct sg_report report;

    assert_true(plain && packed);
    memcpy(plain, "\x80\4", 2);
    for (size_t i = 0; i < count; i++)
        at = put_large(at);
    memcpy(at, tail, sizeof(tail) - 1);
    at += sizeof(tail) - 1;
    assert_int_equal(compress(packed, &len, plain, (uLong)(at - plain)), Z_OK);
    struct sg_source source = sg_source_mem(packed, len);
    assert_int_equal(corpus_scan(corpus, &source, (size_t)16 << 20, &report), SG_OK);
    assert_int_equal(report.verdict, SG_MALICIOUS);
    assert_int_equal(report.coverage, SG_COMPLETE);
    free(plain);
    free(packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_for_memory_fails_in_turn),
        cmocka_unit_test(each_request_for_memory_fails_and_all_after_it),
        cmocka_unit_test(arenas_of_every_size),
        cmocka_unit_test(large_arguments_leave_memory_for_what_follows),
    };

    return cmocka_run_group_tests(tests, corpus_setup, corpus_teardown);
}
