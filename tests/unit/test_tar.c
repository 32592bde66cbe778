/* test_tar.c - tars as tarfile reads them, and as others would. */
#include "tar_maker.h"

static void members_are_listed_in_every_manner(void **state)
{
    struct desk *desk = *state;

    begin();
    add_member("a.pkl", '0', "one");
    add_member("folder/", '5', "");
    add_member("b.pkl", '\0', "two");
    add_header("link", '2', 0);
    add_end();
    for (enum manner manner = 0; manner < MANNERS; manner++) {
        list(desk, manner);
        assert_int_equal(listed.count, 3);
        check_member(desk, 0, "a.pkl", "one");
        check_member(desk, 1, "b.pkl", "two");
        check_member(desk, 2, "link", "");
        assert_int_equal(listed.list[2].member.type, '2');
        assert_int_equal(listed.findings, 0);
    }
}

static void a_bid_needs_the_checksum_only(void **state)
{
    uint8_t block[SG_TAR_BLOCK];

    (void)state;
    begin();
    memset(add_header("old", '0', 0) + 257, 0, 8); /* before ustar there was no magic */
    seal(made.bytes);
    memcpy(block, made.bytes, sizeof(block));
    assert_true(sg_tar_bid(block, sizeof(block)));
    assert_false(sg_tar_bid(block, sizeof(block) - 1));
    block[0] ^= 1;
    assert_false(sg_tar_bid(block, sizeof(block)));
    memset(block, 0, sizeof(block));
    assert_false(sg_tar_bid(block, sizeof(block)));
}

static void a_checksum_of_signed_bytes_counts(void **state)
{
    uint8_t *block;
    int sum = 0;

    (void)state;
    begin();
    block = add_header("\xff\xfe\xfd", '0', 0);
    memset(block + 148, ' ', 8);
    for (size_t i = 0; i < SG_TAR_BLOCK; i++)
        sum += (int8_t)block[i];
    put_octal(block + 148, 7, (uint64_t)sum);
    assert_true(sg_tar_bid(block, SG_TAR_BLOCK));
}

static void names_come_from_prefix_pax_and_gnu(void **state)
{
    struct desk *desk = *state;
    uint8_t *block;

    begin();
    block = add_header("c", '0', 1);
    memcpy(block + 345, "a/b", 3);
    seal(block);
    add_data("x", 1);
    add_pax('x', "20 path=deep/er.pkl\n");
    add_member("short", '0', "y");
    add_member("././@LongLink", 'L', "much/longer");
    add_member("cut", '0', "z");
    add_end();
    list(desk, BY_PIECES);
    assert_int_equal(listed.count, 3);
    check_member(desk, 0, "a/b/c", "x");
    check_member(desk, 1, "deep/er.pkl", "y");
    check_member(desk, 2, "much/longer", "z");
    assert_int_equal(listed.findings, 0);
}

static void sizes_in_base_256_are_read(void **state)
{
    struct desk *desk = *state;
    uint8_t *block;

    begin();
    block = add_header("big", '0', 0);
    memset(block + 124, 0, 12);
    block[124] = 0x80;
    block[135] = 5;
    seal(block);
    add_data("12345", 5);
    add_end();
    list(desk, IN_MEMORY);
    assert_int_equal(listed.count, 1);
    check_member(desk, 0, "big", "12345");
}

static void archives_in_a_row_are_listed_whole(void **state)
{
    struct desk *desk = *state;

    begin();
    add_member("first", '0', "1");
    add_end();
    add_member("second", '0', "2");
    add_end();
    list(desk, BY_PIECES);
    assert_int_equal(listed.count, 2);
    check_member(desk, 1, "second", "2");
    assert_int_equal(listed.findings, SG_TAR_AFTER_END);
}

static void members_behind_damage_are_found(void **state)
{
    struct desk *desk = *state;

    begin();
    add_member("first", '0', "1");
    add_data("what is this", 12);
    add_member("second", '0', "2");
    add_end();
    list(desk, DECODED);
    assert_int_equal(listed.count, 2);
    assert_int_equal(listed.findings, SG_TAR_DAMAGED | SG_TAR_AFTER_END);
}

static void sparse_members_are_told(void **state)
{
    struct desk *desk = *state;
    uint8_t *block, map[SG_TAR_BLOCK] = {0};

    begin();
    block = add_header("old gnu", 'S', 3);
    block[482] = 1;
    seal(block);
    map[504] = 1;
    add_data(map, sizeof(map));
    map[504] = 0;
    add_data(map, sizeof(map));
    add_data("abc", 3);
    add_pax('x', "22 GNU.sparse.major=1\n");
    add_member("pax", '0', "def");
    add_end();
    list(desk, BY_PIECES);
    assert_int_equal(listed.count, 2);
    check_member(desk, 0, "old gnu", "abc");
    check_member(desk, 1, "pax", "def");
    assert_int_equal(listed.findings, SG_TAR_SPARSE);
}

static void what_is_cut_off_is_told(void **state)
{
    struct desk *desk = *state;

    begin();
    add_member("whole", '0', "1");
    add_header("cut", '0', 5000);
    add_data("some", 4);
    for (enum manner manner = 0; manner < MANNERS; manner++) {
        list(desk, manner);
        assert_int_equal(listed.count, 2);
        assert_int_equal(listed.findings, SG_TAR_CUT_OFF);
    }
    begin();
    add_member("whole", '0', "1");
    list(desk, BY_PIECES);
    assert_int_equal(listed.findings, SG_TAR_NO_END);
}

static void sizes_beyond_all_bounds_end_the_walk(void **state)
{
    struct desk *desk = *state;
    static const uint8_t starts[] = {0x80, 0xbf, 0xff, 0xc0};

    for (size_t i = 0; i < COUNT(starts); i++) {
        begin();
        uint8_t *block = add_header("huge", '0', 0);
        memset(block + 124, 0xff, 12);
        block[124] = starts[i];
        seal(block);
        add_data("x", 1);
        add_end();
        list(desk, BY_PIECES);
        assert_true(listed.count >= 1);
        assert_true(listed.findings & SG_TAR_CUT_OFF);
    }
}

static void pax_records_may_lie(void **state)
{
    static const char *const records[] = {
        "",
        "size=1\n",
        "0 size=1\n",
        "9 =1\n",
        "99999999999999999999 size=1\n",
        "11 size=1\n", /* one too long */
        "4 size=9\n",
        "12 size=-5\n",
        "12 size=1e\n",
        "30 size",
        "18446744073709551615 size=99999999999999999999999\n",
    };
    struct desk *desk = *state;

    for (size_t i = 0; i < COUNT(records); i++) {
        begin();
        add_pax('g', records[i]);
        add_pax('x', records[i]);
        add_member("member", '0', "data");
        add_end();
        for (enum manner manner = 0; manner < MANNERS; manner++) {
            list(desk, manner);
            assert_true(listed.count >= 1);
            assert_string_equal(listed.list[0].name, "member");
        }
    }
}

static void make_sample(void)
{
    begin();
    add_pax('g', "13 comment=x\n");
    add_member("././@LongLink", 'L', "a long name");
    add_member("a", '0', "one");
    add_pax('x', "12 size=600\n14 path=b.pkl\n");
    add_header("b", '0', 3);
    add_filler(600);
    uint8_t *block = add_header("s", 'S', 3);
    block[482] = 1;
    seal(block);
    add_data("", 0);
    add_filler(512);
    add_data("abc", 3);
    add_end();
    add_member("behind", '0', "end");
    add_end();
}

static void every_truncation_is_read(void **state)
{
    struct desk *desk = *state;
    size_t whole;

    make_sample();
    whole = made.len;
    for (made.len = 0; made.len < whole; made.len++)
        for (enum manner manner = 0; manner < MANNERS; manner++) {
            desk_lay(desk, made.bytes, made.len, manner);
            enum sg_status status = list_stream(desk, true);
            assert_int_equal(status, made.len < SG_TAR_BLOCK ? SG_ERR_FORMAT : SG_END);
        }
}

static void no_damage_does_harm(void **state)
{
    struct desk *desk = *state;

    make_sample();
    for (size_t at = 0; at < made.len; at++) {
        uint8_t before = made.bytes[at];
        made.bytes[at] = (uint8_t)(before + 1 + at % 255);
        for (size_t block = 0; block < made.len; block += SG_TAR_BLOCK)
            if (at - block < SG_TAR_BLOCK && at % 3)
                seal(made.bytes + block);
        desk_lay(desk, made.bytes, made.len, BY_PIECES);
        enum sg_status status = list_stream(desk, at % 2);
        assert_true(status == SG_END || status == SG_ERR_FORMAT);
        made.bytes[at] = before;
        if (at % 3)
            make_sample();
    }
}

static void every_finding_has_words(void **state)
{
    (void)state;
    for (uint32_t bit = 1; bit <= SG_TAR_LIMIT; bit <<= 1)
        assert_string_not_equal(sg_tar_finding_text((enum sg_tar_finding)bit), "unknown finding");
    assert_string_equal(sg_tar_finding_text((enum sg_tar_finding)0), "unknown finding");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_listed_in_every_manner),
        cmocka_unit_test(a_bid_needs_the_checksum_only),
        cmocka_unit_test(a_checksum_of_signed_bytes_counts),
        cmocka_unit_test(names_come_from_prefix_pax_and_gnu),
        cmocka_unit_test(sizes_in_base_256_are_read),
        cmocka_unit_test(archives_in_a_row_are_listed_whole),
        cmocka_unit_test(members_behind_damage_are_found),
        cmocka_unit_test(sparse_members_are_told),
        cmocka_unit_test(what_is_cut_off_is_told),
        cmocka_unit_test(sizes_beyond_all_bounds_end_the_walk),
        cmocka_unit_test(pax_records_may_lie),
        cmocka_unit_test(every_truncation_is_read),
        cmocka_unit_test(no_damage_does_harm),
        cmocka_unit_test(every_finding_has_words),
    };

    return cmocka_run_group_tests(tests, desk_setup, desk_teardown);
}
