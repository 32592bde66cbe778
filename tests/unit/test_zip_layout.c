/* test_zip_layout.c - members of a zip where they should not be: hidden, shared, cut off. */
#include "sgscan.h"
#include "test_zip_maker.h"

static void add_with_descriptor(struct maker *m, const char *name, const char *data, bool wide)
{
    struct said said = say(m, name, data), local = said;
    uint8_t descriptor[24];
    uint8_t *at = put32(put32(descriptor, SG_ZIP_SIG_DESCRIPTOR), said.crc);

    local.flags = said.flags = SG_ZIP_FLAG_DESCRIPTOR;
    local.crc = local.packed = local.size = 0;
    add_apart(m, &local, &said, data);
    at = wide ? put64(put64(at, said.packed), said.size) : put32(put32(at, said.packed), said.size);
    add_bytes(m, descriptor, (size_t)(at - descriptor));
}

static void a_data_descriptor_is_no_disagreement(void **state)
{
    struct bench *b = *state;

    add_with_descriptor(b->m, "a", "one", false);
    add_with_descriptor(b->m, "b", "", true);
    add_with_descriptor(b->m, "c", "three", true);
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, 0);
    assert_int_equal(b->zip.count, 3);
    assert_true(holds(b, find(b, "c", 0), "three"));
}

/* As Info-ZIP writes to a pipe. */
static void a_size_without_a_packed_size_is_no_disagreement(void **state)
{
    struct bench *b = *state;

    add_with_descriptor(b->m, "a", "one", false);
    put32(b->m->bytes + 22, 3);
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, 0);
    put32(b->m->bytes + 22, 2);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, SG_ZIP_SIZE);
}

static void a_wrong_data_descriptor_is_found(void **state)
{
    struct bench *b = *state;

    add_with_descriptor(b->m, "a", "one", false);
    b->m->bytes[b->m->len - 1] ^= 1;
    add_stored(b->m, "b", "two");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, SG_ZIP_DESCRIPTOR | SG_ZIP_GAP);
    assert_int_equal(find(b, "a", 0)->findings, SG_ZIP_DESCRIPTOR);
}

static void a_local_header_that_no_directory_lists_is_listed(void **state)
{
    struct bench *b = *state;

    add_stored(b->m, "first", "1");
    struct said hidden = say(b->m, "hidden", "evil");
    add_local(b->m, &hidden);
    add_bytes(b->m, "evil", 4);
    hidden = say(b->m, "second", "EVIL");
    add_local(b->m, &hidden);
    add_bytes(b->m, "EVIL", 4);
    add_stored(b->m, "last", "2");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, SG_ZIP_HIDDEN);
    assert_int_equal(b->zip.count, 4);
    assert_true(holds(b, find(b, "hidden", 0), "evil"));
    assert_true(holds(b, find(b, "second", 0), "EVIL"));
    assert_int_equal(find(b, "hidden", 0)->seen_by, SG_ZIP_BY_FORWARD);
}

static void a_hidden_member_before_the_directory_is_listed(void **state)
{
    struct bench *b = *state;

    add_stored(b->m, "first", "1");
    struct said hidden = say(b->m, "hidden", "evil");
    add_local(b->m, &hidden);
    add_bytes(b->m, "evil", 4);
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, SG_ZIP_HIDDEN);
    assert_true(holds(b, find(b, "hidden", 0), "evil"));
}

static void hidden_members_with_descriptors_are_listed(void **state)
{
    struct bench *b = *state;
    uint8_t descriptor[16];

    add_stored(b->m, "first", "1");
    struct said hidden = say(b->m, "hidden", "evil");
    hidden.flags = SG_ZIP_FLAG_DESCRIPTOR;
    add_local(b->m, &hidden);
    add_bytes(b->m, "evil", 4);
    put32(put32(put32(put32(descriptor, SG_ZIP_SIG_DESCRIPTOR), hidden.crc), 4), 4);
    add_bytes(b->m, descriptor, sizeof(descriptor));
    hidden = say(b->m, "second", "EVIL");
    add_local(b->m, &hidden);
    add_bytes(b->m, "EVIL", 4);
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, SG_ZIP_HIDDEN);
    assert_true(holds(b, find(b, "second", 0), "EVIL"));
}

/* Who goes by the local sizes comes to a header inside of the data, then back to what is listed. */
static void what_local_sizes_lead_to_is_listed_once(void **state)
{
    struct bench *b = *state;
    struct maker *inner = maker_new();
    struct said said = say(inner, "hidden", "evil");

    add_local(inner, &said);
    add_bytes(inner, "evil", 4);
    said = (struct said){.name = "a", .packed = (uint32_t)inner->len, .size = (uint32_t)inner->len};
    struct said local = said;
    local.packed = local.size = 0;
    add_local(b->m, &local);
    add_bytes(b->m, inner->bytes, inner->len);
    add_central(b->m, &said);
    free(inner);
    add_stored(b->m, "b", "2");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, SG_ZIP_SIZE | SG_ZIP_HIDDEN);
    assert_true(holds(b, find(b, "hidden", 0), "evil"));
    assert_int_equal(b->zip.count, 4);
    assert_null(find(b, "b", 1));
}

static void bytes_between_members_are_said(void **state)
{
    struct bench *b = *state;

    add_stored(b->m, "a", "1");
    add_bytes(b->m, "????", 4);
    add_stored(b->m, "b", "2");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, SG_ZIP_GAP);
}

static void members_that_share_bytes_are_marked(void **state)
{
    struct bench *b = *state;
    struct said outer = say(b->m, "outer", "");

    outer.packed = outer.size = 31 + 5 + 4;
    add_local(b->m, &outer);
    add_central(b->m, &outer);
    add_stored(b->m, "inner", "evil");
    add_bytes(b->m, "?", 1);
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, SG_ZIP_OVERLAP);
    assert_int_equal(find(b, "outer", 0)->findings, SG_ZIP_OVERLAP);
    assert_int_equal(find(b, "inner", 0)->findings, SG_ZIP_OVERLAP);
    assert_true(holds(b, find(b, "inner", 0), "evil"));
}

static void one_body_under_two_names_is_marked(void **state)
{
    struct bench *b = *state;
    struct said said = say(b->m, "a/one", "evil");

    add_apart(b->m, &said, &said, "evil");
    said.name = "a/two";
    add_central(b->m, &said);
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_finding(b->zip, SG_ZIP_SHARED | SG_ZIP_NAME);
    assert_true(holds(b, find(b, "a/one", 0), "evil"));
    assert_true(holds(b, find(b, "a/two", 0), "evil"));
}

static void data_past_the_end_of_the_file_is_cut(void **state)
{
    struct bench *b = *state;
    struct said said = say(b->m, "a", "evil");

    said.packed = said.size = 100000;
    add_apart(b->m, &said, &said, "evil");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_finding(b->zip, SG_ZIP_CUT_OFF);
    assert_int_equal(b->zip.members[0].packed_size, 100000);
    assert_int_equal(sg_zip_packed(&b->zip, &b->zip.members[0]).size, b->m->len - 31);
}

static void an_offset_past_the_end_of_the_file_is_no_header(void **state)
{
    struct bench *b = *state;
    struct said said = say(b->m, "a", "evil"), central = said;

    central.offset = 0xfffffff0;
    add_apart(b->m, &said, &central, "evil");
    finish(b->m);
    assert_int_equal(open_made(b), SG_OK);
    assert_finding(b->zip, SG_ZIP_NO_LOCAL | SG_ZIP_HIDDEN);
    assert_true(holds(b, find(b, "a", 1), "evil"));
}

static void an_archive_without_its_end_is_read_forward(void **state)
{
    struct bench *b = *state;

    add_stored(b->m, "a", "evil");
    add_deflated(b->m, "b", "eviler");
    finish(b->m);
    b->m->len -= 30;
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, SG_ZIP_NO_END);
    assert_true(holds(b, find(b, "a", 0), "evil"));
    assert_true(holds(b, find(b, "b", 0), "eviler"));
    assert_int_equal(b->zip.members[0].seen_by, SG_ZIP_BY_FORWARD);
    b->m->len = 33;
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, SG_ZIP_NO_END | SG_ZIP_CUT_OFF);
}

/* A stored archive inside of one is a member's content, not a second directory. */
static void an_archive_inside_is_no_second_directory(void **state)
{
    struct bench *b = *state;
    struct maker *inner = maker_new();

    add_stored(inner, "inner", "x");
    finish(inner);
    add_stored(b->m, "first", "1");
    struct said said = {.name = "inner.zip",
                        .crc = (uint32_t)crc32(0, inner->bytes, (uInt)inner->len),
                        .packed = (uint32_t)inner->len,
                        .size = (uint32_t)inner->len,
                        .offset = (uint32_t)b->m->len};
    add_local(b->m, &said);
    add_bytes(b->m, inner->bytes, inner->len);
    add_central(b->m, &said);
    finish(b->m);
    free(inner);
    assert_int_equal(open_made(b), SG_OK);
    assert_int_equal(b->zip.findings, 0);
    assert_int_equal(b->zip.count, 2);
    assert_int_equal(b->zip.end_records, 2);
}

/* What runs something, behind other bytes, in an archive with a comment of that length. */
static void make_commented(struct maker *m, size_t comment_len)
{
    static char comment[MAKER_MAX];
    static const uint8_t before[20000];

    *m = (struct maker){0};
    add_bytes(m, before, sizeof(before));
    add_stored(m, "a/data.pkl", "cposix\nsystem\n(S'true'\ntR.");
    memset(comment, 'c', comment_len);
    comment[comment_len] = '\0';
    add_end(m, add_directory(m), comment);
}

/* The end was once looked for in windows of 4096 bytes; where one began inside the record it was
 * missed, and the file was none. */
static void an_archive_is_found_by_its_end_wherever_that_stands(void **state)
{
    struct bench *b = *state;
    struct sg_options options = {.limits = SG_LIMITS_DEFAULT};

    options.limits.max_memory = BENCH_ARENA;
    for (size_t len = 4060; len < 4110; len++) {
        make_commented(b->m, len);
        struct sg_source read = read_source(b), mem = sg_source_mem(b->m->bytes, b->m->len);
        struct sg_report report;
        b->arena.used = 0;
        assert_int_equal(sg_scan(&read, &options, &b->arena, &report), SG_OK);
        assert_int_equal(report.verdict, SG_MALICIOUS);
        b->arena.used = 0;
        assert_int_equal(sg_scan(&mem, &options, &b->arena, &report), SG_OK);
        assert_int_equal(report.verdict, SG_MALICIOUS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_data_descriptor_is_no_disagreement),
        T(a_size_without_a_packed_size_is_no_disagreement),
        T(a_wrong_data_descriptor_is_found),
        T(a_local_header_that_no_directory_lists_is_listed),
        T(a_hidden_member_before_the_directory_is_listed),
        T(hidden_members_with_descriptors_are_listed),
        T(what_local_sizes_lead_to_is_listed_once),
        T(bytes_between_members_are_said),
        T(members_that_share_bytes_are_marked),
        T(one_body_under_two_names_is_marked),
        T(data_past_the_end_of_the_file_is_cut),
        T(an_offset_past_the_end_of_the_file_is_no_header),
        T(an_archive_without_its_end_is_read_forward),
        T(an_archive_inside_is_no_second_directory),
        T(an_archive_is_found_by_its_end_wherever_that_stands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
