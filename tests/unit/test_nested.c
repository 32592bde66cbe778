/* test_nested.c - files with far more inside than they can hold: the same bytes,
 * again and again. */
#include "sgscan.h"
#include "tests/fuzz/mutate_archive.h"
#include "tests/unit/opcode_count.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ARENA_SIZE ((size_t)64 << 20)
#define ROOM ((size_t)4 << 20)
#define BLOCK 512u

struct bytes {
    uint8_t *at;
    size_t size;
};

static struct bytes make(void)
{
    struct bytes bytes = {.at = calloc(1, ROOM)};

    assert_non_null(bytes.at);
    return bytes;
}

static void put(struct bytes *to, const void *at, size_t len)
{
    assert_true(len <= ROOM - to->size);
    memcpy(to->at + to->size, at, len);
    to->size += len;
}

/* [1, 1, …], in about that many bytes. */
static struct bytes plain_pickle(size_t size)
{
    struct bytes bytes = make();

    put(&bytes, "\x80\2](", 4);
    while (bytes.size < size)
        put(&bytes, "K\1", 2);
    put(&bytes, "e.", 2);
    return bytes;
}

/* loads(inner), `times` times. */
static struct bytes loading(struct bytes inner, unsigned times)
{
    struct bytes bytes = make();
    uint8_t length[4] = {(uint8_t)inner.size, (uint8_t)(inner.size >> 8),
                         (uint8_t)(inner.size >> 16)};

    put(&bytes, "\x80\2c_pickle\nloads\nq\1B", 20);
    put(&bytes, length, 4);
    put(&bytes, inner.at, inner.size);
    put(&bytes, "q\0", 2);
    while (times--)
        put(&bytes, "0h\1h\0\x85R", 7);
    put(&bytes, ".", 1);
    free(inner.at);
    return bytes;
}

static void put_header(struct bytes *to, char type, size_t size)
{
    char block[BLOCK] = "m";
    unsigned sum = 8 * ' ';

    snprintf(block + 124, 12, "%011o", (unsigned)size);
    block[156] = type;
    memcpy(block + 257, "ustar\00000", 8);
    for (size_t i = 0; i < BLOCK; i++)
        sum += (uint8_t)block[i];
    snprintf(block + 148, 8, "%06o", sum);
    block[155] = ' ';
    put(to, block, BLOCK);
}

/* To some readers each member is empty, to others it is the rest of the archive. */
static struct bytes tar_of_tars(unsigned headers)
{
    static const char record[BLOCK] = "9 size=0\n", end[2 * BLOCK];
    struct bytes bytes = make();

    for (unsigned left = headers; left > 0; left--) {
        put_header(&bytes, 'x', 9);
        put(&bytes, record, BLOCK);
        put_header(&bytes, '0', (size_t)(left - 1) * 3 * BLOCK + sizeof(end));
    }
    put(&bytes, end, sizeof(end));
    return bytes;
}

/* Opcodes that were looked at. */
static uint64_t scan(const struct bytes *bytes, struct sg_report *report)
{
    static uint8_t *memory;
    uint64_t steps = 0;
    struct sg_onlooker onlooker = counting_into(&steps);
    struct sg_source source = sg_source_mem(bytes->at, bytes->size);
    struct sg_options options = {.limits = SG_LIMITS_DEFAULT, .onlooker = &onlooker};

    free(memory); /* of the report before */
    memory = calloc(1, ARENA_SIZE);
    assert_non_null(memory);
    struct sg_arena arena = {.base = memory, .size = ARENA_SIZE};
    options.limits.max_memory = ARENA_SIZE;
    assert_int_equal(sg_scan(&source, &options, &arena, report), SG_OK);
    return steps;
}

static void assert_told(const struct sg_report *report, const char *words)
{
    bool told = false;

    for (uint32_t i = 0; i < report->reason_count; i++)
        told |= strstr(report->reasons[i].detail, words) != NULL;
    assert_true(told);
    assert_int_equal(report->coverage, SG_PARTIAL);
}

static void assert_cut_short(const struct sg_report *report)
{
    assert_told(report, "again and again");
}

static void bytes_that_are_loaded_again_and_again(void **state)
{
    struct bytes bytes = loading(loading(plain_pickle(20000), 300), 300);
    struct sg_report report;

    (void)state;
    /* 300 times 300 times 10,000 opcodes, without a measure. */
    assert_true(scan(&bytes, &report) < 40000000);
    assert_cut_short(&report);
    assert_int_equal(report.verdict, SG_MALICIOUS);
    free(bytes.at);
}

static void archives_inside_themselves(void **state)
{
    struct bytes bytes = tar_of_tars(400);
    struct sg_report report;

    (void)state;
    scan(&bytes, &report);
    assert_cut_short(&report);
    free(bytes.at);
}

static void what_repeats_deep_inside_hides_nothing_outside(void **state)
{
    static struct sg_archive archive;
    struct bytes deep = tar_of_tars(400), bytes = make();
    const struct sg_text contents[] = {{(const char *)deep.at, deep.size},
                                       SG_TEXT("cposix\nsystem\n(S'id'\ntR.")};
    struct sg_report report;

    (void)state;
    memset(&archive, 0, sizeof(archive));
    for (size_t i = 0; i < 2; i++) {
        struct sg_archive_member *member = &archive.members[archive.count++];
        member->content = contents[i];
        member->local.name = member->entry.name = i ? SG_TEXT("b.pkl") : SG_TEXT("a.tar");
        sg_archive_seal(&archive, member);
    }
    bytes.size = sg_archive_write(&archive, bytes.at, ROOM);
    assert_true(bytes.size > deep.size);
    scan(&bytes, &report);
    assert_cut_short(&report);
    assert_int_equal(report.verdict, SG_MALICIOUS);
    free(bytes.at);
    free(deep.at);
}

static void many_small_members_are_no_repetition(void **state)
{
    static const char body[BLOCK] = "\x80\2}.", end_blocks[2 * BLOCK];
    struct bytes bytes = make();
    struct sg_report report;

    (void)state;
    for (unsigned i = 0; i < 3500; i++) {
        put_header(&bytes, '0', 4);
        put(&bytes, body, BLOCK);
    }
    put(&bytes, end_blocks, sizeof(end_blocks));
    assert_true(scan(&bytes, &report) >= 3500);
    assert_int_equal(report.coverage, SG_COMPLETE);
    assert_int_equal(report.verdict, SG_BENIGN);
    free(bytes.at);
}

/* What HDF5 holds is searched for pickles: 128 names in each two lines. */
static void names_without_end_are_not_all_tried_and_that_is_told(void **state)
{
    static const char head[96] = "\x89HDF\r\n\x1a\n";
    struct bytes bytes = make();
    struct sg_report report;
    char line[131];

    (void)state;
    memset(line, 'c', sizeof(line));
    memcpy(line + sizeof(line) - 3, "\nx\n", 3);
    put(&bytes, head, sizeof(head));
    for (unsigned i = 0; i < 800; i++)
        put(&bytes, line, sizeof(line));
    scan(&bytes, &report);
    assert_told(&report, "not all of it was tried");
    bytes.size -= 400 * sizeof(line);
    scan(&bytes, &report);
    assert_int_equal(report.coverage, SG_NONE);
    free(bytes.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_that_are_loaded_again_and_again),
        cmocka_unit_test(archives_inside_themselves),
        cmocka_unit_test(what_repeats_deep_inside_hides_nothing_outside),
        cmocka_unit_test(many_small_members_are_no_repetition),
        cmocka_unit_test(names_without_end_are_not_all_tried_and_that_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
