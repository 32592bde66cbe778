/* test_zip_lies.c - headers and end records of a zip that contradict one another. */
#include "test_zip_maker.h"

static void another_method_is_another_reading(void **state)
{
    struct bench *b = *state;
    struct said said = say(b->m, "a", "evil"), local = said;

    local.method = 12;
    add_apart(b->m, &local, &said, "evil");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, SG_ZIP_METHOD);
    assert_int_equal(b->zip.count, 2);
    assert_true(holds(b, find(b, "a", 0), "evil"));
    assert_int_equal(find(b, "a", 1)->method, 12);
}

static void other_sizes_are_another_reading(void **state)
{
    struct bench *b = *state;
    struct said said = say(b->m, "a", "evil"), local = said;

    said.packed = said.size = 2;
    add_apart(b->m, &local, &said, "evil");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_finding(b->zip, SG_ZIP_SIZE);
    assert_true(holds(b, find(b, "a", 0), "ev"));
    assert_true(holds(b, find(b, "a", 1), "evil"));
}

/* miniz reads `size` bytes of a stored member, zipfile no more than `packed_size`. */
static void a_stored_member_of_two_sizes_is_read_by_both(void **state)
{
    struct bench *b = *state;
    struct said said = say(b->m, "a", "evil");

    said.packed = 2;
    add_apart(b->m, &said, &said, "evil");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_finding(b->zip, SG_ZIP_SIZE);
    assert_true(holds(b, find(b, "a", 0), "ev"));
    assert_true(holds(b, find(b, "a", 1), "evil"));
}

static void an_encrypted_member_is_longer_than_its_size(void **state)
{
    struct bench *b = *state;
    struct said said = say(b->m, "a", "0123456789abevil");

    said.flags = 0x1;
    said.size = 4;
    add_apart(b->m, &said, &said, "0123456789abevil");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, SG_ZIP_ENCRYPTED);
    assert_true(holds(b, find(b, "a", 0), "0123456789abevil"));
    assert_true(holds(b, find(b, "a", 1), "0123"));
}

static void entries_past_the_count_are_listed(void **state)
{
    struct bench *b = *state;

    add_stored(b->m, "a", "1");
    add_stored(b->m, "b", "2");
    b->m->count = 1;
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, SG_ZIP_COUNT | SG_ZIP_ONLY_SOME);
    assert_int_equal(find(b, "a", 0)->findings, 0);
    assert_int_equal(find(b, "b", 0)->findings, SG_ZIP_ONLY_SOME);
    assert_int_equal(find(b, "b", 0)->seen_by & SG_ZIP_BY_MINIZ, 0);
}

/* zipfile takes what its size leaves of the last entry's name. */
static void a_name_cut_by_the_directorys_size_is_listed_as_cut(void **state)
{
    struct bench *b = *state;

    add_stored(b->m, "a/data.pkl.txt", "evil");
    size_t start = add_directory(b->m);
    b->m->directory_len -= 4;
    add_end(b->m, start + 4, "");
    /* The directory that ends at the end record begins 4 bytes late; have it begin
     * where it does. */
    put32(b->m->bytes + b->m->len - 6, start);
    memmove(b->m->bytes + b->m->len - 26, b->m->bytes + b->m->len - 22, 22);
    b->m->len -= 4;
    assert_int_equal(open_made(b), SG_OK);
    assert_finding(b->zip, SG_ZIP_DIRECTORY);
    assert_true(holds(b, find(b, "a/data.pkl", 0), "evil"));
    assert_int_equal(find(b, "a/data.pkl", 0)->seen_by & SG_ZIP_BY_ZIPFILE, SG_ZIP_BY_ZIPFILE);
}

static void a_nul_in_a_name_is_found(void **state)
{
    struct bench *b = *state;
    struct said said = say(b->m, "a/data.pkl\0.txt", "evil");

    said.name_len = 15;
    add_apart(b->m, &said, &said, "evil");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, SG_ZIP_NAME_NUL);
    assert_int_equal(b->zip.members[0].name.len, 15);
}

static void a_name_in_an_extra_field_is_listed(void **state)
{
    struct bench *b = *state;
    struct said said = say(b->m, "a/x", "evil");
    uint8_t extra[32];
    uint8_t *at = put16(put16(extra, 0x7075), 5 + 10);

    *at++ = 1;
    at = put32(at, crc32(0, (const Bytef *)"a/x", 3));
    at = mempcpy(at, "a/data.pkl", 10);
    said.extra = extra;
    said.extra_len = (uint16_t)(at - extra);
    add_apart(b->m, &said, &said, "evil");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, SG_ZIP_NAME_EXTRA);
    assert_true(holds(b, find(b, "a/data.pkl", 0), "evil"));
    assert_true(find(b, "a/data.pkl", 0)->variant);

    /* Of another version it is no name. */
    b->m->bytes[b->m->len - SG_ZIP_END_SIZE - 15] = 2;
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, 0);
}

static void broken_extra_fields_are_found(void **state)
{
    struct bench *b = *state;
    struct said said = say(b->m, "a", "evil");

    said.extra = "\1\0\x20\0";
    said.extra_len = 4;
    add_apart(b->m, &said, &said, "evil");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, SG_ZIP_EXTRA);
    assert_true(holds(b, &b->zip.members[0], "evil"));
}

/* zipfile goes on to a second zip64 field where the first one gave the placeholder again. */
static void a_second_zip64_field_is_another_reading(void **state)
{
    struct bench *b = *state;
    struct said said = say(b->m, "a", "evil"), central = said;
    uint8_t extra[40];

    put64(put64(put16(put16(extra, 1), 16), 0xffffffff), 4);
    put64(put16(put16(extra + 20, 1), 8), 4);
    central.packed = central.size = 0xffffffff;
    central.extra = extra;
    central.extra_len = 32;
    add_apart(b->m, &said, &central, "evil");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_finding(b->zip, SG_ZIP_EXTRA | SG_ZIP_SIZE);
    bool found = false;
    for (size_t i = 0; i < b->zip.count; i++)
        found |= b->zip.members[i].packed_size == 4 && b->zip.members[i].size == 4 &&
                 b->zip.members[i].seen_by & SG_ZIP_BY_ZIPFILE;
    assert_true(found);
}

static void numbers_of_disks_are_said(void **state)
{
    struct bench *b = *state;

    add_stored(b->m, "a", "1");
    finish(b->m);
    b->m->bytes[b->m->len - 18] = 1;
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, SG_ZIP_DISKS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(another_method_is_another_reading),
        T(other_sizes_are_another_reading),
        T(a_stored_member_of_two_sizes_is_read_by_both),
        T(an_encrypted_member_is_longer_than_its_size),
        T(entries_past_the_count_are_listed),
        T(a_name_cut_by_the_directorys_size_is_listed_as_cut),
        T(a_nul_in_a_name_is_found),
        T(a_name_in_an_extra_field_is_listed),
        T(broken_extra_fields_are_found),
        T(a_second_zip64_field_is_another_reading),
        T(numbers_of_disks_are_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
