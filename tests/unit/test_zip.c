/* test_zip.c - every reading of a zip is listed, and every disagreement is said. */
#include "test_zip_maker.h"

#define ALL_READERS (SG_ZIP_BY_DIRECTORY | SG_ZIP_BY_ZIPFILE | SG_ZIP_BY_MINIZ | SG_ZIP_BY_FORWARD)

static void a_plain_archive_has_no_findings(void **state)
{
    struct bench *b = *state;

    add_stored(b->m, "a/data.pkl", "pickle");
    add_deflated(b->m, "a/version", "33333333333333333333");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.count, 2);
    assert_int_equal(b->zip.findings, 0);
    assert_int_equal(b->zip.end, b->m->len);
    assert_int_equal(b->zip.end_records, 1);
    assert_true(holds(b, find(b, "a/data.pkl", 0), "pickle"));
    assert_true(holds(b, find(b, "a/version", 0), "33333333333333333333"));
    assert_int_equal(b->zip.members[0].seen_by, ALL_READERS);
    assert_int_equal(b->zip.members[1].method, 8);
    assert_int_equal(b->zip.members[1].size, 20);
}

static void an_empty_archive_has_no_members(void **state)
{
    struct bench *b = *state;

    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.count, 0);
    assert_int_equal(b->zip.findings, 0);
}

static void what_is_no_archive_is_refused(void **state)
{
    struct bench *b = *state;

    assert_int_equal(open_made(b), SG_ERR_FORMAT);
    add_bytes(b->m, "\x80\x04]\x94.", 5);
    assert_int_equal(open_made(b), SG_ERR_FORMAT);
    add_bytes(b->m, "PK\5\6 by chance, amid other bytes", 33);
    assert_int_equal(open_made(b), SG_ERR_FORMAT);
}

static void c2_both_names_are_listed(void **state)
{
    struct bench *b = *state;
    struct said said = say(b->m, "a/harmless.txt", "evil");

    add_local(b->m, &said);
    add_bytes(b->m, "evil", 4);
    said.name = "a/data.pkl";
    add_central(b->m, &said);
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, SG_ZIP_NAME);
    assert_true(holds(b, find(b, "a/data.pkl", 0), "evil"));
    assert_true(holds(b, find(b, "a/harmless.txt", 0), "evil"));
    assert_int_equal(find(b, "a/data.pkl", 0)->seen_by & SG_ZIP_BY_FORWARD, 0);
    assert_int_equal(find(b, "a/harmless.txt", 0)->seen_by, SG_ZIP_BY_FORWARD);
    assert_true(find(b, "a/harmless.txt", 0)->variant);
}

static void c3_flags_do_not_hide_the_bytes(void **state)
{
    static const struct {
        uint16_t flags;
        uint32_t finding;
    } cases[] = {{0x1, SG_ZIP_ENCRYPTED},
                 {0x40, SG_ZIP_ENCRYPTED},
                 {0x20, SG_ZIP_PATCHED},
                 {0x2000, SG_ZIP_PATCHED}};
    struct bench *b = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        memset(b->m, 0, sizeof(*b->m));
        struct said said = say(b->m, "a/data.pkl", "evil");
        add_local(b->m, &said);
        add_bytes(b->m, "evil", 4);
        said.flags = cases[i].flags;
        add_central(b->m, &said);
        finish(b->m);
        assert_int_equal(open_made(b), SG_OK);
        assert_int_equal(b->zip.findings, cases[i].finding | SG_ZIP_FLAGS);
        assert_true(holds(b, &b->zip.members[0], "evil"));
    }
}

static void c3_flags_in_the_local_header_alone_are_found(void **state)
{
    struct bench *b = *state;
    struct said said = say(b->m, "a/data.pkl", "evil");

    said.flags = 0x1;
    add_local(b->m, &said);
    add_bytes(b->m, "evil", 4);
    said.flags = 0;
    add_central(b->m, &said);
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, SG_ZIP_FLAGS);
    assert_true(holds(b, &b->zip.members[0], "evil"));
}

static void c4_a_wrong_checksum_does_not_hide_the_bytes(void **state)
{
    struct bench *b = *state;
    struct said said = say(b->m, "a/data.pkl", "evil");

    add_local(b->m, &said);
    add_bytes(b->m, "evil", 4);
    said.crc ^= 1;
    add_central(b->m, &said);
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, SG_ZIP_CRC);
    assert_true(holds(b, &b->zip.members[0], "evil"));
}

static void c5_a_corrupted_member_does_not_stop_the_walk(void **state)
{
    struct bench *b = *state;

    add_deflated(b->m, "a/broken", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    memset(b->m->bytes, 0xff, 26);
    memset(b->m->bytes + 38, 0xff, 3);
    add_stored(b->m, "a/data.pkl", "evil");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_finding(b->zip, SG_ZIP_NO_LOCAL);
    assert_false(holds(b, find(b, "a/broken", 0), "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"));
    assert_true(holds(b, find(b, "a/data.pkl", 0), "evil"));
}

/* libzip and torch's record offsets do not look at the signature. */
static void data_is_found_behind_a_damaged_local_signature(void **state)
{
    struct bench *b = *state;

    add_stored(b->m, "a/data.pkl", "evil");
    b->m->bytes[0] = 'Q';
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_finding(b->zip, SG_ZIP_NO_LOCAL);
    assert_true(holds(b, find(b, "a/data.pkl", 0), "evil"));
}

static void c6_names_that_differ_in_case_are_found(void **state)
{
    struct bench *b = *state;

    add_stored(b->m, "a/data.pkl", "good");
    add_stored(b->m, "a/version", "3\n");
    add_stored(b->m, "a/DATA.PKL", "evil");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, SG_ZIP_CASE);
    assert_int_equal(find(b, "a/data.pkl", 0)->findings, SG_ZIP_CASE);
    assert_int_equal(find(b, "a/version", 0)->findings, 0);
    assert_true(holds(b, find(b, "a/DATA.PKL", 0), "evil"));
}

static void c7_one_name_with_two_bodies_is_listed_twice(void **state)
{
    struct bench *b = *state;

    add_stored(b->m, "a/data.pkl", "good");
    add_stored(b->m, "a/data.pkl", "evil");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, SG_ZIP_DUPLICATE);
    assert_true(holds(b, find(b, "a/data.pkl", 0), "good"));
    assert_true(holds(b, find(b, "a/data.pkl", 1), "evil"));
}

/* Each archive's own directory is the one that some reader takes. */
static void c7_both_of_two_directories_are_listed(void **state)
{
    struct bench *b = *state;

    add_stored(b->m, "a/data.pkl", "good");
    finish(b->m);
    b->m->directory_len = 0;
    b->m->count = 0;
    add_stored(b->m, "a/data.pkl", "evil");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_finding(b->zip, SG_ZIP_SECOND_DIRECTORY | SG_ZIP_DUPLICATE | SG_ZIP_ONLY_SOME);
    assert_true(holds(b, find(b, "a/data.pkl", 0), "evil"));
    assert_true(holds(b, find(b, "a/data.pkl", 1), "good"));
    assert_int_equal(find(b, "a/data.pkl", 0)->seen_by, ALL_READERS);
    assert_int_equal(find(b, "a/data.pkl", 1)->seen_by, SG_ZIP_BY_DIRECTORY | SG_ZIP_BY_FORWARD);
    assert_int_equal(b->zip.end_records, 2);
}

static void one_directory_in_two_copies_is_listed_once(void **state)
{
    struct bench *b = *state;

    add_stored(b->m, "a/data.pkl", "same");
    add_stored(b->m, "b/data.pkl", "same");
    finish(b->m);
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_finding(b->zip, SG_ZIP_SECOND_DIRECTORY);
    assert_int_equal(b->zip.findings & (SG_ZIP_DUPLICATE | SG_ZIP_SHARED), 0);
    assert_int_equal(b->zip.count, 2);
    assert_true(sg_text_is(b->zip.members[0].name, "a/data.pkl"));
    assert_int_equal(b->zip.members[1].seen_by, ALL_READERS);
}

/* The same in everything but where it is. */
static void two_bodies_that_look_alike_are_listed_twice(void **state)
{
    struct bench *b = *state;

    add_stored(b->m, "a/data.pkl", "same");
    finish(b->m);
    b->m->directory_len = 0;
    b->m->count = 0;
    add_stored(b->m, "a/data.pkl", "same");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.count, 2);
    assert_int_not_equal(b->zip.members[0].data_offset, b->zip.members[1].data_offset);
}

/* One end record, whose offset leads miniz to one directory and whose size zipfile to another. */
static void c7_one_end_record_may_have_two_directories(void **state)
{
    struct bench *b = *state;

    add_stored(b->m, "a/data.pkl", "good");
    size_t first = add_directory(b->m);
    b->m->directory_len = 0;
    b->m->count = 0;
    add_stored(b->m, "a/data.pkl", "evil");
    /* zipfile adds the distance between the two directories to every offset. */
    put32(b->m->directory + 42, 0);
    size_t second = add_directory(b->m);
    size_t evil = first + b->m->directory_len;
    put32(b->m->bytes + second + 42, evil - (second - first));
    add_end(b->m, first, "");
    assert_int_equal(open_made(b), SG_OK);
    assert_finding(b->zip, SG_ZIP_SECOND_DIRECTORY | SG_ZIP_PREFIX | SG_ZIP_ONLY_SOME);
    assert_int_equal(b->zip.count, 2);
    assert_true(holds(b, &b->zip.members[0], "evil"));
    assert_int_equal(b->zip.members[0].seen_by & SG_ZIP_BY_ZIPFILE, SG_ZIP_BY_ZIPFILE);
    assert_int_equal(b->zip.members[0].seen_by & SG_ZIP_BY_MINIZ, 0);
    assert_true(holds(b, &b->zip.members[1], "good"));
    assert_int_equal(b->zip.members[1].seen_by & SG_ZIP_BY_MINIZ, SG_ZIP_BY_MINIZ);
    assert_int_equal(b->zip.members[1].seen_by & SG_ZIP_BY_ZIPFILE, 0);
}

static void c8_a_prefix_moves_every_offset(void **state)
{
    struct bench *b = *state;

    make_prefixed(b->m, "#!/bin/sh\nexit\n");
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, SG_ZIP_PREFIX);
    assert_int_equal(b->zip.prefix, 15);
    assert_true(holds(b, &b->zip.members[0], "evil"));
    assert_int_equal(b->zip.members[0].seen_by & SG_ZIP_BY_MINIZ, 0);
}

static void c8_a_prefix_that_the_offsets_count_in_is_said(void **state)
{
    struct bench *b = *state;

    add_bytes(b->m, "GIF89a", 6);
    add_stored(b->m, "a/data.pkl", "evil");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, SG_ZIP_PREFIX);
    assert_int_equal(b->zip.prefix, 6);
    assert_int_equal(b->zip.members[0].seen_by, ALL_READERS);
}

static void c8_an_end_record_in_the_comment_is_found(void **state)
{
    struct bench *b = *state;
    char comment[64] = "";

    add_stored(b->m, "a/data.pkl", "evil");
    size_t start = add_directory(b->m);
    /* Without NULs, so that it is a C string: an end record with nonsense in it. */
    memset(comment, 'x', 40);
    memcpy(comment + 10, "PK\5\6", 4);
    add_end(b->m, start, comment);
    assert_int_equal(open_made(b), SG_OK);
    assert_finding(b->zip, SG_ZIP_FAKE_END);
    assert_int_equal(b->zip.end_records, 2);
    assert_true(holds(b, find(b, "a/data.pkl", 0), "evil"));
}

static void the_comment_of_the_last_end_record_is_kept(void **state)
{
    struct bench *b = *state;

    add_stored(b->m, "a", "1");
    size_t start = add_directory(b->m);
    add_end(b->m, start, "well said");
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, 0);
    assert_true(sg_text_is(b->zip.comment, "well said"));
}

/* miniz reads backwards in 17 blocks of 4096 bytes that overlap by 3; torch 2.13 opens this one. */
static void an_end_record_is_found_as_far_back_as_miniz_does(void **state)
{
    struct bench *b = *state;
    static const char zeros[69584 - 22];

    add_bytes(b->m, zeros, 4096);
    add_stored(b->m, "a/data.pkl", "evil");
    finish(b->m);
    add_bytes(b->m, zeros, sizeof(zeros));
    assert_int_equal(open_made(b), SG_OK);
    assert_finding(b->zip, SG_ZIP_TRAILING);
    assert_int_equal(b->zip.members[0].seen_by & SG_ZIP_BY_MINIZ, SG_ZIP_BY_MINIZ);
    assert_int_equal(b->zip.members[0].seen_by & SG_ZIP_BY_ZIPFILE, 0);
    assert_true(sg_zip_tail(b->m->bytes, b->m->len));
    add_bytes(b->m, "", 1);
    assert_int_equal(open_made(b), SG_ERR_FORMAT);
    assert_false(sg_zip_tail(b->m->bytes, b->m->len));
}

static void a_tail_shows_an_end_record_only_where_it_fits(void **state)
{
    const char *end = "PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    struct bench *b = *state;

    assert_true(sg_zip_tail(guard(b, end, 22), 22));
    assert_false(sg_zip_tail(guard(b, end, 21), 21));
    assert_false(sg_zip_tail(guard(b, end, 3), 3));
    assert_false(sg_zip_tail(guard(b, end, 0), 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_plain_archive_has_no_findings),
        T(an_empty_archive_has_no_members),
        T(what_is_no_archive_is_refused),
        T(c2_both_names_are_listed),
        T(c3_flags_do_not_hide_the_bytes),
        T(c3_flags_in_the_local_header_alone_are_found),
        T(c4_a_wrong_checksum_does_not_hide_the_bytes),
        T(c5_a_corrupted_member_does_not_stop_the_walk),
        T(data_is_found_behind_a_damaged_local_signature),
        T(c6_names_that_differ_in_case_are_found),
        T(c7_one_name_with_two_bodies_is_listed_twice),
        T(c7_both_of_two_directories_are_listed),
        T(one_directory_in_two_copies_is_listed_once),
        T(two_bodies_that_look_alike_are_listed_twice),
        T(c7_one_end_record_may_have_two_directories),
        T(c8_a_prefix_moves_every_offset),
        T(c8_a_prefix_that_the_offsets_count_in_is_said),
        T(c8_an_end_record_in_the_comment_is_found),
        T(the_comment_of_the_last_end_record_is_kept),
        T(an_end_record_is_found_as_far_back_as_miniz_does),
        T(a_tail_shows_an_end_record_only_where_it_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
