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

static void a_size_of_a_link_makes_two_readings(void **state)
{
    struct desk *desk = *state;

    begin();
    add_header("link", '1', 1024);
    add_member("seen by tarfile", '0', "1");
    add_member("seen by both", '0', "2");
    add_end();
    list(desk, BY_PIECES);
    assert_int_equal(listed.count, 2);
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
        cmocka_unit_test(a_size_of_a_link_makes_two_readings),
        cmocka_unit_test(a_number_that_only_some_read_makes_two_readings),
        cmocka_unit_test(many_readings_are_bounded),
        cmocka_unit_test(no_memory_for_other_ways_is_told),
    };

    return cmocka_run_group_tests(tests, desk_setup, desk_teardown);
}
