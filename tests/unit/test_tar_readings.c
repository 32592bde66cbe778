/* test_tar_readings.c - tars in which readers see different members: all of them are listed. */
#include "tar_maker.h"

/* tarfile believes the record; who does not would see the header in the member's data. */
static void a_size_in_a_record_makes_two_readings(void **state)
{
    struct desk *desk = *state;
    const uint8_t *hidden;

    begin();
    add_pax('x', "13 size=1024\n");
    add_header("outer", '0', 0);
    hidden = add_header("hidden", '0', 3);
    add_data("pkl", 3);
    add_member("last", '0', "end");
    add_end();
    list(desk, IN_MEMORY);
    assert_int_equal(listed.count, 3);
    assert_string_equal(listed.list[0].name, "outer");
    assert_int_equal(listed.list[0].member.size, 1024);
    assert_string_equal(listed.list[1].name, "last");
    assert_string_equal(listed.list[2].name, "hidden");
    assert_int_equal(listed.list[2].member.header_offset, hidden - made.bytes);
    assert_true(listed.list[2].member.findings & SG_TAR_READINGS);
    assert_int_equal(listed.findings, SG_TAR_READINGS | SG_TAR_SIZES_DIFFER);
    list(desk, DECODED);
    assert_int_equal(listed.count, 2);
    assert_true(listed.findings & SG_TAR_LIMIT);
}

/* A file of 1024 bytes for some, of 512 and another one for those who heed `records`. */
static void list_covered(struct desk *desk, const char *first, const char *second)
{
    begin();
    add_pax('x', first);
    if (second)
        add_pax('x', second);
    add_header("cover", '0', 512 + SG_TAR_BLOCK + 512);
    add_filler(512);
    add_member("hidden", '0', "pkl");
    add_end();
    list(desk, IN_MEMORY);
}

static void assert_hidden_is_listed(void)
{
    assert_int_equal(listed.list[0].member.size, 512);
    assert_string_equal(listed.list[listed.count - 1].name, "hidden");
}

/* tarfile heeds the first of two headers, and up to CPython 3.12.1 a record inside a record. */
static void sizes_are_found_where_tarfile_finds_them(void **state)
{
    struct desk *desk = *state;

    list_covered(desk, "12 size=512\n", NULL);
    assert_hidden_is_listed();
    list_covered(desk, "12 size=512\n", "13 size=1536\n");
    assert_hidden_is_listed();
    assert_true(listed.findings & SG_TAR_LIMIT);
    list_covered(desk, "2 12 size=512\n", NULL);
    assert_hidden_is_listed();
}

/* A sign, digits of other alphabets, more digits than are looked at. */
static void sizes_that_are_not_followed_are_told(void **state)
{
    struct desk *desk = *state;
    char records[1600];

    list_covered(desk, "14 size=-1024\n", NULL);
    assert_true(listed.findings & SG_TAR_LIMIT);
    list_covered(desk, "15 size=\xd9\xa5\xd9\xa1\xd9\xa2\n", NULL);
    assert_true(listed.findings & SG_TAR_LIMIT);
    snprintf(records, sizeof(records), "%01200d size=512\n", 1210);
    list_covered(desk, records, NULL);
    assert_true(listed.findings & SG_TAR_LIMIT);
    snprintf(records, sizeof(records), "1211 size=%01200d\n", 512);
    list_covered(desk, records, NULL);
    assert_true(listed.findings & SG_TAR_LIMIT);
}

/* The first header's, without slashes behind it; else that of all. */
static void names_are_those_that_tarfile_gives(void **state)
{
    struct desk *desk = *state;

    begin();
    add_pax('g', "15 path=global\n");
    add_pax('x', "15 path=first/\n");
    add_pax('x', "15 path=second\n");
    add_member("a", '0', "1");
    add_member("b", '0', "2");
    add_end();
    list(desk, IN_MEMORY);
    assert_string_equal(listed.list[0].name, "first");
    assert_string_equal(listed.list[1].name, "global");
    assert_int_equal(listed.findings, 0);
}

static void a_size_of_a_link_makes_two_readings(void **state)
{
    struct desk *desk = *state;

    begin();
    add_header("link", '1', 1024);
    add_member("seen by tarfile", '0', "1");
    add_member("seen by both", '0', "2");
    add_end();
    list(desk, BY_PIECES);
    assert_int_equal(listed.count, 3);
    assert_int_equal(listed.findings, 0); /* the other way leads to where this one has been */
}

static void a_number_that_only_some_read_makes_two_readings(void **state)
{
    struct desk *desk = *state;
    uint8_t *block;

    begin();
    block = add_header("odd", '0', 0);
    memcpy(block + 124, "1_000\0\0\0\0\0\0\0", 12);
    seal(block);
    add_filler(512);
    add_end();
    list(desk, IN_MEMORY);
    assert_int_equal(listed.count, 2);
    assert_int_equal(listed.list[0].member.size, 512); /* int("1_000", 8) */
    assert_int_equal(listed.list[1].member.size, 1);
    assert_true(listed.list[1].member.variant);
    assert_true(listed.findings & SG_TAR_SIZES_DIFFER);
}

/* As many ways as there are headers: each is gone once, and what is left out is told. */
static void many_readings_are_bounded(void **state)
{
    struct desk *desk = *state;
    struct sg_tar_member member;
    struct sg_tar tar;
    size_t count = 0, headers = 100;

    begin();
    for (size_t i = 0; i < headers; i++) {
        uint8_t *block = add_header("many", '0', 0);
        memcpy(block + 124, "2_000\0\0\0\0\0\0\0", 12);
        seal(block);
    }
    add_end();
    desk_lay(desk, made.bytes, made.len, BY_PIECES);
    assert_int_equal(sg_tar_open(&tar, &desk->stream, true, &desk->arena), SG_OK);
    while (sg_tar_next(&tar, &member) == SG_OK)
        count++;
    assert_true(count <= 2 * headers);
    assert_true(tar.findings & SG_TAR_LIMIT);
}

static void no_memory_for_other_ways_is_told(void **state)
{
    struct desk *desk = *state;

    begin();
    add_pax('x', "13 size=1024\n");
    add_header("outer", '0', 0);
    add_header("hidden", '0', 3);
    add_data("pkl", 3);
    add_end();
    desk_lay(desk, made.bytes, made.len, IN_MEMORY);
    desk->arena.used = desk->arena.size;
    assert_int_equal(list_stream(desk, true), SG_END);
    assert_true(listed.findings & SG_TAR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_size_in_a_record_makes_two_readings),
        cmocka_unit_test(sizes_are_found_where_tarfile_finds_them),
        cmocka_unit_test(sizes_that_are_not_followed_are_told),
        cmocka_unit_test(names_are_those_that_tarfile_gives),
        cmocka_unit_test(a_size_of_a_link_makes_two_readings),
        cmocka_unit_test(a_number_that_only_some_read_makes_two_readings),
        cmocka_unit_test(many_readings_are_bounded),
        cmocka_unit_test(no_memory_for_other_ways_is_told),
    };

    return cmocka_run_group_tests(tests, desk_setup, desk_teardown);
}
