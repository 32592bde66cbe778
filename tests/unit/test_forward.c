/* test_forward.c - decoded content read in any order, through a decoder that only goes forward. */
#include "scan/forward.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <stdlib.h>
#include <cmocka.h>

#define ARENA_SIZE (2u << 20)
#define SIZE 3000000u /* more than can be held */

/* A decoder of bytes that tell their place. */
struct counting {
    uint64_t size;
    uint64_t at;
    enum sg_status ending;
    unsigned opened;
    size_t greed; /* bytes of memory that it takes besides, when it is opened anew */
};

struct bench {
    struct sg_composer c;
    struct sg_limits limits;
    struct sg_arena facts;
    struct counting counting;
    struct sg_feed feed;
    struct sg_forward f;
    struct sg_report report;
};

static uint8_t byte_at(uint64_t offset)
{
    return (uint8_t)(offset * 2654435761u >> 13);
}

static enum sg_status fill(void *ctx, uint8_t *into, size_t len, size_t *got)
{
    struct counting *counting = ctx;

    *got = counting->size - counting->at < len ? (size_t)(counting->size - counting->at) : len;
    for (size_t i = 0; i < *got; i++)
        into[i] = byte_at(counting->at + i);
    counting->at += *got;
    return *got ? SG_OK : counting->ending;
}

static bool open_counting(struct sg_composer *c, const struct sg_feed *feed, struct sg_stream *out)
{
    struct counting *counting = (struct counting *)(uintptr_t)feed->reader;
    uint8_t *window = sg_arena_take(&c->work, SG_WINDOW_MIN);

    counting->at = 0;
    if (counting->opened++)
        (void)sg_arena_take(&c->work, counting->greed);
    /* Its place in the arena must be its own: nobody else's bytes are in it. */
    if (window)
        memset(window, 0xee, SG_WINDOW_MIN);
    sg_stream_decode(out, fill, counting, window, SG_WINDOW_MIN);
    return window != NULL;
}

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));

    assert_non_null(b);
    b->limits = SG_LIMITS_DEFAULT;
    b->facts = (struct sg_arena){.base = calloc(1, 1u << 20), .size = 1u << 20};
    assert_int_equal(sg_judge_open(&b->c.judge, &b->facts), SG_OK);
    b->c.limits = &b->limits;
    b->c.work = (struct sg_arena){.base = calloc(1, ARENA_SIZE), .size = ARENA_SIZE};
    b->counting.size = SIZE;
    b->feed = (struct sg_feed){.open = open_counting, .reader = &b->counting};
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;

    free(b->facts.base);
    free(b->c.work.base);
    free(b);
    return 0;
}

static void check_bytes(const uint8_t *bytes, uint64_t offset, size_t len)
{
    for (size_t i = 0; i < len; i++)
        assert_int_equal(bytes[i], byte_at(offset + i));
}

static void reads_in_any_order_give_the_same_bytes(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[5000];
    uint32_t x = 7;

    assert_true(sg_forward_open(&b->f, &b->c, &b->feed));
    assert_false(sg_forward_whole(&b->f));
    for (int i = 0; i < 60; i++) {
        x = x * 1664525u + 1013904223u;
        uint64_t offset = x % (i % 4 ? SIZE + 10000 : 40000);
        size_t left = offset < SIZE ? (size_t)(SIZE - offset) : 0;
        size_t got = sg_forward_read(&b->f, offset, bytes, sizeof(bytes));
        assert_int_equal(got, left < sizeof(bytes) ? left : sizeof(bytes));
        check_bytes(bytes, offset, got);
    }
    assert_true(b->counting.opened > 10);
}

static void what_goes_on_is_not_begun_anew(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[5000];

    assert_true(sg_forward_open(&b->f, &b->c, &b->feed));
    for (uint64_t offset = 0; offset < SIZE; offset += sizeof(bytes) * 3)
        check_bytes(bytes, offset, sg_forward_read(&b->f, offset, bytes, sizeof(bytes)));
    assert_int_equal(b->counting.opened, 1);
    assert_int_equal(sg_forward_read(&b->f, 0, bytes, 100), 100);
    assert_int_equal(b->counting.opened, 1);
    assert_int_equal(b->c.unpacked, b->f.furthest);
    assert_int_equal(b->c.inflated, b->c.unpacked);
}

static void read_all_over(struct bench *b, const struct sg_source *source)
{
    uint8_t bytes[5000];
    uint32_t x = 3;
    size_t got;

    for (int i = 0; i < 200; i++) {
        x = x * 1664525u + 1013904223u;
        uint64_t offset = i % 3 ? x % SIZE : SIZE - SIZE / 300 * (uint64_t)i;
        size_t left = (size_t)(SIZE - offset), want = left < 5000 ? left : 5000;
        assert_int_equal(sg_source_read(source, offset, bytes, 5000, &got), SG_OK);
        assert_int_equal(got, want);
        check_bytes(bytes, offset, got);
    }
    assert_int_equal(sg_source_read(source, SIZE, bytes, 1, &got), SG_OK);
    assert_int_equal(got, 0);
    assert_true(b->counting.opened > 1);
}

static void a_source_of_known_size_reads_all_over(void **state)
{
    struct bench *b = *state;
    struct sg_source source;

    assert_true(sg_forward_open(&b->f, &b->c, &b->feed));
    assert_true(sg_forward_source(&b->f, true, &source));
    assert_int_equal(source.size, SIZE);
    assert_null(source.mem);
    read_all_over(b, &source);
}

static void a_source_without_an_end_reads_all_over(void **state)
{
    struct bench *b = *state;
    struct sg_source source;

    assert_true(sg_forward_open(&b->f, &b->c, &b->feed));
    assert_true(sg_forward_source(&b->f, false, &source));
    assert_int_equal(source.size, SG_FORWARD_ENDLESS);
    read_all_over(b, &source);
}

static void reading_backwards_does_not_begin_anew_each_time(void **state)
{
    struct bench *b = *state;
    struct sg_source source;
    uint8_t bytes[4096];
    size_t got;

    assert_true(sg_forward_open(&b->f, &b->c, &b->feed));
    assert_true(sg_forward_source(&b->f, true, &source));
    for (uint64_t offset = SIZE - 4096; offset > 4096; offset -= 4093) {
        assert_int_equal(sg_source_read(&source, offset, bytes, 4096, &got), SG_OK);
        check_bytes(bytes, offset, got);
    }
    assert_true(b->counting.opened < 20);
}

static void what_fits_is_all_in_memory(void **state)
{
    struct bench *b = *state;
    struct sg_source source;
    size_t used;

    b->counting.size = 100000;
    assert_true(sg_forward_open(&b->f, &b->c, &b->feed));
    used = b->c.work.used;
    assert_true(sg_forward_source(&b->f, false, &source));
    assert_int_equal(source.size, 100000);
    assert_non_null(source.mem);
    check_bytes(source.mem, 0, 100000);
    assert_true(b->c.work.used - used < 110000);
    assert_int_equal(b->counting.opened, 1);
}

static void short_content_is_whole(void **state)
{
    struct bench *b = *state;

    b->counting.size = 1000;
    assert_true(sg_forward_open(&b->f, &b->c, &b->feed));
    assert_true(sg_forward_whole(&b->f));
    assert_int_equal(b->f.head_len, 1000);
    check_bytes(b->f.head, 0, 1000);
}

static void short_content_that_fails_is_not_whole(void **state)
{
    struct bench *b = *state;

    b->counting.size = 1000;
    b->counting.ending = SG_ERR_FORMAT;
    assert_true(sg_forward_open(&b->f, &b->c, &b->feed));
    assert_false(sg_forward_whole(&b->f));
    assert_int_equal(b->f.failure, SG_ERR_FORMAT);
    sg_forward_tell(&b->f);
    sg_judge_report(b->c.judge, &b->report);
    assert_int_equal(b->report.coverage, SG_PARTIAL);
    assert_string_equal(b->report.reasons[0].rule, "damaged");
}

/* A later reading that does not come to the damage takes nothing back. */
static void a_failure_is_remembered(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[100];

    b->counting.ending = SG_ERR_FORMAT;
    assert_true(sg_forward_open(&b->f, &b->c, &b->feed));
    assert_int_equal(sg_forward_read(&b->f, SIZE - 10, bytes, 100), 10);
    assert_int_equal(sg_forward_read(&b->f, SIZE, bytes, 100), 0);
    assert_int_equal(sg_forward_read(&b->f, 500000, bytes, 100), 100);
    assert_int_equal(b->f.status, SG_OK);
    assert_int_equal(b->f.failure, SG_ERR_FORMAT);
    b->counting.ending = SG_ERR_IO;
    assert_int_equal(sg_forward_read(&b->f, SIZE, bytes, 100), 0);
    assert_int_equal(b->f.status, SG_ERR_IO);
    assert_int_equal(b->f.failure, SG_ERR_FORMAT);
}

/* Whoever changes the file meanwhile may make its decoder want more memory than it was given. */
static void a_decoder_that_cannot_begin_anew_is_told(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[100];

    assert_true(sg_forward_open(&b->f, &b->c, &b->feed));
    assert_int_equal(sg_forward_read(&b->f, 500000, bytes, 100), 100);
    b->counting.greed = 16;
    assert_int_equal(sg_forward_read(&b->f, 400000, bytes, 100), 0);
    assert_int_equal(b->f.status, SG_ERR_MEMORY);
    sg_forward_tell(&b->f);
    sg_judge_report(b->c.judge, &b->report);
    assert_int_equal(b->report.coverage, SG_PARTIAL);
    assert_string_equal(b->report.reasons[0].rule, "limit");
    /* What came before is still there. */
    assert_int_equal(sg_forward_read(&b->f, 10, bytes, 100), 100);
    check_bytes(bytes, 10, 100);
}

static void content_longer_than_its_head_is_not_whole_at_its_end(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[100];

    assert_true(sg_forward_open(&b->f, &b->c, &b->feed));
    assert_int_equal(sg_forward_read(&b->f, SIZE - 10, bytes, 100), 10);
    assert_true(b->f.ended);
    assert_int_equal(b->f.status, SG_OK);
    assert_false(sg_forward_whole(&b->f));
}

static void max_inflate_ends_everything(void **state)
{
    struct bench *b = *state;
    struct sg_forward other;
    uint8_t bytes[1000];

    b->limits.max_inflate = 1000000;
    assert_true(sg_forward_open(&b->f, &b->c, &b->feed));
    assert_int_equal(sg_forward_read(&b->f, 2000000, bytes, 1000), 0);
    assert_int_equal(b->f.status, SG_ERR_LIMIT);
    assert_true(b->c.inflated < 1000000 + sizeof(bytes));
    assert_true(sg_forward_open(&other, &b->c, &b->feed));
    assert_int_equal(other.head_len, 0);
    sg_judge_report(b->c.judge, &b->report);
    assert_int_equal(b->report.coverage, SG_PARTIAL);
    assert_string_equal(b->report.reasons[0].rule, "limit");
}

/* What was unpacked before counts a fourth. */
static void beginning_anew_without_end_comes_to_max_inflate(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[100];
    unsigned i = 0;

    b->counting.size = 900000;
    b->limits.max_inflate = 1000000;
    assert_true(sg_forward_open(&b->f, &b->c, &b->feed));
    while (sg_forward_read(&b->f, i % 2 ? 40000 : 800000, bytes, 100) == 100)
        assert_true(i++ < 100);
    assert_int_equal(b->f.status, SG_ERR_LIMIT);
    assert_true(b->c.inflated >= 4000000 && b->c.inflated < 4000000 + SG_WINDOW_MIN);
    assert_true(b->c.unpacked <= 900000);
    sg_judge_report(b->c.judge, &b->report);
    assert_int_equal(b->report.coverage, SG_PARTIAL);
}

/* What a file may hold is more for a larger one; the limit is the same. */
static void only_what_outgrows_its_file_is_a_bomb(void **state)
{
    struct bench *b = *state;

    b->limits.max_inflate = b->c.unpacked = 1u << 30;
    b->c.size = (1u << 30) / 100 + 1;
    assert_true(sg_forward_open(&b->f, &b->c, &b->feed));
    sg_judge_report(b->c.judge, &b->report);
    assert_string_equal(b->report.reasons[0].rule, "limit");
    b->c.inflate_told = false;
    b->c.size--;
    assert_true(sg_forward_open(&b->f, &b->c, &b->feed));
    sg_judge_report(b->c.judge, &b->report);
    assert_string_equal(b->report.reasons[0].rule, "bomb");
}

static void little_memory_is_told(void **state)
{
    struct bench *b = *state;
    struct sg_source source;

    b->c.work.size = 20000;
    assert_false(sg_forward_open(&b->f, &b->c, &b->feed));
    b->c.work.used = 0;
    b->c.work.size = 60000;
    assert_true(sg_forward_open(&b->f, &b->c, &b->feed));
    assert_false(sg_forward_source(&b->f, true, &source));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_in_any_order_give_the_same_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(what_goes_on_is_not_begun_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(a_source_of_known_size_reads_all_over, setup, teardown),
        cmocka_unit_test_setup_teardown(a_source_without_an_end_reads_all_over, setup, teardown),
        cmocka_unit_test_setup_teardown(reading_backwards_does_not_begin_anew_each_time, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_fits_is_all_in_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(short_content_is_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(short_content_that_fails_is_not_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failure_is_remembered, setup, teardown),
        cmocka_unit_test_setup_teardown(a_decoder_that_cannot_begin_anew_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(content_longer_than_its_head_is_not_whole_at_its_end, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(max_inflate_ends_everything, setup, teardown),
        cmocka_unit_test_setup_teardown(beginning_anew_without_end_comes_to_max_inflate, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(only_what_outgrows_its_file_is_a_bomb, setup, teardown),
        cmocka_unit_test_setup_teardown(little_memory_is_told, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
