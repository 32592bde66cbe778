/* test_zip_limits.c - damage, floods and failing reads end a zip's listing in a stated way. */
#include "test_zip_maker.h"

/* Everything that a listing offers is within what was given. */
static void read_all(struct bench *b)
{
    for (size_t i = 0; i < b->zip.count; i++) {
        struct sg_stream s;
        size_t used = b->arena.used;
        if (!sg_zip_content(&b->zip, &b->zip.members[i], &b->arena, &s))
            sg_stream_skip(&s, UINT64_MAX);
        b->arena.used = used;
    }
}

static void make_sample(struct maker *m)
{
    struct said said = say(m, "a/version", "3\n"), local = said;
    uint8_t descriptor[16];

    add_stored(m, "a/data.pkl", "pickle");
    add_deflated(m, "a/code.py", "def f():\n    return 1\n\n\ndef g():\n    return 1\n");
    said.offset = (uint32_t)m->len;
    local.flags = said.flags = SG_ZIP_FLAG_DESCRIPTOR;
    local.crc = local.packed = local.size = 0;
    add_local(m, &local);
    add_bytes(m, "3\n", 2);
    put32(put32(put32(put32(descriptor, SG_ZIP_SIG_DESCRIPTOR), said.crc), 2), 2);
    add_bytes(m, descriptor, sizeof(descriptor));
    add_central(m, &said);
    size_t start = add_directory(m);
    add_end(m, start, "a comment");
}

static void every_truncation_is_survived(void **state)
{
    struct bench *b = *state;

    make_sample(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, 0);
    size_t whole = b->m->len;
    for (size_t len = 0; len < whole; len++) {
        b->m->len = len;
        enum sg_status status = open_made(b);
        assert_int_equal(status, len < 4 ? SG_ERR_FORMAT : SG_OK);
        if (!status) {
            assert_int_not_equal(b->zip.findings, 0);
            read_all(b);
        }
    }
}

static void every_flipped_byte_is_survived(void **state)
{
    struct bench *b = *state;

    make_sample(b->m);
    for (size_t i = 0; i < b->m->len; i++) {
        uint8_t before = b->m->bytes[i];
        for (unsigned to = 0; to < 3; to++) {
            b->m->bytes[i] = to == 0 ? 0 : to == 1 ? 0xff : before ^ 1;
            if (open_made(b) == SG_OK)
                read_all(b);
        }
        b->m->bytes[i] = before;
    }
}

static void a_failing_read_is_an_error_and_nothing_else(void **state)
{
    struct bench *b = *state;
    struct sg_zip untouched;
    unsigned failed = 0;

    make_sample(b->m);
    struct sg_source file = read_source(b);
    memset(&untouched, 0x55, sizeof(untouched));
    for (b->fail_after = 1;; b->fail_after++) {
        b->zip = untouched;
        b->reads = 0;
        b->arena.used = 64;
        enum sg_status status = sg_zip_open(&file, &b->arena, &b->zip);
        if (b->reads <= b->fail_after) {
            assert_int_equal(status, SG_OK);
            break;
        }
        assert_int_equal(status, SG_ERR_IO);
        assert_memory_equal(&b->zip, &untouched, sizeof(untouched));
        assert_int_equal(b->arena.used, 64);
        failed++;
    }
    assert_true(failed >= 3);
}

static void a_small_arena_is_an_error_and_nothing_else(void **state)
{
    struct bench *b = *state;
    struct sg_zip zip;

    make_sample(b->m);
    struct sg_source file = read_source(b);
    for (size_t size = 0; size < 4096; size += 16) {
        struct sg_arena small = {.base = b->arena.base, .size = size};
        assert_int_equal(sg_zip_open(&file, &small, &zip), SG_ERR_MEMORY);
        assert_int_equal(small.used, 0);
    }
}

static void more_members_than_memory_are_listed_in_part(void **state)
{
    struct bench *b = *state;
    struct sg_arena small = {.base = b->arena.base, .size = 128u << 10};

    for (unsigned i = 0; i < 2000; i++) {
        char name[16];
        snprintf(name, sizeof(name), "member%u", i);
        add_stored(b->m, name, "x");
    }
    finish(b->m);
    struct sg_source memory = sg_source_mem(b->m->bytes, b->m->len);
    assert_int_equal(sg_zip_open(&memory, &small, &b->zip), SG_ERR_LIMIT);
    assert_finding(b->zip, SG_ZIP_LIMIT);
    assert_true(b->zip.count > 400 && b->zip.count < 2000);
    assert_true(small.used <= small.size / 2);
    assert_true(holds(b, &b->zip.members[0], "x"));
    assert_true(holds(b, &b->zip.members[b->zip.count - 1], "x"));
    /* With room for them they are all listed. */
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.count, 2000);
    assert_int_equal(b->zip.findings, 0);
    for (size_t i = 0; i < b->zip.count; i++)
        assert_true(b->zip.members[i].name.at < (char *)b->arena.base + b->arena.used);
}

static void a_count_that_lies_takes_no_more_than_half_of_the_memory(void **state)
{
    struct bench *b = *state;

    add_stored(b->m, "a", "1");
    b->m->count = 0xffff;
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_finding(b->zip, SG_ZIP_COUNT);
    assert_int_equal(b->zip.count, 1);
    assert_true(b->arena.used < 1u << 20);
}

static void a_flood_of_end_records_is_cut_short(void **state)
{
    struct bench *b = *state;

    add_stored(b->m, "a", "1");
    size_t start = add_directory(b->m);
    for (unsigned i = 0; i < 1000; i++)
        add_end(b->m, start, "");
    assert_int_equal(open_made(b), SG_ERR_LIMIT);
    assert_finding(b->zip, SG_ZIP_LIMIT);
    assert_int_equal(b->zip.end_records, 1000);
    assert_true(holds(b, find(b, "a", 0), "1"));
}

/* Each of them goes past the end of its own memory by as much as a length can say. */
static void lengths_past_the_end_are_survived(void **state)
{
    struct bench *b = *state;

    for (unsigned field = 28; field <= 32; field += 2) {
        memset(b->m, 0, sizeof(*b->m));
        add_stored(b->m, "a", "1");
        size_t start = b->m->len;
        put16(b->m->directory + field, 0xffff);
        finish(b->m);
        assert_int_equal(open_made(b), SG_OK);
        assert_finding(b->zip, SG_ZIP_DIRECTORY);
        read_all(b);
        memset(b->m->bytes + start, 0, 4);
        put16(b->m->bytes + 26, 0xffff);
        assert_int_equal(open_made(b), SG_OK);
        read_all(b);
    }
}

static void every_finding_has_words(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 30; bit++) {
        const char *text = sg_zip_finding_text((enum sg_zip_finding)(1u << bit));
        assert_string_not_equal(text, "unknown finding");
        for (unsigned other = 0; other < bit; other++)
            assert_string_not_equal(text, sg_zip_finding_text((enum sg_zip_finding)(1u << other)));
    }
    assert_string_equal(sg_zip_finding_text((enum sg_zip_finding)(1u << 30)), "unknown finding");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(every_truncation_is_survived),
        T(every_flipped_byte_is_survived),
        T(a_failing_read_is_an_error_and_nothing_else),
        T(a_small_arena_is_an_error_and_nothing_else),
        T(more_members_than_memory_are_listed_in_part),
        T(a_count_that_lies_takes_no_more_than_half_of_the_memory),
        T(a_flood_of_end_records_is_cut_short),
        T(lengths_past_the_end_are_survived),
        T(every_finding_has_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
