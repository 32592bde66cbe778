/* test_mutate.c - the mutators of the fuzz targets: what they make is what they say it is. */
#include "machine/machine.h"
#include "readers/zip.h"
#include "sgscan.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/mutate_archive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ARENA_SIZE ((size_t)4 << 20)
#define CAP 3000u

/* {"a": [1, 2.5, "text"], "b": False}, with a memo. */
#define PICKLE SG_TEXT("\x80\2}q\0(X\1\0\0\0aq\1]q\2(K\1G@\4\0\0\0\0\0\0U\4texteU\1b\x89u.")

typedef size_t mutate_fn(uint8_t *data, size_t size, size_t cap, unsigned seed);

static struct sg_arena fresh_arena(void)
{
    static uint8_t *base;

    free(base);
    base = calloc(1, ARENA_SIZE);
    assert_non_null(base);
    return (struct sg_arena){.base = base, .size = ARENA_SIZE};
}

static enum sg_verdict verdict_of(const void *bytes, size_t size)
{
    struct sg_source source = sg_source_mem(bytes, size);
    struct sg_options options = {.limits = SG_LIMITS_DEFAULT};
    struct sg_arena arena = fresh_arena();
    struct sg_report report;

    options.limits.max_memory = ARENA_SIZE;
    assert_int_equal(sg_scan(&source, &options, &arena, &report), SG_OK);
    return report.verdict;
}

/* How the first pickle in it ends. */
static enum sg_stop stop_of(const void *bytes, size_t size)
{
    struct sg_source source = sg_source_mem(bytes, size);
    struct sg_machine_options options = {.max_memory = ARENA_SIZE};
    struct sg_events events = {0};
    struct sg_arena arena = fresh_arena();
    struct sg_outcome outcome;
    struct sg_machine *machine;
    struct sg_stream stream;

    sg_stream_open(&stream, &source, NULL, 0);
    assert_int_equal(sg_machine_open(&machine, &arena, &options, &events), SG_OK);
    sg_machine_run(machine, &stream, &outcome);
    return outcome.stop;
}

/* In a block of its own, which the sanitizer watches. */
static size_t mutate(mutate_fn *how, struct sg_text from, unsigned seed, uint8_t into[CAP])
{
    uint8_t *block = malloc(CAP);
    size_t size;

    assert_non_null(block);
    memcpy(block, from.at, from.len);
    size = how(block, from.len, CAP, seed);
    assert_true(size <= CAP);
    memcpy(into, block, size);
    free(block);
    return size;
}

static struct sg_archive *clean_archive(void)
{
    static struct sg_archive archive;
    static const char *const names[] = {"a/data.pkl", "a/version", "a/data/0"};
    const struct sg_text contents[] = {PICKLE, SG_TEXT("3\n"), SG_TEXT("0123456789abcdef")};

    memset(&archive, 0, sizeof(archive));
    for (size_t i = 0; i < 3; i++) {
        struct sg_archive_member *member = &archive.members[archive.count++];
        member->content = contents[i];
        member->entry.method = i == 2 ? SG_ARCHIVE_DEFLATED : SG_ARCHIVE_STORED;
        member->local.name = member->entry.name = sg_text_of(names[i]);
        sg_archive_seal(&archive, member);
    }
    return &archive;
}

static uint32_t findings_of(const uint8_t *bytes, size_t size, size_t *count)
{
    struct sg_source source = sg_source_mem(bytes, size);
    struct sg_arena arena = fresh_arena();
    struct sg_zip zip = {0};

    *count = 0;
    if (sg_zip_open(&source, &arena, &zip) != SG_OK)
        return UINT32_MAX;
    *count = zip.count;
    return zip.findings;
}

static void each_shape_is_an_attack_that_is_found(void **state)
{
    char bytes[1000];

    (void)state;
    for (size_t i = 0; i < sg_attack_shape_count; i++) {
        struct sg_text shape = sg_attack_shapes[i];
        memcpy(bytes, shape.at, shape.len);
        bytes[shape.len] = '.';
        if (stop_of(bytes, shape.len + 1) != SG_STOP_STOP ||
            verdict_of(bytes, shape.len + 1) != SG_MALICIOUS)
            fail_msg("shape %zu: %.*s", i, (int)shape.len, shape.at);
    }
}

static void a_seed_gives_the_same_again_and_nothing_is_past_the_end(void **state)
{
    static mutate_fn *const ways[] = {sg_mutate_pickle, sg_mutate_zip, sg_mutate_carrier};
    static uint8_t zip[CAP], one[CAP], other[CAP];
    size_t size = sg_archive_write(clean_archive(), zip, sizeof(zip));
    const struct sg_text from[] = {PICKLE, {(const char *)zip, size}, {"", 0}};

    (void)state;
    assert_true(size > 0);
    for (unsigned seed = 0; seed < 3000; seed++) {
        struct sg_text text = from[seed % 3];
        size_t len = mutate(ways[seed % 9 / 3], text, seed, one);
        assert_int_equal(mutate(ways[seed % 9 / 3], text, seed, other), len);
        assert_memory_equal(one, other, len);
    }
}

static void a_mutated_pickle_often_still_is_one(void **state)
{
    uint8_t bytes[CAP];
    unsigned whole = 0, attacks = 0;

    (void)state;
    for (unsigned seed = 0; seed < 400; seed++) {
        size_t size = mutate(sg_mutate_pickle, PICKLE, seed, bytes);
        whole += stop_of(bytes, size) == SG_STOP_STOP;
        attacks += verdict_of(bytes, size) == SG_MALICIOUS;
    }
    assert_in_range(whole, 100, 380);
    assert_in_range(attacks, 20, 300);
}

static void an_archive_is_written_as_it_was_read(void **state)
{
    static struct sg_archive again;
    uint8_t bytes[CAP], other[CAP];
    size_t count, size = sg_archive_write(clean_archive(), bytes, sizeof(bytes));

    (void)state;
    assert_int_equal(findings_of(bytes, size, &count), 0);
    assert_int_equal(count, 3);
    assert_true(sg_archive_read(&again, bytes, size));
    assert_int_equal(again.count, 3);
    assert_true(sg_text_equal(again.members[0].content, PICKLE));
    assert_true(sg_text_is(again.members[2].content, "0123456789abcdef"));
    assert_int_equal(sg_archive_write(&again, other, sizeof(other)), size);
    assert_memory_equal(bytes, other, size);
    assert_int_equal(sg_archive_write(&again, other, size - 1), 0);
}

static void a_mutated_archive_is_honest_or_is_not(void **state)
{
    static uint8_t zip[CAP];
    uint8_t bytes[CAP];
    unsigned honest = 0, lying = 0, attacks = 0;
    struct sg_text from = {(const char *)zip, sg_archive_write(clean_archive(), zip, CAP)};

    (void)state;
    for (unsigned seed = 0; seed < 400; seed++) {
        size_t count, size = mutate(sg_mutate_zip, from, seed, bytes);
        uint32_t findings = findings_of(bytes, size, &count);
        honest += findings == 0;
        lying += findings != 0 && count > 0;
        attacks += verdict_of(bytes, size) == SG_MALICIOUS;
    }
    assert_in_range(honest, 80, 320);
    assert_in_range(lying, 80, 320);
    assert_in_range(attacks, 20, 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_shape_is_an_attack_that_is_found),
        cmocka_unit_test(a_seed_gives_the_same_again_and_nothing_is_past_the_end),
        cmocka_unit_test(a_mutated_pickle_often_still_is_one),
        cmocka_unit_test(an_archive_is_written_as_it_was_read),
        cmocka_unit_test(a_mutated_archive_is_honest_or_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
