/* test_tar_fields.c - tars whose fields say odd things, and tars that are too much. */
#include "tar_maker.h"

#define HEADERS ((size_t)9000)

/* A header whose bytes, read as signed ones, come to `sum`: at most 256, which none come to. */
static uint8_t *add_negative_header(char type, unsigned sum)
{
    uint8_t *block = made.bytes + made.len;

    memset(block, 0, SG_TAR_BLOCK);
    block[156] = (uint8_t)type;
    /* 0x80 counts for -128. */
    memset(block, 0x80, (256 + (uint8_t)type - sum + 127) / 128);
    int have = 256 + (uint8_t)type - 128 * (int)((256 + (uint8_t)type - sum + 127) / 128);
    block[50] = (uint8_t)((int)sum - have);
    made.len += SG_TAR_BLOCK;
    return block;
}

/* tarfile takes a blank field for 0, and the sum of signed bytes may be that. */
static void a_blank_checksum_may_fit(void **state)
{
    struct desk *desk = *state;
    uint8_t *block;

    begin();
    block = add_negative_header('0', 0);
    add_end();
    assert_true(sg_tar_bid(block, SG_TAR_BLOCK));
    list(desk, IN_MEMORY);
    assert_int_equal(listed.findings, 0);
    /* Others read on behind the NUL; tarfile does not. */
    memcpy(block + 148, "\0007777777", 8);
    assert_true(sg_tar_bid(block, SG_TAR_BLOCK));
    /* A number that is none makes tarfile refuse the header, as does one byte more. */
    memset(block + 148, 0, 8);
    block[100] = 'x';
    block[51] = (uint8_t) - 'x';
    assert_false(sg_tar_bid(block, SG_TAR_BLOCK));
    block[100] = block[51] = 0;
    assert_true(sg_tar_bid(block, SG_TAR_BLOCK));
    block[60] = 1;
    assert_false(sg_tar_bid(block, SG_TAR_BLOCK));
}

static void a_checksum_of_signed_bytes_may_be_followed_by_anything(void **state)
{
    uint8_t *block;

    (void)state;
    begin();
    block = add_negative_header('0', 1);
    memcpy(block + 148, "0000001x", 8);
    assert_true(sg_tar_bid(block, SG_TAR_BLOCK));
    memcpy(block + 148, "0000002x", 8);
    assert_false(sg_tar_bid(block, SG_TAR_BLOCK));
    memcpy(block + 148, "7777777x", 8);
    assert_false(sg_tar_bid(block, SG_TAR_BLOCK));
    memcpy(block + 148, "7777777 ", 8);
    assert_false(sg_tar_bid(block, SG_TAR_BLOCK));
}

/* As int(text, 8) of Python. */
static void octal_numbers_may_say_so(void **state)
{
    static const struct {
        const char *text;
        uint64_t tarfiles, others;
    } rows[] = {{"0o17", 15, 0}, {"0O17", 15, 0}, {"0o_17", 15, 0}, {" +017 ", 15, 0},
                {"1_7", 15, 1},  {"0o", 0, 0},    {"17_", 15, 15},  {"1__7", 1, 1},
                {"00o17", 0, 0}, {"0x17", 0, 0},  {"0o17_", 15, 0}};
    struct desk *desk = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        begin();
        uint8_t *block = add_header("odd", '0', 0);
        memset(block + 124, 0, 12);
        memcpy(block + 124, rows[i].text, strlen(rows[i].text));
        seal(block);
        add_filler(512);
        add_end();
        list(desk, IN_MEMORY);
        uint64_t first = listed.count ? listed.list[0].member.size : 0;
        bool strict = i < 5;
        assert_int_equal(first, strict ? rows[i].tarfiles : rows[i].others);
        if (strict && rows[i].others)
            assert_int_equal(listed.list[1].member.size, rows[i].others);
    }
}

/* tarfile before 3.12.12 goes back by as much, to a header inside of what went by. */
static void a_negative_size_is_told(void **state)
{
    static const char types[] = {'0', 'x'};

    for (size_t i = 0; i < COUNT(types); i++) {
        begin();
        add_member("first", '0', "1");
        uint8_t *block = add_header("back", types[i], 0);
        memcpy(block + 124, " -00000001000", 12);
        seal(block);
        add_end();
        list(*state, IN_MEMORY);
        assert_int_equal(listed.findings & SG_TAR_LIMIT, SG_TAR_LIMIT);
    }
}

static void a_size_that_its_field_could_not_hold_is_one_size(void **state)
{
    struct desk *desk = *state;

    begin();
    add_pax('x', "19 size=9000000000\n");
    add_header("large", '0', 0);
    add_filler(1024);
    list(desk, IN_MEMORY);
    assert_int_equal(listed.count, 1);
    assert_int_equal(listed.list[0].member.size, 9000000000);
    assert_int_equal(listed.findings, SG_TAR_CUT_OFF);
    /* … unless the field says something, too. */
    begin();
    add_pax('x', "19 size=9000000000\n");
    add_header("large", '0', 4);
    add_data("data", 4);
    add_end();
    list(desk, IN_MEMORY);
    assert_int_equal(listed.count, 2);
    assert_true(listed.findings & SG_TAR_SIZES_DIFFER);
}

static void more_sizes_than_are_kept_are_told(void **state)
{
    struct desk *desk = *state;

    begin();
    add_pax('g', "12 size=2_0\n");
    add_pax('x', "12 size=1_0\n");
    uint8_t *block = add_header("link", '1', 0);
    memcpy(block + 124, "4_1\0\0\0\0\0\0\0\0", 12);
    seal(block);
    add_filler(1024);
    add_end();
    list(desk, IN_MEMORY);
    assert_true(listed.findings & SG_TAR_LIMIT);
}

static void sparse_holds_for_all_that_follow_a_global_header(void **state)
{
    struct desk *desk = *state;

    begin();
    add_pax('g', "22 GNU.sparse.major=1\n");
    add_pax('x', "27 GNU.sparse.name=its own\n");
    add_member("a", '0', "abc");
    add_member("b", '0', "def");
    add_end();
    list(desk, IN_MEMORY);
    assert_int_equal(listed.count, 2);
    check_member(desk, 0, "its own", "abc");
    check_member(desk, 1, "b", "def");
    assert_true(listed.list[1].member.findings & SG_TAR_SPARSE);
}

static void names_longer_than_are_kept_are_cut(void **state)
{
    struct desk *desk = *state;
    char record[700] = "607 path=";

    begin();
    memset(record + 9, 'n', 597);
    record[606] = '\n';
    add_pax('x', record);
    add_member("member", '0', "data");
    add_end();
    list(desk, IN_MEMORY);
    assert_int_equal(strspn(listed.list[0].name, "n"), SG_TAR_NAME_MAX);
}

static void a_record_without_a_value_ends_the_header(void **state)
{
    struct desk *desk = *state;

    begin();
    add_pax('x', "5 ab\n7 abcd\n");
    add_member("member", '0', "data");
    add_end();
    list(desk, IN_MEMORY);
    check_member(desk, 0, "member", "data");
    begin();
    add_pax('x', "6 a=b\n14 path=other\n");
    add_member("member", '0', "data");
    add_end();
    list(desk, IN_MEMORY);
    check_member(desk, 0, "other", "data");
}

static void a_sparse_map_that_is_cut_off_is_told(void **state)
{
    struct desk *desk = *state;

    for (enum manner manner = 0; manner < MANNERS; manner++) {
        begin();
        uint8_t *block = add_header("old gnu", 'S', 3);
        block[482] = 1;
        seal(block);
        list(desk, manner);
        assert_true(listed.findings & (SG_TAR_CUT_OFF | SG_TAR_NO_END));
        assert_true(listed.findings & SG_TAR_SPARSE);
    }
}

/* Who has read of a member cannot be given its other size where nothing is read again. */
static void another_size_of_what_has_gone_by_is_told(void **state)
{
    struct desk *desk = *state;
    struct sg_tar_member member;
    struct sg_tar tar;

    for (int reads = 0; reads < 2; reads++) {
        begin();
        add_pax('x', "13 size=1024\n");
        add_header("twice", '0', 700);
        add_filler(1024);
        add_end();
        desk_lay(desk, made.bytes, made.len, DECODED);
        assert_int_equal(sg_tar_open(&tar, &desk->stream, false, &desk->arena), SG_OK);
        assert_int_equal(sg_tar_next(&tar, &member), SG_OK);
        assert_int_equal(member.size, 1024);
        if (reads)
            assert_true(sg_stream_skip(&desk->stream, 1024));
        assert_int_equal(sg_tar_next(&tar, &member), SG_OK);
        assert_int_equal(member.size, 700);
        assert_int_equal((tar.findings & SG_TAR_LIMIT) != 0, reads);
        assert_int_equal(sg_tar_next(&tar, &member), SG_END);
    }
}

/* `first` blocks of `made` as they are, then the same over and over. */
struct endless {
    size_t first;
    uint64_t size;
};

static enum sg_status read_endless(void *ctx, uint64_t offset, void *into, size_t len, size_t *got)
{
    const struct endless *endless = ctx;
    uint64_t head = endless->first * SG_TAR_BLOCK;

    *got = offset < endless->size ? (size_t)(endless->size - offset) : 0;
    *got = *got < len ? *got : len;
    for (size_t i = 0, step; i < *got; i += step) {
        uint64_t at = offset + i;
        if (at >= head)
            at = head + (at - head) % (made.len - head);
        step = made.len - (size_t)at < *got - i ? made.len - (size_t)at : *got - i;
        memcpy((uint8_t *)into + i, made.bytes + at, step);
    }
    return SG_OK;
}

static uint32_t walk_endless(struct desk *desk, size_t first, uint64_t size, size_t *count)
{
    struct endless endless = {first, size};
    struct sg_source source = {.read = read_endless, .ctx = &endless, .size = size};
    struct sg_tar_member member;
    struct sg_tar tar;

    desk->arena.used = 0;
    sg_stream_open(&desk->stream, &source, desk->window, sizeof(desk->window));
    assert_int_equal(sg_tar_open(&tar, &desk->stream, true, &desk->arena), SG_OK);
    for (*count = 0; sg_tar_next(&tar, &member) == SG_OK;)
        ++*count;
    return tar.findings;
}

static void more_headers_than_can_be_compared_are_told(void **state)
{
    struct desk *desk = *state;
    size_t count;

    begin();
    add_pax('x', "13 size=1024\n");
    add_header("outer", '0', 512);
    add_filler(1024);
    add_header("again", '5', 0);
    uint64_t head = made.len - SG_TAR_BLOCK;
    uint32_t findings = walk_endless(desk, head / SG_TAR_BLOCK, head + 8000 * SG_TAR_BLOCK, &count);
    assert_false(findings & SG_TAR_LIMIT);
    findings = walk_endless(desk, head / SG_TAR_BLOCK, head + HEADERS * SG_TAR_BLOCK, &count);
    assert_true(findings & SG_TAR_LIMIT);
}

static void zeros_are_looked_through_up_to_a_limit(void **state)
{
    struct desk *desk = *state;
    size_t count;

    for (int ways = 0; ways < 2; ways++) {
        begin();
        if (ways) /* another reader goes on inside the member */
            add_pax('x', "13 size=1024\n");
        add_member("first", '0', "1");
        add_end();
        uint64_t size = SG_TAR_SEARCH_MAX + 64 * SG_TAR_BLOCK;
        uint32_t findings = walk_endless(desk, made.len / SG_TAR_BLOCK - 1, size, &count);
        assert_true(findings & SG_TAR_LIMIT);
        assert_int_equal(count, 1 + (unsigned)ways);
        findings = walk_endless(desk, made.len / SG_TAR_BLOCK - 1, size / 16, &count);
        assert_false(findings & SG_TAR_LIMIT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blank_checksum_may_fit),
        cmocka_unit_test(a_checksum_of_signed_bytes_may_be_followed_by_anything),
        cmocka_unit_test(octal_numbers_may_say_so),
        cmocka_unit_test(a_negative_size_is_told),
        cmocka_unit_test(a_size_that_its_field_could_not_hold_is_one_size),
        cmocka_unit_test(more_sizes_than_are_kept_are_told),
        cmocka_unit_test(sparse_holds_for_all_that_follow_a_global_header),
        cmocka_unit_test(names_longer_than_are_kept_are_cut),
        cmocka_unit_test(a_record_without_a_value_ends_the_header),
        cmocka_unit_test(a_sparse_map_that_is_cut_off_is_told),
        cmocka_unit_test(another_size_of_what_has_gone_by_is_told),
        cmocka_unit_test(more_headers_than_can_be_compared_are_told),
        cmocka_unit_test(zeros_are_looked_through_up_to_a_limit),
    };

    return cmocka_run_group_tests(tests, desk_setup, desk_teardown);
}
