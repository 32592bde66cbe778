/* test_zip_odd.c - zips that no writer makes: odd names, counts, sizes, and readings made alike. */
#include "readers/zip_walk.h"
#include "test_zip_maker.h"

static void names_longer_than_a_block_of_names_are_kept(void **state)
{
    struct bench *b = *state;
    char *name = malloc(20001);

    assert_non_null(name);
    memset(name, 'n', 20000);
    name[20000] = '\0';
    add_stored(b->m, "a", "first");
    add_stored(b->m, name, "second");
    add_stored(b->m, "b", "third");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, 0);
    assert_true(holds(b, find(b, name, 0), "second"));
    assert_true(holds(b, find(b, "b", 0), "third"));
    free(name);
}

/* A member of which an extra field gives the name `other` (`len` bytes). */
static void add_with_unicode_name(struct maker *m, const char *other, size_t len)
{
    struct said said = say(m, "name", "evil");
    uint8_t extra[64];
    uint8_t *at = put16(put16(extra, 0x7075), 5 + len);

    *at++ = 1;
    at = put32(at, crc32(0, (const Bytef *)"name", 4));
    at = mempcpy(at, other, len);
    said.extra = extra;
    said.extra_len = (uint16_t)(at - extra);
    add_apart(m, &said, &said, "evil");
}

static void a_second_name_may_be_no_other_or_none(void **state)
{
    struct bench *b = *state;

    add_with_unicode_name(b->m, "name", 4);
    add_with_unicode_name(b->m, "", 0);
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.count, 2);
    assert_int_equal(b->zip.findings, SG_ZIP_DUPLICATE);
}

static void a_nul_in_a_second_name_is_found(void **state)
{
    struct bench *b = *state;

    add_with_unicode_name(b->m, "a\0b", 3);
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.count, 2);
    assert_finding(b->zip, SG_ZIP_NAME_NUL | SG_ZIP_NAME_EXTRA);
}

static void zip64_that_lacks_a_size_is_found(void **state)
{
    struct bench *b = *state;
    struct said said = say(b->m, "a", "evil"), central = said;

    central.packed = central.size = 0xffffffff;
    central.extra = "\1\0\4\0four";
    central.extra_len = 8;
    add_apart(b->m, &said, &central, "evil");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_finding(b->zip, SG_ZIP_EXTRA | SG_ZIP_SIZE);
    assert_true(holds(b, find(b, "a", 1), "evil"));
}

/* A local header that says so many bytes that their end has no number. */
static void a_local_size_beyond_all_bounds_leads_nowhere(void **state)
{
    struct bench *b = *state;
    struct said said = say(b->m, "a", "evil"), local = said;
    uint8_t extra[20];

    put64(put64(put16(put16(extra, 1), 16), UINT64_MAX), UINT64_MAX);
    local.packed = local.size = 0xffffffff;
    local.extra = extra;
    local.extra_len = sizeof(extra);
    add_apart(b->m, &local, &said, "evil");
    add_stored(b->m, "b", "good");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.count, 3);
    assert_finding(*find(b, "a", 0), SG_ZIP_SIZE);
    assert_true(holds(b, find(b, "a", 0), "evil"));
    assert_true(find(b, "a", 1)->packed_size == UINT64_MAX);
    assert_false(b->zip.findings & SG_ZIP_HIDDEN);
}

/* … of each width, with and without a signature; the room that it has tells. */
static void the_descriptor_of_an_empty_member_fits_in_its_room(void **state)
{
    static const size_t sizes[] = {12, 16, 20, 24};
    static const char *const names[] = {"a", "b", "c", "d"};
    struct bench *b = *state;

    for (size_t i = 0; i < 4; i++) {
        uint8_t descriptor[24] = {0};
        struct said said = say(b->m, names[i], "");
        said.flags = SG_ZIP_FLAG_DESCRIPTOR;
        add_apart(b->m, &said, &said, "");
        if (i & 1)
            put32(descriptor, SG_ZIP_SIG_DESCRIPTOR);
        add_bytes(b->m, descriptor, sizes[i]);
    }
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.count, 4);
    assert_int_equal(b->zip.findings, 0);
}

/* zipfile's directory ends in the fixed part of an entry: it refuses the archive, others do not. */
static void an_entry_of_which_too_little_is_left_is_no_entry_of_zipfile(void **state)
{
    struct bench *b = *state;
    char comment[60];

    memset(comment, 'c', sizeof(comment) - 1);
    comment[sizeof(comment) - 1] = '\0';
    add_stored(b->m, "a", "1");
    size_t whole = b->m->directory_len;
    add_stored(b->m, "b", "2");
    b->m->directory_len = whole + 10;
    size_t start = add_directory(b->m);
    add_end(b->m, start, comment);
    assert_int_equal(open_made(b), SG_OK);
    assert_true(b->zip.members[0].seen_by & SG_ZIP_BY_ZIPFILE);
    assert_finding(b->zip, SG_ZIP_DIRECTORY);
}

#define WRAPPED 65537u

/* Sixteen bits of a count, as writers without zip64 leave them. */
static void a_count_that_has_wrapped_is_no_disagreement(void **state)
{
    struct bench *b = *state;
    struct maker *m = b->m;
    size_t entry, start;

    add_stored(m, "a", "");
    entry = m->directory_len;
    start = m->len;
    uint8_t *bytes = malloc(start + WRAPPED * entry + SG_ZIP_END_SIZE), *at;
    assert_non_null(bytes);
    at = mempcpy(bytes, m->bytes, start);
    for (unsigned i = 0; i < WRAPPED; i++)
        at = mempcpy(at, m->directory, entry);
    m->count = (uint16_t)WRAPPED;
    m->directory_len = WRAPPED * entry;
    m->len = 0;
    add_end(m, start, "");
    at = mempcpy(at, m->bytes, m->len);
    struct sg_source source = sg_source_mem(bytes, (size_t)(at - bytes));
    struct sg_arena large = {.base = malloc(64u << 20), .size = 64u << 20};
    assert_non_null(large.base);
    assert_int_equal(sg_zip_open(&source, &large, &b->zip), SG_OK);
    assert_int_equal(b->zip.count, WRAPPED);
    assert_false(b->zip.findings & SG_ZIP_COUNT);
    assert_finding(b->zip, SG_ZIP_SHARED);
    for (size_t i = 0; i < WRAPPED; i++)
        assert_int_equal(b->zip.members[i].same, 0);
    free(large.base);
    free(bytes);
}

static void a_small_arena_is_told_wherever_it_ends(void **state)
{
    struct bench *b = *state;
    struct maker *m = b->m;
    size_t size = 4096, listed = 0;
    char name[16];

    /* Against the order of the file, and two entries for each body. */
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "m%d", i);
        struct said said = say(m, name, "x");
        add_local(m, &said);
        add_bytes(m, "x", 1);
    }
    size_t each = m->len / 100;
    for (int i = 99; i >= 0; i--) {
        snprintf(name, sizeof(name), "m%d", i / 2);
        struct said said = say(m, name, "x");
        said.offset = (uint32_t)(each * (size_t)(i / 2));
        add_central(m, &said);
    }
    add_end(m, add_directory(m), "comment");
    struct sg_source file = read_source(b);
    for (enum sg_status status = SG_ERR_MEMORY; status != SG_OK; size += 32) {
        struct sg_arena small = {.base = b->arena.base, .size = size};
        status = sg_zip_open(&file, &small, &b->zip);
        if (status == SG_ERR_LIMIT) {
            assert_true(b->zip.count >= listed && b->zip.findings & SG_ZIP_LIMIT);
            listed = b->zip.count;
        } else if (status != SG_OK) {
            assert_int_equal(status, SG_ERR_MEMORY);
            assert_int_equal(small.used, 0);
        }
    }
    assert_true(b->zip.count >= 100);
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

/* What is mixed with checksum, method and flags, which the attacker chooses: all 64 bits of it. */
static uint64_t state_of(const struct said *said)
{
    uint64_t hash = mix(said_name_len(said), 'a');

    return mix(mix(mix(hash, said->offset), said->packed), said->size);
}

static void end_directory(struct maker *m)
{
    finish(m);
    m->directory_len = 0;
    m->count = 0;
}

/* Two directories with an entry each; readings are held against one another by such a hash. */
static void readings_that_were_made_to_look_alike_are_both_listed(void **state)
{
    struct bench *b = *state;
    struct maker *m = b->m;

    for (int i = 0; i < 3; i++) {
        m->len = 0;
        struct said first = say(m, "a", "0123456789"), other = first;
        first.crc = 0;
        add_apart(m, &first, &first, "0123456789");
        end_directory(m);
        other.offset += i == 0;
        other.packed -= i == 1;
        other.size -= i == 2;
        uint64_t chosen = state_of(&first) ^ state_of(&other);
        other.crc = (uint32_t)(chosen >> 32);
        other.method = (uint16_t)(chosen >> 16);
        other.flags = (uint16_t)chosen;
        add_central(m, &other);
        end_directory(m);
        assert_int_equal(open_made(b), SG_OK);
        assert_finding(b->zip, SG_ZIP_SECOND_DIRECTORY);
        bool both[2] = {false, false};
        for (size_t k = 0; k < b->zip.count; k++) {
            both[0] |= b->zip.members[k].crc == first.crc && !b->zip.members[k].flags;
            both[1] |= b->zip.members[k].crc == other.crc;
        }
        assert_true(both[0] && both[1]);
    }
}

/* Which of them has the same bytes as one before. */
static void members_with_the_same_bytes_are_said_to_have_them(void **state)
{
    struct bench *b = *state;
    struct said said[5];

    add_stored(b->m, "first", "x");
    said[0] = say(b->m, "body", "0123456789");
    for (size_t i = 1; i < 5; i++)
        said[i] = said[0];
    add_local(b->m, &said[0]);
    add_bytes(b->m, "0123456789", 10);
    said[1].packed = said[1].size = 9;
    said[2].method = 8;
    said[3].name = "other";
    said[4].crc = 77;
    for (size_t i = 0; i < 5; i++)
        add_central(b->m, &said[i]);
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    const struct sg_zip_member *m = b->zip.members;
    for (size_t i = 0; i < b->zip.count; i++) {
        size_t first = 0;
        while (m[first].data_offset != m[i].data_offset ||
               m[first].packed_size != m[i].packed_size || m[first].method != m[i].method)
            first++;
        assert_int_equal(m[i].same, first);
    }
    assert_int_equal(m[4].same, 1);
    assert_int_equal(m[3].same, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(names_longer_than_a_block_of_names_are_kept),
        T(a_second_name_may_be_no_other_or_none),
        T(a_nul_in_a_second_name_is_found),
        T(zip64_that_lacks_a_size_is_found),
        T(a_local_size_beyond_all_bounds_leads_nowhere),
        T(the_descriptor_of_an_empty_member_fits_in_its_room),
        T(an_entry_of_which_too_little_is_left_is_no_entry_of_zipfile),
        T(a_count_that_has_wrapped_is_no_disagreement),
        T(a_small_arena_is_told_wherever_it_ends),
        T(readings_that_were_made_to_look_alike_are_both_listed),
        T(members_with_the_same_bytes_are_said_to_have_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
